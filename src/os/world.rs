//! The real world of a run: one thread that waits on processes, pipes, signals and a terminal at once.

use super::control::Control;
use super::files;
use super::gates::Gates;
use super::keys::Keys;
use super::mark;
use super::node::{Handle, Nodes, Order};
use super::notes::Notes;
use super::process::Process;
use super::prompt::{Prompt, Reply};
use super::replica::Replica;
use super::signals::Signals;
use crate::base::limits;
use crate::bytecode::InstrId;
use crate::calculus::{MachineId, SecretSource};
use crate::run::{Finished, Happening, Launch, Link, Question, Said, Trace, World};
use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// This machine, for one run.
#[derive(Debug)]
pub(super) struct Machine {
    pub user: String,
    pub notes: Notes,
    pub signals: Signals,
    pub prompt: Option<Prompt>,
    /// Instead of the prompt, if whoever follows the run shows the questions.
    pub keys: Option<Keys>,
    /// The working directory of the run: where the files of its secrets are looked for.
    folder: PathBuf,
    pub gates: Gates,
    /// Whoever wants something of this run from another terminal.
    pub control: Option<Control>,
    /// The copy of the journal, which has news now and then.
    pub copy: Option<Arc<Replica>>,
    pub nodes: Nodes,
    begin: Instant,
    processes: BTreeMap<InstrId, Process>,
    /// What has happened and has not been told.
    happened: Vec<Happening>,
}

/// What a handle of the poll belongs to.
#[derive(Clone, Copy)]
enum Owner {
    Control,
    Process(InstrId, usize),
    Node(Handle),
    Signals,
    Prompt,
    Keys,
    Copy,
}

impl Machine {
    /// A machine at which nobody sits, with the other machines of the program.
    pub fn new(user: String, notes: Notes, signals: Signals, nodes: Nodes, folder: PathBuf) -> Machine {
        let (prompt, keys, gates, control, copy) = (None, None, Gates::default(), None, None);
        let (begin, processes, happened) = (Instant::now(), BTreeMap::new(), Vec::new());
        Machine { user, notes, signals, prompt, keys, folder, gates, control, copy, nodes, begin, processes, happened }
    }

    /// Opens the ways to nodes. What has become of them is told as if it had happened at the beginning of the run; an
    /// error is somebody's wish not to begin.
    pub fn open(&mut self, machines: impl Iterator<Item = MachineId>) -> Result<Vec<Happening>, Said> {
        let mut happenings = Vec::new();
        for machine in machines {
            if let Err(text) = self.nodes.want(machine) {
                happenings.push(Happening::Linked { machine, state: Link::Refused, text, sought_ms: None });
            }
        }
        self.until(&mut happenings, None, Nodes::is_settled);
        let wish =
            happenings.iter().find_map(|h| if let Happening::Interrupted { by, .. } = h { Some(by) } else { None });
        wish.map_or(Ok(()), |by| Err(by.clone()))?;
        Ok(happenings)
    }

    /// The run has ended: what it noted at nodes is removed, as far as they can be reached, and with it what other runs
    /// have left there that are over.
    pub fn leave(mut self, is_over: impl Fn(&str) -> bool) {
        let over = self.nodes.others().into_iter().filter(|run| is_over(run)).collect();
        self.nodes.leave(over);
        let until = self.clock_ms().saturating_add(limits::LEAVING_MS);
        self.until(&mut Vec::new(), Some(until), Nodes::has_left);
        self.notes.remove();
    }

    /// Waits until the nodes are as wished, or until somebody wants an end.
    fn until(&mut self, happenings: &mut Vec<Happening>, until_ms: Option<u64>, wished: impl Fn(&Nodes) -> bool) {
        loop {
            let clock_ms = self.clock_ms();
            self.nodes.tick(&mut self.notes, clock_ms, happenings);
            let interrupted = happenings.iter().any(|h| matches!(h, Happening::Interrupted { .. }));
            if wished(&self.nodes) || interrupted || until_ms.is_some_and(|until| until <= clock_ms) {
                return;
            }
            let ready = self.poll(self.nodes.due_ms().into_iter().chain(until_ms).min());
            self.take_in(ready, happenings);
        }
    }

