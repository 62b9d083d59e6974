//! What the records say of a run, step by step and with its times: for whoever looks on, and for the report.
//!
//! [`Machine`](crate::run::Machine) says what follows from the events; this keeps when they happened and in which words.

use crate::bytecode::{InstrId, Status};
use crate::run::step::CANCELLED;
use crate::run::{AnswerSource, Event, Link, Record, Said, StepEnded, StepOutcome, Waiver, Who};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Somebody has said who has which role.
#[derive(Clone, Debug)]
pub struct Naming {
    /// When.
    pub time: Timestamp,
    /// Who said it.
    pub by: String,
    /// The users of each role.
    pub roles: Vec<(String, Vec<String>)>,
}

/// A run as it was told.
#[derive(Clone, Debug, Default)]
pub struct Chronicle {
    /// When it was started.
    pub began: Option<Timestamp>,
    /// When something was last recorded.
    pub latest: Option<Timestamp>,
    /// What became of each step that started or settled.
    pub steps: BTreeMap<InstrId, Tale>,
    /// Who was said to have which role, since when, by whom.
    pub roles: Vec<Naming>,
    /// The executors, with when each took over.
    pub sessions: Vec<(Timestamp, Who)>,
    /// Who wanted the run to end, and whether at once.
    pub cancels: Vec<(Timestamp, Said, bool)>,
    /// What was done without.
    pub waived: Vec<Waiving>,
    /// What became of the ways to other machines.
    pub links: Vec<Way>,
}

/// What became of a step.
#[derive(Clone, Debug, Default)]
pub struct Tale {
    /// Its attempts, in order.
    pub attempts: Vec<Try>,
    /// Its questions with their answers, and the answers of its command.
    pub exchanges: Vec<Exchange>,
    /// What the operator was told.
    pub told: Vec<String>,
    /// The status that followed without doing anything.
    pub settled: Option<(Timestamp, Status)>,
}

/// An attempt.
#[derive(Clone, Debug)]
pub struct Try {
    /// Which one, from 1.
    pub number: u32,
    /// When it began.
    pub began: Timestamp,
    /// When and how it ended.
    pub ended: Option<(Timestamp, StepEnded)>,
}

/// A question, an answer, or both.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// The question to the operator; a command answers without one.
    pub asked: Option<Asked>,
    /// When, what, who.
    pub answered: Option<(Timestamp, String, AnswerSource)>,
}

/// A question to the operator.
#[derive(Clone, Debug)]
pub struct Asked {
    /// When it was put.
    pub time: Timestamp,
    /// What is asked.
    pub question: String,
    /// The answers: a word, and perhaps `: ` and an explanation.
    pub options: Vec<String>,
    /// Who may answer.
    pub role: Option<String>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// What counts if nobody has answered by then.
    pub otherwise: Option<String>,
}

/// Something that was done without.
#[derive(Clone, Debug)]
pub struct Waiving {
    /// When.
    pub time: Timestamp,
    /// What.
    pub waiver: Waiver,
    /// The same in words.
    pub text: String,
    /// Who, and why.
    pub by: Said,
}

/// What became of a way to another machine.
#[derive(Clone, Debug)]
pub struct Way {
    /// When.
    pub time: Timestamp,
    /// The machine.
    pub node: String,
    /// What.
    pub state: Link,
    /// Why; may be empty.
    pub text: String,
    /// Something runs there: until when the machine is looked for.
    pub sought_until: Option<Timestamp>,
}

