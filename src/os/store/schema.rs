//! The tables, how an empty database gets them, and how older ones are brought up to date. `docs/journal.md` describes
//! them for people.
//!
//! No table is `STRICT`: a `sqlite3` shell older than 3.37 would refuse the whole database.

use super::chain::{origin, seal};
use super::migrate::migrate;
use crate::bytecode::Program;
use crate::os::lock;
use crate::run::RunError;
use blake3::Hash;
use rusqlite::{Connection, params};
use std::path::Path;

/// Version of the tables below, kept in the database's `user_version`.
pub(super) const SCHEMA: i64 = 3;
/// Marks the database as ours: `HAND` in ASCII.
const APPLICATION: i64 = 0x4841_4e44;

const TABLES: &str = include_str!("schema.sql");

/// Why a database cannot be ours.
pub(super) enum Problem {
    Sqlite(rusqlite::Error),
    Refused(RunError),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Problem {
        Problem::Sqlite(error)
    }
}

/// Makes an empty database ours, brings an older one up to date, and refuses what is not ours.
pub(super) fn prepare(db: &Connection, path: &Path) -> Result<(), Problem> {
    let pragma = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "full")?;
    if pragma("user_version")? == 0 && tables(db)? == 0 {
        in_transaction(db, |db| if tables(db)? == 0 { make(db) } else { Ok(()) })?;
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
    if version == 1 {
        is_of_version_1(db, path)?;
    }
    if version < SCHEMA {
        in_transaction(db, |db| migrate(db, pragma("user_version")?))?;
    }
    Ok(())
}

/// Refuses what is not of version 1 at all, or is being written by an executor that knows nothing else.
fn is_of_version_1(db: &Connection, path: &Path) -> Result<(), Problem> {
    let old = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('programs', 'runs', 'events')";
    let shown = path.display();
    if db.query_row(old, [], |row| row.get::<_, i64>(0))? != 3 {
        let message = format!("`{shown}` says that it is of format 1, and has not the tables of that");
        let help = "it was changed or is damaged: put it back from a copy, or give another folder with `--state DIR`";
        return Err(Problem::Refused(RunError::stopped(message).help(help)));
    }
    if let Some(holder) = path.parent().and_then(lock::holder) {
        let run = holder.run;
        let message = format!("run {run} is going on in an older handover, which could not read what this one writes");
        return Err(Problem::Refused(RunError::stopped(message).help("wait until it has ended, or use that version")));
    }
    Ok(())
}

fn tables(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
}

/// All or nothing, and nobody else in between.
pub(super) fn in_transaction<T>(
    db: &Connection,
    act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let done = act(db).and_then(|done| db.prepare_cached("COMMIT")?.execute([]).map(|_| done));
    if done.is_err() && !db.is_autocommit() {
        // Some failures have rolled it back already.
        let _ = db.execute_batch("ROLLBACK");
    }
    done
}

/// Makes the tables of an empty journal.
pub(super) fn make(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(TABLES)?;
    db.execute("INSERT INTO store VALUES (lower(hex(randomblob(8))))", [])?;
    db.pragma_update(None, "application_id", APPLICATION)?;
    db.pragma_update(None, "user_version", SCHEMA)
}

/// Everything that the database consists of, for comparison.
pub(super) fn definitions(db: &Connection) -> rusqlite::Result<Vec<(String, Option<String>)>> {
    let sql = "SELECT name, sql FROM sqlite_schema ORDER BY name";
    db.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// An empty journal in memory.
pub(super) fn empty() -> rusqlite::Result<Connection> {
    let db = Connection::open_in_memory()?;
    make(&db)?;
    Ok(db)
}

/// An event's place in its chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Link {
    pub seq: i64,
    pub hash: Hash,
}

/// Keeps a program, and what its steps are called.
pub(super) fn keep_program(
    db: &Connection,
    digest: &str,
    bytes: &[u8],
    program: Option<&Program>,
) -> rusqlite::Result<()> {
    let new = db.execute("INSERT OR IGNORE INTO programs (digest, bytes) VALUES (?, ?)", params![digest, bytes])?;
    let Some(program) = program.filter(|_| new > 0) else { return Ok(()) };
    let mut insert =
        db.prepare("INSERT INTO program_steps (digest, step, name, title, node) VALUES (?, ?, ?, ?, ?)")?;
    for (step, instr) in program.code.iter().enumerate() {
        let node = instr.host.and_then(|host| program.machines.get(host.index())).map(|m| &m.name);
        insert.execute(params![digest, step as i64, instr.name, instr.title, node])?;
    }
    Ok(())
}

/// Makes the row of a run that begins; gives its first link.
pub(super) fn begin(db: &Connection, run: &str, digest: &str) -> rusqlite::Result<Hash> {
    let sql = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'chains'), 0) + 1,
               coalesce((SELECT seal FROM chains ORDER BY number DESC LIMIT 1), (SELECT id FROM store), '')";
    let (number, before): (i64, String) = db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (first, seal) = (origin(digest), seal(&before, number, run, digest));
    let sql = "INSERT INTO chains (number, run, digest, events, head, seal) VALUES (?, ?, ?, 0, ?, ?)";
    db.execute(sql, params![number, run, digest, first.to_hex().as_str(), seal.to_hex().as_str()])?;
    Ok(first)
}

/// Writes an event.
pub(super) fn insert(db: &Connection, run: &str, link: Link, json: &str) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached("INSERT INTO events (run, seq, json, hash) VALUES (?, ?, ?, ?)")?;
    insert.execute(params![run, link.seq, json, link.hash.to_hex().as_str()]).map(|_| ())
}

/// Says where a chain ends now; an error if it did not end where it should.
pub(super) fn move_head(db: &Connection, run: &str, from: Link, to: Link) -> rusqlite::Result<()> {
    let sql = "UPDATE chains SET events = ?, head = ? WHERE run = ? AND events = ? AND head = ?";
    let [from_hash, to_hash] = [from, to].map(|link| link.hash.to_hex());
    let values = params![to.seq, to_hash.as_str(), run, from.seq, from_hash.as_str()];
    match db.prepare_cached(sql)?.execute(values)? {
        1 => Ok(()),
        n => Err(rusqlite::Error::StatementChangedRows(n)),
    }
}
