//! One stanza of the script for each instruction.

use crate::bytecode::{Instr, Op, Program};
use crate::calculus::{Capture, Change, Command, EnvValue, Meaning, Piece, Reach, Sign, Template, Verdict, binaries};
use crate::emit::shell::guard::Guards;
use crate::emit::shell::text::{comment, end_mark, mask, seconds, unexpanded, word, words};
use crate::emit::shell::{EmitError, machine_of, matters, pattern, source};
use serde::Serialize;
use std::collections::BTreeSet;

/// What the template of a stanza shows.
#[derive(Serialize)]
pub(super) struct Stanza {
    number: usize,
    /// Where it stands in the sources.
    place: String,
    /// Its number in the procedure.
    step: Option<u32>,
    /// `ha_step …` with name, flags and edges.
    head: String,
    title: Option<String>,
    condition: Option<Condition>,
    /// Whether it fits on one line: block structure.
    is_short: bool,
    /// What is said of the command before it.
    settings: Vec<String>,
    verify: Option<Here>,
    /// What it does: a call.
    call: String,
    /// What the call reads from standard input.
    input: Option<Here>,
    /// What it has changed.
    consequences: Vec<String>,
}

#[derive(Serialize)]
struct Condition {
    text: String,
    code: String,
}

/// A here-document.
#[derive(Serialize)]
struct Here {
    /// What stands after `<<`.
    begin: String,
    text: String,
    end: String,
}

/// The stanzas of a program. `machines` are the names of its machines.
pub(super) fn stanzas(program: &Program, guards: &Guards<'_>, machines: &[String]) -> Result<Vec<Stanza>, EmitError> {
    let stanza = |(number, instr)| Writer { program, guards, machines, instr }.stanza(number);
    program.code.iter().enumerate().map(stanza).collect()
}

/// Whether the result of a command may be for the operator to judge.
pub(super) fn asks(command: &Command) -> bool {
    command.meanings.iter().any(|m| matches!(m.verdict, Verdict::Ask(_)))
}

struct Writer<'w, 'p> {
    program: &'p Program,
    guards: &'w Guards<'p>,
    machines: &'w [String],
    instr: &'p Instr,
}

impl Writer<'_, '_> {
    fn stanza(&self, number: usize) -> Result<Stanza, EmitError> {
        let instr = self.instr;
        let condition = self.guards.code(instr.guard);
        let mut stanza = Stanza {
            number,
            place: self.place(),
            step: instr.number,
            head: self.head(number),
            title: Some(&instr.title).filter(|t| !t.is_empty() && !instr.op.is_structure()).map(|t| word(t)),
            condition: condition.map(|code| Condition { text: word(&comment(self.guards.text(instr.guard))), code }),
            is_short: false,
            settings: Vec::new(),
            verify: None,
            call: String::new(),
            input: None,
            consequences: self.consequences(),
        };
        self.action(&mut stanza)?;
        stanza.is_short = instr.op.is_structure() && stanza.consequences.is_empty();
        Ok(stanza)
    }

    fn place(&self) -> String {
        let place = self.instr.place;
        let source = self.program.sources.get(place.source as usize).map_or("", |s| s.path.as_str());
        if place.line == 0 { String::new() } else { comment(&format!("{source}:{}:{}", place.line, place.column)) }
    }

    fn head(&self, number: usize) -> String {
        let instr = self.instr;
        let mut head = String::from(if instr.op.is_structure() { "ha_block" } else { "ha_step" });
        head.push_str(&format!(" {number} {}", word(&instr.name)));
        let flags = instr.flags;
        for (flag, text) in [
            (flags.tolerated, "if_possible"),
            (flags.finally, "finally"),
            (flags.idempotent, "idempotent"),
            (flags.lingers, "lingers"),
        ] {
            if flag {
                head.push(' ');
                head.push_str(text);
            }
        }
        for (text, edges) in [("needs", &instr.needs), ("waits", &instr.waits)] {
            if !edges.is_empty() {
                head.push(' ');
                head.push_str(text);
                head.extend(edges.iter().map(|t| format!(" {}", t.0)));
            }
        }
        head
    }

