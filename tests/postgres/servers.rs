//! The example's lab with its two servers, and what is seen of them in front of their hosts.

use crate::lab::{self, HANDOVER, Lab, text};
use std::path::{Path, PathBuf};
use std::process::Output;

/// The words that lead to the control hosts.
pub const EAST: &str = "lab/console ctl-east";
pub const WEST: &str = "lab/console ctl-west";

pub fn is_possible() -> bool {
    lab::is_possible(&[
        ("ls /usr/lib/postgresql/*/bin/initdb || command -v initdb", "it needs PostgreSQL"),
        ("id postgres && command -v runuser", "it needs the user postgres"),
    ])
}

/// A lab with a primary in the east, in which plans are run from one of the control hosts.
pub fn up(control: &'static str) -> Lab {
    let lab = Lab::up("postgres");
    lab.is_run_from(control);
    lab
}

/// The name of a network of the lab: a host's, or `wan`.
pub fn network(lab: &Lab, name: &str) -> String {
    format!("{}-{name}", lab.name())
}

/// A file of the lab's about a host.
pub fn file(lab: &Lab, host: &str, name: &str) -> PathBuf {
    Path::new("/var/tmp").join(lab.name()).join(host).join(name)
}

/// Runs a statement on a server as its administrator, in front of it.
pub fn sql(lab: &Lab, host: &str, statement: &str) -> Option<String> {
    let psql = "runuser -u postgres -- timeout 2 psql -d postgres -qAtX -v ON_ERROR_STOP=1 -c";
    let output = lab.command("lab/console").arg(host).args(psql.split(' ')).arg(statement).output();
    let output = output.expect("a shell");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The hosts whose server would accept a write.
pub fn writable(lab: &Lab) -> Vec<&'static str> {
    let attempt = "begin; insert into writes values (-1, ''); rollback";
    ["pg1", "pg2"].into_iter().filter(|host| sql(lab, host, attempt).is_some()).collect()
}

/// Compiles a plan to a shell script, and runs that in the west.
pub fn run_script(lab: &Lab, plan: &str) -> Output {
    let script = lab.files().join("plan.sh");
    let build = lab.command(HANDOVER).args(["build", "plan.ha", plan, "--emit", "sh", "-o"]).arg(&script).output();
    let build = build.expect("handover");
    assert!(build.status.success(), "{}", text(&build));
    let mut command = lab.command("lab/console");
    command.args(["ctl-west", "sh", "-c", "HANDOVER_DIR=$PWD exec sh \"$@\"", "sh"]).arg(&script);
    command.arg("--state").arg(lab.files().join("script")).output().expect("a shell")
}
