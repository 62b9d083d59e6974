//! An instruction taken apart: everything that it says of a run, part by part, in the names that people know.

use super::Side;
use crate::base::duration;
use crate::bytecode::{Instr, Names, Op};
use crate::calculus::{Change, Command, Effect, EnvValue, Meaning, Requirement, Sign, Verdict};

/// A part of what an instruction says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Part {
    /// The nodes that can do nothing any more after it.
    Fences,
    /// What it is: a command, a question, a wait …
    Act,
    /// Who may answer.
    Role,
    /// How long there is to answer, and what counts then.
    Deadline,
    /// The labelled answers.
    Answers,
    /// Where it runs.
    Place,
    /// Its node must be up.
    NodeUp,
    /// What must be so.
    Requires,
    /// What it makes so.
    Effects,
    /// What it loses.
    Loses,
    /// What is run, asked or told.
    Text,
    /// The environment of the command.
    Environment,
    /// What results mean.
    Meanings,
    /// What is kept of the output.
    Captures,
    /// How it is read back.
    Verify,
    /// It waits for a no.
    Negated,
    /// The time limit.
    Within,
    /// Nothing runs on after the limit.
    Kill,
    /// How often it is repeated.
    Retries,
    /// The pause between.
    Every,
    /// A failure passes.
    Tolerated,
    /// A command that was given up may land later.
    Lingers,
    /// It runs whatever became of the rest.
    Finally,
    /// Doing it twice is doing it once.
    Idempotent,
    /// Nothing is known of it.
    Opaque,
    /// There is no way back after it.
    Commits,
    /// How long it usually takes.
    Usually,
    /// Its heading.
    Title,
    /// The procedure's number.
    Number,
}

/// The parts of an instruction, in a fixed order; a part that says nothing is left out, one that lists says several lines.
pub(super) fn parts(side: &Side<'_>, instr: &Instr) -> Vec<(Part, String)> {
    let mut out = Vec::new();
    let mut say = |part: Part, text: String| out.push((part, text));
    let names = &side.names;
    instr.fences.iter().for_each(|m| say(Part::Fences, names.machine(*m)));
    if let Some(machine) = instr.host {
        say(Part::Place, names.machine(machine));
    }
    let power = instr.host.and_then(|m| side.program.machines.get(m.index())).and_then(|m| m.power);
    for requirement in &instr.requires {
        match Some(requirement.cell) == power && requirement.allowed == 1 {
            true => say(Part::NodeUp, String::from("up")),
            false => say(Part::Requires, required(side, requirement)),
        }
    }
    instr.effects.iter().for_each(|e| say(Part::Effects, effect(side, e)));
    instr.loses.iter().for_each(|c| say(Part::Loses, names.cell(*c)));
    act(names, &instr.op, &mut say);
    let flags = [
        (Part::Tolerated, instr.flags.tolerated),
        (Part::Lingers, instr.flags.lingers),
        (Part::Finally, instr.flags.finally),
        (Part::Idempotent, instr.flags.idempotent),
        (Part::Opaque, instr.flags.opaque),
        (Part::Commits, instr.flags.commits),
    ];
    flags.into_iter().filter(|(_, set)| *set).for_each(|(part, _)| say(part, String::from("yes")));
    instr.usually_ms.iter().for_each(|ms| say(Part::Usually, duration(*ms)));
    if !instr.title.is_empty() {
        say(Part::Title, instr.title.clone());
    }
    instr.number.iter().for_each(|n| say(Part::Number, n.to_string()));
    out.sort_by_key(|(part, _)| *part);
    out
}

