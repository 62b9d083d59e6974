//! A scene for small plans: a service that can be on `a` or on `b`, a cluster that must not be left prepared, and
//! whether `a` is up.

use crate::bytecode::sample::{Builder, command, ids, run, strings};
use crate::bytecode::{Guard, GuardId, Instr, InstrId, Op, Program, disassemble};
use crate::calculus::{
    Answer, AtomId, AtomSource, CellId, CellKind, Change, Effect, Gate, Hold, MachineId, Reach, Requirement, Template,
};
use crate::semantics::{Violation, explore};
use crate::verify::{Verified, verify};

/// The service: nowhere, on `a`, on `b`. At the start on `a`.
pub const SERVICE: u32 = 0;
/// The cluster: normal or prepared. Rests normal, and is so at the start.
pub const CLUSTER: u32 = 1;
/// Machine `a`: up or down. At the start it is up.
pub const POWER: u32 = 2;
pub const A: u32 = 0;
pub const B: u32 = 1;

/// A plan under construction. Each line follows the one before it unless it says otherwise.
pub struct Scene(pub Builder);

impl Scene {
    pub fn new() -> Scene {
        let mut b = Builder::new("scene");
        for name in ["a", "b"] {
            b.machine(name, Reach::Exec { prefix: strings(&["on", name]) });
        }
        let holders = vec![None, Some(MachineId(0)), Some(MachineId(1))];
        b.cell("service", &["nowhere", "a", "b"], CellKind::Place { holders });
        b.cell("cluster", &["normal", "prepared"], CellKind::State);
        b.cell("power", &["up", "down"], CellKind::Power { machine: MachineId(0) });
        b.0.cells[0].initial = 0b010;
        (b.0.cells[1].initial, b.0.cells[1].rests) = (0b01, 0b01);
        b.0.cells[2].initial = 0b01;
        b.0.machines[0].power = Some(CellId(POWER));
        b.instr("plan", Op::Enter, &[]);
        Scene(b)
    }

    /// The values that a cell may have at the start.
    pub fn given(&mut self, cell: u32, values: u64) {
        self.0.0.cells[cell as usize].initial = values;
    }

    /// Somebody is told to mind a machine, or a thing.
    pub fn hold(&mut self, machine: Option<u32>, cells: &[u32]) {
        let cells = cells.iter().map(|c| CellId(*c)).collect();
        self.0.0.holds.push(Hold {
            text: "mind it".into(),
            machine: machine.map(MachineId),
            things: Vec::new(),
            cells,
        });
    }

    pub fn goal(&mut self, cell: u32, values: u64) {
        self.0.0.goal.push(Requirement { cell: CellId(cell), allowed: values });
    }

    /// A question for whoever starts the run; gives its atom.
    pub fn decision(&mut self, name: &str) -> u32 {
        self.0.atom(name, &["no", "yes"], AtomSource::Decision).0
    }

    /// The number of the next line.
    pub fn here(&self) -> u32 {
        u32::try_from(self.0.0.code.len()).unwrap()
    }

