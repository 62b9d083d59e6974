//! The store under everything that can happen to it.

mod altered;
mod old;
mod power;
mod reading;

use super::Store;
use crate::os::execute;
use crate::run::sample::{Plan, Recorder};
use crate::run::{Journal, Options, RunError, exit};
use rusqlite::Connection;
use std::fs;
use std::path::Path;

/// A run of a plan with two steps; gives its id.
fn sample(store: &Store, name: &str) -> String {
    let mut plan = Plan::new(name);
    plan.run("say", "echo said", &[0]).title = String::from("Say it");
    plan.run("miss", "exit 3", &[1]).flags.tolerated = true;
    execute(store, plan.verified(), &Options::default(), &mut Recorder::default(), false).unwrap().run
}

/// Duties that somebody has ended, with line feeds where people may put them.
fn release_two(store: &Store) {
    store.keep_release("r1.1", "2026-11-21T21:14:03Z", "mila", "it was scrapped").unwrap();
    store.keep_release("r1.2", "2026-11-21T21:15:00Z", "ben as root", "see\nthe ticket").unwrap();
}

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
fn a_folder_that_cannot_be_looked_into_is_not_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let (file, round) = (folder.path().join("file"), folder.path().join("round"));
    fs::write(&file, "").unwrap();
    std::os::unix::fs::symlink("round", &round).unwrap();
    for folder in [file.join("state"), round] {
        let error = Store::existing(&folder).map(|_| ()).unwrap_err();
        assert!(error.message.starts_with("the state folder cannot be read: "), "{error}");
        assert_eq!(error.exit, exit::STOPPED);
    }
    assert!(Store::existing(&folder.path().join("none")).unwrap().is_none());
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
        Connection::open(path).unwrap().execute_batch("PRAGMA user_version = 4").unwrap();
    });
    assert!(error.message.contains("was written by a newer handover (format 4; this one knows 3)"), "{error}");
    let error = open(&|path| {
        drop(Store::open(path.parent().unwrap()).unwrap());
        Connection::open(path).unwrap().execute_batch("PRAGMA user_version = 1").unwrap();
    });
    assert!(error.message.ends_with("says that it is of format 1, and has not the tables of that"), "{error}");
    let error = open(&|path| fs::create_dir(path).unwrap());
    assert!(error.message.contains("cannot be used"), "{error}");
}

#[test]
fn what_is_not_there_or_cannot_be_understood_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let run = sample(&store, "p");
    store.db.execute("UPDATE events SET json = '{\"event\":\"dance\"}' WHERE seq = 2", []).unwrap();
    let error = store.events(&run).unwrap_err();
    assert!(error.message.starts_with(&format!("event 2 of run {run} cannot be read: ")), "{error}");
    assert_eq!(error.exit, exit::OPEN);
    assert_eq!(store.readable(&run).0.len(), 1);
    assert_eq!(store.run("r").unwrap_err().exit, exit::USAGE);
    assert!(store.program("00").unwrap_err().message.contains("is not in the journal"));
}

#[test]
fn runs_are_listed_in_the_order_in_which_they_came_whatever_the_clock_said() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let runs: Vec<String> = ["a", "b", "c"].map(|plan| sample(&store, plan)).into();
    // The second was started while the clock was wrong by years, and its events go back in time.
    let sql =
        "UPDATE events SET json = json_set(json, '$.time', '1999-01-01T00:00:0' || (9 - seq % 9) || 'Z') WHERE run = ?";
    store.db.execute(sql, [&runs[1]]).unwrap();
    let listed: Vec<String> = store.runs().unwrap().into_iter().map(|r| r.id).collect();
    assert_eq!(listed, [&*runs[2], &*runs[1], &*runs[0]]);
    assert_eq!(store.runs().unwrap()[1].started.to_string(), "1999-01-01T00:00:08Z");
    assert_eq!(store.events(&runs[1]).unwrap().len(), store.events(&runs[0]).unwrap().len());
}

#[test]
fn two_executors_of_one_run_cannot_both_write() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = [(), ()].map(|()| Store::open(folder.path()).unwrap());
    let run = sample(&first, "p");
    let program = Plan::new("p").verified();
    let record = first.events(&run).unwrap().remove(0);
    let mut one = first.journal(&run, &program).unwrap();
    let mut other = second.journal(&run, &program).unwrap();
    one.append(std::slice::from_ref(&record)).unwrap();
    let error = other.append(&[record]).unwrap_err();
    assert_eq!(error.message, format!("another executor has written to run {run}"));
    let events = first.events(&run).unwrap().len();
    assert_eq!(i64::try_from(events).unwrap(), one.end().0, "and nothing of the second is left");
}

#[test]
fn a_full_disk_refuses_all_of_a_commit_and_takes_it_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let run = sample(&store, "p");
    let program = Plan::new("p").verified();
    let records = vec![store.events(&run).unwrap(); 20].concat();
    let pages: i64 = store.db.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.db.pragma_update(None, "max_page_count", pages).unwrap();
    let before = store.run(&run).unwrap();
    let mut journal = store.journal(&run, &program).unwrap();
    let error = journal.append(&records).unwrap_err();
    assert!(error.message.ends_with("the disk is full"), "{error:?}");
    assert_eq!(store.run(&run).unwrap(), before);
    assert!(store.unaltered(&run).is_ok());
    store.db.pragma_update(None, "max_page_count", pages * 100).unwrap();
    journal.append(&records).unwrap();
    assert_eq!(store.run(&run).unwrap().events, before.events * 21);
    assert!(store.unaltered(&run).is_ok());
}
