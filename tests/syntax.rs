//! The syntax: what it says about mistakes, what it does with anything at all, and that its grammar is documented and
//! in use to the last rule.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use handover::base::{Code, FileId, Source, SourceMap, Span, limits};
use handover::syntax::tree::{Item, Operand, OperandKind};
use handover::syntax::{imports, operand, parse};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::sample::Index;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const FILE: FileId = FileId(0);

fn files(folder: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|e| e == "ha")).collect();
    paths.sort();
    paths
}

/// What is said about a file, and what is left of it.
fn report(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let (file, diagnostics) = parse(FILE, &text);
    let mut sources = SourceMap::default();
    sources.add(Source::new("", text.as_str()));
    let mut out = String::new();
    for d in &diagnostics {
        let span = d.span().unwrap();
        writeln!(out, "{} {} `{}`", d.code, &sources.place(span)[1..], sources.text(span)).unwrap();
        writeln!(out, "    {}", d.message).unwrap();
        for label in d.labels.iter().skip(1) {
            writeln!(out, "    - {} `{}`", label.text, sources.text(label.span)).unwrap();
        }
        writeln!(out, "    help: {}", d.help.as_deref().expect("every diagnostic says what to do")).unwrap();
        if let Some(fix) = &d.fix {
            writeln!(out, "    fix: {}", fix.text).unwrap();
        }
    }
    assert!(file.incomplete, "{} has mistakes that leave something out", path.display());
    out
}

