//! What a runbook says, as plain data: what the templates of its forms show.

use crate::emit::proof::Proof;
use crate::emit::runbook::drawing::Drawing;
use crate::order::Wire;
use serde::Serialize;

/// A compiled plan, for people who carry it out by hand, approve it, or stand beside it while it runs.
#[derive(Clone, Debug, Serialize)]
pub struct Runbook {
    /// `switchover(from: tokyo)`
    pub call: String,
    /// What the plan is for; may be empty.
    pub title: String,
    /// Digest of the program, in hexadecimal: what is approved and what a run records.
    pub digest: String,
    /// How long it takes.
    pub time: Time,
    /// Its steps, and how many of them certainly do not run.
    pub count: Count,
    /// What it is to reach, and how one sees that.
    pub goal: Vec<Goal>,
    /// What has to be so, known or at hand before it starts.
    pub start: Start,
    /// The conditions and their answers.
    pub switches: Vec<Switch>,
    /// The steps in their order; nothing if that would be too large to be read.
    pub drawing: Option<Drawing>,
    /// The order as a Mermaid flowchart; empty if it would be too large to be read.
    pub flowchart: String,
    /// The procedure.
    pub rows: Vec<Row>,
    /// Where people decide on the way.
    pub gates: Vec<Gate>,
    /// Steps from which on there is no way back.
    pub no_return: Vec<String>,
    /// How one goes back: words to be typed.
    pub back: Vec<String>,
    /// Losses that are accepted.
    pub accepted: Vec<String>,
    /// What remains to be minded afterwards, and what no longer has to be.
    pub afterwards: Vec<String>,
    /// What is proved.
    pub proof: Proof,
    /// The files it was compiled from.
    pub sources: Vec<String>,
    /// What the switches of the page work with: numbers only.
    pub table: String,
    /// Which version of Handover wrote this.
    pub version: &'static str,
}

/// How long it takes when everything works, and at most.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Time {
    /// Along the longest way, by the usual durations; empty if there are none.
    pub usually: String,
    /// How many steps have no usual duration; in words, may be empty.
    pub unknown: String,
    /// If every step takes all the time that it may; empty if some step has no limit.
    pub at_most: String,
    /// What was promised; may be empty.
    pub promised: String,
    /// How the usual time compares with that: ` of the 6h promised`; may be empty.
    pub against: String,
}

/// Steps.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Count {
    /// All of them.
    pub all: usize,
    /// Those that may run.
    pub runs: usize,
    /// Those of which the proof knows nothing.
    pub opaque: usize,
}

/// A part of the goal.
#[derive(Clone, Debug, Serialize)]
pub struct Goal {
    /// `services on rm_osaka`
    pub text: String,
    /// How one sees it: where, and the command that succeeds then.
    pub checks: Vec<Deed>,
}

/// What has to be so, known or at hand before the plan starts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Start {
    /// What is taken for given.
    pub given: Vec<String>,
    /// The plan that this one follows; may be empty.
    pub follows: String,
    /// What no other run may touch meanwhile.
    pub locks: Vec<String>,
    /// The machines and how they are reached.
    pub machines: Vec<MachineOut>,
    /// The secrets and where they are found.
    pub secrets: Vec<String>,
    /// Roles that have to be at hand.
    pub roles: Vec<String>,
}

/// A machine.
#[derive(Clone, Debug, Serialize)]
pub struct MachineOut {
    /// Its name.
    pub name: String,
    /// Its site; may be empty.
    pub site: String,
    /// How commands get there.
    pub way: String,
}

/// A condition.
#[derive(Clone, Debug, Serialize)]
pub struct Switch {
    /// Its name.
    pub name: String,
    /// What is asked; may be empty.
    pub question: String,
    /// Who answers when: `decided before it starts`.
    pub by: String,
    /// How one finds out, if a command does.
    pub deeds: Vec<Deed>,
    /// The answers.
    pub options: Vec<Choice>,
    /// None of them is known.
    pub open: bool,
}

