//! What is proved of a plan, what is trusted for it, and what is not covered: in words, the same wherever it is shown.

use crate::emit::words::{listed, some};
use crate::verdict::{Trusted, Verdict, Word};
use serde::Serialize;

/// What is proved of a program, and what that rests on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Proof {
    /// Whether nothing unsafe was found and everything was decided.
    pub proved: bool,
    /// What is proved, or what speaks against it.
    pub lines: Vec<String>,
    /// How much of the program it covers.
    pub covers: String,
    /// On whose word it rests.
    pub trusted: Vec<String>,
}

impl Proof {
    /// Of a verdict without findings.
    pub(super) fn of(verdict: &Verdict) -> Proof {
        let mut lines = proved(verdict);
        if lines.is_empty() {
            lines.push(String::from("nothing: no step says what it does"));
        }
        Proof { proved: true, lines, covers: covers(verdict), trusted: trusted(&verdict.trusted) }
    }
}

fn proved(verdict: &Verdict) -> Vec<String> {
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
    all
}

/// How much of the plan the proof knows.
fn covers(verdict: &Verdict) -> String {
    match verdict.opaque.len() {
        0 => format!("all {} steps", verdict.steps),
        n => {
            let known = verdict.steps - n.min(verdict.steps);
            format!("{known} of {} steps; nothing is known of {}", verdict.steps, some(&verdict.opaque))
        }
    }
}

/// Whose word it rests on.
fn trusted(trusted: &Trusted) -> Vec<String> {
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
    lines
}
