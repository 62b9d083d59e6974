//! How a run stands that has not ended: who works on it, or what is to be done about it.

use crate::bytecode::Op;
use crate::cli::waiting::{Waiting, open_questions, read};
use crate::os::control::{self, Presence};
use crate::os::{RunInfo, Store};
use crate::run::{Aftermath, Chronicle, Link, Machine, RunError, Who};
use serde::Serialize;
use std::sync::Arc;

/// How a run stands that has not ended.
#[derive(Default, Serialize)]
pub struct Standing {
    /// An executor works on it, and this user may talk to it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub alive: bool,
    /// Another executor, with a journal of its own, has taken it over.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub taken_over: bool,
    /// Its open questions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<Waiting>,
    /// What there is to know, and to do, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

impl Standing {
    /// How a run stands that has not ended.
    pub fn of(store: &Store, run: &RunInfo) -> Result<Standing, RunError> {
        let (program, records) = read(store, run)?;
        let chronicle = Chronicle::of(&records);
        let waits = open_questions(&program, &chronicle);
        let (since, by) = chronicle.sessions.last().cloned().unwrap_or_default();
        let who = shown(&by, since);
        if let Some(way) = chronicle.links.iter().rev().find(|way| way.state == Link::TakenOver) {
            let look = format!("look there: `{} handover show {}`", by.replica, run.id);
            return Ok(Standing { taken_over: true, remarks: vec![way.text.clone(), look], ..Standing::default() });
        }
        if !by.journal.is_empty() && by.journal != store.id() {
            let remarks = vec![format!("executed elsewhere, and this is the copy of its journal: {who}")];
            return Ok(Standing { waits, remarks, ..Standing::default() });
        }
        let presence = control::presence(store.folder(), &run.id);
        let asks = |how: &str| waits.iter().map(|w| format!("{how}: {}", w.shown())).collect::<Vec<_>>();
        let remarks = match presence {
            Presence::Here => asks("waits for an answer"),
            Presence::Hidden => {
                let unseen = format!("whether its executor lives is not for this user to see: {who}");
                [vec![unseen], asks("waits for an answer")].concat()
            }
            Presence::Gone => {
                let machine = Machine::replay(Arc::clone(&program), &records)
                    .map_err(|error| RunError::open(format!("the journal contradicts itself: {}", error.message)))?;
                let lost = vec![format!("its executor is lost: {who}")];
                let after = Aftermath::of(&machine, &chronicle).map(|after| after.go_on);
                let go_on = vec![format!("go on with it: `{}`", resume(after.unwrap_or_default(), &waits, &machine))];
                [lost, asks("had asked"), go_on].concat()
            }
        };
        Ok(Standing { alive: presence == Presence::Here, taken_over: false, waits, remarks })
    }
}

/// `mila on ctl1, process 77, since 2026-11-21 21:14:03 UTC`
fn shown(by: &Who, since: jiff::Timestamp) -> String {
    format!("{} on {}, process {}, since {}", by.user, by.host, by.pid, since.strftime("%Y-%m-%d %H:%M:%S UTC"))
}

/// What takes a run up again, with what it will want to know.
fn resume(mut command: String, waits: &[Waiting], machine: &Machine) -> String {
    for (id, _) in machine.running().filter(|(_, attempt)| !attempt.ended) {
        if let Some(instr) = machine.program().code.get(id.index())
            && matches!(instr.op, Op::Run { verify: None, .. })
            && !instr.flags.idempotent
        {
            command.push_str(&format!(" --settle {}=…", instr.name));
        }
    }
    // Whoever says what became of a step answers the question about that, too.
    let others = waits.iter().filter(|w| !command.contains(&format!(" --settle {}=…", w.step))).collect::<Vec<_>>();
    others.iter().for_each(|w| command.push_str(&format!(" --answer {}=…", w.step)));
    command
}
