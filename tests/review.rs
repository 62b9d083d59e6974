//! Stories of pull requests: each folder of `tests/review` changes the plans of `tests/review/base`, and its `comment.md` is
//! what `handover review` says of that, in a real repository. `UPDATE=1 cargo test --test review` writes them anew.
//!
//! And what `handover diff` and `review` say when there is nothing to compare with.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "review/odd.rs"]
mod odd;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const HANDOVER: &str = env!("CARGO_BIN_EXE_handover");

/// Lines of a comment that are on the screen before the first fold, each of at most so many columns.
const SCREEN: (usize, usize) = (40, 100);

fn stories() -> Vec<PathBuf> {
    let all = fs::read_dir("tests/review").unwrap().map(|e| e.unwrap().path());
    let mut all: Vec<PathBuf> = all.filter(|p| p.is_dir() && !p.ends_with("base")).collect();
    all.sort();
    all
}

/// A git repository with the plans of the base on `main`, and a branch `change` that is checked out.
struct Repository(TempDir);

impl Repository {
    fn new() -> Repository {
        let repository = Repository(tempfile::tempdir().unwrap());
        repository.git(&["init", "-q", "-b", "main", "."]);
        repository.copy(Path::new("tests/review/base"));
        repository.commit("the plans");
        repository.git(&["checkout", "-q", "-b", "change"]);
        repository
    }

    /// With the change of a story.
    fn of(story: &Path) -> Repository {
        let repository = Repository::new();
        repository.copy(story);
        repository.commit("a change");
        repository
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn replace(&self, name: &str, old: &str, new: &str) {
        let text = self.read(name);
        assert!(text.contains(old), "{name} has no {old}");
        self.write(name, &text.replace(old, new));
    }

    fn copy(&self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap().map(|e| e.unwrap()) {
            if entry.path().extension().is_some_and(|e| e == "ha") {
                fs::copy(entry.path(), self.path(&entry.file_name().to_string_lossy())).unwrap();
            }
        }
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = git(self.0.path(), arguments);
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn handover(&self, arguments: &[&str]) -> (i32, String, String) {
        handover(self.0.path(), arguments)
    }
}

/// Git that knows nobody's configuration.
fn git(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env("HOME", folder).env("GIT_CONFIG_NOSYSTEM", "1").env("XDG_CONFIG_HOME", folder);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "mila").env(format!("GIT_{who}_EMAIL"), "mila@example.org");
    }
    command.output().unwrap()
}

/// Exit code, standard output and standard error.
fn handover(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(HANDOVER)
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("GIT_CEILING_DIRECTORIES", std::env::temp_dir())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn each_story_has_its_comment() {
    let mut wrong = Vec::new();
    for story in stories() {
        let (exit, comment, error) =
            Repository::of(&story).handover(&["review", "--base", "main", "--format", "markdown"]);
        assert_eq!(error, "", "{}", story.display());
        assert_eq!(exit, i32::from(comment.starts_with("## ❌")), "{}: {comment}", story.display());
        let beside = story.join("comment.md");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&beside, &comment).unwrap();
        } else if fs::read_to_string(&beside).unwrap_or_default() != comment {
            wrong.push(format!("{}:\n{comment}", beside.display()));
        }
    }
    assert!(wrong.is_empty(), "changed; look, then run with UPDATE=1\n{}", wrong.join("\n"));
}

/// What of a comment is seen before anything is unfolded: without tags, with entities as characters.
fn above_the_fold(comment: &str) -> Vec<String> {
    let above = comment.split("<details>").next().unwrap();
    let mut text = above.to_owned();
    for tag in ["<br>", "<code>", "</code>", "<del>", "</del>", "<ins>", "</ins>", "**", "`"] {
        text = text.replace(tag, "");
    }
    while let Some(at) = text.find("&#") {
        let end = at + text[at..].find(';').unwrap();
        let c = char::from_u32(text[at + 2..end].parse().unwrap()).unwrap();
        text.replace_range(at..=end, &c.to_string());
    }
    text.lines().map(String::from).filter(|line| !line.trim().is_empty()).collect()
}

