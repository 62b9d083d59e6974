//! From the records of a run to its report.

use crate::base::duration;
use crate::bytecode::{Instr, InstrId, Names, Program, Status, spoken};
use crate::emit::report::model::{Attempt, Deed, Exchange, Happened, Promise, Report, Seal, Source, Step, Verdict};
use crate::emit::report::proof::proof;
use crate::emit::report::timeline::{critical, ms, timeline};
use crate::emit::words::hexadecimal;
use crate::run::{
    Aftermath, AnswerSource, Chronicle, Exit, Link, Machine, RunOutcome, Said, StepOutcome, Tale, Try, cause,
    missed_goals, usual_ms,
};
use jiff::Timestamp;
use std::collections::BTreeSet;

impl Report {
    /// The report of a run as far as it has gone; `None` of a run that has not begun.
    /// The duties that it has left: those that remain, and those that are over.
    pub fn of(
        machine: &Machine,
        chronicle: &Chronicle,
        (holds, holds_over): (Vec<String>, Vec<String>),
        seal: Option<Seal>,
    ) -> Option<Report> {
        let started = machine.started()?;
        let program: &Program = machine.program();
        let began = chronicle.began?;
        let end = chronicle.latest.unwrap_or(began);
        let verdict = verdict(machine);
        let promise = program.rto_ms.map(|promised| Promise {
            ms: promised,
            text: duration(promised),
            kept: ms(began, end) <= promised && completed(machine),
            word: match machine.ended() {
                None => left_of(promised, ms(began, end)),
                Some(_) if !completed(machine) => String::from("not reached"),
                Some(_) if ms(began, end) <= promised => String::from("kept"),
                Some(_) => String::from("not kept"),
            },
        });
        let build = Build { machine, chronicle, names: Names::of(program), critical: critical(program, chronicle) };
        let steps = build.steps();
        let links = chronicle.links.iter().filter(|way| way.state != Link::Open || chronicle.was_broken(&way.node));
        let arguments: Vec<String> = started.arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        Some(Report {
            run: started.run.clone(),
            call: format!("{}({})", started.plan, arguments.join(", ")),
            title: program.title.clone(),
            verdict,
            began: moment(began),
            ended: moment(end),
            end_word: if machine.ended().is_some() { "Ended" } else { "Last heard of" },
            took: took(began, end),
            promise,
            digest: started.digest.clone(),
            sources: sources(program),
            directory: started.directory.clone(),
            decisions: started.decisions.clone(),
            people: build.people(),
            timeline: timeline(&steps, chronicle, end, program.rto_ms),
            steps: steps.into_iter().map(|(_, step)| step).collect(),
            links: links
                .map(|way| Happened {
                    time: moment(way.time),
                    text: link(way.state, &way.node, &way.text),
                    by: String::new(),
                })
                .collect(),
            waived: chronicle
                .waived
                .iter()
                .map(|w| Happened { time: moment(w.time), text: w.text.clone(), by: w.by.to_string() })
                .collect(),
            missed: machine.ended().map_or_else(Vec::new, |_| missed_goals(machine)),
            left: Aftermath::of(machine, chronicle),
            holds,
            holds_over,
            proof: proof(program),
            seal,
            version: env!("CARGO_PKG_VERSION"),
        })
    }
}

/// The files; what was given on the command line is told as decisions and arguments.
fn sources(program: &Program) -> Vec<Source> {
    let files = program.sources.iter().filter(|s| !s.path.starts_with("--"));
    files.map(|s| Source { path: s.path.clone(), digest: hexadecimal(&s.digest) }).collect()
}

/// How much of the promised time a run without an end had left when it was last heard of.
fn left_of(promised_ms: u64, took_ms: u64) -> String {
    match promised_ms.checked_sub(took_ms) {
        Some(left) => format!("{} left when it was last heard of", duration(left / 1000 * 1000)),
        None => format!("over by {} when it was last heard of", duration((took_ms - promised_ms) / 1000 * 1000)),
    }
}

