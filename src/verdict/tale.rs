//! The story of a violation, told: the run that shows it is made again, move by move, and what matters of it is put into
//! words. What matters is what touches the cell in question, what the proof had to choose (answers, failures, a
//! cancellation), and what would have helped if it had not been skipped.

use super::scene::Scene;
use super::skipping::Skipping;
use crate::base::{Diagnostic, Span, TraceLine};
use crate::bytecode::{GuardId, Instr, InstrId, Op, Status};
use crate::calculus::{AtomSource, CellId, CellKind, Effect};
use crate::prove::{Found, Proof, Turn, story};
use crate::semantics::{Move, State, Violation};
use std::collections::HashSet;

/// Lines that are told; of a longer story the middle is left out.
const LINES: usize = 20;
/// Places that are quoted beside the main one.
const PLACES: usize = 5;

/// A story in words.
pub(super) struct Tale {
    lines: Vec<Line>,
    /// The cell that it is about.
    pub cell: CellId,
    /// The value of the cell when it goes wrong.
    pub value: u8,
    /// The steps that were skipped though they would have helped, with what skipped them.
    pub skipped: Vec<InstrId>,
    /// The steps that failed or timed out, in order.
    pub failed: Vec<InstrId>,
    /// The operator cancels.
    pub cancelled: bool,
    /// Nothing that happens changes the cell.
    pub untouched: bool,
    /// The steps whose command takes effect after it was given up.
    pub late: Vec<InstrId>,
    /// What else must not be and is, before.
    before: Vec<Violation>,
    /// It is about the end of the plan.
    ends: bool,
}

/// A line of it.
struct Line {
    step: Option<InstrId>,
    text: String,
    after: Option<u8>,
    /// The place to be quoted.
    span: Option<Span>,
}

/// The cell whose values the story of a violation follows.
fn cell_of(scene: &Scene<'_>, violation: Violation) -> CellId {
    let told = |cell: CellId| match scene.cell(cell).kind {
        CellKind::Configured { of, .. } => of,
        _ => cell,
    };
    match violation {
        Violation::ComesBack { cell } | Violation::NotSo { cell, .. } => told(cell),
        Violation::HeldTwice { cell, .. }
        | Violation::LandsLate { cell, .. }
        | Violation::GoalMissed { cell }
        | Violation::LeftOpen { cell } => cell,
    }
}

impl Tale {
    /// The story of a violation; why there is none if the proof and the definition disagree.
    pub fn of(scene: &Scene<'_>, found: &Found) -> Result<Tale, String> {
        let story = story(scene.program, found)?;
        let mut teller = Teller::new(scene, found, story.start);
        teller.begin();
        for made in &story.moves {
            if teller.happens(made)? {
                return Ok(teller.tale);
            }
        }
        teller.end();
        Ok(teller.tale)
    }

    /// Whether the plan ends badly in a story in which a step ran without what it needs, which is a finding of its own.
    pub fn follows(&self, proof: &Proof) -> bool {
        let needs = |v: &&Violation| matches!(v, Violation::NotSo { .. });
        self.ends && self.before.iter().filter(needs).any(|v| proof.found.iter().any(|f| f.violation == *v))
    }

    /// Adds the story to a finding: its lines, and the places at which they happen.
    pub fn onto(&self, scene: &Scene<'_>, mut diagnostic: Diagnostic) -> Diagnostic {
        let quoted = self.quoted();
        for (number, line) in (1..).zip(&self.lines) {
            let Some(span) = line.span else { continue };
            let text = format!("{number}. {}", line.text);
            match diagnostic.labels.iter_mut().find(|l| l.span == span) {
                // What the finding says of a place comes after what happens there; of a step that happens twice the last.
                Some(label) if label.text.is_empty() || label.text.starts_with(|c: char| c.is_ascii_digit()) => {
                    label.text = text;
                }
                Some(label) => label.text = format!("{text}; {}", label.text),
                None if quoted.contains(&span) => diagnostic = diagnostic.label(span, text),
                None => {}
            }
        }
        diagnostic.trace = self.trace(scene);
        diagnostic
    }

