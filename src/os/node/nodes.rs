//! All nodes of a run: opens their ways when they are needed, sends commands, asks what became of them.

use super::config::Folder;
use super::facts::{Word, run_of};
use super::link::{Link, News, State};
use super::preflight::Needs;
use super::remote::{Next, Remote, Stage};
use super::text;
use super::way::Way;
use crate::base::limits;
use crate::bytecode::InstrId;
use crate::calculus::MachineId;
use crate::os::notes::Notes;
use crate::os::process::Process;
use crate::run::{Fate, Happening, Link as Change, Trace};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

/// A command for a node.
pub(in crate::os) struct Order<'a> {
    pub step: InstrId,
    pub attempt: u32,
    pub machine: MachineId,
    pub script: &'a str,
    pub lines: &'a [String],
    pub acts: bool,
    pub limit_ms: Option<u64>,
    pub firm: bool,
}

/// What the nodes are and how they are dealt with.
#[derive(Clone, Debug, Default)]
pub(in crate::os) struct Settings {
    pub run: String,
    pub directory: String,
    /// How many ways may be opened at a time.
    pub jobs: usize,
    /// How long a node is sought whose connection was lost.
    pub patience_ms: u64,
    /// Configuration of `ssh` instead of the user's.
    pub config: Option<PathBuf>,
}

/// All nodes of a run.
#[derive(Debug)]
pub(in crate::os) struct Nodes {
    settings: Settings,
    needs: BTreeMap<MachineId, Needs>,
    folder: Option<Folder>,
    links: BTreeMap<MachineId, Link>,
    /// Ways that are to be opened.
    queue: VecDeque<MachineId>,
    commands: BTreeMap<InstrId, Remote>,
    /// Attempts whose place was not known when their node was asked.
    shut: BTreeSet<(InstrId, u32)>,
    count: u64,
    /// The run has ended. Other runs that have are in it, too: what they could not remove is removed with it.
    leaving: Option<BTreeSet<String>>,
}

impl Nodes {
    pub fn new(settings: Settings, needs: BTreeMap<MachineId, Needs>) -> Nodes {
        Nodes {
            settings,
            needs,
            folder: None,
            links: BTreeMap::new(),
            queue: VecDeque::new(),
            commands: BTreeMap::new(),
            shut: BTreeSet::new(),
            count: 0,
            leaving: None,
        }
    }

    /// The run.
    pub fn run(&self) -> &str {
        &self.settings.run
    }

    fn name(&self, machine: MachineId) -> &str {
        self.needs.get(&machine).map_or("?", |n| &n.name)
    }

    /// The way to a node.
    pub(super) fn link(&self, machine: MachineId) -> Option<&Link> {
        self.links.get(&machine)
    }

    /// A word that nothing else says.
    fn nonce(&mut self) -> String {
        self.count += 1;
        let now = jiff::Timestamp::now().as_nanosecond();
        let text = format!("{} {} {now} {}", self.settings.run, std::process::id(), self.count);
        blake3::hash(text.as_bytes()).to_hex().chars().take(24).collect()
    }

    /// Sees to it that a way is opened, now or when it is its turn.
    pub fn want(&mut self, machine: MachineId) -> Result<(), String> {
        if !self.links.contains_key(&machine) {
            let needs = self.needs.get(&machine).ok_or("there is no such node")?;
            if self.folder.is_none() {
                let made = Folder::new(self.settings.config.as_deref());
                self.folder = Some(made.map_err(|e| format!("there is no folder for connections: {e}"))?);
            }
            let folder = self.folder.as_ref().map(Folder::path).ok_or("there is no folder for connections")?;
            let way = Way::new(&needs.reach, folder, machine.0 as usize).ok_or("it is this machine")?;
            self.links.insert(machine, Link::new(way));
        }
        let closed = self.links.get(&machine).is_some_and(|l| l.state == State::Closed);
        if closed && !self.queue.contains(&machine) {
            self.queue.push_back(machine);
        }
        Ok(())
    }

    /// How many more ways may be opened now.
    fn free(&self) -> usize {
        let opening = |l: &&Link| matches!(l.state, State::Opening(_));
        self.settings.jobs.max(1).saturating_sub(self.links.values().filter(opening).count())
    }

