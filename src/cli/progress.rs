//! A run as lines: for people where there is no terminal to draw on, and for programs as JSON.
//!
//! `show` tells a finished run through the same lines.

use crate::bytecode::{InstrId, Program};
use crate::cli::console::{Pane, Style};
use crate::cli::facts::Facts;
use crate::run::{Machine, Record, Reporter};
use serde_json::Value;

/// A run for people: a line for everything that has become certain.
pub struct Progress<'c> {
    pane: &'c mut Pane,
    facts: Facts,
}

impl<'c> Progress<'c> {
    /// Tells what a run does.
    pub fn new(pane: &'c mut Pane) -> Progress<'c> {
        let facts = Facts::new(pane.color, false);
        Progress { pane, facts }
    }

    /// Tells what a run did, and leaves nothing out.
    pub fn replay(pane: &'c mut Pane) -> Progress<'c> {
        let facts = Facts::new(pane.color, false).whole();
        Progress { pane, facts }
    }

    /// What is left of a run that has not ended.
    pub fn left(&mut self, machine: &Machine) {
        for line in self.facts.left(machine) {
            self.pane.line(line);
        }
    }
}

impl Reporter for Progress<'_> {
    fn record(&mut self, machine: &Machine, record: &Record) {
        for line in self.facts.lines(machine, record) {
            self.pane.line(line);
        }
    }

    fn recall(&mut self, records: &[Record]) {
        self.facts.recall(records);
    }

    fn flush(&mut self, _: &Machine) {
        self.pane.flush();
    }

    fn trouble(&mut self, message: &str) {
        let word = self.pane.styled(Style::Red, "trouble");
        self.pane.line(format_args!("{word}: {message}"));
        self.pane.flush();
    }
}

/// A run for programs: each record as one line of JSON.
pub struct Lines<'c>(pub &'c mut Pane);

impl Reporter for Lines<'_> {
    fn record(&mut self, machine: &Machine, record: &Record) {
        self.0.line(named(machine.program(), record));
    }

    fn flush(&mut self, _: &Machine) {
        self.0.flush();
    }

    fn trouble(&mut self, message: &str) {
        self.0.line(serde_json::json!({ "event": "trouble", "message": message }));
        self.0.flush();
    }
}

/// A record as JSON, with the name of its step: the index means something to its program only.
pub fn named(program: &Program, record: &Record) -> Value {
    let mut value = serde_json::to_value(record).unwrap_or_default();
    let step = value.get("step").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let instr = step.and_then(|step| program.code.get(InstrId(step).index()));
    if let (Some(instr), Some(fields)) = (instr, value.as_object_mut()) {
        fields.insert(String::from("name"), instr.name.as_str().into());
    }
    value
}
