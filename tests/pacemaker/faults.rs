//! One fault, at one point of one run: what the run is left in, and what must never happen. The way out of everything is to
//! take over from the node that has gone, or to take the run up again.

use crate::cluster::{Cluster, is_possible};
use crate::lab::campaign::{Lines, chosen, run_all};
use crate::lab::text;
use serde_json::json;

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    /// The executor is killed, and the run taken up again.
    Executor,
    /// The node that is moved from loses its power.
    Power,
    /// Its cable is pulled.
    Cable,
    /// All its processes stop; its service processor does not answer; they go on after the fence.
    Freeze,
    /// The cluster may not run the resource on the node that it is moved to.
    Refusal,
}

impl Fault {
    fn words(self) -> &'static str {
        match self {
            Fault::Executor => "executor killed, and resumed",
            Fault::Power => "old node loses its power",
            Fault::Cable => "cable of the old node pulled",
            Fault::Freeze => "old node frozen, and thawed later",
            Fault::Refusal => "cluster refuses to move it",
        }
    }

    /// Whether the old node is gone.
    fn takes_the_node(self) -> bool {
        matches!(self, Fault::Power | Fault::Cable | Fault::Freeze)
    }
}

/// A run in which something goes wrong as a step begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Trial {
    plan: &'static str,
    step: &'static str,
    fault: Fault,
}

/// Runs a trial; the campaign's line. Panics unless all is in order in the end.
fn run(trial: Trial) -> serde_json::Value {
    let Trial { plan, step, fault } = trial;
    let mut cluster = Cluster::up();
    if fault == Fault::Refusal {
        let never = "<rsc_location id=\"never\" rsc=\"shop\" node=\"n2\" score=\"-INFINITY\"/>";
        let output = cluster.lab.at("n1", &format!("cibadmin --create --scope constraints --xml-text '{never}'"));
        assert!(output.status.success(), "{}", text(&output));
    }
    let given: &[&str] = if plan == "maintain" { &["--given", "work=\"sleep 2\""] } else { &[] };
    let mut executor = cluster.lab.begin(plan, given);
    assert!(executor.reaches(step), "{trial:?}: it does not begin");
    if fault == Fault::Executor {
        executor.kill();
    }
    strikes(&cluster, fault);
    let exit = executor.wait();
    let left = cluster.lab.left();
    let way_out = finds_a_way_out(&mut cluster, trial);

    assert!(cluster.is_served(), "{trial:?}: nobody serves; {left}");
    assert_eq!((cluster.constraints(), cluster.looks_away()), (0, false), "{trial:?}: {left}");
    let doubled = cluster.watched().number("address held twice");
    json!({
        "lab": format!("pacemaker, {plan}"), "plan": plan, "fault": fault.words(), "point": format!("`{step}`"),
        "exit": exit, "left": left, "way_out": way_out, "double_holders": doubled,
    })
}

fn strikes(cluster: &Cluster, fault: Fault) {
    match fault {
        Fault::Executor | Fault::Refusal => {}
        Fault::Power => drop(cluster.lab.does("lab/power off n1")),
        Fault::Cable => drop(cluster.lab.does("lab/cut n1")),
        Fault::Freeze => {
            cluster.lab.does("lab/power break n1");
            cluster.lab.does("lab/freeze n1");
        }
    }
}

fn finds_a_way_out(cluster: &mut Cluster, trial: Trial) -> Vec<&'static str> {
    let fault = trial.fault;
    if fault == Fault::Executor {
        // Whether the work was done is for the operator to say, unless its node knows.
        let settled: &[&str] = if trial.step == "work" { &["--settle", "work=failed"] } else { &[] };
        let output = cluster.lab.handover(&["resume"]).args(settled).output().expect("handover");
        let expected: &[i32] = if settled.is_empty() { &[0] } else { &[0, 3] };
        assert!(output.status.code().is_some_and(|code| expected.contains(&code)), "{}", text(&output));
        return vec!["resume"];
    }
    if !fault.takes_the_node() {
        return Vec::new();
    }
    cluster.lab.completes("take_over", &[]);
    assert_eq!(cluster.serving(), ["n2"]);
    if fault == Fault::Freeze {
        cluster.lab.does("lab/thaw n1");
        cluster.lab.does("lab/power mend n1");
    }
    cluster.lab.does("lab/join n1");
    cluster.lab.completes("rejoin", &[]);
    vec!["take_over", "rejoin"]
}

/// Every fault at every point where it makes sense.
fn matrix() -> Vec<Trial> {
    let gone = [Fault::Executor, Fault::Power, Fault::Cable, Fault::Freeze];
    let points = [("move", "move"), ("move", "clear.n2"), ("maintain", "begin"), ("maintain", "work")];
    let refused = Trial { plan: "move", step: "move", fault: Fault::Refusal };
    let at = |(plan, step)| gone.map(|fault| Trial { plan, step, fault });
    points.into_iter().flat_map(at).chain([refused]).collect()
}

#[test]
#[ignore = "a campaign takes many minutes; `make faults` runs it"]
fn campaign() {
    if !is_possible() {
        return;
    }
    let trials = chosen(matrix(), |t| format!("{} {} at {}", t.plan, t.fault.words(), t.step));
    let lines = Lines::of("pacemaker");
    run_all(&trials, 1, |trial| {
        let line = run(*trial);
        lines.write(&line);
        assert_eq!(line["double_holders"], 0, "{line}");
    });
}

/// Runs one trial whose end is known, and how what was left begins: more may be unknown of a node that is gone.
fn ends(plan: &'static str, step: &'static str, fault: Fault, exit: Option<i32>, left: &str) {
    if !is_possible() {
        return;
    }
    let line = run(Trial { plan, step, fault });
    assert_eq!(line["double_holders"], 0, "{line}");
    assert_eq!(line["exit"], json!(exit), "{line}");
    assert!(line["left"].as_str().is_some_and(|words| words.starts_with(left)), "{line}");
}

#[test]
fn a_move_that_is_taken_up_again_leaves_no_constraint() {
    ends("move", "move", Fault::Executor, None, "unfinished");
}

#[test]
fn a_move_that_the_cluster_refuses_leaves_no_constraint() {
    ends("move", "move", Fault::Refusal, Some(3), "stopped");
}

#[test]
fn maintenance_ends_though_its_node_is_gone() {
    ends("maintain", "work", Fault::Power, Some(4), "stopped: `work` unknown");
}
