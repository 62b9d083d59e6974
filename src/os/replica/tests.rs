//! The side that keeps the copy, as its other side hears it.

use super::message::{FORMAT, Reply, Request};
use super::receive::{receive, to_hexadecimal};
use crate::bytecode::encode;
use crate::os::{Store, execute};
use crate::run::sample::{Plan, Recorder};
use crate::run::{Event, Journal, Options, Record, Who};
use crate::verify::Verified;
use jiff::Timestamp;

/// A journal with a run in it, and an empty one.
struct Sites {
    _folders: [tempfile::TempDir; 2],
    east: Store,
    west: Store,
    run: String,
    digest: String,
    program: Verified,
}

impl Sites {
    fn new() -> Sites {
        let folders = [(), ()].map(|()| tempfile::tempdir().unwrap());
        let [east, west] = [0, 1].map(|i: usize| Store::open(folders[i].path()).unwrap());
        let plan = || {
            let mut plan = Plan::new("p");
            plan.run("say", "echo said", &[0]);
            plan.verified()
        };
        let run = execute(&east, plan(), &Options::default(), &mut Recorder::default(), false).unwrap().run;
        let digest = east.run(&run).unwrap().digest;
        Sites { _folders: folders, east, west, run, digest, program: plan() }
    }

    fn hello(&self) -> Request {
        let (run, digest) = (self.run.clone(), self.digest.clone());
        Request::Hello { format: FORMAT, run, digest, journal: self.east.id().to_owned() }
    }

    fn program(&self) -> Request {
        Request::Program { bytes: to_hexadecimal(&encode(&self.program)) }
    }

    /// Some events, those up to a number.
    fn append(&self, after: i64, to: i64) -> Request {
        let (events, end) = self.east.texts(&self.run, after, usize::MAX).unwrap();
        let most = usize::try_from(to - after).unwrap().min(events.len());
        let head = self.east.link(&self.run, &self.digest, to).unwrap().unwrap_or(end);
        Request::Append { after, events: events[..most].to_vec(), head }
    }

    /// What the west says to these.
    fn say(&self, requests: &[Request]) -> Vec<Reply> {
        let lines: Vec<String> = requests.iter().map(|r| serde_json::to_string(r).unwrap()).collect();
        self.hear(&lines.join("\n"))
    }

    fn hear(&self, text: &str) -> Vec<Reply> {
        let mut out = Vec::new();
        receive(&self.west, text.as_bytes(), &mut out).unwrap();
        out.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect()
    }

    /// Somebody takes the run over in the west.
    fn take_over(&self) {
        let by =
            Who { user: "mila".into(), host: "control-west".into(), journal: self.west.id().into(), ..Who::default() };
        let record = Record {
            time: Timestamp::UNIX_EPOCH,
            event: Event::RunResumed { by, roles: Vec::new(), flags: Vec::new() },
        };
        self.west.journal(&self.run, &self.program).unwrap().append(&[record]).unwrap();
    }
}

