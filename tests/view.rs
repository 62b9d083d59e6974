//! The live view on a real terminal: tmux(1) is the terminal, and what it shows at certain moments is held to what
//! people are promised. A moment is certain because the plan waits there for a file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use regex_lite::Regex;
use snapbox::Assert;
use snapbox::assert::Action;
use std::fs;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PLAN: &str = r#"
node a { via = local }
node b { via = local }

plan move(from: node = a, to: node = b) "The portal moves" {
  given from is up, to is up
  rto 10m

  phase window "The portal is silent" {
    step sync "The last changes arrive" on from {
      run "echo 1 of 2; until test -e synced; do sleep 0.02; done; echo 2 of 2"
      usually 2s
    }
    step check "The copy is complete" on to {
      run "test -e ready || { echo not yet >&2; exit 1; }"
      idempotent
      retry 100 times, every 1s
      usually 5s
    }
    step gate "Somebody looks at it" { ask "Shall the portal move now?" }
    step promote "The copy becomes the portal" on to {
      only if gate succeeded
      run     "until test -e promoted; do sleep 0.02; done; echo cannot promote >&2; exit 3"
      commits "clients see new data"
      usually 4s
    }
    step route "Clients are sent there" on to { run "true"  usually 1s }
  } finally {
    step unmute "Alarms again" on from { run "until test -e unmuted; do sleep 0.02; done" }
  }
}
"#;

/// A terminal with a shell in a folder of its own; it ends with the test.
struct Terminal {
    folder: TempDir,
    socket: String,
}

impl Terminal {
    /// `None`, with the reason, without tmux(1).
    fn new(name: &str, columns: u32, rows: u32) -> Option<Terminal> {
        if Command::new("tmux").arg("-V").output().is_err() {
            assert!(std::env::var_os("HANDOVER_REQUIRE_LABS").is_none(), "tmux(1) is not installed");
            eprintln!("skipped: tmux(1) is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("plan.ha"), PLAN).unwrap();
        let terminal = Terminal { folder, socket: format!("handover-{name}-{}", std::process::id()) };
        let size = [columns.to_string(), rows.to_string()];
        let shell = "env -u NO_COLOR LC_ALL=C.UTF-8 PS1='$ ' HANDOVER_STATE=state sh";
        let made =
            terminal.tmux(&["-f", "/dev/null", "-u", "new-session", "-d", "-x", &size[0], "-y", &size[1], shell]);
        assert!(made.status.success(), "{made:?}");
        terminal.shows("$");
        Some(terminal)
    }

    fn tmux(&self, words: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.socket]).args(words).current_dir(&self.folder);
        command.env("LC_ALL", "C.UTF-8").env_remove("TMUX").output().unwrap()
    }

    fn keys(&self, keys: &[&str]) {
        assert!(self.tmux(&[&["send-keys"], keys].concat()).status.success());
    }

    fn types(&self, text: &str) {
        self.keys(&["-l", text]);
        self.keys(&["Enter"]);
    }

    fn starts(&self) {
        self.types(&format!("{} run plan.ha move --yes", env!("CARGO_BIN_EXE_handover")));
    }

    fn touch(&self, file: &str) {
        fs::write(self.folder.path().join(file), "").unwrap();
    }

    /// What is on the screen, or with what has scrolled away before it.
    fn screen(&self, scrolled: bool) -> String {
        let words: &[&str] = if scrolled { &["capture-pane", "-p", "-S", "-300"] } else { &["capture-pane", "-p"] };
        String::from_utf8(self.tmux(words).stdout).unwrap()
    }

