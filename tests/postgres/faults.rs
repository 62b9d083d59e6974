//! One fault, at one point of one run, while a client writes: what the run is left in, whether the documented way out
//! works, and what must never happen.

use crate::account;
use crate::client::{Client, Late};
use crate::holders::Holders;
use crate::lab::{Executor, Lab};
use crate::recovery;
use crate::servers::{self, EAST, WEST};
use serde_json::{Value, json};
use std::fmt;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A host's cable is pulled.
    Cable(&'static str),
    /// A host's ssh server and its connections end.
    Sshd(&'static str),
    /// A host's disk is full.
    Disk(&'static str),
    /// Every process of a host stops where it is.
    Freeze(&'static str),
    /// The executor is killed; the run is taken up at the other site.
    Executor,
    /// The control host loses its power, with the executor; the run is taken up at the other site.
    Control,
    /// A command hangs; so long that the operator cancels, if it does not go on after some seconds.
    Hang { for_good: bool },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let side = |host: &str| if host == "pg1" { "the primary" } else { "the standby" };
        match self {
            Fault::Cable(host) => write!(f, "cable of {} pulled", side(host)),
            Fault::Sshd(host) => write!(f, "sshd of {} killed", side(host)),
            Fault::Disk(host) => write!(f, "disk of {} full", side(host)),
            Fault::Freeze(host) => write!(f, "{} frozen, thawed after the fence", side(host)),
            Fault::Executor => f.write_str("executor killed, resumed at the other site"),
            Fault::Control => f.write_str("executor's host lost, resumed at the other site"),
            Fault::Hang { for_good: false } => f.write_str("command hangs for 3 s"),
            Fault::Hang { for_good: true } => f.write_str("command hangs until cancelled"),
        }
    }
}

/// When it goes wrong: as a step begins, or while its command is held on the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    pub step: &'static str,
    pub moment: Moment,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// The journal says that the step begins.
    Begins,
    /// Its command runs on the host, and has done nothing yet.
    Before,
    /// Its command has done everything, and has not said so.
    After,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let moment = match self.moment {
            Moment::Begins => "",
            Moment::Before => " under way",
            Moment::After => " done",
        };
        write!(f, "`{}`{moment}", self.step)
    }
}

impl Point {
    /// Where its command runs, and how it can be told from others.
    pub fn command(self) -> Option<(&'static str, &'static str)> {
        match self.step {
            "leave" => Some(("pg1", "ip address del*")),
            "stop" => Some(("pg1", "pg_ctl*stop")),
            "promote" => Some(("pg2", "pg_ctl*promote")),
            "arrive" => Some(("pg2", "ip address add*")),
            "follow" => Some(("pg1", "pg_ctl*start")),
            _ => None,
        }
    }
}

/// A run in which something goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trial {
    pub plan: &'static str,
    pub fault: Fault,
    pub point: Point,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    pub trial: Trial,
    /// The executor's exit code, if it was not killed.
    pub exit: Option<i32>,
    /// What the run was left in.
    pub left: String,
    /// The way out that was taken.
    pub way_out: Vec<String>,
    pub lost: u64,
    pub doubled: usize,
    pub repeated: usize,
    pub seconds: f32,
}

impl Outcome {
    /// Whether nothing was lost, held by two or done twice.
    pub fn is_harmless(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.repeated == 0
    }

    /// As a line of the campaign's record.
    pub fn line(&self) -> Value {
        let Trial { plan, fault, point } = self.trial;
        json!({
            "lab": format!("postgres, {plan}"), "plan": plan, "fault": fault.to_string(), "point": point.to_string(),
            "exit": self.exit, "left": self.left, "way_out": self.way_out, "acked_lost": self.lost,
            "double_holders": self.doubled, "repeated": self.repeated, "seconds": self.seconds,
        })
    }
}

impl Trial {
    /// Runs it in a lab of its own. Panics unless everything is in order in the end.
    pub fn run(self) -> Outcome {
        let start = Instant::now();
        let lab = servers::up(EAST);
        let holders = Holders::watch(&lab);
        let client = Client::start(&lab);
        let late = matches!(self.fault, Fault::Freeze("pg1")).then(|| Late::connect(&lab));
        let mut more = vec!["--replica", "ssh ctl-west", "--lost-after", "5"];
        if self.plan == "failover" {
            lab.does("lab/cut pg1");
            more.extend(["--given", "commits=alone"]);
        }
        let exit = self.fail(&lab, late.as_ref(), &more);
        lab.is_run_from(WEST);
        let mut left = lab.left();
        let mut way_out = recovery::take_up(&lab);
        if !way_out.is_empty() {
            left = format!("{left}, then {}", lab.left());
        }
        way_out.extend(self.way_out(&lab, late));

        client.wait_for_acknowledged_writes();
        let seen = client.stop();
        assert!(seen.goes_forward(), "{self:?}: {}", seen.lines);
        let (doubled, repeated) = (holders.doubled(), account::repeated(&lab));
        let seconds = start.elapsed().as_secs_f32();
        Outcome { trial: self, exit, left, way_out, lost: seen.lost, doubled, repeated, seconds }
    }

