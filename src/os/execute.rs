//! Running a program, and taking a run up again: the same path but for the first event.

use super::control::{Control, is_alive};
use super::environment;
use super::gates::Gates;
use super::holds::none_broken;
use super::keys::Keys;
use super::lock::{Holder, Locks};
use super::node::{Needs, Nodes, Settings, check};
use super::notes::{Life, Notes};
use super::prompt::Prompt;
use super::replica::Replica;
use super::roles::Roles;
use super::signals::Signals;
use super::store::Store;
use super::succession;
use super::who::{boot, person, who};
use super::world;
use crate::bytecode::{InstrId, Op, Program, Status};
use crate::calculus::{MachineId, Reach, SecretSource};
use crate::run::{
    Event, Happening, Host, Machine, Options, Record, Reporter, RunEnded, RunError, RunStarted, Said, Waiver, Who,
    drive, exit, unknown_step,
};
use crate::verify::Verified;
use jiff::Timestamp;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A run that has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ending {
    /// Its id.
    pub run: String,
    /// How it ended.
    pub ended: RunEnded,
    /// How many events its journal has.
    pub events: i64,
    /// The digest of the last one, which stands for all of them, in hexadecimal.
    pub head: String,
}

/// Runs a program. Without `terminal` nobody is asked but by answers given in advance.
pub fn execute(
    store: &Store,
    program: Verified,
    options: &Options,
    reporter: &mut dyn Reporter,
    terminal: bool,
) -> Result<Ending, RunError> {
    environment::guard(&program.secrets);
    options.check_decisions(&program)?;
    options.check_answers(&program)?;
    let replica = options.replica.clone().unwrap_or_default();
    let (by, since) = (Who { journal: store.id().to_owned(), replica, ..who() }, Timestamp::now());
    let roles = Roles::new(options.roles.clone());
    roles.check(&program, options, &person())?;
    preflight(&program, options)?;
    let run = run_id(since, &by);
    let holder = Holder { run: run.clone(), plan: program.plan.clone(), by: by.clone(), since };
    let locks = Locks::take(store.folder(), &program.locks, &holder)?;
    let mut waived = options.waived.clone();
    match unfinished(store, &program)? {
        Some(why) if !options.anew => return Err(why),
        why => waived.extend(why.map(|why| (Waiver::Unfinished, why.message))),
    }
    waived.extend(none_broken(store, &program, options)?);
    let started = RunStarted {
        run: run.clone(),
        plan: program.plan.clone(),
        digest: hexadecimal(&program.digest()),
        arguments: program.arguments.clone(),
        decisions: options.decisions.clone(),
        directory: options.directory.clone(),
        roles: options.roles.clone(),
        by: by.clone(),
        approved: options.approved.clone(),
        flags: options.flags.clone(),
    };
    let copy = succession::open(store, &run, &program, &by.replica)?;
    let session = Session { store, run, by, locks, roles, life: Life::Complete, begins: true, copy };
    let said = || Said { who: session.by.user.clone(), why: options.why.clone() };
    let waived = waived.into_iter().map(|(waiver, text)| Event::Waived { waiver, text, by: said() });
    let opening = std::iter::once(Event::RunStarted(started)).chain(waived).collect();
    session.run(Machine::new(Arc::new(program)), opening, options, reporter, terminal)
}

