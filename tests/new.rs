//! What `handover new` begins with is proved, tested and laid out as it stands, and takes nothing's place.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output};

fn handover(folder: &Path, line: &str) -> Output {
    let words = shlex::split(line).unwrap();
    Command::new(env!("CARGO_BIN_EXE_handover")).current_dir(folder).args(words).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn every_template_is_proved_and_its_tests_pass() {
    let folder = tempfile::tempdir().unwrap();
    let list = out(&handover(folder.path(), "new --list"));
    let names: Vec<&str> = list.lines().map(|l| l.split_whitespace().next().unwrap()).collect();
    assert_eq!(names.len(), std::fs::read_dir("templates").unwrap().count(), "all folders are listed: {names:?}");
    for name in names {
        let made = handover(folder.path(), &format!("new 'my {name}' --template {name}"));
        assert_eq!(made.status.code(), Some(0), "{made:?}");
        // The lines that it ends with are those that show it at work.
        let said = out(&made);
        let commands: Vec<&str> = said.lines().filter_map(|l| l.strip_prefix("handover ")).collect();
        assert_eq!(commands.len(), 4, "{said}");
        for command in commands {
            let shown = handover(folder.path(), command);
            assert_eq!(shown.status.code(), Some(0), "{command}: {shown:?}");
        }
        let folder = folder.path().join(format!("my {name}"));
        let checked = out(&handover(&folder, "check ."));
        assert!(checked.starts_with("no findings in 2 files"), "{checked}");
        let tested = out(&handover(&folder, "test plan.ha"));
        assert!(!tested.starts_with("no test"), "{tested}");
        assert_eq!(handover(&folder, "fmt --check .").status.code(), Some(0), "{name} is laid out");
    }
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plan.ha"), "mine").unwrap();
    let refused = handover(folder.path(), "new .");
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("`./plan.ha` is there already; nothing was written"), "{why}");
    assert!(!folder.path().join("estate.ha").exists());
    assert_eq!(std::fs::read_to_string(folder.path().join("plan.ha")).unwrap(), "mine");

    let refused = handover(folder.path(), "new shop --template databse");
    assert_eq!(refused.status.code(), Some(2));
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("database") && why.contains("disaster-recovery"), "{why}");
}