    /// Runs the plan until its executor has ended, with the fault at its point; the exit code, if it was not killed.
    fn fail(self, lab: &Lab, late: Option<&Late>, more: &[&str]) -> Option<i32> {
        let held = self.point.command().filter(|_| self.point.moment != Moment::Begins);
        if let Some((host, pattern)) = held {
            let when = if self.point.moment == Moment::Before { "before" } else { "after" };
            let held = lab.command("lab/hold").args([host, when, pattern]).status();
            assert!(held.expect("a shell").success());
        }
        let mut executor = lab.begin(self.plan, more);
        match held {
            Some((host, _)) => wait_until_held(lab, host, &mut executor),
            None => assert!(executor.reaches(self.point.step), "{self:?}: it does not begin"),
        }
        self.inject(lab, &mut executor);
        if let Some(late) = late {
            late.write();
        }
        let hangs = matches!(self.fault, Fault::Hang { for_good: true });
        if let (Some((host, _)), false) = (held, hangs) {
            lab.does(&format!("lab/release {host}"));
        }
        executor.wait()
    }

    fn inject(self, lab: &Lab, executor: &mut Executor) {
        match self.fault {
            Fault::Cable(host) => drop(lab.does(&format!("lab/cut {host}"))),
            Fault::Sshd(host) => drop(lab.does(&format!("lab/sshd stop {host}"))),
            Fault::Disk(host) => drop(lab.does(&format!("lab/disk fill {host}"))),
            Fault::Freeze(host) => drop(lab.does(&format!("lab/freeze {host}"))),
            Fault::Executor => executor.kill(),
            Fault::Control => drop(lab.does("lab/power off ctl-east")),
            Fault::Hang { for_good } => {
                sleep(Duration::from_secs(3));
                if for_good {
                    // Once to ask for the end, once more because the command does not end.
                    executor.interrupt();
                    sleep(Duration::from_secs(1));
                    executor.interrupt();
                }
            }
        }
    }

    /// Puts right what was broken, and goes the way that the example's page describes. What was done, in order.
    fn way_out(self, lab: &Lab, late: Option<Late>) -> Vec<String> {
        let mut way = Vec::new();
        match self.fault {
            Fault::Cable(host) => drop(lab.does(&format!("lab/join {host}"))),
            Fault::Sshd(host) => {
                lab.tries(&format!("lab/sshd start {host}")); // a host that was powered off since has one
            }
            Fault::Disk(host) => drop(lab.does(&format!("lab/disk clear {host}"))),
            Fault::Control => drop(lab.does("lab/power on ctl-east")),
            Fault::Hang { .. } | Fault::Executor => {}
            Fault::Freeze("pg1") => {
                // Its service processor is gone as well: its processes live through the fence.
                lab.does("lab/power break pg1");
                way.push(recovery::fail_over(lab, "pg2", "alone"));
                lab.does("lab/thaw pg1");
                sleep(Duration::from_secs(3));
                assert_eq!(late.map(Late::answer).as_deref(), Some(""), "{self:?}: a late write reached a client");
                lab.does("lab/power mend pg1");
                way.push(recovery::reprotect(lab, "pg2"));
            }
            Fault::Freeze(host) => drop(lab.does(&format!("lab/thaw {host}"))),
        }
        if let (Some((host, _)), true) = (self.point.command(), self.point.moment != Moment::Begins) {
            lab.does(&format!("lab/release {host}"));
        }
        if self.plan == "failover" {
            lab.does("lab/join pg1");
        }
        way.extend(recovery::to_order(lab));
        way
    }
}

/// Waits until a command is held on a host; the executor must be at work all the while.
fn wait_until_held(lab: &Lab, host: &str, executor: &mut Executor) {
    let held = servers::file(lab, host, "account/held");
    while !held.exists() {
        assert!(executor.is_at_work(), "no command is held on {host}");
        sleep(Duration::from_millis(10));
    }
}