    /// Begins to open ways whose turn it is.
    fn pump(&mut self, clock_ms: u64) -> Vec<(MachineId, News)> {
        let mut news = Vec::new();
        let mut free = self.free();
        while free > 0 {
            let Some(machine) = self.queue.pop_front() else { break };
            let tag = self.nonce();
            let begun = self.told(machine).and_then(|told| {
                let link = self.links.get_mut(&machine).ok_or("there is no such way")?;
                let until = clock_ms.saturating_add(limits::OPENING_MS);
                link.open(self.settings.directory.as_ref(), &tag, &told, until)
            });
            match begun {
                Ok(()) => free -= 1,
                Err(why) => news.push((machine, News::Refused(why))),
            }
        }
        news
    }

    /// What the agent of a node is told first.
    fn told(&self, machine: MachineId) -> Result<String, String> {
        let needs = self.needs.get(&machine).ok_or("there is no such node")?;
        let place = format!("{}.{}", self.settings.run, needs.name.replace('/', "_"));
        let grace = (limits::KILL_GRACE_MS / 1000).to_string();
        text::assignments(&[("place", &place), ("wanted", &needs.commands.join(" ")), ("grace", &grace)])
    }

    /// Sends a command, now or when the way is open.
    pub fn launch(&mut self, order: &Order, notes: &mut Notes, clock_ms: u64) -> Result<(), String> {
        let nonce = self.nonce();
        let seconds = jiff::Timestamp::now().as_second();
        let place = match order.acts {
            true => format!("{}.{}.{seconds:010}-{:04}", order.step.0, order.attempt, self.count),
            false => format!("r{nonce}.0"),
        };
        let grace = (limits::KILL_GRACE_MS / 1000).to_string();
        let limit = order.limit_ms.map_or_else(String::new, |ms| ms.div_ceil(1000).to_string());
        let told = text::assignments(&[
            ("slot", &place),
            ("nonce", &nonce),
            ("limit", &limit),
            ("grace", &grace),
            ("input", if order.lines.is_empty() { "" } else { "1" }),
            ("anew", if self.shut.contains(&(order.step, order.attempt)) { "1" } else { "" }),
        ])?;
        if order.script.len() > limits::SCRIPT_BYTES {
            return Err(String::from("the script is longer than a system accepts"));
        }
        if order.acts {
            let noted = notes.write_place(order.step, order.attempt, &place);
            noted.map_err(|error| format!("it cannot be noted: {error}"))?;
        }
        let mut text = format!("{told}\n{}\n", text::encode(order.script));
        for line in order.lines {
            text.push_str(line);
            text.push('\n');
        }
        let mut remote = Remote::new(order.machine, place, order.acts, Stage::Queued(text.into_bytes()));
        remote.over_at_ms = order
            .limit_ms
            .filter(|_| order.firm)
            .map(|ms| clock_ms.saturating_add(ms + 2 * limits::KILL_GRACE_MS + self.settings.patience_ms));
        remote.nonce = nonce;
        self.want(order.machine)?;
        self.commands.insert(order.step, remote);
        if self.is_ready(order.machine) {
            self.send(order.step).inspect_err(|_| drop(self.commands.remove(&order.step)))?;
        }
        Ok(())
    }

    /// Whether commands can be sent.
    fn is_ready(&self, machine: MachineId) -> bool {
        self.links
            .get(&machine)
            .is_some_and(|l| l.facts.base.is_some() && (l.state == State::Open || !l.way.is_shared()))
    }

    /// Sends a command that has waited for its way.
    fn send(&mut self, step: InstrId) -> Result<(), String> {
        let Some(remote) = self.commands.get_mut(&step) else { return Ok(()) };
        let Some(link) = self.links.get(&remote.machine) else { return Ok(()) };
        let Stage::Queued(text) = &mut remote.stage else { return Ok(()) };
        let base = link.facts.base.as_deref().unwrap_or_default();
        let mut input = format!("{}\n{}", text::runner(), text::assignments(&[("base", base)])?).into_bytes();
        input.append(text);
        let records = super::Records::new(&remote.nonce);
        let sent = Process::client(&link.way.words_along(), &self.settings.directory, records);
        let mut process = sent?;
        process.say(input);
        (remote.stage, remote.opened) = (Stage::Sent(Box::new(process)), link.opened);
        Ok(())
    }

