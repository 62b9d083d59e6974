//! Every way to alter a journal is noticed: each table, each row, each column.

use super::{release_two, sample};
use crate::os::{Store, resume};
use crate::run::Options;
use crate::run::sample::Recorder;
use rusqlite::Connection;
use rusqlite::types::Value;

const TABLES: [&str; 7] = ["store", "programs", "program_steps", "chains", "events", "releases", "sqlite_sequence"];

/// A row of a table.
#[derive(Clone, Debug)]
struct Row {
    table: &'static str,
    columns: Vec<String>,
    values: Vec<Value>,
}

impl Row {
    fn all(db: &Connection, table: &'static str) -> Vec<Row> {
        let mut query = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns: Vec<String> = query.column_names().map(String::from).collect();
        let count = columns.len();
        let rows = query.query_map([], |row| (0..count).map(|i| row.get(i)).collect()).unwrap();
        rows.map(|values| Row { table, columns: columns.clone(), values: values.unwrap() }).collect()
    }

    /// Which row it is, with its values as parameters from 1.
    fn condition(&self) -> String {
        let parts = self.columns.iter().enumerate().map(|(i, name)| format!("{name} IS ?{}", i + 1));
        parts.collect::<Vec<_>>().join(" AND ")
    }

    fn change(&self, db: &Connection, sql: &str, more: &[Value]) -> bool {
        db.execute(sql, rusqlite::params_from_iter(self.values.iter().chain(more))).is_ok_and(|n| n > 0)
    }
}

/// Other values for a column.
fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec![Value::Text("x".into())],
        Value::Integer(n) => {
            vec![Value::Integer(n + 1), Value::Integer(n - 1), Value::Integer(-7), Value::Text("x".into()), Value::Null]
        }
        Value::Text(text) => {
            let last = text.char_indices().last().map_or("", |(i, _)| &text[..i]);
            let other = if text.starts_with('0') { "1" } else { "0" };
            let first = text.chars().skip(1).collect::<String>();
            let texts = [format!("{text} "), String::new(), last.to_owned(), format!("{other}{first}")];
            let mut values: Vec<Value> = texts.into_iter().map(Value::Text).collect();
            values.extend([Value::Null, Value::Integer(3), Value::Blob(text.clone().into_bytes())]);
            values
        }
        Value::Blob(bytes) => {
            let flipped = |at: usize| bytes.iter().enumerate().map(|(i, b)| if i == at { b ^ 1 } else { *b }).collect();
            let mut values: Vec<Value> = (0..bytes.len()).step_by(7).map(flipped).map(Value::Blob).collect();
            values.extend([Value::Blob(bytes[1..].to_vec()), Value::Null, Value::Text("x".into())]);
            values
        }
        Value::Real(_) => panic!("there are no such columns"),
    }
}

/// Makes a change, looks whether it is noticed, takes it back. False if the database refuses the change.
fn noticed(store: &Store, runs: &[String], what: &str, change: impl FnOnce(&Connection) -> bool) -> bool {
    store.db.execute_batch("BEGIN").unwrap();
    let changed = change(&store.db);
    if changed {
        let found = |run: &String| store.audit(run, None).map_or(true, |audit| !audit.findings.is_empty());
        assert!(runs.iter().any(found), "not noticed: {what}");
    }
    store.db.execute_batch("ROLLBACK").unwrap();
    changed
}

#[test]
fn every_change_to_any_row_or_column_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let runs = ["a", "b"].map(|plan| sample(&store, plan));
    release_two(&store);
    for run in &runs {
        assert_eq!(store.audit(run, None).unwrap().findings, [], "{run}");
    }
    let mut changes = 0;
    for row in TABLES.iter().flat_map(|table| Row::all(&store.db, table)) {
        let Row { table, columns, values } = &row;
        let condition = row.condition();
        let delete = format!("DELETE FROM {table} WHERE {condition}");
        changes += usize::from(noticed(&store, &runs, &delete, |db| row.change(db, &delete, &[])));
        for (i, (column, value)) in columns.iter().zip(values).enumerate() {
            for other in others(value).into_iter().filter(|other| other != value) {
                let sql = format!("UPDATE {table} SET {column} = ?{} WHERE {condition}", columns.len() + 1);
                let what = format!("{sql} {other:?} in {row:?}");
                changes +=
                    usize::from(noticed(&store, &runs, &what, |db| row.change(db, &sql, std::slice::from_ref(&other))));
                // The same row once more, but for this.
                let marks: Vec<String> =
                    (0..columns.len()).map(|j| format!("?{}", if i == j { columns.len() } else { j } + 1)).collect();
                let sql = format!("INSERT INTO {table} SELECT {}", marks.join(", "));
                let mut copy = row.clone();
                copy.values.push(other.clone());
                changes += usize::from(noticed(&store, &runs, &what, |db| copy.change(db, &sql, &[])));
            }
        }
    }
    assert!(changes > 500, "only {changes} changes were possible");
}

