//! Approvals: what is written is read, what is no approval is refused, and differences are told where they are.

use super::{Approval, SourceText, Statement, difference};
use crate::bytecode::sample::{Builder, run};
use crate::calculus::Reach;
use jiff::Timestamp;
use proptest::prelude::{any, prop_assert_eq, proptest};

const SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH+/==\n-----END SSH SIGNATURE-----\n";

fn source(path: &str, text: &str) -> SourceText {
    let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
    SourceText { path: path.into(), digest, text: Some(text.into()) }
}

/// The statement about a plan that runs these commands, compiled from this text.
fn statement(commands: &[&str], text: &str) -> Statement {
    let mut b = Builder::new("move");
    b.machine("a", Reach::Local);
    for (i, command) in commands.iter().enumerate() {
        b.instr(&format!("s{i}"), run(command), &[]);
    }
    let statement = Statement::of(&b.0, "mila on admin1".into(), Timestamp::UNIX_EPOCH, |_| None);
    Statement { sources: vec![source("plans/move.ha", text)], ..statement }
}

fn told(approved: &Statement, now: &Statement) -> (String, String) {
    difference(approved, now).map(|d| (d.what, d.places)).unwrap()
}

#[test]
fn a_statement_is_read_as_it_was_written() {
    let text = "node a { via = local }\n\n| not a bar\n-----BEGIN SSH SIGNATURE-----\n\u{202e}\u{1b}[2K \\u{41}\r\nend";
    let mut statement = statement(&["true", "echo a\necho b"], text);
    statement.arguments = vec![("from = x".into(), "tokyo ".into()), (String::new(), " a = b".into())];
    statement.given = vec![("firewalls".into(), "excluded".into())];
    statement.sources.push(SourceText { text: None, ..source("std/core", "") });
    statement.sources.push(source("empty.ha", ""));
    let written = statement.to_string();
    assert_eq!(Statement::parse(&written), Ok(statement.clone()));
    assert!(!written.contains(['\u{202e}', '\u{1b}', '\r']), "{written}");
    let approval = Approval::parse(&format!("{written}{SIGNATURE}")).unwrap();
    assert_eq!((approval.statement, approval.text, approval.signature), (statement, written, SIGNATURE.into()));
}

#[test]
fn what_is_no_approval_is_refused_with_its_line() {
    let good = format!("{}{SIGNATURE}", statement(&["true"], "a\nb\n"));
    let line = |part: &str| good.lines().position(|l| l.starts_with(part)).unwrap() + 1;
    let cases = [
        ("|1|", "", 1, "is the last, and there is no signature"),
        ("version 1", "version 2", 1, "should be `Handover approval, version 1`"),
        ("plan      move", "plan move", 3, "should begin with `plan`"),
        ("plan      move", "plan      move\\u{zz}", 3, "has a `plan` that is not understood"),
        ("plan      move", "plan      mo\\u{76}e", 3, "is not written as `handover sign` writes it"),
        ("plan      move", "plan      move\nargument  x", 4, "has a `argument` that is not understood"),
        ("1970-01-01", "1970-13-01", line("signed"), "has a `signed` that is not understood"),
        (" by mila", "", line("signed"), "has a `signed` that is not understood"),
        ("source    ", "sauce     ", line("source"), "should begin with `source`"),
        ("| b", "x b", line("| b"), "should be empty"),
        ("| b", "|b", line("| b"), "is not written as `handover sign` writes it"),
        ("| b", "| b\\u{d800}", line("| b"), "has a character that is not understood"),
        ("| b", "| b\r", line("| b"), "has a line end of another system"),
        ("| plan", "# plan", line("| plan"), "should be the program"),
        ("U1NIU0lH", "U1NI U0lH", line("U1NI"), "is not part of a signature"),
        ("-----END", "----END", line("-----END"), "is not part of a signature"),
        ("-----END SSH SIGNATURE-----\n", "", line("-----END"), "should end the signature"),
        ("SIGNATURE-----\n\n", "SIGNATURE-----\nx\n", line("-----END") + 1, "stands after the signature"),
    ];
    for (from, to, line, why) in cases {
        let bad = match from {
            "|1|" => String::new(),
            from if from.ends_with("\n\n") => format!("{good}x\n"),
            from => good.replacen(from, to, 1),
        };
        let refused = Approval::parse(&bad).unwrap_err();
        assert!(
            refused.line == line && refused.why.contains(why),
            "{refused} after {from:?} → {to:?}, not {line} {why}"
        );
    }
    let endless = good.replace("U1NIU0lH+/==\n", &"A\n".repeat(1_000));
    assert!(Approval::parse(&endless).unwrap_err().why.contains("stands after"));
}

