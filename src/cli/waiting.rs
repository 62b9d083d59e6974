//! The questions that wait for an answer, of every run that has not ended; and what becomes of an answer to one.

use crate::bytecode::{InstrId, Op};
use crate::calculus::Answer;
use crate::cli::console::Console;
use crate::cli::flags::StateFlag;
use crate::cli::run::{needed, open};
use crate::cli::{Exit, report};
use crate::os::control::{self, Presence};
use crate::os::{RunInfo, Store};
use crate::run::{AnswerSource, Asked, Chronicle, Event, Machine, Record, RunError, unknown_step};
use crate::verify::Verified;
use serde::Serialize;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long the executor may take to write an answer down after it has taken it.
const WRITTEN: Duration = Duration::from_secs(10);

/// A question that waits for an answer.
#[derive(Debug, Serialize)]
pub struct Waiting {
    /// The step that asks.
    pub step: String,
    /// What.
    pub question: String,
    /// The words that answer it, each perhaps with `: ` and an explanation.
    pub options: Vec<String>,
    /// Who may answer: a role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<jiff::Timestamp>,
    /// What counts if nobody has answered by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    #[serde(skip)]
    op: Op,
    #[serde(skip)]
    id: InstrId,
}

impl Waiting {
    fn of(program: &Verified, id: InstrId, asked: &Asked) -> Option<Waiting> {
        let instr = program.code.get(id.index())?;
        Some(Waiting {
            step: instr.name.clone(),
            question: asked.question.clone(),
            options: asked.options.clone(),
            role: asked.role.clone(),
            until: asked.until,
            otherwise: asked.otherwise.clone(),
            op: instr.op.clone(),
            id,
        })
    }

    /// `sure, for dba until 14:05:00Z`
    pub fn shown(&self) -> String {
        let role = self.role.as_ref().map_or_else(String::new, |role| format!(", for {role}"));
        let until = self.until.map_or_else(String::new, |at| format!(" until {}", at.strftime("%H:%M:%SZ")));
        format!("{}{role}{until}", self.step)
    }

    /// The word that approves, or rejects, where nobody says it.
    fn word(&self, approve: bool) -> Result<&str, RunError> {
        let answers: &[Answer] = if let Op::Ask { answers, .. } = &self.op { answers } else { &[] };
        let words = || self.options.iter().map(|o| o.split_once(": ").map_or(o.as_str(), |(word, _)| word));
        if answers.is_empty() && words().any(|w| w == "yes") {
            return Ok(if approve { "yes" } else { "no" });
        }
        let mut fits = answers.iter().filter(|a| a.stops != approve);
        match (fits.next(), fits.next()) {
            (Some(answer), None) => Ok(&answer.name),
            _ => {
                Err(RunError::usage(format!("it is not clear which answer to `{}` is meant", self.step)).help(format!(
                    "`handover approve --answer WORD`, which is one of: {}",
                    words().collect::<Vec<_>>().join(", ")
                )))
            }
        }
    }
}

/// The questions of a run that has not ended.
pub fn waiting(store: &Store, run: &RunInfo) -> Result<Vec<Waiting>, RunError> {
    let (program, records) = read(store, run)?;
    Ok(open_questions(&program, &Chronicle::of(&records)))
}

/// The questions that are open.
pub fn open_questions(program: &Verified, chronicle: &Chronicle) -> Vec<Waiting> {
    chronicle.open_questions().iter().filter_map(|(id, asked)| Waiting::of(program, *id, asked)).collect()
}

/// The program of a run, and what happened.
pub fn read(store: &Store, run: &RunInfo) -> Result<(Arc<Verified>, Vec<Record>), RunError> {
    let program = store.program(&run.digest)?;
    Ok((Arc::new(program), store.events(&run.id)?))
}

/// What to answer, and why.
pub struct Wanted<'a> {
    /// The run, the step, or both.
    pub names: &'a [String],
    /// Whether it is a yes.
    pub approve: bool,
    /// The answer, if somebody says it.
    pub word: Option<&'a str>,
    /// Why.
    pub why: &'a str,
}

/// Answers a question of a run that an executor works on.
pub fn give(wanted: &Wanted<'_>, state: &StateFlag, console: &mut Console) -> Exit {
    match answer(wanted, state) {
        Ok(text) => {
            console.out.line(text);
            Exit::Done
        }
        Err(error) => report::run_error(console, &error),
    }
}