impl Chronicle {
    /// The chronicle of these records.
    pub fn of<'r>(records: impl IntoIterator<Item = &'r Record>) -> Chronicle {
        let mut chronicle = Chronicle::default();
        records.into_iter().for_each(|record| chronicle.add(record));
        chronicle
    }

    /// Takes a record in.
    pub fn add(&mut self, record: &Record) {
        let time = record.time;
        self.latest = Some(time);
        match &record.event {
            Event::RunStarted(started) => {
                self.began = Some(time);
                self.sessions.push((time, started.by.clone()));
                self.name_roles(time, &started.by, &started.roles);
            }
            Event::RunResumed { by, roles, .. } => {
                self.sessions.push((time, by.clone()));
                self.name_roles(time, by, roles);
            }
            Event::StepStarted { step, attempt } => {
                self.tale(*step).attempts.push(Try { number: *attempt, began: time, ended: None });
            }
            Event::StepEnded(ended) => {
                if let Some(last) = self.tale(ended.step).attempts.last_mut() {
                    last.ended = Some((time, ended.clone()));
                }
            }
            Event::Told { step, text } => self.tale(*step).told.push(text.clone()),
            Event::Asked { step, question, options, role, until, otherwise } => {
                let asked = Asked {
                    time,
                    question: question.clone(),
                    options: options.clone(),
                    role: role.clone(),
                    until: *until,
                    otherwise: otherwise.clone(),
                };
                self.tale(*step).exchanges.push(Exchange { asked: Some(asked), answered: None });
            }
            Event::Answered { step, answer, by, .. } => self.tale(*step).answer(time, answer, by),
            Event::CancelRequested { by, hard } => self.cancels.push((time, by.clone(), *hard)),
            Event::Waived { waiver, text, by } => {
                self.waived.push(Waiving { time, waiver: *waiver, text: text.clone(), by: by.clone() });
            }
            Event::Connection { node, state, text, sought_until } => {
                let (node, text, sought_until) = (node.clone(), text.clone(), *sought_until);
                self.links.push(Way { time, node, state: *state, text, sought_until });
            }
            Event::Settled { step, status } => self.tale(*step).settled = Some((time, *status)),
            Event::RunEnded(_) => {}
        }
    }

    fn name_roles(&mut self, time: Timestamp, by: &Who, roles: &[(String, Vec<String>)]) {
        if !roles.is_empty() {
            self.roles.push(Naming { time, by: by.user.clone(), roles: roles.to_vec() });
        }
    }

    /// Who said by `--role` that a user has a role, if that counted then: `mila`, `mila as root`.
    pub fn named_by(&self, at: Timestamp, user: &str, role: &str) -> Option<&str> {
        let person = user.split_once(" as ").map_or(user, |(person, _)| person);
        let Naming { by, roles, .. } = self.roles.iter().rev().find(|naming| naming.time <= at)?;
        let named = roles.iter().any(|(name, users)| name == role && users.iter().any(|u| u == person));
        named.then_some(by.as_str())
    }

    fn tale(&mut self, step: InstrId) -> &mut Tale {
        self.steps.entry(step).or_default()
    }

    /// When the step's first attempt began.
    pub fn began(&self, step: InstrId) -> Option<Timestamp> {
        self.steps.get(&step)?.attempts.first().map(|a| a.began)
    }

    /// The questions that wait for an answer, those asked first first.
    pub fn open_questions(&self) -> Vec<(InstrId, &Asked)> {
        let open = self.steps.iter().filter_map(|(step, tale)| Some((*step, tale.open_question()?)));
        let mut found: Vec<(InstrId, &Asked)> = open.collect();
        found.sort_by_key(|(step, asked)| (asked.time, *step));
        found
    }

    /// Whether a way to this machine was ever lost or refused.
    pub fn was_broken(&self, node: &str) -> bool {
        self.links.iter().any(|way| way.node == node && way.state != Link::Open)
    }

    /// What was last heard of each machine that a way to was lost or refused, and is.
    pub fn broken_links(&self) -> Vec<&Way> {
        let mut last: BTreeMap<&str, &Way> = BTreeMap::new();
        for way in &self.links {
            last.insert(&way.node, way);
        }
        last.into_values().filter(|way| way.state != Link::Open).collect()
    }
}

impl Tale {
    fn answer(&mut self, time: Timestamp, answer: &str, by: &AnswerSource) {
        let answered = Some((time, answer.to_owned(), by.clone()));
        match self.exchanges.iter_mut().rev().find(|e| e.answered.is_none()) {
            Some(exchange) => exchange.answered = answered,
            None => self.exchanges.push(Exchange { asked: None, answered }),
        }
    }

