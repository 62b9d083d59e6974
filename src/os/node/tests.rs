//! Ways that do not open in time, with a clock of the test's own.

use super::nodes::{Nodes, Settings};
use super::preflight::{Needs, check};
use crate::base::limits;
use crate::calculus::{MachineId, Reach};
use crate::os::notes::{Life, Notes};
use crate::run::{Happening, Link};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;

const FAR: MachineId = MachineId(1);

/// One node behind a prefix.
struct Case {
    needs: BTreeMap<MachineId, Needs>,
    nodes: Nodes,
    notes: Notes,
    folder: TempDir,
    told: Vec<Happening>,
}

impl Case {
    /// The way to the node counts how often it is tried, and is silent for the first `silent` times.
    fn new(silent: usize) -> Case {
        Case::failing(silent, "exec sleep 1000")
    }

    /// The same, with what it does the first times.
    fn failing(times: usize, so: &str) -> Case {
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            "echo try >>{0}/tries; [ $(wc -l <{0}/tries) -gt {times} ] || {{ {so}; }}; exec \"$@\"",
            folder.path().display()
        );
        let prefix = ["sh", "-c", &script, "way"].map(String::from).to_vec();
        let needs = Needs { name: "far".into(), reach: Reach::Exec { prefix }, commands: vec![], is_up: true };
        let needs = BTreeMap::from([(FAR, needs)]);
        let settings = Settings { run: run(folder.path()), directory: "/".into(), jobs: 1, ..Settings::default() };
        let mut nodes = Nodes::new(settings, needs.clone());
        nodes.want(FAR).unwrap();
        let notes = Notes::new(folder.path(), "r1", Life::Complete);
        Case { needs, nodes, notes, folder, told: Vec::new() }
    }

    /// Begins the next try, and waits until it has begun.
    fn begin(&mut self, clock_ms: u64) {
        let before = self.tries();
        self.nodes.tick(&mut self.notes, clock_ms, &mut self.told);
        while self.tries() == before {
            sleep(Duration::from_millis(5));
        }
    }

    /// The clock reaches this, with nothing heard.
    fn pass(&mut self, clock_ms: u64) {
        self.nodes.tick(&mut self.notes, clock_ms, &mut self.told);
    }

    /// Listens until all is settled, without any time passing.
    fn listen(&mut self, clock_ms: u64) {
        self.listen_until(clock_ms, Nodes::is_settled);
    }

    fn listen_until(&mut self, clock_ms: u64, is_so: impl Fn(&Nodes) -> bool) {
        while !is_so(&self.nodes) {
            self.nodes.take_in(FAR, &mut self.notes, clock_ms, &mut self.told);
            sleep(Duration::from_millis(5));
        }
    }

    /// The run has ended, and the node is left.
    fn part(&mut self, over: BTreeSet<String>) {
        self.nodes.leave(over);
        while !self.nodes.has_left() {
            self.pass(2 * limits::OPENING_MS);
            self.nodes.take_in(FAR, &mut self.notes, 0, &mut self.told);
            sleep(Duration::from_millis(5));
        }
    }

    fn tries(&self) -> usize {
        fs::read_to_string(self.folder.path().join("tries")).unwrap_or_default().lines().count()
    }

    /// What has been told of the way.
    fn states(&self) -> Vec<Link> {
        let state = |h: &Happening| if let Happening::Linked { state, .. } = h { Some(*state) } else { None };
        self.told.iter().filter_map(state).collect()
    }
}

/// A name that no other run has: its notes are in a folder that all share.
fn run(folder: &Path) -> String {
    folder.file_name().unwrap().to_str().unwrap().trim_start_matches('.').to_owned()
}

