//! Checks in the background: what is wrong with the newest texts at once, then the proofs while nothing new comes.

use super::files::Texts;
use crate::assist::{Finding, Outlook};
use crate::session::{self, Request};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Milliseconds that nobody must have typed before the proofs begin.
const PAUSE_MS: u64 = 100;
/// Bytes of stack: what the command itself has for the same work.
const STACK: usize = 16 << 20;

/// A plan to be checked.
#[derive(Clone, Debug)]
pub struct Job {
    /// The file.
    pub root: String,
    /// The number of this check among those of the file.
    pub round: u64,
    /// All open texts as they are now.
    pub texts: Texts,
}

/// What a check has found.
#[derive(Debug)]
pub struct Report {
    /// The file.
    pub root: String,
    /// Which check.
    pub round: u64,
    /// What was found.
    pub outcome: Outcome,
}

/// The stages of a check.
#[derive(Debug)]
pub enum Outcome {
    /// Everything but the proofs.
    Drafted {
        /// What is wrong.
        findings: Vec<Finding>,
        /// The files that belong to it.
        sees: Vec<String>,
    },
    /// How the plans go, as far as that is known before the proofs.
    Foreseen {
        /// How.
        outlook: Outlook,
    },
    /// The proofs as well.
    Proved {
        /// What is wrong, all of it.
        findings: Vec<Finding>,
        /// What is proved.
        outlook: Outlook,
    },
    /// It went wrong by our own fault.
    Defect,
}

#[derive(Debug, Default)]
struct Waiting {
    drafts: Vec<Job>,
    proofs: Vec<Job>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Desk {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    /// Something waits that is more urgent than a proof.
    urgent: AtomicBool,
}

impl Desk {
    /// Nothing can be half done while it is held, so that a panic elsewhere has spoiled nothing.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'d>(&self, waiting: MutexGuard<'d, Waiting>) -> MutexGuard<'d, Waiting> {
        self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner)
    }

    /// The next thing to do, and whether it is a proof; nothing once it is closed.
    fn next(&self) -> Option<(Job, bool)> {
        let mut waiting = self.waiting();
        loop {
            if waiting.closed {
                return None;
            }
            if !waiting.drafts.is_empty() {
                let job = waiting.drafts.remove(0);
                self.urgent.store(!waiting.drafts.is_empty(), Ordering::Relaxed);
                return Some((job, false));
            }
            if waiting.proofs.is_empty() {
                waiting = self.wait(waiting);
                continue;
            }
            let pause = Duration::from_millis(PAUSE_MS);
            let idle = |w: &mut Waiting| w.drafts.is_empty() && !w.closed;
            let waited = self.changed.wait_timeout_while(waiting, pause, idle);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
            if waiting.drafts.is_empty() && !waiting.closed {
                return Some((waiting.proofs.remove(0), true));
            }
        }
    }

    /// Puts a job in the place of older ones of the same file.
    fn put(&self, job: Job, proof: bool) {
        let mut waiting = self.waiting();
        let list = if proof { &mut waiting.proofs } else { &mut waiting.drafts };
        list.retain(|other| other.root != job.root || other.round > job.round);
        let newer = list.iter().any(|other| other.root == job.root);
        if !newer {
            list.push(job);
        }
        if !proof {
            self.urgent.store(true, Ordering::Relaxed);
        }
        self.changed.notify_all();
    }
}

/// The thread that checks.
#[derive(Debug)]
pub struct Checker {
    desk: Arc<Desk>,
}

impl Checker {
    /// A checker that reports to `tell`.
    ///
    /// # Errors
    /// There can be no more threads.
    pub fn start(tell: impl Fn(Report) + Send + 'static) -> std::io::Result<Checker> {
        let desk = Arc::new(Desk::default());
        let own = Arc::clone(&desk);
        thread::Builder::new().name("checker".into()).stack_size(STACK).spawn(move || work(&own, &tell))?;
        Ok(Checker { desk })
    }

    /// Has a file checked; what is under way for an older text of it is given up.
    pub fn check(&self, job: Job) {
        self.desk.put(job, false);
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        self.desk.waiting().closed = true;
        self.desk.urgent.store(true, Ordering::Relaxed);
        self.desk.changed.notify_all();
    }
}

fn work(desk: &Desk, tell: &dyn Fn(Report)) {
    while let Some((job, proof)) = desk.next() {
        let say = |outcome| tell(Report { root: job.root.clone(), round: job.round, outcome });
        let done = panic::catch_unwind(AssertUnwindSafe(|| match proof {
            true => prove(desk, &job).map(&say).is_some(),
            false => {
                draft(&job, &say);
                false
            }
        }));
        match done {
            Ok(true) => {}
            // The proofs are still to be done, or done again.
            Ok(false) => desk.put(job, true),
            Err(_) => say(Outcome::Defect),
        }
    }
}

/// Says what is wrong as soon as that is known, and then how the plans go.
fn draft(job: &Job, say: &dyn Fn(Outcome)) {
    let draft = session::draft(&job.texts, &job.root);
    let findings = draft.diagnostics.iter().map(|d| Finding::of(d, &draft.sources, &job.root)).collect();
    let sees = draft.sources.iter().map(|(_, source)| source.path.clone()).collect();
    say(Outcome::Drafted { findings, sees });
    say(Outcome::Foreseen { outlook: Outlook::of_draft(&draft) });
}

/// Nothing if something more urgent came.
fn prove(desk: &Desk, job: &Job) -> Option<Outcome> {
    let request = Request { everything: true, ..Request::default() };
    let stopped = || desk.urgent.load(Ordering::Relaxed);
    let done = session::compile_unless(&job.texts, &job.root, &request, &stopped)?;
    let findings = done.diagnostics.iter().map(|d| Finding::of(d, &done.sources, &job.root)).collect();
    Some(Outcome::Proved { findings, outlook: Outlook::of_compilation(&done) })
}
