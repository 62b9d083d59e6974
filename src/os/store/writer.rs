//! The journal of one run, being written.

use super::Store;
use super::chain::{link, origin};
use super::failure::failure;
use super::schema::{self, Link, in_transaction};
use crate::bytecode::encode;
use crate::os::replica::Replica;
use crate::run::{Event, Journal, JournalError, Record};
use crate::verify::Verified;
use rusqlite::Connection;
use std::sync::Arc;

/// The journal of one run.
pub(in crate::os) struct RunJournal<'a> {
    store: &'a Store,
    run: String,
    program: &'a Verified,
    /// Where the chain ends; `None` before the first event.
    last: Option<Link>,
    /// Where else it must be durable.
    copy: Option<Arc<Replica>>,
}

impl<'a> RunJournal<'a> {
    pub(super) fn at(store: &'a Store, run: &str, program: &'a Verified, last: Option<Link>) -> RunJournal<'a> {
        RunJournal { store, run: run.to_owned(), program, last, copy: None }
    }

    /// The same, with a copy elsewhere.
    pub fn copied(self, copy: Option<Arc<Replica>>) -> RunJournal<'a> {
        RunJournal { copy, ..self }
    }

    /// How many events there are, and the digest of the last.
    pub fn end(&self) -> (i64, String) {
        self.last.map_or_else(Default::default, |last| (last.seq, last.hash.to_hex().to_string()))
    }

    fn write(&self, records: &[Record]) -> rusqlite::Result<Link> {
        let (run, program, last) = (&self.run, self.program, self.last);
        in_transaction(&self.store.db, |db| {
            let from = match last {
                Some(last) => last,
                None => begin(db, run, records, program)?,
            };
            let mut last = from;
            for record in records {
                let json = serde_json::to_string(record)
                    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
                last = Link { seq: last.seq + 1, hash: link(&last.hash, run, last.seq + 1, &json) };
                schema::insert(db, run, last, &json)?;
            }
            schema::move_head(db, run, from, last)?;
            Ok(last)
        })
    }
}

impl Journal for RunJournal<'_> {
    fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        match self.write(records) {
            Ok(last) => {
                self.last = Some(last);
                if let Some(copy) = &self.copy {
                    copy.confirm(last.seq);
                }
                Ok(())
            }
            Err(error) if is_conflict(&error) => Err(JournalError {
                message: format!("another executor has written to run {}", self.run),
                help: String::from("find out which one, and end it"),
            }),
            Err(error) => Err(failure(&self.store.folder, &error)),
        }
    }

    fn taken_over(&self) -> Option<String> {
        self.copy.as_ref().and_then(|copy| copy.taken())
    }

    fn last_look(&self) -> Option<Result<String, String>> {
        self.copy.as_ref().and_then(|copy| copy.last_look())
    }
}

/// The chain does not end where this executor has left it.
pub(super) fn is_conflict(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::StatementChangedRows(_))
        || error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

fn begin(db: &Connection, run: &str, records: &[Record], program: &Verified) -> rusqlite::Result<Link> {
    let digest = records.iter().find_map(|r| match &r.event {
        Event::RunStarted(started) => Some(started.digest.as_str()),
        _ => None,
    });
    let digest = digest.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    schema::keep_program(db, digest, &encode(program), Some(program))?;
    schema::begin(db, run, digest)?;
    Ok(Link { seq: 0, hash: origin(digest) })
}