    /// Looks for a command of an earlier executor.
    pub fn trace(&mut self, step: InstrId, attempt: u32, machine: MachineId, notes: &Notes, clock_ms: u64) -> Trace {
        let place = match notes.place(step, attempt) {
            Ok(None) => return Trace::Never,
            Ok(Some(place)) => place,
            Err(_) => {
                self.shut.insert((step, attempt));
                format!("{}.{attempt}.*", step.0)
            }
        };
        let until = clock_ms.saturating_add(self.settings.patience_ms);
        if self.want(machine).is_err() {
            return Trace::Lost;
        }
        self.commands.insert(step, Remote::new(machine, place, true, Stage::Sought(Some(until))));
        self.consult(step, notes);
        Trace::Alive
    }

    /// Ends a command.
    pub fn kill(&mut self, step: InstrId, notes: &Notes, clock_ms: u64, happenings: &mut Vec<Happening>) {
        let Some(remote) = self.commands.get_mut(&step) else { return };
        if matches!(remote.stage, Stage::Queued(_)) {
            return self.over(step, Fate::Never(String::from("it was ended before it began")), happenings);
        }
        if remote.killed_until_ms.is_none() && !remote.has_said() {
            remote.killed_until_ms = Some(clock_ms.saturating_add(limits::REMOTE_KILL_MS));
            self.consult(step, notes);
        }
    }

    /// Asks a command's node what became of it, or to end it; if the way is not open, later.
    fn consult(&mut self, step: InstrId, notes: &Notes) {
        let Some(remote) = self.commands.get(&step).filter(|r| r.needs_agent()) else { return };
        let machine = remote.machine;
        let Some(link) = self.links.get_mut(&machine) else { return };
        if link.state != State::Open {
            // A way that is refused is tried again in a while.
            if link.refusals == 0 {
                let _ = self.want(machine);
            }
            return;
        }
        let when = match remote.opened == link.opened {
            true => String::from("here"),
            false => notes.boot(machine).filter(|b| !b.is_empty()).unwrap_or_else(|| String::from("unknown")),
        };
        let verb = if remote.killed_until_ms.is_some() { "end" } else { "look" };
        link.ask(&format!("{verb} {} {when}", remote.place));
    }

    fn over(&mut self, step: InstrId, fate: Fate, happenings: &mut Vec<Happening>) {
        let Some(remote) = self.commands.remove(&step) else { return };
        let machine = remote.machine;
        if let (Fate::Never(_), Some(link)) = (&fate, self.links.get_mut(&machine).filter(|l| !l.way.is_shared())) {
            // Its folder may have gone: the next command asks for another.
            link.facts.base = None;
        }
        happenings.push(Happening::Finished { step, finished: remote.finish(fate) });
        self.rest(machine);
    }

    /// An agent behind a prefix goes when it is not needed.
    fn rest(&mut self, machine: MachineId) {
        let needed = self.commands.values().any(|r| r.machine == machine && r.needs_agent());
        let idle = |l: &&mut Link| !needed && !l.way.is_shared() && l.state == State::Open;
        if let Some(link) = self.links.get_mut(&machine).filter(idle) {
            link.close();
        }
    }

    /// What to poll for: handles of ways, and those of commands with their number.
    pub fn handles(&self) -> impl Iterator<Item = (Handle, BorrowedFd<'_>, bool)> {
        let links = self.links.iter().filter_map(|(m, l)| l.handle().map(|(fd, out)| (Handle::Link(*m), fd, out)));
        let commands = self.commands.iter().filter_map(|(id, r)| match &r.stage {
            Stage::Sent(process) => Some((*id, process.handles())),
            Stage::Queued(_) | Stage::Sought(_) => None,
        });
        let commands = commands.flat_map(|(id, handles)| {
            let some = handles.into_iter().enumerate().filter_map(|(at, fd)| Some((at, fd?)));
            some.map(move |(at, fd)| (Handle::Command(id, at), fd, at == 3)).collect::<Vec<_>>()
        });
        links.chain(commands)
    }

    /// A command's process.
    pub fn process(&mut self, step: InstrId) -> Option<&mut Process> {
        match self.commands.get_mut(&step).map(|r| &mut r.stage) {
            Some(Stage::Sent(process)) => Some(process),
            _ => None,
        }
    }

    /// The same, to look at.
    pub fn watch(&self, step: InstrId) -> Option<&Process> {
        match self.commands.get(&step).map(|r| &r.stage) {
            Some(Stage::Sent(process)) => Some(process),
            _ => None,
        }
    }

