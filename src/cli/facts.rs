//! What has become certain in a run, as lines for people: the same live and when it is told again.

use crate::base::duration;
use crate::bytecode::{Instr, InstrId, Names, Program, Status, spoken};
use crate::cli::aftermath;
use crate::cli::console::Style;
use crate::run::{
    Aftermath, AnswerSource, Chronicle, Event, Link, Machine, Record, RunEnded, RunOutcome, StepEnded, StepOutcome,
    cause, missed_goals,
};
use jiff::{SignedDuration, Timestamp};

/// Lines of a command's output that are shown when it failed: the end of it, where the cause mostly stands.
const OUTPUT_LINES: usize = 12;
/// Steps that are listed as not done at the end of a run; `show` lists them all.
const NOT_DONE: usize = 12;

/// Turns records into lines.
pub struct Facts {
    color: bool,
    /// What runs and what is asked is shown elsewhere: only what came of it is told.
    brief: bool,
    /// Of the steps that are left undone, how many are listed.
    most: usize,
    lines: Vec<String>,
    chronicle: Chronicle,
    /// The text of every condition, once one is needed.
    conditions: Option<Vec<String>>,
}

impl Facts {
    /// Lines for a place where `brief` says whether what runs is shown beside them.
    pub fn new(color: bool, brief: bool) -> Facts {
        Facts { color, brief, most: NOT_DONE, lines: Vec::new(), chronicle: Chronicle::default(), conditions: None }
    }

    /// Lines that leave nothing out.
    pub fn whole(self) -> Facts {
        Facts { most: usize::MAX, ..self }
    }

    /// What was told so far, as data.
    pub fn chronicle(&self) -> &Chronicle {
        &self.chronicle
    }

    /// Takes in what was told before.
    pub fn recall(&mut self, records: &[Record]) {
        records.iter().for_each(|record| self.chronicle.add(record));
    }

    /// The lines of a record. The machine has seen it, and perhaps more.
    pub fn lines(&mut self, machine: &Machine, record: &Record) -> Vec<String> {
        self.chronicle.add(record);
        self.event(machine, record.time, &record.event);
        std::mem::take(&mut self.lines)
    }

    fn say(&mut self, time: Timestamp, word: &str, style: Style, text: &str) {
        let clock = Style::Dim.paint(self.color, &clock(time));
        let word = style.paint(self.color, &format!("{word:<9}"));
        self.lines.push(format!("{clock}  {word}  {text}"));
    }

    fn detail(&mut self, text: &str) {
        let bar = Style::Dim.paint(self.color, "│");
        self.lines.extend(text.lines().map(|line| format!("             {bar} {}", printable(line))));
    }

    fn event(&mut self, machine: &Machine, time: Timestamp, event: &Event) {
        let program: &Program = machine.program();
        match event {
            Event::RunStarted(run) => {
                let plan = call(&run.plan, &run.arguments);
                self.say(time, "run", Style::Bold, &format!("{} of {plan}, started by {}", run.run, run.by.user));
                for approved in &run.approved {
                    let text = format!("by {} on {}, key {}", approved.by, approved.signed, approved.key);
                    self.say(time, "approved", Style::Green, &text);
                }
                for (name, answer) in &run.decisions {
                    self.say(time, "decided", Style::Cyan, &format!("{name}: {answer}"));
                }
            }
            Event::RunResumed { by, .. } => {
                self.say(time, "resumed", Style::Bold, &format!("by {} on {}", by.user, by.host));
            }
            Event::StepStarted { step, attempt } => self.started(program, time, *step, *attempt),
            Event::StepEnded(ended) => self.ended(program, time, ended),
            Event::Told { step, text } => {
                self.say(time, "tells", Style::Yellow, &name(program, *step));
                self.detail(text);
            }
            Event::Asked { step, question, options, role, until, otherwise } => {
                self.say(time, "asks", Style::Yellow, &format!("{}: {question}", name(program, *step)));
                let role = role.as_ref().map(|role| format!("for {role}"));
                let until = until.map(|at| format!("until {}", at.strftime("%H:%M:%SZ")));
                let otherwise = otherwise.as_ref().map(|word| format!("else {word}"));
                self.detail(&role.into_iter().chain(until).chain(otherwise).collect::<Vec<_>>().join(", "));
                if !self.brief {
                    self.detail(&options.join("\n"));
                }
            }
            Event::Answered { step, answer, by, .. } => {
                let who = match by {
                    AnswerSource::Command => String::new(),
                    AnswerSource::Person(said) => format!(" (says {said})"),
                    AnswerSource::InAdvance(who) => format!(" (said {who} in advance)"),
                    AnswerSource::Deadline => String::from(" (nobody answered in time)"),
                };
                self.say(time, "answer", Style::Cyan, &format!("{}: {answer}{who}", name(program, *step)));
            }
            Event::CancelRequested { by, hard } => {
                let how = if *hard { "requested at once" } else { "requested" };
                self.say(time, "cancel", Style::Yellow, &format!("{how} by {by}"));
            }
            Event::Waived { text, by, .. } => self.say(time, "waived", Style::Yellow, &format!("{text}, by {by}")),
            Event::Connection { node, state, text, sought_until } => {
                let (what, style) = match state {
                    Link::Open => ("open", Style::Dim),
                    Link::Refused => ("refused", Style::Yellow),
                    Link::Lost => ("lost", Style::Yellow),
                    Link::TakenOver => ("taken", Style::Red),
                };
                let colon = if text.is_empty() { "" } else { ": " };
                let sought = sought_until.map_or_else(String::new, |until| {
                    let seconds = (until.duration_since(time).as_millis() + 500) / 1000;
                    let long = duration(u64::try_from(seconds).unwrap_or(0) * 1000);
                    format!(", looked for until {} ({long}), then the outcome is unknown", clock(until))
                });
                self.say(time, "link", style, &format!("{node} {what}{sought}{colon}{text}"));
            }
            Event::Settled { step, status } => self.settled(machine, time, *step, *status),
            Event::RunEnded(ended) => self.over(machine, time, ended),
        }
    }

