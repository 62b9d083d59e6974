//! The standard library for real: processes, web services, file systems, addresses and packet filters on this machine.
//!
//! `tests/stdlib/*.ha` are the plans. What needs root and network namespaces says why it is skipped without them, or fails
//! if `HANDOVER_REQUIRE_LABS=1`. Nothing is left behind.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod watch;

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use watch::{Run, watch};

/// A folder with one of the plans in it; `@` in the plan is `lab`.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn with(plan: &str, lab: impl Fn(&Path) -> String) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string(Path::new("tests/stdlib").join(plan)).unwrap();
        std::fs::write(folder.path().join("plan.ha"), text.replace('@', &lab(folder.path()))).unwrap();
        Place { folder }
    }

    fn run(&self, plan: &str, more: &[&str], port: u16) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
        command.current_dir(self.folder.path()).env("PORT", port.to_string());
        command.args(["run", "plan.ha", plan, "--yes", "--state", "journal"]).args(more);
        watch(command, None)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

/// The run ended so, and these steps so.
#[track_caller]
fn assert_run(run: &Run, exit: i32, steps: &[(&str, &str)]) {
    assert_eq!(run.exit, exit, "{}", run.said);
    for (step, status) in steps {
        assert_eq!(run.steps.get(*step).map(String::as_str), Some(*status), "{step}\n{}", run.said);
    }
}

/// Whether a test that needs these can run; says why not.
fn possible(needs: &[(&str, &str)]) -> bool {
    let works = |script: &str| Command::new("sh").args(["-c", script]).output().is_ok_and(|o| o.status.success());
    let Some((_, why)) = needs.iter().find(|(script, _)| !works(script)) else { return true };
    assert!(std::env::var("HANDOVER_REQUIRE_LABS").as_deref() != Ok("1"), "the lab is required, and {why}");
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
    false
}

fn sh(script: &str) -> Output {
    Command::new("sh").args(["-c", script]).output().unwrap()
}

#[test]
fn processes_start_serve_and_stop() {
    if !possible(&[("command -v python3 && command -v curl", "it needs python3 and curl")]) {
        return;
    }
    let place = Place::with("process.ha", |_| String::from("@"));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("url=\"http://127.0.0.1:{port}/\"");
    let given = ["--given", url.as_str()];

    let run = place.run("serve", &given, port);
    assert_run(&run, 0, &[("start", "ok"), ("serves", "ok"), ("says", "ok"), ("again", "already"), ("runs", "ok")]);

    let run = place.run("stop", &given, port);
    assert_run(&run, 3, &[("stop", "ok"), ("again", "already"), ("gone", "ok"), ("silent", "ok"), ("check", "failed")]);
    assert!(!place.path("web.pid").exists());

    assert_run(&place.run("kill", &[], port), 0, &[("start", "ok"), ("stop", "ok")]);
    let left = sh(&format!("grep -lzx 'PWD={}' /proc/[0-9]*/environ", place.folder.path().display()));
    assert_eq!(String::from_utf8_lossy(&left.stdout), "", "a process was left behind");

    let run = place.run("fail", &[], port);
    assert_run(&run, 3, &[("start", "failed")]);
    assert!(run.said.contains("it ended at once; see brief.log"), "{}", run.said);
    assert_eq!(std::fs::read_to_string(place.path("brief.log")).unwrap(), "nothing to do\n");
}

/// Unmounts what a failed test has left.
struct Mounts<'a>(&'a Place);

impl Drop for Mounts<'_> {
    fn drop(&mut self) {
        for name in ["scratch", "image.d", "shared"] {
            let _ = Command::new("umount").arg("-q").arg(self.0.path(name)).output();
        }
    }
}

