//! What is made of the source, so that it cannot go stale: the grammar, the commands, the codes, the standard library, the
//! bytecode, the colours of the site, and their places in the table of contents.

use crate::{root, updating};
use handover::base::Code;
use handover::{bytecode, stdlib};
use std::fmt::Write;
use std::process::Command;

/// The page is committed as the source has it; with `UPDATE_DOCS` it is from now on.
fn committed(path: &str, text: &str) {
    let file = root().join(path);
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    if found == text {
        return;
    }
    if updating() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        return std::fs::write(&file, text).unwrap();
    }
    let line = found.lines().zip(text.lines()).take_while(|(a, b)| a == b).count() + 1;
    panic!("{path} is out of date from line {line} on; `UPDATE_DOCS=1 cargo test --test docs` writes it anew");
}

fn handover(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_handover")).args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn bytecode() {
    committed("docs/bytecode.md", &bytecode::manual());
}

#[test]
fn standard_library() {
    let mut index = String::from("# The standard library\n\n*Made of `stdlib/`.*\n\n");
    index += "Ordinary `.ha` files without privileges, which every plan may import: `use std/net`. `handover doc` prints the\n";
    index += "same, `handover doc estate.ha` does so for files of one's own.\n\n| library | |\n|---|---|\n";
    for line in handover(&["doc"]).lines() {
        let (name, about) = line.split_once(' ').unwrap();
        _ = writeln!(index, "| [{name}]({name}.md) | {} |", about.trim());
        let page = handover(&["doc", name, "--format", "markdown"]);
        committed(&format!("docs/reference/{name}.md"), &page);
    }
    committed("docs/reference/library.md", &index);
}

#[test]
fn codes() {
    let mut page = String::from("# Diagnostic codes\n\n*Made of `src/base/code.rs`.*\n\n");
    page += "Every finding has a code, and every code a page: what is wrong, why it matters on the night, a plan that is wrong and\n";
    page += "one that is right. `handover explain HA0401` prints it. A code never changes its meaning.\n";
    for area in Code::ALL.chunk_by(|a, b| a.area() == b.area()) {
        _ = writeln!(page, "\n## {}\n\n| | |\n|---|---|", capital(area[0].area()));
        for code in area {
            _ = writeln!(page, "| [{code}](../codes/{code}.md) | {} |", code.title());
        }
    }
    committed("docs/reference/codes.md", &page);
}

#[test]
fn commands() {
    let whole = handover::cli::command();
    let mut page = String::from("# Commands\n\n*Made of the definitions that `--help` prints.*\n\n");
    page +=
        "`handover COMMAND --help` says the same, and so do the manual pages: `handover man COMMAND | man -l -`.\n\n";
    page += "Each takes `--color auto|always|never`: when to use colour.\n\n";
    _ = writeln!(page, "{}\n", whole.get_after_help().unwrap().to_string().replace('\n', " "));
    page += "| command | |\n|---|---|\n";
    for part in whole.get_subcommands() {
        _ = writeln!(page, "| [{0}](#handover-{0}) | {1} |", part.get_name(), part.get_about().unwrap());
    }
    for part in whole.get_subcommands() {
        _ = writeln!(page, "\n## handover {}\n\n{}\n", part.get_name(), part.get_about().unwrap());
        let usage = part.clone().render_usage().to_string();
        _ = writeln!(page, "```text\n{}\n```\n\n| | |\n|---|---|", usage.trim_start_matches("Usage: "));
        for flag in part.get_arguments().filter(|a| a.get_id() != "help" && !a.is_global_set()) {
            let values: Vec<String> =
                flag.get_possible_values().iter().map(|v| format!("`{}`", v.get_name())).collect();
            let usual: Vec<_> = flag.get_default_values().iter().map(|v| v.to_string_lossy()).collect();
            let mut about = flag.get_help().map(ToString::to_string).unwrap_or_default().replace('\n', " ");
            if flag.get_action().takes_values() {
                about += &list(": ", &values);
                about += &if usual.is_empty() { String::new() } else { format!("; `{}` unless said", usual.join(" ")) };
            }
            _ = writeln!(page, "| `{}` | {} |", flag.to_string().replace('|', "\\|"), about.replace('|', "\\|"));
        }
        let notes = part.get_after_help().unwrap().to_string();
        for paragraph in notes.split("\n\n") {
            let examples = paragraph.strip_prefix("Examples:\n").map(|lines| lines.lines().map(str::trim));
            _ = match examples {
                Some(lines) => writeln!(page, "\n```sh\n{}\n```", lines.collect::<Vec<_>>().join("\n")),
                None => writeln!(page, "\n{paragraph}"),
            };
        }
    }
    committed("docs/reference/commands.md", &page);
}

