//! The machines and cells of a random plan.

use super::Dice;
use crate::calculus::{Cell, CellId, CellKind, Machine, MachineId, Reach, mask_of};

pub(super) const MACHINES: u32 = 3;

/// Machines and cells, and what follows from a machine's going down.
pub(super) struct Estate {
    pub machines: Vec<Machine>,
    pub cells: Vec<Cell>,
}

impl Estate {
    /// Three machines, two to four cells.
    pub fn new(dice: &mut Dice) -> Estate {
        let reaches = [
            Reach::Exec { prefix: vec![String::from("on")] },
            Reach::Ssh { host: String::from("m1"), user: String::new() },
            if dice.percent(50) { Reach::Local } else { Reach::Exec { prefix: vec![String::from("at")] } },
        ];
        let machine = |(n, reach)| Machine { name: format!("m{n}"), site: None, reach, power: None };
        let machines = reaches.into_iter().enumerate().map(machine).collect();
        let mut estate = Estate { machines, cells: Vec::new() };
        if dice.percent(70) {
            estate.power(dice);
        }
        if dice.percent(80) {
            estate.place(dice);
        }
        if dice.percent(15) {
            let machine = MachineId(dice.below(MACHINES));
            estate.add(dice, "share", &["no", "yes"], CellKind::Shared { machine });
        }
        if estate.cells.len() < 2 || dice.percent(50) {
            let values = dice.of(&[&["normal", "prepared"][..], &["one", "two", "three"]]);
            estate.add(dice, "state", values, CellKind::State);
        }
        if estate.cells.len() < 2 {
            estate.add(dice, "other", &["zero", "one"], CellKind::State);
        }
        estate
    }

    fn power(&mut self, dice: &mut Dice) {
        let machine = dice.below(MACHINES);
        let cell = self.add(dice, "power", &["up", "down"], CellKind::Power { machine: MachineId(machine) });
        self.machines[machine as usize].power = Some(cell);
        self.cells[cell.index()].rests = 0b11;
        if dice.percent(60) {
            self.cells[cell.index()].initial = 0b01;
        }
    }

    fn place(&mut self, dice: &mut Dice) {
        let count = 2 + dice.below(2);
        let first = dice.below(MACHINES);
        let holders: Vec<MachineId> = (0..count).map(|n| MachineId((first + n) % MACHINES)).collect();
        let names: Vec<String> = holders.iter().map(|m| format!("m{}", m.0)).collect();
        let names: Vec<&str> = std::iter::once("nowhere").chain(names.iter().map(String::as_str)).collect();
        let kind =
            CellKind::Place { holders: std::iter::once(None).chain(holders.iter().copied().map(Some)).collect() };
        let of = self.add(dice, "thing", &names, kind);
        self.cells[of.index()].volatile = dice.percent(50);
        if dice.percent(30) {
            let machine = dice.of(&holders);
            let kind = CellKind::Configured { machine, of };
            let cell = self.add(dice, "configured", &["no", "yes"], kind);
            self.cells[cell.index()].rests = 0b11;
        }
    }

    /// A cell that mostly starts with one value, and rests in some.
    fn add(&mut self, dice: &mut Dice, name: &str, values: &[&str], kind: CellKind) -> CellId {
        let count = u32::try_from(values.len()).unwrap();
        let any = |dice: &mut Dice| 1 + u64::from(dice.below((1 << count) - 1));
        self.cells.push(Cell {
            name: String::from(name),
            values: values.iter().map(|v| String::from(*v)).collect(),
            volatile: matches!(kind, CellKind::Shared { .. }) && dice.percent(50),
            kind,
            rests: if dice.percent(50) { mask_of(values.len()) } else { any(dice) },
            initial: if dice.percent(75) { 1 << dice.below(count) } else { any(dice) },
        });
        CellId::at(self.cells.len() - 1)
    }
}
