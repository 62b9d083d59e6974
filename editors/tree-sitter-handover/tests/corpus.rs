//! The texts of `test/corpus/` have the trees that stand below them: `UPDATE=1` writes those. `tree-sitter test` reads the
//! same files.

use std::path::{Path, PathBuf};
use std::{env, fs};
use tree_sitter::{Node, Parser};
use tree_sitter_handover::LANGUAGE;

const RULE: &str = "==================\n";

/// A text, its title before it and its tree after it.
struct Case<'a> {
    title: &'a str,
    text: &'a str,
    tree: &'a str,
}

fn cases(file: &str) -> Vec<Case<'_>> {
    let mut parts = file.split(RULE).skip(1);
    let mut cases = Vec::new();
    while let (Some(title), Some(body)) = (parts.next(), parts.next()) {
        let (text, tree) = body.split_once("\n---\n").unwrap_or((body, ""));
        cases.push(Case { title: title.trim(), text: text.trim(), tree: tree.trim() });
    }
    cases
}

/// The named nodes with their fields, a line each.
fn shown(node: Node<'_>, field: Option<&str>, depth: usize) -> String {
    let field = field.map(|name| format!("{name}: ")).unwrap_or_default();
    let mut out = format!("{}{field}({}", "  ".repeat(depth), node.kind());
    for (i, child) in node.children(&mut node.walk()).enumerate() {
        if child.is_named() {
            let field = node.field_name_for_child(u32::try_from(i).unwrap());
            out += &format!("\n{}", shown(child, field, depth + 1));
        }
    }
    out + ")"
}

#[test]
fn texts_have_the_trees_below_them() {
    let mut parser = Parser::new();
    parser.set_language(&LANGUAGE.into()).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("test/corpus");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let file = fs::read_to_string(&path).unwrap();
        let mut new = String::new();
        for case in cases(&file) {
            let tree = shown(parser.parse(case.text, None).unwrap().root_node(), None, 0);
            assert!(!tree.contains("(ERROR"), "{}: {}\n{tree}", path.display(), case.title);
            assert!(env::var_os("UPDATE").is_some() || tree == case.tree, "{}\n{tree}", case.title);
            new += &format!("{RULE}{}\n{RULE}\n{}\n\n---\n\n{tree}\n\n", case.title, case.text);
        }
        if env::var_os("UPDATE").is_some() {
            fs::write(path, new.trim_end().to_owned() + "\n").unwrap();
        }
    }
}