#[test]
fn each_comment_is_one_screen_and_names_first_what_matters() {
    // What the first line of changes says; of comments, renames and broken plans the headline is enough.
    let first = [
        ("01", "Not safe", "not safe: HA0401: data may be held by two nodes"),
        ("02", "Not safe", "not safe: HA0610: the plan may end as done without front on pg2"),
        ("03", "something else is done", "start on pg2: comes after arrive on pg2 now, no longer before it"),
        ("04", "in other words", "bring_data on pg2: was called mount"),
        ("05", "something is given up", "mount on pg2: is not read back any more (verify)"),
        ("06", "Nothing changes on the night", ""),
        ("07", "something is given up", "agree: removed; release_manager is not asked any more"),
        ("08", "something is given up", "start on pg2: has another time limit, longer than the 10m promised"),
        ("09", "something else is done", "mount on pg2: runs another command"),
        ("10", "something else is done", "walls on control: runs on another node"),
        ("11", "Does not compile: shop.ha", "shop.ha cannot be compiled: HA0101: there is no action atach"),
    ];
    let stories = stories();
    assert_eq!(stories.len(), first.len(), "{stories:?}");
    for (story, (number, headline, change)) in stories.iter().zip(first) {
        assert!(story.file_name().unwrap().to_string_lossy().starts_with(number));
        let comment = fs::read_to_string(story.join("comment.md")).unwrap();
        let lines = above_the_fold(&comment);
        let screen: usize = lines.iter().map(|line| line.chars().count().div_ceil(SCREEN.1)).sum();
        assert!(screen <= SCREEN.0, "{}: {screen} lines\n{lines:#?}", story.display());
        assert!(lines[0].contains(headline), "{}: {}", story.display(), lines[0]);
        let told = lines.iter().find_map(|line| line.strip_prefix("- ")).unwrap_or("");
        assert!(told.starts_with(change) && change.is_empty() == told.is_empty(), "{}: {told}", story.display());
    }
}

#[test]
fn what_means_nothing_prints_nothing() {
    let repository = Repository::new();
    repository.replace("shop.ha", "# The shop's database moves", "# How the shop's database moves");
    // Declared in another order, formatted otherwise.
    let estate = repository.read("estate.ha");
    let mut lines: Vec<&str> = estate.lines().collect();
    let (uses, rest) = lines.split_at_mut(5);
    rest.reverse();
    repository.write("estate.ha", &format!("{}\n{}\n", uses.join("\n"), rest.join("\n")));
    let (exit, out, error) = repository.handover(&["diff", "--base", "main", "shop.ha"]);
    assert_eq!((exit, out.as_str(), error.as_str()), (0, "", ""));
}

#[test]
fn every_example_means_what_it_means() {
    for folder in fs::read_dir("examples").unwrap().map(|e| e.unwrap().path()) {
        let plan = folder.join("plan.ha");
        if let Some(plan) = plan.to_str().filter(|_| plan.exists()) {
            assert_eq!(handover(Path::new("."), &["diff", plan, plan]), (0, String::new(), String::new()), "{plan}");
        }
    }
}

#[test]
fn the_order_of_independent_steps_means_nothing_and_that_of_others_does() {
    let folder = tempfile::tempdir().unwrap();
    let plan = |first: &str, second: &str| {
        format!(
            "node a {{ host = \"a.example\" }}\nnode b {{ host = \"b.example\" }}\n\
             kind light {{ states lit, dark }}\nlight one {{}}\nlight two {{}}\n\
             action switch(l: light) on host: node {{\n  needs host is up\n  ensures l is lit\n  run \"switch {{{{l.name}}}}\"\n  within 5s, then kill\n}}\n\
             plan p() {{\n  given a is up, b is up, one is dark, two is dark\n  goal one is lit, two is lit\n  {first}\n  {second}\n}}\n"
        )
    };
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    let (x, y) = ("step x on a { do switch(one) }", "step y on b { do switch(two) }");
    write("old.ha", plan(x, y));
    write("new.ha", plan(y, x));
    assert_eq!(handover(folder.path(), &["check", "old.ha"]).0, 0);
    assert_eq!(handover(folder.path(), &["diff", "old.ha", "new.ha"]), (0, String::new(), String::new()));
    let z = "step y on a { do switch(two) }";
    write("old.ha", plan(x, z));
    write("new.ha", plan(z, x));
    let (exit, out, _) = handover(folder.path(), &["diff", "old.ha", "new.ha"]);
    assert_eq!(exit, 1);
    assert!(out.contains("`x on a`: comes after `y on a` now, no longer before it: both run on a"), "{out}");
}

