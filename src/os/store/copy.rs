//! What a journal that is kept in two places needs: the end of a run, its events as they stand, events from elsewhere.

use super::chain::{link, origin};
use super::schema::{self, Link, in_transaction};
use super::writer::is_conflict;
use super::{Store, failure};
use crate::bytecode::encode;
use crate::run::{Event, Record, RunError, RunStarted, Who};
use crate::verify::Verified;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::fmt;

/// Who goes on with a run, and since when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::os) struct Session {
    pub by: Who,
    pub since: Timestamp,
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since.strftime("%Y-%m-%d %H:%M:%S UTC");
        write!(f, "{} on {}, process {}, since {since}", self.by.user, self.by.host, self.by.pid)
    }
}

/// Events from elsewhere.
pub(in crate::os) struct Addition<'a> {
    pub run: &'a str,
    pub digest: &'a str,
    /// Kept with a run that begins.
    pub program: Option<&'a Verified>,
    /// How many events come before these.
    pub after: i64,
    pub events: &'a [String],
    /// What the last link must be.
    pub head: &'a str,
}

impl Store {
    /// How many events a run has here, and the last link; the link of its program if there are none.
    pub(in crate::os) fn end(&self, run: &str, digest: &str) -> Result<(i64, String), RunError> {
        let last = self.query(|| self.last(run))?.unwrap_or(Link { seq: 0, hash: origin(digest) });
        Ok((last.seq, last.hash.to_hex().to_string()))
    }

    /// The link of an event, in hexadecimal; of event 0, that of the program.
    pub(in crate::os) fn link(&self, run: &str, digest: &str, seq: i64) -> Result<Option<String>, RunError> {
        if seq == 0 {
            return Ok(Some(origin(digest).to_hex().to_string()));
        }
        let sql = "SELECT hash FROM events WHERE run = ? AND seq = ?";
        self.query(|| self.db.prepare_cached(sql)?.query_row(params![run, seq], |row| row.get(0)).optional())
    }

    /// Events of a run as they stand, from the one after `after` on, with the last link: at least one if there is one, and
    /// not many more bytes than `bytes`.
    pub(in crate::os) fn texts(&self, run: &str, after: i64, bytes: usize) -> Result<(Vec<String>, String), RunError> {
        let sql = "SELECT json, hash FROM events WHERE run = ? AND seq > ? ORDER BY seq";
        self.query(|| {
            let (mut texts, mut head, mut size) = (Vec::new(), String::new(), 0);
            let mut query = self.db.prepare_cached(sql)?;
            let mut rows = query.query(params![run, after])?;
            while size < bytes
                && let Some(row) = rows.next()?
            {
                let text: String = row.get(0)?;
                size += text.len();
                texts.push(text);
                head = row.get(1)?;
            }
            Ok((texts, head))
        })
    }

    /// Who goes on with a run; `None` if there is no such run.
    pub(in crate::os) fn session(&self, run: &str) -> Result<Option<Session>, RunError> {
        let sql =
            "SELECT json FROM events WHERE run = ? AND json_extract(json, '$.event') IN ('run_started', 'run_resumed')
                   ORDER BY seq DESC LIMIT 1";
        let text: Option<String> = self.query(|| self.db.query_row(sql, [run], |row| row.get(0)).optional())?;
        let record: Option<Record> = text.and_then(|text| serde_json::from_str(&text).ok());
        Ok(record.and_then(|Record { time, event }| match event {
            Event::RunStarted(RunStarted { by, .. }) | Event::RunResumed { by, .. } => {
                Some(Session { by, since: time })
            }
            _ => None,
        }))
    }

    /// Whether a run has ended, and was never executed or copied elsewhere, where somebody might still go on with it.
    pub(in crate::os) fn is_over(&self, run: &str) -> Result<bool, RunError> {
        let sql = "SELECT json_extract(l.json, '$.event') IS 'run_ended' AND NOT EXISTS (
                       SELECT 1 FROM events s
                       WHERE s.run = c.run AND json_extract(s.json, '$.event') IN ('run_started', 'run_resumed')
                       AND (coalesce(json_extract(s.json, '$.by.replica'), '') <> ''
                           OR coalesce(json_extract(s.json, '$.by.journal'), '') NOT IN ('', ?2)))
                   FROM chains c JOIN events l ON l.run = c.run AND l.seq = c.events WHERE c.run = ?1";
        let over = self.query(|| self.db.query_row(sql, [run, &self.id], |row| row.get(0)).optional())?;
        Ok(over.unwrap_or(false))
    }

    /// Adds events from elsewhere, all or none. False if they do not continue what is here.
    pub(in crate::os) fn add(&self, addition: &Addition) -> Result<bool, RunError> {
        match in_transaction(&self.db, |db| self.add_in(db, addition)) {
            Ok(()) => Ok(true),
            Err(error) if is_conflict(&error) => Ok(false),
            Err(error) => Err(failure(&self.folder, &error).refusal()),
        }
    }

    fn add_in(&self, db: &Connection, addition: &Addition) -> rusqlite::Result<()> {
        let Addition { run, digest, .. } = *addition;
        let from = match self.last(run)? {
            Some(last) => last,
            None => {
                if let Some(program) = addition.program {
                    schema::keep_program(db, digest, &encode(program), Some(program))?;
                }
                Link { seq: 0, hash: schema::begin(db, run, digest)? }
            }
        };
        let mut last = from;
        for json in addition.events {
            last = Link { seq: last.seq + 1, hash: link(&last.hash, run, last.seq + 1, json) };
            schema::insert(db, run, last, json)?;
        }
        if from.seq != addition.after || last.hash.to_hex().as_str() != addition.head {
            return Err(rusqlite::Error::StatementChangedRows(0));
        }
        schema::move_head(db, run, from, last)
    }
}
