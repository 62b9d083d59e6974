//! The store of runs: one SQLite database in a state folder.
//!
//! A commit is durable: write-ahead log, synchronised before it returns. One transaction holds all events of a turn of
//! the driver. The program is kept beside its runs, so that a run is resumed with exactly what it was started with.

use super::state;
use crate::run::{Event, Journal, JournalError, Record, RunError, RunOutcome, RunStarted};
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Version of the tables below, kept in the database's `user_version`.
const SCHEMA: i64 = 1;
/// Marks the database as ours: `HAND` in ASCII.
const APPLICATION: i64 = 0x4841_4e44;
const TABLES: &str = "
    CREATE TABLE programs (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE runs (
        id TEXT PRIMARY KEY, plan TEXT NOT NULL, digest TEXT NOT NULL, started TEXT NOT NULL,
        ended TEXT, outcome TEXT, exit INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE events (
        run TEXT NOT NULL, seq INTEGER NOT NULL, time TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (run, seq)
    ) STRICT, WITHOUT ROWID;";

/// The runs of a state folder.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    db: Connection,
}

/// A run as it is listed.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct RunInfo {
    /// Its id.
    pub id: String,
    /// The plan's name.
    pub plan: String,
    /// Digest of the program, in hexadecimal.
    pub digest: String,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended; `None` while it runs, or if its executor was lost.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<RunOutcome>,
    /// The exit code it ended with.
    pub exit: Option<u8>,
}

impl Store {
    /// Opens the store of a folder, and makes both if need be.
    pub fn open(folder: &Path) -> Result<Store, RunError> {
        state::make(folder)?;
        let folder = state::absolute(folder)?;
        let path = folder.join("journal.db");
        let fail = |error: rusqlite::Error| failure(&folder, &error).refusal();
        let db = Connection::open(&path).map_err(fail)?;
        db.busy_timeout(Duration::from_secs(30)).map_err(fail)?;
        prepare(&db, &path).map_err(|problem| match problem {
            Problem::Sqlite(error) => fail(error),
            Problem::Refused(error) => error,
        })?;
        Ok(Store { folder, db })
    }