#[test]
fn revisions_programs_and_files_are_compared_alike() {
    let story = &stories()[8];
    let repository = Repository::of(story);
    let expected = repository.handover(&["diff", "--base", "main", "shop.ha"]);
    assert_eq!((expected.0, expected.2.as_str()), (1, ""));
    assert!(expected.1.contains("mount -o [-noatime-]{+noatime,nobarrier+} /dev/mapper/shop"), "{}", expected.1);
    for arguments in [
        ["diff", "main..change", "shop.ha"].as_slice(),
        &["diff", "main...", "shop.ha"],
        &["diff", "main:shop.ha", "change:shop.ha"],
        &["diff", "main:shop.ha", "shop.ha"],
    ] {
        assert_eq!(repository.handover(arguments), expected, "{arguments:?}");
    }
    // From a folder below, and by the whole path.
    fs::create_dir(repository.path("below")).unwrap();
    assert_eq!(handover(&repository.path("below"), &["diff", "--base", "main", "../shop.ha"]), expected);
    let whole = repository.path("shop.ha");
    assert_eq!(repository.handover(&["diff", "--base", "main", whole.to_str().unwrap()]), expected);
    // Programs know no other plans.
    for (revision, program) in [("main", "old.hab"), ("change", "new.hab")] {
        repository.git(&["checkout", "-q", revision]);
        assert_eq!(repository.handover(&["build", "shop.ha", "failover", "-o", program]).0, 0);
    }
    let (exit, out, _) = repository.handover(&["diff", "old.hab", "new.hab"]);
    assert_eq!(exit, 1);
    assert!(expected.1.starts_with(&out), "{out}");
    assert_eq!(repository.handover(&["diff", "old.hab", "old.hab"]), (0, String::new(), String::new()));
}

#[test]
fn one_plan_can_be_asked_for_and_be_given_arguments() {
    let repository = Repository::of(&stories()[6]);
    let (exit, out, _) = repository.handover(&["diff", "--base", "main", "shop.ha", "failback"]);
    assert_eq!(exit, 1);
    assert!(out.starts_with("failback: 1 change\n") && !out.contains("failover"), "{out}");
    let (exit, out, _) =
        repository.handover(&["diff", "--base", "main", "shop.ha", "failover", "--given", "to=control"]);
    assert_eq!(exit, 1);
    assert!(out.contains("May the database move to control?"), "{out}");
    let (exit, _, error) = repository.handover(&["diff", "--base", "main", "shop.ha", "fallback"]);
    assert_eq!(exit, 2);
    assert!(error.contains("there is no plan `fallback`") && error.contains("did you mean `failback`?"), "{error}");
}