    /// The places to be quoted: that of the beginning, and those of the end.
    fn quoted(&self) -> Vec<Span> {
        let mut places: Vec<Span> = Vec::new();
        let start = self.lines.first().and_then(|l| l.span);
        for span in start.into_iter().chain(self.lines.iter().rev().filter_map(|l| l.span)) {
            if places.len() < PLACES && !places.contains(&span) {
                places.push(span);
            }
        }
        places
    }

    fn trace(&self, scene: &Scene<'_>) -> Vec<TraceLine> {
        let name = &scene.cell(self.cell).name;
        let line = |(number, line): (usize, &Line)| TraceLine {
            number,
            step: line.step.map_or_else(String::new, |s| String::from(scene.name(s))),
            place: line.step.map_or_else(String::new, |s| String::from(scene.place(s))),
            text: line.text.clone(),
            after: line.after.map_or_else(String::new, |v| format!("{name}: {}", scene.value(self.cell, v))),
        };
        let cut = self.lines.len().saturating_sub(LINES);
        let (before, after) = (LINES / 2, LINES / 2 + cut);
        let kept = (1..).zip(&self.lines).filter(|(n, _)| cut == 0 || *n <= before || *n > after);
        kept.map(line).collect()
    }
}

/// Makes the moves of a story and notes what matters.
struct Teller<'a> {
    scene: &'a Scene<'a>,
    found: &'a Found,
    /// The values of the cell with which nothing would be wrong.
    fine: u64,
    state: State,
    /// What the proof had to choose.
    chosen: HashSet<InstrId>,
    skipping: Skipping<'a>,
    tale: Tale,
}

