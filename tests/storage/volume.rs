//! The example's lab with its volume, and what is seen of it from outside.

use crate::lab::{self, Lab, Seen, Witness, text};
use std::cell::Cell;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

pub fn is_possible() -> bool {
    lab::is_possible(&[
        ("command -v nbd-server", "it needs nbd-server"),
        ("command -v nbdfuse && [ -c /dev/fuse ]", "it needs nbdfuse (package libnbd-bin) and FUSE"),
        ("command -v mkfs.ext4 && losetup -f", "it needs mkfs.ext4 and loop devices"),
        ("command -v fuser", "it needs fuser (package psmisc)"),
        ("command -v python3", "it needs python3"),
    ])
}

/// A lab whose volume is in use, watched all the time.
pub struct Volume {
    pub lab: Lab,
    watch: Option<Witness>,
    clients: Cell<u32>,
}

impl Volume {
    /// In use on `st1`.
    pub fn in_use() -> Volume {
        let volume = Volume::unused();
        volume.lab.completes("begin", &[]);
        volume
    }

    pub fn unused() -> Volume {
        let lab = Lab::up("storage");
        let watch = Some(Witness::start(lab.command("lab/watch")));
        Volume { lab, watch, clients: Cell::new(0) }
    }

    pub fn client(&self) -> Client {
        self.clients.set(self.clients.get() + 1);
        let log = self.lab.files().join(format!("client-{}", self.clients.get()));
        let mut command = self.lab.command("lab/client");
        command.arg(&log);
        Client { log, witness: Witness::start(command) }
    }

    /// The node that serves, if one does. One behind a closed port serves nobody, and whoever looks at its volume waits.
    pub fn serving(&self) -> Option<&'static str> {
        let runs = "pgrep -f '[l]edger /srv/data' && mountpoint /srv/data";
        let serves = |node: &&str| {
            self.lab.does(&format!("lab/port status {node}")) == "open" && self.lab.at(node, runs).status.success()
        };
        ["st1", "st2"].into_iter().find(serves)
    }

    /// What was seen of both nodes.
    pub fn watched(&mut self) -> Seen {
        self.watch.take().expect("it is watched").stop()
    }

    /// Commands that must not be repeated, and were: exports, and lines of the volume's history.
    pub fn repeated(&self) -> usize {
        let count = |machine: &str, script: &str| {
            text(&self.lab.at(machine, script)).trim().parse::<usize>().expect("a number")
        };
        let exports = count("array", "grep -c ^export /srv/log || true");
        let notes = self.serving().map_or(0, |node| count(node, "cat /srv/data/moves 2>/dev/null | wc -l"));
        exports.saturating_sub(self.lab.begun(&["export", "give_back"]))
            + notes.saturating_sub(self.lab.begun(&["note"]))
    }

    /// Whether the file system is in order, once nobody has it any more.
    pub fn is_clean(&self) -> bool {
        self.lab.at("array", "e2fsck -fn /srv/orders").status.success()
    }
}

/// Writes through the floating address.
pub struct Client {
    log: PathBuf,
    witness: Witness,
}

impl Client {
    fn acknowledged(&self) -> usize {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().filter(|line| !line.ends_with(" -")).count()
    }

    /// Whether writes are acknowledged from now on, within some time.
    pub fn is_served(&self, patience: Duration) -> bool {
        let (start, before) = (Instant::now(), self.acknowledged());
        while self.acknowledged() < before + 5 {
            if start.elapsed() > patience {
                return false;
            }
            sleep(Duration::from_millis(20));
        }
        true
    }

    pub fn stop(self) -> Seen {
        self.witness.stop()
    }
}