/// Takes up a run whose executor was lost, with the very program that it was started with.
pub fn resume(
    store: &Store,
    run: &str,
    options: &Options,
    reporter: &mut dyn Reporter,
    terminal: bool,
) -> Result<Ending, RunError> {
    let info = store.run(run)?;
    let program = store.program(&info.digest)?;
    environment::guard(&program.secrets);
    if info.ended.is_some() {
        return Err(over(&info.id));
    }
    let (replica, waived) = succession::way(store, &info.id, options, &who())?;
    let by = Who { journal: store.id().to_owned(), replica, ..who() };
    let holder = Holder { run: info.id.clone(), plan: info.plan, by: by.clone(), since: Timestamp::now() };
    let locks = Locks::take(store.folder(), &program.locks, &holder)?;
    // Only now that nobody else writes to it.
    store.unaltered(&info.id)?;
    let records = store.events(&info.id)?;
    let machine = Machine::replay(Arc::new(program), &records).map_err(|error| {
        RunError::open(format!("the journal of run {} contradicts itself: {}", info.id, error.message)).help(DAMAGED)
    })?;
    if machine.ended().is_some() {
        return Err(over(&info.id));
    }
    succession::is_left(&info.id, &records, &succession::kept(store, &info.id)?)?;
    options.check_answers(machine.program())?;
    let named = records.iter().rev().filter_map(|r| named_roles(&r.event));
    let roles = Roles::new(
        named.fold(options.roles.clone(), |all, earlier| if all.is_empty() { earlier.clone() } else { all }),
    );
    roles.check(machine.program(), options, &person())?;
    check_settle(&machine, options)?;
    let mut opening =
        vec![Event::RunResumed { by: by.clone(), roles: options.roles.clone(), flags: options.flags.clone() }];
    opening.extend(succession::succeed(store, &info.id, options, &by)?);
    opening.extend(waived);
    if options.cancel && !machine.is_cancelled() {
        let by = Said { who: by.user.clone(), why: options.why.clone() };
        opening.push(Event::CancelRequested { by, hard: false });
    }
    let copy = succession::open(store, &info.id, machine.program(), &by.replica)?;
    let life = life(store, &records, &by);
    let mut options = options.clone();
    if options.directory.is_empty() {
        options.directory = machine.started().map(|s| s.directory.clone()).unwrap_or_default();
    }
    reporter.recall(&records);
    let session = Session { store, run: info.id, by, locks, roles, life, begins: false, copy };
    session.run(machine, opening, &options, reporter, terminal)
}

/// Nothing is to be done about a run.
fn over(run: &str) -> RunError {
    RunError::usage(format!("run {run} has ended: there is nothing to take up again"))
        .help("start the plan anew; steps that are done and can be read back are not repeated")
}

/// Why a program would be refused now, by what earlier runs of this journal have left.
pub fn obstacles(store: &Store, program: &Program, options: &Options) -> Result<Vec<RunError>, RunError> {
    let unfinished = unfinished(store, program)?.filter(|_| !options.anew);
    let broken = none_broken(store, program, options).err();
    Ok(unfinished.into_iter().chain(broken).collect())
}

/// An executor that was lost may have left a command running: a new run beside it would meet it.
fn unfinished(store: &Store, program: &Program) -> Result<Option<RunError>, RunError> {
    for run in store.runs()?.into_iter().filter(|run| run.ended.is_none()) {
        let shared = if run.plan == program.plan {
            Some(format!("of `{}`", run.plan))
        } else {
            let other = store.program(&run.digest)?;
            let thing = program.locks.iter().find(|thing| other.locks.contains(thing));
            thing.map(|thing| format!("of `{}`, which locks `{thing}`, too,", run.plan))
        };
        if let Some(of) = shared {
            // One that goes on holds its locks: only a rehearsal, which takes none, gets as far as this.
            let (how, help) = match is_alive(store.folder(), &run.id) {
                true => ("it goes on", String::from("wait until it has ended, or end it with `handover cancel`")),
                false => (
                    "its executor was lost",
                    format!("go on with it: `handover resume {}`; to leave it as it is, add `--anew`", run.id),
                ),
            };
            let message = format!("run {} {of} has not ended: {how}", run.id);
            return Ok(Some(RunError::stopped(message).help(help)));
        }
    }
    Ok(None)
}

/// What can be known before the first step: the commands that lead to machines, and the secrets, are there.
fn preflight(program: &Verified, options: &Options) -> Result<(), RunError> {
    let folder = Path::new(&options.directory);
    if let Some(file) = &options.ssh_config
        && let Err(error) = super::state::readable(Path::new(file))
    {
        return Err(
            RunError::usage(format!("`{file}` cannot be read: {error}")).help("name it with `--ssh-config FILE`")
        );
    }
    for machine in &program.machines {
        if let Reach::Exec { prefix } = &machine.reach
            && let Some(command) = prefix.first().filter(|c| c.contains('/'))
            && !folder.join(command).exists()
        {
            let message = format!("`{command}`, which leads to `{}`, is not in `{}`", machine.name, options.directory);
            return Err(RunError::usage(message).help("run it in the plan's folder, or name that with `--dir DIR`"));
        }
    }
    for secret in &program.secrets {
        let missing = match &secret.source {
            SecretSource::Env(name) if std::env::var_os(name).is_none() => format!("the variable `{name}` is not set"),
            SecretSource::File(path) if !folder.join(path).exists() => format!("there is no file `{path}`"),
            SecretSource::Env(_) | SecretSource::File(_) => continue,
        };
        return Err(RunError::usage(format!("the secret `{}` is missing: {missing}", secret.name))
            .help("provide it before the run starts"));
    }
    Ok(())
}

