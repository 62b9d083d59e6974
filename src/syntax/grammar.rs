//! The generated parser of `grammar/ha.pest`, and what it expected where it failed.

use pest::Parser;
use pest::iterators::Pair;
use std::sync::{Mutex, PoisonError};

/// Parses by the rules of the grammar file.
#[derive(pest_derive::Parser)]
#[grammar = "../grammar/ha.pest"]
struct Grammar;

/// The pair of `rule` for the whole of `text`, or nothing if it does not fit.
pub(super) fn parse(rule: Rule, text: &str) -> Option<Pair<'_, Rule>> {
    Grammar::parse(rule, text).ok()?.next()
}

/// Where parsing failed, and what would have gone on.
pub(super) struct Failure {
    /// Offset of the furthest thing that did not fit.
    pub(super) at: usize,
    /// The signs and words that would have fitted there; of ranges of characters, `a..z`.
    pub(super) expected: Vec<String>,
}

/// Why `rule` does not fit `text`; nothing if it does.
pub(super) fn failure(rule: Rule, text: &str) -> Option<Failure> {
    // The parser collects details only while a switch for the whole process is on.
    static SWITCH: Mutex<()> = Mutex::new(());
    let error = {
        let _guard = SWITCH.lock().unwrap_or_else(PoisonError::into_inner);
        pest::set_error_detail(true);
        let result = Grammar::parse(rule, text);
        pest::set_error_detail(false);
        result.err()?
    };
    let Some(attempts) = error.parse_attempts() else {
        return Some(Failure { at: 0, expected: Vec::new() });
    };
    let expected = attempts.expected_tokens().into_iter().map(|token| token.to_string());
    Some(Failure { at: attempts.max_position, expected: expected.collect() })
}
