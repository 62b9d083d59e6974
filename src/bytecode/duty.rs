//! Duties that outlive a run, by names, so that they can be held against any other program.

use crate::bytecode::{Instr, InstrId, Op, Program};
use crate::calculus::{CellKind, Change, Effect, Hold, MachineId};
use serde::{Deserialize, Serialize};

/// A duty that a run has left.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Duty {
    /// What must be kept so.
    pub text: String,
    /// The node that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The other things that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub things: Vec<String>,
    /// Their cells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<String>,
}

impl Duty {
    /// The names of all that it is about.
    pub fn about(&self) -> impl Iterator<Item = &str> {
        self.node.iter().chain(&self.things).map(String::as_str)
    }

    /// Whether it is over once the duties about these things are. One that is about nothing is for people to end.
    pub fn is_ended_by(&self, things: &[String]) -> bool {
        self.about().next().is_some() && self.about().all(|name| things.iter().any(|thing| thing == name))
    }
}

impl Program {
    /// The duties that this program leaves, in written order.
    pub fn duties(&self) -> impl Iterator<Item = Duty> {
        self.holds.iter().map(|hold| self.duty(hold))
    }

    fn duty(&self, hold: &Hold) -> Duty {
        let machine = |id: MachineId| self.machines.get(id.index()).map(|m| m.name.clone());
        let cells = hold.cells.iter().filter_map(|c| self.cells.get(c.index())).map(|c| c.name.clone());
        Duty {
            text: hold.text.clone(),
            node: hold.machine.and_then(machine),
            things: hold.things.clone(),
            cells: cells.collect(),
        }
    }

    /// The first instruction that would break a duty of another run; `None` if none would, if the program says that it ends
    /// it, or if it leaves the same duty itself.
    pub fn breaks(&self, duty: &Duty) -> Option<InstrId> {
        if duty.is_ended_by(&self.ends) || self.duties().any(|own| own == *duty) {
            return None;
        }
        self.code.iter().position(|instr| self.touches(instr, duty)).map(InstrId::at)
    }

    /// Whether a command of an instruction changes what a duty is about: it runs on the node, lets it have something or
    /// changes its power; or it changes one of the things. Reading changes nothing.
    pub fn touches(&self, instr: &Instr, duty: &Duty) -> bool {
        let is_node = |id: MachineId| {
            self.machines.get(id.index()).is_some_and(|m| duty.node.as_ref().is_some_and(|node| *node == m.name))
        };
        let there = instr.host.is_some_and(is_node) || instr.fences.iter().any(|m| is_node(*m));
        let effect = |effect: &Effect| {
            let Some(cell) = self.cells.get(effect.cell.index()) else { return false };
            let (Change::Set(to) | Change::Move { to, .. }) = effect.change;
            duty.cells.contains(&cell.name)
                || match &cell.kind {
                    CellKind::Place { holders } => holders.get(usize::from(to)).copied().flatten().is_some_and(is_node),
                    CellKind::Shared { machine } | CellKind::Power { machine } => is_node(*machine),
                    CellKind::Configured { machine, .. } => is_node(*machine),
                    CellKind::State => false,
                }
        };
        matches!(instr.op, Op::Run { .. }) && (there || instr.effects.iter().any(effect))
    }
}

#[cfg(test)]
mod tests {
    use super::Duty;
    use crate::bytecode::Program;
    use crate::bytecode::sample::sample;

    /// The program without what it says of duties itself.
    fn other(program: &Program) -> Program {
        Program { holds: Vec::new(), ends: Vec::new(), ..program.clone() }
    }

    #[test]
    fn a_duty_is_broken_by_whoever_touches_what_it_is_about() {
        let program = sample();
        let duty = program.duties().next().unwrap();
        assert_eq!((duty.node.as_deref(), duty.things.as_slice()), (Some("ec1"), &[String::from("ec_address")][..]));
        let broken = |p: &Program, duty: &Duty| p.breaks(duty).map(|id| p.code[id.index()].name.clone());
        assert_eq!(broken(&other(&program), &duty).as_deref(), Some("shut_down"), "it runs on ec1");
        assert_eq!(broken(&program, &duty), None, "the same duty stands on");
        let ends = vec![String::from("ec1")];
        let half = Program { ends: ends.clone(), ..other(&program) };
        assert!(broken(&half, &duty).is_some(), "the address is still to be minded");
        let whole = Program { ends: [ends, vec![String::from("ec_address")]].concat(), ..other(&program) };
        assert_eq!(broken(&whole, &duty), None);
        let elsewhere = Duty { node: Some(String::from("ec9")), things: vec![], cells: vec![], ..duty.clone() };
        assert_eq!(broken(&other(&program), &elsewhere), None);
        let thing = Duty { node: None, ..duty };
        assert!(broken(&other(&program), &thing).is_some(), "something changes the address");
        let told = Duty { things: vec![], cells: vec![], ..thing };
        assert!(!told.is_ended_by(&[]), "what is about nothing is ended by people");
        assert_eq!(broken(&other(&program), &told), None);
    }
}