#[test]
fn a_plan_that_only_one_version_has_is_new_or_removed_and_one_that_lacks_an_argument_is_neither() {
    let repository = Repository::new();
    repository.replace("shop.ha", "plan failback = ", "plan fall_back = ");
    let (exit, out, _) = repository.handover(&["diff", "--base", "main", "shop.ha", "failback"]);
    assert_eq!((exit, out.as_str()), (1, "failback: a removed plan of 7 steps\n"));
    let (exit, out, _) = repository.handover(&["diff", "--base", "main", "./shop.ha", "fall_back"]);
    assert_eq!((exit, out.as_str()), (1, "fall_back: a new plan of 7 steps\n"));
    let (exit, out, _) = repository.handover(&["diff", "--base", "main", "shop.ha"]);
    assert_eq!((exit, out.lines().next().unwrap()), (1, "fall_back: 1 change"));
    assert!(out.contains("the plan has another name\n      [-failback-]{+fall_back+}"), "{out}");
    repository.replace("shop.ha", "lost: node = pg1", "lost: node");
    let (exit, _, error) = repository.handover(&["diff", "--base", "main", "shop.ha", "failover"]);
    assert_eq!(exit, 2);
    assert!(error.contains("plan `failover` needs a value for `lost`"), "{error}");
}

#[test]
fn a_plan_without_arguments_is_not_passed_over_in_silence() {
    let repository = Repository::new();
    repository.replace("shop.ha", "lost: node = pg1", "lost: node");
    repository.commit("which is lost, is to be said");
    repository.git(&["branch", "-f", "main"]);
    assert_eq!(repository.handover(&["diff", "--base", "main", "shop.ha"]), (0, String::new(), String::new()));
    repository.replace("shop.ha", "rto    10m", "rto    20m");
    let (exit, _, error) = repository.handover(&["diff", "--base", "main", "shop.ha"]);
    assert_eq!(exit, 1);
    assert!(
        error.contains("not compared: `failover` needs a value for lost: give it with `--given lost=…`"),
        "{error}"
    );
    let (exit, comment, _) = repository.handover(&["review", "--base", "main", "--format", "markdown"]);
    assert_eq!(exit, 0);
    assert!(comment.starts_with("## ⚠️ Not everything could be compared"), "{comment}");
    assert!(comment.contains("not compared: `failover` needs a value"), "{comment}");
}

#[test]
fn an_approval_beside_the_plan_stands_or_falls() {
    let repository = Repository::new();
    let keygen = ["-q", "-t", "ed25519", "-N", "", "-C", "mila", "-f", "mila"];
    assert!(Command::new("ssh-keygen").args(keygen).current_dir(repository.0.path()).status().unwrap().success());
    let sign = ["sign", "shop.ha", "failover", "--key", "mila", "-o", "failover.approval"];
    assert_eq!(repository.handover(&sign).0, 0);
    repository.commit("approved");
    repository.git(&["branch", "-f", "main"]);
    repository.copy(&stories()[6]);
    let (_, out, _) = repository.handover(&["diff", "--base", "main", "shop.ha"]);
    let fallen = "the approval `failover.approval` of `failover`, signed by ";
    assert!(out.contains(fallen) && out.contains(", does not stand any more: `shop.ha` has changed since"), "{out}");
    let (_, comment, _) = repository.handover(&["review", "--base", "main", "--format", "markdown"]);
    assert!(comment.contains("**Approvals:**") && comment.contains("does not stand any more"), "{comment}");
    // Only the other plan has changed.
    repository.git(&["checkout", "-q", "shop.ha"]);
    repository.replace(
        "shop.ha",
        "plan failback = failover(lost: pg2, to: pg1)",
        "plan failback = failover(lost: pg2, to: control)",
    );
    let (_, out, _) = repository.handover(&["diff", "--base", "main", "shop.ha"]);
    assert!(out.contains(fallen) && out.contains("still stands"), "{out}");
}

