//! What was really run on the database hosts, held against what the journal says was begun.

use crate::lab::Lab;
use serde_json::Value;

/// Commands that do harm when they are done twice, the steps that run them, and how the account shows them.
const ONCE: [(&[&str], &str, &str); 5] = [
    (&["promote", "promote_after_all"], "pg_ctl ", " promote"),
    (&["stop"], "pg_ctl ", " stop"),
    (&["start_again", "follow"], "pg_ctl ", " start"),
    (&["arrive", "arrive_after_all", "return"], "ip address add ", " dev eth0"),
    (&["leave"], "ip address del ", " dev eth0"),
];

/// How many commands were run more often than steps began that run them. None of these steps is tried twice.
pub fn repeated(lab: &Lab) -> u32 {
    let read = |host| std::fs::read_to_string(lab.file(host, "account/commands")).expect("an account");
    excess(&["pg1", "pg2"].map(read).concat(), &begun(lab))
}

fn excess(account: &str, begun: &[String]) -> u32 {
    let excess = |(steps, start, end): &(&[&str], &str, &str)| {
        let commands = account.lines().filter_map(|line| Some(line.split_once(' ')?.1));
        let ran = commands.filter(|c| c.starts_with(start) && c.ends_with(end)).count();
        let may = begun.iter().filter(|step| steps.contains(&step.as_str())).count();
        u32::try_from(ran.saturating_sub(may)).expect("few")
    };
    ONCE.iter().map(excess).sum()
}

/// The steps that were begun in all runs, without those that were found to be done already.
fn begun(lab: &Lab) -> Vec<String> {
    let runs = lab.json(&["runs"])["runs"].as_array().expect("runs").clone();
    let mut found = Vec::new();
    for run in runs {
        let events = lab.events(run["id"].as_str().expect("an id"));
        let named = |event: &Value| event["name"].as_str().unwrap_or_default().to_owned();
        let already: Vec<String> = events.iter().filter(|e| e["outcome"] == "already_so").map(named).collect();
        let began = events.iter().filter(|e| e["event"] == "step_started").map(named);
        let mut began: Vec<String> = began.filter(|step| !already.contains(step)).collect();
        began.sort();
        began.dedup();
        found.append(&mut began);
    }
    found
}

#[test]
fn a_command_that_runs_more_often_than_steps_began_is_repeated() {
    let account = "1.5 pg_ctl -D /data status\n2.5 pg_ctl -s -D /data promote\n3.5 ip -o address show dev eth0\n";
    let again = format!("{account}4.5 pg_ctl -s -D /data promote\n5.5 ip address add 10.77.0.100/24 dev eth0\n");
    let begun = |steps: &[&str]| steps.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    assert_eq!(excess(account, &begun(&["promote"])), 0);
    assert_eq!(excess(&again, &begun(&["promote", "arrive"])), 1);
    assert_eq!(excess(&again, &begun(&["promote", "promote_after_all"])), 1);
    assert_eq!(excess(&again, &begun(&["promote", "promote_after_all", "arrive"])), 0);
}