/// The entries with something before them, if there are any.
fn list(before: &str, entries: &[String]) -> String {
    if entries.is_empty() { String::new() } else { format!("{before}{}", entries.join(", ")) }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(char::to_uppercase).into_iter().flatten().chain(letters).collect()
}

#[test]
fn grammar() {
    let source = std::fs::read_to_string(root().join("grammar/ha.pest")).unwrap();
    let introduction: Vec<&str> = source.lines().map_while(|l| l.strip_prefix("//!")).map(str::trim).collect();
    let introduction = introduction.join("\n");
    let mut page = String::from("# The grammar\n\n*Made of `grammar/ha.pest`, by which plans are read.*\n\n");
    page += introduction.split("\n\n").take(2).collect::<Vec<_>>().join("\n\n").trim();
    page += "\n\nRules are written as [pest](https://pest.rs) has them: `|` is a choice, `?` may be missing, `*` may come again, `!`\n";
    page += "must not follow, `&` must follow. White space and comments may stand between any two tokens.\n";
    let marks: Vec<&str> = source.lines().filter_map(|l| l.strip_suffix(" = { \"\" }")).collect();
    for part in source.split("\n\n").filter(|p| !p.ends_with("= { \"\" }")) {
        if let Some(title) = part.strip_prefix("// ---- ") {
            _ = writeln!(page, "\n## {}", title.trim_end_matches('-').trim());
        } else if part.starts_with("///") {
            let (about, rule): (Vec<&str>, Vec<&str>) = part.lines().partition(|l| l.starts_with("///"));
            let about: Vec<&str> = about.iter().map(|l| l.trim_start_matches('/').trim()).collect();
            let rule = legible(&rule.join("\n"), &marks);
            let (name, _) = rule.split_once(" = ").unwrap();
            _ = writeln!(page, "\n### {name}\n\n{}\n\n```text\n{rule}\n```", about.join("\n"));
        }
    }
    committed("docs/reference/grammar.md", &page);
}

/// A rule without what says where white space goes and how the tree is built. What is made of letters stays as it is.
fn legible(rule: &str, marks: &[&str]) -> String {
    let mut rule = rule.trim_end().to_owned();
    for sign in ["${", "@{", "_{"] {
        rule = rule.replacen(&format!("= {sign}"), "= {", 1);
    }
    if rule.contains("..") || rule.contains("ANY") || rule.contains("DIGIT") || rule.contains("name_char ~") {
        return rule;
    }
    for glue in ["sp", "w", "!name_char"].iter().chain(marks) {
        for end in [" ", ")", "\n"] {
            rule = rule.replace(&format!(" ~ {glue}{end}"), end);
        }
    }
    rule.replace(" ~ ", " ")
}

/// The words that begin clauses or hold sentences together, as the grammar has them.
fn words() -> Vec<String> {
    let source = std::fs::read_to_string(root().join("grammar/ha.pest")).unwrap();
    let rules: String = source.lines().filter(|l| !l.starts_with("//")).collect();
    let quoted = rules.split('"').skip(1).step_by(2);
    let mut words: Vec<String> = quoted.filter(|w| w.chars().all(char::is_lowercase)).map(str::to_owned).collect();
    words.retain(|w| w.len() > 1);
    words.sort();
    words.dedup();
    words
}

#[test]
fn colours() {
    let words = words();
    assert!(words.len() > 80 && words.iter().any(|w| w == "otherwise"), "{words:?}");
    let template = std::fs::read_to_string(root().join("docs/site/ha.js")).unwrap();
    let lines: Vec<String> = template
        .lines()
        .map(|line| match line.strip_prefix("const words = ") {
            Some(_) => format!("const words = \"{}\";", words.join(" ")),
            None => line.to_owned(),
        })
        .collect();
    committed("docs/site/ha.js", &(lines.join("\n") + "\n"));
}

/// The table of contents has every code below the list of codes, and every library below the standard library.
#[test]
fn table_of_contents() {
    let summary = std::fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let mut wanted = String::new();
    for line in summary.lines().filter(|l| !l.contains("](codes/") && !l.contains("](reference/std/")) {
        wanted += &format!("{line}\n");
        if line.contains("](reference/codes.md)") {
            Code::ALL.iter().for_each(|c| wanted += &format!("  - [{c}: {}](codes/{c}.md)\n", c.title()));
        }
        if line.contains("](reference/library.md)") {
            stdlib::LIBRARIES.iter().for_each(|(name, _)| wanted += &format!("  - [{name}](reference/{name}.md)\n"));
        }
    }
    committed("docs/SUMMARY.md", &wanted);
}
