//! The driver's dealings with commands: how one is put together, limited, ended and understood.

use super::Driver;
use crate::base::{duration, limits};
use crate::bytecode::{Instr, InstrId, Op};
use crate::calculus::{Command, Reach};
use crate::run::launch::{Launch, Script, reach, remote_limit};
use crate::run::reading::Output;
use crate::run::step::{End, Input, Which};
use crate::run::{Event, Fate, Finished, RunError, Said};
use std::sync::Arc;

/// The command of a step, while it runs.
#[derive(Clone, Copy)]
pub(super) struct Running {
    limit_ms: Option<u64>,
    ended_by: Option<EndedBy>,
}

#[derive(Clone, Copy)]
enum EndedBy {
    Limit,
    Operator,
}

impl Driver<'_> {
    /// Starts a script of a step.
    pub(super) fn launch(&mut self, id: InstrId, which: Which, limit_ms: Option<u64>) -> Result<(), End> {
        let program = Arc::clone(&self.program);
        let parts = program.code.get(id.index()).and_then(|i| Some((i, i.op.command()?)));
        let (instr, command) = parts.ok_or_else(|| End::Unready(String::from("the step runs no command")))?;
        let launch = self.prepare(instr, command, which, limit_ms)?;
        let attempt = self.steps.get(&id).map_or(1, |a| a.attempt);
        self.host.world.launch(id, attempt, &launch).map_err(End::NotStarted)?;
        // A machine that ends the command by itself is given time to say so.
        let grace = remote_limit(command, reach(&program, instr)).map_or(0, |_| limits::REMOTE_GRACE_MS);
        self.watch(id, limit_ms.map(|ms| ms.saturating_add(grace)));
        Ok(())
    }

    /// Minds a command that is running: it is ended when it does not end within the limit.
    pub(super) fn watch(&mut self, id: InstrId, limit_ms: Option<u64>) {
        let now = self.host.world.clock_ms();
        if let Some(active) = self.steps.get_mut(&id) {
            active.command = Some(Running { limit_ms, ended_by: None });
        }
        if let Some(ms) = limit_ms {
            self.wake(id, now.saturating_add(ms));
        }
    }

    /// A step's timer has rung: its command has had its time, or its pause is over.
    pub(super) fn elapsed(&mut self, id: InstrId) -> Result<(), RunError> {
        match self.steps.get_mut(&id).and_then(|a| a.command.as_mut()) {
            Some(running) => {
                running.ended_by.get_or_insert(EndedBy::Limit);
                self.host.world.kill(id);
                Ok(())
            }
            None => self.feed(id, Input::Elapsed),
        }
    }

    /// The operator wants an end: the first time nothing new is started, from then on what runs is ended too, and what
    /// waits for an answer gets none.
    pub(super) fn interrupted(&mut self, by: Said, hard: bool) -> Result<(), RunError> {
        let ids: Vec<InstrId> = self.steps.keys().copied().collect();
        if !self.unsettled {
            let first = !self.machine.is_cancelled();
            self.record(Event::CancelRequested { by, hard: hard || !first })?;
            if first {
                ids.iter().try_for_each(|id| self.feed(*id, Input::Cancel))?;
            }
            if first && !hard {
                return Ok(());
            }
        }
        for id in ids {
            match self.steps.get_mut(&id).and_then(|a| a.command.as_mut()) {
                Some(running) => {
                    running.ended_by.get_or_insert(EndedBy::Operator);
                    self.host.world.kill(id);
                }
                None => self.feed(id, Input::Nobody)?,
            }
        }
        Ok(())
    }

    /// The command of a step has ended.
    pub(super) fn finished(&mut self, id: InstrId, finished: &Finished) -> Result<(), RunError> {
        let Some(running) = self.steps.get_mut(&id).and_then(|a| a.command.take()) else { return Ok(()) };
        let output = Output::of(finished, &self.secrets);
        let limit = || {
            let command = self.program.code.get(id.index()).and_then(|i| i.op.command());
            format!(
                "it did not end within {}",
                duration(command.and_then(|c| c.within_ms).or(running.limit_ms).unwrap_or(0))
            )
        };
        let by_operator = matches!(running.ended_by, Some(EndedBy::Operator));
        let stopped = |why, certain, output| End::Stopped { why, certain, by_operator, output };
        let end = match (&finished.fate, running.ended_by) {
            (Fate::Never(why), None | Some(EndedBy::Limit)) => End::NotStarted(why.clone()),
            // It has ended by itself, before it could be ended.
            (Fate::Ended(_), _) if finished.cut && self.heeds_output(id) => End::Gone(output),
            (Fate::Ended(_), _) => End::Exited(output),
            (fate, Some(EndedBy::Operator)) => {
                stopped(self.doubted(id, "the operator ended it", fate), fate.is_certain(), output)
            }
            (fate, Some(EndedBy::Limit)) => stopped(self.doubted(id, &limit(), fate), fate.is_certain(), output),
            (Fate::Late, None) => stopped(limit(), true, output),
            (Fate::Gone, None) => End::Gone(output),
            (fate @ Fate::Lost(why), None) => End::Lost { why: self.doubted(id, why, fate), output },
            (fate @ Fate::Stuck, None) => {
                End::Lost { why: self.doubted(id, "it was ended where it ran", fate), output }
            }
        };
        self.feed(id, Input::Ended(end))
    }

    /// Why a command was given up, with what may go on of it where nobody can tell.
    fn doubted(&self, id: InstrId, why: &str, fate: &Fate) -> String {
        let Some(instr) = self.program.code.get(id.index()).filter(|_| !fate.is_certain()) else {
            return why.to_owned();
        };
        let host = instr.host.and_then(|m| self.program.machines.get(m.index())).map_or("this machine", |m| &m.name);
        let kept = instr.op.command().and_then(|command| remote_limit(command, reach(&self.program, instr)));
        match (fate, kept) {
            (Fate::Stuck, _) => format!("{why}; something of it does not end on `{host}`"),
            (_, Some(ms)) => {
                format!("{why}; it may still be running on `{host}`, until its limit of {} ends it there", duration(ms))
            }
            _ => format!("{why}; it may still be running on `{host}`"),
        }
    }

    /// Whether the exit code of a step's command does not say what it came to.
    fn heeds_output(&self, id: InstrId) -> bool {
        let command = self.program.code.get(id.index()).and_then(|i| i.op.command());
        command.is_some_and(Command::heeds_output)
    }

    /// Finds the program's secrets out, so that no step can print one before it is used. Those that are not there yet are
    /// found when they are needed.
    pub(super) fn learn_secrets(&mut self) {
        let program = Arc::clone(&self.program);
        for secret in &program.secrets {
            if let Ok(content) = self.host.world.secret(&secret.source).and_then(usable) {
                self.secrets.add(&content);
            }
        }
    }

    /// A step's script, what it reads and where it runs.
    fn prepare(
        &mut self,
        instr: &Instr,
        command: &Command,
        which: Which,
        limit_ms: Option<u64>,
    ) -> Result<Launch, End> {
        let program = Arc::clone(&self.program);
        let template = match (&instr.op, which) {
            (Op::Run { verify: Some(verify), .. }, Which::Verify) => verify,
            _ => &command.script,
        };
        let machine = &mut self.machine;
        let script = Script::of(&program, template, command, |v| machine.value(v)).map_err(End::Unready)?;
        let lines = script.secrets.iter().filter_map(|s| program.secrets.get(s.index()));
        let lines = lines.map(|secret| {
            let content = self.host.world.secret(&secret.source).and_then(usable);
            content.map_err(|why| End::Unready(format!("the secret `{}` cannot be used: {why}", secret.name)))
        });
        let lines: Vec<String> = lines.collect::<Result<_, _>>()?;
        lines.iter().for_each(|content| self.secrets.add(content));
        let machine = instr.host.filter(|_| *reach(&program, instr) != Reach::Local);
        let gated = which == Which::Command && matches!(instr.op, Op::Run { .. });
        let directory = self.options.directory.clone();
        let limit_ms = machine.and(limit_ms).map(|ms| match command.kill {
            true => ms,
            // The executor ends it. Only where it cannot, the machine does.
            false => ms.saturating_add(limits::REMOTE_GRACE_MS),
        });
        Ok(Launch { machine, script: script.text, lines, gated, directory, limit_ms, firm: command.kill })
    }
}

/// A secret that can travel as one line.
fn usable(content: String) -> Result<String, String> {
    match content {
        c if c.is_empty() => Err(String::from("it is empty")),
        c if c.contains(['\n', '\r', '\0']) => Err(String::from("it has more than one line")),
        c if c.len() > limits::SECRET_BYTES => Err(format!("it is longer than {} bytes", limits::SECRET_BYTES)),
        c => Ok(c),
    }
}
