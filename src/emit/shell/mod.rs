//! Program → one POSIX shell script with the same meaning.
//!
//! The script is made of what an administrator reads in a review, the plan's own stanzas, and of a runtime that is the
//! same in every script; both are templates in `src/emit/templates/`. The runtime follows the settling rule at the top of
//! `bytecode/program.rs` and the steps of `run/step/`; a differential test holds script and executor together.

mod guard;
mod pattern;
mod stanza;
mod text;
mod waves;

use crate::bytecode::{Op, Program};
use crate::calculus::{AtomSource, CellId, Machine, MachineId, Reach, SecretSource, Value, ValueSource};
use crate::verify::Verified;
use guard::Guards;
use handlebars::{Handlebars, no_escape};
use serde::Serialize;
use stanza::Stanza;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use text::{comment, mask, quoted, word, words};

/// Why a program has no script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EmitError {
    /// A shell has no pattern that keeps or finds the same.
    Pattern {
        /// The step that has it.
        step: String,
        /// Where that stands: file, line and column.
        place: String,
        /// The pattern.
        pattern: String,
        /// Why not.
        why: String,
    },
    /// A template does not fit its data: a defect of Handover.
    Template(String),
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EmitError::Pattern { step, place, pattern, why } => {
                write!(f, "the pattern `{pattern}` of `{step}` ({place}) has no like in a shell: {why}")
            }
            EmitError::Template(message) => write!(f, "a template does not fit: {message}"),
        }
    }
}

impl std::error::Error for EmitError {}

/// The script of a program: one self-contained file for `sh`.
pub fn shell(program: &Verified) -> Result<String, EmitError> {
    let script = Script::of(program)?;
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    templates.register_escape_fn(no_escape);
    for (name, text) in TEMPLATES {
        templates.register_template_string(name, text).map_err(|e| EmitError::Template(e.to_string()))?;
    }
    templates.render("script", &script).map_err(|e| EmitError::Template(e.to_string()))
}

const TEMPLATES: [(&str, &str); 9] = [
    ("script", include_str!("../templates/script.hbs")),
    ("stanza", include_str!("../templates/stanza.hbs")),
    ("runtime", include_str!("../templates/runtime.hbs")),
    ("runtime-stanzas", include_str!("../templates/runtime-stanzas.hbs")),
    ("runtime-commands", include_str!("../templates/runtime-commands.hbs")),
    ("runtime-steps", include_str!("../templates/runtime-steps.hbs")),
    ("runtime-resume", include_str!("../templates/runtime-resume.hbs")),
    ("runtime-start", include_str!("../templates/runtime-start.hbs")),
    ("runtime-end", include_str!("../templates/runtime-end.hbs")),
];

/// What the template of the script shows.
#[derive(Serialize)]
struct Script<'p> {
    plan: &'p str,
    plan_word: String,
    title: String,
    arguments: String,
    sources: Vec<String>,
    id: String,
    last: usize,
    decisions: Vec<Decision>,
    questions: Vec<String>,
    gates: Vec<String>,
    machines: Vec<Site>,
    secrets: Vec<Known>,
    locks: Vec<Lock>,
    guards: Vec<Function>,
    values: Vec<PlanValue>,
    stanzas: Vec<Stanza>,
    impossible: Vec<Impossible>,
    waves: Vec<String>,
    things: Vec<Thing>,
    goals: Vec<String>,
    holds: Vec<String>,
}

/// A decision that is taken when the script starts.
#[derive(Serialize)]
struct Decision {
    number: usize,
    name: String,
    question: String,
    options: String,
    /// For `--help`.
    shown: String,
}

/// A machine with its transport.
#[derive(Serialize)]
struct Site {
    name: String,
    via: String,
}

/// A secret and where it is found.
#[derive(Serialize)]
struct Known {
    name: String,
    source: String,
}

/// A thing that no other run may touch meanwhile.
#[derive(Serialize)]
struct Lock {
    folder: String,
    name: String,
}

#[derive(Serialize)]
struct Function {
    number: usize,
    body: String,
    is_short: bool,
}