/// What its op says.
fn act(names: &Names<'_>, op: &Op, say: &mut impl FnMut(Part, String)) {
    if !matches!(op, Op::Enter | Op::Exit | Op::Join { .. } | Op::End) {
        say(Part::Act, String::from(what(op)));
    }
    if let Some(run) = op.command() {
        command(names, run, say);
    }
    match op {
        Op::Run { verify, retries, every_ms, .. } => {
            verify.iter().for_each(|v| say(Part::Verify, names.template(v)));
            if *retries > 0 {
                say(Part::Retries, retries.to_string());
                say(Part::Every, duration(*every_ms));
            }
        }
        Op::Wait { every_ms, negated, .. } => {
            say(Part::Every, duration(*every_ms));
            if *negated {
                say(Part::Negated, String::from("yes"));
            }
        }
        Op::Ask { question, answers, gate, .. } => {
            say(Part::Text, names.template(question));
            for answer in answers {
                let stops = if answer.stops { " (ends the run)" } else { "" };
                say(Part::Answers, format!("{}: {}{stops}", answer.name, answer.label));
            }
            gate.role.iter().for_each(|role| say(Part::Role, role.clone()));
            if let Some(ms) = gate.within_ms {
                let default = gate.default_answer(answers).map_or_else(String::new, |word| format!(", else {word}"));
                say(Part::Deadline, format!("{}{default}", duration(ms)));
            }
        }
        Op::Tell { text } => say(Part::Text, names.template(text)),
        Op::Delay { ms } => say(Part::Text, duration(*ms)),
        Op::Assume { why } => say(Part::Text, why.clone()),
        Op::Probe { .. } | Op::Enter | Op::Exit | Op::Join { .. } | Op::End => {}
    }
    if let Op::Probe { atom, .. } | Op::Ask { atom: Some(atom), .. } = op {
        say(Part::Captures, format!("the answer to {}", names.atom(*atom)));
    }
}

/// What an op is, in words.
pub(super) fn what(op: &Op) -> &'static str {
    match op {
        Op::Run { .. } => "a command",
        Op::Wait { .. } => "a wait",
        Op::Probe { .. } => "a reading",
        Op::Ask { .. } => "a question",
        Op::Tell { .. } => "a message",
        Op::Delay { .. } => "a pause",
        Op::Assume { .. } => "an assumption",
        Op::Enter | Op::Exit | Op::Join { .. } | Op::End => "a block",
    }
}

fn command(names: &Names<'_>, command: &Command, say: &mut impl FnMut(Part, String)) {
    say(Part::Text, names.template(&command.script));
    for var in &command.env {
        let value = match &var.value {
            EnvValue::Plain(text) => names.template(text),
            EnvValue::Secret(secret) => format!("secret {}", names.secret(*secret)),
        };
        say(Part::Environment, format!("{}={value}", var.name));
    }
    // The first that fits decides, so their order counts.
    let meanings: Vec<String> = command.meanings.iter().map(|m| meaning(names, m)).collect();
    if !meanings.is_empty() {
        say(Part::Meanings, meanings.join("; "));
    }
    for capture in &command.captures {
        let pattern = capture.pattern.as_ref().map_or_else(|| String::from("all"), |p| format!("match {p:?}"));
        say(Part::Captures, format!("{} = {pattern}", names.value(capture.value)));
    }
    command.within_ms.iter().for_each(|ms| say(Part::Within, duration(*ms)));
    if command.kill {
        say(Part::Kill, String::from("yes"));
    }
}

fn meaning(names: &Names<'_>, meaning: &Meaning) -> String {
    let sign = match &meaning.sign {
        Sign::Exit(codes) => format!("exit {}", codes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")),
        Sign::Output(pattern) => format!("output {pattern:?}"),
    };
    let verdict = match &meaning.verdict {
        Verdict::Success => String::from("success"),
        Verdict::Failure => String::from("failure"),
        Verdict::Warning => String::from("warning"),
        Verdict::Ask(question) => format!("ask \"{}\"", names.template(question)),
    };
    format!("{sign} is {verdict}")
}

/// `web on a`, `cf is normal or prepared`
pub(super) fn required(side: &Side<'_>, requirement: &Requirement) -> String {
    let cell = side.program.cells.get(requirement.cell.index());
    cell.map_or_else(|| side.names.requirement(requirement), |c| c.says(requirement.allowed))
}

/// `web on b`, `web: a → nowhere`
fn effect(side: &Side<'_>, effect: &Effect) -> String {
    let takes = if effect.exclusive { "takes " } else { "" };
    let cell = side.program.cells.get(effect.cell.index());
    match (effect.change, cell) {
        (Change::Set(value), Some(cell)) => format!("{takes}{}", cell.says(1 << (value & 63))),
        (Change::Set(_), None) => side.names.effect(effect),
        (Change::Move { from, to }, _) => {
            let value = |v: u8| side.names.values(effect.cell, 1 << (v & 63));
            format!("{takes}{}: {} → {}", side.names.cell(effect.cell), value(from), value(to))
        }
    }
}
