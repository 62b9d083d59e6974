//! `src/` is what the generator makes of `grammar.js`: `UPDATE=1` writes it. It needs Node.js; without, that is said, or
//! an error if `HANDOVER_REQUIRE_LABS=1`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};
use tree_sitter_generate::{OptLevel, generate_parser_in_directory};

/// The version of parsers that Helix 25.07, Neovim 0.11 and Emacs 30 read; the first with reserved words.
const ABI: usize = 15;

#[test]
fn the_parser_is_that_of_the_grammar() {
    if Command::new("node").arg("--version").output().is_err() {
        assert!(
            env::var("HANDOVER_REQUIRE_LABS").as_deref() != Ok("1"),
            "there is no Node.js, and nothing may be skipped"
        );
        // Past the test's own output, which is not shown when it passes.
        let _ = writeln!(std::io::stderr(), "skipped: there is no Node.js to read grammar.js");
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = tempfile::tempdir().unwrap();
    let generated = out.path().join("src");
    fs::create_dir(&generated).unwrap();
    let grammar: Option<PathBuf> = Some(root.join("grammar.js"));
    generate_parser_in_directory(root, Some(&generated), grammar, ABI, None, None, true, OptLevel::default())
        .unwrap_or_else(|error| panic!("{error:#?}"));
    for name in ["parser.c", "grammar.json", "node-types.json", "tree_sitter/parser.h"] {
        let (new, path) = (fs::read_to_string(generated.join(name)).unwrap(), root.join("src").join(name));
        if env::var_os("UPDATE").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, new).unwrap();
        } else {
            assert!(fs::read_to_string(path).unwrap_or_default() == new, "{name} is old: run with UPDATE=1");
        }
    }
}