#[test]
fn the_json_of_a_difference_has_what_the_text_says() {
    let repository = Repository::of(&stories()[1]);
    let (exit, out, _) = repository.handover(&["diff", "--base", "main", "shop.ha", "--format", "json"]);
    assert_eq!(exit, 1);
    let json: Value = serde_json::from_str(&out).unwrap();
    let plan = &json["plans"][0];
    assert_eq!((plan["plan"].as_str(), plan["what"].as_str()), (Some("failover"), Some("changed")));
    let kinds: Vec<&str> = plan["changes"].as_array().unwrap().iter().map(|c| c["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["unproved", "narrowed"]);
    let narrowed = &plan["changes"][1];
    assert_eq!(narrowed["case"][0], "firewalls: excluded");
    assert_eq!(narrowed["place"]["file"], "shop.ha");
    assert_eq!(plan["new_time"]["rto_ms"], 600_000);
    let (_, out, _) = repository.handover(&["review", "--base", "main", "--format", "json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["verdict"], "unsafe");
    assert_eq!(json["files"][0]["plans"][0]["names"].as_array().unwrap().len(), 2);
}

#[test]
fn whoever_writes_a_plan_does_not_write_the_comment() {
    let repository = Repository::new();
    let hostile = "</details> <img src=x> [click](http://x) @everyone ``` | # **safe** www.example.org";
    repository.replace("shop.ha", "The shop is open again.", hostile);
    repository.replace("shop.ha", "The database recovers and accepts clients", hostile);
    let (_, comment, error) = repository.handover(&["review", "--base", "main", "--format", "markdown"]);
    assert_eq!(error, "");
    assert_eq!(comment.matches("<details>").count(), comment.matches("</details>").count());
    for sign in ["<img", "[click]", "@everyone", "**safe**", "http://", "www."] {
        assert!(!comment.contains(sign), "{sign} in {comment}");
    }
    assert!(comment.contains("&#64;everyone"), "{comment}");
}

#[test]
fn files_that_come_go_and_are_renamed_are_told() {
    let repository = Repository::new();
    repository.git(&["mv", "shop.ha", "store.ha"]);
    repository.replace("store.ha", "rto    10m", "rto    20m");
    let (exit, out, _) = repository.handover(&["diff", "--base", "main", "store.ha"]);
    assert_eq!(exit, 1);
    assert!(out.contains("more time is promised") && !out.contains("a new plan"), "{out}");
    let (_, comment, _) = repository.handover(&["review", "--base", "main", "--format", "markdown"]);
    assert!(
        comment.contains("in `store.ha` (was `shop.ha`)") || comment.contains("in `store.ha` &#40;was `shop.ha`&#41;"),
        "{comment}"
    );

    let repository = Repository::new();
    repository.write(
        "second.ha",
        &repository.read("shop.ha").replace("failover", "second_failover").replace("failback", "second_failback"),
    );
    let (exit, out, _) = repository.handover(&["diff", "--base", "main", "second.ha"]);
    assert_eq!(exit, 1);
    assert!(out.contains("second_failover: a new plan of 7 steps"), "{out}");
    let (_, comment, _) = repository.handover(&["review", "--base", "main", "--format", "markdown"]);
    assert!(comment.contains("in `second.ha`: a new plan of 7 steps"), "{comment}");

    let repository = Repository::new();
    fs::remove_file(repository.path("shop.ha")).unwrap();
    let (exit, out, _) = repository.handover(&["diff", "--base", "main", "shop.ha"]);
    assert_eq!(exit, 1);
    assert!(out.contains("failover: a removed plan of 7 steps"), "{out}");
    let (_, comment, _) = repository.handover(&["review", "--base", "main", "--format", "markdown"]);
    assert!(comment.contains("`shop.ha` is gone"), "{comment}");
}

#[test]
fn a_change_of_many_plans_is_one_screen_too() {
    let repository = Repository::new();
    for n in 0..20 {
        let text = repository.read("shop.ha");
        let (plans, _) = text.split_once("plan failback").unwrap();
        repository.write(&format!("shop{n}.ha"), &plans.replace("plan failover", &format!("plan failover{n}")));
    }
    repository.commit("many");
    repository.git(&["branch", "-f", "main"]);
    repository.replace("storage.ha", "fsck -p {{v.device}} && ", "");
    repository.replace("storage.ha", "  verify   \"mountpoint -q {{v.path}}\"\n", "");
    let (exit, comment, _) = repository.handover(&["review", "--base", "main", "--format", "markdown"]);
    assert_eq!(exit, 0);
    let lines = above_the_fold(&comment);
    let screen: usize = lines.iter().map(|line| line.chars().count().div_ceil(SCREEN.1)).sum();
    assert!(screen <= SCREEN.0, "{screen} lines\n{lines:#?}");
    assert!(comment.contains("… and 16 more plans, below") && comment.len() < 65_536, "{}", comment.len());
    assert_eq!(comment.matches("<details>").count(), comment.matches("</details>").count());
}

#[test]
fn a_new_plan_that_is_not_safe_is_told_so() {
    let repository = Repository::new();
    let text = fs::read_to_string(stories()[0].join("shop.ha")).unwrap();
    repository.write("second.ha", &text.replace("failover", "second").replace("failback", "third"));
    let (exit, comment, _) = repository.handover(&["review", "--base", "main", "--format", "markdown"]);
    assert_eq!(exit, 1);
    let lines = above_the_fold(&comment);
    assert!(lines[0].contains("Not safe"), "{lines:?}");
    assert!(
        lines.iter().any(|l| l.starts_with("- not safe: HA0401") || l.starts_with("- not safe: HA0401")),
        "{lines:#?}"
    );
}

#[test]
fn a_plan_that_compiles_on_one_side_only_is_told() {
    let repository = Repository::of(&stories()[10]);
    let (exit, out, error) = repository.handover(&["diff", "--base", "main", "shop.ha"]);
    assert_eq!((exit, out.as_str()), (1, ""));
    assert!(
        error.starts_with("`shop.ha` cannot be compiled:\n") && error.contains("did you mean `attach`?"),
        "{error}"
    );
    // The other way round: what is mended now.
    repository.git(&["branch", "-f", "main"]);
    repository.copy(Path::new("tests/review/base"));
    let (exit, _, error) = repository.handover(&["diff", "--base", "main", "shop.ha"]);
    assert_eq!(exit, 1);
    assert!(error.starts_with("`shop.ha` at `main` cannot be compiled:\n"), "{error}");
    let (exit, comment, _) = repository.handover(&["review", "--base", "main", "--format", "markdown"]);
    assert_eq!(exit, 0);
    assert!(comment.contains("`shop.ha` at `main` could not be compiled, so its plans count as new"), "{comment}");
}

#[test]
fn conflict_markers_are_called_what_they_are() {
    let repository = Repository::new();
    let text = repository
        .read("shop.ha")
        .replace("  rto    10m\n", "<<<<<<< HEAD\n  rto    10m\n=======\n  rto    20m\n>>>>>>> other\n");
    repository.write("shop.ha", &text);
    let (exit, _, error) = repository.handover(&["diff", "--base", "main", "shop.ha"]);
    assert_eq!(exit, 1);
    assert!(error.contains("a merge has left two versions of these lines"), "{error}");
    let (exit, comment, _) = repository.handover(&["review", "--base", "main", "--format", "markdown"]);
    assert_eq!(exit, 1);
    assert!(comment.contains("a merge has left two versions of these lines"), "{comment}");
}

#[test]
fn revisions_that_are_not_there_are_refused_with_the_remedy() {
    let repository = Repository::new();
    for command in [["diff", "--base", "mian", "shop.ha"].as_slice(), &["review", "--base", "mian"]] {
        let (exit, out, error) = repository.handover(command);
        assert_eq!((exit, out.as_str()), (2, ""));
        assert!(error.contains("there is no revision `mian` here") && error.contains("git fetch"), "{error}");
    }
    let (exit, _, error) = repository.handover(&["diff", "mian..HEAD", "shop.ha"]);
    assert_eq!(exit, 2);
    assert!(error.contains("there is no revision `mian` here"), "{error}");
    let (exit, _, error) = repository.handover(&["review", "--base=-x"]);
    assert_eq!(exit, 2);
    assert!(error.contains("`-x` is no revision"), "{error}");
    // A branch that only the remote has.
    let clone = tempfile::tempdir().unwrap();
    let from = format!("file://{}", repository.0.path().display());
    assert!(git(clone.path(), &["clone", "-q", &from, "clone"]).status.success());
    let (exit, _, error) = handover(&clone.path().join("clone"), &["review", "--base", "main"]);
    assert_eq!(exit, 2);
    assert!(error.contains("did you mean `origin/main`?"), "{error}");
}

#[test]
fn a_shallow_clone_is_told_how_to_fetch_more() {
    let repository = Repository::of(&stories()[6]);
    let from = format!("file://{}", repository.0.path().display());
    let clone = tempfile::tempdir().unwrap();
    let cloned = git(clone.path(), &["clone", "-q", "--depth", "1", "--no-single-branch", &from, "clone"]);
    assert!(cloned.status.success(), "{cloned:?}");
    let folder = clone.path().join("clone");
    for (base, why) in [("origin/main", "have no commit in common here"), ("v1", "there is no revision `v1` here")] {
        let (exit, _, error) = handover(&folder, &["review", "--base", base]);
        assert_eq!(exit, 2);
        assert!(error.contains(why) && error.contains("fetch-depth: 0"), "{error}");
    }
}

#[test]
fn a_git_that_is_not_there_or_does_not_answer_is_told() {
    let repository = Repository::new();
    let without = Command::new(HANDOVER)
        .args(["review", "--base", "main"])
        .current_dir(repository.0.path())
        .env("PATH", "")
        .output();
    let error = String::from_utf8(without.unwrap().stderr).unwrap();
    assert!(error.contains("`git` is not installed"), "{error}");
    // Git leaves the folders of others alone; only root can give one away.
    let given = Command::new("chown").args(["-R", "65534"]).arg(repository.0.path()).status().unwrap();
    if given.success() {
        let (exit, _, error) = repository.handover(&["review", "--base", "main"]);
        assert_eq!(exit, 2);
        assert!(error.contains("which belongs to somebody else") && error.contains("safe.directory"), "{error}");
    }
}

#[test]
fn a_file_that_is_no_text_at_a_revision_is_told() {
    let repository = Repository::new();
    fs::write(repository.path("shop.ha"), b"plan \xff").unwrap();
    repository.commit("no text");
    repository.git(&["branch", "-f", "main"]);
    repository.copy(Path::new("tests/review/base"));
    let (exit, _, error) = repository.handover(&["diff", "--base", "main", "shop.ha"]);
    assert_eq!(exit, 1);
    assert!(error.contains("is not UTF-8 text"), "{error}");
    let (exit, _, error) = repository.handover(&["diff", "main:none.hab", "shop.ha"]);
    assert_eq!(exit, 1);
    assert!(error.contains("`none.hab` does not exist in `main`"), "{error}");
}

#[test]
fn without_a_repository_or_a_file_the_remedy_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy("tests/review/base/storage.ha", folder.path().join("storage.ha")).unwrap();
    let (exit, _, error) = handover(folder.path(), &["review", "--base", "main"]);
    assert_eq!(exit, 2);
    assert!(error.contains("in no git repository") && error.contains("handover diff OLD NEW"), "{error}");
    let repository = Repository::new();
    let refused: &[(&[&str], &str)] = &[
        (&["diff", "--base", "main", "none.ha"], "there is no file `none.ha` at `main`, nor `none.ha`"),
        (&["review", "--base", "main", "none.ha"], "there is no file `none.ha`, neither here nor at `main`"),
        (&["diff", "shop.ha"], "there is nothing to compare it with"),
        (&["diff", "--base", "main", "shop.ha", "failover", "more"], "`--base` compares one file"),
    ];
    for (arguments, why) in refused {
        let (exit, out, error) = repository.handover(arguments);
        assert_eq!((exit, out.as_str()), (2, ""), "{arguments:?}");
        assert!(error.contains(why), "{error}");
    }
    repository.write("broken.hab", "HAB1 and nothing");
    let (exit, _, error) = repository.handover(&["diff", "broken.hab", "shop.ha"]);
    assert_eq!(exit, 1);
    assert!(error.contains("`broken.hab` is not a program"), "{error}");
}