    fn action(&self, stanza: &mut Stanza) -> Result<(), EmitError> {
        let op = &self.instr.op;
        if let Some(command) = op.command() {
            stanza.settings = self.settings(command)?;
            stanza.input = Some(self.script(&command.script));
        }
        stanza.call = match op {
            Op::Enter => String::from("ha_enter"),
            Op::Exit | Op::End => String::from("ha_pass"),
            Op::Assume { why } => format!("ha_assume {}", word(&comment(why))),
            Op::Join { rungs } => format!("ha_join{}", rungs.iter().map(|r| format!(" {}", r.0)).collect::<String>()),
            Op::Run { command, verify, retries, every_ms } => {
                stanza.verify = verify.as_ref().map(|v| self.script(v));
                if *retries > 0 {
                    stanza.settings.push(format!("ha_retry {retries} {}", seconds(*every_ms)));
                }
                format!("ha_run {}", self.target(command, verify.as_ref()))
            }
            Op::Wait { command, every_ms, negated } => {
                let wanted = if *negated { "no" } else { "yes" };
                format!("ha_wait_until {wanted} {} {}", seconds(*every_ms), self.target(command, None))
            }
            Op::Probe { atom, command } => format!("ha_probe {} {}", atom.0, self.target(command, None)),
            Op::Ask { question, answers, atom, gate } => {
                let reply = |a: &crate::calculus::Answer| {
                    let stops = if a.stops { " stops" } else { "" };
                    format!("ha_reply {} {}{stops}", word(&a.name), word(&comment(&a.label)))
                };
                stanza.settings = answers.iter().map(reply).collect();
                stanza.settings.extend(gate.role.iter().map(|role| format!("ha_by {}", word(role))));
                stanza.settings.extend(gate.within_ms.map(|ms| {
                    let otherwise = gate.default_answer(answers).map_or_else(String::new, |a| format!(" {}", word(a)));
                    format!("ha_until {}{otherwise}", ms.div_ceil(1000))
                }));
                stanza.input = Some(self.note(question));
                format!("ha_ask {}", atom.map_or_else(|| String::from("none"), |a| a.0.to_string()))
            }
            Op::Tell { text } => {
                stanza.input = Some(self.note(text));
                String::from("ha_tell")
            }
            Op::Delay { ms } => format!("ha_delay {}", seconds(*ms)),
        };
        Ok(())
    }

    /// The machine, and the commands that must be there.
    fn target(&self, command: &Command, verify: Option<&Template>) -> String {
        let mut needed: BTreeSet<String> = binaries(&command.script).into_iter().collect();
        needed.extend(verify.into_iter().flat_map(binaries));
        let reach = self.instr.host.and_then(|m| self.program.machines.get(m.index())).map(|m| &m.reach);
        if command.kill && reach.is_some_and(|r| *r != Reach::Local) {
            needed.insert(String::from("timeout"));
        }
        let machine = machine_of(self.instr.host, self.machines);
        format!("{machine}{}", words(needed.iter().map(String::as_str)))
    }

    fn settings(&self, command: &Command) -> Result<Vec<String>, EmitError> {
        let mut lines = Vec::new();
        if let Some(ms) = command.within_ms {
            lines.push(format!("ha_within {}{}", seconds(ms), if command.kill { " then_kill" } else { "" }));
        }
        for var in &command.env {
            lines.push(match &var.value {
                EnvValue::Plain(text) => format!("ha_env {} {}", var.name, self.inline(text)),
                EnvValue::Secret(id) => match self.program.secrets.get(id.index()).map(|s| &s.source) {
                    Some(found) => format!("ha_secret {} {}", var.name, source(found)),
                    // A verified program has all its secrets.
                    None => continue,
                },
            });
        }
        for meaning in &command.meanings {
            lines.push(self.meaning(meaning)?);
        }
        for capture in &command.captures {
            lines.push(self.capture(capture)?);
        }
        Ok(lines)
    }