struct Session<'a> {
    store: &'a Store,
    run: String,
    by: Who,
    locks: Locks,
    roles: Roles,
    life: Life,
    /// It is a new run: it may be refused.
    begins: bool,
    /// Where else the journal is kept, and what is recorded of that.
    copy: Option<(Arc<Replica>, Event)>,
}

impl Session<'_> {
    fn run(
        self,
        machine: Machine,
        opening: Vec<Event>,
        options: &Options,
        reporter: &mut dyn Reporter,
        terminal: bool,
    ) -> Result<Ending, RunError> {
        let unusable = |error| super::state::unusable(self.store.folder(), &error);
        let notes = Notes::new(self.store.folder(), &self.run, self.life);
        let signals = Signals::catch().map_err(unusable)?;
        let program = Arc::clone(machine.program());
        let needs = Needs::of(&program);
        let jobs = most_jobs(options.jobs, needs.len());
        let settings = Settings {
            run: self.run.clone(),
            directory: options.directory.clone(),
            jobs,
            patience_ms: options.lost_after_ms,
            config: options.ssh_config.as_ref().map(PathBuf::from),
        };
        let nodes = Nodes::new(settings, needs.clone());
        let folder = PathBuf::from(&options.directory);
        let mut world = world::Machine::new(self.by.user.clone(), notes, signals, nodes, folder);
        let mut opening = match self.look(&mut world, &needs, options) {
            Ok(found) => [opening, found].concat(),
            Err(refusal) => {
                // One that does not begin has nothing to find there later.
                if self.begins {
                    world.leave(|run| is_over(self.store, run));
                }
                return Err(refusal);
            }
        };
        world.gates = Gates::new(self.roles, &person());
        match Control::open(self.store.folder(), &self.run, machine.is_cancelled()) {
            Ok(control) => world.control = Some(control),
            // The run is not worse off than with nobody at another terminal.
            Err(error) => reporter.trouble(&format!("nobody can answer or cancel from elsewhere: {}", error.message)),
        }
        match terminal {
            true if reporter.takes_keys() => world.keys = Keys::terminal(),
            true => world.prompt = Prompt::terminal(),
            false => {}
        }
        let (copy, opened) = self.copy.unzip();
        opening.extend(opened);
        world.copy = copy.clone();
        if self.begins {
            world.notes.begin().map_err(unusable)?;
        }
        let mut journal = self.store.journal(&self.run, &program)?.copied(copy.clone());
        let host = Host { world: &mut world, journal: &mut journal, reporter, user: self.by.user.clone() };
        let options = Options { jobs, ..options.clone() };
        let ended = drive(machine, opening, &options, host);
        let (events, head) = journal.end();
        drop((journal, world.copy.take()));
        if let Some(missing) = copy.and_then(Arc::into_inner).and_then(Replica::close) {
            reporter.trouble(&missing);
        }
        let ended = ended?;
        world.leave(|run| is_over(self.store, run));
        drop(self.locks);
        Ok(Ending { run: self.run, ended, events, head })
    }

    /// Opens the ways to the nodes, and looks whether they are as the plan needs them. Gives what there is to record.
    fn look(
        &self,
        world: &mut world::Machine,
        needs: &BTreeMap<MachineId, Needs>,
        options: &Options,
    ) -> Result<Vec<Event>, RunError> {
        let found = world.open(needs.keys().copied()).map_err(|by| RunError {
            message: format!("{by} wanted an end before anything was started"),
            help: None,
            exit: exit::CANCELLED,
        })?;
        let wrong = if self.begins { check(&world.nodes, needs) } else { Vec::new() };
        if !wrong.is_empty() && !options.unready {
            let message =
                format!("the nodes are not as the plan needs them; nothing was started\n{}", wrong.join("\n"));
            return Err(RunError::stopped(message).help(remedy(&wrong)));
        }
        let by = Said { who: self.by.user.clone(), why: options.why.clone() };
        let waived = wrong.into_iter().map(|text| Event::Waived { waiver: Waiver::Preflight, text, by: by.clone() });
        let linked = found.into_iter().filter_map(|happening| match happening {
            Happening::Linked { machine, state, text, .. } => {
                let node = needs.get(&machine).map_or("?", |n| &n.name).to_owned();
                Some(Event::Connection { node, state, text, sought_until: None })
            }
            _ => None,
        });
        Ok(waived.chain(linked).collect())
    }
}

