//! The store around a run: its tables, its name, the rows of its runs, which are a chain, too.

use super::Finding;
use crate::os::store::Store;
use crate::os::store::chain::seal;
use crate::os::store::releases;
use crate::os::store::schema::{definitions, empty};
use crate::run::RunError;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Result};

/// The row of a run as it is.
pub(super) struct Row {
    pub digest: String,
    pub events: i64,
    pub head: String,
}

/// A text; of anything else, what it looks like, so that it is equal to nothing that was written.
pub(in crate::os::store) fn text(row: &rusqlite::Row, column: usize) -> Result<String> {
    Ok(some_text(row, column)?.unwrap_or_else(|| String::from("\0")))
}

/// A text, or nothing.
pub(super) fn some_text(row: &rusqlite::Row, column: usize) -> Result<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        other => Some(format!("\0{other:?}")),
    })
}

/// A whole number, if it is one.
pub(in crate::os::store) fn whole(row: &rusqlite::Row, column: usize) -> Result<Option<i64>> {
    Ok(row.get_ref(column)?.as_i64().ok())
}

pub(super) fn of(store: &Store, run: &str) -> Result<Option<Row>, RunError> {
    let sql = "SELECT digest, events, head FROM chains WHERE run = ?";
    let read = |row: &rusqlite::Row| {
        let events = whole(row, 1)?.unwrap_or(-1);
        Ok(Row { digest: text(row, 0)?, events, head: text(row, 2)? })
    };
    store.query(|| store.db.query_row(sql, [run], read).optional())
}

/// What is wrong with the store, whichever run is looked at.
pub(super) fn examine(store: &Store) -> Vec<Finding> {
    let mut findings = Vec::new();
    for check in [tables, seals, released, strays] {
        if let Err(error) = check(store, &mut findings) {
            findings.push(Finding::new(format!("the store cannot be read in full: {error}")));
        }
    }
    findings
}

fn tables(store: &Store, findings: &mut Vec<Finding>) -> Result<()> {
    if definitions(&store.db)? != definitions(&empty()?)? {
        findings.push(Finding::new("the tables or views of the database were changed"));
    }
    Ok(())
}

/// Whether the row of a run is the one that was sealed.
pub(super) fn examine_seal(store: &Store, run: &str, findings: &mut Vec<Finding>) -> Result<(), RunError> {
    let sql = "SELECT number, run, digest, seal, coalesce((SELECT b.seal FROM chains b WHERE b.number < c.number
                   ORDER BY b.number DESC LIMIT 1), (SELECT id FROM store), '') FROM chains c WHERE run = ?";
    let fits = |row: &rusqlite::Row| {
        let (number, before) = (whole(row, 0)?.unwrap_or(-1), text(row, 4)?);
        Ok(seal(&before, number, &text(row, 1)?, &text(row, 2)?).to_hex().as_str() == text(row, 3)?)
    };
    if !store.query(|| store.db.query_row(sql, [run], fits))? {
        findings.push(Finding::new("its row was changed, or the row before it"));
    }
    Ok(())
}

fn seals(store: &Store, findings: &mut Vec<Finding>) -> Result<()> {
    let db = &store.db;
    let ids: Vec<String> =
        db.prepare("SELECT id FROM store")?.query_map([], |row| text(row, 0))?.collect::<Result<_>>()?;
    if ids.len() != 1 {
        findings.push(Finding::new("the store's name is not there once"));
    }
    let mut before = ids.into_iter().next().unwrap_or_default();
    let mut last = 0;
    let mut query = db.prepare("SELECT number, run, digest, seal FROM chains ORDER BY number")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let number = whole(row, 0)?.unwrap_or(-1);
        let (run, digest, kept) = (text(row, 1)?, text(row, 2)?, text(row, 3)?);
        if number != last + 1 {
            findings.push(Finding::new(format!(
                "of the store's runs, those between number {last} and {number} are missing"
            )));
        }
        if seal(&before, number, &run, &digest).to_hex().as_str() != kept {
            findings.push(Finding::new(format!("the row of run {run} was changed, or what comes before it")));
        }
        (before, last) = (kept, number);
    }
    counted(db, "chains", "runs", last, findings)
}

/// What people have ended by hand, in its order.
fn released(store: &Store, findings: &mut Vec<Finding>) -> Result<()> {
    let mut last = 0;
    for entry in releases::all(&store.db)? {
        if entry.number != last + 1 {
            let gap = format!("of the store's releases, those between number {last} and {} are missing", entry.number);
            findings.push(Finding::new(gap));
        }
        if !entry.fits {
            let number = entry.number;
            findings.push(Finding::new(format!("release {number} of a hold was changed, or what comes before it")));
        }
        last = entry.number;
    }
    counted(&store.db, "releases", "releases", last, findings)
}

/// Whether as many rows were ever made as the last number says.
fn counted(db: &Connection, table: &str, what: &str, last: i64, findings: &mut Vec<Finding>) -> Result<()> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = ?";
    let had = db.query_row(sql, [table], |row| whole(row, 0)).optional()?.flatten().unwrap_or(0);
    if had != last {
        let text = format!("the store has had {had} {what}, and the latest that is there is number {last}");
        findings.push(Finding::new(text));
    }
    Ok(())
}

/// Rows that belong to nothing.
fn strays(store: &Store, findings: &mut Vec<Finding>) -> Result<()> {
    let checks = [
        ("events", "SELECT count(*) FROM events WHERE run NOT IN (SELECT run FROM chains)"),
        ("programs", "SELECT count(*) FROM programs WHERE digest NOT IN (SELECT digest FROM chains)"),
        ("names of steps", "SELECT count(*) FROM program_steps WHERE digest NOT IN (SELECT digest FROM chains)"),
        (
            "counters",
            "SELECT count(*) FROM sqlite_sequence s WHERE (name IS NOT 'chains' AND name IS NOT 'releases')
                 OR EXISTS (SELECT * FROM sqlite_sequence o WHERE o.name = s.name AND o.rowid < s.rowid)",
        ),
    ];
    for (what, sql) in checks {
        let count: i64 = store.db.query_row(sql, [], |row| row.get(0))?;
        if count > 0 {
            findings.push(Finding::new(format!("the store has {count} {what} that belong to no run of it")));
        }
    }
    Ok(())
}