    fn open_question(&self) -> Option<&Asked> {
        let last = self.exchanges.last().filter(|e| e.answered.is_none())?;
        // A step that has ended without an answer asks no more.
        self.attempts.last().is_none_or(|a| a.ended.is_none()).then_some(last.asked.as_ref()).flatten()
    }

    /// How the step ended, unless it goes on.
    pub fn end(&self) -> Option<&(Timestamp, StepEnded)> {
        self.attempts.last()?.ended.as_ref().filter(|(_, ended)| !ended.again)
    }

    /// Whether its question was taken back, because the run was cancelled: nobody has answered it, and nothing failed.
    pub fn was_taken_back(&self) -> bool {
        let open = self.exchanges.last().is_some_and(|e| e.answered.is_none());
        open && self.end().is_some_and(|(_, end)| end.outcome == StepOutcome::Failed && end.reason == CANCELLED)
    }

    /// The outcome that counts.
    pub fn outcome(&self) -> Option<StepOutcome> {
        self.end().map(|(_, ended)| ended.outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::Chronicle;
    use crate::bytecode::InstrId;
    use crate::run::sample;
    use crate::run::{AnswerSource, Event, Link, Record, Said, StepEnded, StepOutcome};
    use jiff::Timestamp;

    fn chronicle(events: Vec<Event>) -> Chronicle {
        let records = events.into_iter().zip(0..).map(|(event, at)| Record { time: time(at), event });
        Chronicle::of(&records.collect::<Vec<_>>())
    }

    fn time(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn ended(step: u32, attempt: u32, outcome: StepOutcome, again: bool) -> Event {
        Event::StepEnded(StepEnded { again, ..sample::ended(step, attempt, outcome, "") })
    }

    fn asked(step: u32) -> Event {
        let question = String::from("Is it off?");
        Event::Asked { step: InstrId(step), question, options: vec![], role: None, until: None, otherwise: None }
    }

    #[test]
    fn a_step_is_its_attempts_and_the_last_one_counts() {
        let start = |attempt| Event::StepStarted { step: InstrId(1), attempt };
        let told = chronicle(vec![
            start(1),
            ended(1, 1, StepOutcome::Failed, true),
            start(2),
            ended(1, 2, StepOutcome::Ok, false),
        ]);
        let tale = &told.steps[&InstrId(1)];
        assert_eq!(tale.attempts.len(), 2);
        assert_eq!((told.began(InstrId(1)), tale.end().unwrap().0), (Some(time(0)), time(3)));
        assert_eq!(tale.outcome(), Some(StepOutcome::Ok));
        let between = chronicle(vec![start(1), ended(1, 1, StepOutcome::Failed, true)]);
        assert_eq!(between.steps[&InstrId(1)].outcome(), None);
    }

    #[test]
    fn a_question_is_open_until_it_is_answered_or_its_step_has_ended() {
        let start = |step| Event::StepStarted { step: InstrId(step), attempt: 1 };
        let said = AnswerSource::Person(Said::by("mila"));
        let answer = Event::Answered { step: InstrId(3), option: 1, answer: "yes".into(), by: said };
        let mut events = vec![start(3), start(2), start(1), asked(3), asked(1), asked(2)];
        let open = |events: &[Event]| -> Vec<u32> {
            chronicle(events.to_vec()).open_questions().iter().map(|(step, _)| step.0).collect()
        };
        assert_eq!(open(&events), [3, 1, 2]);
        events.push(answer);
        assert_eq!(open(&events), [1, 2]);
        events.push(ended(1, 1, StepOutcome::Failed, false));
        assert_eq!(open(&events), [2]);
    }

    #[test]
    fn a_link_is_broken_until_it_is_open_again() {
        let link =
            |node: &str, state| Event::Connection { node: node.into(), state, text: String::new(), sought_until: None };
        let told = chronicle(vec![link("a", Link::Lost), link("b", Link::Refused), link("a", Link::Open)]);
        assert_eq!(told.broken_links().iter().map(|w| w.node.as_str()).collect::<Vec<_>>(), ["b"]);
    }
}
