//! Journals of older versions are brought up to date in place. Version 1 had no chain: it is made of what is there.
//! Version 2 had none of the releases.

use super::chain::{link, origin};
use super::schema::{Link, SCHEMA, begin, definitions, empty, insert, keep_program, make, move_head};
use super::{audit::text, releases};
use crate::bytecode::decode;
use rusqlite::{Connection, Result};

/// Brings the tables of a version to those of the present one, within a transaction of the caller.
pub(super) fn migrate(db: &Connection, version: i64) -> Result<()> {
    match version {
        1 => from_1(db),
        2 => from_2(db),
        _ => Ok(()),
    }
}

fn from_1(db: &Connection) -> Result<()> {
    for table in ["programs", "runs", "events"] {
        db.execute_batch(&format!("ALTER TABLE {table} RENAME TO old_{table}"))?;
    }
    make(db)?;
    programs(db)?;
    runs(db)?;
    db.execute_batch("DROP TABLE old_events; DROP TABLE old_runs; DROP TABLE old_programs")
}

fn from_2(db: &Connection) -> Result<()> {
    let read = |row: &rusqlite::Row| Ok([text(row, 0)?, text(row, 1)?, text(row, 2)?, text(row, 3)?]);
    let mut query = db.prepare("SELECT hold, time, by, why FROM releases ORDER BY time, hold")?;
    let old: Vec<[String; 4]> = query.query_map([], read)?.collect::<Result<_>>()?;
    drop(query);
    db.execute_batch("DROP TABLE releases")?;
    for (name, sql) in definitions(&empty()?)? {
        if let Some(sql) = sql.filter(|_| name == "releases") {
            db.execute_batch(&sql)?;
        }
    }
    for [hold, time, by, why] in old {
        releases::add(db, &hold, &time, &by, &why)?;
    }
    db.pragma_update(None, "user_version", SCHEMA)
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
