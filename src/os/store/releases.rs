//! Duties that somebody has ended by hand: a list that only grows, sealed as the rows of the runs are.
//!
//! An entry that does not fit its seal ends nothing: a duty is kept rather than given up on the word of nobody.

use super::audit::{text, whole};
use super::chain::release_seal;
use super::schema::in_transaction;
use super::{Store, failure};
use crate::run::RunError;
use rusqlite::{Connection, Result, params};

/// An entry as it stands there.
pub(super) struct Release {
    pub number: i64,
    pub hold: String,
    pub time: String,
    pub by: String,
    pub why: String,
    /// Whether it, and where it stands, is what was sealed.
    pub fits: bool,
}

impl Store {
    /// The ids of the duties that people have ended.
    pub(in crate::os) fn released(&self) -> std::result::Result<Vec<String>, RunError> {
        let entries = self.query(|| all(&self.db))?;
        Ok(entries.into_iter().filter(|entry| entry.fits).map(|entry| entry.hold).collect())
    }

    /// Who has ended a duty when and why, in words, if somebody has.
    pub(in crate::os) fn release_of(&self, hold: &str) -> std::result::Result<Option<String>, RunError> {
        let entry = self.query(|| all(&self.db))?.into_iter().find(|entry| entry.fits && entry.hold == hold);
        Ok(entry.map(|Release { by, time, why, .. }| format!("{by}, at {time}: {why}")))
    }

    /// Keeps that somebody has ended a duty; nothing if somebody has already.
    pub(in crate::os) fn keep_release(
        &self,
        hold: &str,
        time: &str,
        by: &str,
        why: &str,
    ) -> std::result::Result<(), RunError> {
        let keep = |db: &Connection| match all(db)?.iter().any(|entry| entry.fits && entry.hold == hold) {
            true => Ok(()),
            false => add(db, hold, time, by, why),
        };
        in_transaction(&self.db, keep).map_err(|error| failure(&self.folder, &error).refusal())
    }
}

/// All of them, in their order.
pub(super) fn all(db: &Connection) -> Result<Vec<Release>> {
    let mut before: String = db.query_row("SELECT coalesce(max(id), '') FROM store", [], |row| text(row, 0))?;
    let mut query = db.prepare("SELECT number, hold, time, by, why, seal FROM releases ORDER BY number")?;
    let entries = query.query_map([], |row| {
        let (number, kept) = (whole(row, 0)?.unwrap_or(-1), text(row, 5)?);
        let (hold, time, by, why) = (text(row, 1)?, text(row, 2)?, text(row, 3)?, text(row, 4)?);
        let fits = release_seal(&before, number, [&hold, &time, &by, &why]).to_hex().as_str() == kept;
        before = kept;
        Ok(Release { number, hold, time, by, why, fits })
    })?;
    entries.collect()
}

/// Adds an entry, within a transaction of the caller.
pub(super) fn add(db: &Connection, hold: &str, time: &str, by: &str, why: &str) -> Result<()> {
    let sql = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'releases'), 0) + 1,
               coalesce((SELECT seal FROM releases ORDER BY number DESC LIMIT 1), (SELECT id FROM store), '')";
    let (number, before): (i64, String) = db.query_row(sql, [], |row| Ok((row.get(0)?, text(row, 1)?)))?;
    let seal = release_seal(&before, number, [hold, time, by, why]);
    let sql = "INSERT INTO releases (number, hold, time, by, why, seal) VALUES (?, ?, ?, ?, ?, ?)";
    db.execute(sql, params![number, hold, time, by, why, seal.to_hex().as_str()]).map(drop)
}
