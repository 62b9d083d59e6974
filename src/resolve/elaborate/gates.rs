//! Who answers a question, until when, and what counts if nobody does.

use super::Elaborator;
use crate::base::{Code, Diagnostic, Span, did_you_mean};
use crate::calculus::{Answer, Gate};
use crate::syntax::tree::{self, ClauseKind, Name, Overdue};

impl<'s> Elaborator<'_, 's> {
    /// The gate that the clauses of a step with an `ask` make.
    pub(super) fn gate(&mut self, step: &tree::Step<'s>, answers: &[Answer], within_ms: Option<u64>) -> Gate {
        let mut gate = Gate { within_ms, ..Gate::default() };
        for clause in &step.clauses {
            match &clause.kind {
                ClauseKind::By(role) if gate.role.is_some() => self.report(
                    Diagnostic::error(Code::Contradiction, clause.span, format!("`{}` is a second role", role.text))
                        .help("name one role, and let it have all members that may answer"),
                ),
                ClauseKind::By(role) => gate.role = Some(role.text.to_owned()),
                ClauseKind::Within(_, Overdue::Kill) => self.report(
                    Diagnostic::error(Code::Contradiction, clause.span, "there is no command here to be killed")
                        .help("say what counts instead: `within 15m, else no`"),
                ),
                ClauseKind::Within(_, Overdue::Answer(word)) => {
                    gate.otherwise = self.default_answer(step, answers, *word);
                }
                _ => {}
            }
        }
        gate
    }

    /// The index of the answer that counts if nobody gives one. Nobody's word is no attestation.
    fn default_answer(&mut self, step: &tree::Step<'s>, answers: &[Answer], word: Name<'s>) -> Option<u8> {
        let words: Vec<&str> = match answers {
            [] => vec!["no", "yes"],
            answers => answers.iter().map(|a| a.name.as_str()).collect(),
        };
        let Some(index) = words.iter().position(|w| *w == word.text) else {
            let message = format!("`{}` is no answer to this question", word.text);
            let help = did_you_mean(word.text, words.iter().copied())
                .unwrap_or_else(|| format!("its answers are `{}`", words.join("`, `")));
            self.report(Diagnostic::error(Code::UnknownName, word.span, message).help(help));
            return None;
        };
        let goes_on = answers.get(index).map_or(index == 1, |a| !a.stops);
        let attests = step.clauses.iter().find(|c| matches!(c.kind, ClauseKind::Attests(_)));
        if let (true, Some(attests)) = (goes_on, attests) {
            self.report(
                Diagnostic::error(Code::Contradiction, word.span, "that nobody answers vouches for nothing")
                    .label(attests.span, "needs somebody's word")
                    .help("let an answer count that stops, leave `else` out, or do without `attests`"),
            );
            return None;
        }
        u8::try_from(index).ok()
    }
}

/// An answer stands where nothing is asked.
pub(super) fn only_questions(at: Span) -> Diagnostic {
    Diagnostic::error(Code::Contradiction, at, "only a question has an answer that counts when time is up")
        .help("leave `else` out; what is done when a command takes too long stands in an `otherwise`")
}