/// A value that is known only while the script runs.
#[derive(Serialize)]
struct PlanValue {
    number: usize,
    name: String,
    captured: bool,
    cases: Vec<Case>,
    otherwise: String,
}

#[derive(Serialize)]
struct Case {
    condition: String,
    text: String,
}

/// Steps that certain decisions rule out.
#[derive(Serialize)]
struct Impossible {
    condition: String,
    steps: String,
}

/// A thing that must not be left just anyhow.
#[derive(Serialize)]
struct Thing {
    number: usize,
    name: String,
    initial: String,
    rests: String,
    values: String,
}

impl<'p> Script<'p> {
    fn of(program: &'p Verified) -> Result<Script<'p>, EmitError> {
        let guards = Guards::of(program);
        let machines = machine_names(program);
        let stanzas = stanza::stanzas(program, &guards, &machines)?;
        let digest = program.digest().iter().take(6).map(|b| format!("{b:02x}")).collect::<String>();
        Ok(Script {
            plan: &program.plan,
            plan_word: quoted(&program.plan),
            title: comment(&program.title),
            arguments: comment(&arguments(program)),
            sources: program.sources.iter().map(|s| format!("{} ({})", comment(&s.path), short(&s.digest))).collect(),
            id: word(&format!("{}-{digest}", file_name(&program.plan))),
            last: program.code.len().saturating_sub(1),
            decisions: decisions(program),
            questions: questions(program),
            gates: gates(program),
            machines: sites(program, &machines),
            secrets: program.secrets.iter().map(|s| Known { name: word(&s.name), source: source(&s.source) }).collect(),
            locks: program.locks.iter().map(|l| Lock { folder: word(&file_name(l)), name: word(l) }).collect(),
            values: values(program, &guards),
            impossible: impossible(program, &guards),
            waves: waves::waves(program).iter().map(|w| w.iter().map(|i| format!(" {i}")).collect()).collect(),
            things: things(program),
            goals: program.goal.iter().map(|g| format!("{} {}", g.cell.0, mask(g.allowed))).collect(),
            holds: program.holds.iter().map(|h| word(&h.text)).collect(),
            guards: guards
                .functions()
                .map(|(number, body)| Function { number, body: body.to_owned(), is_short: !body.contains('\n') })
                .collect(),
            stanzas,
        })
    }
}

fn short(digest: &[u8]) -> String {
    digest.iter().take(6).map(|b| format!("{b:02x}")).collect()
}

fn arguments(program: &Program) -> String {
    let each: Vec<String> = program.arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    each.join(", ")
}

/// A name that a folder can have.
fn file_name(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name: String = text.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    // What was changed might be mistaken for something else that was.
    if name == text && !name.starts_with('.') {
        name
    } else {
        format!("{}-{}", name.trim_start_matches('.'), &short(blake3::hash(text.as_bytes()).as_bytes()))
    }
}

/// The machines by names of one word each; `here` is where the script runs.
fn machine_names(program: &Program) -> Vec<String> {
    program.machines.iter().map(|m| file_name(&m.name)).collect()
}

/// What commands of an instruction without a machine are said to run on.
const HERE: &str = "here";

fn decisions(program: &Program) -> Vec<Decision> {
    let atoms = program.atoms.iter().enumerate();
    atoms
        .filter(|(_, a)| a.source == AtomSource::Decision)
        .map(|(number, a)| Decision {
            number,
            name: word(&a.name),
            question: word(&a.question),
            options: words(a.options.iter().map(String::as_str)),
            shown: format!("{}={}    {}", word(&a.name), a.options.join("|"), comment(&a.question)),
        })
        .collect()
}

/// The steps that may ask something, with the answers they take.
fn questions(program: &Program) -> Vec<String> {
    let asks = |op: &Op| match op {
        Op::Ask { answers, .. } if !answers.is_empty() => Some(words(answers.iter().map(|a| a.name.as_str()))),
        Op::Ask { .. } => Some(String::from(" yes no")),
        Op::Run { command, .. } | Op::Probe { command, .. } if stanza::asks(command) => Some(String::from(" yes no")),
        _ => None,
    };
    program.code.iter().filter_map(|i| Some(format!("{}{}", word(&i.name), asks(&i.op)?))).collect()
}

/// The steps whose question is for a role, with the role.
fn gates(program: &Program) -> Vec<String> {
    let role = |op: &Op| if let Op::Ask { gate, .. } = op { gate.role.clone() } else { None };
    program.code.iter().filter_map(|i| Some(format!("{} {}", word(&i.name), word(&role(&i.op)?)))).collect()
}

fn sites(program: &Program, names: &[String]) -> Vec<Site> {
    let site = |(m, name): (&Machine, &String)| Site { name: name.clone(), via: via(&m.reach) };
    let here = Site { name: String::from(HERE), via: String::from("local") };
    let used = program.code.iter().any(|i| i.host.is_none() && i.op.command().is_some());
    let machines = program.machines.iter().zip(names).map(site);
    machines.chain(Some(here).filter(|_| used && !names.iter().any(|n| n == HERE))).collect()
}

/// Where a secret is found, in the words of the script.
fn source(source: &SecretSource) -> String {
    match source {
        SecretSource::Env(name) => format!("env {}", word(name)),
        SecretSource::File(path) => format!("file {}", word(path)),
    }
}

fn via(reach: &Reach) -> String {
    match reach {
        Reach::Local => String::from("local"),
        Reach::Exec { prefix } => format!("exec{}", words(prefix.iter().map(String::as_str))),
        Reach::Ssh { host, user } => format!("ssh {} {}", word(user), word(host)),
    }
}

/// The name of an instruction's machine.
fn machine_of(host: Option<MachineId>, names: &[String]) -> String {
    host.and_then(|m| names.get(m.index())).map_or(HERE, String::as_str).to_owned()
}

fn values(program: &Program, guards: &Guards<'_>) -> Vec<PlanValue> {
    let used: BTreeSet<usize> =
        program.code.iter().flat_map(|i| i.op.templates().flat_map(|t| t.values())).map(|v| v.index()).collect();
    let value = |(number, value): (usize, &Value<_, _>)| {
        let (cases, otherwise) = match &value.source {
            ValueSource::Captured { .. } => (Vec::new(), String::new()),
            ValueSource::Picked { cases, otherwise } => {
                let case = |(guard, text): &(_, String)| Case {
                    condition: guards.code(*guard).unwrap_or_else(|| String::from(":")),
                    text: word(text),
                };
                (cases.iter().map(case).collect(), word(otherwise))
            }
        };
        let captured = matches!(value.source, ValueSource::Captured { .. });
        PlanValue { number, name: word(&value.name), captured, cases, otherwise }
    };
    program.values.iter().enumerate().filter(|(i, _)| used.contains(i)).map(value).collect()
}

fn impossible(program: &Program, guards: &Guards<'_>) -> Vec<Impossible> {
    let mut by_condition: BTreeMap<&str, String> = BTreeMap::new();
    for (i, instr) in program.code.iter().enumerate() {
        if let Some(condition) = guards.can_hold(instr.guard) {
            by_condition.entry(condition).or_default().push_str(&format!(" {i}"));
        }
    }
    by_condition.into_iter().map(|(condition, steps)| Impossible { condition: condition.to_owned(), steps }).collect()
}

/// Whether it matters at the end what a cell is: it may not be left as anything, or it is a part of the goal.
fn matters(program: &Program, id: CellId) -> bool {
    let rests = program.cells.get(id.index()).is_none_or(|c| c.all() & !c.rests == 0);
    !rests || program.goal.iter().any(|g| g.cell == id)
}

/// The cells that matter at the end.
fn things(program: &Program) -> Vec<Thing> {
    let cells = program.cells.iter().enumerate().filter(|(i, _)| matters(program, CellId::at(*i)));
    cells
        .map(|(number, c)| Thing {
            number,
            name: word(&c.name),
            initial: mask(c.initial),
            rests: mask(c.rests),
            values: c.values.iter().map(|value| format!(" {}", word(&c.reads([value.as_str()])))).collect(),
        })
        .collect()
}