    /// Takes in what has come from a node.
    pub fn take_in(&mut self, machine: MachineId, notes: &mut Notes, clock_ms: u64, happenings: &mut Vec<Happening>) {
        let news = self.links.get_mut(&machine).map(Link::take_in).unwrap_or_default();
        for news in news {
            self.news(machine, news, notes, clock_ms, happenings);
        }
    }

    fn news(
        &mut self,
        machine: MachineId,
        news: News,
        notes: &mut Notes,
        clock_ms: u64,
        happenings: &mut Vec<Happening>,
    ) {
        let mine = |r: &(&InstrId, &Remote)| r.1.machine == machine;
        let steps: Vec<InstrId> = self.commands.iter().filter(mine).map(|(id, _)| *id).collect();
        match news {
            // It was wanted before, so that nothing can be wrong with that now.
            News::Again => drop(self.want(machine)),
            News::Opened => self.opened(machine, steps, notes, happenings),
            News::Answer(place, word) => self.answer(machine, &place, &word, happenings),
            News::Removed => drop(self.links.get_mut(&machine).map(Link::close)),
            News::Lost(why) => {
                let shared = self.links.get(&machine).is_some_and(|l| l.way.is_shared());
                if shared {
                    let sought_ms = self.sought_ms(machine, clock_ms);
                    happenings.push(Happening::Linked { machine, state: Change::Lost, text: why, sought_ms });
                }
                for step in steps {
                    if let Some(Stage::Sought(until @ None)) = self.commands.get_mut(&step).map(|r| &mut r.stage) {
                        *until = Some(clock_ms.saturating_add(self.settings.patience_ms));
                    }
                    self.consult(step, notes);
                }
            }
            News::Refused(why) => self.refused(machine, &why, steps, clock_ms, happenings),
        }
    }

    /// For how long a node is looked for from now on, if something runs there of which nobody has told the end.
    fn sought_ms(&self, machine: MachineId, clock_ms: u64) -> Option<u64> {
        let patience = clock_ms.saturating_add(self.settings.patience_ms);
        let there = self.commands.values().filter(|r| r.machine == machine);
        there.filter_map(|r| r.sought_until(patience)).max().map(|until| until.saturating_sub(clock_ms))
    }

    fn opened(&mut self, machine: MachineId, steps: Vec<InstrId>, notes: &mut Notes, happenings: &mut Vec<Happening>) {
        let Some(link) = self.links.get(&machine) else { return };
        let text = self.needs.get(&machine).map(|n| n.remarks(&link.facts)).unwrap_or_default();
        if link.way.is_shared() || link.opened == 1 {
            happenings.push(Happening::Linked { machine, state: Change::Open, text, sought_ms: None });
        }
        let boot = link.facts.boot.clone();
        for step in steps {
            self.consult(step, notes);
            if let Err(why) = self.send(step) {
                self.over(step, Fate::Never(why), happenings);
            }
        }
        // Only now: those before were sent in the boot that was noted before.
        if notes.boot(machine).as_deref() != Some(&boot) {
            let _ = notes.write_boot(machine, &boot);
        }
        match (self.links.get_mut(&machine), &self.leaving) {
            (Some(link), Some(over)) => link.part(over),
            _ => self.rest(machine),
        }
    }

    fn answer(&mut self, machine: MachineId, place: &str, word: &Word, happenings: &mut Vec<Happening>) {
        let found = self.commands.iter_mut().find(|(_, r)| r.machine == machine && r.place == place);
        let name = self.needs.get(&machine).map_or("?", |n| n.name.as_str());
        if let Some((step, remote)) = found
            && let Next::Over(fate) = remote.answered(word, name)
        {
            let step = *step;
            self.over(step, fate, happenings);
        }
    }

    fn refused(
        &mut self,
        machine: MachineId,
        why: &str,
        steps: Vec<InstrId>,
        clock_ms: u64,
        happenings: &mut Vec<Happening>,
    ) {
        let Some(link) = self.links.get_mut(&machine) else { return };
        if self.leaving.is_none() && link.pauses(why, clock_ms) {
            return;
        }
        link.refusals += 1;
        link.refusal = Some(why.to_owned());
        link.retry_at_ms = clock_ms.saturating_add(limits::RETRY_MS << link.refusals.min(3));
        if link.refusals == 1 {
            let (text, sought_ms) = (why.to_owned(), self.sought_ms(machine, clock_ms));
            happenings.push(Happening::Linked { machine, state: Change::Refused, text, sought_ms });
        }
        let why = format!("`{}` cannot be reached: {why}", self.name(machine));
        for step in steps {
            if self.commands.get(&step).is_some_and(|r| matches!(r.stage, Stage::Queued(_))) {
                self.over(step, Fate::Never(why.clone()), happenings);
            }
        }
    }