    /// The folder, absolute.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All runs, the latest first.
    pub fn runs(&self) -> Result<Vec<RunInfo>, RunError> {
        self.query(|| {
            let sql = "SELECT id, plan, digest, started, ended, outcome, exit FROM runs ORDER BY started DESC, id DESC";
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
        let texts: Vec<String> = self.query(|| {
            let mut query = self.db.prepare("SELECT json FROM events WHERE run = ? ORDER BY seq")?;
            query.query_map([run], |row| row.get(0))?.collect()
        })?;
        let read = |(i, text): (usize, &String)| {
            serde_json::from_str(text).map_err(|error| {
                RunError::open(format!("event {} of run {run} cannot be read: {error}", i + 1))
                    .help(format!("the journal in `{}` was changed or is damaged", self.folder.display()))
            })
        };
        texts.iter().enumerate().map(read).collect()
    }

    /// The file of the program with this digest.
    pub fn program(&self, digest: &str) -> Result<Vec<u8>, RunError> {
        let sql = "SELECT bytes FROM programs WHERE digest = ?";
        let bytes = self.query(|| self.db.query_row(sql, [digest], |row| row.get(0)).optional())?;
        bytes.ok_or_else(|| {
            RunError::open(format!("the program {digest} is not in the journal"))
                .help(format!("the journal in `{}` was changed or is damaged", self.folder.display()))
        })
    }

    /// The journal of a run, at its end. `program` is kept with a run that begins.
    pub(super) fn journal<'a>(&'a self, run: &str, program: &'a [u8]) -> Result<RunJournal<'a>, RunError> {
        let sql = "SELECT coalesce(max(seq), 0) FROM events WHERE run = ?";
        let last: i64 = self.query(|| self.db.query_row(sql, [run], |row| row.get(0)))?;
        Ok(RunJournal { store: self, run: run.to_owned(), program, next: last + 1 })
    }

    fn query<T>(&self, ask: impl FnOnce() -> rusqlite::Result<T>) -> Result<T, RunError> {
        ask().map_err(|error| failure(&self.folder, &error).refusal())
    }
}

fn run_info(row: &rusqlite::Row) -> rusqlite::Result<RunInfo> {
    let time = |text: String| text.parse::<Timestamp>().unwrap_or(Timestamp::UNIX_EPOCH);
    let outcome: Option<String> = row.get(5)?;
    Ok(RunInfo {
        id: row.get(0)?,
        plan: row.get(1)?,
        digest: row.get(2)?,
        started: time(row.get(3)?),
        ended: row.get::<_, Option<String>>(4)?.map(time),
        outcome: outcome.and_then(|text| serde_json::from_value(text.into()).ok()),
        exit: row.get(6)?,
    })
}

enum Problem {
    Sqlite(rusqlite::Error),
    Refused(RunError),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Problem {
        Problem::Sqlite(error)
    }
}

/// Makes an empty database ours, and refuses one that is not.
fn prepare(db: &Connection, path: &Path) -> Result<(), Problem> {
    let pragma = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables = || db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "full")?;
    if pragma("user_version")? == 0 && tables()? == 0 {
        let make = format!(
            "BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA}; COMMIT;"
        );
        match db.execute_batch(&make) {
            // Somebody else was faster.
            Err(_) if !db.is_autocommit() || pragma("user_version")? == SCHEMA => {
                let _ = db.execute_batch("ROLLBACK");
            }
            made => made?,
        }
    }
    let (version, application) = (pragma("user_version")?, pragma("application_id")?);
    let shown = path.display();
    if application != APPLICATION {
        let message = format!("`{shown}` is a database of another program");
        return Err(Problem::Refused(RunError::stopped(message).help("give another folder with `--state DIR`")));
    }
    if version > SCHEMA {
        let message = format!("`{shown}` was written by a newer handover (format {version}; this one knows {SCHEMA})");
        return Err(Problem::Refused(RunError::stopped(message).help("use that version, or another `--state DIR`")));
    }
    Ok(())
}

/// The journal of one run.
pub(super) struct RunJournal<'a> {
    store: &'a Store,
    run: String,
    program: &'a [u8],
    next: i64,
}

impl Journal for RunJournal<'_> {
    fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        let next = self.next;
        match self.write(records, next) {
            Ok(()) => {
                self.next = next + i64::try_from(records.len()).unwrap_or(0);
                Ok(())
            }
            Err(error) => Err(failure(&self.store.folder, &error)),
        }
    }
}

