//! A loss of power at any moment: what was acknowledged is there, what is there is a beginning of what was written.

use super::sample;
use crate::os::Store;
use crate::run::sample::Plan;
use crate::run::{Journal, Record};
use std::fs;
use std::ops::Range;
use std::path::Path;

/// Files of a journal, with how many events were acknowledged when the log had which length.
#[derive(Clone)]
struct Moment {
    database: Vec<u8>,
    log: Vec<u8>,
    acknowledged: Vec<(usize, usize)>,
    records: Vec<Record>,
    run: String,
}

const COMMITS: usize = 6;

impl Moment {
    /// A run to which some more commits are added.
    fn new() -> Moment {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let run = sample(&store, "a");
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap_or_default();
        let database = read("journal.db");
        let records = store.events(&run).unwrap();
        let program = Plan::new("a").verified();
        let mut journal = store.journal(&run, &program).unwrap();
        let mut acknowledged = vec![(0, records.len())];
        for n in 1..=COMMITS {
            journal.append(&records[..n % 3 + 1]).unwrap();
            acknowledged.push((read("journal.db-wal").len(), usize::try_from(journal.end().0).unwrap()));
        }
        let records = store.events(&run).unwrap();
        assert_eq!(read("journal.db"), database, "nothing has been moved out of the log");
        Moment { database, log: read("journal.db-wal"), acknowledged, records, run }
    }

    /// The fewest events that must be there when the log is sound up to here.
    fn at_least(&self, sound: usize) -> usize {
        self.acknowledged.iter().rev().find(|(length, _)| *length <= sound).unwrap().1
    }

    /// Opens the journal with this log.
    fn open(&self, folder: &Path, log: &[u8], sound: usize, what: &str) {
        for (name, bytes) in [("journal.db", self.database.as_slice()), ("journal.db-wal", log)] {
            fs::write(folder.join(name), bytes).unwrap();
        }
        let _ = fs::remove_file(folder.join("journal.db-shm"));
        let store = Store::open(folder).unwrap_or_else(|error| panic!("{what}: {error}"));
        let records = store.events(&self.run).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(records.len() >= self.at_least(sound), "{what}: {} of {}", records.len(), self.at_least(sound));
        assert!(self.records.starts_with(&records), "{what}");
        assert!(self.acknowledged.iter().any(|(_, n)| *n == records.len()), "{what}: half a commit");
        store.unaltered(&self.run).unwrap_or_else(|error| panic!("{what}: {error}"));
    }
}

/// A folder in memory if there is one.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// The places at which it matters most where a log ends, and some of the rest. All with `HANDOVER_EVERY_BYTE=1`.
fn cuts(log: &[u8]) -> impl Iterator<Item = usize> {
    const HEADER: usize = 32;
    const FRAME: usize = 24 + 4096;
    let every = std::env::var_os("HANDOVER_EVERY_BYTE").is_some();
    (0..=log.len()).filter(move |at| {
        let in_frame = at.saturating_sub(HEADER) % FRAME;
        every || *at <= HEADER || in_frame <= 25 || in_frame >= FRAME - 2 || at % 509 == 0
    })
}

#[test]
fn a_log_that_ends_anywhere_gives_what_was_acknowledged() {
    let (moment, folder) = (Moment::new(), folder());
    for cut in cuts(&moment.log) {
        moment.open(folder.path(), &moment.log[..cut], cut, &format!("cut at {cut}"));
    }
}

#[test]
fn sectors_that_were_not_written_give_what_was_acknowledged_before_them() {
    let (moment, folder) = (Moment::new(), folder());
    for at in (0..moment.log.len()).step_by(512) {
        let sector: Range<usize> = at..(at + 512).min(moment.log.len());
        for fill in [0, 0xff] {
            let mut log = moment.log.clone();
            log[sector.clone()].fill(fill);
            moment.open(folder.path(), &log, at, &format!("sector at {at} of {fill}"));
        }
        // Sectors reach the disk in any order: of this one the second half is missing.
        let mut log = moment.log.clone();
        log[(at + 256).min(sector.end)..sector.end].fill(0);
        moment.open(folder.path(), &log, at, &format!("torn sector at {at}"));
    }
}

#[test]
fn a_database_half_brought_up_to_date_from_its_log_has_everything() {
    let (moment, folder) = (Moment::new(), folder());
    moment.open(folder.path(), &moment.log, moment.log.len(), "whole");
    // Closing has moved the log into the database.
    let after = fs::read(folder.path().join("journal.db")).unwrap();
    assert_ne!(after, moment.database);
    let mut random = 1_u64;
    for round in 0..50 {
        let mut database = after.clone();
        for (at, sector) in moment.database.chunks(512).enumerate() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if (random >> 33).is_multiple_of(2) {
                database[at * 512..at * 512 + sector.len()].copy_from_slice(sector);
            }
        }
        let halfway = Moment { database, ..moment.clone() };
        halfway.open(folder.path(), &moment.log, moment.log.len(), &format!("round {round}"));
    }
}
