//! Who had the floating address where clients could reach it, and when: every change, from the kernel's own messages.

use crate::lab::Lab;
use crate::servers::network;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Stdio};

const HOSTS: [&str; 2] = ["pg1", "pg2"];
const FLOATING: &str = " inet 10.77.0.100/";

/// Listens to the network of the lab; stopped when dropped.
pub struct Holders {
    log: PathBuf,
    monitor: Child,
    /// The numbers by which the messages name the hosts' networks.
    networks: BTreeMap<String, &'static str>,
}

/// What is known of a host at a moment.
#[derive(Clone, Copy, Default)]
struct Host {
    has_it: bool,
    cut_off: bool,
}

impl Holders {
    /// Begins to listen. `pg1` has the address, and every host is reached.
    pub fn watch(lab: &Lab) -> Holders {
        let wan = network(lab, "wan");
        let list = lab.does(&format!("ip -n {wan} netns list-id"));
        let number = |host| {
            let ending = format!("-{host})");
            let line = list.lines().find(|l| l.ends_with(&ending)).expect("its network");
            (line.split(' ').nth(1).expect("a number").to_owned(), host)
        };
        let networks = HOSTS.into_iter().map(number).collect();
        let log = lab.files().join("network");
        let file = std::fs::File::create(&log).expect("a file");
        let mut listen = lab.command("ip");
        listen.args(["-n", &wan, "-o", "-ts", "monitor", "all-nsid", "address", "link"]);
        let monitor = listen.stdout(file).stderr(Stdio::null()).spawn().expect("ip");
        Holders { log, monitor, networks }
    }

    /// How often two hosts had the address at a time where clients could reach both.
    pub fn doubled(&self) -> usize {
        let messages = std::fs::read_to_string(&self.log).expect("the messages");
        let mut hosts: BTreeMap<&str, Host> = HOSTS.into_iter().map(|h| (h, Host::default())).collect();
        hosts.entry("pg1").or_default().has_it = true;
        let (mut doubled, mut times) = (false, 0);
        for message in messages.lines() {
            self.follow(message, &mut hosts);
            let now = hosts.values().filter(|h| h.has_it && !h.cut_off).count() > 1;
            times += usize::from(now && !doubled);
            doubled = now;
        }
        times
    }

    fn follow(&self, message: &str, hosts: &mut BTreeMap<&str, Host>) {
        let Some((_, rest)) = message.split_once("[nsid ") else { return };
        let Some((network, change)) = rest.split_once(']') else { return };
        if network == "current" {
            // The switch's end of a host's cable; the bridge's own view of it is left out.
            let Some(host) = hosts.iter_mut().find(|(name, _)| change.contains(&format!(" {name}@if"))) else { return };
            host.1.cut_off =
                change.starts_with("Deleted") || !change.contains("LOWER_UP") || !change.contains(" master ");
        } else if let Some(host) = self.networks.get(network)
            && change.contains(FLOATING)
        {
            hosts.entry(host).or_default().has_it = !change.starts_with("Deleted");
        }
    }
}

impl Drop for Holders {
    fn drop(&mut self) {
        let _ = self.monitor.kill();
        let _ = self.monitor.wait();
    }
}

#[test]
fn two_holders_are_seen_and_one_behind_a_cut_cable_does_not_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("network");
    let networks = [("0", "pg1"), ("1", "pg2")].map(|(n, h)| (n.to_owned(), h)).into();
    let monitor = std::process::Command::new("true").spawn().expect("a process");
    let holders = Holders { log: log.clone(), monitor, networks };
    let doubled = |messages: &[&str]| {
        std::fs::write(&log, messages.join("\n")).expect("a file");
        holders.doubled()
    };
    let gets = "[t] [nsid 1]2: wan    inet 10.77.0.100/24 scope global secondary eth0";
    let loses = "[t] [nsid 0]Deleted 2: wan    inet 10.77.0.100/24 scope global secondary eth0";
    let cut = "[t] [nsid current]9: pg1@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP";
    let closed = "[t] [nsid current]9: pg1@if2: <BROADCAST,MULTICAST> mtu 1500 master east state DOWN";
    let joined = "[t] [nsid current]9: pg1@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master east state UP";
    assert_eq!(doubled(&[loses, gets]), 0);
    assert_eq!(doubled(&[gets, loses]), 1);
    assert_eq!(doubled(&[cut, gets]), 0);
    assert_eq!(doubled(&[closed, gets, joined, loses]), 1);
    assert_eq!(doubled(&[cut, gets, loses, joined]), 0);
}
