//! The questions that are open in a run, and who may answer them.

use super::roles::Roles;
use crate::bytecode::InstrId;
use crate::calculus::Gate;
use crate::run::Question;
use std::collections::BTreeMap;

/// What becomes of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It counts: the option with this index.
    Counts(u8),
    /// The question is not open, or not any more.
    NotOpen,
    /// The question has no such answer.
    NoSuchAnswer,
    /// It is for this role to answer.
    NotAllowed(String),
}

/// The open questions of a run.
#[derive(Debug, Default)]
pub(super) struct Gates {
    roles: Roles,
    /// Who sits here.
    user: String,
    open: BTreeMap<InstrId, Question>,
}

impl Gates {
    pub fn new(roles: Roles, user: &str) -> Gates {
        Gates { roles, user: user.to_owned(), open: BTreeMap::new() }
    }

    /// A question is put.
    pub fn open(&mut self, step: InstrId, question: &Question) {
        self.open.insert(step, question.clone());
    }

    /// A question is answered, or needed no more.
    pub fn close(&mut self, step: InstrId) {
        self.open.remove(&step);
    }

    /// Whether the person who sits here may answer it.
    pub fn is_ours(&self, step: InstrId) -> bool {
        self.may_answer(step, &self.user)
    }

    /// Whether a user may answer it.
    pub fn may_answer(&self, step: InstrId, user: &str) -> bool {
        let role = self.open.get(&step).and_then(|question| question.gate.role.as_ref());
        role.is_none_or(|role| self.roles.has(user, role))
    }

    /// Takes somebody's answer in. One that counts closes the question: another comes too late.
    pub fn answer(&mut self, step: InstrId, word: &str, user: &str) -> Verdict {
        let Some(question) = self.open.get(&step) else { return Verdict::NotOpen };
        let option = question.options.iter().position(|(option, _)| option == word);
        let Some(option) = option.and_then(|i| u8::try_from(i).ok()) else { return Verdict::NoSuchAnswer };
        if let Some(role) = question.gate.role.clone()
            && !self.may_answer(step, user)
        {
            return Verdict::NotAllowed(role);
        }
        self.close(step);
        Verdict::Counts(option)
    }

    /// Whether it stays open while nobody is at this terminal: a question for somebody in particular, or for a time.
    pub fn stays_open(&self, step: InstrId) -> bool {
        self.open.get(&step).is_some_and(|question| question.gate != Gate::default())
    }
}