/// Whether nobody has anything to find out about a run any more. If that cannot be told, its notes stay.
fn is_over(store: &Store, run: &str) -> bool {
    store.is_over(run).unwrap_or(false)
}

/// What to do about nodes of which this is wrong. A host key that is another is nothing to go on without: `ssh` says so with
/// the line of the one that it knows.
fn remedy(wrong: &[String]) -> &'static str {
    match wrong.iter().any(|line| line.contains("Offending ")) {
        true => {
            "a host key is another than the known one: somebody may sit in between. Compare the fingerprint with what \
             `ssh-keygen -lf` says of the key on the node itself; only if it is the same, remove the known one with \
             `ssh-keygen -R`"
        }
        false => "put it right; or start all the same with `--unready`",
    }
}

/// Where the executors of a run so far have run, seen from this one.
fn life(store: &Store, records: &[Record], by: &Who) -> Life {
    let sessions = || records.iter().filter_map(|r| session_of(&r.event));
    match () {
        () if !sessions().all(|who| who.host == by.host && succession::is_ours(store, who)) => Life::Elsewhere,
        () if sessions().all(|who| who.boot == boot()) => Life::Complete,
        () if sessions().any(|who| who.boot == boot()) => Life::Partly,
        () => Life::Rebooted,
    }
}

/// How many commands this process can have running: each needs four open files, and each node one. The limit is raised as
/// far as this takes and the system allows.
fn most_jobs(jobs: usize, nodes: usize) -> usize {
    let own = nodes.saturating_add(64);
    let wanted = u64::try_from(jobs.saturating_mul(4).saturating_add(own)).unwrap_or(u64::MAX);
    let Rlimit { current: Some(mut files), maximum } = getrlimit(Resource::Nofile) else { return jobs };
    let raised = wanted.min(maximum.unwrap_or(u64::MAX));
    if raised > files && setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok() {
        files = raised;
    }
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    jobs.min((files.saturating_sub(own) / 4).max(1))
}

/// An id that sorts by time and can be read aloud.
fn run_id(now: Timestamp, by: &Who) -> String {
    let digest = blake3::hash(format!("{} {} {}", now.as_nanosecond(), by.pid, by.boot).as_bytes());
    let tail = digest.to_hex();
    format!("{}-{}", now.strftime("%Y%m%d-%H%M%S"), tail.get(..4).unwrap_or_default())
}

fn hexadecimal(digest: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*digest).to_hex().to_string()
}

fn session_of(event: &Event) -> Option<&Who> {
    match event {
        Event::RunStarted(started) => Some(&started.by),
        Event::RunResumed { by, .. } => Some(by),
        _ => None,
    }
}

/// The roles that were named when a run was started or taken up.
fn named_roles(event: &Event) -> Option<&Vec<(String, Vec<String>)>> {
    match event {
        Event::RunStarted(RunStarted { roles, .. }) | Event::RunResumed { roles, .. } => Some(roles),
        _ => None,
    }
}

/// What the operator says of lost steps must be about steps that are lost.
fn check_settle(machine: &Machine, options: &Options) -> Result<(), RunError> {
    let program = machine.program();
    let lost: Vec<&str> = machine
        .running()
        .filter_map(|(id, at)| program.code.get(id.index()).filter(|i| matches!(i.op, Op::Run { .. }) && !at.ended))
        .map(|i| i.name.as_str())
        .collect();
    for (step, _) in &options.settle {
        if lost.contains(&step.as_str()) {
            continue;
        }
        let Some(id) = program.code.iter().position(|i| i.name == *step).map(InstrId::at) else {
            return Err(unknown_step(program, step));
        };
        let error = RunError::usage(match machine.status(id) {
            Status::Running | Status::Ok | Status::Failed | Status::Unknown => {
                format!("what became of `{step}` is known")
            }
            Status::Pending | Status::Blocked | Status::Cancelled | Status::NotApplicable => {
                format!("`{step}` has not run: there is nothing to settle")
            }
        });
        return Err(match lost.as_slice() {
            [] => error.help("no step of this run was lost: leave `--settle` out"),
            names => error.help(format!("the lost ones are: {}", names.join(", "))),
        });
    }
    Ok(())
}

const DAMAGED: &str = "the journal was changed or is damaged; the run cannot be taken up again";
