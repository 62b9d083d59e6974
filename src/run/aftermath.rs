//! What is so after a run that has not completed: what is done, what is not, what is open, and how to go on, to go back,
//! or to finish by hand.

use crate::bytecode::{Instr, InstrId, Op, Program, Status};
use crate::calculus::{Template, ValueId};
use crate::run::launch::{fill_in, rehearse_with, word, writes_secrets};
use crate::run::{Chronicle, Machine, Open, RunOutcome, StepOutcome, Tale, left_open};
use serde::Serialize;

/// What is so after a run that has not completed, or was left with something open.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Aftermath {
    /// The steps that are done, and those that were so already.
    pub done: Vec<String>,
    /// The steps that are not, in written order.
    pub not_done: Vec<NotDone>,
    /// The steps that did not have to be done.
    pub not_applicable: Vec<String>,
    /// What is left open.
    pub open: Vec<LeftOpen>,
    /// The command that goes on.
    pub go_on: String,
    /// The steps that going on does again, although they are done: nothing reads them back.
    pub repeated: Vec<String>,
    /// The commands that go back, if there is a plan that follows this one.
    pub go_back: Vec<String>,
}

/// A step that is not done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NotDone {
    /// The step and where it runs: `stop on a`.
    pub step: String,
    /// `failed`, `unknown`, `blocked`, `cancelled`, `running`, `pending`.
    pub status: String,
    /// Why; may be empty.
    pub why: String,
    /// How a person does it.
    #[serde(flatten)]
    pub by_hand: ByHand,
}

/// What a person does in place of a step.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct ByHand {
    /// The command as one types it, or what else to do; empty if there is nothing.
    #[serde(rename = "by_hand")]
    pub act: String,
    /// The command that says whether it is done; empty if there is none.
    pub verify: String,
    /// The secrets that both read first; the commands say where from.
    pub secrets: Vec<String>,
}

/// Something that is left open.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LeftOpen {
    /// What, in words.
    pub text: String,
    /// The steps of the plan that would close it, with how a person does them.
    pub closed_by: Vec<(String, ByHand)>,
}

impl Aftermath {
    /// What is so now; `None` if the run has completed and left nothing open.
    pub fn of(machine: &Machine, chronicle: &Chronicle) -> Option<Aftermath> {
        let whole = machine.ended().is_some_and(|e| e.outcome == RunOutcome::Completed && e.open.is_empty());
        machine.started().filter(|_| !whole).map(|_| Look { machine, chronicle }.aftermath())
    }
}

struct Look<'a> {
    machine: &'a Machine,
    chronicle: &'a Chronicle,
}

