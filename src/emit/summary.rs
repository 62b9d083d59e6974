//! What stands above and below the steps of a listing: what is decided, how it goes when everything works.

use crate::base::duration;
use crate::calculus::{AtomId, AtomSource};
use crate::emit::page::Page;
use crate::emit::proved::proved;
use crate::emit::runbook::against;
use crate::emit::words::{Words, some};
use crate::order::{NodeId, Schedule};
use crate::verdict::Verdict;
use std::collections::BTreeSet;

/// The head and the foot of a listing.
pub(super) struct Summary<'a> {
    pub(super) words: &'a Words<'a>,
    pub(super) page: &'a mut Page,
    pub(super) verdict: &'a Verdict,
}

impl Summary<'_> {
    /// What the plan is for and what has to be known.
    pub(super) fn head(&mut self) {
        let plan = self.words.outline.plan;
        let arguments: Vec<String> = plan.arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        self.page.hanging(0, 2, &format!("{}({})", plan.name, arguments.join(", ")));
        if !plan.title.is_empty() {
            self.page.line(0, &plan.title);
        }
        self.page.gap();
        let mut goal: Vec<String> = Vec::new();
        for (requirement, _) in &plan.goal {
            let text = self.words.requirement(requirement);
            if !goal.contains(&text) {
                goal.push(text);
            }
        }
        self.page.field("goal", &goal.join(", "));
        self.page.field("locks", &plan.locks.join(", "));
        self.page.field("rto", &plan.rto_ms.map_or_else(String::new, duration));
        self.decisions();
        for probe in plan.probes.iter().filter(|p| p.at_start && self.words.skipped.decision(p.atom).is_none()) {
            let question = plan.atoms.get(probe.atom.index()).map_or("", |a| a.question.as_str());
            let place = probe.host.map_or("the operator", |m| self.words.machine(m));
            self.page.field("read first", &format!("{}: {question}, asked on {place}", self.words.atom(probe.atom)));
        }
        self.page.gap();
    }

    /// What is decided, and what whoever starts the run has to decide.
    fn decisions(&mut self) {
        let atoms = || self.words.outline.plan.atoms.iter().enumerate().map(|(n, atom)| (AtomId::at(n), atom));
        let decision = |id| self.words.skipped.decision(id);
        let decided: Vec<String> = atoms()
            .filter_map(|(id, a)| Some(format!("{}: {}", a.name, self.words.answer(id, decision(id)?))))
            .collect();
        let open = atoms().filter(|(id, a)| a.source == AtomSource::Decision && decision(*id).is_none());
        let open: Vec<String> = open.map(|(_, a)| format!("{}: {}", a.name, a.options.join(" or "))).collect();
        decided.iter().for_each(|text| self.page.field("decided", text));
        open.iter().for_each(|text| self.page.field("to decide", text));
    }

    /// How the plan goes, and what is left when it is done.
    pub(super) fn foot(&mut self) {
        let plan = self.words.outline.plan;
        let schedule = Schedule::of(self.words.outline, self.words.dag, self.words.skipped);
        self.waves(&schedule);
        self.time(&schedule);
        proved(self.verdict, self.page);
        for (n, (cell, why, _)) in plan.accepted.iter().enumerate() {
            if plan.accepted.iter().take(n).any(|(c, w, _)| (c, w) == (cell, why)) {
                continue;
            }
            self.page.field("accepted", &format!("loss of {}: {why}", self.words.cell(*cell)));
        }
        let ends: BTreeSet<&str> = plan.ends.iter().map(|(name, _)| name.as_str()).collect();
        for name in ends {
            self.page.field("ends", &format!("what earlier plans have left to be minded about {name}"));
        }
        for hold in &plan.holds {
            let machine = hold.machine.map(|m| self.words.machine(m));
            let about: Vec<&str> = machine.into_iter().chain(hold.cells.iter().map(|c| self.words.cell(*c))).collect();
            let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
            self.page.field("afterwards", &format!("{}{about}", hold.text));
        }
    }

    fn waves(&mut self, schedule: &Schedule) {
        let side_by_side: Vec<&Vec<NodeId>> = schedule.waves.iter().filter(|w| w.len() > 1).collect();
        if side_by_side.is_empty() {
            return self.page.field("order", "one step after the other");
        }
        let text = format!("{} waves, of which these have several steps side by side:", schedule.waves.len());
        self.page.field("order", &text);
        for wave in side_by_side {
            let names: Vec<String> = wave.iter().map(|n| self.words.name(*n)).collect();
            self.page.hanging(11, 2, &some(&names));
        }
    }

    fn time(&mut self, schedule: &Schedule) {
        let (ms, unknown) = (schedule.critical_ms, schedule.unknown);
        if schedule.critical.is_empty() {
            let text = if unknown > 0 { "unknown: no step has a usual duration" } else { "none" };
            return self.page.field("time", text);
        }
        let unknown = match unknown {
            0 => String::new(),
            1 => String::from("; one step has no usual duration and counts as none"),
            n => format!("; {n} steps have no usual duration and count as none"),
        };
        let against = against(ms, self.words.outline.plan.rto_ms);
        self.page.field("time", &format!("usually {}{against}{unknown}", duration(ms)));
        let path: Vec<String> = schedule.critical.iter().map(|n| self.words.name(*n)).collect();
        self.page.hanging(11, 2, &format!("the longest way: {}", some(&path)));
    }
}
