//! Journals that lie where nobody can write, that lack a part, or whose pages are damaged.

use super::{refused, sample};
use crate::os::Store;
use crate::os::store::reading::Copy;
use crate::run::Journal;
use crate::run::sample::Plan;
use rusqlite::Connection;
use std::fs;

#[test]
fn a_log_without_its_database_is_not_thrown_away() {
    let [whole, broken] = [(), ()].map(|()| tempfile::tempdir().unwrap());
    let store = Store::open(whole.path()).unwrap();
    sample(&store, "a");
    let log = fs::read(whole.path().join("journal.db-wal")).unwrap();
    assert!(!log.is_empty());
    fs::write(broken.path().join("journal.db-wal"), &log).unwrap();
    for empty in [false, true] {
        if empty {
            fs::write(broken.path().join("journal.db"), "").unwrap();
        }
        let message = refused(broken.path()).message;
        assert!(message.ends_with("`journal.db` is empty or missing beside `journal.db-wal`"), "{message}");
        assert!(Store::existing(broken.path()).is_err());
        assert_eq!(fs::read(broken.path().join("journal.db-wal")).unwrap(), log);
    }
}

#[test]
fn nothing_is_made_by_looking() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    assert!(Store::existing(&state).unwrap().is_none());
    assert!(!state.exists());
    fs::create_dir(&state).unwrap();
    assert!(Store::existing(&state).unwrap().is_none());
    assert_eq!(fs::read_dir(&state).unwrap().count(), 0);
}

#[test]
fn a_copy_has_what_is_in_the_log_too_and_goes_away() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let run = sample(&store, "a");
    let copy = Copy::of(folder.path()).unwrap();
    let place = copy.folder().to_owned();
    let read = Store::existing(&place).unwrap().unwrap();
    assert_eq!(read.events(&run).unwrap(), store.events(&run).unwrap());
    drop((read, copy));
    assert!(!place.exists());
}

#[test]
fn what_lies_on_sound_pages_of_a_damaged_database_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let run = sample(&store, "a");
    let records = vec![store.events(&run).unwrap(); 20].concat();
    store.journal(&run, &Plan::new("a").verified()).unwrap().append(&records).unwrap();
    let count = store.run(&run).unwrap().events;
    let mut query = store.db.prepare("SELECT hash FROM events WHERE seq > 40 ORDER BY seq").unwrap();
    let hashes: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    drop(query);
    drop(store);
    // A page in the middle that has nothing but events.
    const PAGE: usize = 4096;
    const LEAF: u8 = 10;
    let path = folder.path().join("journal.db");
    let mut bytes = fs::read(&path).unwrap();
    let place = |hash: &String| bytes.windows(64).position(|w| w == hash.as_bytes()).unwrap() / PAGE * PAGE;
    let page = hashes.iter().map(place).find(|page| bytes[*page] == LEAF).unwrap();
    bytes[page..page + PAGE].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (records, error) = store.readable(&run);
    let error = error.unwrap();
    assert!(error.message.ends_with("`journal.db` is damaged"), "{error}");
    assert!(error.help.unwrap().contains("--verify"));
    assert!((20..150).contains(&records.len()), "{}", records.len());
    let audit = store.audit(&run, None).unwrap();
    assert!(audit.events > records.len() + 20, "also what lies behind the damage: {audit:?}");
    let text = format!("{} of its {count} events can be read: database disk image is malformed", audit.events);
    assert!(audit.findings.iter().any(|f| f.text == text), "{audit:?}");
    assert!(store.unaltered(&run).is_err());
}

#[test]
fn a_shell_without_this_program_reads_the_views() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let run = sample(&store, "a");
    let db = Connection::open(folder.path().join("journal.db")).unwrap();
    let steps: Vec<(String, String, String, Option<i64>)> = db
        .prepare("SELECT name, node, outcome, code FROM steps WHERE run = ? AND seconds >= 0 ORDER BY started")
        .unwrap()
        .query_map([&run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let row = |name: &str, outcome: &str, code| (name.into(), String::from("here"), outcome.into(), Some(code));
    assert_eq!(steps, [row("say", "ok", 0), row("miss", "failed", 3)]);
    let (outcome, events): (String, i64) =
        db.query_row("SELECT outcome, events FROM runs", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!((outcome.as_str(), events), ("completed", store.run(&run).unwrap().events));
    let kinds: i64 = db.query_row("SELECT count(DISTINCT event) FROM timeline", [], |row| row.get(0)).unwrap();
    assert_eq!(kinds, 5);
}