/// An answer.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// What it switches.
    pub wire: Wire,
    /// It is known to be the answer.
    pub chosen: bool,
}

/// A row of the procedure: one of the two.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The heading of a block.
    pub block: Option<Heading>,
    /// A step.
    pub step: Option<Step>,
}

/// The heading of a block.
#[derive(Clone, Debug, Serialize)]
pub struct Heading {
    /// How deep it stands, from 1.
    pub level: usize,
    /// What it begins: `Phase`, `Otherwise`, `In any case`, …; may be empty.
    pub kind: &'static str,
    /// Its name or what there is to say about when it is done.
    pub name: String,
    /// The vendor's heading; may be empty.
    pub title: String,
    /// When it is done.
    pub remarks: Vec<Remark>,
    /// All in it is skipped.
    pub off: Wire,
    /// Why it is skipped as things are known; may be empty.
    pub skipped: String,
}

/// A condition as it stands at a step or a block.
#[derive(Clone, Debug, Serialize)]
pub struct Remark {
    /// `only if firewalls are included`
    pub text: String,
    /// What is asked for it, where the name does not say it.
    pub asks: Vec<String>,
    /// It is certainly false.
    pub off: Wire,
}

/// A step, or the like members of a set.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// How deep it stands.
    pub level: usize,
    /// Number of its first node: what links lead to.
    pub id: u32,
    /// The numbers of its nodes.
    pub nodes: Vec<u32>,
    /// The procedure's own number, or its place where none has one; may be empty.
    pub number: String,
    /// Its name, without the member of a set.
    pub name: String,
    /// The members of a set, where the nodes do not tell them apart.
    pub members: Vec<String>,
    /// For how many steps it stands, if for several: `×3`.
    pub times: String,
    /// The vendor's heading; may be empty.
    pub title: String,
    /// The sites where it is done; may be empty.
    pub site: String,
    /// Where it is done: machines, or `operator`.
    pub place: String,
    /// What stands out: `critical path`, `no way back from here on`, …
    pub marks: Vec<Mark>,
    /// It is on the longest way.
    pub critical: bool,
    /// From here on there is no way back.
    pub commits: bool,
    /// When it is done.
    pub remarks: Vec<Remark>,
    /// What to do, in a sentence; may be empty.
    pub how: String,
    /// What to type where.
    pub deeds: Vec<Deed>,
    /// What stands in its commands by name: `dr: "-predr" if vm_guests is included, else ""`.
    pub values: Vec<String>,
    /// What is expected then.
    pub expected: Vec<String>,
    /// The commands that read back whether it is done.
    pub checks: Vec<Deed>,
    /// What to do if it fails, where that is not simply to stop; may be empty.
    pub fails: String,
    /// How long it usually takes; may be empty.
    pub usually: String,
    /// How long it may take, how often it is tried; may be empty.
    pub limits: String,
    /// It is skipped.
    pub off: Wire,
    /// Why it is skipped as things are known; may be empty.
    pub skipped: String,
}

/// Something that stands out at a step.
#[derive(Clone, Debug, Serialize)]
pub struct Mark {
    /// What.
    pub text: &'static str,
    /// `warn`, `bad`, `quiet` or `accent`.
    pub tone: &'static str,
}

/// A command as it is typed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Deed {
    /// Where.
    pub place: String,
    /// What.
    pub script: String,
    /// Variables that it needs in its environment; secrets by name.
    pub env: Vec<String>,
}

/// A question to people.
#[derive(Clone, Debug, Serialize)]
pub struct Gate {
    /// Number of its node.
    pub id: u32,
    /// The step's name.
    pub step: String,
    /// What is asked.
    pub question: String,
    /// Who may answer.
    pub who: String,
    /// Until when, and what counts then.
    pub deadline: String,
    /// The answers.
    pub answers: Vec<String>,
}
