//! What is ended, by its limit or by the operator, and whether that is certain.

use crate::case::{BUSY, Case, outcome, plan, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::time::Duration;

#[test]
fn a_limit_ends_everything_that_was_started_and_that_is_certain() {
    for clause in ["within 1s, then kill", "within 1s"] {
        let Some(case) = Case::new(&plan(clause, BUSY)) else { return };
        let (code, text) = case.run(&[]);
        assert_eq!(code, 3, "{clause}: {text}");
        assert!(text.contains("it did not end within 1s"), "{text}");
        assert!(case.is_over("begun") && case.is_over("child"), "{clause}: {text}");
    }
}

#[test]
fn what_leaves_its_session_is_ended_too() {
    let script = "    setsid sh -c 'trap \"\" TERM; echo $$ >DIR/stray; until test -e DIR/go; do sleep 0.1; done' &\n    \
                  until test -s DIR/stray; do sleep 0.05; done\n    echo $$ >DIR/begun\n    sleep 100";
    for place in ["far", "near"] {
        let text =
            plan("within 1s, then kill", script).replace("node far {}", "node far {}\nnode near { via = local }");
        let text = text
            .replace("given far is up", "given far is up, near is up")
            .replace("one on far", &format!("one on {place}"));
        let Some(case) = Case::new(&text) else { return };
        let (code, text) = case.run(&[]);
        assert!(case.is_over("begun") && case.is_over("stray"), "{place}: {text}");
        assert_eq!(code, 3, "{place}: {text}");
        assert!(text.contains("it did not end within 1s"), "{text}");
    }
}

#[test]
fn what_ended_in_time_while_the_executor_was_stopped_has_ended() {
    for place in ["far", "near"] {
        let script = "    echo $$ >DIR/begun\n    until test -e DIR/go; do sleep 0.05; done\n    echo so >DIR/done";
        let text =
            plan("within 3s, then kill", script).replace("node far {}", "node far {}\nnode near { via = local }");
        let text = text
            .replace("given far is up", "given far is up, near is up")
            .replace("one on far", &format!("one on {place}"));
        let Some(case) = Case::new(&text) else { return };
        let executor = case.start(&[]);
        case.wait_for("begun");
        kill_process(Pid::from_child(&executor), Signal::STOP).unwrap();
        fs::write(case.path("go"), "").unwrap();
        wait_until("the end of the command", || case.has("done") && case.is_over("begun"));
        // Longer than the limit, and than what a node is given above it.
        std::thread::sleep(Duration::from_millis(3000 + handover::base::limits::REMOTE_GRACE_MS));
        kill_process(Pid::from_child(&executor), Signal::CONT).unwrap();
        let (code, text) = outcome(&executor.wait_with_output().unwrap());
        assert_eq!(code, 0, "{place}: {text}");
    }
}

#[test]
fn a_limit_is_kept_by_the_node_when_nobody_can_reach_it() {
    let Some(mut case) = Case::new(&plan("within 2s, then kill", BUSY)) else { return };
    let executor = case.start(&["--lost-after", "8"]);
    case.wait_for("begun");
    case.sshd.strike(Signal::KILL);
    case.sshd.stop();
    wait_until("the end of both", || case.is_over("begun") && case.is_over("child"));
    case.sshd.boot();
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("it did not end within 2s"), "{text}");
}

#[test]
fn the_operator_ends_a_command_and_whether_that_is_certain_is_said() {
    for reachable in [true, false] {
        let Some(mut case) = Case::new(&plan("", BUSY)) else { return };
        let executor = case.start(&["--lost-after", "2"]);
        case.wait_for("begun");
        if !reachable {
            case.sshd.strike(Signal::KILL);
            case.sshd.stop();
        }
        for _ in 0..2 {
            kill_process(Pid::from_child(&executor), Signal::INT).unwrap();
            std::thread::sleep(Duration::from_millis(200));
        }
        let (code, text) = outcome(&executor.wait_with_output().unwrap());
        assert!(text.contains("the operator ended it"), "{text}");
        assert_eq!(code, if reachable { 5 } else { 4 }, "{text}");
        assert_eq!(case.is_over("begun") && case.is_over("child"), reachable, "{text}");
        fs::write(case.path("go"), "").unwrap();
        wait_until("the end of the command", || case.is_over("begun"));
    }
}