#[test]
fn a_node_that_was_silent_once_is_tried_again() {
    let mut case = Case::new(1);
    case.begin(0);
    case.pass(limits::OPENING_MS - 1);
    assert!(!case.nodes.is_settled(), "its time is not over");
    case.pass(limits::OPENING_MS);
    assert!(case.states().is_empty() && !case.nodes.is_settled(), "nothing is said against it yet");
    case.begin(limits::OPENING_MS);
    case.listen(2 * limits::OPENING_MS - 1);
    assert_eq!((case.states(), case.tries()), (vec![Link::Open], 2));
    assert_eq!(check(&case.nodes, &case.needs), Vec::<String>::new());
    case.part(BTreeSet::new());
}

#[test]
fn what_others_have_left_at_a_node_is_removed_if_they_are_over() {
    let mut case = Case::new(0);
    case.begin(0);
    case.listen(0);
    let own = PathBuf::from(case.nodes.link(FAR).unwrap().facts.base.clone().unwrap());
    let top = own.parent().unwrap().to_owned();
    // The first in order, so that they are told whatever else has been left on this machine.
    let names = ["over", "open"].map(|what| format!("0-{}-{what}.far", run(case.folder.path())));
    let sibling = format!("{}.sibling", run(case.folder.path()));
    for name in names.iter().chain([&sibling]) {
        fs::create_dir(top.join(name)).unwrap();
        fs::write(top.join(name).join("boot"), "b\n").unwrap();
    }
    // Behind a prefix the way is closed by now; it is opened anew to take leave.
    case.nodes.want(FAR).unwrap();
    case.begin(1);
    case.listen(1);
    let others = case.nodes.others();
    assert!(names.iter().all(|name| others.contains(name.trim_end_matches(".far"))), "{others:?}");
    assert!(!others.contains(&run(case.folder.path())), "what the run has at other nodes is its own");
    fs::remove_dir_all(top.join(&sibling)).unwrap();
    assert!(own.is_dir());
    case.part(BTreeSet::from([names[0].trim_end_matches(".far").to_owned()]));
    assert!(!own.exists() && !top.join(&names[0]).exists());
    assert!(top.join(&names[1]).join("boot").exists(), "somebody may still have to look into it");
    fs::remove_dir_all(top.join(&names[1])).unwrap();
}

#[test]
fn a_node_that_fails_as_while_it_restarts_is_tried_again_in_a_while() {
    for (times, states, wrong) in [
        (1, Link::Open, &[][..]),
        (
            2,
            Link::Refused,
            &["`far`: it cannot be reached: kex_exchange_identification: Connection closed by remote host"],
        ),
    ] {
        let says = "echo 'kex_exchange_identification: Connection closed by remote host' >&2; exit 255";
        let mut case = Case::failing(times, says);
        case.begin(0);
        case.listen_until(0, |nodes| nodes.due_ms() == Some(limits::AGAIN_MS));
        assert!(case.states().is_empty() && !case.nodes.is_settled(), "nothing is said against it yet");
        case.pass(limits::AGAIN_MS - 1);
        assert_eq!(case.tries(), 1, "it is not its turn yet");
        case.pass(limits::AGAIN_MS);
        case.begin(limits::AGAIN_MS);
        case.listen(limits::AGAIN_MS);
        assert_eq!((case.states(), case.tries()), (vec![states], 2));
        assert_eq!(check(&case.nodes, &case.needs), wrong);
        case.part(BTreeSet::new());
    }
}

#[test]
fn a_node_that_does_not_let_us_in_is_not_tried_again() {
    let mut case = Case::failing(9, "echo 'ops@far: Permission denied (publickey).' >&2; exit 255");
    case.begin(0);
    case.listen(0);
    assert_eq!((case.states(), case.tries()), (vec![Link::Refused], 1));
}

#[test]
fn a_node_that_is_silent_twice_is_refused() {
    let mut case = Case::new(9);
    case.begin(0);
    case.pass(limits::OPENING_MS);
    case.begin(limits::OPENING_MS);
    case.pass(2 * limits::OPENING_MS);
    assert_eq!((case.states(), case.tries(), case.nodes.is_settled()), (vec![Link::Refused], 2, true));
    assert_eq!(check(&case.nodes, &case.needs), ["`far`: it cannot be reached: no answer in 30 s"]);
}
