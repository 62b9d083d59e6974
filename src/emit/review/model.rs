//! What there is to say of a change of the plans in a repository, as plain data.

use crate::compare::{Change, Comparison, Weight};
use serde::Serialize;

/// The review of a change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Review {
    /// What the plans are compared with, as whoever asks calls it.
    pub base: String,
    /// In a word.
    pub verdict: Outcome,
    /// The files of which something is to be said.
    pub files: Vec<FileReview>,
    /// Plan files that were looked at, changed or not.
    pub looked_at: usize,
}

/// What a change comes to; the later the worse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing that a run would notice.
    Nothing,
    /// Names and headings.
    Wording,
    /// Something else is done on the night, and all is proved.
    Different,
    /// All is proved, but something was given up.
    Weaker,
    /// It could not be compared.
    Unknown,
    /// It is not safe, or does not compile.
    Unsafe,
}

/// What there is to say of a file.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct FileReview {
    /// Its path, the new one.
    pub path: String,
    /// Its old path, if it had another.
    pub was: Option<String>,
    /// The imported files through which it has changed, if its own text is the same.
    pub through: Vec<String>,
    /// What is to be known of it, in sentences without full stop.
    pub remarks: Vec<String>,
    /// The plans that could not be compared, and why.
    pub open: Vec<String>,
    /// Whether it cannot be compiled any more.
    pub broken: bool,
    /// The plans of which something is to be said.
    pub plans: Vec<PlanReview>,
    /// What has become of the approvals beside it, in words.
    pub approvals: Vec<String>,
    /// What was found wrong with it, as `handover check` tells it; empty if nothing was.
    pub findings: String,
}

/// What there is to say of a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PlanReview {
    /// Its name, and those of plans to which the same has happened.
    pub names: Vec<String>,
    /// `changed`, `new` or `removed`.
    pub what: &'static str,
    /// What has changed.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// How many steps it has.
    pub steps: usize,
    /// Who is asked on the night: the step, whom, and until when.
    pub gates: Vec<String>,
    /// The steps of which nothing is known, so that no proof covers them.
    pub opaque: Vec<String>,
    /// Whether something is wrong with it.
    pub flawed: bool,
    /// The change as a Mermaid flowchart; may be empty.
    #[serde(skip)]
    pub graph: String,
    /// The runbook before and after, as a Markdown table; may be empty.
    #[serde(skip)]
    pub table: String,
}

impl Review {
    /// Puts together what was found.
    pub fn of(base: String, looked_at: usize, mut files: Vec<FileReview>) -> Review {
        files.sort_by_key(|file| std::cmp::Reverse(file.outcome()));
        let verdict = files.iter().map(FileReview::outcome).max().unwrap_or(Outcome::Nothing);
        Review { base, verdict, files, looked_at }
    }

    /// The changes of all plans, the most important first, each with its file and its plan.
    pub fn changes(&self) -> Vec<(&FileReview, &PlanReview, &Change)> {
        let all = self.files.iter().flat_map(|f| f.plans.iter().map(move |p| (f, p)));
        let mut all: Vec<_> = all.flat_map(|(f, p)| p.comparison.changes.iter().map(move |c| (f, p, c))).collect();
        all.sort_by_key(|(_, _, change)| change.kind);
        all
    }
}

impl FileReview {
    /// Whether there is anything to say of it.
    pub fn says_something(&self) -> bool {
        let lists = [&self.remarks, &self.open];
        self.broken || !self.plans.is_empty() || self.was.is_some() || lists.iter().any(|list| !list.is_empty())
    }

    /// What it comes to.
    pub fn outcome(&self) -> Outcome {
        let own = match (self.broken, self.open.is_empty()) {
            (true, _) => Outcome::Unsafe,
            (_, false) => Outcome::Unknown,
            _ => Outcome::Nothing,
        };
        self.plans.iter().map(PlanReview::outcome).chain([own]).max().unwrap_or(own)
    }
}

impl PlanReview {
    /// What it comes to.
    pub fn outcome(&self) -> Outcome {
        let worst = self.comparison.changes.iter().map(|c| c.weight).min();
        match (self.what, worst) {
            _ if self.flawed => Outcome::Unsafe,
            ("removed", _) | (_, Some(Weight::Risk)) => Outcome::Weaker,
            ("changed", Some(Weight::Wording)) => Outcome::Wording,
            ("changed", None) => Outcome::Nothing,
            _ => Outcome::Different,
        }
    }
}
