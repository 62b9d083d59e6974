//! The real world of a run: one thread that waits on processes, pipes, signals and a terminal at once.

use super::control::Control;
use super::files;
use super::gates::Gates;
use super::keys::Keys;
use super::notes::Notes;
use super::process::Process;
use super::prompt::{Prompt, Reply};
use super::replica::Replica;
use super::signals::Signals;
use super::way;
use crate::base::limits;
use crate::bytecode::InstrId;
use crate::calculus::{MachineId, Reach, SecretSource};
use crate::run::{Exit, Fate, Finished, Happening, Launch, Question, Said, Trace, World};
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
    begin: Instant,
    processes: BTreeMap<InstrId, Process>,
    machines: Vec<Reach>,
    remote: BTreeMap<InstrId, Option<u64>>,
}

/// What a handle of the poll belongs to.
#[derive(Clone, Copy)]
enum Owner {
    Control,
    Process(InstrId, usize),
    Signals,
    Prompt,
    Keys,
    Copy,
}

impl Machine {
    /// A machine at which nobody sits, with the ways to the machines of the program.
    pub fn new(user: String, notes: Notes, signals: Signals, machines: Vec<Reach>, folder: PathBuf) -> Machine {
        let (prompt, keys, copy, begin) = (None, None, None, Instant::now());
        let (processes, remote) = (BTreeMap::new(), BTreeMap::new());
        let (gates, control) = (Gates::default(), None);
        Machine { user, notes, signals, prompt, keys, folder, gates, control, copy, begin, processes, machines, remote }
    }

    /// Waits for the handles; gives the owners of those that are ready. An empty answer means that time is up.
    fn poll(&self, until_ms: Option<u64>) -> Vec<Owner> {
        let mut owners = Vec::new();
        let mut polled = Vec::new();
        for (id, process) in &self.processes {
            for (index, handle) in process.handles().into_iter().enumerate() {
                if let Some(handle) = handle {
                    owners.push(Owner::Process(*id, index));
                    polled.push(PollFd::from_borrowed_fd(handle, PollFlags::IN));
                }
            }
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
        let mut processes: BTreeMap<InstrId, [bool; 3]> = BTreeMap::new();
        for owner in ready {
            match owner {
                Owner::Process(id, index) => {
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
            if let Some(process) = self.processes.get_mut(&id) {
                process.take_in(flags, clock_ms);
            }
        }
    }

    fn tick(&mut self, happenings: &mut Vec<Happening>) {
        let clock_ms = self.clock_ms();
        self.processes.retain(|step, process| match process.tick(clock_ms) {
            Some(mut finished) => {
                if let Some(limit) = self.remote.remove(step) {
                    finished.fate = match finished.fate {
                        Fate::Ended(Exit::Code(255) | Exit::Signal(_)) => {
                            Fate::Lost(String::from("the connection was lost or did not come about"))
                        }
                        Fate::Ended(Exit::Code(124 | 137 | 143)) if limit.is_some() => Fate::Late,
                        fate => fate,
                    };
                }
                happenings.push(Happening::Finished { step: *step, finished });
                false
            }
            None => true,
        });
    }
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
        let notes = &mut self.notes;
        let reach = launch.machine.and_then(|m| self.machines.get(m.index()));
        let words = way::words(launch, reach.unwrap_or(&Reach::Local))?;
        let process = Process::spawn(&words, launch, |pid| notes.write(step, attempt, pid))?;
        if launch.machine.is_some() {
            self.remote.insert(step, launch.limit_ms);
        }
        self.processes.insert(step, process);
        Ok(())
    }

    fn trace(&mut self, step: InstrId, attempt: u32, _: Option<MachineId>) -> Trace {
        let (trace, alive) = self.notes.trace(step, attempt);
        if let Some((pid, handle)) = alive {
            self.processes.insert(step, Process::adopt(pid, handle));
        }
        trace
    }

    fn kill(&mut self, step: InstrId) {
        let clock_ms = self.clock_ms();
        if let Some(process) = self.processes.get_mut(&step) {
            process.end(clock_ms);
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
        self.processes.get(&step).map(Process::so_far)
    }

    fn wait(&mut self, until_ms: Option<u64>) -> Vec<Happening> {
        let mut happenings = Vec::new();
        // What was wanted of us before has been done and written down by now.
        self.control.iter_mut().for_each(Control::confirm);
        loop {
            let due = self.processes.values().filter_map(Process::due_ms).chain(until_ms).min();
            let ready = self.poll(due);
            self.take_in(ready, &mut happenings);
            self.tick(&mut happenings);
            if !happenings.is_empty() || until_ms.is_some_and(|until| until <= self.clock_ms()) {
                return happenings;
            }
        }
    }
}
