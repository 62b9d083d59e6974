//! The events of a run as they are, held against their chain.

use super::Finding;
use super::rows::{Row, text, whole};
use crate::os::store::Store;
use crate::os::store::chain::{link, origin};
use crate::run::RunError;
use blake3::Hash;
use rusqlite::{OptionalExtension, Result};

/// A row of `events` as it is.
pub(super) struct Entry {
    pub seq: i64,
    pub json: String,
    pub hash: String,
}

fn entry(row: &rusqlite::Row) -> Result<Entry> {
    let seq = whole(row, 0)?.unwrap_or(i64::MAX);
    Ok(Entry { seq, json: text(row, 1)?, hash: text(row, 2)? })
}

/// The events that can be read: all at once or, where the database is damaged, each by itself.
pub(super) fn read(
    store: &Store,
    run: &str,
    row: Option<&Row>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Entry>, RunError> {
    let all = || -> Result<Vec<Entry>> {
        let sql = "SELECT seq, json, hash FROM events WHERE run = ? ORDER BY seq";
        store.db.prepare(sql)?.query_map([run], entry)?.collect()
    };
    let (error, row) = match (all(), row) {
        (Ok(entries), _) => return Ok(entries),
        (Err(error), Some(row)) => (error, row),
        (Err(error), None) => return store.query(|| Err(error)),
    };
    let one = |seq: i64| {
        let sql = "SELECT seq, json, hash FROM events WHERE run = ? AND seq = ?";
        store.db.prepare_cached(sql)?.query_row(rusqlite::params![run, seq], entry).optional()
    };
    let entries: Vec<Entry> = (1..=row.events).filter_map(|seq| one(seq).ok().flatten()).collect();
    let text = format!("{} of its {} events can be read: {error}", entries.len(), row.events);
    findings.push(Finding::new(text));
    Ok(entries)
}

/// Holds events against the chain, its order and its end.
pub(super) fn examine(run: &str, row: &Row, entries: &[Entry], findings: &mut Vec<Finding>) {
    let mut before = Some(origin(&row.digest));
    let mut last = 0i64;
    let mut wrong: Option<(i64, i64)> = None;
    for entry in entries {
        let next = last.saturating_add(1);
        if entry.seq != next {
            findings.push(missing(next, entry.seq));
            before = None;
        }
        let fits =
            before.is_none_or(|before| link(&before, run, entry.seq, &entry.json).to_hex().as_str() == entry.hash);
        wrong = match (fits, wrong) {
            (true, wrong) => {
                findings.extend(wrong.map(changed));
                None
            }
            (false, Some((first, _))) => Some((first, entry.seq)),
            (false, None) => Some((entry.seq, entry.seq)),
        };
        before = Hash::from_hex(&entry.hash).ok();
        last = entry.seq;
    }
    let head = entries.last().map_or_else(|| origin(&row.digest).to_hex().to_string(), |e| e.hash.clone());
    let sound = wrong.is_none();
    findings.extend(wrong.map(changed));
    findings.extend(match last {
        last if last < row.events => {
            Some(Finding::of(last + 1, format!("its end is missing: it had {} events, {last} are left", row.events)))
        }
        last if last > row.events => {
            Some(Finding::of(row.events + 1, format!("it had {} events; those after were put there", row.events)))
        }
        _ if head != row.head && sound => Some(Finding::new("its head was changed")),
        _ => None,
    });
}

fn missing(from: i64, next: i64) -> Finding {
    Finding::of(
        from,
        match next.saturating_sub(from) {
            n if n <= 0 => format!("before event {from} stand events that were never written"),
            1 => format!("event {from} is missing"),
            _ => format!("events {from} to {} are missing", next - 1),
        },
    )
}

fn changed((first, last): (i64, i64)) -> Finding {
    Finding::of(
        first,
        match last - first {
            0 => format!("event {first} was changed"),
            _ => format!("events {first} to {last} were changed, moved or put there"),
        },
    )
}