impl Look<'_> {
    fn program(&self) -> &Program {
        self.machine.program()
    }

    fn aftermath(&self) -> Aftermath {
        let mut after = Aftermath::default();
        let program = self.program();
        for (index, instr) in program.code.iter().enumerate().filter(|(_, i)| !i.op.is_structure()) {
            let id = InstrId::at(index);
            let name = program.name_and_place(id);
            match self.machine.status(id) {
                Status::Ok => {
                    after.repeated.extend(is_repeated(instr).then(|| name.clone()));
                    after.done.push(name);
                }
                Status::NotApplicable => after.not_applicable.push(name),
                status => after.not_done.push(NotDone {
                    step: name,
                    status: if self.was_taken_back(id) { Status::Cancelled } else { status }.to_string(),
                    why: self.why(id, status),
                    by_hand: if self.is_forbidden(id) { ByHand::default() } else { self.by_hand(instr) },
                }),
            }
        }
        after.open = self.open();
        after.go_on = self.go_on();
        if self.has_acted() {
            after.go_back = program.calls.back.iter().map(|call| self.go_back(call)).collect();
        }
        if self.machine.ended().is_none() {
            // A run that is taken up again repeats nothing that is done.
            after.repeated.clear();
        }
        after
    }

    /// Whether something may have been changed: before that there is nothing to go back from.
    fn has_acted(&self) -> bool {
        let acts = |id: &InstrId| self.program().code.get(id.index()).is_some_and(|i| matches!(i.op, Op::Run { .. }));
        let untouched = |t: &Tale| t.attempts.is_empty() || t.outcome() == Some(StepOutcome::AlreadySo);
        self.chronicle.steps.iter().any(|(id, tale)| acts(id) && !untouched(tale))
    }

    /// Whether an answer is why it was not done, or is the step itself: nobody is told how to do it all the same.
    fn is_forbidden(&self, id: InstrId) -> bool {
        let by = cause(self.machine, id).unwrap_or(id);
        let asks = self.program().code.get(by.index()).is_some_and(|i| matches!(i.op, Op::Ask { .. }));
        let answered = self.chronicle.steps.get(&by).is_some_and(|t| t.exchanges.iter().any(|e| e.answered.is_some()));
        asks && answered && self.machine.status(by) == Status::Failed
    }

    fn was_taken_back(&self, id: InstrId) -> bool {
        self.chronicle.steps.get(&id).is_some_and(Tale::was_taken_back)
    }

    /// In the words that the run itself used.
    fn why(&self, id: InstrId, status: Status) -> String {
        let last = self.chronicle.steps.get(&id).and_then(|t| t.attempts.last());
        match status {
            Status::Failed => last.and_then(|a| a.ended.as_ref()).map_or_else(String::new, |(_, e)| e.reason.clone()),
            Status::Unknown => {
                let why = last.and_then(|a| a.ended.as_ref()).map_or("", |(_, e)| e.reason.as_str());
                let colon = if why.is_empty() { "" } else { ": " };
                format!("it may still be going on{colon}{why}")
            }
            Status::Blocked => {
                let cause = cause(self.machine, id).map(|c| self.program().name_and_place(c));
                cause.map_or_else(String::new, |name| format!("{name} did not work"))
            }
            Status::Running => String::from("it was begun, and nothing says that it has ended"),
            Status::Pending | Status::Cancelled | Status::Ok | Status::NotApplicable => String::new(),
        }
    }

    fn by_hand(&self, instr: &Instr) -> ByHand {
        let program = self.program();
        let known = |id: ValueId| self.machine.clone().value(id);
        let text = |template: &Template| {
            let by_name = |id: ValueId| program.values.get(id.index()).map(|v| format!("{{{{{}}}}}", v.name));
            fill_in(program, template, |id| known(id).or_else(|| by_name(id)), false).unwrap_or_default()
        };
        let act = match &instr.op {
            Op::Ask { question, .. } => format!("find out: {}", text(question)),
            Op::Tell { text: told } => text(told),
            Op::Delay { ms } => format!("wait for {}", crate::base::duration(*ms)),
            _ => {
                let Some(Ok(rehearsal)) = rehearse_with(program, instr, self.flag("--ssh-config"), known) else {
                    return ByHand::default();
                };
                let folder = self.machine.started().map_or("", |s| s.directory.as_str());
                let input = writes_secrets(program, &rehearsal.secrets, folder);
                let typed = |script: &str| typed(&rehearsal.way, script, input.as_deref());
                let until = if matches!(instr.op, Op::Wait { .. }) { "until it says yes: " } else { "" };
                let act = format!("{until}{}", typed(&rehearsal.script));
                let verify = rehearsal.verify.map_or_else(String::new, |v| typed(&v));
                let secrets = rehearsal.secrets.iter().filter_map(|id| program.secrets.get(id.index()));
                return ByHand { act, verify, secrets: secrets.map(|s| s.name.clone()).collect() };
            }
        };
        ByHand { act, ..ByHand::default() }
    }

    fn open(&self) -> Vec<LeftOpen> {
        let ended = self.machine.ended().map(|e| e.open.clone());
        let open = ended.unwrap_or_else(|| self.machine.cells().open(self.program()).collect());
        open.iter()
            .map(|open| LeftOpen { text: left_open(self.program(), open), closed_by: self.closed_by(open) })
            .collect()
    }

    /// The steps that bring a thing into a state in which it may stay.
    fn closed_by(&self, open: &Open) -> Vec<(String, ByHand)> {
        // What is open of a step stands with the steps that are not done.
        let Open::Thing { name, .. } = open else { return Vec::new() };
        let program = self.program();
        let closes = |instr: &Instr| {
            instr.effects.iter().any(|effect| {
                let cell = program.cells.get(effect.cell.index()).filter(|c| c.name == *name);
                cell.is_some_and(|c| effect.change.image(self.machine.cells().mask(effect.cell)) & !c.rests == 0)
            })
        };
        let steps = program.code.iter().enumerate().filter(|(_, instr)| instr.op.command().is_some() && closes(instr));
        steps.map(|(i, instr)| (program.name_and_place(InstrId::at(i)), self.by_hand(instr))).collect()
    }

    fn go_on(&self) -> String {
        let Some(started) = self.machine.started() else { return String::new() };
        if self.machine.ended().is_none() {
            // The rest of them the run knows.
            let lost = ["--jobs", "--per-node", "--lost-after", "--ssh-config", "--state"];
            let flags = started.flags.iter().filter(|(flag, _)| lost.contains(&flag.as_str()));
            return with(format!("handover resume {}", started.run), flags);
        }
        let given = started.decisions.iter().map(|(name, answer)| ("--given".into(), format!("{name}={answer}")));
        let given: Vec<(String, String)> = given.collect();
        with(format!("handover run {}", self.program().calls.again), given.iter().chain(&started.flags))
    }

    /// Another plan needs approvals of its own, of as many people.
    fn go_back(&self, call: &str) -> String {
        let flags = self.machine.started().map_or(&[][..], |s| &s.flags);
        let approved = self.flag("--require-approval").is_some() && self.flag("--approvals").is_none();
        let approvals = approved.then(|| (String::from("--approvals"), String::from("1")));
        let others = flags.iter().filter(|(flag, _)| flag != "--require-approval");
        with(format!("handover run {call}"), approvals.iter().chain(others))
    }

    /// What was said with a flag when the run was started.
    fn flag(&self, flag: &str) -> Option<&str> {
        let flags = &self.machine.started()?.flags;
        flags.iter().find(|(name, _)| name == flag).map(|(_, value)| value.as_str())
    }
}

