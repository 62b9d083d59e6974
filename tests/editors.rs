//! What editors know of the language beside the language server, held to the grammar file and the compiler: every token
//! of every text of this repository is highlighted as what it is.
//!
//! The programs that are asked (Node.js, Emacs, Neovim) may be missing: then that is said, or an error if
//! `HANDOVER_REQUIRE_LABS=1`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "editors/texts.rs"]
mod texts;
#[path = "editors/tokens.rs"]
mod tokens;
#[path = "editors/trees.rs"]
mod trees;

use serde_json::json;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use texts::{Text, texts};
use tokens::Grammar;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether a command works here. If not, says why, and fails where nothing may be skipped.
fn works(command: &mut Command, why: &str) -> bool {
    let works = command.output().is_ok_and(|output| output.status.success());
    if !works {
        assert!(std::env::var("HANDOVER_REQUIRE_LABS").as_deref() != Ok("1"), "nothing may be skipped, and {why}");
        // Past the test's own output, which is not shown when it passes.
        let _ = writeln!(std::io::stderr(), "skipped: {why}");
    }
    works
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&said));
}

/// A file with all texts and their tokens; places are counted in characters.
fn truth() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let grammar = Grammar::load();
        let all: Vec<_> = texts().iter().filter_map(|text| tokens(&grammar, text)).collect();
        assert!(all.len() > 150, "only {} texts", all.len());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tokens.json");
        fs::write(&path, serde_json::to_vec(&all).unwrap()).unwrap();
        path
    })
}

fn tokens(grammar: &Grammar, text: &Text) -> Option<serde_json::Value> {
    let characters = |range: &str| range.chars().count();
    let (mut at, mut count) = (0, 0);
    let mut place = |to: usize| {
        count += characters(&text.text[at..to]);
        at = to;
        count
    };
    let tokens = grammar.tokens(&text.text)?;
    let tokens: Vec<_> =
        tokens.into_iter().map(|(range, class)| (place(range.start), place(range.end), class)).collect();
    Some(json!({ "from": text.from, "text": text.text, "tokens": tokens }))
}

/// Node.js in the folder of the extension, with what its tests need.
fn node() -> Option<Command> {
    let folder = root().join("editors/vscode");
    let mut node = Command::new("node");
    node.current_dir(&folder);
    let installed = works(
        node.args(["-e", "require('vscode-textmate')"]),
        "Node.js is missing, or what `npm ci` in editors/vscode installs",
    );
    installed.then(|| {
        let mut node = Command::new("node");
        node.current_dir(folder);
        node
    })
}

#[test]
fn the_extension_for_vscode_does_what_its_manifest_says() {
    let Some(mut types) = node() else { return };
    succeeds(types.args(["node_modules/typescript/bin/tsc", "--project", "jsconfig.json"]));
    let Some(mut tests) = node() else { return };
    succeeds(tests.args(["--test", "test/extension.test.js"]).env("HANDOVER", env!("CARGO_BIN_EXE_handover")));
}

#[test]
fn vscode_highlights_every_token_as_what_it_is() {
    let Some(mut node) = node() else { return };
    succeeds(node.arg("test/highlighting.js").arg(truth()));
}

#[test]
fn emacs_highlights_every_token_as_what_it_is() {
    if !works(Command::new("emacs").arg("--version"), "there is no Emacs") {
        return;
    }
    let mut emacs = Command::new("emacs");
    emacs.current_dir(root().join("editors/emacs")).env("TOKENS", truth()).args(["--batch", "-Q", "-L", "."]);
    emacs.args(["-l", "handover-mode", "-l", "handover-mode-test.el", "-f", "ert-run-tests-batch-and-exit"]);
    succeeds(&mut emacs);
}

#[test]
fn neovim_knows_plans_and_starts_the_language_server() {
    if !works(Command::new("nvim").arg("--version"), "there is no Neovim") {
        return;
    }
    let mut nvim = Command::new("nvim");
    nvim.current_dir(root().join("editors/neovim")).env("HANDOVER", env!("CARGO_BIN_EXE_handover"));
    nvim.args(["--headless", "-u", "NONE", "-i", "NONE", "-c", "set rtp^=. | filetype plugin on"]);
    succeeds(nvim.args(["-c", "luafile test/plugin.lua"]));
}

#[test]
fn helix_is_told_what_there_is() {
    let settings = fs::read_to_string(root().join("editors/helix/languages.toml")).unwrap();
    let settings: toml::Table = settings.parse().unwrap();
    let grammar = settings["grammar"][0]["source"]["path"].as_str().unwrap();
    let here = Path::new(grammar.strip_prefix("/path/to/").unwrap());
    assert!(root().join(here).join("src/parser.c").is_file(), "{grammar}");
    let (language, server) = (&settings["language"][0], &settings["language-server"]["handover"]);
    assert_eq!(language["name"], settings["grammar"][0]["name"]);
    assert_eq!(language["language-servers"][0].as_str(), Some("handover"));
    assert_eq!((server["command"].as_str(), server["args"][0].as_str()), (Some("handover"), Some("lsp")));
}