#[test]
fn a_changed_line_is_named() {
    let old = statement(&["true"], "one\ntwo\nthree\n");
    assert_eq!(difference(&old, &old), None);
    let new =
        Statement { sources: vec![source("move.ha", "one\n2\u{202e}\nthree\nfour\n")], ..statement(&["false"], "") };
    let (what, places) = told(&old, &new);
    assert_eq!(what, "`move.ha` has changed since");
    assert_eq!(places, "move.ha:2\n- two\n+ 2\\u{202e}\nmove.ha:4\n+ four\n");
}

#[test]
fn many_changes_are_counted() {
    let text = |sign: char| (0..20).map(|i| format!("same {i}\n{sign}{}\n", "x".repeat(200))).collect::<String>();
    let (old, new) = (statement(&["true"], &text('a')), statement(&["false"], &text('b')));
    let (_, places) = told(&old, &new);
    assert!(places.ends_with("and 15 more places\n"), "{places}");
    assert!(places.lines().all(|l| l.chars().count() < 170), "{places}");
    let grown = statement(&["false"], &(text('a') + &"more\n".repeat(9)));
    assert!(told(&old, &grown).1.ends_with("+ … 4 more lines\n"));
}

#[test]
fn sources_that_come_and_go_are_named() {
    let old = statement(&["true"], "one\n");
    let mut new = statement(&["false"], "one\n");
    new.sources.push(source("estate.ha", "x"));
    assert_eq!(told(&old, &new).0, "`estate.ha` was not part of it then");
    assert_eq!(told(&new, &old).0, "`estate.ha` is no part of it now");
}

#[test]
fn an_instruction_is_named_where_the_sources_say_nothing() {
    let text = "one\n";
    let commands = [&["true", "stop a", "end"][..], &["true", "start", "stop b", "end"]];
    let [old, new] = commands.map(|commands| statement(commands, text));
    let (what, places) = told(&old, &new);
    assert_eq!(what, "the sources are the same, but what was made of them is not");
    assert!(places.contains("- ") && places.contains("+ ") && places.contains("RUN"), "{places}");
    assert!(places.contains("command   stop a") && places.contains("command   stop b"), "{places}");
    let newer = Statement { compiler: "handover 9.0.0".into(), ..new.clone() };
    let what = told(&old, &newer).0;
    assert!(what.starts_with("the sources are the same, but handover 9.0.0 made something else of them"), "{what}");
    // Without texts the instruction says more than the name of a source.
    let bare = |mut statement: Statement, text: &str| {
        statement.sources = vec![SourceText { text: None, ..source("move.ha", text) }];
        statement
    };
    let (what, places) = told(&bare(old, "a"), &bare(new, "b"));
    assert_eq!(what, "`move.ha` has changed since");
    assert!(places.contains("stop b"), "{places}");
}

#[test]
fn another_plan_and_other_arguments_are_named() {
    let old = statement(&["true"], "one\n");
    let other = Statement { plan: "fail\u{1b}".into(), ..statement(&["false"], "one\n") };
    assert_eq!(told(&old, &other).0, "the plan `move` is approved, and this is `fail\\u{1b}`");
    let with = |value: &str, commands: &[&str]| {
        let arguments = vec![("to".into(), "osaka".into()), ("from".into(), value.into())];
        Statement { arguments, ..statement(commands, "one\n") }
    };
    let (what, places) = told(&with("tokyo", &["true"]), &with("kyoto", &["false"]));
    assert_eq!(what, "the plan is approved with other arguments");
    assert_eq!(places, "arguments\n- from = tokyo\n+ from = kyoto\n");
}

proptest! {
    #[test]
    fn every_statement_is_read_as_it_was_written(
        (plan, title, by) in (".*", ".*", ".*"),
        pairs in proptest::collection::vec((".*", ".*"), 0..3),
        sources in proptest::collection::vec((".*", proptest::option::of("(?s).*")), 0..3),
        listing in "(?s).*",
        second in 0..4_000_000_000i64,
    ) {
        let sources = sources.into_iter().map(|(path, text)| SourceText { text, ..source(&path, "") }).collect();
        let time = Timestamp::from_second(second).unwrap();
        let (program, compiler) = ("0".repeat(64), String::from("handover 0.1.0"));
        let (arguments, given) = (pairs.clone(), pairs);
        let statement = Statement { plan, title, arguments, given, program, compiler, time, by, sources, listing };
        let written = statement.to_string();
        prop_assert_eq!(Statement::parse(&written), Ok(statement));
    }

    #[test]
    fn nothing_that_is_changed_is_taken_for_the_same(at in 0usize..10_000, byte in any::<u8>()) {
        let good = format!("{}{SIGNATURE}", statement(&["true"], "a\nb\n"));
        let mut bytes = good.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        // Whatever is accepted has every byte of the file in it.
        if let Some(read) = String::from_utf8(bytes).ok().and_then(|t| Approval::parse(&t).ok().map(|a| (t, a))) {
            prop_assert_eq!(read.0, format!("{}{}", read.1.statement, read.1.signature));
        }
    }
}