/// A command with these flags, as one types it.
fn with<'f>(command: String, flags: impl Iterator<Item = &'f (String, String)>) -> String {
    flags.fold(command, |command, (flag, value)| format!("{command} {flag} {}", word(value)))
}

/// Whether a new run does a step again that is done, and it is not said that this is harmless.
fn is_repeated(instr: &Instr) -> bool {
    matches!(instr.op, Op::Run { verify: None, .. }) && !instr.flags.idempotent
}

/// A script as one types it: on this machine, or with what leads to the other one before it; and before that, what writes
/// the secrets that it reads.
fn typed(way: &[String], script: &str, input: Option<&str>) -> String {
    let script = script.trim_matches('\n');
    if way.is_empty() && input.is_none() {
        return script.to_owned();
    }
    let mut words: Vec<String> = input.into_iter().flat_map(|input| [input, "|"]).map(String::from).collect();
    words.extend(way.iter().map(|w| word(w)));
    // What follows the host is one text for the shell there.
    if way.first().is_none_or(|first| first != "ssh") {
        words.extend(["sh", "-c"].map(String::from));
    }
    words.push(word(script));
    words.join(" ")
}

/// The step whose failure keeps a blocked one from running.
pub fn cause(machine: &Machine, step: InstrId) -> Option<InstrId> {
    let mut at = step;
    // Needs point backwards: this ends.
    while machine.status(at) == Status::Blocked {
        let instr = machine.program().code.get(at.index())?;
        at = *instr.needs.iter().find(|n| machine.is_stopped(**n))?;
    }
    matches!(machine.status(at), Status::Failed | Status::Unknown).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::{Aftermath, typed};
    use crate::bytecode::{Calls, InstrId};
    use crate::calculus::{AtomSource, MachineId, Reach};
    use crate::run::sample::{self, Plan, act_verified, started};
    use crate::run::{Chronicle, Event, Machine, Record, StepOutcome, Who};
    use jiff::Timestamp;
    use std::sync::Arc;

    /// `mute`, `stop` (read back), `move` on `db` which needs both, `tell`.
    fn after(events: Vec<Event>, end: bool) -> Aftermath {
        let mut plan = Plan::new("p");
        plan.0.atom("depth", &["none", "a b"], AtomSource::Decision);
        plan.0.machine("db", Reach::Ssh { host: "db1".into(), user: "admin".into() });
        plan.run("mute", "monitor off", &[0]);
        plan.step("stop", act_verified("stop it", "is it off", 0), &[0]);
        plan.run("move", "move 'it'", &[1, 2]).host = Some(MachineId(1));
        plan.0.0.calls = Calls { again: "dr.ha p".into(), back: vec!["dr.ha back".into()] };
        let mut machine = Machine::new(Arc::new(plan.verified()));
        let mut chronicle = Chronicle::default();
        let mut apply = |machine: &mut Machine, event: Event| {
            machine.apply(&event).unwrap();
            chronicle.add(&Record { time: Timestamp::UNIX_EPOCH, event });
        };
        apply(&mut machine, started(&[("depth", "a b")]));
        for event in events {
            while let Some((step, status)) = machine.settling() {
                apply(&mut machine, Event::Settled { step, status });
            }
            apply(&mut machine, event);
        }
        if end {
            while let Some((step, status)) = machine.settling() {
                apply(&mut machine, Event::Settled { step, status });
            }
            let ended = machine.conclusion();
            apply(&mut machine, Event::RunEnded(ended));
        }
        Aftermath::of(&machine, &chronicle).unwrap()
    }

    fn start(step: u32) -> Event {
        Event::StepStarted { step: InstrId(step), attempt: 1 }
    }

    fn ended(step: u32, outcome: StepOutcome, reason: &str) -> Event {
        Event::StepEnded(sample::ended(step, 1, outcome, reason))
    }

    #[test]
    fn a_stopped_run_says_what_is_done_and_how_to_go_on_back_or_by_hand() {
        let failed = ended(2, StepOutcome::Failed, "exit code 3");
        let after = after(vec![start(1), start(2), ended(1, StepOutcome::Ok, ""), failed], true);
        assert_eq!((after.done, after.repeated), (vec![String::from("mute on here")], vec!["mute on here".into()]));
        let told: Vec<String> = after
            .not_done
            .iter()
            .map(|n| [&n.step, &n.status, &n.why, &n.by_hand.act, &n.by_hand.verify].map(String::as_str).join("|"))
            .collect();
        let there = "ssh -l admin -- db1 \"move 'it'\"";
        let expected = [
            String::from("stop on here|failed|exit code 3|stop it|is it off"),
            format!("move on db|blocked|stop on here did not work|{there}|"),
        ];
        assert_eq!(told, expected);
        assert_eq!(after.go_on, "handover run dr.ha p --given 'depth=a b'");
        assert_eq!(after.go_back, ["handover run dr.ha back"]);
    }

    #[test]
    fn a_lost_run_is_resumed_and_repeats_nothing_that_is_done() {
        let after = after(vec![start(1), start(2), ended(1, StepOutcome::Ok, "")], false);
        assert_eq!(after.go_on, "handover resume r");
        assert_eq!(after.repeated, Vec::<String>::new());
        let status: Vec<&str> = after.not_done.iter().map(|n| n.status.as_str()).collect();
        assert_eq!(status, ["running", "pending"]);
    }

    #[test]
    fn what_protects_a_run_is_said_again_and_what_permits_is_not() {
        let mut plan = Plan::new("p");
        plan.run("mute", "monitor off", &[0]);
        plan.0.0.calls = Calls { again: "dr.ha p".into(), back: vec!["dr.ha back".into()] };
        let mut machine = Machine::new(Arc::new(plan.verified()));
        let Event::RunStarted(mut begun) = started(&[]) else { unreachable!() };
        let flags =
            [("--require-approval", "/a b"), ("--allowed-signers", "s"), ("--role", "dba=root"), ("--jobs", "2")];
        begun.flags = flags.iter().map(|(flag, value)| (String::from(*flag), String::from(*value))).collect();
        let mut chronicle = Chronicle::default();
        machine.apply(&Event::RunStarted(begun)).unwrap();
        let said = Aftermath::of(&machine, &chronicle).unwrap();
        assert_eq!(said.go_back, Vec::<String>::new(), "nothing has moved");
        assert_eq!(said.go_on, "handover resume r --jobs 2");
        // What is said when it is taken up counts from then on.
        let flags = [("--jobs", "2"), ("--lost-after", "9"), ("--role", "dba=mila"), ("--role", "ops=ben")];
        let flags = flags.iter().map(|(flag, value)| (String::from(*flag), String::from(*value))).collect();
        machine.apply(&Event::RunResumed { by: Who::default(), roles: Vec::new(), flags }).unwrap();
        let said = Aftermath::of(&machine, &chronicle).unwrap();
        assert_eq!(said.go_on, "handover resume r --jobs 2 --lost-after 9");
        let settle = |machine: &mut Machine| {
            while let Some((step, status)) = machine.settling() {
                machine.apply(&Event::Settled { step, status }).unwrap();
            }
        };
        for event in [start(1), ended(1, StepOutcome::Failed, "")] {
            settle(&mut machine);
            machine.apply(&event).unwrap();
            chronicle.add(&Record { time: Timestamp::UNIX_EPOCH, event });
        }
        settle(&mut machine);
        let end = machine.conclusion();
        machine.apply(&Event::RunEnded(end)).unwrap();
        let rest = "--allowed-signers s --jobs 2 --lost-after 9 --role dba=mila --role ops=ben";
        let said = Aftermath::of(&machine, &chronicle).unwrap();
        assert_eq!(said.go_on, format!("handover run dr.ha p --require-approval '/a b' {rest}"));
        assert_eq!(said.go_back, [format!("handover run dr.ha back --approvals 1 {rest}")]);
    }

    #[test]
    fn a_script_travels_as_one_word() {
        let words = |way: &[&str]| way.iter().map(ToString::to_string).collect::<Vec<_>>();
        let there = typed(&words(&["ip", "netns", "exec", "a b"]), "echo $HOME\n", None);
        assert_eq!(shlex::split(&there).unwrap(), ["ip", "netns", "exec", "a b", "sh", "-c", "echo $HOME"]);
        let there = typed(&words(&["ssh", "--", "db1"]), "echo 'it is'", None);
        assert_eq!(shlex::split(&there).unwrap(), ["ssh", "--", "db1", "echo 'it is'"]);
        assert_eq!(typed(&[], "\necho 1\necho 2\n", None), "echo 1\necho 2");
        assert_eq!(
            typed(&words(&["ssh", "--", "db1"]), "read -r A", Some("head -n 1 f")),
            "head -n 1 f | ssh -- db1 'read -r A'"
        );
        assert_eq!(typed(&[], "read -r A", Some("head -n 1 f")), "head -n 1 f | sh -c 'read -r A'");
    }
}