impl RunJournal<'_> {
    fn write(&self, records: &[Record], first: i64) -> rusqlite::Result<()> {
        let db = &self.store.db;
        db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let written = self.insert(records, first).and_then(|()| db.prepare_cached("COMMIT")?.execute([]).map(|_| ()));
        if written.is_err() {
            // Some failures have rolled it back already.
            let _ = db.execute_batch("ROLLBACK");
        }
        written
    }

    fn insert(&self, records: &[Record], first: i64) -> rusqlite::Result<()> {
        let sql = "INSERT INTO events (run, seq, time, json) VALUES (?, ?, ?, ?)";
        let mut insert = self.store.db.prepare_cached(sql)?;
        for (seq, record) in (first..).zip(records) {
            let json = serde_json::to_string(record)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
            let time = record.time.to_string();
            self.list(&record.event, &time)?;
            insert.execute(params![self.run, seq, time, json])?;
        }
        Ok(())
    }

    /// Keeps the list of runs in step with their first and last events.
    fn list(&self, event: &Event, time: &str) -> rusqlite::Result<()> {
        let db = &self.store.db;
        match event {
            Event::RunStarted(RunStarted { run, plan, digest, .. }) => {
                let sql = "INSERT OR IGNORE INTO programs (digest, bytes) VALUES (?, ?)";
                db.execute(sql, params![digest, self.program])?;
                let sql = "INSERT INTO runs (id, plan, digest, started) VALUES (?, ?, ?, ?)";
                db.execute(sql, params![run, plan, digest, time])?;
            }
            Event::RunEnded(ended) => {
                let outcome = serde_json::to_value(ended.outcome).unwrap_or_default();
                let sql = "UPDATE runs SET ended = ?, outcome = ?, exit = ? WHERE id = ?";
                db.execute(sql, params![time, outcome.as_str(), ended.exit_code(), self.run])?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// What a failure of the database means for people.
fn failure(folder: &Path, error: &rusqlite::Error) -> JournalError {
    let shown = folder.display();
    let (what, help) = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => ("the disk is full", "make room there"),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            ("this user may not write there", "make it writable, or give another folder with `--state DIR`")
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (
            "`journal.db` is damaged",
            "move it away to start anew; `sqlite3 journal.db .recover` may save what was in it",
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            ("another process has kept it locked for 30 s", "find out which one does, and end it")
        }
        Some(ErrorCode::SystemIoFailure) => ("the disk does not answer as it should", "look at the disk"),
        _ => {
            let message = format!("the journal in `{shown}` cannot be used: {error}");
            return JournalError { message, help: String::from("give another folder with `--state DIR`") };
        }
    };
    JournalError { message: format!("the journal in `{shown}` cannot be used: {what}"), help: help.to_owned() }
}

impl JournalError {
    /// As the reason not to start at all.
    fn refusal(self) -> RunError {
        RunError::stopped(self.message).help(self.help)
    }
}

#[cfg(test)]
mod tests {
    use super::Store;
    use crate::run::{RunError, exit};
    use rusqlite::Connection;
    use std::fs;
    use std::path::Path;

    fn refused(folder: &Path) -> RunError {
        let error = Store::open(folder).map(|_| ()).unwrap_err();
        assert_eq!(error.exit, exit::STOPPED, "{error}");
        assert!(error.help.is_some(), "{error}");
        error
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_named_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let message = refused(&file.join("state")).message;
        assert!(message.ends_with("file/state`: something else is in its place"), "{message}");
        // Nobody may make folders there, not even root.
        let message = refused(Path::new("/proc/handover")).message;
        assert!(message.starts_with("the state folder cannot be used: `/proc/handover`: "), "{message}");
    }

    #[test]
    fn a_database_that_is_not_ours_or_not_whole_is_refused() {
        let open = |make: &dyn Fn(&Path)| {
            let folder = tempfile::tempdir().unwrap();
            make(&folder.path().join("journal.db"));
            refused(folder.path())
        };
        let error = open(&|path| fs::write(path, "not a database at all, but long enough to be looked at").unwrap());
        assert!(error.message.ends_with("`journal.db` is damaged"), "{error}");
        let error = open(&|path| Connection::open(path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap());
        assert!(error.message.ends_with("journal.db` is a database of another program"), "{error}");
        let error = open(&|path| {
            drop(Store::open(path.parent().unwrap()).unwrap());
            Connection::open(path).unwrap().execute_batch("PRAGMA user_version = 2").unwrap();
        });
        assert!(error.message.contains("was written by a newer handover (format 2; this one knows 1)"), "{error}");
        let error = open(&|path| fs::create_dir(path).unwrap());
        assert!(error.message.contains("cannot be used"), "{error}");
    }

    #[test]
    fn an_event_that_was_changed_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let sql = "INSERT INTO events VALUES ('r', 1, '', '{\"event\":\"dance\"}')";
        store.db.execute_batch(sql).unwrap();
        let error = store.events("r").unwrap_err();
        assert!(error.message.starts_with("event 1 of run r cannot be read: "), "{error}");
        assert_eq!(error.exit, exit::OPEN);
        assert_eq!(store.run("r").unwrap_err().exit, exit::USAGE);
        assert!(store.program("00").unwrap_err().message.contains("is not in the journal"));
    }
}