    /// Waits for the handles; gives the owners of those that are ready. An empty answer means that time is up.
    fn poll(&self, until_ms: Option<u64>) -> Vec<Owner> {
        let mut owners = Vec::new();
        let mut polled = Vec::new();
        for (id, process) in &self.processes {
            for (index, handle) in process.handles().into_iter().enumerate() {
                if let Some(handle) = handle {
                    owners.push(Owner::Process(*id, index));
                    let what = if index == 3 { PollFlags::OUT } else { PollFlags::IN };
                    polled.push(PollFd::from_borrowed_fd(handle, what));
                }
            }
        }
        for (owner, handle, sends) in self.nodes.handles() {
            let what = match owner {
                Handle::Link(_) if sends => PollFlags::IN | PollFlags::OUT,
                Handle::Command(..) if sends => PollFlags::OUT,
                _ => PollFlags::IN,
            };
            owners.push(Owner::Node(owner));
            polled.push(PollFd::from_borrowed_fd(handle, what));
        }
        for handle in self.signals.handles() {
            owners.push(Owner::Signals);
            polled.push(PollFd::from_borrowed_fd(handle, PollFlags::IN));
        }
        if let Some(handle) = self.prompt.as_ref().and_then(Prompt::handle) {
            owners.push(Owner::Prompt);
            polled.push(PollFd::from_borrowed_fd(handle, PollFlags::IN));
        }
        if let Some(handle) = self.keys.as_ref().and_then(Keys::handle) {
            owners.push(Owner::Keys);
            polled.push(PollFd::from_borrowed_fd(handle, PollFlags::IN));
        }
        for handle in self.control.iter().flat_map(Control::handles) {
            owners.push(Owner::Control);
            polled.push(PollFd::from_borrowed_fd(handle, PollFlags::IN));
        }
        if let Some(copy) = &self.copy {
            owners.push(Owner::Copy);
            polled.push(PollFd::from_borrowed_fd(copy.handle(), PollFlags::IN));
        }
        let left = until_ms.map(|until| until.saturating_sub(self.clock_ms()));
        let timeout = left.map(|ms| Timespec {
            tv_sec: i64::try_from(ms / 1000).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(ms % 1000 * 1_000_000).unwrap_or(0),
        });
        match poll(&mut polled, timeout.as_ref()) {
            // A signal has come: it is in its pipe by now.
            Err(Errno::INTR) => vec![Owner::Signals],
            _ => owners.into_iter().zip(&polled).filter(|(_, p)| !p.revents().is_empty()).map(|(o, _)| o).collect(),
        }
    }

    fn take_in(&mut self, ready: Vec<Owner>, happenings: &mut Vec<Happening>) {
        let clock_ms = self.clock_ms();
        let mut processes: BTreeMap<InstrId, [bool; 4]> = BTreeMap::new();
        for owner in ready {
            match owner {
                Owner::Node(Handle::Link(machine)) => {
                    self.nodes.take_in(machine, &mut self.notes, clock_ms, happenings);
                }
                // A step has one command at a time.
                Owner::Process(id, index) | Owner::Node(Handle::Command(id, index)) => {
                    let flags = processes.entry(id).or_default();
                    if let Some(flag) = flags.get_mut(index) {
                        *flag = true;
                    }
                }
                Owner::Signals => {
                    let by =
                        |name| Happening::Interrupted { by: Said::by(format!("{} ({name})", self.user)), hard: false };
                    let signals = self.signals.take();
                    if let (Some(control), false) = (&mut self.control, signals.is_empty()) {
                        control.note_cancelled();
                    }
                    happenings.extend(signals.into_iter().map(by));
                }
                Owner::Copy => {
                    let news = self.copy.as_ref().map(|copy| copy.news()).unwrap_or_default();
                    happenings.extend(news.into_iter().map(|(state, text)| Happening::Copied { state, text }));
                }
                Owner::Keys => {
                    let Some(keys) = &mut self.keys else { continue };
                    happenings.extend(keys.take_in().into_iter().map(Happening::Key));
                    let unanswered = keys.unanswered().into_iter().filter(|step| !self.gates.stays_open(*step));
                    happenings.extend(unanswered.map(|step| Happening::Unanswered { step }));
                }
                Owner::Control => {
                    let control = self.control.as_mut();
                    happenings.extend(control.map(|c| c.take_in(&mut self.gates)).unwrap_or_default());
                }
                Owner::Prompt => {
                    let replies = self.prompt.as_mut().map(Prompt::take_in).unwrap_or_default();
                    happenings.extend(replies.into_iter().filter_map(|reply| match reply {
                        Reply::Chosen(step, option) => {
                            Some(Happening::Answered { step, option, by: Said::by(self.user.as_str()) })
                        }
                        Reply::Gone(step) if self.gates.stays_open(step) => None,
                        Reply::Gone(step) => Some(Happening::Unanswered { step }),
                    }));
                }
            }
        }
        for (id, flags) in processes {
            let process = self.processes.get_mut(&id).or_else(|| self.nodes.process(id));
            if let Some(process) = process {
                process.take_in(flags, clock_ms);
            }
        }
    }

    fn tick(&mut self, happenings: &mut Vec<Happening>) {
        let clock_ms = self.clock_ms();
        self.nodes.tick(&mut self.notes, clock_ms, happenings);
        self.processes.retain(|step, process| match process.tick(clock_ms) {
            Some(finished) => {
                happenings.push(Happening::Finished { step: *step, finished });
                false
            }
            None => true,
        });
    }

