//! Duties that runs have left, until a plan or a person ends them.
//!
//! What is held follows from how the runs have ended, so it is as safe as their journals; only what people say about it is
//! kept beside them.

use super::store::{RunInfo, Store};
use super::who::who;
use crate::bytecode::{Duty, Program};
use crate::run::{Options, RunError, Waiver};
use jiff::Timestamp;
use serde::Serialize;

/// A duty that a run has left.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Held {
    /// Its id: the run's, a dot, a number.
    pub id: String,
    /// The run that has left it.
    pub run: String,
    /// Its plan.
    pub plan: String,
    /// Since when.
    pub since: Timestamp,
    /// What is to be kept how.
    #[serde(flatten)]
    pub duty: Duty,
}

impl Held {
    /// `the hold on pg1 of run 20261121-211403-9f3e (failover): keep it off the network`
    pub fn shown(&self) -> String {
        let about: Vec<&str> = self.duty.about().collect();
        let on = if about.is_empty() { String::new() } else { format!(" on {}", about.join(", ")) };
        format!("the hold{on} of run {} ({}): {}", self.run, self.plan, self.duty.text)
    }
}

impl Store {
    /// The duties that are open, those left first first.
    pub fn holds(&self) -> Result<Vec<Held>, RunError> {
        let released = self.released()?;
        let mut holds: Vec<Held> = Vec::new();
        for run in self.runs()?.into_iter().rev() {
            holds.retain(|held| !held.duty.is_ended_by(&run.ends) && !run.holds.contains(&held.duty));
            holds.extend(left_by(&run));
        }
        holds.retain(|held| !released.contains(&held.id));
        Ok(holds)
    }

    /// The duties that a run has left, each with what has ended it since, in words.
    pub fn left_by(&self, run: &str) -> Result<Vec<(Held, Option<String>)>, RunError> {
        let runs: Vec<RunInfo> = self.runs()?.into_iter().rev().collect();
        let Some(at) = runs.iter().position(|r| r.id == run) else { return Ok(Vec::new()) };
        let (earlier, later) = runs.split_at(at + 1);
        let over = |held: &Held| -> Result<Option<String>, RunError> {
            if let Some(word) = self.release_of(&held.id)? {
                return Ok(Some(format!("released by {word}")));
            }
            Ok(later.iter().find_map(|run| match () {
                () if held.duty.is_ended_by(&run.ends) => Some(format!("ended by run {} ({})", run.id, run.plan)),
                () if run.holds.contains(&held.duty) => Some(format!("left anew by run {} ({})", run.id, run.plan)),
                () => None,
            }))
        };
        let left = earlier.last().into_iter().flat_map(left_by);
        left.map(|held| over(&held).map(|over| (held, over))).collect()
    }

    /// The open duty with this id, or the only one of the run with this id. No less will do: it is about what must not be
    /// done by mistake.
    pub fn hold(&self, id: &str) -> Result<Held, RunError> {
        let holds = self.holds()?;
        if let Some(held) = holds.iter().find(|held| held.id == id) {
            return Ok(held.clone());
        }
        let mut fits = holds.iter().filter(|held| held.run == id);
        match (fits.next(), fits.next()) {
            (Some(held), None) => Ok(held.clone()),
            (Some(_), Some(_)) => Err(RunError::usage(format!("run {id} has left more than one hold"))
                .help("say which by its whole id, such as `…-9f3e.1`: `handover runs` lists them")),
            (None, _) if let Some(word) = self.release_of(id)? => {
                Err(RunError::usage(format!("the hold `{id}` was released already, by {word}")))
            }
            (None, _) => Err(RunError::usage(format!("there is no hold `{id}` in `{}`", self.folder().display()))
                .help(
                    "`handover runs` lists those that are open, with their whole ids; `--state DIR` looks elsewhere",
                )),
        }
    }

    /// Ends a duty by somebody's word.
    pub fn release(&self, id: &str, why: &str) -> Result<Held, RunError> {
        let held = self.hold(id)?;
        self.keep_release(&held.id, &Timestamp::now().to_string(), &who().user, why)?;
        Ok(held)
    }
}

fn left_by(run: &RunInfo) -> impl Iterator<Item = Held> {
    run.holds.iter().zip(1..).filter_map(|(duty, number)| {
        let id = format!("{}.{number}", run.id);
        Some(Held { id, run: run.id.clone(), plan: run.plan.clone(), since: run.ended?, duty: duty.clone() })
    })
}

/// Refuses a program that would break a duty, unless somebody goes on all the same: what they go on without.
pub(super) fn none_broken(
    store: &Store,
    program: &Program,
    options: &Options,
) -> Result<Vec<(Waiver, String)>, RunError> {
    let given: Vec<Held> = options.waive_holds.iter().map(|id| store.hold(id)).collect::<Result<_, _>>()?;
    let mut waived = Vec::new();
    for held in store.holds()? {
        let Some(step) = program.breaks(&held.duty) else { continue };
        if given.contains(&held) {
            waived.push((Waiver::Hold, held.shown()));
            continue;
        }
        let (shown, step) = (held.shown(), program.name_and_place(step));
        let about: Vec<&str> = held.duty.about().collect();
        return Err(RunError::stopped(format!("{step} would break {shown}")).help(format!(
            "a plan that deals with it says `ends hold on {}`; if it is over already: `handover release {id} --why …`; to go \
             on all the same: `--waive-hold {id} --why …`",
            about.join(", "),
            id = held.id
        )));
    }
    Ok(waived)
}