    pub fn line(&mut self, name: &str, op: Op) -> Line<'_> {
        let before: Vec<u32> = self.here().checked_sub(1).into_iter().collect();
        Line(self.0.instr(name, op, &before))
    }

    pub fn run(&mut self, name: &str) -> Line<'_> {
        self.line(name, run(name))
    }

    /// A probe: a yes means that the cell has one of these values.
    pub fn probe(&mut self, name: &str, cell: u32, means: u64) -> Line<'_> {
        let atom = self.0.atom(name, &["no", "yes"], AtomSource::Probe);
        self.0.0.atoms[atom.index()].yes_means = vec![Requirement { cell: CellId(cell), allowed: means }];
        self.line(name, Op::Probe { atom, command: command(name) })
    }

    /// A question with yes and no as answers.
    pub fn ask(&mut self, name: &str) -> Line<'_> {
        self.line(
            name,
            Op::Ask { question: Template::text(name), answers: Vec::new(), atom: None, gate: Gate::default() },
        )
    }

    /// A question with labelled answers; those that begin with `!` stop.
    pub fn choose(&mut self, name: &str, labels: &[&str]) -> Line<'_> {
        let names: Vec<&str> = labels.iter().map(|l| l.trim_start_matches('!')).collect();
        let atom = self.0.atom(name, &names, AtomSource::Answer);
        let answer = |l: &&str| Answer {
            name: l.trim_start_matches('!').into(),
            label: String::new(),
            stops: l.starts_with('!'),
        };
        let answers = labels.iter().map(answer).collect();
        self.line(name, Op::Ask { question: Template::text(name), answers, atom: Some(atom), gate: Gate::default() })
    }

    pub fn is(&mut self, atom: u32, option: u8) -> GuardId {
        self.0.guard(Guard::Is { atom: AtomId(atom), option })
    }

    pub fn ok(&mut self, line: u32) -> GuardId {
        self.0.guard(Guard::Ok(InstrId(line)))
    }

    pub fn not(&mut self, guard: GuardId) -> GuardId {
        self.0.guard(Guard::Not(guard))
    }

    /// The program, with an end that follows the last line.
    pub fn verified(mut self) -> Verified {
        self.line("end", Op::End);
        verify(self.0.0).unwrap_or_else(|found| panic!("{found:?}"))
    }

    /// What can go wrong is this, and nothing else.
    #[track_caller]
    pub fn comes_to(self, expected: &[&str]) {
        let program = self.verified();
        let found = explore(&program, 100_000).expect("the plan is small");
        let found: Vec<String> = found.iter().map(|v| in_words(&program, v)).collect();
        assert_eq!(found, expected, "\n{}", disassemble(&program));
    }
}

/// `claim: service held twice`.
pub fn in_words(program: &Program, violation: &Violation) -> String {
    let step = |id: InstrId| program.code[id.index()].name.as_str();
    let cell = |id: CellId| program.cells[id.index()].name.as_str();
    match *violation {
        Violation::HeldTwice { step: s, cell: c } => format!("{}: {} held twice", step(s), cell(c)),
        Violation::LandsLate { step: s, cell: c } => format!("{}: {} lands late", step(s), cell(c)),
        Violation::NotSo { step: s, cell: c } => format!("{}: {} not so", step(s), cell(c)),
        Violation::GoalMissed { cell: c } => format!("goal missed: {}", cell(c)),
        Violation::LeftOpen { cell: c } => format!("left open: {}", cell(c)),
        Violation::ComesBack { cell: c } => format!("comes back: {}", cell(c)),
    }
}

/// A line of a plan, with what is said of it.
pub struct Line<'a>(pub &'a mut Instr);

impl Line<'_> {
    pub fn on(self, machine: u32) -> Self {
        self.0.host = Some(MachineId(machine));
        self
    }

    fn effect(self, cell: u32, change: Change, exclusive: bool) -> Self {
        self.0.effects.push(Effect { cell: CellId(cell), change, exclusive });
        self
    }

    pub fn sets(self, cell: u32, value: u8) -> Self {
        self.effect(cell, Change::Set(value), false)
    }

    /// Takes the service to this machine.
    pub fn acquires(self, value: u8) -> Self {
        self.effect(SERVICE, Change::Set(value), true)
    }

    pub fn releases(self, value: u8) -> Self {
        self.moves(value, 0)
    }

    pub fn moves(self, from: u8, to: u8) -> Self {
        self.effect(SERVICE, Change::Move { from, to }, false)
    }

    /// Makes an end of `a`.
    pub fn fences_a(self) -> Self {
        self.0.fences.push(MachineId(A));
        self.sets(POWER, 1).releases(1)
    }

    pub fn needs_that(self, cell: u32, allowed: u64) -> Self {
        self.0.requires.push(Requirement { cell: CellId(cell), allowed });
        self
    }

    pub fn when(self, guard: GuardId) -> Self {
        self.0.guard = guard;
        self
    }

    pub fn needing(self, lines: &[u32]) -> Self {
        self.0.needs = ids(lines);
        self
    }

    pub fn waiting_for(self, lines: &[u32]) -> Self {
        self.0.waits = ids(lines);
        self
    }

    pub fn if_possible(self) -> Self {
        self.0.flags.tolerated = true;
        self
    }

    pub fn lingering(self) -> Self {
        self.0.flags.lingers = true;
        self
    }

    pub fn idempotent(self) -> Self {
        self.0.flags.idempotent = true;
        self
    }

    pub fn in_finally(self) -> Self {
        self.0.flags.finally = true;
        self
    }
}