    fn started(&mut self, program: &Program, time: Timestamp, step: InstrId, attempt: u32) {
        if !self.brief {
            let again = if attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
            self.say(time, "start", Style::Dim, &format!("{}{again}", described(program, step)));
        }
    }

    fn ended(&mut self, program: &Program, time: Timestamp, ended: &StepEnded) {
        let tolerated = instr(program, ended.step).is_some_and(|i| i.flags.tolerated);
        let (word, style) = match ended.outcome {
            StepOutcome::Ok => ("ok", Style::Green),
            StepOutcome::AlreadySo => ("already", Style::Green),
            StepOutcome::Failed if ended.again || tolerated => ("failed", Style::Yellow),
            StepOutcome::Failed => ("failed", Style::Red),
            StepOutcome::Unknown => ("unknown", Style::Red),
        };
        let good = matches!(ended.outcome, StepOutcome::Ok | StepOutcome::AlreadySo);
        let began = self.chronicle.steps.get(&ended.step).and_then(|t| t.attempts.last()).map(|a| a.began);
        let took = began.map_or_else(String::new, |b| format!(" ({})", short(time.duration_since(b))));
        let mut text =
            format!("{}{took}", if self.brief { described(program, ended.step) } else { name(program, ended.step) });
        if !ended.reason.is_empty() {
            text.push_str(": ");
            text.push_str(&ended.reason);
        }
        if ended.again {
            text.push_str("; it will be tried again");
        } else if !good && tolerated {
            text.push_str("; the plan goes on without it");
        }
        self.say(time, word, style, &text);
        for warning in &ended.warnings {
            self.say(time, "warning", Style::Yellow, &format!("{}: {warning}", name(program, ended.step)));
        }
        if !good {
            let output = if ended.stderr.trim().is_empty() { &ended.stdout } else { &ended.stderr };
            let lines: Vec<&str> = output.lines().collect();
            self.detail(&lines.get(lines.len().saturating_sub(OUTPUT_LINES)..).unwrap_or_default().join("\n"));
        }
    }

    fn settled(&mut self, machine: &Machine, time: Timestamp, step: InstrId, status: Status) {
        let program: &Program = machine.program();
        let Some(instr) = instr(program, step).filter(|i| !i.op.is_structure()) else { return };
        let (word, style, why) = match status {
            Status::NotApplicable => {
                let conditions = self.conditions.get_or_insert_with(|| Names::of(program).guards().to_vec());
                let condition = conditions.get(instr.guard.index()).map_or("", String::as_str);
                ("skipped", Style::Dim, format!("only if {}", spoken(condition)))
            }
            Status::Blocked => {
                let cause =
                    cause(machine, step).map_or_else(String::new, |c| format!("{} did not work", name(program, c)));
                ("blocked", Style::Yellow, cause)
            }
            Status::Cancelled => ("cancelled", Style::Yellow, String::new()),
            Status::Pending | Status::Running | Status::Ok | Status::Failed | Status::Unknown => return,
        };
        let colon = if why.is_empty() { "" } else { ": " };
        self.say(time, word, style, &format!("{}{colon}{why}", name(program, step)));
    }