    /// When [`Nodes::tick`] has something to do.
    pub fn due_ms(&self) -> Option<u64> {
        let opening = self.links.values().filter_map(|l| match l.state {
            State::Opening(at) | State::Pausing(at) => Some(at),
            State::Closed | State::Open => None,
        });
        let waits = |m: &MachineId| !self.queue.contains(m);
        let retries = self.needing().filter(waits).filter_map(|m| self.links.get(&m));
        let retries = retries.filter(|l| l.state == State::Closed).map(|l| l.retry_at_ms);
        let now = (!self.queue.is_empty() && self.free() > 0).then_some(0);
        self.commands.values().filter_map(Remote::due_ms).chain(opening).chain(retries).chain(now).min()
    }

    /// The nodes that have to be asked something.
    fn needing(&self) -> impl Iterator<Item = MachineId> {
        self.commands.values().filter(|r| r.needs_agent()).map(|r| r.machine)
    }

    /// Does what is due.
    pub fn tick(&mut self, notes: &mut Notes, clock_ms: u64, happenings: &mut Vec<Happening>) {
        for step in self.commands.keys().copied().collect::<Vec<_>>() {
            let Some(remote) = self.commands.get_mut(&step) else { continue };
            let name = self.needs.get(&remote.machine).map_or("?", |n| n.name.as_str());
            match remote.tick(name, clock_ms) {
                Next::Nothing => {}
                Next::Over(fate) => self.over(step, fate, happenings),
                Next::Seek => {
                    let patience = clock_ms.saturating_add(self.settings.patience_ms);
                    remote.stage = Stage::Sought(Some(patience.max(remote.over_at_ms.unwrap_or(0))));
                    self.consult(step, notes);
                }
            }
        }
        for machine in self.needing().collect::<BTreeSet<_>>() {
            if self.links.get(&machine).is_some_and(|l| l.state == State::Closed && l.retry_at_ms <= clock_ms) {
                let _ = self.want(machine);
            }
        }
        let late = self.links.iter_mut().filter_map(|(m, l)| Some((*m, l.tick(clock_ms)?))).collect::<Vec<_>>();
        for (machine, news) in late.into_iter().chain(self.pump(clock_ms)) {
            self.news(machine, news, notes, clock_ms, happenings);
        }
    }

    /// Whether every way that was wanted has been opened or refused.
    pub fn is_settled(&self) -> bool {
        self.queue.is_empty() && self.links.values().all(|l| matches!(l.state, State::Open | State::Closed))
    }

    /// The other runs of which there are notes at the nodes.
    pub fn others(&self) -> BTreeSet<String> {
        let names = self.links.values().flat_map(|link| &link.facts.others);
        names.filter_map(|name| run_of(name)).map(String::from).collect()
    }

    /// The run has ended: its notes are to be removed, and those of others that are `over`. It is done when all ways are
    /// closed; where one is lost, notes stay.
    pub fn leave(&mut self, over: BTreeSet<String>) {
        for (machine, link) in &mut self.links {
            match link.state {
                State::Open => link.part(&over),
                State::Closed if !link.way.is_shared() && link.opened > 0 => self.queue.push_back(*machine),
                State::Pausing(_) => link.state = State::Closed,
                State::Closed | State::Opening(_) => {}
            }
        }
        self.leaving = Some(over);
    }

    /// Whether there is nothing any more.
    pub fn has_left(&self) -> bool {
        self.queue.is_empty() && self.links.values().all(|l| l.state == State::Closed)
    }
}

impl Drop for Nodes {
    /// All are closed before one is waited for.
    fn drop(&mut self) {
        for link in self.links.values_mut() {
            link.close();
        }
    }
}

/// What a handle belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::os) enum Handle {
    /// The way to a node.
    Link(MachineId),
    /// A command, and which of its handles.
    Command(InstrId, usize),
}
