//! A `test` block as plain data: a plan, what is given, what goes wrong, what is expected.

use crate::base::Span;
use crate::calculus::{AtomId, CellId, Requirement};
use crate::model::Plan;

/// A test of a plan.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it shows.
    pub title: String,
    /// The place of the title.
    pub span: Span,
    /// The plan with its arguments.
    pub plan: Plan,
    /// What is so from the start.
    pub given: Vec<Given>,
    /// What goes wrong.
    pub faults: Vec<Injection>,
    /// What must come of it.
    pub expect: Vec<Expected>,
}

/// Something that a test takes for given.
#[derive(Clone, Debug)]
pub struct Given {
    /// What.
    pub what: Premise,
    /// The clause's place.
    pub span: Span,
}

/// What a test can take for given.
#[derive(Clone, Debug)]
pub enum Premise {
    /// These atoms (the readings of one question) have one of the answers of the mask.
    Answer(Vec<AtomId>, u64),
    /// A thing is in one of these states when the plan starts.
    Fact(Requirement),
}

/// A fault at a step.
#[derive(Clone, Debug)]
pub struct Injection {
    /// Which steps.
    pub steps: Named,
    /// What happens to them.
    pub fault: Fault,
    /// How often; `None`: always.
    pub times: Option<u32>,
    /// The clause's place.
    pub span: Span,
}

/// Names of steps as a test writes them: one step, or by a shorter name all copies of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// As written.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// What happens to a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It fails and has done nothing; a question is answered with no.
    Fails,
    /// It does not end in time.
    TimesOut,
    /// It works.
    Succeeds,
    /// The operator cancels while it runs.
    Cancelled,
    /// The executor is lost while it runs, and the run taken up again.
    ExecutorLost,
}

/// Something that a test expects.
#[derive(Clone, Debug)]
pub struct Expected {
    /// What.
    pub what: Expectation,
    /// Its place.
    pub span: Span,
}

/// What a test can expect.
#[derive(Clone, Debug)]
pub enum Expectation {
    /// Each of these was attempted.
    Ran(Vec<Named>),
    /// The first was attempted, then the second, whatever else happens at the same time.
    RanBefore(Named, Named),
    /// There were so many attempts.
    RanTimes(Named, u32),
    /// None of these was attempted.
    Skipped(Vec<Named>),
    /// A step ran that loses the data of this cell.
    Lost(CellId),
    /// The plan ends so.
    Ends(Ending),
    /// All of this holds in the end.
    State(Vec<Requirement>),
}

/// How a run can end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Everything was done.
    Completed,
    /// A failure stopped it.
    Stopped,
    /// The operator stopped it.
    Cancelled,
}