fn completed(machine: &Machine) -> bool {
    machine.ended().is_some_and(|e| e.outcome == RunOutcome::Completed)
}

/// How it ended, never better than it was: what was done without and what is left open come first.
fn verdict(machine: &Machine) -> Verdict {
    let Some(ended) = machine.ended() else {
        let text = "It goes on, or its executor was lost: this is what was known when the report was written.";
        return Verdict { word: String::from("not ended"), tone: "warn", text: String::from(text) };
    };
    let (word, text) = match ended.outcome {
        RunOutcome::Completed => ("completed", "Everything that had to be done was done."),
        RunOutcome::Stopped => ("stopped", "A failure stopped it."),
        RunOutcome::Cancelled => ("cancelled", "The operator stopped it."),
    };
    let (mut word, mut text) = (String::from(word), String::from(text));
    let mut tone = if ended.outcome == RunOutcome::Completed { "good" } else { "bad" };
    if ended.outcome == RunOutcome::Cancelled {
        tone = "warn";
    }
    if !ended.waived.is_empty() {
        word.push_str(" with waivers");
        text.push_str(" It went on without something that protects a run, so it is no plain success.");
        tone = if tone == "good" { "warn" } else { tone };
    }
    if !ended.open.is_empty() {
        word.push_str(", something is left open");
        text.push_str(" A person has to close what is left open.");
        tone = "bad";
    }
    Verdict { word, tone, text }
}

struct Build<'a> {
    machine: &'a Machine,
    chronicle: &'a Chronicle,
    names: Names<'a>,
    critical: BTreeSet<InstrId>,
}