    fn meaning(&self, meaning: &Meaning) -> Result<String, EmitError> {
        let sign = match &meaning.sign {
            Sign::Exit(codes) => {
                let codes: Vec<String> = codes.iter().map(u8::to_string).collect();
                format!("exit {}", word(&codes.join(" ")))
            }
            Sign::Output(text) => {
                let ere = pattern::finding(text).map_err(|why| self.unfit(text, why))?;
                format!("output {}", word(&ere.text))
            }
        };
        Ok(match &meaning.verdict {
            Verdict::Success => format!("ha_meaning {sign} success"),
            Verdict::Failure => format!("ha_meaning {sign} failure"),
            Verdict::Warning => format!("ha_meaning {sign} warning"),
            Verdict::Ask(question) => format!("ha_meaning {sign} ask {}", self.inline(question)),
        })
    }

    fn capture(&self, capture: &Capture) -> Result<String, EmitError> {
        let what = match &capture.pattern {
            None => String::from("all"),
            Some(text) => {
                let ere = pattern::keeping(text).map_err(|why| self.unfit(text, why))?;
                format!("{} {}", if ere.has_group { "group" } else { "match" }, word(&ere.text))
            }
        };
        let name = self.guards.names().value(capture.value);
        Ok(format!("ha_capture {} {what} # {}", capture.value.0, comment(&name)))
    }

    fn unfit(&self, pattern: &str, why: String) -> EmitError {
        EmitError::Pattern { step: self.instr.name.clone(), place: self.place(), pattern: pattern.to_owned(), why }
    }

    /// A script, with each value as one word of it.
    fn script(&self, template: &Template) -> Here {
        here(template, |value| format!("$(ha_word v{value})"))
    }

    /// A text for people, with each value as it is.
    fn note(&self, template: &Template) -> Here {
        here(template, |value| format!("$(v{value})"))
    }

    /// A text as one word of the script.
    fn inline(&self, template: &Template) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => word(text),
            Piece::Value(id) => format!("\"$(v{})\"", id.0),
        };
        match template.0.as_slice() {
            [] => String::from("''"),
            pieces => pieces.iter().map(piece).collect(),
        }
    }

    /// What the step changes, as far as it matters at the end.
    fn consequences(&self) -> Vec<String> {
        let (program, names) = (self.program, self.guards.names());
        let mut lines = Vec::new();
        if !self.instr.fences.is_empty() {
            let machines: Vec<String> = self.instr.fences.iter().map(|m| machine_of(Some(*m), self.machines)).collect();
            lines.push(format!("ha_fences{}", words(machines.iter().map(String::as_str))));
        }
        for effect in self.instr.effects.iter().filter(|e| matters(program, e.cell)) {
            let (from, to) = match effect.change {
                Change::Set(to) => (String::from("any"), to),
                Change::Move { from, to } => (mask(1 << (from & 63)), to),
            };
            let to = mask(1 << (to & 63));
            lines.push(format!("ha_effect {} {from} {to} # {}", effect.cell.0, comment(&names.effect(effect))));
        }
        if let Op::Probe { atom, .. } = self.instr.op {
            let means = program.atoms.get(atom.index()).map(|a| a.yes_means.as_slice()).unwrap_or_default();
            for fact in means.iter().filter(|f| matters(program, f.cell)) {
                let allowed = mask(fact.allowed);
                lines.push(format!("ha_proves {} {allowed} # {}", fact.cell.0, comment(&names.requirement(fact))));
            }
        }
        lines
    }
}

fn here(template: &Template, mut value: impl FnMut(u32) -> String) -> Here {
    let text = template.render(|_| String::new());
    let end = end_mark(&text);
    if template.values().next().is_none() {
        return Here { begin: format!("'{end}'"), text, end };
    }
    let text = template.0.iter().map(|piece| match piece {
        Piece::Text(text) => unexpanded(text),
        Piece::Value(id) => value(id.0),
    });
    Here { begin: end.clone(), text: text.collect(), end }
}
