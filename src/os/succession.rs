//! Who goes on with a run whose journal is kept in two places, and where this executor copies it to.

use super::replica::{Replica, Subject};
use super::store::Store;
use crate::bytecode::{Program, encode};
use crate::run::{Event, Link, Options, Record, RunError, Said, Waiver, Who};
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
            let text = format!("nobody has checked whether the executor on `{host}` is dead ({last})");
            Ok(Some(Event::Waived { waiver: Waiver::Executor, text, by: said(options, by) }))
        }
        (Some(last), said) => {
            let message = format!("run {run} is executed elsewhere, and this is the copy of its journal: {last}");
            let error = if said.is_some() { RunError::usage(message) } else { RunError::stopped(message) };
            Err(error.help(format!(
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
pub(super) fn is_left(run: &str, records: &[Record]) -> Result<(), RunError> {
    let said = records.iter().rev().find_map(|record| match &record.event {
        Event::Connection { state: Link::TakenOver, text, .. } => Some(text),
        _ => None,
    });
    match said {
        Some(text) => Err(RunError::stopped(format!("run {run} goes on elsewhere: {text}")).help("follow it there")),
        None => Ok(()),
    }
}

/// Whether a session wrote the journal here.
pub(super) fn is_ours(store: &Store, by: &Who) -> bool {
    by.journal.is_empty() || by.journal == store.id()
}

/// What leads to the copy: what is said now, else what the last session here had. With it, what is waived.
pub(super) fn way(store: &Store, run: &str, options: &Options, by: &Who) -> Result<(String, Option<Event>), RunError> {
    let kept = store.session(run)?.filter(|s| is_ours(store, &s.by)).map(|s| s.by.replica).unwrap_or_default();
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

/// Opens the copy of a run's journal, with what is to be recorded of that; nothing if there is to be none.
pub(super) fn open(
    store: &Store,
    run: &str,
    program: &Program,
    way: &str,
) -> Result<Option<(Arc<Replica>, Event)>, RunError> {
    if way.is_empty() {
        return Ok(None);
    }
    let prefix = shlex::split(way).filter(|words| !words.is_empty());
    let prefix = prefix.ok_or_else(|| {
        RunError::usage(format!("`{way}` is no command that leads to another machine"))
            .help("such as 'ssh control-west'")
    })?;
    let subject = Subject {
        prefix,
        run: run.to_owned(),
        digest: blake3::Hash::from_bytes(program.digest()).to_hex().to_string(),
        journal: store.id().to_owned(),
        program: encode(program),
        folder: store.folder().to_owned(),
    };
    let replica = Arc::new(Replica::open(subject)?);
    let text = format!("the journal is copied by `{way}`");
    Ok(Some((replica, Event::Connection { node: String::from("replica"), state: Link::Open, text })))
}