#[test]
fn mistakes_are_reported_as_stands_beside_them() {
    let mut wrong = Vec::new();
    for path in files("tests/syntax") {
        let (got, beside) = (report(&path), path.with_extension("txt"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&beside, &got).unwrap();
        } else if fs::read_to_string(&beside).unwrap_or_default() != got {
            wrong.push(format!("{}:\n{got}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "changed; look, then run with UPDATE=1\n{}", wrong.join("\n"));
}

/// Whatever the text: every place is inside of it, on whole characters, and what is left out is said.
fn holds(text: &str) {
    let (file, diagnostics) = parse(FILE, text);
    for d in &diagnostics {
        let fix = d.fix.as_ref().map(|fix| fix.span);
        for span in d.labels.iter().map(|label| label.span).chain(fix) {
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{d:?} in {text:?}");
        }
        assert!(d.help.is_some(), "{d:?}");
    }
    assert!(!file.incomplete || !diagnostics.is_empty(), "nothing is left out of {text:?} without a word");
    let found: Vec<_> = imports(FILE, text).into_iter().map(|(path, _)| path).collect();
    for item in &file.items {
        if let Item::Use(used) = item {
            let known = !diagnostics.is_empty() || found.iter().any(|path| path == used.path);
            assert!(known, "{:?} is not found in {text:?}", used.path);
        }
    }
    for comment in &file.comments {
        assert!(text[comment.start as usize..comment.end as usize].starts_with('#'));
    }
    let _ = operand(FILE, text);
}

/// Words, signs and texts of the language, as they stand in the corpus.
fn vocabulary() -> Vec<String> {
    let mut words = BTreeSet::new();
    for path in files("tests/corpus") {
        let text = fs::read_to_string(path).unwrap();
        words.extend(text.split_whitespace().map(str::to_owned));
    }
    words.extend(["{", "}", "(", ")", "[", "]", "\"", "\"\"\"", "#", "\n", "\\", "ü", "\u{0}"].map(str::to_owned));
    words.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn any_text_is_survived(text in "\\PC*|[\\x00-\\x7f]*") {
        holds(&text);
    }

    #[test]
    fn any_words_of_the_language_are_survived(indexes in vec(any::<Index>(), 0..80), lines in vec(any::<bool>(), 80)) {
        let words = vocabulary();
        let text: Vec<_> = indexes.iter().zip(lines).flat_map(|(index, line)| {
            [index.get(&words).as_str(), if line { "\n" } else { " " }]
        }).collect();
        holds(&text.concat());
    }

    #[test]
    fn any_change_of_the_corpus_is_survived(
        file in any::<Index>(), at in any::<Index>(), len in 0usize..60, word in any::<Index>(), keep in any::<bool>()
    ) {
        let files = files("tests/corpus");
        let text = fs::read_to_string(file.get(&files)).unwrap();
        let places: Vec<_> = text.char_indices().map(|(i, _)| i).collect();
        let start = *at.get(&places);
        let end = (start..=start + len).rev().find(|end| text.is_char_boundary(*end) && *end <= text.len()).unwrap();
        let words = vocabulary();
        let put = if keep { word.get(&words).as_str() } else { "" };
        holds(&format!("{}{put}{}", &text[..start], &text[end..]));
    }
}

#[test]
fn extremes_are_survived() {
    let deep = |open: &str, inner: &str, close: &str, times: usize| {
        format!("plan p() {{ step a {{ only if {}{inner}{} }} }}", open.repeat(times), close.repeat(times))
    };
    let mut texts = vec![
        "{".repeat(100_000),
        "}".repeat(30_000),
        "([{".repeat(50_000),
        "phase p { ".repeat(20_000),
        "plan p() { ".repeat(20_000),
        "\"".repeat(100_001),
        "\"\n".repeat(50_000),
        "\"\"\"".repeat(33_333),
        "use \"\n".repeat(20_000),
        "a ".repeat(100_000),
        "#".repeat(1_000_000),
        "\\".repeat(100_000),
        "\n".repeat(200_000),
        "ü".repeat(100_000),
        "step ".repeat(100_000),
        "plan p() { step a { run } ".repeat(5_000),
        "plan p() { step a { run } } ".repeat(5_000),
        format!("node a {{ x = {} }}", "y except ".repeat(30_000)),
        format!("node a {{ x = {} }}", "if a then ".repeat(50_000)),
        format!("node a {{ x = [{}] }}", "b,".repeat(100_000)),
        format!("rule r() {{ {} }}", "require not a ".repeat(50_000)),
        format!("rule r() {{ require {} b }}", "every a in b: ".repeat(50_000)),
        format!("rule r() {{ require {} b }}", "a or ".repeat(30_000)),
        format!("plan p() {{ step a {{}} {} }}", "otherwise step a {} ".repeat(20_000)),
        format!("plan p() {{ {} }}", "step a { onyl } ".repeat(20_000)),
    ];
    for times in [61, 62, 63, 64, 65, 1_000, 100_000] {
        texts.push(deep("(", "b", ")", times));
        texts.push(deep("not ", "b", "", times));
        texts.push(deep("not (", "b", ")", times));
        texts.push(deep("a(", "b", ")", times));
        texts.push(deep("[", "b", "]", times));
    }
    for text in texts {
        holds(&text);
    }
}

#[test]
fn what_is_nested_within_the_limit_is_accepted() {
    for (open, close, times) in [("(", ")", 62), ("not ", "", 62), ("[", "]", 62)] {
        let text = format!("plan p() {{ step a {{ only if {}b{} }} }}", open.repeat(times), close.repeat(times));
        assert_eq!(parse(FILE, &text).1, [], "{times} times `{open}`");
        let text =
            format!("plan p() {{ step a {{ only if {}b{} }} }}", open.repeat(times + 1), close.repeat(times + 1));
        let codes: Vec<_> = parse(FILE, &text).1.iter().map(|d| d.code).collect();
        assert_eq!(codes, [Code::TooDeep], "{} times `{open}`", times + 1);
    }
    // Side by side is not nested, however often.
    let wide =
        "only if not a and not (b or not c), unless if a then b else c == d except e ".replace(", unless", " unless");
    let text = format!("plan p() {{ step a {{ {} }} }}", wide.repeat(1_000));
    assert_eq!(parse(FILE, &text).1, []);
}

#[test]
fn only_so_many_mistakes_are_reported() {
    for text in ["}\n".repeat(5_000), "node a { step }\n".repeat(5_000), "node a { x = \"\\d\" }\n".repeat(5_000)] {
        assert_eq!(parse(FILE, &text).1.len(), limits::SYNTAX_ERRORS);
    }
    let text = format!("plan p() {{ {} }}", "step a { onyl }\n".repeat(100));
    assert_eq!(parse(FILE, &text).1.len(), limits::ERRORS_PER_ITEM);
}

#[test]
fn a_file_that_is_too_large_is_refused_at_once() {
    let text = " ".repeat(limits::SOURCE_BYTES + 1);
    let (file, diagnostics) = parse(FILE, &text);
    assert!(file.incomplete && file.items.is_empty());
    assert_eq!(diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), [Code::TooLarge]);
}

#[test]
fn a_byte_order_mark_and_other_line_breaks_are_glue() {
    let text = "\u{feff}use std/net # a\r\nnode a {\r\n  host = \"a\" # b\r\n}\r\n";
    let (file, diagnostics) = parse(FILE, text);
    assert_eq!(diagnostics, []);
    assert_eq!(file.items.len(), 2);
    let comments: Vec<_> = file.comments.iter().map(|c| &text[c.start as usize..c.end as usize]).collect();
    assert_eq!(comments, ["# a", "# b"]);
    assert_eq!(imports(FILE, text), [("std/net".to_owned(), Span::new(FILE, 7, 14))]);
}

#[test]
fn imports_are_found_without_parsing() {
    let text = "# use no/comment\nuse std/net use \"my file.ha\"\n  use # here\n ./b.ha\nkind use is plan\n\
                plan p() { use no/item }\nnode n { x = \"\nuse no/text\" }\nuse ../c";
    let paths: Vec<_> = imports(FILE, text).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["std/net", "my file.ha", "./b.ha", "../c"]);
}

#[test]
fn a_value_from_the_command_line_is_understood() {
    for (text, expected) in [
        ("[fw1, ls1]", "[fw1, ls1]"),
        ("fw1,ls1", "[fw1, ls1]"),
        ("tokyo", "tokyo"),
        (" true ", "true"),
        ("30s", "30000ms"),
        ("3", "3"),
        ("\"a b\"", "\"a b\""),
    ] {
        assert_eq!(operand(FILE, text).map(|value| shown(&value)), Ok(expected.to_owned()));
    }
    for (text, message) in [
        ("", "this is not a value"),
        ("a b", "this is not a value"),
        ("\"a", "this text is not closed on its line"),
        ("[a", "this `[` is never closed"),
        ("99999999999999999999", "this number is too large"),
    ] {
        let diagnostic = operand(FILE, text).unwrap_err();
        assert_eq!(diagnostic.message, message);
        assert!(diagnostic.help.is_some());
    }
}

fn shown(value: &Operand<'_>) -> String {
    match &value.kind {
        OperandKind::List(values) => format!("[{}]", values.iter().map(shown).collect::<Vec<_>>().join(", ")),
        OperandKind::Path(path) => path.names.iter().map(|name| name.text).collect::<Vec<_>>().join("."),
        OperandKind::Number(number) => number.to_string(),
        OperandKind::Duration(ms) => format!("{ms}ms"),
        OperandKind::Text(text) => format!("{:?}", text.raw),
        other => format!("{other:?}"),
    }
}
