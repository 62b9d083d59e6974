//! The example's lab with its cluster, and the plans when all goes well.

use crate::lab::{self, Lab, Seen, Witness, say, text};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub fn is_possible() -> bool {
    lab::is_possible(&[
        ("command -v corosync && command -v pacemakerd", "it needs corosync and Pacemaker"),
        ("command -v crm_resource && command -v crm_mon", "it needs Pacemaker's commands (pacemaker-cli-utils)"),
        ("[ -x /usr/lib/ocf/resource.d/heartbeat/IPaddr2 ]", "it needs IPaddr2 (package resource-agents)"),
        ("command -v python3", "it needs python3"),
    ])
}

/// A cluster that serves, watched all the time.
pub struct Cluster {
    pub lab: Lab,
    watch: Option<Witness>,
}

impl Cluster {
    /// The address is at `n1`.
    pub fn up() -> Cluster {
        let lab = Lab::up("pacemaker");
        let watch = Some(Witness::start(lab.command("lab/watch")));
        Cluster { lab, watch }
    }

    /// The node at which clients reach the address, by what the nodes themselves have configured.
    pub fn serving(&self) -> Vec<&'static str> {
        let has = |node: &&str| {
            let shown = self.lab.at(node, "ip -o address show dev lan");
            text(&shown).contains(" 10.79.0.100/") && self.lab.does(&format!("lab/port status {node}")) == "open"
        };
        ["n1", "n2"].into_iter().filter(has).collect()
    }

    /// Whether somebody serves within some seconds.
    pub fn is_served(&self) -> bool {
        let start = Instant::now();
        while self.serving().len() != 1 {
            if start.elapsed() > Duration::from_secs(15) {
                return false;
            }
            sleep(Duration::from_millis(100));
        }
        true
    }

    /// The constraints that moves have left.
    pub fn constraints(&self) -> usize {
        let node = self.serving().first().copied().unwrap_or("n2");
        text(&self.lab.at(node, "cibadmin --query --scope constraints")).matches("id=\"cli-").count()
    }

    pub fn looks_away(&self) -> bool {
        let query = "crm_attribute --quiet --name maintenance-mode --query --default false";
        text(&self.lab.at(self.serving().first().copied().unwrap_or("n2"), query)).trim() == "true"
    }

    pub fn watched(&mut self) -> Seen {
        self.watch.take().expect("it is watched").stop()
    }
}

/// As the example's page shows it.
#[test]
fn resources_move_and_nothing_is_forgotten() {
    if !is_possible() {
        return;
    }
    let cluster = Cluster::up();
    let seen = cluster.lab.follow_page();
    say(&seen.0);
    assert_eq!(seen.number("address held twice"), 0, "{}", seen.0);
    assert!(seen.number("looks") > 100, "{}", seen.0);
    assert_eq!((cluster.serving(), cluster.constraints(), cluster.looks_away()), (vec!["n1"], 0, false));
}

/// The address is taken away by hand and put back: the cluster, which looks away, does nothing about it.
#[test]
fn the_cluster_looks_away_during_maintenance_and_waits_for_a_fence() {
    if !is_possible() {
        return;
    }
    let mut cluster = Cluster::up();
    let work = "crm_attribute --quiet --name maintenance-mode --query; ip address del 10.79.0.100/24 dev lan; sleep 7; \
                ip address add 10.79.0.100/24 dev lan";
    cluster.lab.completes("maintain", &["--given", &format!("work=\"{work}\"")]);
    assert_eq!((cluster.serving(), cluster.looks_away()), (vec!["n1"], false));
    let shown = text(&cluster.lab.at("n1", "crm_mon --one-shot"));
    assert!(!shown.contains("Failed Resource Actions"), "{shown}");

    cluster.lab.does("lab/cut n1");
    sleep(Duration::from_secs(4));
    let shown = text(&cluster.lab.at("n2", "crm_mon --one-shot --inactive"));
    assert!(shown.contains("UNCLEAN"), "{shown}");
    assert_eq!(cluster.serving(), ["n1"], "behind its cable, it still has the address");
    assert_eq!(cluster.watched().number("address held twice"), 0);
}
