//! One fault, at one point of one run, while a client writes: what the run is left in, and what must never happen.

use crate::lab::text;
use crate::volume::Volume;
use serde_json::{Value, json};
use std::fmt;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A node's cable of one network is pulled.
    Cable(&'static str, &'static str),
    /// Every process of a node stops where it is; its service processor does not answer; it goes on after the fence.
    Freeze(&'static str),
    /// A node loses its power.
    Power(&'static str),
    /// The executor is killed, and the run taken up again.
    Executor,
    /// A process sits in the file system, and does not go when it is asked to.
    Busy,
    /// Something is mounted inside the file system: nobody can be made to leave, and it cannot be unmounted.
    Stuck,
    /// There is no room left on the volume.
    Full,
    /// The place where the other node would mount the file system is gone.
    NoMountPoint,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let side = |node: &str| if node == "st1" { "old node" } else { "new node" };
        match self {
            Fault::Cable(node, network) => write!(f, "{network} cable of the {} pulled", side(node)),
            Fault::Freeze(node) => write!(f, "{} frozen, and thawed later", side(node)),
            Fault::Power(node) => write!(f, "{} loses its power", side(node)),
            Fault::Executor => f.write_str("executor killed, and resumed"),
            Fault::Busy => f.write_str("a process keeps the file system busy"),
            Fault::Stuck => f.write_str("the file system cannot be unmounted"),
            Fault::Full => f.write_str("volume full"),
            Fault::NoMountPoint => f.write_str("mount fails on the new node"),
        }
    }
}

/// A run from st1 to st2 in which something goes wrong as a step begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trial {
    pub plan: &'static str,
    pub fault: Fault,
    pub step: &'static str,
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
    pub way_out: Vec<&'static str>,
    pub lost: u64,
    pub double_mounts: u64,
    pub double_holders: u64,
    pub repeated: usize,
    /// Writes of a node that was fenced that are on the volume all the same.
    pub late: usize,
    /// The file system is in order.
    pub clean: bool,
    pub seconds: f32,
}

impl Outcome {
    pub fn is_harmless(&self) -> bool {
        self.clean && self.lost + self.double_mounts + self.double_holders == 0 && self.repeated + self.late == 0
    }

    /// As a line of the campaign's record.
    pub fn line(&self) -> Value {
        let Trial { plan, fault, step } = self.trial;
        json!({
            "lab": format!("storage, {plan}"), "plan": plan, "fault": fault.to_string(), "point": format!("`{step}`"),
            "exit": self.exit, "left": self.left, "way_out": self.way_out, "acked_lost": self.lost,
            "double_mounts": self.double_mounts, "double_holders": self.double_holders, "repeated": self.repeated,
            "late": self.late, "fsck": if self.clean { "clean" } else { "errors" }, "seconds": self.seconds,
        })
    }
}

const PATIENCE: Duration = Duration::from_secs(5);

impl Trial {
    /// Runs it in a lab of its own.
    pub fn run(self) -> Outcome {
        let start = Instant::now();
        let mut volume = Volume::in_use();
        let client = volume.client();
        assert!(client.is_served(PATIENCE), "{self:?}: nobody serves before anything happens");
        if self.plan == "take_over" {
            volume.lab.does("lab/cut st1 lan");
        }

        // The fence would be faster.
        let first = matches!(self.fault, Fault::Freeze(_)) && self.step == "fence";
        if first {
            self.strikes(&volume);
        }
        let mut executor = volume.lab.begin(self.plan, &[]);
        assert!(executor.reaches(self.step), "{self:?}: it does not begin");
        if self.fault == Fault::Executor {
            executor.kill();
        }
        if !first {
            self.strikes(&volume);
        }
        let exit = executor.wait();
        let left = volume.lab.left();

        let mut way_out = self.is_mended(&volume);
        if !client.is_served(PATIENCE) {
            let output = volume.lab.run("afresh", &[]);
            assert!(output.status.success(), "{self:?}: {}", text(&output));
            way_out.push("afresh");
        }
        assert!(client.is_served(PATIENCE), "{self:?}: nobody serves in the end; {left}");
        let seen = client.stop();
        let at = volume.serving().expect("somebody serves");
        let late = text(&volume.lab.at(at, "grep -c late /srv/data/records")).trim().parse().expect("a number");
        let repeated = volume.repeated();
        volume.lab.completes("end", &["--given", &format!("at={at}")]);
        let watched = volume.watched();
        Outcome {
            trial: self,
            exit,
            left,
            way_out,
            lost: seen.number("acknowledged and lost"),
            double_mounts: watched.number("mounted twice"),
            double_holders: watched.number("address held twice"),
            repeated,
            late,
            clean: volume.is_clean(),
            seconds: start.elapsed().as_secs_f32(),
        }
    }

