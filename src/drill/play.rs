//! One simulated run from its beginning to its end, lost executors included.

use crate::bytecode::{InstrId, Program, Status};
use crate::calculus::{AtomId, AtomSource};
use crate::drill::plot::Plot;
use crate::drill::state::Moment;
use crate::drill::world::{Face, Shared, Stage};
use crate::run::{Event, Host, Machine, Options, Record, Reporter, RunEnded, RunError, RunStarted, Who, drive};
use crate::semantics::Violation;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Executors that one run may lose. More would be a plot that loses each.
const EXECUTORS: usize = 1_000;

/// What came of a simulated run.
pub struct Played {
    /// The journal.
    pub records: Vec<Record>,
    /// How it ended.
    pub ended: RunEnded,
    /// The status of each instruction at the end.
    pub statuses: Vec<Status>,
    /// The value of each cell once everything has landed.
    pub values: Vec<u8>,
    /// The value of each cell when the run ended.
    pub values_at_end: Vec<u8>,
    /// How long it took on the virtual clock.
    pub took_ms: u64,
    /// What must not have been.
    pub violations: BTreeSet<Violation>,
    /// Steps that were done twice, though that is not the same as once.
    pub repeated: BTreeSet<InstrId>,
    /// How often each strike of the plot has struck.
    pub struck: Vec<u32>,
    /// A probe was to answer what cannot be.
    pub contradicted: Option<AtomId>,
    /// How many executors were lost.
    pub lost: usize,
}

impl Played {
    /// The status of an instruction.
    pub fn status(&self, id: InstrId) -> Status {
        self.statuses.get(id.index()).copied().unwrap_or_default()
    }
}

/// Plays a run to its end.
///
/// # Errors
/// The executor contradicts itself, or the definition.
pub fn play(stage: &Stage, plot: &Plot) -> Result<Played, RunError> {
    let (mut shared, mut seen) = act(stage, plot, Face::new(stage, plot, false), Start::Anew)?;
    for lost in 0..EXECUTORS {
        let Some((_, moment)) = shared.crash.take() else { return seen.played(shared, lost) };
        let face = Face::after(stage, plot, &moment, &shared.records);
        (shared, seen) = act(stage, plot, face, Start::Resumed)?;
    }
    Err(RunError::defect("a simulated run has lost a thousand executors"))
}

/// Plays a run, and notes every moment at which its executor could be lost.
///
/// # Errors
/// The executor contradicts itself, or the definition.
pub fn play_and_watch(stage: &Stage, plot: &Plot) -> Result<(Played, Vec<Moment>), RunError> {
    let (mut shared, seen) = act(stage, plot, Face::new(stage, plot, true), Start::Anew)?;
    let mut moments = shared.moments.take().unwrap_or_default();
    // Once the end is written there is nothing to take up.
    moments.retain(|m| m.records < shared.records.len());
    Ok((seen.played(shared, 0)?, moments))
}

/// Takes a run up where its executor was lost, and plays it to its end.
///
/// # Errors
/// The executor contradicts itself, or the definition.
pub fn play_on(stage: &Stage, plot: &Plot, moment: &Moment, records: &[Record]) -> Result<Played, RunError> {
    let (shared, seen) = act(stage, plot, Face::after(stage, plot, moment, records), Start::Resumed)?;
    seen.played(shared, 1)
}

enum Start {
    Anew,
    Resumed,
}

/// Drives one executor over a face of the world, until it ends.
fn act<'a>(stage: &'a Stage, plot: &'a Plot, face: Face<'a>, start: Start) -> Result<(Shared, Seen), RunError> {
    let (machine, first) = match start {
        Start::Anew => begin(stage, plot),
        Start::Resumed => face.replayed(|records| take_up(stage, plot, records))?,
    };
    let mut seen = Seen::default();
    let (mut world, mut journal) = (face.clone(), face.clone());
    let options = Options::default();
    let host = Host { world: &mut world, journal: &mut journal, reporter: &mut seen, user: String::from("operator") };
    seen.ended = Some(drive(machine, vec![first], &options, host)?);
    seen.values = face.values();
    face.settle_down();
    drop((world, journal));
    let shared = face.into_shared().ok_or_else(|| RunError::defect("the simulated host is still in use"))?;
    Ok((shared, seen))
}

fn begin(stage: &Stage, plot: &Plot) -> (Machine, Event) {
    let program: &Program = &stage.program;
    let decided = program.atoms.iter().enumerate().filter(|(_, a)| a.source == AtomSource::Decision);
    let decisions = decided.map(|(i, atom)| {
        let option = plot.answers.get(i).copied().flatten().unwrap_or(0);
        (atom.name.clone(), atom.options.get(usize::from(option)).cloned().unwrap_or_default())
    });
    let started = RunStarted {
        run: String::from("simulated"),
        plan: program.plan.clone(),
        digest: String::new(),
        arguments: Vec::new(),
        decisions: decisions.collect(),
        directory: String::from("/"),
        roles: Vec::new(),
        by: Who::default(),
        approved: Vec::new(),
        flags: Vec::new(),
    };
    (Machine::new(Arc::clone(&stage.program)), Event::RunStarted(started))
}

/// The machine that a journal leads to. Nothing of the run has been written: it begins anew.
fn take_up(stage: &Stage, plot: &Plot, records: &[Record]) -> Result<(Machine, Event), RunError> {
    if records.is_empty() {
        return Ok(begin(stage, plot));
    }
    let machine = Machine::replay(Arc::clone(&stage.program), records)
        .map_err(|error| RunError::defect(format!("the journal contradicts itself: {}", error.message)))?;
    Ok((machine, Event::RunResumed { by: Who::default(), roles: Vec::new(), flags: Vec::new() }))
}

/// What is seen of a run from outside.
#[derive(Default)]
struct Seen {
    statuses: Vec<Status>,
    values: Vec<u8>,
    ended: Option<RunEnded>,
}

impl Seen {
    fn played(self, shared: Shared, lost: usize) -> Result<Played, RunError> {
        let ended = self.ended.ok_or_else(|| RunError::defect("a simulated run has not ended"))?;
        if let Some(why) = shared.state.follow.illegal {
            return Err(RunError::defect(format!("the run did what the definition of plans does not allow: {why}")));
        }
        let took = |records: &[Record]| {
            let ms = |r: Option<&Record>| r.map_or(0, |r| r.time.as_millisecond());
            u64::try_from(ms(records.last()) - ms(records.first())).unwrap_or(0)
        };
        Ok(Played {
            took_ms: took(&shared.records),
            records: shared.records,
            ended,
            statuses: self.statuses,
            values: shared.state.things.values().to_vec(),
            values_at_end: self.values,
            violations: shared.state.follow.violations,
            repeated: shared.state.repeated,
            struck: shared.state.struck,
            contradicted: shared.state.contradicted,
            lost,
        })
    }
}

impl Reporter for Seen {
    fn record(&mut self, machine: &Machine, record: &Record) {
        if matches!(record.event, Event::RunEnded(_)) {
            let all = 0..machine.program().code.len();
            self.statuses = all.map(|i| machine.status(InstrId::at(i))).collect();
        }
    }

    fn trouble(&mut self, _: &str) {}
}