impl Build<'_> {
    fn program(&self) -> &Program {
        self.machine.program()
    }

    fn steps(&self) -> Vec<(InstrId, Step)> {
        let steps = self.program().code.iter().enumerate().filter(|(_, i)| !i.op.is_structure());
        steps.map(|(index, instr)| (InstrId::at(index), self.step(InstrId::at(index), instr))).collect()
    }

    fn step(&self, id: InstrId, instr: &Instr) -> Step {
        let tale = self.chronicle.steps.get(&id);
        let attempts = tale.map_or(&[][..], |t| &t.attempts);
        let first = attempts.first().map(|a| a.began);
        let last = attempts.last().and_then(|a| a.ended.as_ref()).map(|(time, _)| *time);
        let source = self.program().sources.get(instr.place.source as usize).filter(|_| instr.place.line > 0);
        let (status, tone) = self.status(id, instr);
        Step {
            number: instr.number.map_or_else(String::new, |n| n.to_string()),
            name: instr.name.clone(),
            title: instr.title.clone(),
            place: instr.host.map_or_else(|| String::from("operator"), |m| self.names.machine(m)),
            source: source.map_or_else(String::new, |s| format!("{}:{}", s.path, instr.place.line)),
            status,
            tone,
            why: self.why(id, instr),
            usually: usual_ms(instr).map_or_else(String::new, duration),
            began: first.map_or_else(String::new, clock),
            took: first.zip(last).map_or_else(String::new, |(from, to)| took(from, to)),
            in_any_case: instr.flags.finally,
            commits: instr.flags.commits,
            critical: self.critical.contains(&id),
            marks: [
                (self.critical.contains(&id), "critical path"),
                (instr.flags.commits, "no way back from here on"),
                (instr.flags.finally, "in any case"),
            ]
            .into_iter()
            .filter_map(|(is, mark)| is.then_some(mark))
            .collect(),
            retold: attempts.len() > 1 || attempts.iter().any(|a| a.ended.is_none()),
            attempts: attempts.iter().map(attempt).collect(),
            exchanges: tale
                .map_or_else(Vec::new, |t| t.exchanges.iter().map(|e| exchange(self.chronicle, e)).collect()),
            told: tale.map_or_else(Vec::new, |t| t.told.clone()),
        }
    }

    /// In the words of the proofs.
    fn status(&self, id: InstrId, instr: &Instr) -> (String, &'static str) {
        let status = self.machine.status(id);
        let tolerated = instr.flags.tolerated;
        let outcome = self.chronicle.steps.get(&id).and_then(|t| t.outcome());
        let (word, tone) = match status {
            Status::Ok if outcome == Some(StepOutcome::AlreadySo) => ("already so", "good"),
            Status::Ok => ("ok", "good"),
            Status::Failed if self.chronicle.steps.get(&id).is_some_and(Tale::was_taken_back) => ("cancelled", "warn"),
            Status::Failed if tolerated => ("failed", "warn"),
            Status::Failed => ("failed", "bad"),
            Status::Unknown => ("unknown", "bad"),
            Status::Blocked => ("blocked", "warn"),
            Status::Cancelled => ("cancelled", "warn"),
            Status::NotApplicable => ("not applicable", "quiet"),
            Status::Running => ("running", "warn"),
            Status::Pending => ("not begun", "quiet"),
        };
        (String::from(word), tone)
    }

    fn why(&self, id: InstrId, instr: &Instr) -> String {
        let reason = self.chronicle.steps.get(&id).and_then(|t| t.end()).map_or("", |(_, e)| e.reason.as_str());
        match self.machine.status(id) {
            Status::NotApplicable => {
                let condition = self.names.guards().get(instr.guard.index()).map_or("", String::as_str);
                format!("only if {}", spoken(condition))
            }
            Status::Blocked => cause(self.machine, id)
                .map_or_else(String::new, |c| format!("{} did not work", self.program().name_and_place(c))),
            Status::Unknown if reason.is_empty() => String::from("it may still be going on"),
            Status::Unknown => format!("it may still be going on: {reason}"),
            Status::Failed if instr.flags.tolerated => format!("{reason}; the plan went on without it"),
            _ => reason.to_owned(),
        }
    }

    /// What people did, in the order of time.
    fn people(&self) -> Vec<Deed> {
        let mut deeds: Vec<(Timestamp, Deed)> = Vec::new();
        let mut add = |time: Timestamp, who: &str, what: String, why: &str| {
            let deed = Deed { time: moment(time), who: who.to_owned(), what, why: why.to_owned() };
            deeds.push((time, deed));
        };
        for approved in self.machine.started().map_or(&[][..], |s| &s.approved) {
            add(approved.signed, &approved.by, String::from("approved the program"), &format!("key {}", approved.key));
        }
        for (i, (time, who)) in self.chronicle.sessions.iter().enumerate() {
            let what = if i == 0 { "started it" } else { "took it up again" };
            add(*time, &who.user, format!("{what} on {}", who.host), "");
        }
        for (time, by, hard) in &self.chronicle.cancels {
            let what = if *hard { "cancelled it at once" } else { "cancelled it" };
            add(*time, &by.who, String::from(what), &by.why);
        }
        for waived in &self.chronicle.waived {
            add(waived.time, &waived.by.who, format!("went on without: {}", waived.text), &waived.by.why);
        }
        for (id, tale) in &self.chronicle.steps {
            let name = self.program().name_and_place(*id);
            for exchange in &tale.exchanges {
                let Some((time, answer, by)) = &exchange.answered else { continue };
                let asked_of = exchange.asked.as_ref().and_then(|a| a.role.as_ref());
                let named = named(self.chronicle, exchange).map_or_else(String::new, |by| format!(", {by}"));
                let role = asked_of.map_or_else(String::new, |role| format!(" as {role}{named}"));
                let what = format!("answered {name}{role} with {answer}");
                match by {
                    AnswerSource::Person(Said { who, why }) => add(*time, who, what, why),
                    AnswerSource::InAdvance(who) => add(*time, who, format!("{what}, in advance"), ""),
                    AnswerSource::Command | AnswerSource::Deadline => {}
                }
            }
        }
        deeds.sort_by_key(|(time, _)| *time);
        deeds.into_iter().map(|(_, deed)| deed).collect()
    }
}