fn answer(wanted: &Wanted<'_>, state: &StateFlag) -> Result<String, RunError> {
    let store = open_existing(state)?;
    let (run, step) = addressed(&store, wanted.names)?;
    if run.ended.is_some() {
        return Err(RunError::usage(format!("run {} has ended: it asks nothing any more", run.id))
            .help(format!("`handover show {}` tells what became of it", run.id)));
    }
    let mut open = waiting(&store, &run)?;
    if control::presence(store.folder(), &run.id) == Presence::Gone {
        let (step, word) = (step.as_deref().unwrap_or("STEP"), wanted.word.unwrap_or("WORD"));
        let step = if let [question] = open.as_slice() { &question.step } else { step };
        return Err(RunError::stopped(format!("no executor is working on run {}: it was lost", run.id))
            .help(format!("go on with it: `handover resume {} --answer {step}={word}`, or `--cancel`", run.id)));
    }
    let question = match (&step, open.len()) {
        (Some(step), _) => match open.iter().position(|w| w.step == *step) {
            Some(index) => open.swap_remove(index),
            None => return Err(not_open(&store, &run, step)),
        },
        (None, 0) => {
            return Err(RunError::usage(format!("run {} asks nothing at the moment", run.id))
                .help(format!("`handover show {}` tells what it is doing", run.id)));
        }
        (None, 1) => open.swap_remove(0),
        (None, _) => {
            let steps: Vec<String> = open.iter().map(|w| format!("{}    {}", w.shown(), w.question)).collect();
            return Err(RunError::usage(format!("run {} asks more than one question", run.id))
                .help(format!("name the step:\n{}", steps.join("\n"))));
        }
    };
    let word = wanted.word.map_or_else(|| question.word(wanted.approve), Ok)?;
    control::answer(store.folder(), &run.id, question.id, word, wanted.why)?;
    written(&store, &run, &question, word)
}

/// The store, to be read and for its folder.
fn open_existing(state: &StateFlag) -> Result<Store, RunError> {
    needed(state).and_then(|_| open(state))
}

/// The run and the step that are meant: one name is a run, or a step of the only run that asks.
fn addressed(store: &Store, names: &[String]) -> Result<(RunInfo, Option<String>), RunError> {
    if let [run, rest @ ..] = names
        && (!rest.is_empty() || store.run(run).is_ok())
    {
        return Ok((store.run(run)?, rest.first().cloned()));
    }
    if let [name] = names
        && name.starts_with(|c: char| c.is_ascii_digit())
    {
        // No step's name begins with a digit: it was meant to be a run.
        return Ok((store.run(name)?, None));
    }
    Ok((the_one(store, |store, run| Ok(!waiting(store, run)?.is_empty()))?, names.first().cloned()))
}

/// The run that has not ended and fits, if there is only one; the only one that has not ended if none fits.
pub fn the_one(store: &Store, fits: impl Fn(&Store, &RunInfo) -> Result<bool, RunError>) -> Result<RunInfo, RunError> {
    let unended: Vec<RunInfo> = store.runs()?.into_iter().filter(|run| run.ended.is_none()).collect();
    let mut fitting = Vec::new();
    for run in &unended {
        if fits(store, run)? {
            fitting.push(run.clone());
        }
    }
    match (fitting.as_slice(), unended.as_slice()) {
        ([run], _) | ([], [run]) => Ok(run.clone()),
        ([], []) => Err(RunError::usage(format!("no run in `{}` is going on", store.folder().display()))
            .help("`handover runs` lists them; `--state DIR` looks elsewhere")),
        (several @ [_, ..], _) | ([], several) => {
            let ids: Vec<String> = several.iter().map(|run| format!("{}    {}", run.id, run.plan)).collect();
            Err(RunError::usage("more than one run could be meant").help(format!("name it:\n{}", ids.join("\n"))))
        }
    }
}

/// Why a step asks nothing at the moment.
fn not_open(store: &Store, run: &RunInfo, step: &str) -> RunError {
    let (program, records) = match read(store, run) {
        Ok(read) => read,
        Err(error) => return error,
    };
    let Some(id) = program.code.iter().position(|i| i.name == step).map(InstrId::at) else {
        return unknown_step(&program, step);
    };
    let by = |record: &Record| match &record.event {
        Event::Answered { step, answer, by, .. } if *step == id => Some((answer.clone(), by.clone(), record.time)),
        _ => None,
    };
    if let Some((answer, by, at)) = records.iter().rev().find_map(by) {
        let at = at.strftime("%H:%M:%SZ");
        let who = match by {
            AnswerSource::Person(said) => format!("{said}, at {at}"),
            AnswerSource::InAdvance(who) => format!("{who}, in advance"),
            AnswerSource::Deadline => format!("nobody in time, so that it counts since {at}"),
            AnswerSource::Command => format!("its command, at {at}"),
        };
        return RunError::usage(format!("`{step}` was answered already: `{answer}`, by {who}"));
    }
    let status = Machine::replay(Arc::clone(&program), &records).map(|machine| machine.status(id));
    match status {
        Ok(status) if status.is_settled() => RunError::usage(format!("`{step}` asks nothing any more: it is {status}")),
        _ => RunError::usage(format!("`{step}` has not been asked yet"))
            .help(format!("`handover run … --answer {step}=…` answers in advance")),
    }
}

/// Looks until the answer is in the journal.
fn written(store: &Store, run: &RunInfo, question: &Waiting, word: &str) -> Result<String, RunError> {
    let patience = Instant::now() + WRITTEN;
    loop {
        let records = store.events(&run.id)?;
        let by = records.iter().rev().find_map(|r| match &r.event {
            Event::Answered { step, answer, by: AnswerSource::Person(said), .. }
                if *step == question.id && answer == word =>
            {
                Some(said.clone())
            }
            _ => None,
        });
        match by {
            Some(said) => return Ok(format!("{} of run {}: {word}, says {said}", question.step, run.id)),
            None if Instant::now() < patience => sleep(Duration::from_millis(20)),
            None => {
                return Err(RunError::open("the executor has taken the answer and not written it down")
                    .help(format!("its journal may be in trouble: see its terminal, and `handover show {}`", run.id)));
            }
        }
    }
}
