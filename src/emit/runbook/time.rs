//! How long a plan takes: usually, and at most if every step takes all the time that it may.

use crate::base::duration;
use crate::emit::runbook::model::Time;
use crate::emit::words::Words;
use crate::model::{Act, Step};
use crate::order::{Dag, NodeId, Outline, Schedule, What, usual_ms};

/// The times of a plan of which some parts are skipped.
pub(super) fn time(words: &Words<'_>, schedule: &Schedule) -> Time {
    let plan = words.outline.plan;
    Time {
        usually: if schedule.critical.is_empty() { String::new() } else { duration(schedule.critical_ms) },
        unknown: match schedule.unknown {
            0 => String::new(),
            1 => String::from("one step has no usual duration and counts as none"),
            n => format!("{n} steps have no usual duration and count as none"),
        },
        at_most: at_most(words),
        promised: plan.rto_ms.map_or_else(String::new, duration),
        against: against(schedule.critical_ms, plan.rto_ms),
    }
}

/// How the usual time compares with what was promised: ` of the 6h promised`; empty if nothing was.
pub(in crate::emit) fn against(usual_ms: u64, promised_ms: Option<u64>) -> String {
    match promised_ms {
        Some(limit) if usual_ms > limit => format!(", longer than the {} promised", duration(limit)),
        Some(limit) => format!(" of the {} promised", duration(limit)),
        None => String::new(),
    }
}

/// Along the longest way, every attempt of every ladder made; empty if a command that may run has no limit. People who are
/// asked without a deadline are counted, not timed.
fn at_most(words: &Words<'_>) -> String {
    let mut reached: Vec<u64> = Vec::with_capacity(words.dag.node_count());
    let mut asked = 0;
    for (id, node) in words.dag.nodes() {
        let before = words.dag.before(id).filter_map(|(n, _)| reached.get(n.index()).copied()).max().unwrap_or(0);
        let own = match node.what {
            What::Step(key) if !words.skipped.contains(id) => words.outline.step(key).and_then(|step| {
                let open = matches!(&step.act, Act::Ask { gate, .. } if gate.within_ms.is_none());
                asked += usize::from(open);
                if open { Some(0) } else { limit_ms(step) }
            }),
            What::Probe(index) => words.outline.plan.probes.get(index).and_then(|p| p.command.within_ms),
            _ => Some(0),
        };
        let Some(own) = own else { return String::new() };
        reached.push(before.saturating_add(own));
    }
    let all = duration(reached.last().copied().unwrap_or(0));
    match asked {
        0 => all,
        1 => format!("{all}, and as long as one question is open"),
        n => format!("{all}, and as long as {n} questions are open"),
    }
}

/// The time after which a step has ended, whatever becomes of it.
fn limit_ms(step: &Step) -> Option<u64> {
    match &step.act {
        Act::Run { command, retries, every_ms, .. } => {
            let retries = u64::from(*retries);
            let tries = command.within_ms?.saturating_mul(retries + 1);
            Some(tries.saturating_add(every_ms.saturating_mul(retries)))
        }
        Act::Wait { command, .. } | Act::Probe { command, .. } => command.within_ms,
        Act::Ask { gate, .. } => gate.within_ms,
        Act::Delay { ms } => Some(*ms),
        Act::Tell { .. } | Act::Assume { .. } => Some(0),
    }
}

/// For each node what the page needs to find the longest way: its usual time, and what it follows, latest first.
pub(super) fn ways(outline: &Outline<'_>, dag: &Dag) -> Vec<(NodeId, u64, Vec<u32>)> {
    let own = |what: &What| match what {
        What::Step(key) => outline.step(*key).and_then(usual_ms).unwrap_or(0),
        _ => 0,
    };
    dag.nodes().map(|(id, node)| (id, own(&node.what), dag.before(id).map(|(n, _)| n.0).collect())).collect()
}