    /// The screen, once all of these stand on it.
    fn frame(&self, parts: &[&str]) -> String {
        let start = Instant::now();
        loop {
            let screen = self.screen(false);
            if parts.iter().all(|part| screen.contains(part)) {
                return screen;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "{parts:?} never stood on\n{screen}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn shows(&self, part: &str) -> String {
        self.frame(&[part])
    }

    /// Makes the window so large, and waits for the view to be drawn anew.
    fn resize(&self, (columns, rows): (usize, usize)) -> String {
        self.tmux(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
        let start = Instant::now();
        loop {
            let screen = self.screen(false);
            let rule = screen.lines().rev().find(|l| l.starts_with("──")).unwrap_or_default();
            if rule.chars().count() == columns - 1 {
                return screen;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "not drawn for {columns} by {rows}:\n{screen}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether the terminal edits lines and shows what is typed, as a shell expects it.
    fn is_restored(&self) {
        self.types("stty -a | grep -ow -e '-*icanon' -e '-*echo' | tr '\\n' ,; echo end");
        let modes = self.shows("echo,end\n");
        assert!(modes.contains("icanon,echo,end"), "{modes}");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

/// What stays the same from run to run, and without the white space that aligns what does not.
fn steady(screen: &str) -> String {
    let mut text = screen.trim_end().to_owned();
    for (pattern, same) in [
        (r"\d\d:\d\d:\d\dZ", "HH:MM:SSZ"),
        (r"\d{8}-\d{6}-[0-9a-f]{4}", "RUN"),
        (r"\(\d+\.\ds\)", "(0.0s)"),
        (r"Z  \d+\.\ds", "Z  0.0s"),
        (r"time       \d+s", "time       0s"),
        (r"usually \d+s to go", "usually 0s to go"),
        (r"failed in \d+\.\ds", "failed in 0.0s"),
        (r"attempt \d+", "attempt 2"),
        ("started by .*", "started by USER"),
        ("says [^ )]+", "says USER"),
        ("─{2,}", "──"),
        (" {2,}", "  "),
        (r" +\n", "\n"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, same).into_owned();
    }
    text + "\n"
}

/// From the top of the view on.
fn view(screen: &str) -> &str {
    &screen[screen.find("──").expect("the view")..]
}

/// Compares with a committed frame; `UPDATE=1` writes it instead.
fn is_frame(screen: &str, file: snapbox::Data) {
    let action = if std::env::var_os("UPDATE").is_some() { Action::Overwrite } else { Action::Verify };
    Assert::new().action(action).eq(steady(screen), file.raw());
}

#[test]
fn a_run_is_followed_from_its_first_step_to_what_is_left() {
    let Some(terminal) = Terminal::new("follow", 100, 30) else { return };
    terminal.starts();
    terminal.shows("▸ sync on a");
    terminal.keys(&["o"]);
    is_frame(view(&terminal.frame(&["1 of 2", "output"])), snapbox::file!["view/running.txt"]);
    terminal.keys(&["o"]);
    terminal.touch("synced");
    let retried = terminal.frame(&["▸ check on b", "failed, is tried again", "it will be tried again"]);
    is_frame(view(&retried), snapbox::file!["view/retry.txt"]);
    terminal.touch("ready");
    is_frame(view(&terminal.shows("a answer")), snapbox::file!["view/gate.txt"]);
    terminal.keys(&["?"]);
    is_frame(view(&terminal.shows("put this away")), snapbox::file!["view/help.txt"]);
    terminal.keys(&["?"]);
    terminal.keys(&["a"]);
    terminal.shows("gate [no / yes] >");
    terminal.types("perhaps");
    terminal.shows("please answer with one of these words: no, yes");
    terminal.types("yes");
    is_frame(view(&terminal.shows("▸ promote on b")), snapbox::file!["view/no-return.txt"]);
    terminal.touch("promoted");
    is_frame(view(&terminal.shows("▸ unmute on a")), snapbox::file!["view/finally.txt"]);
    terminal.touch("unmuted");
    let end = terminal.frame(&["go on", "tells all of it"]);
    assert!(!end.contains("──"), "only what is certain stays:\n{end}");
    let retries = Regex::new(r"(?m)^.*it will be tried again\n.*not yet\n").unwrap();
    let told = terminal.screen(true);
    let told = &told[told.find(" run ").and_then(|at| told[at..].find('\n').map(|n| at + n + 1)).expect("a start")..];
    let told = retries.replace(told, "FIRST").into_owned();
    let told = retries.replace_all(&told, "").replace("FIRST", "… it will be tried again\n");
    is_frame(told.split("`handover show").next().unwrap(), snapbox::file!["view/told.txt"]);
    terminal.is_restored();
}

#[test]
fn a_window_that_is_resized_keeps_one_view_and_loses_no_fact() {
    let Some(terminal) = Terminal::new("resize", 100, 30) else { return };
    terminal.touch("synced");
    terminal.touch("ready");
    terminal.starts();
    terminal.shows("a answer");
    for size in [(70, 30), (100, 20), (60, 24), (120, 40)] {
        terminal.resize(size);
    }
    let all = terminal.screen(true);
    assert_eq!(all.matches("▸ gate").count(), 1, "{all}");
    for fact in ["ok         sync on a", "ok         check on b", "asks       gate"] {
        assert_eq!(all.matches(fact).count(), 1, "{fact} in\n{all}");
    }
    // Where there is no room for all of it, what is asked and what an answer is stay.
    for size in [(50, 7), (44, 5)] {
        let small = terminal.resize(size);
        assert!(small.contains("▸ gate") && small.contains("no / yes"), "{small}");
    }
    terminal.resize((100, 30));
    terminal.keys(&["C-c"]);
    terminal.shows("Ctrl-C end what runs");
    terminal.touch("unmuted");
    terminal.keys(&["C-c"]);
    terminal.shows("cancelled  ");
    terminal.is_restored();
}

#[test]
fn a_terminal_is_restored_when_the_run_is_told_to_end() {
    let Some(terminal) = Terminal::new("term", 90, 24) else { return };
    terminal.types(&format!("sh -c 'echo $$ >pid; exec {} run plan.ha move --yes'", env!("CARGO_BIN_EXE_handover")));
    terminal.shows("▸ sync on a");
    let pid = fs::read_to_string(terminal.folder.path().join("pid")).unwrap();
    let kill = || assert!(Command::new("kill").args(["-TERM", pid.trim()]).status().unwrap().success());
    terminal.touch("unmuted");
    kill();
    terminal.shows("nothing new is started but what puts things in order");
    kill();
    terminal.shows("cancelled  ");
    terminal.is_restored();
}

#[test]
fn a_run_that_is_taken_up_again_is_told_from_its_beginning() {
    let Some(terminal) = Terminal::new("resume", 100, 30) else { return };
    for file in ["synced", "ready"] {
        terminal.touch(file);
    }
    let lost = format!("{} run plan.ha move --yes --answer gate=yes", env!("CARGO_BIN_EXE_handover"));
    terminal.types(&format!("sh -c 'echo $$ >pid; exec {lost}'"));
    terminal.shows("▸ promote on b");
    let pid = fs::read_to_string(terminal.folder.path().join("pid")).unwrap();
    assert!(Command::new("kill").args(["-KILL", pid.trim()]).status().unwrap().success());
    terminal.shows("Killed");
    terminal.types(&format!("{} resume", env!("CARGO_BIN_EXE_handover")));
    let view = terminal.frame(&["resumed", "▸ promote on b", "3 of 6 steps"]);
    let passed = Regex::new(r"no return  passed at \d\d:\d\d:\d\dZ with promote on b").unwrap();
    assert!(passed.is_match(&view), "{view}");
    for file in ["promoted", "unmuted"] {
        terminal.touch(file);
    }
    terminal.shows("the executor was lost while `promote` was running");
    terminal.keys(&["a"]);
    terminal.shows("promote on b [done / failed / again / stop] >");
    terminal.types("failed");
    let end = terminal.shows("go on      handover run");
    assert!(end.contains("done       sync on a, check on b, gate, unmute on a"), "{end}");
}

#[test]
fn a_terminal_that_goes_away_ends_nothing() {
    let Some(terminal) = Terminal::new("away", 90, 24) else { return };
    terminal.starts();
    terminal.shows("▸ sync on a");
    assert!(terminal.tmux(&["kill-server"]).status.success());
    for file in ["synced", "ready", "unmuted"] {
        terminal.touch(file);
    }
    let start = Instant::now();
    let shown = loop {
        let mut show = Command::new(env!("CARGO_BIN_EXE_handover"));
        let shown = show.args(["show", "--state", "state"]).current_dir(&terminal.folder).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        if shown.contains("completed  ") || shown.contains("stopped    ") {
            break shown;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{shown}");
        std::thread::sleep(Duration::from_millis(50));
    };
    for part in ["ok         sync on a", "ok         check on b", "failed     gate", "ok         unmute on a"] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
}

#[test]
fn plain_lines_are_lines_also_on_a_terminal() {
    let Some(terminal) = Terminal::new("plain", 90, 24) else { return };
    for file in ["synced", "ready", "unmuted"] {
        terminal.touch(file);
    }
    terminal.types(&format!("{} run plan.ha move --yes --plain", env!("CARGO_BIN_EXE_handover")));
    let asked = terminal.shows("[no / yes] >");
    assert!(asked.contains("start      sync on a") && !asked.contains("──"), "{asked}");
    terminal.types("no");
    terminal.shows("tells all of it");
}
