//! What is proved of a plan, what is trusted for it, and what is not covered: one screen.

use crate::emit::page::Page;
use crate::emit::words::{listed, some};
use crate::verdict::{Verdict, Word};

/// The lines of a verdict without findings.
pub(super) fn proved(verdict: &Verdict, page: &mut Page) {
    let mut all: Vec<String> = Vec::new();
    if !verdict.exclusive.is_empty() {
        let is = if verdict.exclusive.len() == 1 { "is" } else { "are" };
        all.push(format!("{} {is} never held by two nodes", some(&verdict.exclusive)));
    }
    if verdict.needs > 0 {
        all.push(String::from("what a step needs is so while it runs, its node included"));
    }
    if !verdict.rests.is_empty() {
        all.push(format!("{} never stays where it must not, unless what puts it back fails", some(&verdict.rests)));
    }
    if !verdict.goal.is_empty() {
        all.push(String::from("when the plan ends as done, its goal holds"));
    }
    if let Some(first) = &verdict.follows {
        all.push(format!("it can begin where {first} ends, and brings home what that took away"));
    }
    match verdict.conditions.len() {
        _ if all.is_empty() => {}
        0 => all.push(String::from("for every outcome, late commands, a cancellation or a crash at any moment")),
        n => {
            let answers = if n == 1 { "all answers to its condition" } else { "all answers to its conditions" };
            all.push(format!("for {answers}, every outcome, late commands, a cancellation or a crash at any moment"));
        }
    }
    match all.split_first() {
        Some((first, others)) => {
            page.field("proved", first);
            others.iter().for_each(|line| page.hanging(11, 2, line));
        }
        None => page.field("proved", "nothing: no step says what it does"),
    }
    covered(verdict, page);
    trusted(verdict, page);
    if !verdict.no_return.is_empty() {
        page.field("no return", &format!("from {} on there is no way back", listed(&verdict.no_return)));
    }
}

/// How much of the plan the proof knows.
fn covered(verdict: &Verdict, page: &mut Page) {
    let known = verdict.steps - verdict.opaque.len().min(verdict.steps);
    match verdict.opaque.len() {
        0 => page.field("covers", &format!("all {} steps", verdict.steps)),
        _ => {
            let text = format!("{known} of {} steps; nothing is known of {}", verdict.steps, some(&verdict.opaque));
            page.field("covers", &text);
        }
    }
}

/// Whose word it rests on.
fn trusted(verdict: &Verdict, page: &mut Page) {
    let trusted = &verdict.trusted;
    let words = |words: &[Word], between: &str| -> Vec<String> {
        words.iter().map(|w| format!("{}{between}{}", w.of, listed(&w.facts))).collect()
    };
    let mut lines: Vec<String> = vec![String::from("that actions do what they declare")];
    let mut say = |what: &str, names: Vec<String>| {
        if !names.is_empty() {
            lines.push(format!("{what} {}", some(&names)));
        }
    };
    say("that at the start:", trusted.given.clone());
    say("that a fence which worked has stopped its victim:", words(&trusted.fences, " of "));
    say("that a node that was fenced, when it starts again, takes nothing of this by itself:", trusted.untaken.clone());
    say("people:", words(&trusted.attested, " says that "));
    say("taken for granted:", trusted.assumed.iter().map(|w| format!("{} ({})", listed(&w.facts), w.of)).collect());
    say("that a yes means what it says:", words(&trusted.probes, " that "));
    say("what the command reads back (`verify`) in", trusted.verified.clone());
    say("that nothing runs on after its time in", trusted.killed.clone());
    if let Some((first, others)) = lines.split_first() {
        page.field("trusted", first);
        others.iter().for_each(|line| page.hanging(11, 2, line));
    }
}
