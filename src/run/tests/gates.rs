//! Questions for a time: what counts when it is over, and what a clock that is set does to it.

use super::world::{Behaviour, Simulated};
use crate::bytecode::{InstrId, Op, Status};
use crate::calculus::{Answer, AtomSource, Gate, Template};
use crate::run::sample::{Plan, Recorder, started};
use crate::run::{AnswerSource, Event, Host, Machine, Options, Record, Who, drive};
use crate::verify::Verified;
use std::rc::Rc;
use std::sync::Arc;

/// How long there is to answer, in milliseconds.
const LIMIT: u64 = 50_000;

fn plan(answers: &[(&str, bool)], otherwise: Option<u8>) -> Arc<Verified> {
    let mut plan = Plan::new("p");
    let names: Vec<&str> = answers.iter().map(|(name, _)| *name).collect();
    let atom = (!names.is_empty()).then(|| plan.0.atom("sure", &names, AtomSource::Answer));
    let answer = |(name, stops): &(&str, bool)| Answer { name: (*name).into(), label: String::new(), stops: *stops };
    let answers = answers.iter().map(answer).collect();
    let gate = Gate { role: None, within_ms: Some(LIMIT), otherwise };
    plan.step("sure", Op::Ask { question: Template::text("sure?"), answers, atom, gate }, &[0]);
    Arc::new(plan.verified())
}

/// Goes on from these records at this time with an operator who says nothing.
fn go_on(program: &Arc<Verified>, before: &[Record], event: Event, clock_ms: u64) -> (Recorder, u64) {
    let behaviour: Behaviour = Rc::new(|_| (1, 0));
    let (mut world, mut seen) = (Simulated::new(behaviour), Recorder::default());
    (world.silent, world.state.clock_ms) = (true, clock_ms);
    let machine = Machine::replay(Arc::clone(program), before).unwrap();
    let mut journal = world.journal.clone();
    let host = Host { world: &mut world, journal: &mut journal, reporter: &mut seen, user: "mila".into() };
    drive(machine, vec![event], &Options::default(), host).unwrap();
    (seen, world.state.clock_ms)
}

fn answers(seen: &Recorder) -> Vec<(String, AnswerSource)> {
    let answer = |record: &Record| match &record.event {
        Event::Answered { answer, by, .. } => Some((answer.clone(), by.clone())),
        _ => None,
    };
    seen.records.iter().filter_map(answer).collect()
}

#[test]
fn when_time_is_up_the_default_counts_whatever_it_is() {
    let labelled = [("quick", false), ("wait", true)];
    for (options, otherwise, word, status) in [
        (&[][..], Some(0), Some("no"), Status::Failed),
        (&[], Some(1), Some("yes"), Status::Ok),
        (&[], None, None, Status::Failed),
        (&labelled, Some(0), Some("quick"), Status::Ok),
        (&labelled, Some(1), Some("wait"), Status::Failed),
    ] {
        let (seen, clock_ms) = go_on(&plan(options, otherwise), &[], started(&[]), 0);
        let expected: Vec<_> = word.map(|word| (word.to_owned(), AnswerSource::Deadline)).into_iter().collect();
        assert_eq!((answers(&seen), seen.status("sure"), clock_ms), (expected, status, LIMIT));
        assert_eq!(seen.end(1).reason == "nobody has answered in time", word.is_none());
    }
}

#[test]
fn taking_a_run_up_gives_no_more_time_and_a_clock_that_was_set_back_gives_no_more_than_the_plan() {
    let program = plan(&[], Some(0));
    let (seen, _) = go_on(&program, &[], started(&[]), 1_000_000);
    let asked = seen.records.iter().position(|r| matches!(r.event, Event::Asked { .. })).unwrap();
    let before = &seen.records[..=asked];
    let resumed = || Event::RunResumed { by: Who::default(), roles: Vec::new(), flags: Vec::new() };
    for (now, ended) in [
        // A part of the time is left, all of it is over, the clock was set back by a long time.
        (1_020_000, 1_050_000),
        (1_050_000, 1_050_000),
        (9_999_999, 9_999_999),
        (500_000, 550_000),
    ] {
        let (seen, clock_ms) = go_on(&program, before, resumed(), now);
        assert_eq!((clock_ms, answers(&seen).len()), (ended, 1), "taken up at {now}");
        let until = |r: &Record| match &r.event {
            Event::Asked { step: InstrId(1), until, .. } => *until,
            _ => None,
        };
        assert_eq!(seen.records.iter().find_map(until), until(&before[asked]), "the time is the recorded one");
    }
}