#[test]
fn events_that_change_places_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let runs = ["a", "b"].map(|plan| sample(&store, plan));
    let events = Row::all(&store.db, "events");
    let mut changes = 0;
    for (i, one) in events.iter().enumerate() {
        for other in &events[i + 1..] {
            // The whole row, and only what it says.
            for columns in [&["json", "hash"][..], &["json"], &["hash"]] {
                let put = |db: &Connection, to: &Row, from: &Row| {
                    columns.iter().all(|column| {
                        let at = to.columns.iter().position(|c| c == column).unwrap();
                        let sql = format!("UPDATE events SET {column} = ?3 WHERE run = ?1 AND seq = ?2");
                        let place = [&to.values[0], &to.values[1], &from.values[at]];
                        db.execute(&sql, rusqlite::params_from_iter(place)).unwrap() == 1
                    })
                };
                let what = format!("{columns:?} of {one:?} and {other:?}");
                changes += usize::from(noticed(&store, &runs, &what, |db| put(db, one, other) && put(db, other, one)));
            }
        }
    }
    assert!(changes > 300, "{changes}");
}

/// What an audit of the first run says after a change.
fn said(sql: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let run = sample(&store, "a");
    store.db.execute_batch(sql).unwrap();
    store.audit(&run, None).unwrap().findings.into_iter().map(|f| f.text.replace(&run, "RUN")).collect()
}

#[test]
fn it_is_said_what_was_altered() {
    let json = "UPDATE events SET json = replace(json, '2', '3') WHERE seq";
    assert_eq!(said(&format!("{json} = 3")), ["event 3 was changed"]);
    assert_eq!(said(&format!("{json} IN (2, 3, 4)")), ["events 2 to 4 were changed, moved or put there"]);
    assert_eq!(said("DELETE FROM events WHERE seq = 3"), ["event 3 is missing"]);
    assert_eq!(said("DELETE FROM events WHERE seq IN (3, 4)"), ["events 3 to 4 are missing"]);
    assert_eq!(said("DELETE FROM events WHERE seq > 4"), ["its end is missing: it had 8 events, 4 are left"]);
    let more = "INSERT INTO events SELECT run, 9, json, hash FROM events WHERE seq = 8";
    assert_eq!(said(more)[1..], ["it had 8 events; those after were put there"]);
    assert_eq!(said("UPDATE chains SET head = hex(randomblob(32))"), ["its head was changed"]);
    assert_eq!(said("UPDATE programs SET bytes = x'00'"), ["its program was changed"]);
    assert_eq!(said("UPDATE program_steps SET name = 'x'"), ["the names of its program's steps were changed"]);
    assert_eq!(said("DROP VIEW steps"), ["the tables or views of the database were changed"]);
    let row = said("DELETE FROM chains");
    assert_eq!(row.last().unwrap(), "the row of run RUN is missing");
    assert!(row.contains(&String::from("the store has 8 events that belong to no run of it")), "{row:?}");
}