fn attempt(attempt: &Try) -> Attempt {
    let ended = attempt.ended.as_ref();
    let end = ended.map(|(_, e)| e);
    let outcome = match end.map(|e| e.outcome) {
        None => "nobody saw how it ended",
        Some(StepOutcome::Ok) => "ok",
        Some(StepOutcome::AlreadySo) => "already so",
        Some(StepOutcome::Failed) => "failed",
        Some(StepOutcome::Unknown) => "unknown",
    };
    let exit = match end.and_then(|e| e.exit) {
        None => String::new(),
        Some(Exit::Code(code)) => format!("exit code {code}"),
        Some(Exit::Signal(signal)) => format!("killed by signal {signal}"),
    };
    let text = |of: fn(&crate::run::StepEnded) -> &String| end.map_or_else(String::new, |e| printable(of(e)));
    let (stdout, stderr) = (text(|e| &e.stdout), text(|e| &e.stderr));
    Attempt {
        number: attempt.number,
        began: clock(attempt.began),
        took: ended.map_or_else(String::new, |(time, _)| took(attempt.began, *time)),
        outcome: String::from(outcome),
        reason: end.map(|e| e.reason.clone()).filter(|reason| *reason != exit).unwrap_or_default(),
        exit,
        warnings: end.map_or_else(Vec::new, |e| e.warnings.clone()),
        wrote: !stdout.is_empty() || !stderr.is_empty(),
        stdout,
        stderr,
    }
}

/// On whose word alone whoever answered had the role for it.
fn named(chronicle: &Chronicle, exchange: &crate::run::Exchange) -> Option<String> {
    let role = exchange.asked.as_ref()?.role.as_ref()?;
    let (time, _, by) = exchange.answered.as_ref()?;
    let by = chronicle.named_by(*time, &by.said().who, role)?;
    Some(format!("a role given by {by} with --role"))
}

fn exchange(chronicle: &Chronicle, exchange: &crate::run::Exchange) -> Exchange {
    let asked = exchange.asked.as_ref();
    let (answer, by) = match &exchange.answered {
        None => (String::new(), String::new()),
        Some((time, answer, by)) => {
            let by = match by {
                AnswerSource::Command => String::from("by its command"),
                AnswerSource::Person(said) => format!("by {said}"),
                AnswerSource::InAdvance(who) => format!("by {who}, in advance"),
                AnswerSource::Deadline => String::from("because nobody answered in time"),
            };
            let role = named(chronicle, exchange).map_or_else(String::new, |role| format!(" ({role})"));
            (answer.clone(), format!("{by}{role}, at {}", clock(*time)))
        }
    };
    Exchange {
        question: asked.map_or_else(String::new, |a| a.question.clone()),
        role: asked.and_then(|a| a.role.clone()).unwrap_or_default(),
        answer,
        by,
    }
}

fn link(state: Link, node: &str, text: &str) -> String {
    let what = match state {
        Link::Open => "open again",
        Link::Refused => "refused",
        Link::Lost => "lost",
        Link::TakenOver => "given up",
    };
    let colon = if text.is_empty() { "" } else { ": " };
    format!("the way to {node} was {what}{colon}{text}")
}

/// A command's output is text: what would drive a terminal is shown as `?`.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '?' } else { c }).collect()
}

fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn clock(time: Timestamp) -> String {
    time.strftime("%H:%M:%SZ").to_string()
}

/// To the tenth of a second.
fn took(from: Timestamp, to: Timestamp) -> String {
    match ms(from, to) / 100 {
        0 => String::from("under 0.1s"),
        tenths => duration(tenths * 100),
    }
}
