//! A change, what kind it is, and which changes matter most.

use serde::Serialize;

/// What a change is about. Stable names; the variants stand in the order of their importance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    // What makes a plan less safe.
    /// It is not proved safe any more.
    Unproved,
    /// A node is not fenced any more.
    FenceDropped,
    /// A question that could stop the run is not asked any more.
    GateDropped,
    /// Somebody else may answer, or what counts if nobody does is another.
    GateWeakened,
    /// Something that was proved is not claimed any more.
    ProofLost,
    /// A step does not need any more what it needed.
    RequirementDropped,
    /// What a failure would undo stays.
    UndoDropped,
    /// It ran whatever became of the rest.
    FinallyDropped,
    /// Nobody reads back whether a step has worked.
    VerifyDropped,
    /// Nothing is known of what a step does.
    Opaque,
    /// A loss is accepted.
    LossAccepted,
    /// More is taken for granted than before, or on somebody's word.
    TakenForGranted,
    /// A failure that stopped the run passes.
    Tolerated,
    /// There is no way back from here on.
    NoReturn,
    /// A command that was given up may still do its work.
    MayLandLate,
    /// A duty is not handed on any more, or counts as done.
    HoldDropped,
    /// Another run may touch the same at the same time.
    LockDropped,
    /// More time is promised, or none.
    PromiseWeakened,
    /// A step alone may take longer than is promised for all, or without end.
    BeyondPromise,
    // What is done.
    /// A step runs on another node.
    Retargeted,
    /// A step is not done any more.
    Removed,
    /// A step is new.
    Added,
    /// A step runs in fewer cases.
    Narrowed,
    /// A step runs in more cases.
    Widened,
    /// A step runs in other cases.
    ConditionChanged,
    /// Another command, question or message.
    Command,
    /// A step does something else to the world.
    Effect,
    /// How a node is reached, where a secret is found.
    Estate,
    /// What is asked of whoever starts the run, or of a probe.
    Question,
    // In which order.
    /// Two steps have changed places.
    Swapped,
    /// A step does not wait for another any more.
    OrderLost,
    /// A step waits for another.
    OrderGained,
    /// A step stands in another block.
    Moved,
    // What makes a plan safer.
    /// Something that was found wrong is mended.
    Mended,
    /// A safeguard is new, or stricter.
    Safer,
    // How long and how often.
    /// A time limit.
    TimeLimit,
    /// Repetitions after failures.
    Retries,
    /// A usual duration.
    Duration,
    // How it is said.
    /// A step has another name, and does the same.
    Renamed,
    /// A heading, a number, a label.
    Wording,
}

/// How much a change matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// The plan is less safe, or rests on more.
    Risk,
    /// Something else is done.
    Deed,
    /// The same is done in another order.
    Order,
    /// The plan is safer.
    Safer,
    /// Times and repetitions.
    Limit,
    /// Words only.
    Wording,
}

impl Kind {
    /// Its stable name.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(String::from)).unwrap_or_default()
    }

    /// How much it matters.
    pub fn weight(self) -> Weight {
        match self {
            kind if kind <= Kind::BeyondPromise => Weight::Risk,
            kind if kind <= Kind::Question => Weight::Deed,
            kind if kind <= Kind::Moved => Weight::Order,
            Kind::Mended | Kind::Safer => Weight::Safer,
            kind if kind <= Kind::Duration => Weight::Limit,
            _ => Weight::Wording,
        }
    }
}

/// Something that has changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Change {
    /// How much it matters.
    pub weight: Weight,
    /// What it is about.
    pub kind: Kind,
    /// The steps to which it has happened, by their new names; empty for the plan as a whole.
    pub steps: Vec<String>,
    /// What has happened, to stand behind the steps.
    pub text: String,
    /// How it was, where that is not in the text.
    pub before: Option<String>,
    /// How it is.
    pub after: Option<String>,
    /// In which case a step runs that did not, or does not that did: answers and outcomes.
    pub case: Vec<String>,
    /// Where the first of the steps stands, or the plan, in the new version.
    pub place: Option<Place>,
}

/// A place in a source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Place {
    /// Its path.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl Change {
    /// A change of the plan as a whole.
    pub(super) fn new(kind: Kind, text: impl Into<String>) -> Change {
        let (weight, text) = (kind.weight(), text.into());
        Change { weight, kind, steps: Vec::new(), text, before: None, after: None, case: Vec::new(), place: None }
    }

    /// It has happened to this step.
    #[must_use]
    pub(super) fn of(mut self, step: impl Into<String>) -> Change {
        self.steps.push(step.into());
        self
    }

    /// How it was.
    #[must_use]
    pub(super) fn before(self, text: impl Into<String>) -> Change {
        Change { before: Some(text.into()), ..self }
    }

    /// How it is.
    #[must_use]
    pub(super) fn after(self, text: impl Into<String>) -> Change {
        Change { after: Some(text.into()), ..self }
    }

    /// How it was, if there is something to say.
    #[must_use]
    pub(super) fn maybe_before(self, text: Option<String>) -> Change {
        Change { before: text, ..self }
    }

    /// How it is, if there is something to say.
    #[must_use]
    pub(super) fn maybe_after(self, text: Option<String>) -> Change {
        Change { after: text, ..self }
    }

    /// Whether it is the same, of another step.
    fn is_like(&self, other: &Change) -> bool {
        let said = |c: &Change| (c.kind, c.text.clone(), c.before.clone(), c.after.clone(), c.case.clone());
        !self.steps.is_empty() && !other.steps.is_empty() && said(self) == said(other)
    }
}

/// The changes by their importance, each once with all steps to which it has happened.
pub(super) fn ranked(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by_key(|change| change.kind);
    let mut ranked: Vec<Change> = Vec::new();
    for change in changes {
        let same = ranked.iter_mut().rev().take_while(|c| c.kind == change.kind).find(|c| c.is_like(&change));
        match same {
            Some(first) => first.steps.extend(change.steps),
            None => ranked.push(change),
        }
    }
    ranked
}
