//! A journal of version 1 becomes one of version 2. Version 1 had no chain: it is made of what is there.

use super::chain::{link, origin};
use super::schema::{Link, begin, insert, keep_program, make, move_head};
use crate::bytecode::decode;
use rusqlite::{Connection, Result};

/// Rewrites the tables in place, within a transaction of the caller.
pub(super) fn migrate(db: &Connection) -> Result<()> {
    for table in ["programs", "runs", "events"] {
        db.execute_batch(&format!("ALTER TABLE {table} RENAME TO old_{table}"))?;
    }
    make(db)?;
    programs(db)?;
    runs(db)?;
    db.execute_batch("DROP TABLE old_events; DROP TABLE old_runs; DROP TABLE old_programs")
}

fn programs(db: &Connection) -> Result<()> {
    let mut query = db.prepare("SELECT digest, bytes FROM old_programs")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (digest, bytes): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
        keep_program(db, &digest, &bytes, decode(&bytes).ok().as_ref())?;
    }
    Ok(())
}

fn runs(db: &Connection) -> Result<()> {
    let mut query = db.prepare("SELECT id, digest FROM old_runs ORDER BY started, id")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (run, digest): (String, String) = (row.get(0)?, row.get(1)?);
        begin(db, &run, &digest)?;
        events(db, &run, Link { seq: 0, hash: origin(&digest) })?;
    }
    Ok(())
}

fn events(db: &Connection, run: &str, first: Link) -> Result<()> {
    let mut query = db.prepare("SELECT seq, json FROM old_events WHERE run = ? ORDER BY seq")?;
    let mut rows = query.query([run])?;
    let mut last = first;
    while let Some(row) = rows.next()? {
        let (seq, json): (i64, String) = (row.get(0)?, row.get(1)?);
        last = Link { seq, hash: link(&last.hash, run, seq, &json) };
        insert(db, run, last, &json)?;
    }
    move_head(db, run, first, last)
}
