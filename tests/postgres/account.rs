//! What was really run on the database hosts, held against what the journal says was begun.

use crate::lab::Lab;
use crate::servers::file;

/// Commands that do harm when they are done twice, the steps that run them, and how the account shows them.
const ONCE: [(&[&str], &str, &str); 5] = [
    (&["promote", "promote_after_all"], "pg_ctl ", " promote"),
    (&["stop"], "pg_ctl ", " stop"),
    (&["start_again", "follow"], "pg_ctl ", " start"),
    (&["arrive", "arrive_after_all", "return"], "ip address add ", " dev eth0"),
    (&["leave"], "ip address del ", " dev eth0"),
];

/// How many commands were run more often than steps began that run them. None of these steps is tried twice.
pub fn repeated(lab: &Lab) -> usize {
    let read = |host| std::fs::read_to_string(file(lab, host, "account/commands")).expect("an account");
    excess(&["pg1", "pg2"].map(read).concat(), |steps| lab.begun(steps))
}

fn excess(account: &str, begun: impl Fn(&[&str]) -> usize) -> usize {
    let excess = |(steps, start, end): &(&[&str], &str, &str)| {
        let commands = account.lines().filter_map(|line| Some(line.split_once(' ')?.1));
        let ran = commands.filter(|c| c.starts_with(start) && c.ends_with(end)).count();
        ran.saturating_sub(begun(steps))
    };
    ONCE.iter().map(excess).sum()
}

#[test]
fn a_command_that_runs_more_often_than_steps_began_is_repeated() {
    let account = "1.5 pg_ctl -D /data status\n2.5 pg_ctl -s -D /data promote\n3.5 ip -o address show dev eth0\n";
    let again = format!("{account}4.5 pg_ctl -s -D /data promote\n5.5 ip address add 10.77.0.100/24 dev eth0\n");
    let excess = |account: &str, begun: &[&str]| {
        excess(account, |steps| begun.iter().filter(|step| steps.contains(step)).count())
    };
    assert_eq!(excess(account, &["promote"]), 0);
    assert_eq!(excess(&again, &["promote", "arrive"]), 1);
    assert_eq!(excess(&again, &["promote", "promote_after_all"]), 1);
    assert_eq!(excess(&again, &["promote", "promote_after_all", "arrive"]), 0);
}
