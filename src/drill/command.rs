//! The commands of a simulated world: how long each takes, how it ends, what it reads.

use crate::bytecode::{Instr, InstrId, Op};
use crate::calculus::AtomId;
use crate::drill::plot::{Blow, Landing};
use crate::drill::reply::Reply;
use crate::drill::scene::{Scene, USUAL_MS};
use crate::drill::state::Command;
use crate::run::{reach, remote_limit};

/// The exit code of ssh(1) for a lost connection.
pub(super) const LOST: i32 = 255;
/// Its machine has ended the command.
pub(super) const ENDED: i32 = 124;
/// The command could not be run: a read-back that gives no answer.
const UNREADABLE: i32 = 127;

impl Scene<'_> {
    /// The command of a step, or its read-back, as it begins.
    pub(super) fn command(&mut self, step: InstrId, instr: &Instr, attempt: u32, gated: bool) -> Command {
        let blow = self.deal(step, attempt);
        let takes = instr.usually_ms.unwrap_or(USUAL_MS);
        let ends = self.stage.replies.at(step.index());
        match &instr.op {
            Op::Probe { atom, .. } => Command { probes: Some(*atom), ..self.reads(Some(takes), Reply::default()) },
            Op::Wait { negated, .. } => {
                let hangs = matches!(blow, Blow::Fail { .. } | Blow::Hang(_));
                let reply = if *negated { &ends.bad } else { &ends.good };
                self.reads((!hangs).then_some(takes), reply.clone())
            }
            Op::Run { .. } if !gated => {
                let code = self.read_back(step, instr, blow);
                self.reads(Some(0), Reply::code(code))
            }
            _ => self.acts(instr, blow, takes, &ends.good, &ends.bad),
        }
    }

    /// A command that changes nothing.
    fn reads(&self, takes: Option<u64>, reply: Reply) -> Command {
        let end_ms = takes.map(|ms| self.shared.state.clock_ms.saturating_add(ms));
        Command { end_ms, reply, probes: None, lands: false, late: Landing::Never, acts: false, orphan: false }
    }

    /// The command of a `RUN`.
    fn acts(&self, instr: &Instr, blow: Blow, takes: u64, good: &Reply, bad: &Reply) -> Command {
        let command = instr.op.command();
        let killed = command.and_then(|c| remote_limit(c, reach(&self.stage.program, instr)));
        let within = command.and_then(|c| c.within_ms);
        let (end, reply, lands) = match blow {
            Blow::Fail { done } => (Some(takes), bad.clone(), done),
            Blow::Hang(_) => match (killed, within) {
                (Some(ms), _) => (Some(ms), Reply::code(ENDED), false),
                (None, Some(_)) => (None, Reply::default(), false),
                // Without a limit only its connection can be lost.
                (None, None) => (Some(takes), Reply::code(LOST), false),
            },
            _ => match killed.filter(|ms| *ms < takes) {
                Some(ms) => (Some(ms), Reply::code(ENDED), false),
                None => (Some(takes), good.clone(), true),
            },
        };
        let late = if let Blow::Hang(late) = blow { late } else { Landing::Last };
        Command { lands, late, acts: true, ..self.reads(end, reply) }
    }

    /// The exit code of a read-back. One of a step that fails gives no answer. What it says is done has landed.
    fn read_back(&mut self, step: InstrId, instr: &Instr, blow: Blow) -> i32 {
        let state = &mut self.shared.state;
        let so = match blow {
            Blow::Fail { .. } | Blow::Hang(_) => return UNREADABLE,
            _ if instr.effects.is_empty() => state.landed.contains(&step),
            _ => state.things.already(instr),
        };
        if so {
            state.things.end(step);
        }
        i32::from(!so)
    }

    /// A probe's answer; a yes that would prove what is not so is none.
    pub(super) fn says_yes(&mut self, atom: AtomId) -> bool {
        let proves = self.stage.program.atoms.get(atom.index()).map_or(&[][..], |a| &a.yes_means);
        let state = &mut self.shared.state;
        let (so, wanted) = (state.things.are(proves), self.plot.answers.get(atom.index()).copied().flatten());
        if wanted == Some(1) && !so && self.plot.insists.contains(&atom) {
            state.contradicted.get_or_insert(atom);
        }
        so && wanted.is_none_or(|answer| answer == 1)
    }
}
