//! Two users and a state folder that a group shares: skipped unless the tests run as root.

use crate::place::{Place, ended};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::{Command, Stdio};

/// The account that runs the plan.
const RUNS: &str = "nobody";
/// One that answers, and is in the other's group for the occasion.
const ANSWERS: &str = "daemon";

const PLAN: &str = r#"
node here { via = local }
plan move() {
  given here is up
  step sure {
    ask "Shall clients be moved?"
    by  daemon
  }
  step go on here { run "echo gone" }
}
"#;

fn id(args: &[&str]) -> String {
    String::from_utf8(Command::new("id").args(args).output().unwrap().stdout).unwrap().trim().to_owned()
}

/// The command as another user.
fn run_as(place: &Place, user: &str, args: &[&str]) -> Command {
    let mut command = Command::new("runuser");
    command.args(["-u", user, "-g", &id(&["-gn", RUNS]), "--"]).arg(place.path("handover")).args(args);
    command.current_dir(place.path("")).env("HANDOVER_STATE", place.path("state")).stdin(Stdio::null());
    command
}

#[test]
fn a_group_shares_a_state_folder_and_its_roles_are_kept_apart() {
    if id(&["-u"]) != "0" || Command::new("runuser").arg("--version").output().is_err() {
        assert!(std::env::var_os("HANDOVER_REQUIRE_LABS").is_none(), "only root can be two users");
        eprintln!("skipped: only root can be two users");
        return;
    }
    let place = Place::new(PLAN);
    let open = |name: &str, mode| fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode)).unwrap();
    open("", 0o755);
    fs::copy(env!("CARGO_BIN_EXE_handover"), place.path("handover")).unwrap();
    fs::create_dir(place.path("state")).unwrap();
    let group = id(&["-g", RUNS]).parse().unwrap();
    chown(place.path("state"), None, Some(group)).unwrap();
    open("state", 0o2770);
    let mut run = run_as(&place, RUNS, &["run", "plan.ha", "--yes"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    place.wait_for("sure");
    for name in ["journal.db", "control", "locks"] {
        let mode = fs::metadata(place.path("state").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o060, 0o060, "{name} is for the group: {mode:o}");
    }
    let (exit, _, err) = ended(run_as(&place, RUNS, &["approve"]).output().unwrap());
    assert!(exit == 2 && err.contains("this is for `daemon` to answer, and nobody is not"), "{err}");
    let (exit, _, err) = place.handover(&["approve"]);
    assert!(exit == 2 && err.contains("and root is not"), "root has no role by itself: {err}");
    let (exit, out, err) = ended(run_as(&place, ANSWERS, &["approve", "--why", "seen"]).output().unwrap());
    assert!(exit == 0 && out.contains("yes, says daemon: seen"), "{out}{err}");
    assert_eq!(run.wait().unwrap().code(), Some(0));
    // The other one goes on with what this one has begun.
    let (exit, out, err) =
        ended(run_as(&place, ANSWERS, &["run", "plan.ha", "--yes", "--answer", "sure=yes"]).output().unwrap());
    assert_eq!(exit, 0, "{out}{err}");
    let (exit, _, err) =
        ended(run_as(&place, RUNS, &["run", "plan.ha", "--yes", "--answer", "sure=yes"]).output().unwrap());
    assert!(exit == 2 && err.contains("`sure` is for `daemon` to answer, and nobody is not"), "{err}");
}
