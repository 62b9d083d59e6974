//! What is proved of a plan, what is trusted for it, and what is not covered: one screen.

use crate::emit::page::Page;
use crate::emit::proof::Proof;
use crate::emit::words::listed;
use crate::verdict::Verdict;

/// The lines of a verdict without findings.
pub(super) fn proved(verdict: &Verdict, page: &mut Page) {
    let proof = Proof::of(verdict);
    several("proved", &proof.lines, page);
    page.field("covers", &proof.covers);
    several("trusted", &proof.trusted, page);
    if !verdict.no_return.is_empty() {
        page.field("no return", &format!("from {} on there is no way back", listed(&verdict.no_return)));
    }
}

fn several(label: &str, lines: &[String], page: &mut Page) {
    if let Some((first, others)) = lines.split_first() {
        page.field(label, first);
        others.iter().for_each(|line| page.hanging(11, 2, line));
    }
}
