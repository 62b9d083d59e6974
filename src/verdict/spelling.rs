//! How things are written in the plan's own text: parameters instead of what they stand for, names that are still free,
//! the indentation of a line.

use super::mend::holder;
use super::scene::Scene;
use crate::base::Span;
use crate::bytecode::InstrId;
use crate::calculus::{CellId, CellKind, MachineId};
use crate::resolve::Remedy;

impl<'a> Scene<'a> {
    /// A thing as the plan calls it: by the parameter that stands for it.
    pub fn spell(&self, thing: &str) -> String {
        let own = self.plan.arguments.iter().find(|(_, value)| value == thing);
        own.map_or_else(|| String::from(thing), |(name, _)| name.clone())
    }

    /// `power_off(primary)`
    pub fn call(&self, remedy: &Remedy) -> String {
        let argument = |(param, thing): &(Option<String>, String)| match param {
            Some(param) => format!("{param}: {}", self.spell(thing)),
            None => self.spell(thing),
        };
        let arguments: Vec<String> = remedy.arguments.iter().map(argument).collect();
        format!("{}({})", remedy.name, arguments.join(", "))
    }

    /// The nodes that are given to be up.
    pub fn up(&self) -> Vec<&'a str> {
        let all = (0..self.plan.machines.len()).map(MachineId::at);
        all.filter(|m| self.is_given_up(*m)).map(|m| self.machine(m)).collect()
    }

    /// Whether a machine is given to be up.
    pub fn is_given_up(&self, machine: MachineId) -> bool {
        let power = self.plan.machines.get(machine.index()).and_then(|m| m.power);
        power.is_some_and(|cell| self.cell(cell).initial == 1)
    }

    /// The machine that a value of a place stands for.
    pub fn machine_of(&self, cell: CellId, value: u8) -> Option<MachineId> {
        holder(&self.cell(cell).kind, value)
    }

    /// The names of some values of a cell.
    pub fn values(&self, cell: CellId, mask: u64) -> Vec<&'a str> {
        let named = self.cell(cell).values.iter().enumerate();
        named.filter(|(v, _)| *v < 64 && mask >> v & 1 == 1).map(|(_, name)| name.as_str()).collect()
    }

    /// The things that a cell is about: the thing itself, and the machines that its values stand for.
    pub fn things(&self, cell: CellId) -> Vec<&'a str> {
        let known = self.cell(cell);
        match &known.kind {
            CellKind::Shared { machine } => {
                let thing = known.name.split_once(" on ").map_or(known.name.as_str(), |(thing, _)| thing);
                vec![thing, self.machine(*machine)]
            }
            CellKind::State => vec![known.name.strip_suffix(" state").unwrap_or(&known.name)],
            CellKind::Place { holders } => {
                let machines = holders.iter().flatten().map(|m| self.machine(*m));
                std::iter::once(known.name.as_str()).chain(machines).collect()
            }
            CellKind::Power { machine } | CellKind::Configured { machine, .. } => vec![self.machine(*machine)],
        }
    }

    /// That a cell has one of these values, as it can be given.
    pub fn givable(&self, cell: CellId, mask: u64) -> String {
        let says = self.says(cell, mask);
        let thing = self.things(cell).into_iter().next().unwrap_or("");
        match (&self.cell(cell).kind, says.strip_prefix("not ")) {
            (CellKind::Shared { .. }, Some(_)) => format!("{thing} on nowhere"),
            (CellKind::Place { .. }, _) if says.ends_with(" nowhere") => format!("{thing} on nowhere"),
            _ => says,
        }
    }

    /// The conditions under which an instruction runs, its own and those of the blocks around it.
    pub fn conditions(&self, id: InstrId) -> Vec<&'a str> {
        let around = std::iter::successors(self.node(id), |n| self.dag.node(n.within?));
        around.flat_map(|n| n.conditions.iter().map(|c| c.text.as_str())).collect()
    }

    /// A name that no step has yet.
    pub fn fresh(&self, name: &str) -> String {
        let mut taken: Vec<&str> = Vec::new();
        self.plan.each_step(&mut |step| taken.push(&step.name));
        let numbered = (2..100).map(|n| format!("{name}{n}"));
        let free = std::iter::once(String::from(name)).chain(numbered).find(|n| !taken.contains(&n.as_str()));
        free.unwrap_or_else(|| String::from(name))
    }

    /// Whether a place is in a text of the author's own, and not in the standard library.
    pub fn is_ours(&self, at: Span) -> bool {
        self.sources.get(at.file).is_some_and(|s| !s.path.starts_with("std/"))
    }

    /// The white space before a place, if there is nothing else before it on its line.
    pub fn indent(&self, at: Span) -> Option<&'a str> {
        let text = self.sources.get(at.file)?.text.get(..at.end as usize)?;
        let line = text.rsplit('\n').next()?;
        line.trim().is_empty().then_some(line)
    }

    /// The end of the line that a place ends on, and the white space that the line begins with.
    pub fn line_end(&self, at: Span) -> Option<(Span, &'a str)> {
        let text = self.sources.get(at.file)?.text.as_str();
        let end = at.end as usize;
        let start = text.get(..end)?.rfind('\n').map_or(0, |i| i + 1);
        let stop = text.get(end..)?.find('\n').map_or(text.len(), |i| end + i);
        let line = text.get(start..stop)?;
        let indent = line.get(..line.len() - line.trim_start().len())?;
        Some((Span::new(at.file, stop, stop), indent))
    }

    /// Whether nothing but white space follows a place on its line.
    pub fn ends_line(&self, at: Span) -> bool {
        let text = self.sources.get(at.file).and_then(|s| s.text.get(at.end as usize..));
        text.and_then(|t| t.lines().next()).is_none_or(|rest| rest.trim().is_empty())
    }
}
