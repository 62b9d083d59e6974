//! The store of runs: one SQLite database in a state folder.
//!
//! A commit is durable: write-ahead log, synchronised before it returns. One transaction holds all events of a turn of
//! the driver. The program is kept beside its runs, so that a run is resumed with exactly what it was started with.
//! The events of a run are a chain of digests, so that it can be told whether they were altered.

mod audit;
mod chain;
mod copy;
mod failure;
mod migrate;
mod reading;
mod releases;
mod schema;
mod writer;

#[cfg(test)]
mod tests;

pub use audit::Audit;
pub(super) use copy::Addition;
pub(super) use writer::RunJournal;

use super::state;
use crate::bytecode::Duty;
use crate::run::{Event, Open, Record, RunEnded, RunError, RunOutcome, RunStarted};
use crate::verify::{Verified, load};
use failure::failure;
use jiff::Timestamp;
use reading::Copy;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use schema::{Link, Problem, prepare};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The runs of a state folder.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    id: String,
    db: Connection,
    /// Where the database was copied to, because it cannot be opened where it is. Removed once it is closed.
    _copy: Option<Copy>,
}

/// A run as it is listed.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct RunInfo {
    /// Its id.
    pub id: String,
    /// The plan's name.
    pub plan: String,
    /// The plan's arguments as shown to people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<(String, String)>,
    /// Who started it where: `mila on ctl1`.
    pub by: String,
    /// Digest of the program, in hexadecimal.
    pub digest: String,
    /// When it was started, by the clock of that moment.
    pub started: Timestamp,
    /// When it ended; `None` while it runs, or if its executor was lost.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<RunOutcome>,
    /// The exit code it ended with.
    pub exit: Option<u8>,
    /// What was done without, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<String>,
    /// What it left open, for people to close.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<Open>,
    /// The duties that it has left, open or not.
    #[serde(skip)]
    pub holds: Vec<Duty>,
    /// The things about which it has ended the duties of earlier runs.
    #[serde(skip)]
    pub ends: Vec<String>,
    /// How many events it has.
    pub events: i64,
    /// The digest of the last event, in hexadecimal: it stands for all of them.
    pub head: String,
}

impl Store {
    /// Opens the store of a folder, and makes both if need be.
    pub fn open(folder: &Path) -> Result<Store, RunError> {
        state::make(folder)?;
        let store = Store::of(state::absolute(folder)?, OpenFlags::default(), None)?;
        let files = [FILE, LOG, INDEX].map(|name| store.folder.join(name));
        files.iter().filter(|file| state::exists(file)).try_for_each(|file| state::share(&store.folder, file))?;
        Ok(store)
    }

    /// Opens the store of a folder if there is one, to read. It may lie where nobody can write.
    pub fn existing(folder: &Path) -> Result<Option<Store>, RunError> {
        if !state::look(folder)? || !state::look(&folder.join(FILE))? && !state::look(&folder.join(LOG))? {
            return Ok(None);
        }
        let folder = state::absolute(folder)?;
        let flags = OpenFlags::default().difference(OpenFlags::SQLITE_OPEN_CREATE);
        Store::of(folder.clone(), flags, None).map(Some).or_else(|refusal| match Copy::of(&folder) {
            Some(copy) => Store::of(folder, flags, Some(copy)).map(Some).map_err(|_| refusal),
            None => Err(refusal),
        })
    }

    fn of(folder: PathBuf, flags: OpenFlags, copy: Option<Copy>) -> Result<Store, RunError> {
        let place = copy.as_ref().map_or(folder.as_path(), Copy::folder);
        reading::whole(place)?;
        let path = place.join(FILE);
        let fail = |error: rusqlite::Error| failure(&folder, &error).refusal();
        let db = Connection::open_with_flags(&path, flags).map_err(fail)?;
        db.busy_timeout(Duration::from_secs(30)).map_err(fail)?;
        prepare(&db, &path).map_err(|problem| match problem {
            Problem::Sqlite(error) => fail(error),
            Problem::Refused(error) => error,
        })?;
        let id = db.query_row("SELECT coalesce(max(id), '') FROM store", [], |row| row.get(0)).map_err(fail)?;
        Ok(Store { folder, id, db, _copy: copy })
    }

    /// The folder, absolute.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The store's name for itself.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// All runs, the latest first: in the order in which they came, whatever the clock said.
    pub fn runs(&self) -> Result<Vec<RunInfo>, RunError> {
        self.query(|| {
            let sql = "SELECT c.run, c.digest, c.events, c.head, f.json, l.json FROM chains c
                       LEFT JOIN events f ON f.run = c.run AND f.seq = 1
                       LEFT JOIN events l ON l.run = c.run AND l.seq = c.events ORDER BY c.number DESC";
            self.db.prepare(sql)?.query_map([], run_info)?.collect()
        })
    }

    /// The run with this id, or the only one whose id begins so.
    pub fn run(&self, id: &str) -> Result<RunInfo, RunError> {
        let runs = self.runs()?;
        if let Some(run) = runs.iter().find(|r| r.id == id) {
            return Ok(run.clone());
        }
        let mut fits = runs.iter().filter(|r| !id.is_empty() && r.id.starts_with(id));
        match (fits.next(), fits.next()) {
            (Some(run), None) => Ok(run.clone()),
            (Some(_), Some(_)) => Err(RunError::usage(format!("more than one run begins with `{id}`"))),
            (None, _) => Err(RunError::usage(format!("there is no run `{id}` in `{}`", self.folder.display()))
                .help("`handover runs` lists them; `--state DIR` looks elsewhere")),
        }
    }