    fn strikes(self, volume: &Volume) {
        let lab = &volume.lab;
        let at_st1 = |script: &str| drop(lab.at("st1", script));
        match self.fault {
            Fault::Cable(node, network) => drop(lab.does(&format!("lab/cut {node} {network}"))),
            Fault::Freeze(node) => {
                lab.does(&format!("lab/power break {node}"));
                lab.does(&format!("lab/freeze {node}"));
            }
            Fault::Power(node) => drop(lab.does(&format!("lab/power off {node}"))),
            Fault::Executor => {}
            Fault::Busy => at_st1("cd /srv/data && trap '' TERM && { sleep 1000 <records & } >/dev/null 2>&1"),
            Fault::Stuck => at_st1("mkdir -p /srv/data/inside && mount -t tmpfs inside /srv/data/inside"),
            Fault::Full => at_st1("dd if=/dev/zero of=/srv/data/ballast bs=64k 2>/dev/null"),
            Fault::NoMountPoint => drop(lab.at("st2", "rmdir /srv/data")),
        }
    }

    /// What was broken is put right, and an executor that was killed takes its run up again. The way out so far.
    fn is_mended(self, volume: &Volume) -> Vec<&'static str> {
        let lab = &volume.lab;
        if self.plan == "take_over" {
            lab.does("lab/join st1 lan");
        }
        match self.fault {
            Fault::Executor => {
                // Nothing reads back whether the history was written: the operator looks.
                let is_written = || lab.at("st2", "grep -q . /srv/data/moves").status.success();
                let settled = match self.step {
                    "note" if is_written() => vec!["--settle", "note=done"],
                    "note" => vec!["--settle", "note=failed"],
                    _ => Vec::new(),
                };
                lab.handover(&["resume"]).args(settled).output().expect("handover");
                return vec!["resume"];
            }
            Fault::Freeze(node) => {
                lab.does(&format!("lab/thaw {node}"));
                if self.plan == "take_over" {
                    // It knows nothing of what has happened, and writes; this may wait for as long as it is up.
                    lab.at(node, "(echo late >>/srv/data/records; sync /srv/data/records) >/dev/null 2>&1 &");
                    sleep(Duration::from_secs(1));
                }
                lab.does(&format!("lab/power mend {node}"));
                if lab.left() == "completed" && self.plan == "take_over" {
                    lab.completes("rejoin", &[]);
                    return vec!["rejoin"];
                }
            }
            Fault::Cable(node, network) => drop(lab.does(&format!("lab/join {node} {network}"))),
            Fault::Power(node) => drop(lab.does(&format!("lab/power on {node}"))),
            Fault::Full => drop(lab.at(volume.serving().unwrap_or("st1"), "rm -f /srv/data/ballast")),
            Fault::Stuck => drop(lab.at("st1", "umount /srv/data/inside")),
            Fault::NoMountPoint => drop(lab.at("st2", "mkdir -p /srv/data")),
            Fault::Busy => {}
        }
        Vec::new()
    }
}