    fn over(&mut self, machine: &Machine, time: Timestamp, ended: &RunEnded) {
        let (word, style) = match ended.outcome {
            RunOutcome::Completed => ("completed", Style::Green),
            RunOutcome::Stopped => ("stopped", Style::Red),
            RunOutcome::Cancelled => ("cancelled", Style::Yellow),
        };
        let took = self.chronicle.began.map_or_else(String::new, |f| format!(" in {}", short(time.duration_since(f))));
        let steps = machine.program().code.iter().enumerate().filter(|(_, i)| !i.op.is_structure());
        let statuses: Vec<Status> = steps.map(|(index, _)| machine.status(InstrId::at(index))).collect();
        let count = |of: &[Status]| statuses.iter().filter(|s| of.contains(s)).count();
        // A question that was taken back has not failed.
        let withdrawn = self.chronicle.steps.values().filter(|tale| tale.was_taken_back()).count();
        let (done, failed) = (count(&[Status::Ok]), count(&[Status::Failed]).saturating_sub(withdrawn));
        let skipped = count(&[Status::NotApplicable, Status::Blocked, Status::Cancelled]) + withdrawn;
        let unknown = match count(&[Status::Unknown]) {
            0 => String::new(),
            n => format!(", {n} unknown"),
        };
        let waivers = match ended.waived.len() {
            0 => String::new(),
            1 => String::from("with 1 waiver, "),
            n => format!("with {n} waivers, "),
        };
        // What was waived takes its place among what was done: such a run is no plain success.
        let style = if waivers.is_empty() { style } else { Style::Yellow };
        self.say(
            time,
            word,
            style,
            &format!("{waivers}{done} done, {skipped} not run, {failed} failed{unknown}{took}"),
        );
        for missed in missed_goals(machine) {
            self.say(time, "goal", Style::Red, &missed);
        }
        for waived in &ended.waived {
            self.say(time, "waived", Style::Yellow, waived);
        }
        let run = machine.started().map_or("", |s| s.run.as_str());
        for (hold, number) in ended.holds.iter().zip(1..) {
            let about: Vec<&str> = hold.about().collect();
            let on = if about.is_empty() { String::new() } else { format!(" on {}", about.join(", ")) };
            self.say(time, "hold", Style::Yellow, &format!("{run}.{number}{on}: {}", hold.text));
        }
        if !ended.ends.is_empty() {
            let text = format!("what earlier runs left to be kept of {}", ended.ends.join(", "));
            self.say(time, "over", Style::Green, &text);
        }
        self.after(machine);
    }

    /// What is left, if something is, as far as it is known now.
    pub fn left(&mut self, machine: &Machine) -> Vec<String> {
        self.after(machine);
        std::mem::take(&mut self.lines)
    }

    fn after(&mut self, machine: &Machine) {
        if let Some(after) = Aftermath::of(machine, &self.chronicle) {
            self.lines.append(&mut aftermath::lines(&after, self.color, self.most));
        }
    }
}

/// `switchover(from: tokyo)`
pub fn call(plan: &str, arguments: &[(String, String)]) -> String {
    let arguments: Vec<String> = arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("{plan}({})", arguments.join(", "))
}

fn instr(program: &Program, step: InstrId) -> Option<&Instr> {
    program.code.get(step.index())
}

/// `stop on a`
pub fn name(program: &Program, step: InstrId) -> String {
    program.name_and_place(step)
}

/// `stop on a: The service lets go of the port`
pub fn described(program: &Program, step: InstrId) -> String {
    let title = instr(program, step).map_or("", |i| i.title.as_str());
    let name = name(program, step);
    if title.is_empty() { name } else { format!("{name}: {title}") }
}

/// `21:14:03Z`
pub fn clock(time: Timestamp) -> String {
    time.strftime("%H:%M:%SZ").to_string()
}

/// `0.4s`, `2m05s`, `1h02m`
pub fn short(took: SignedDuration) -> String {
    let ms = took.as_millis().max(0);
    match ms / 1000 {
        0..=59 => format!("{}.{}s", ms / 1000, ms % 1000 / 100),
        s @ 60..=3599 => format!("{}m{:02}s", s / 60, s % 60),
        s => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
    }
}

/// A command's output cannot drive the terminal.
pub fn printable(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::short;
    use jiff::SignedDuration;

    #[test]
    fn durations_are_short() {
        for (ms, text) in [(0, "0.0s"), (59_999, "59.9s"), (61_000, "1m01s"), (3_720_000, "1h02m"), (-5, "0.0s")] {
            assert_eq!(short(SignedDuration::from_millis(ms)), text);
        }
    }
}
