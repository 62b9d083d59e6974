//! A simulated run as a timeline: what ran, what was skipped and why, how it ended.

use crate::bytecode::{InstrId, Names, Program, Status, spoken};
use crate::drill::play::Played;
use crate::drill::steps::is_step;
use crate::run::{AnswerSource, Event, RunOutcome, StepOutcome};

/// A line of a timeline.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Line {
    /// Milliseconds since the start of the run.
    pub at_ms: u64,
    /// What happened: `ok`, `failed`, `skipped`.
    pub what: &'static str,
    /// The step; absent if it is about the run.
    pub step: Option<String>,
    /// Where it ran, or why it did not.
    pub text: String,
}

/// The timeline of a run.
pub fn tell(program: &Program, played: &Played) -> Vec<Line> {
    let names = Names::of(program);
    let start = played.records.first().map_or(0, |r| r.time.as_millisecond());
    let mut lines = Vec::new();
    for record in &played.records {
        let at_ms = u64::try_from(record.time.as_millisecond() - start).unwrap_or(0);
        if let Some((what, step, text)) = line(program, &names, played, &record.event) {
            let step = step.map(|id| names.instr(id));
            lines.push(Line { at_ms, what, step, text });
        }
    }
    lines
}

type Told = (&'static str, Option<InstrId>, String);

fn line(program: &Program, names: &Names<'_>, played: &Played, event: &Event) -> Option<Told> {
    match event {
        Event::StepEnded(ended) => {
            let what = match ended.outcome {
                StepOutcome::Ok => "ok",
                StepOutcome::AlreadySo => "already",
                StepOutcome::Failed => "failed",
                StepOutcome::Unknown => "unknown",
            };
            let host = program.code.get(ended.step.index()).and_then(|i| i.host);
            let place = host.map(|h| format!("on {}", names.machine(h)));
            let reason = Some(ended.reason.clone()).filter(|r| !r.is_empty());
            Some((what, Some(ended.step), place.into_iter().chain(reason).collect::<Vec<_>>().join(": ")))
        }
        Event::Answered { step, answer, by, .. } => {
            let who = if *by == AnswerSource::Command { "" } else { " (says the operator)" };
            Some(("answer", Some(*step), format!("{answer}{who}")))
        }
        Event::CancelRequested { by, .. } => Some(("cancel", None, format!("requested by {by}"))),
        Event::RunResumed { .. } => Some(("resumed", None, String::from("after the executor was lost"))),
        Event::Settled { step, status } => settled(program, names, played, *step, *status),
        Event::RunEnded(ended) => Some(match ended.outcome {
            RunOutcome::Completed => ("completed", None, String::new()),
            RunOutcome::Stopped => ("stopped", None, String::new()),
            RunOutcome::Cancelled => ("cancelled", None, String::new()),
        }),
        Event::RunStarted(_)
        | Event::StepStarted { .. }
        | Event::Told { .. }
        | Event::Asked { .. }
        | Event::Waived { .. }
        | Event::Connection { .. } => None,
    }
}

fn settled(program: &Program, names: &Names<'_>, played: &Played, step: InstrId, status: Status) -> Option<Told> {
    let instr = program.code.get(step.index()).filter(|i| is_step(&i.op))?;
    match status {
        Status::NotApplicable => {
            let condition = names.guards().get(instr.guard.index()).map_or("", String::as_str);
            Some(("skipped", Some(step), format!("only if {}", spoken(condition))))
        }
        Status::Blocked => {
            let why = cause(program, played, step).map(|c| format!("{} did not work", names.instr(c)));
            Some(("blocked", Some(step), why.unwrap_or_default()))
        }
        Status::Cancelled => Some(("cancelled", Some(step), String::new())),
        _ => None,
    }
}

/// The step whose failure keeps this one from running.
pub fn cause(program: &Program, played: &Played, step: InstrId) -> Option<InstrId> {
    let mut at = step;
    loop {
        let instr = program.code.get(at.index())?;
        let stopped = |id: &&InstrId| {
            let tolerated = program.code.get(id.index()).is_some_and(|i| i.flags.tolerated);
            played.status(**id).is_stopped(tolerated)
        };
        let next = *instr.needs.iter().find(stopped)?;
        match played.status(next) {
            Status::Failed | Status::Unknown | Status::Cancelled => return Some(next),
            // Indices fall, so that this ends.
            _ => at = next,
        }
    }
}
