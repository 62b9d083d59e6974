//! Who goes on with a run whose journal is kept in two places, and where this executor copies it to.

use super::replica::{Closed, Replica, Subject, taken_over};
use super::store::{RunInfo, Store};
use crate::bytecode::encode;
use crate::run::{Event, Journal, Link, Options, Record, RunError, Said, Waiver, Who};
use crate::verify::Verified;
use jiff::Timestamp;
use std::sync::Arc;

/// Refuses to go on with a run that another executor may be going on with. What the operator says of that one is
/// recorded.
pub(super) fn succeed(store: &Store, run: &str, options: &Options, by: &Who) -> Result<Option<Event>, RunError> {
    let last = store.session(run)?.filter(|s| !is_ours(store, &s.by));
    match (last, &options.dead) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(RunError::usage(format!("run {run} was executed from this journal only"))
            .help("leave `--dead` out: nobody else can be going on with it")),
        (Some(last), Some(host)) if *host == last.by.host => {
            let text = format!("{} says that the executor on `{host}` is dead ({last})", by.user);
            Ok(Some(Event::Waived { waiver: Waiver::Executor, text, by: said(options, by) }))
        }
        (Some(last), Some(host)) => {
            let there = &last.by.host;
            Err(RunError::usage(format!("you said `{host}`; it is `{there}` that run {run} is executed on ({last})"))
                .help(format!("make sure that the executor on `{there}` is dead, not another one")))
        }
        (Some(last), None) => {
            let message = format!("run {run} is executed elsewhere, and this is the copy of its journal: {last}");
            Err(RunError::stopped(message).help(format!(
                "make sure that it is dead there, or can reach nothing any more; then say so: `handover resume {run} --dead {}`",
                last.by.host
            )))
        }
    }
}

/// In whose word it is done, and why.
fn said(options: &Options, by: &Who) -> Said {
    Said { who: by.user.clone(), why: options.why.clone() }
}

/// Refuses to go on with a run that, as this executor has been told, another one goes on with.
pub(super) fn is_left(run: &str, records: &[Record], way: &str) -> Result<(), RunError> {
    let said = records.iter().rev().find_map(|record| match &record.event {
        Event::Connection { state: Link::TakenOver, text, .. } => Some(text),
        _ => None,
    });
    said.map_or(Ok(()), |text| Err(left(run, text, way)))
}

/// Nothing is done here any more.
fn left(run: &str, text: &str, way: &str) -> RunError {
    let look =
        if way.is_empty() { "look there".to_owned() } else { format!("look there: `{way} handover show {run}`") };
    RunError::stopped(format!("run {run} is not gone on with here: {text}")).help(look)
}

/// What leads to the copy that the last session here had.
pub(super) fn kept(store: &Store, run: &str) -> Result<String, RunError> {
    Ok(store.session(run)?.filter(|s| is_ours(store, &s.by)).map(|s| s.by.replica).unwrap_or_default())
}

/// Whether a session wrote the journal here.
pub(super) fn is_ours(store: &Store, by: &Who) -> bool {
    by.journal.is_empty() || by.journal == store.id()
}

/// What leads to the copy: what is said now, else what the last session here had. With it, what is waived.
pub(super) fn way(store: &Store, run: &str, options: &Options, by: &Who) -> Result<(String, Option<Event>), RunError> {
    let kept = kept(store, run)?;
    if !options.without_replica {
        return Ok((options.replica.clone().unwrap_or(kept), None));
    }
    if kept.is_empty() {
        return Err(
            RunError::usage(format!("the journal of run {run} has no copy")).help("leave `--without-replica` out")
        );
    }
    let text = format!("nobody has asked `{kept}` whether the run was taken over there");
    Ok((String::new(), Some(Event::Waived { waiver: Waiver::Replica, text, by: said(options, by) })))
}

/// Opens the copy of a run's journal, with what is to be recorded of that; nothing if there is to be none. That a run was
/// taken over is written down: nobody who loses the way to the copy goes on with it.
pub(super) fn open(
    store: &Store,
    run: &str,
    program: &Verified,
    way: &str,
) -> Result<Option<(Arc<Replica>, Event)>, RunError> {
    if way.is_empty() {
        return Ok(None);
    }
    let subject = subject(store, run, program, way)?;
    let replica = match Replica::open(subject) {
        Ok(replica) => Arc::new(replica),
        Err(Closed::Error(error)) if error.help.is_some() && store.session(run)?.is_some() => {
            let help = "ask it whether the run was taken over there; if nobody has done that, add `--without-replica`";
            return Err(error.help(help));
        }
        Err(Closed::Error(error)) => return Err(error),
        Err(Closed::Taken(by)) => {
            let text = taken_over(&by);
            let event = Event::replica(Link::TakenOver, text.clone());
            let record = Record { time: Timestamp::now(), event };
            let written = store.journal(run, program)?.append(&[record]);
            written.map_err(|error| RunError::stopped(error.message).help(error.help))?;
            return Err(left(run, &text, way));
        }
    };
    let text = format!("the journal is copied by `{way}`");
    Ok(Some((replica, Event::replica(Link::Open, text))))
}

/// What is copied by a way.
fn subject(store: &Store, run: &str, program: &Verified, way: &str) -> Result<Subject, RunError> {
    let prefix = shlex::split(way).filter(|words| !words.is_empty());
    let prefix = prefix.ok_or_else(|| {
        RunError::usage(format!("`{way}` is no command that leads to another machine"))
            .help("such as 'ssh control-west'")
    })?;
    Ok(Subject {
        prefix,
        run: run.to_owned(),
        digest: blake3::Hash::from_bytes(program.digest()).to_hex().to_string(),
        journal: store.id().to_owned(),
        program: encode(program),
        folder: store.folder().to_owned(),
    })
}

/// Brings the copy of a run that has ended up to date: by a way, or by the one that it had. Says which way that was.
///
/// # Errors
/// The run has not ended or has no copy, the way leads nowhere, or what is there is something else.
pub fn copy(store: &Store, run: &RunInfo, way: Option<&str>) -> Result<String, RunError> {
    if run.ended.is_none() {
        return Err(RunError::usage(format!("run {} has not ended: its executor copies its journal", run.id))
            .help(format!("`handover resume {}` if that is lost", run.id)));
    }
    let way = way.map_or_else(|| kept(store, &run.id), |way| Ok(way.to_owned()))?;
    if way.is_empty() {
        return Err(RunError::usage(format!("the journal of run {} has no copy", run.id))
            .help("say what leads to one: `--replica 'ssh control-west'`"));
    }
    let replica = match Replica::open(subject(store, &run.id, &store.program(&run.digest)?, &way)?) {
        Ok(replica) => replica,
        Err(Closed::Error(error)) => return Err(error),
        Err(Closed::Taken(by)) => return Err(left(&run.id, &taken_over(&by), &way)),
    };
    replica.confirm(run.events);
    replica.close().map_or(Ok(way), |missing| Err(RunError::stopped(missing)))
}