impl<'a> Teller<'a> {
    fn new(scene: &'a Scene<'a>, found: &'a Found, start: State) -> Teller<'a> {
        let chosen = found.story.iter().filter_map(|turn| match turn {
            Turn::Worked(step, _) | Turn::Answered(step, _, _) => Some(*step),
            _ => None,
        });
        let cell = cell_of(scene, found.violation);
        let value = start.value(cell);
        Teller {
            scene,
            found,
            fine: fine(scene, found.violation),
            chosen: chosen.collect(),
            skipping: Skipping { scene },
            tale: Tale {
                lines: Vec::new(),
                cell,
                value,
                skipped: Vec::new(),
                failed: Vec::new(),
                cancelled: false,
                untouched: true,
                late: Vec::new(),
                before: Vec::new(),
                ends: matches!(found.violation, Violation::GoalMissed { .. } | Violation::LeftOpen { .. }),
            },
            state: start,
        }
    }

    fn line(&mut self, step: Option<InstrId>, text: impl Into<String>, after: bool, span: Option<Span>) {
        let after = after.then(|| self.state.value(self.tale.cell));
        self.tale.lines.push(Line { step, text: text.into(), after, span });
    }

    /// What is so at the start: the cell, and what was decided.
    fn begin(&mut self) {
        let cell = self.tale.cell;
        let given = self.scene.givens(cell).next();
        let says = self.scene.says(cell, 1 << (self.tale.value & 63));
        let text = match given {
            Some(_) => format!("at the start `{says}`"),
            None => format!("at the start `{says}`, for all that is given"),
        };
        self.line(None, text, true, given);
        let decided: HashSet<_> = (self.found.story.iter())
            .filter_map(|t| match t {
                Turn::Decided(atom, _) | Turn::DecidedOtherwise(atom, _) => Some(*atom),
                _ => None,
            })
            .collect();
        for (index, atom) in self.scene.plan.atoms.iter().enumerate() {
            let chosen = atom.source == AtomSource::Decision && decided.iter().any(|a| a.index() == index);
            let option = self.state.answers.get(index).copied().flatten();
            if let (true, Some(word)) = (chosen, option.and_then(|o| atom.options.get(usize::from(o)))) {
                let text = format!("`{}` is decided: {word}", atom.name);
                self.line(None, text, false, None);
            }
        }
    }

    /// Makes a move; whether it shows the violation.
    fn happens(&mut self, made: &Move) -> Result<bool, String> {
        let before = self.state.value(self.tale.cell);
        let seen = self.state.apply(self.scene.program, made).map_err(|e| e.why)?;
        let violated = seen.contains(&self.found.violation);
        self.tale.before.extend(seen.into_iter().filter(|v| *v != self.found.violation));
        self.tale.untouched &= self.state.value(self.tale.cell) == before;
        match made {
            Move::Settle(id) => self.settles(*id, violated),
            Move::Start(step) if violated => {
                let text = self.wrong(*step);
                self.line(Some(*step), text, true, Some(self.scene.deed(*step)));
            }
            Move::Start(_) => {}
            Move::End { step, outcome, lingers, answer, .. } => {
                self.ends(*step, *outcome, *lingers, *answer, before);
            }
            Move::Land { step, .. } => {
                self.tale.late.push(*step);
                let text = "the command that was given up takes effect now";
                self.line(Some(*step), text, true, Some(self.scene.deed(*step)));
            }
            Move::Cancel => {
                self.tale.cancelled = true;
                self.line(None, "the operator cancels", false, None);
            }
        }
        if violated {
            self.tale.value = if matches!(made, Move::Land { .. }) { before } else { self.state.value(self.tale.cell) };
        }
        Ok(violated)
    }

    /// What goes wrong as an instruction begins.
    fn wrong(&self, step: InstrId) -> String {
        let scene = self.scene;
        let cell = match self.found.violation {
            Violation::NotSo { cell, .. } => cell,
            _ => self.tale.cell,
        };
        let now = scene.says(cell, 1 << (self.state.value(cell) & 63));
        match self.found.violation {
            Violation::HeldTwice { .. } => {
                let to = effect(scene.instr(step), cell).map_or(0, |e| e.change.apply(0));
                format!("brings it to `{}` while `{now}`", scene.value(cell, to))
            }
            _ => format!("needs `{}`, but `{now}`", scene.says(cell, scene.required(step, cell))),
        }
    }

    fn settles(&mut self, id: InstrId, violated: bool) {
        let Some(instr) = self.scene.instr(id) else { return };
        let touched = effect(Some(instr), self.tale.cell);
        match self.state.status(id) {
            _ if violated => {
                let text = self.wrong(id);
                self.line(Some(id), text, true, Some(self.scene.deed(id)));
            }
            Status::Ok if touched.is_some() => {
                if let Op::Assume { why } = &instr.op {
                    let text = format!("is taken for granted: {why}");
                    self.line(Some(id), text, true, Some(self.scene.deed(id)));
                }
            }
            Status::NotApplicable | Status::Blocked | Status::Cancelled if self.would_help(instr) => {
                self.tale.skipped.push(id);
                let (text, span) = self.skipping.why(&self.state, id);
                self.line(Some(id), text, true, span.or(Some(self.scene.deed(id))));
            }
            _ => {}
        }
    }

    /// Whether an instruction that did not run would have made things fine, or killed what is in flight.
    fn would_help(&self, instr: &Instr) -> bool {
        let now = self.state.value(self.tale.cell);
        let mends = effect(Some(instr), self.tale.cell).is_some_and(|e| {
            let after = e.change.apply(now);
            after != now && self.fine >> (after & 63) & 1 == 1 && self.fine >> (now & 63) & 1 == 0
        });
        let kills = match self.found.violation {
            Violation::LandsLate { step, .. } => {
                self.scene.instr(step).and_then(|i| i.host).is_some_and(|h| instr.fences.contains(&h))
            }
            _ => false,
        };
        mends || kills
    }

    fn ends(&mut self, step: InstrId, outcome: Status, lingers: bool, answer: Option<u8>, before: u8) {
        let Some(instr) = self.scene.instr(step) else { return };
        let touches = effect(Some(instr), self.tale.cell).is_some();
        let changed = self.state.value(self.tale.cell) != before;
        let fails = outcome != Status::Ok;
        if fails {
            self.tale.failed.push(step);
        }
        // A question that is asked only if something has happened before, and whose yes lets the plan go on all the same.
        let lets_pass = matches!(instr.op, Op::Ask { .. }) && instr.guard != GuardId::ALWAYS;
        let chosen = matches!(instr.op, Op::Probe { .. } | Op::Ask { .. }) && self.chosen.contains(&step);
        let answers = chosen || lets_pass;
        if !touches && !answers && !fails {
            return;
        }
        let mut text = match (&instr.op, outcome, answer) {
            (Op::Run { .. }, Status::Unknown, _) => String::from("times out; nobody knows whether it is done"),
            (Op::Run { .. }, Status::Failed, _) if changed => String::from("fails, but not before this had happened"),
            (Op::Run { .. }, Status::Ok, _) if lingers => {
                String::from("works; an attempt that was given up before may still be under way")
            }
            (Op::Wait { .. }, Status::Failed, _) => String::from("waits in vain"),
            (Op::Probe { .. }, _, Some(1)) => String::from("says yes"),
            (Op::Probe { .. }, _, _) => String::from("says no"),
            (Op::Ask { answers, .. }, _, Some(option)) => {
                let label = answers.get(usize::from(option)).map_or("?", |a| &a.name);
                format!("the operator answers `{label}`{}", if fails { ", which ends the plan" } else { "" })
            }
            (Op::Ask { answers, .. }, Status::Failed, None) if !answers.is_empty() => String::from("nobody answers"),
            (Op::Ask { .. }, Status::Failed, _) => String::from("the operator says no"),
            (Op::Ask { .. }, _, _) if lets_pass && !instr.title.is_empty() => {
                format!("the operator says yes (\"{}\")", instr.title)
            }
            (Op::Ask { .. }, _, _) => String::from("the operator says yes"),
            (_, Status::Ok, _) => String::from("works"),
            _ => String::from("fails"),
        };
        if fails && instr.flags.tolerated {
            text.push_str(" (`if possible`: the plan goes on)");
        }
        self.line(Some(step), text, touches, Some(self.scene.deed(step)));
    }

    /// The end of the plan, where that is what is wrong.
    fn end(&mut self) {
        self.tale.value = self.state.value(self.tale.cell);
        let text = match self.found.violation {
            Violation::GoalMissed { .. } => String::from("the plan ends as done"),
            Violation::ComesBack { cell } => {
                format!("the plan has ended, and `{}`", self.scene.says(cell, 1 << (self.state.value(cell) & 63)))
            }
            _ => String::from("the plan has ended"),
        };
        self.line(None, text, true, None);
    }
}

/// What an instruction does to a cell.
fn effect(instr: Option<&Instr>, cell: CellId) -> Option<Effect> {
    instr?.effects.iter().find(|e| e.cell == cell).copied()
}

/// The values of a violation's cell with which it would be none.
fn fine(scene: &Scene<'_>, violation: Violation) -> u64 {
    match violation {
        Violation::HeldTwice { step, cell } | Violation::LandsLate { step, cell } => {
            let to = effect(scene.instr(step), cell).map_or(0, |e| e.change.apply(0));
            1 | 1 << (to & 63)
        }
        Violation::NotSo { step, cell } if cell_of(scene, violation) == cell => scene.required(step, cell),
        Violation::NotSo { .. } => u64::MAX,
        Violation::GoalMissed { cell } => {
            let goal = scene.program.goal.iter().filter(|r| r.cell == cell);
            goal.fold(u64::MAX, |mask, r| mask & r.allowed)
        }
        Violation::LeftOpen { cell } => scene.cell(cell).rests,
        Violation::ComesBack { cell } => match &scene.cell(cell).kind {
            CellKind::Configured { machine, of } => match &scene.cell(*of).kind {
                CellKind::Place { holders } => {
                    let own = (0u8..).zip(holders).find(|(_, holder)| **holder == Some(*machine));
                    1 | own.map_or(0, |(value, _)| 1 << (value & 63))
                }
                _ => u64::MAX,
            },
            _ => u64::MAX,
        },
    }
}
