//! Journals of versions 1 and 2.

use super::{refused, release_two, sample};
use crate::os::Store;
use crate::os::lock::{Holder, Locks};
use crate::os::who;
use jiff::Timestamp;
use rusqlite::Connection;
use std::path::Path;

/// The tables of version 1.
const TABLES: &str = "
    CREATE TABLE old.programs (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE old.runs (
        id TEXT PRIMARY KEY, plan TEXT NOT NULL, digest TEXT NOT NULL, started TEXT NOT NULL,
        ended TEXT, outcome TEXT, exit INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE old.events (
        run TEXT NOT NULL, seq INTEGER NOT NULL, time TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (run, seq)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO old.programs SELECT digest, bytes FROM main.programs;
    INSERT INTO old.runs SELECT run, plan, (SELECT digest FROM chains c WHERE c.run = r.run), started, ended, outcome, 0 FROM main.runs r;
    INSERT INTO old.events SELECT run, seq, json_extract(json, '$.time'), json FROM main.events;
    PRAGMA old.application_id = 1212239428; PRAGMA old.user_version = 1;";

/// Writes what a store has as version 1 would have written it.
fn write_old(store: &Store, folder: &Path) {
    let path = folder.join("journal.db").to_str().unwrap().to_owned();
    store.db.execute("ATTACH ? AS old", [path]).unwrap();
    store.db.execute_batch(TABLES).unwrap();
    store.db.execute_batch("DETACH old").unwrap();
}

#[test]
fn version_1_is_brought_up_to_date_in_place_with_everything_in_it() {
    let [new, old] = [(), ()].map(|()| tempfile::tempdir().unwrap());
    let store = Store::open(new.path()).unwrap();
    let runs = ["a", "b"].map(|plan| sample(&store, plan));
    write_old(&store, old.path());
    // Twice: the second time there is nothing to be done.
    for _ in 0..2 {
        let migrated = Store::open(old.path()).unwrap();
        assert_eq!(migrated.runs().unwrap(), store.runs().unwrap());
        for run in &runs {
            assert_eq!(migrated.events(run).unwrap(), store.events(run).unwrap());
            assert_eq!(migrated.audit(run, None).unwrap().findings, []);
        }
        assert_ne!(migrated.id(), store.id());
    }
    let migrated = Store::open(old.path()).unwrap();
    sample(&migrated, "c");
    assert_eq!(migrated.runs().unwrap().len(), 3);
}

#[test]
fn a_run_that_goes_on_in_version_1_is_not_disturbed() {
    let [new, old] = [(), ()].map(|()| tempfile::tempdir().unwrap());
    let store = Store::open(new.path()).unwrap();
    write_old(&store, old.path());
    let holder = Holder { run: "r1".into(), plan: "p".into(), by: who(), since: Timestamp::UNIX_EPOCH };
    let locks = Locks::take(old.path(), &[], &holder).unwrap();
    let message = refused(old.path()).message;
    assert_eq!(message, "run r1 is going on in an older handover, which could not read what this one writes");
    let version = || -> i64 {
        let db = Connection::open(old.path().join("journal.db")).unwrap();
        db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    };
    assert_eq!(version(), 1);
    drop(locks);
    drop(Store::open(old.path()).unwrap());
    assert_eq!(version(), 3);
}

/// Makes the table of releases what it was in version 2.
const RELEASES: &str = "
    ALTER TABLE releases RENAME TO sealed;
    CREATE TABLE releases (
        hold TEXT NOT NULL PRIMARY KEY, time TEXT NOT NULL, by TEXT NOT NULL, why TEXT NOT NULL
    ) WITHOUT ROWID;
    INSERT INTO releases SELECT hold, time, by, why FROM sealed;
    DROP TABLE sealed;
    PRAGMA user_version = 2;";

#[test]
fn releases_of_version_2_are_sealed_as_they_are() {
    for released in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let run = sample(&store, "a");
        if released {
            release_two(&store);
        }
        let (id, before) = (store.id().to_owned(), store.release_of("r1.2").unwrap());
        store.db.execute_batch(RELEASES).unwrap();
        drop(store);
        // Twice: the second time there is nothing to be done.
        for _ in 0..2 {
            let migrated = Store::open(folder.path()).unwrap();
            assert_eq!(migrated.id(), id);
            assert_eq!(migrated.release_of("r1.2").unwrap(), before);
            assert_eq!(migrated.released().unwrap().len(), if released { 2 } else { 0 });
            assert_eq!(migrated.audit(&run, None).unwrap().findings, []);
        }
        let migrated = Store::open(folder.path()).unwrap();
        migrated.keep_release("r1.3", "2026-11-22T00:00:00Z", "mila", "so").unwrap();
        assert_eq!(migrated.audit(&run, None).unwrap().findings, []);
    }
}
