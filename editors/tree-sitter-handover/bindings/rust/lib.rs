//! The parser of `.ha` files for tree-sitter, generated from `grammar.js`, and what editors ask it.

use tree_sitter_language::LanguageFn;

unsafe extern "C" {
    fn tree_sitter_handover() -> *const ();
}

/// The parser.
// SAFETY: this is the function that the generated parser exports for its language.
pub const LANGUAGE: LanguageFn = unsafe { LanguageFn::from_raw(tree_sitter_handover) };

/// What is highlighted how.
pub const HIGHLIGHTS: &str = include_str!("../../queries/highlights.scm");

/// Which parts are in other languages.
pub const INJECTIONS: &str = include_str!("../../queries/injections.scm");

/// Where names are valid.
pub const LOCALS: &str = include_str!("../../queries/locals.scm");

/// What can be folded.
pub const FOLDS: &str = include_str!("../../queries/folds.scm");
