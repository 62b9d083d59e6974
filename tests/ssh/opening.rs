//! What is found out about nodes before anything starts, and how much they are given to do at a time.

use crate::case::{Case, outcome, plan};
use std::fs;
use std::net::TcpListener;

#[test]
fn what_is_wrong_with_nodes_is_said_before_anything_starts() {
    let text = r#"
node good {}
node stranger {}
node other { user = "no-such-user" }
node lacking {}
plan move() {
  given good is up, stranger is up, other is up, lacking is up
  step a on good { run "echo x >DIR/out" }
  step b on stranger { run "true" }
  step c on other { run "true" }
  step d on lacking { run "no-such-command --now | wc -l" }
}
"#;
    let Some(case) = Case::new(text) else { return };
    let strange = case.path("sshd/strange");
    fs::write(&strange, format!("[127.0.0.1]:{} {}", case.sshd.port, case.read("sshd/user.pub"))).unwrap();
    case.sshd.client(&format!("Host stranger\n  UserKnownHostsFile {}\n", strange.display()));
    let (code, text) = case.run(&[]);
    assert_eq!((code, case.has("out")), (3, false), "{text}");
    assert!(text.contains("nothing was started"), "{text}");
    assert!(
        text.contains("`stranger`: it cannot be reached: ") && text.contains("Host key verification failed"),
        "{text}"
    );
    assert!(text.contains("SHA256:") && text.contains(&format!("{}:1", strange.display())), "which keys: {text}");
    assert!(text.contains("ssh-keygen -R") && !text.contains("--unready"), "{text}");
    assert!(text.contains("`other`: it cannot be reached: ") && text.contains("Permission denied"), "{text}");
    assert!(text.contains("`lacking`: it has no `no-such-command`"), "{text}");
    assert!(!text.contains("`good`"), "{text}");
    let (code, list) = outcome(&case.command(&["runs"]).output().unwrap());
    assert!(code == 2 || list.contains("no run"), "{list}");
    let (code, text) = case.run(&["--unready"]);
    assert_eq!((code, case.has("out")), (3, true), "{text}");
    assert!(text.contains("`lacking`: it has no `no-such-command`"), "it is told what is done without: {text}");
}

#[test]
fn a_node_whose_sshd_restarts_is_tried_again() {
    let Some(mut case) = Case::new(&plan("", "    echo so >DIR/done")) else { return };
    case.sshd.stop();
    let busy = TcpListener::bind(("127.0.0.1", case.sshd.port)).unwrap();
    let executor = case.start(&[]);
    // One that has too many connections to begin closes the next before a word is said.
    drop(busy.accept().unwrap());
    drop(busy);
    case.sshd.boot();
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!((code, case.has("done")), (0, true), "{text}");
    assert!(!text.contains("refused"), "{text}");
}

#[test]
fn a_node_has_as_many_commands_at_a_time_as_it_may() {
    let steps: String = (0..12)
        .map(|i| format!("    step s{i} on far {{ run \"echo + >>DIR/log; sleep 0.3; echo - >>DIR/log\" }}\n"))
        .collect();
    let text = format!("node far {{}}\nplan move() {{\n  given far is up\n  parallel {{\n{steps}  }}\n}}\n");
    // Fewer sessions than commands: ssh opens connections of its own for the others.
    for (options, per_node) in [("", "3"), ("MaxSessions 2", "4")] {
        let Some(case) = Case::with(options, &text) else { return };
        let (code, text) = case.run(&["--per-node", per_node]);
        assert_eq!(code, 0, "{text}");
        let (mut now, mut most) = (0_usize, 0);
        for line in case.read("log").lines() {
            now = if line == "+" { now + 1 } else { now - 1 };
            most = most.max(now);
        }
        assert!(most <= per_node.parse().unwrap() && most > 1, "{most} at a time: {text}");
    }
}
