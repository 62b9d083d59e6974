//! What the example's page says to do when a run did not end well, step by step as an operator would: look, then act.

use crate::lab::{Lab, text};
use crate::servers::sql;
use std::thread::sleep;
use std::time::{Duration, Instant};

const HOSTS: [&str; 2] = ["pg1", "pg2"];

/// Where things are, looked at in front of the hosts.
#[derive(Debug)]
struct Sight {
    /// Hosts whose server is a primary.
    primaries: Vec<&'static str>,
    /// Hosts whose server is a standby.
    standbys: Vec<&'static str>,
    /// Hosts whose server is a standby that receives the primary's log.
    following: Vec<&'static str>,
    /// Hosts that have the floating address.
    holders: Vec<&'static str>,
}

impl Sight {
    fn of(lab: &Lab) -> Sight {
        let says = |question: &'static str, answer: &'static str| {
            let fits = move |host: &&'static str| sql(lab, host, question).as_deref() == Some(answer);
            HOSTS.into_iter().filter(fits).collect()
        };
        let recovery = "select pg_is_in_recovery()";
        let has = |host: &&str| {
            let shown = lab.at(host, "ip -o address show dev eth0");
            text(&shown).contains("inet 10.77.0.100/")
        };
        Sight {
            primaries: says(recovery, "f"),
            standbys: says(recovery, "t"),
            following: says("select count(*) from pg_stat_wal_receiver where status = 'streaming'", "1"),
            holders: HOSTS.into_iter().filter(has).collect(),
        }
    }

    /// One primary with the address, and a standby that follows it.
    fn is_in_order(&self) -> bool {
        self.primaries.len() == 1 && self.holders == self.primaries && self.following.len() == 1
    }
}

fn other(host: &str) -> &'static str {
    if host == "pg1" { "pg2" } else { "pg1" }
}

fn server(host: &str) -> &'static str {
    if host == "pg1" { "orders_east" } else { "orders_west" }
}

/// Makes `to` the primary after the other host was fenced; `commits` are waiting or alone until it is back.
pub fn fail_over(lab: &Lab, to: &str, commits: &str) -> String {
    let (lost, commits) = (format!("lost={}", server(other(to))), format!("commits={commits}"));
    let to = format!("to={}", server(to));
    run(lab, "failover", &["--given", &lost, "--given", &to, "--given", &commits])
}

/// Makes the server that was lost a standby of the primary.
pub fn reprotect(lab: &Lab, primary: &str) -> String {
    let (lost, primary) = (format!("lost={}", server(other(primary))), format!("primary={}", server(primary)));
    run(lab, "reprotect", &["--given", &lost, "--given", &primary])
}

fn run(lab: &Lab, plan: &str, given: &[&str]) -> String {
    lab.completes(plan, given);
    plan.to_owned()
}

/// Takes the latest run up until it has ended. Says what was done.
pub fn take_up(lab: &Lab) -> Vec<String> {
    let mut done = Vec::new();
    while is_unfinished(lab) {
        assert!(done.len() < 4, "still unfinished after {done:?}");
        done.push(resume(lab));
    }
    done
}

/// Brings one primary with the address and a standby about. Says what was done.
pub fn to_order(lab: &Lab) -> Vec<String> {
    let mut done = Vec::new();
    for _ in 0..4 {
        let sight = settled(lab);
        if sight.is_in_order() {
            return done;
        }
        done.push(match (&sight.primaries[..], &sight.standbys[..]) {
            ([primary], _) if sight.holders == [*primary] => reprotect(lab, primary),
            ([to], _) | ([], [to, ..]) => fail_over(lab, to, "waiting"),
            _ => start_by_hand(lab, &sight),
        });
    }
    panic!("no order after {done:?}: {:?}", Sight::of(lab));
}

fn is_unfinished(lab: &Lab) -> bool {
    lab.runs()[0]["ended"].is_null()
}

/// What there is to see once nothing moves any more: servers start, and standbys find their primary, by themselves.
fn settled(lab: &Lab) -> Sight {
    let start = Instant::now();
    loop {
        let sight = Sight::of(lab);
        if sight.is_in_order() || start.elapsed() > Duration::from_secs(4) {
            return sight;
        }
        sleep(Duration::from_millis(200));
    }
}

/// Takes the latest run up where the lost executor kept its second journal. What it cannot find out is answered as somebody
/// would who has looked.
fn resume(lab: &Lab) -> String {
    let run = lab.runs()[0]["id"].as_str().expect("a run").to_owned();
    let resume = |more: &[&str]| lab.handover(&["resume", &run]).args(more).output().expect("handover");
    let asks = text(&resume(&["--dead", "ctl-east"]));
    if !is_unfinished(lab) {
        return String::from("resume");
    }
    let step = asks.lines().find_map(|l| l.split_once(" asks ")?.1.split([' ', ':']).find(|w| !w.is_empty()));
    let step = step.unwrap_or_else(|| panic!("it neither ends nor asks: {asks}"));
    let answer = format!("{step}={}", if is_done(lab, step) { "done" } else { "failed" });
    resume(&["--settle", &answer]);
    format!("resume --settle {answer}")
}

/// Whether what a step is for is so.
fn is_done(lab: &Lab, step: &str) -> bool {
    let sight = settled(lab);
    let runs = |host| sight.primaries.contains(&host) || sight.standbys.contains(&host);
    match step {
        "leave" => !sight.holders.contains(&"pg1"),
        "return" => sight.holders.contains(&"pg1"),
        "arrive" | "arrive_after_all" => sight.holders.contains(&"pg2"),
        "stop" => !runs("pg1"),
        "start_again" => sight.primaries.contains(&"pg1"),
        "promote" | "promote_after_all" => sight.primaries.contains(&"pg2"),
        "follow" => sight.standbys.contains(&"pg1"),
        _ => panic!("nobody would be asked about `{step}`"),
    }
}

/// No server answers, or two take themselves for the primary: the one with the address is started, or both are left.
fn start_by_hand(lab: &Lab, sight: &Sight) -> String {
    assert!(sight.primaries.is_empty(), "two primaries: {sight:?}");
    for host in HOSTS {
        let start = "runuser -u postgres -- pg_ctl start --pgdata=/srv/pg/main --log=/srv/pg/log --wait --silent";
        lab.tries(&format!("lab/console {host} {start}"));
    }
    String::from("servers started by hand")
}