#[test]
fn file_systems_mount_and_unmount() {
    let needs = [
        ("[ \"$(id -u)\" = 0 ]", "it needs root"),
        ("command -v mkfs.ext4", "it needs mkfs.ext4 (package e2fsprogs)"),
        ("losetup -f", "it needs loop devices"),
        ("command -v fuser", "it needs fuser (package psmisc)"),
    ];
    if !possible(&needs) {
        return;
    }
    let place = Place::with("files.ha", |folder| folder.display().to_string());
    let mounts = Mounts(&place);
    let prepare =
        "mkdir scratch image.d shared data && echo text >data/file && truncate -s 8M image && mkfs.ext4 -q image";
    assert!(Command::new("sh").args(["-c", prepare]).current_dir(place.folder.path()).status().unwrap().success());

    let run = place.run("mount", &[], 0);
    let expected = [
        ("mount", "ok"),
        ("again", "already"),
        ("check", "ok"),
        ("image", "ok"),
        ("image_again", "already"),
        ("attach", "ok"),
        ("copy", "ok"),
        ("copy_again", "already"),
        ("flush", "ok"),
    ];
    assert_run(&run, 0, &expected);
    assert_eq!(std::fs::read_to_string(place.path("image.d/file")).unwrap(), "text\n");
    let mounted = |name: &str| Command::new("mountpoint").arg("-q").arg(place.path(name)).status().unwrap().success();
    assert!(mounted("scratch") && mounted("image.d") && mounted("shared"));

    // One that goes when it is asked to, and one that does not.
    let sits =
        |script: &str| Command::new("sh").args(["-c", script]).current_dir(place.path("image.d")).spawn().unwrap();
    let mut users = [sits("exec sleep 1000"), sits("trap '' TERM; sleep 1000; sleep 1000")];
    let run = place.run("leave", &[], 0);
    assert_run(&run, 0, &[("there", "ok"), ("users", "ok"), ("again", "already")]);
    assert_run(&run, 0, &[("room", "ok"), ("little_room", "skipped"), ("no_disk", "skipped")]);
    let ends = users.each_mut().map(|user| std::os::unix::process::ExitStatusExt::signal(&user.wait().unwrap()));
    assert_eq!(ends, [Some(15), Some(9)]);

    let run = place.run("unmount", &[], 0);
    assert_run(&run, 0, &[("unmount", "ok"), ("again", "already"), ("image", "ok"), ("detach", "ok")]);
    assert!(!mounted("scratch") && !mounted("image.d") && !mounted("shared"));
    drop(mounts);
}

/// Two machines and the switch between them, as network namespaces; gone when dropped.
struct Network {
    name: String,
}

impl Network {
    fn up() -> Network {
        let name = format!("handover-std-{}-", std::process::id());
        let network = Network { name };
        let script = r#"
            set -e
            for n in a b s; do ip netns add "$L$n"; ip -n "$L$n" link set lo up; done
            ip -n "${L}s" link add br0 type bridge
            ip -n "${L}s" link set br0 up
            i=0
            for n in a b
            do
              i=$((i + 1))
              ip -n "${L}s" link add "to_$n" type veth peer name eth0 netns "$L$n"
              ip -n "${L}s" link set "to_$n" master br0 up
              ip -n "$L$n" address add "10.9.0.$i/24" dev eth0
              ip -n "$L$n" link set eth0 up
            done
        "#;
        let done = network.sh(script);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        network
    }

    fn sh(&self, script: &str) -> Output {
        Command::new("sh").args(["-c", script]).env("L", &self.name).output().unwrap()
    }

    /// The machines that have the address configured.
    fn holders(&self) -> Vec<&'static str> {
        let has = |n: &&str| {
            let shown = self.sh(&format!("ip -n \"${{L}}{n}\" -o address show dev eth0"));
            String::from_utf8_lossy(&shown.stdout).contains("10.9.0.100/24")
        };
        ["a", "b"].into_iter().filter(has).collect()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let end = "for n in a b s; do kill -9 $(ip netns pids \"$L$n\") 2>/dev/null; ip netns delete \"$L$n\"; done";
        let _ = self.sh(end);
    }
}

#[test]
fn addresses_move_and_packet_filters_fence() {
    let needs = [
        ("[ \"$(id -u)\" = 0 ]", "it needs root"),
        ("ip netns list", "it needs iproute2"),
        ("unshare --net true", "it needs to create namespaces"),
        ("command -v arping", "it needs arping (package iputils-arping)"),
        ("unshare --net nft add table bridge probe", "it needs nftables with the bridge family"),
        ("command -v python3", "it needs python3"),
    ];
    if !possible(&needs) {
        return;
    }
    let network = Network::up();
    let place = Place::with("network.ha", |_| network.name.clone());

    let run = place.run("take", &[], 0);
    let taken = [("nobody", "ok"), ("claim", "ok"), ("again", "already"), ("announce", "ok"), ("there", "ok")];
    assert_run(&run, 0, &taken);
    assert_eq!(network.holders(), ["a"]);

    let run = place.run("steal", &[], 0);
    assert_run(&run, 3, &[("claim", "failed")]);
    assert!(run.said.contains("somebody answers for it"), "{}", run.said);
    assert_eq!(network.holders(), ["a"]);

    assert_run(&place.run("move", &[], 0), 0, &[("drop", "ok"), ("add", "ok"), ("there", "ok")]);
    assert_eq!(network.holders(), ["b"]);

    let run = place.run("block", &[], 0);
    assert_run(&run, 0, &[("block", "ok"), ("again", "already"), ("cut", "ok"), ("unblock", "ok"), ("back", "ok")]);

    let run = place.run("isolate", &[], 0);
    assert_run(&run, 0, &[("isolate", "ok"), ("again", "already"), ("cut", "ok")]);
    assert_run(&place.run("readmit", &[], 0), 0, &[("readmit", "ok"), ("again", "already"), ("back", "ok")]);
}