    /// Starts a command on this machine.
    fn start(&mut self, step: InstrId, attempt: u32, launch: &Launch) -> Result<Process, String> {
        let text = if launch.gated { gated(launch) } else { launch.script.clone() };
        let talks = launch.gated || !launch.lines.is_empty();
        let words = [String::from("sh"), String::from("-c"), text];
        let mark = mark::of(self.nodes.run(), step.0, attempt, launch.gated);
        let mut process = Process::spawn(&words, &launch.directory, talks, mark)?;
        if launch.gated {
            let (pid, handle) = process.named();
            if let Err(error) = self.notes.write(step, attempt, pid, handle) {
                process.abandon();
                return Err(format!("the command could not be started: {error}"));
            }
        }
        let gate = launch.gated.then_some("");
        let lines = gate.into_iter().chain(launch.lines.iter().map(String::as_str));
        process.say(lines.flat_map(|line| [line, "\n"]).collect::<String>().into_bytes());
        Ok(process)
    }
}

/// The script, waiting for an empty line before anything happens.
fn gated(launch: &Launch) -> String {
    let gate = "IFS= read -r handover_go || exit 125\n";
    let silence = if launch.lines.is_empty() { "exec </dev/null\n" } else { "" };
    [gate, silence, &launch.script].concat()
}

impl World for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn clock_ms(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn secret(&mut self, source: &SecretSource) -> Result<String, String> {
        match source {
            SecretSource::Env(name) => match env::var(name) {
                Ok(content) => Ok(content),
                Err(env::VarError::NotPresent) => Err(format!("the environment variable `{name}` is not set")),
                Err(env::VarError::NotUnicode(_)) => Err(format!("the environment variable `{name}` is not UTF-8")),
            },
            SecretSource::File(path) => {
                let text =
                    files::read_text(&self.folder.join(path), limits::SECRET_BYTES * 2).map_err(|e| e.to_string())?;
                Ok(text.lines().next().unwrap_or_default().to_owned())
            }
        }
    }

    fn launch(&mut self, step: InstrId, attempt: u32, launch: &Launch) -> Result<(), String> {
        if let Some(machine) = launch.machine {
            let Launch { script, lines, gated, limit_ms, firm, .. } = launch;
            let (acts, limit_ms, firm) = (*gated, *limit_ms, *firm);
            let order = Order { step, attempt, machine, script, lines, acts, limit_ms, firm };
            let clock_ms = self.clock_ms();
            return self.nodes.launch(&order, &mut self.notes, clock_ms);
        }
        let process = self.start(step, attempt, launch)?;
        self.processes.insert(step, process);
        Ok(())
    }

    fn trace(&mut self, step: InstrId, attempt: u32, machine: Option<MachineId>) -> Trace {
        if let Some(machine) = machine {
            return self.nodes.trace(step, attempt, machine, &self.notes, self.clock_ms());
        }
        let (trace, alive) = self.notes.trace(step, attempt);
        if let Some((pid, handle)) = alive {
            self.processes.insert(step, Process::adopt(pid, handle, mark::of(self.nodes.run(), step.0, attempt, true)));
        }
        trace
    }

    fn kill(&mut self, step: InstrId) {
        let clock_ms = self.clock_ms();
        match self.processes.get_mut(&step) {
            Some(process) => process.end(clock_ms),
            None => self.nodes.kill(step, &self.notes, clock_ms, &mut self.happened),
        }
    }

    fn ask(&mut self, step: InstrId, question: &Question) -> bool {
        self.gates.open(step, question);
        let ours = self.gates.is_ours(step);
        let asked = match (&mut self.keys, &mut self.prompt) {
            (Some(keys), _) => ours && keys.ask(step),
            (None, Some(prompt)) if ours => prompt.ask(step, question),
            (None, Some(prompt)) => {
                prompt.tell_who_is_waited_for(question);
                false
            }
            (None, None) => false,
        };
        asked || self.gates.stays_open(step)
    }

    fn may_answer(&self, step: InstrId) -> bool {
        self.gates.is_ours(step)
    }

    fn withdraw(&mut self, step: InstrId) {
        self.gates.close(step);
        if let Some(keys) = &mut self.keys {
            keys.withdraw(step);
        }
        if let Some(prompt) = &mut self.prompt {
            prompt.withdraw(step);
        }
    }

    fn output(&self, step: InstrId) -> Option<Finished> {
        self.processes.get(&step).or_else(|| self.nodes.watch(step)).map(Process::so_far)
    }

    fn wait(&mut self, until_ms: Option<u64>) -> Vec<Happening> {
        let mut happenings = std::mem::take(&mut self.happened);
        // What was wanted of us before has been done and written down by now.
        self.control.iter_mut().for_each(Control::confirm);
        loop {
            if !happenings.is_empty() {
                return happenings;
            }
            let due = self.processes.values().filter_map(Process::due_ms).chain(self.nodes.due_ms());
            let due = due.chain(until_ms).min();
            let ready = self.poll(due);
            self.take_in(ready, &mut happenings);
            self.tick(&mut happenings);
            if happenings.is_empty() && until_ms.is_some_and(|until| until <= self.clock_ms()) {
                return happenings;
            }
        }
    }
}
