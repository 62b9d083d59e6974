//! Any bytes → decode, verify, run: no panic, no runaway, and what the machine proposes it also accepts.
//!
//! The first bytes choose the outcomes of the run, the others are the program, without its seal: a flipped bit should
//! get further than the checksum.
#![no_main]

use handover::bytecode::{InstrId, decode_unsealed, disassemble, encode};
use handover::calculus::{AtomSource, MachineId, SecretSource};
use handover::run::{
    Event, Exit, Fate, Finished, Happening, Host, Journal, JournalError, Launch, Machine, Options, Question, Record,
    Reporter, RunStarted, Said, Tail, Trace, Who, World, drive,
};
use handover::verify::{Verified, load, verify};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

/// How many bytes choose what happens in the run.
const CHOICES: usize = 16;
/// Where the bytes begin that the digests in front of them seal.
const SEALED: usize = 4 + 1 + 32 + 32;
/// After so many commands and questions everything goes well, so that what waits for success ends.
const TROUBLE: usize = 400;

fuzz_target!(|data: &[u8]| {
    let Some((choices, bytes)) = data.split_at_checked(CHOICES) else { return };
    let Ok(program) = decode_unsealed(bytes) else { return };
    assert!(encode(&program)[SEALED..] == bytes[SEALED..], "what is accepted is the encoding of the program");
    // Works on any program, verified or not.
    let _ = disassemble(&program);
    let Ok(verified) = verify(program) else { return };
    assert!(load(&encode(&verified)).is_ok(), "what was verified is encoded to what is accepted");
    run(Arc::new(verified), choices);
});

/// Runs the program, cuts its journal somewhere and takes the run up again from there.
fn run(program: Arc<Verified>, choices: &[u8]) {
    let mut decisions = Vec::new();
    for atom in program.atoms.iter().filter(|a| a.source == AtomSource::Decision) {
        let at = usize::from(choices[decisions.len() % CHOICES]) % atom.options.len();
        decisions.push((atom.name.clone(), atom.options[at].clone()));
    }
    let options = Options { decisions: decisions.clone(), ..Options::default() };
    let mut world = Simulated { choices, taken: 0, clock: 0, happened: Vec::new() };
    let started = RunStarted {
        run: String::from("run"),
        plan: program.plan.clone(),
        digest: String::new(),
        arguments: Vec::new(),
        decisions,
        flags: Vec::new(),
        directory: String::from("/"),
        roles: Default::default(),
        by: Who::default(),
        approved: Vec::new(),
    };
    let mut book = Book(Vec::new());
    let first = Event::RunStarted(started);
    let Ok(_) = turn(Machine::new(Arc::clone(&program)), first, &options, &mut world, &mut book) else { return };
    book.0.truncate(1 + usize::from(choices[0]) % book.0.len());
    let mut machine = Machine::new(program);
    for record in &book.0 {
        machine.apply(&record.event).expect("the journal fits its program");
    }
    if machine.ended().is_none() {
        let resumed = Event::RunResumed { by: Who::default(), roles: Default::default(), flags: Default::default() };
        let _ = turn(machine, resumed, &options, &mut world, &mut book);
    }
}

fn turn(
    machine: Machine,
    first: Event,
    options: &Options,
    world: &mut Simulated<'_>,
    journal: &mut Book,
) -> Result<(), ()> {
    let mut nobody = Nobody;
    let host = Host { world, journal, reporter: &mut nobody, user: String::from("somebody") };
    match drive(machine, vec![first], options, host) {
        Ok(_) => Ok(()),
        Err(error) => {
            assert_ne!(error.exit, handover::run::exit::DEFECT, "{error}");
            Err(())
        }
    }
}

/// A world in which the choices decide what becomes of every command and question.
struct Simulated<'a> {
    choices: &'a [u8],
    taken: usize,
    clock: u64,
    happened: Vec<Happening>,
}

impl Simulated<'_> {
    fn choice(&mut self) -> u8 {
        self.taken += 1;
        // The position takes part, so that sixteen bytes make more than sixteen cases.
        let byte = self.choices[self.taken % CHOICES].rotate_left((self.taken / CHOICES) as u32);
        if self.taken > TROUBLE { 0 } else { byte }
    }
}

impl World for Simulated<'_> {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn clock_ms(&self) -> u64 {
        self.clock
    }
    fn secret(&mut self, _: &SecretSource) -> Result<String, String> {
        Ok(String::from("secret"))
    }
    fn launch(&mut self, step: InstrId, _: u32, _: &Launch) -> Result<(), String> {
        let choice = self.choice();
        let fate = match choice % 8 {
            0..=3 => Fate::Ended(Exit::Code(0)),
            4 => Fate::Ended(Exit::Code(i32::from(choice))),
            5 => Fate::Ended(Exit::Signal(9)),
            6 => return Err(String::from("it could not be started")),
            // It never ends by itself.
            _ => return Ok(()),
        };
        let stdout = Tail { bytes: vec![choice; usize::from(choice)], cut: choice > 200 };
        let finished = Finished { fate, stdout, ..Finished::default() };
        self.happened.push(Happening::Finished { step, finished });
        Ok(())
    }
    fn trace(&mut self, step: InstrId, _: u32, _: Option<MachineId>) -> Trace {
        match self.choice() % 4 {
            0 => Trace::Never,
            1 => Trace::Gone,
            2 => Trace::Lost,
            _ => {
                self.happened.push(Happening::Finished { step, finished: Finished::default() });
                Trace::Alive
            }
        }
    }
    fn kill(&mut self, step: InstrId) {
        let finished = Finished { fate: Fate::Ended(Exit::Signal(9)), ..Finished::default() };
        self.happened.push(Happening::Finished { step, finished });
    }
    fn ask(&mut self, step: InstrId, question: &Question) -> bool {
        let choice = self.choice();
        let count = u8::try_from(question.options.len()).unwrap_or(u8::MAX).max(1);
        let by = Said::by("somebody");
        match choice % 16 {
            15 => return false,
            14 => self.happened.push(Happening::Interrupted { by, hard: choice > 127 }),
            _ => self.happened.push(Happening::Answered { step, option: choice % count, by }),
        }
        true
    }
    fn withdraw(&mut self, _: InstrId) {}
    fn wait(&mut self, until_ms: Option<u64>) -> Vec<Happening> {
        let happened = std::mem::take(&mut self.happened);
        if happened.is_empty() {
            match until_ms {
                Some(until) => self.clock = self.clock.max(until),
                // Nothing will ever happen: the operator loses patience.
                None => return vec![Happening::Interrupted { by: Said::by("somebody"), hard: false }],
            }
        }
        happened
    }
}

/// A journal in memory.
struct Book(Vec<Record>);

impl Journal for Book {
    fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        self.0.extend_from_slice(records);
        Ok(())
    }
}

struct Nobody;

impl Reporter for Nobody {
    fn record(&mut self, _: &Machine, _: &Record) {}
    fn trouble(&mut self, _: &str) {}
}