    /// The events of a run, in order.
    pub fn events(&self, run: &str) -> Result<Vec<Record>, RunError> {
        match self.readable(run) {
            (records, None) => Ok(records),
            (_, Some(error)) => Err(error),
        }
    }

    /// The events of a run up to the first that cannot be read, and why that is so.
    pub fn readable(&self, run: &str) -> (Vec<Record>, Option<RunError>) {
        let mut records = Vec::new();
        let mut read = || -> Result<(), RunError> {
            let fail = |error| failure(&self.folder, &error).refusal();
            let mut query = self.db.prepare("SELECT json FROM events WHERE run = ? ORDER BY seq").map_err(fail)?;
            let mut rows = query.query([run]).map_err(fail)?;
            while let Some(row) = rows.next().map_err(fail)? {
                let text: String = row.get(0).map_err(fail)?;
                records.push(serde_json::from_str(&text).map_err(|error| {
                    let message = format!("event {} of run {run} cannot be read: {error}", records.len() + 1);
                    RunError::open(message).help(self.damaged())
                })?);
            }
            Ok(())
        };
        let error = read().err();
        (records, error)
    }

    /// The program with this digest, and no other that was put in its place.
    pub fn program(&self, digest: &str) -> Result<Verified, RunError> {
        let refused = |why: String| RunError::open(format!("the program {digest} {why}")).help(self.damaged());
        let sql = "SELECT bytes FROM programs WHERE digest = ?";
        let bytes: Option<Vec<u8>> = self.query(|| self.db.query_row(sql, [digest], |row| row.get(0)).optional())?;
        let bytes = bytes.ok_or_else(|| refused(String::from("is not in the journal")))?;
        let program = load(&bytes).map_err(|error| refused(format!("is refused: {error}")))?;
        match blake3::Hash::from_bytes(program.digest()).to_hex().as_str() == digest {
            true => Ok(program),
            false => Err(refused(String::from("is not what was written: another one is in its place"))),
        }
    }

    /// The journal of a run, at its end. The program is kept with a run that begins.
    pub(super) fn journal<'a>(&'a self, run: &str, program: &'a Verified) -> Result<RunJournal<'a>, RunError> {
        let last = self.query(|| self.last(run))?;
        Ok(RunJournal::at(self, run, program, last))
    }

    /// Where the chain of a run ends; `None` if there is no such run.
    fn last(&self, run: &str) -> rusqlite::Result<Option<Link>> {
        let sql = "SELECT events, head FROM chains WHERE run = ?";
        let row = self.db.query_row(sql, [run], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).optional()?;
        row.map(|(seq, hash)| match blake3::Hash::from_hex(&hash) {
            Ok(hash) => Ok(Link { seq, hash }),
            Err(error) => {
                Err(rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(error)))
            }
        })
        .transpose()
    }

    fn damaged(&self) -> String {
        format!(
            "the journal in `{}` was changed or is damaged: `handover show RUN --verify` says where",
            self.folder.display()
        )
    }

    fn query<T>(&self, ask: impl FnOnce() -> rusqlite::Result<T>) -> Result<T, RunError> {
        ask().map_err(|error| failure(&self.folder, &error).refusal())
    }
}

/// The database, and the log in which its latest changes may be.
const FILE: &str = "journal.db";
const LOG: &str = "journal.db-wal";
/// The index of the log, see SQLite's "WAL-mode File Format".
const INDEX: &str = "journal.db-shm";

/// A run by its row, its first and its last event. What cannot be read is left out: the list is of all runs.
fn run_info(row: &rusqlite::Row) -> rusqlite::Result<RunInfo> {
    let event = |index| -> rusqlite::Result<Option<Record>> {
        Ok(row.get::<_, Option<String>>(index)?.and_then(|text| serde_json::from_str(&text).ok()))
    };
    let first = event(4)?;
    let (plan, arguments, by) = match &first {
        Some(Record { event: Event::RunStarted(RunStarted { plan, arguments, by, .. }), .. }) => {
            (plan.clone(), arguments.clone(), format!("{} on {}", by.user, by.host))
        }
        _ => (String::from("?"), Vec::new(), String::from("?")),
    };
    let ended: Option<(Timestamp, RunEnded)> = event(5)?.and_then(|record| match record.event {
        Event::RunEnded(ended) => Some((record.time, ended)),
        _ => None,
    });
    Ok(RunInfo {
        id: row.get(0)?,
        plan,
        arguments,
        by,
        digest: row.get(1)?,
        started: first.map_or(Timestamp::UNIX_EPOCH, |record| record.time),
        ended: ended.as_ref().map(|(time, _)| *time),
        outcome: ended.as_ref().map(|(_, ended)| ended.outcome),
        exit: ended.as_ref().map(|(_, ended)| ended.exit_code()),
        waived: ended.as_ref().map_or_else(Vec::new, |(_, ended)| ended.waived.clone()),
        open: ended.as_ref().map_or_else(Vec::new, |(_, ended)| ended.open.clone()),
        holds: ended.as_ref().map_or_else(Vec::new, |(_, ended)| ended.holds.clone()),
        ends: ended.map_or_else(Vec::new, |(_, ended)| ended.ends),
        events: row.get(2)?,
        head: row.get(3)?,
    })
}