fn refusal(reply: &Reply) -> &str {
    match reply {
        Reply::Refused { why } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_copy_grows_to_the_same_chain() {
    let sites = Sites::new();
    let count = sites.east.run(&sites.run).unwrap().events;
    let replies = sites.say(&[sites.hello(), sites.program(), sites.append(0, 3), sites.append(3, 99), sites.hello()]);
    let have = |reply: &Reply| match reply {
        Reply::Have { events, program, .. } => (*events, *program),
        other => panic!("{other:?}"),
    };
    let said: Vec<_> = replies.iter().map(have).collect();
    assert_eq!(said, [(0, false), (0, true), (3, true), (count, true), (count, true)]);
    assert_eq!(sites.west.runs().unwrap(), sites.east.runs().unwrap());
    assert_eq!(sites.west.events(&sites.run).unwrap(), sites.east.events(&sites.run).unwrap());
    assert_eq!(sites.west.audit(&sites.run, None).unwrap().findings, []);
}

#[test]
fn a_message_is_no_longer_than_needed_and_never_empty() {
    let sites = Sites::new();
    let texts = |after, bytes| sites.east.texts(&sites.run, after, bytes).unwrap();
    let count = usize::try_from(sites.east.run(&sites.run).unwrap().events).unwrap();
    assert_eq!(texts(0, usize::MAX).0.len(), count);
    assert_eq!(texts(0, 1).0.len(), 1);
    assert_eq!(texts(2, 1).1, sites.east.link(&sites.run, &sites.digest, 3).unwrap().unwrap());
    let two = texts(0, 1).0[0].len() + 1;
    assert_eq!(texts(0, two).0.len(), 2);
}

#[test]
fn what_does_not_continue_the_copy_is_not_added() {
    let sites = Sites::new();
    let begin = [sites.hello(), sites.program(), sites.append(0, 3)];
    let before = |more: &Request| {
        let replies = sites.say(&[&begin[..2], &[sites.append(0, 3), more.clone()]].concat());
        refusal(replies.last().unwrap()).to_owned()
    };
    sites.say(&begin);
    let differently = format!("run {} has gone on differently there", sites.run);
    assert_eq!(before(&sites.append(0, 3)), differently, "twice");
    assert_eq!(before(&sites.append(4, 9)), differently, "with a gap");
    let Request::Append { after, mut events, head } = sites.append(3, 9) else { unreachable!() };
    events[0].push(' ');
    assert_eq!(before(&Request::Append { after, events, head }), differently, "altered on the way");
    assert_eq!(sites.west.run(&sites.run).unwrap().events, 3);
    assert!(sites.west.unaltered(&sites.run).is_ok());
}

#[test]
fn a_run_that_was_taken_over_takes_nothing_more_from_its_first_executor() {
    let sites = Sites::new();
    sites.say(&[sites.hello(), sites.program(), sites.append(0, 3)]);
    sites.take_over();
    let taken = Reply::Taken { by: "mila on control-west, process 0, since 1970-01-01 00:00:00 UTC".into() };
    assert_eq!(sites.say(&[sites.hello(), sites.append(3, 9)]), [taken.clone(), taken]);
    assert_eq!(sites.west.run(&sites.run).unwrap().events, 4);
}

#[test]
fn a_program_that_is_not_the_runs_is_refused_when_it_comes() {
    let sites = Sites::new();
    let other = Plan::new("q").verified();
    let came = blake3::Hash::from_bytes(other.digest()).to_hex();
    let other = Request::Program { bytes: to_hexadecimal(&encode(&other)) };
    let replies = sites.say(&[sites.hello(), other, sites.hello(), sites.append(0, 3)]);
    let why = format!("the program that came is {came}, and that of the run is {}", sites.digest);
    assert_eq!(refusal(&replies[1]), why);
    assert!(matches!(replies[2], Reply::Have { program: false, .. }), "{:?}", replies[2]);
    assert!(sites.west.program(came.as_str()).is_err());
}

#[test]
fn what_cannot_be_understood_is_refused_with_the_reason() {
    let sites = Sites::new();
    let old = Request::Hello { format: 1, run: "r".into(), digest: "d".into(), journal: "j".into() };
    let version = "the handover there speaks version 2 of this, the one here version 1";
    assert_eq!(refusal(&sites.say(&[old])[0]), version);
    assert!(refusal(&sites.hear("who is there?")[0]).starts_with("it is not understood: "));
    assert_eq!(refusal(&sites.say(&[sites.append(0, 1)])[0]), "nobody has said which run this is about");
    let program = Request::Program { bytes: "abc".into() };
    assert_eq!(refusal(&sites.say(&[sites.hello(), program])[1]), "the program is not whole");
    let program = Request::Program { bytes: "00".into() };
    assert!(matches!(sites.say(&[sites.hello(), program])[1], Reply::Refused { .. }));
    assert!(sites.west.runs().unwrap().is_empty());
}
