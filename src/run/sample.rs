//! Programs and followers for tests of a run.

use crate::bytecode::sample::{Builder, command};
use crate::bytecode::{Instr, InstrId, Op, Program, Status};
use crate::calculus::{Command, MachineId, Reach, Template};
use crate::run::{Event, Machine, Record, Reporter, RunStarted, StepEnded, StepOutcome, Who};
use crate::verify::{Verified, verify};

/// A plan under construction: `ENTER` is instruction 0, the steps begin at 1.
pub(crate) struct Plan(pub Builder);

impl Plan {
    pub fn new(name: &str) -> Plan {
        let mut b = Builder::new(name);
        b.machine("here", Reach::Local);
        b.instr(name, Op::Enter, &[]);
        Plan(b)
    }

    /// A step on the local machine.
    pub fn step(&mut self, name: &str, op: Op, needs: &[u32]) -> &mut Instr {
        let host = op.command().map(|_| MachineId(0));
        let instr = self.0.instr(name, op, needs);
        instr.host = host;
        instr
    }

    /// A step that runs a script.
    pub fn run(&mut self, name: &str, script: &str, needs: &[u32]) -> &mut Instr {
        self.step(name, act(command(script)), needs)
    }

    /// The program, its end after everything.
    pub fn program(mut self) -> Program {
        let all: Vec<u32> = (0..u32::try_from(self.0.0.code.len()).unwrap()).collect();
        self.0.instr("end", Op::End, &all);
        self.0.0
    }

    pub fn verified(self) -> Verified {
        verify(self.program()).unwrap_or_else(|found| panic!("{found:?}"))
    }
}

/// A command as a step, without read-back or repetition.
pub(crate) fn act(command: Command) -> Op {
    Op::Run { command, verify: None, retries: 0, every_ms: 0 }
}

/// A script as a step with a read-back and so many repetitions.
pub(crate) fn act_verified(script: &str, verify: &str, retries: u32) -> Op {
    Op::Run { command: command(script), verify: Some(Template::text(verify)), retries, every_ms: 1 }
}

/// Remembers a run.
#[derive(Default)]
pub(crate) struct Recorder {
    pub records: Vec<Record>,
    pub statuses: Vec<(String, Status)>,
    pub troubles: Vec<String>,
}

impl Reporter for Recorder {
    fn record(&mut self, machine: &Machine, record: &Record) {
        self.records.push(record.clone());
        let program = machine.program();
        let status = |(i, instr): (usize, &Instr)| (instr.name.clone(), machine.status(InstrId::at(i)));
        self.statuses = program.code.iter().enumerate().map(status).collect();
    }

    fn trouble(&mut self, message: &str) {
        self.troubles.push(message.to_owned());
    }
}

impl Recorder {
    pub fn status(&self, name: &str) -> Status {
        self.statuses.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no step {name}")).1
    }

    /// The last end of a step.
    pub fn end(&self, step: u32) -> crate::run::StepEnded {
        let end = |r: &Record| match &r.event {
            Event::StepEnded(ended) if ended.step == InstrId(step) => Some(ended.clone()),
            _ => None,
        };
        self.records.iter().rev().find_map(end).unwrap_or_else(|| panic!("step {step} has not ended"))
    }

    pub fn ends(&self, step: u32) -> usize {
        let end = |r: &&Record| matches!(&r.event, Event::StepEnded(ended) if ended.step == InstrId(step));
        self.records.iter().filter(end).count()
    }
}

/// The beginning of run `r` with these decisions.
pub(crate) fn started(decisions: &[(&str, &str)]) -> Event {
    Event::RunStarted(RunStarted {
        run: "r".into(),
        plan: "p".into(),
        digest: String::new(),
        arguments: vec![],
        decisions: decisions.iter().map(|(name, answer)| (String::from(*name), String::from(*answer))).collect(),
        directory: "/".into(),
        roles: Vec::new(),
        by: Who::default(),
        approved: Vec::new(),
        flags: Vec::new(),
    })
}

/// The end of an attempt, without output.
pub(crate) fn ended(step: u32, attempt: u32, outcome: StepOutcome, reason: &str) -> StepEnded {
    StepEnded {
        step: InstrId(step),
        attempt,
        outcome,
        again: false,
        exit: None,
        reason: reason.into(),
        warnings: vec![],
        stdout: String::new(),
        stderr: String::new(),
        captured: vec![],
    }
}
