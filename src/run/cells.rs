//! What the state of the world may be by now: for each cell the set of values that it can have.
//!
//! A step that is `ok` leaves the image of its effect; a command that failed leaves the old values or the new ones; one
//! whose outcome is unknown may in addition still land, any number of times, until its machine is fenced, and so may an
//! attempt of it that was given up before, by this executor or an earlier one. What else failed, or did not run, changes
//! nothing.

use crate::bytecode::{Instr, InstrId, Op, Program, Status};
use crate::calculus::{AtomId, CellId, Change, MachineId};
use crate::run::Open;
use std::collections::BTreeMap;

/// The possible values of all cells, and what is still in flight.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cells {
    masks: Vec<u64>,
    touched: Vec<bool>,
    landing: BTreeMap<CellId, Vec<(Option<MachineId>, Change)>>,
    in_flight: Vec<(InstrId, Option<MachineId>)>,
}

impl Cells {
    /// As the plan takes them for given.
    pub fn new(program: &Program) -> Cells {
        Cells {
            masks: program.cells.iter().map(|c| c.initial).collect(),
            touched: vec![false; program.cells.len()],
            landing: BTreeMap::new(),
            in_flight: Vec::new(),
        }
    }

    /// The values that the cell may have, as a mask.
    pub fn mask(&self, cell: CellId) -> u64 {
        self.masks.get(cell.index()).copied().unwrap_or(0)
    }

    /// Steps that may still have an effect.
    pub fn in_flight(&self) -> impl Iterator<Item = InstrId> {
        self.in_flight.iter().map(|(step, _)| *step)
    }

    /// A probe said yes: what that proves holds now.
    pub fn learn(&mut self, program: &Program, atom: AtomId) {
        for fact in program.atoms.get(atom.index()).map_or(&[][..], |a| &a.yes_means) {
            // An answer that contradicts what the plan takes for given is believed: it is a reading.
            let mask = match self.mask(fact.cell) & fact.allowed {
                0 => fact.allowed,
                both => both,
            };
            self.set(fact.cell, mask);
        }
    }

    /// An instruction has this final status.
    pub fn settle(&mut self, id: InstrId, instr: &Instr, status: Status) {
        match status {
            Status::Ok => self.fence(&instr.fences),
            Status::Unknown => {
                self.in_flight.push((id, instr.host));
                self.give_up(instr);
            }
            Status::Failed if matches!(instr.op, Op::Run { .. }) => {}
            _ => return,
        }
        for effect in &instr.effects {
            let before = self.mask(effect.cell);
            let image = effect.change.image(before);
            self.set(effect.cell, if status == Status::Ok { image } else { before | image });
            if let Some(touched) = self.touched.get_mut(effect.cell.index()) {
                *touched = true;
            }
        }
    }

    /// An attempt of the step may go on unseen, whatever comes of the step.
    pub fn give_up(&mut self, instr: &Instr) {
        for effect in instr.effects.iter().filter(|_| instr.flags.lingers) {
            self.landing.entry(effect.cell).or_default().push((instr.host, effect.change));
            self.set(effect.cell, self.mask(effect.cell));
        }
    }

    /// The things that the run has touched and that may not be at rest.
    pub fn open(&self, program: &Program) -> impl Iterator<Item = Open> {
        program.cells.iter().zip(self.masks.iter().zip(&self.touched)).filter_map(|(cell, (&mask, &touched))| {
            let names = |mask: u64| {
                let named = cell.values.iter().take(64).enumerate();
                named.filter(|(v, _)| mask >> v & 1 == 1).map(|(_, name)| name.clone()).collect()
            };
            let open = touched && mask & cell.all() & !cell.rests != 0;
            open.then(|| Open::Thing { name: cell.name.clone(), may_be: names(mask), rests: names(cell.rests) })
        })
    }

    /// These machines can do nothing any more.
    fn fence(&mut self, machines: &[MachineId]) {
        if machines.is_empty() {
            return;
        }
        let alive = |machine: &Option<MachineId>| !machine.is_some_and(|m| machines.contains(&m));
        self.in_flight.retain(|(_, machine)| alive(machine));
        self.landing.values_mut().for_each(|l| l.retain(|(machine, _)| alive(machine)));
    }

    fn set(&mut self, cell: CellId, mask: u64) {
        let landing = self.landing.get(&cell).map_or(&[][..], Vec::as_slice);
        let mut closed = mask;
        loop {
            let landed = landing.iter().fold(closed, |m, (_, change)| m | change.image(m));
            if landed == closed {
                break;
            }
            closed = landed;
        }
        if let Some(slot) = self.masks.get_mut(cell.index()) {
            *slot = closed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cells;
    use crate::bytecode::sample::{Builder, run};
    use crate::bytecode::{InstrId, Op, Status};
    use crate::calculus::{CellId, CellKind, Change, Effect, Flags, MachineId, Reach, Template};

    const CELL: CellId = CellId(0);

    /// A cell that starts as `zero`, and the steps `one`, which makes it so and lingers, and `two`, which asks.
    fn program() -> Builder {
        let mut b = Builder::new("p");
        b.machine("m", Reach::Ssh { host: "m".into(), user: String::new() });
        b.cell("c", &["zero", "one", "two"], CellKind::State);
        b.0.cells[0].initial = 0b001;
        let effect = |value| vec![Effect { cell: CELL, change: Change::Set(value), exclusive: false }];
        let one = b.instr("one", run("one"), &[]);
        one.host = Some(MachineId(0));
        one.effects = effect(1);
        one.flags = Flags { lingers: true, ..Flags::default() };
        let question = Template::text("two?");
        b.instr("two", Op::Ask { question, answers: Vec::new(), atom: None, gate: Default::default() }, &[]).effects =
            effect(2);
        b
    }

    #[test]
    fn an_attempt_that_was_given_up_may_land_after_another_has_worked() {
        let program = program().0;
        let [one, two] = [&program.code[0], &program.code[1]];
        let mut cells = Cells::new(&program);
        cells.give_up(one);
        assert_eq!(cells.mask(CELL), 0b011);
        cells.settle(InstrId(0), one, Status::Ok);
        assert_eq!(cells.mask(CELL), 0b010);
        cells.settle(InstrId(1), two, Status::Ok);
        assert_eq!(cells.mask(CELL), 0b110);
        assert_eq!(cells.in_flight().count(), 0, "what has become of the step is known");
    }

    #[test]
    fn what_does_not_linger_does_not_land_late() {
        let mut program = program().0;
        program.code[0].flags.lingers = false;
        let [one, two] = [&program.code[0], &program.code[1]];
        let mut cells = Cells::new(&program);
        cells.settle(InstrId(0), one, Status::Unknown);
        assert_eq!((cells.mask(CELL), cells.in_flight().collect()), (0b011, vec![InstrId(0)]));
        cells.settle(InstrId(1), two, Status::Ok);
        assert_eq!(cells.mask(CELL), 0b100);
    }

    #[test]
    fn a_question_that_is_answered_no_changes_nothing() {
        let mut program = program().0;
        program.cells[0].rests = 0b010;
        let mut cells = Cells::new(&program);
        cells.settle(InstrId(1), &program.code[1], Status::Failed);
        assert_eq!(cells.mask(CELL), 0b001);
        assert_eq!(cells.open(&program).count(), 0, "and leaves nothing open");
    }
}