#[test]
fn it_is_said_which_release_was_altered_and_it_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let run = sample(&store, "a");
    release_two(&store);
    let both = ["r1.1", "r1.2"];
    assert_eq!(store.released().unwrap(), both);
    let changed = |number| format!("release {number} of a hold was changed, or what comes before it");
    let missing = |n, m| format!("of the store's releases, those between number {n} and {m} are missing");
    let forged =
        "INSERT INTO releases (hold, time, by, why, seal) VALUES ('r2.1', '2026-01-01T00:00:00Z', 'x', 'x', 'x')";
    let cases = [
        ("UPDATE releases SET why = 'x' WHERE number = 2", vec![changed(2)], &both[..1]),
        ("UPDATE releases SET hold = 'r2.1' WHERE number = 1", vec![changed(1)], &both[1..]),
        ("DELETE FROM releases WHERE number = 1", vec![missing(0, 2), changed(2)], &[][..]),
        (
            "DELETE FROM releases WHERE number = 2",
            vec![String::from("the store has had 2 releases, and the latest that is there is number 1")],
            &both[..1],
        ),
        (forged, vec![changed(3)], &both[..]),
        (
            "UPDATE releases SET number = 3 WHERE number = 2",
            vec![
                missing(1, 3),
                changed(3),
                String::from("the store has had 2 releases, and the latest that is there is number 3"),
            ],
            &both[..1],
        ),
    ];
    for (sql, said, left) in cases {
        store.db.execute_batch("BEGIN").unwrap();
        store.db.execute_batch(sql).unwrap();
        let findings: Vec<String> =
            store.audit(&run, None).unwrap().findings.into_iter().map(|finding| finding.text).collect();
        assert_eq!(findings, said, "{sql}");
        assert_eq!(store.released().unwrap(), left, "{sql}");
        store.db.execute_batch("ROLLBACK").unwrap();
    }
    // What was altered can be said once more, and counts then; that it was altered is still told.
    store.db.execute_batch("UPDATE releases SET why = 'x' WHERE number = 2").unwrap();
    store.keep_release("r1.2", "2026-11-22T00:00:00Z", "mila", "it is so").unwrap();
    assert_eq!(store.released().unwrap(), both);
    assert_eq!(store.release_of("r1.2").unwrap().unwrap(), "mila, at 2026-11-22T00:00:00Z: it is so");
    assert!(!store.audit(&run, None).unwrap().findings.is_empty());
}

#[test]
fn a_release_is_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    release_two(&store);
    release_two(&store);
    assert_eq!(store.released().unwrap().len(), 2);
}

#[test]
fn a_chain_made_anew_does_not_come_through_a_head_that_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let run = sample(&store, "a");
    let info = store.run(&run).unwrap();
    let earlier: String = store.db.query_row("SELECT hash FROM events WHERE seq = 3", [], |row| row.get(0)).unwrap();
    for head in [&info.head, &earlier] {
        assert_eq!(store.audit(&run, Some(head)).unwrap().findings, []);
    }
    let other = "0".repeat(64);
    let findings = store.audit(&run, Some(&other)).unwrap().findings;
    assert_eq!(findings.len(), 1);
    assert!(findings[0].text.starts_with(&format!("`{other}` is not in its chain")), "{findings:?}");
}

#[test]
fn an_altered_run_is_not_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let run = sample(&store, "a");
    store.db.execute_batch("UPDATE events SET json = replace(json, '2', '3') WHERE seq = 3").unwrap();
    let error = store.unaltered(&run).unwrap_err();
    assert_eq!(error.message, format!("the journal of run {run} is not what was written: event 3 was changed"));
    assert_eq!(error.exit, crate::run::exit::OPEN);
}

#[test]
fn a_run_with_another_row_or_other_names_is_not_taken_up_again() {
    let row = "its row was changed, or the row before it";
    let changes = [
        ("UPDATE chains SET seal = 'x' WHERE number = 2", row),
        ("UPDATE chains SET seal = 'x' WHERE number = 1", row),
        ("UPDATE chains SET number = 7 WHERE number = 2", row),
        ("UPDATE program_steps SET title = 'Say nothing'", "the names of its program's steps were changed"),
    ];
    for (sql, why) in changes {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let runs = ["a", "b"].map(|plan| sample(&store, plan));
        store.unaltered(&runs[1]).unwrap();
        store.db.execute_batch(sql).unwrap();
        let error = store.unaltered(&runs[1]).unwrap_err();
        assert!(error.message.ends_with(why), "{sql}: {error}");
    }
}

/// Whoever can write the database puts another program, itself whole, where that of a run was.
#[test]
fn another_program_in_the_place_of_a_runs_is_not_read_by_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let runs = ["a", "b"].map(|plan| sample(&store, plan));
    let digest = store.run(&runs[0]).unwrap().digest;
    assert_eq!(store.program(&digest).unwrap().plan, "a");
    let sql = "UPDATE programs SET bytes = (SELECT bytes FROM programs WHERE digest <> ?1) WHERE digest = ?1";
    assert_eq!(store.db.execute(sql, [&digest]).unwrap(), 1);
    let error = store.program(&digest).unwrap_err();
    assert_eq!(error.message, format!("the program {digest} is not what was written: another one is in its place"));
    assert_eq!(error.exit, crate::run::exit::OPEN);
    let error = resume(&store, &runs[0], &Options::default(), &mut Recorder::default(), false).unwrap_err();
    assert!(error.message.ends_with("another one is in its place"), "{error}");
}
