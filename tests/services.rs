//! What services around a repository are given: findings as SARIF and as annotations, results of tests as JUnit's XML, the
//! steps of the GitHub Action with the environment that GitHub documents, the hooks of pre-commit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const HANDOVER: &str = env!("CARGO_BIN_EXE_handover");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn handover(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(HANDOVER).args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// What SARIF 2.1.0 says of the objects that we write: their properties, those that must be there marked by `!`.
const OBJECTS: &[(&str, &[&str])] = &[
    ("log", &["$schema", "version!", "runs!"]),
    ("runs", &["tool!", "columnKind", "results"]),
    ("tool", &["driver!"]),
    ("driver", &["name!", "version", "semanticVersion", "rules"]),
    ("rules", &["id!", "shortDescription", "fullDescription", "help"]),
    (
        "results",
        &[
            "ruleId",
            "ruleIndex",
            "level",
            "message!",
            "locations",
            "relatedLocations",
            "codeFlows",
            "fixes",
            "partialFingerprints",
        ],
    ),
    ("message", &["text!"]),
    ("locations", &["physicalLocation", "message", "location"]),
    ("relatedLocations", &["physicalLocation", "message"]),
    ("location", &["physicalLocation", "message"]),
    ("physicalLocation", &["artifactLocation!", "region"]),
    ("artifactLocation", &["uri!"]),
    ("region", &["startLine!", "startColumn", "endLine", "endColumn"]),
    ("deletedRegion", &["startLine!", "startColumn", "endLine", "endColumn"]),
    ("codeFlows", &["threadFlows!"]),
    ("threadFlows", &["locations!"]),
    ("fixes", &["description", "artifactChanges!"]),
    ("artifactChanges", &["artifactLocation!", "replacements!"]),
    ("replacements", &["deletedRegion!", "insertedContent"]),
    ("partialFingerprints", &["handover/v1!"]),
];

/// Holds a value to the shape: no property that is not known, none missing, places from 1, texts that say something.
fn hold(name: &str, value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| hold(name, item)),
        Value::Object(object) => {
            let name = if matches!(
                name,
                "shortDescription" | "fullDescription" | "help" | "description" | "insertedContent"
            ) {
                "message"
            } else {
                name
            };
            let (_, properties) = OBJECTS.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("{name}"));
            for property in properties.iter().filter_map(|p| p.strip_suffix('!')) {
                assert!(object.contains_key(property), "{name} has no {property}: {value}");
            }
            for (key, inner) in object {
                assert!(properties.iter().any(|p| p.trim_end_matches('!') == key), "{name} has {key}: {value}");
                hold(key, inner);
            }
        }
        Value::Number(number) if name != "ruleIndex" => assert!(number.as_u64().unwrap() >= 1, "{name}: {number}"),
        Value::String(text) => match name {
            "level" => assert!(["error", "warning", "note", "none"].contains(&text.as_str())),
            "uri" => assert!(!text.starts_with(['/', '.']) && !text.contains([' ', '\\', '#', '?']), "{text}"),
            "columnKind" => assert_eq!(text, "unicodeCodePoints"),
            _ => {}
        },
        _ => {}
    }
}

#[test]
fn findings_are_sarif() {
    for folder in ["tests/mistakes", "tests/verdicts", "tests/accidents"] {
        let (exit, out) = handover(root(), &["check", "--format", "sarif", folder]);
        assert_eq!(exit, 1);
        let log: Value = serde_json::from_str(&out).unwrap();
        hold("log", &log);
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let results = run["results"].as_array().unwrap();
        assert!(!results.is_empty());
        let mut fingerprints: Vec<&str> = Vec::new();
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            fingerprints.push(result["partialFingerprints"]["handover/v1"].as_str().unwrap());
        }
        fingerprints.sort_unstable();
        let count = fingerprints.len();
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), count, "every finding has a fingerprint of its own");
    }
}

#[test]
fn a_finding_of_sarif_has_its_story_and_its_repair() {
    let (_, out) = handover(root(), &["check", "--format", "sarif", "tests/accidents/01-claim-without-fence.ha"]);
    let log: Value = serde_json::from_str(&out).unwrap();
    let result = &log["runs"][0]["results"][0];
    assert_eq!((result["ruleId"].as_str(), result["level"].as_str()), (Some("HA0401"), Some("error")));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "tests/accidents/01-claim-without-fence.ha");
    assert!(result["codeFlows"][0]["threadFlows"][0]["locations"].as_array().unwrap().len() > 1);
    let (_, out) = handover(root(), &["check", "--format", "sarif", "tests/mistakes/names.ha"]);
    let log: Value = serde_json::from_str(&out).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let mended = results.iter().find(|r| r["fixes"].is_array()).unwrap();
    let inserted = &mended["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"];
    assert!(!inserted.as_str().unwrap().is_empty(), "{inserted}");
}

#[test]
fn no_findings_are_an_empty_log() {
    let (exit, out) = handover(root(), &["check", "--format", "sarif", "examples/quickstart/plan.ha"]);
    assert_eq!(exit, 0);
    let log: Value = serde_json::from_str(&out).unwrap();
    hold("log", &log);
    assert_eq!(log["runs"][0]["results"], Value::Array(Vec::new()));
    assert_eq!(handover(root(), &["check", "--format", "github", "examples/quickstart/plan.ha"]), (0, String::new()));
}

#[test]
fn findings_are_annotations() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a, b.ha"), "node a { host = \"a.example\" }\nplan look() { given aa is up }\n")
        .unwrap();
    let (exit, out) = handover(folder.path(), &["check", "--format", "github", "."]);
    assert_eq!(exit, 1);
    let expected = "::error file=a%2C b.ha,line=2,endLine=2,col=21,endColumn=23,title=HA0101%3A a name is not declared::\
                    there is no `aa` here%0Adid you mean `a`?\n";
    assert_eq!(out, expected);
}

const TESTED: &str = r#"
kind light { states lit, dark }
light one {}
node a { host = "a.example" }
action switch(l: light) on host: node { needs host is up  ensures l is lit  run "switch"  within 5s, then kill }
plan p() { given a is up, one is dark  goal one is lit  step x on a { do switch(one) } }
test "it is lit" { plan p()  expect one is lit }
test "it stays <dark>" { plan p()  expect one is dark }
"#;

#[test]
fn results_of_tests_are_junit() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.ha"), TESTED).unwrap();
    fs::write(folder.path().join("q.ha"), "plan q() { do nothing }\n").unwrap();
    let (exit, out) = handover(folder.path(), &["test", "--format", "junit", "."]);
    assert_eq!(exit, 1, "{out}");
    assert!(out.contains("<testsuites name=\"handover\" tests=\"3\" failures=\"1\" errors=\"1\">"), "{out}");
    assert!(out.contains("<testcase name=\"it is lit\" classname=\"./p.ha.p\"/>"), "{out}");
    assert!(
        out.contains("<testcase name=\"it stays &lt;dark&gt;\" classname=\"./p.ha.p\">\n      <failure message=\""),
        "{out}"
    );
    assert!(out.contains("<testcase name=\"compiles\" classname=\"./q.ha\">\n      <error message=\""), "{out}");
    let parse = "import sys, xml.etree.ElementTree as e; print(len(list(e.parse(sys.stdin).iter('testcase'))))";
    let mut python = Command::new("python3");
    python.args(["-c", parse]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = python.spawn() else { return eprintln!("skipped: python3 is not here to parse it") };
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), out.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap(), "3\n");
}

/// A repository with the plans of `tests/review/base` on `main`, on a branch with the change of a story.
fn repository(story: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &str| {
        for entry in fs::read_dir(root().join(from)).unwrap().map(|e| e.unwrap().path()) {
            if entry.extension().is_some_and(|e| e == "ha") {
                fs::copy(&entry, folder.path().join(entry.file_name().unwrap())).unwrap();
            }
        }
    };
    git(folder.path(), &["init", "-q", "-b", "main", "."]);
    copy("tests/review/base");
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-q", "-m", "the plans"]);
    git(folder.path(), &["update-ref", "refs/remotes/origin/main", "main"]);
    git(folder.path(), &["checkout", "-q", "-b", "change"]);
    copy(&format!("tests/review/{story}"));
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "a change"]);
    folder
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder).env("HOME", folder).env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "mila").env(format!("GIT_{who}_EMAIL"), "mila@example.org");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// The steps of the action with the environment of a runner; what they wrote for it.
struct Action {
    output: Output,
    folder: TempDir,
}

impl Action {
    fn run(story: &str, environment: &[(&str, &str)]) -> Action {
        let folder = repository(story);
        let runner = folder.path().join(".runner");
        fs::create_dir(&runner).unwrap();
        let mut command = Command::new(root().join(".github/review.sh"));
        command.current_dir(folder.path()).stdin(Stdio::null()).env_clear();
        command.env("PATH", std::env::var("PATH").unwrap()).env("HOME", folder.path());
        command.env("GITHUB_ACTIONS", "true").env("RUNNER_TEMP", &runner).env("GITHUB_WORKSPACE", folder.path());
        command.env("GITHUB_OUTPUT", runner.join("output")).env("GITHUB_STEP_SUMMARY", runner.join("summary"));
        command.env("HANDOVER", HANDOVER).env("HANDOVER_PATHS", ".").envs(environment.iter().copied());
        Action { output: command.output().unwrap(), folder }
    }

    fn log(&self) -> String {
        assert_eq!(String::from_utf8_lossy(&self.output.stderr), "");
        String::from_utf8(self.output.stdout.clone()).unwrap()
    }

    /// What the step gives to later ones under this name; empty if nothing.
    fn gives(&self, name: &str) -> String {
        let output = fs::read_to_string(self.folder.path().join(".runner/output")).unwrap();
        let prefix = format!("{name}=");
        output.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default().to_owned()
    }

    fn summary(&self) -> String {
        fs::read_to_string(self.folder.path().join(".runner/summary")).unwrap_or_default()
    }
}

#[test]
fn the_action_reviews_a_pull_request() {
    let story = "07-a-gate-dropped";
    let action = Action::run(story, &[("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_BASE_REF", "main")]);
    let log = action.log();
    assert_eq!(action.output.status.code(), Some(0), "{log}");
    assert_eq!(action.gives("verdict"), "weaker");
    let comment = fs::read_to_string(root().join(format!("tests/review/{story}/comment.md"))).unwrap();
    let comment = comment.replace("`main`", "`origin/main`");
    assert_eq!(action.summary(), comment);
    assert_eq!(fs::read_to_string(action.gives("comment")).unwrap(), comment);
    let sarif: Value = serde_json::from_str(&fs::read_to_string(action.gives("sarif")).unwrap()).unwrap();
    hold("log", &sarif);
    assert!(fs::read_to_string(action.gives("junit")).unwrap().starts_with("<?xml"));
    for title in ["handover fmt --check", "handover check", "handover test"] {
        assert!(log.contains(&format!("::group::{title}\n")), "{log}");
    }
}

#[test]
fn the_action_fails_where_a_plan_is_not_safe() {
    let action = Action::run("01-a-fence-dropped", &[("HANDOVER_BASE", "main")]);
    assert_eq!((action.output.status.code(), action.gives("verdict").as_str()), (Some(1), "unsafe"));
    assert!(action.summary().starts_with("## ❌ Not safe"), "{}", action.summary());
    assert!(action.log().contains("\n::error file=shop.ha,line=18,"), "{}", action.log());
}

#[test]
fn the_action_says_what_it_lacks() {
    let action = Action::run("06-only-comments", &[("HANDOVER_BASE", "gone")]);
    assert_eq!((action.output.status.code(), action.gives("verdict").as_str()), (Some(1), ""));
    let log = action.log();
    assert!(
        log.contains("there is no revision `gone` here") && log.contains("::error title=handover review::"),
        "{log}"
    );
    // A branch that was just made has nothing before it.
    let zeros = "0".repeat(40);
    let action = Action::run("06-only-comments", &[("HANDOVER_BASE", &zeros)]);
    assert_eq!((action.output.status.code(), action.summary().as_str()), (Some(0), ""));
    let action = Action::run("06-only-comments", &[("HANDOVER", "none-of-that-name")]);
    assert_eq!(action.output.status.code(), Some(1));
    assert!(
        action.log().starts_with("::error title=handover::there is no `none-of-that-name` here"),
        "{}",
        action.log()
    );
}

#[test]
fn a_plan_gives_no_commands_to_the_runner() {
    let folder = repository("06-only-comments");
    let plan = "node a { host = \"a.example\" }\n::set-env name=PATH::/tmp\n::endgroup::\nplan p() { }\n";
    fs::write(folder.path().join("evil.ha"), plan).unwrap();
    let output = Command::new(root().join(".github/review.sh"))
        .current_dir(folder.path())
        .env("HANDOVER", HANDOVER)
        .env("RUNNER_TEMP", folder.path())
        .env_remove("HANDOVER_BASE")
        .env_remove("GITHUB_BASE_REF")
        .output()
        .unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    let mut stopped: Option<String> = None;
    for line in log.lines() {
        match (&stopped, line.strip_prefix("::stop-commands::")) {
            (None, Some(token)) => stopped = Some(format!("::{token}::")),
            (Some(token), _) if line == token => stopped = None,
            (Some(_), _) => {}
            (None, None) => {
                let known = ["::group::", "::endgroup::", "::error "].iter().any(|c| line.starts_with(c));
                assert!(known, "{line}\n{log}");
            }
        }
    }
    assert!(log.contains("set-env"), "the plan was shown: {log}");
}

#[test]
fn the_action_names_what_its_script_reads_and_gives() {
    let action = fs::read_to_string(root().join("action.yml")).unwrap();
    let script = fs::read_to_string(root().join(".github/review.sh")).unwrap();
    for name in ["HANDOVER", "HANDOVER_PATHS", "HANDOVER_BASE"] {
        assert!(
            action.contains(&format!("        {name}: ${{{{ ")) && script.contains(&format!("${{{name}:-")),
            "{name}"
        );
    }
    for name in ["verdict", "comment", "sarif", "junit"] {
        let given = format!("value: ${{{{ steps.review.outputs.{name} }}}}");
        assert!(action.contains(&given) && script.contains(&format!("echo \"{name}=")), "{name}");
    }
    assert!(action.contains("run: '\"$GITHUB_ACTION_PATH/.github/review.sh\"'"));
}

/// The hooks: their names and what they run.
fn hooks() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    let of = |prefix: &str| -> Vec<String> {
        text.lines()
            .filter_map(|line| line.trim_start_matches("- ").trim().strip_prefix(prefix))
            .map(String::from)
            .collect()
    };
    let entries = of("entry: ").into_iter().map(|entry| entry.split(' ').map(String::from).collect());
    of("id: ").into_iter().zip(entries).collect()
}

#[test]
fn the_entries_of_the_hooks_do_what_they_say() {
    let folder = repository("06-only-comments");
    let run = |id: &str, files: &[&str]| {
        let (_, entry) = hooks().into_iter().find(|(name, _)| name == id).unwrap();
        assert_eq!(entry[0], "handover");
        Command::new(HANDOVER).args(&entry[1..]).args(files).current_dir(folder.path()).output().unwrap()
    };
    let plan = folder.path().join("shop.ha");
    let laid_out = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, laid_out.replace("  rto    10m", "rto 10m")).unwrap();
    assert!(run("handover-fmt", &["shop.ha", "estate.ha"]).status.success());
    assert_eq!(fs::read_to_string(&plan).unwrap(), laid_out);
    assert!(run("handover-check", &[]).status.success());
    // A library that breaks the plan that imports it.
    let library = folder.path().join("storage.ha");
    fs::write(&library, fs::read_to_string(&library).unwrap().replace("action attach", "action mount")).unwrap();
    let checked = run("handover-check", &[]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&checked.stdout).contains("shop.ha"), "{checked:?}");
}

#[test]
fn pre_commit_runs_the_hooks() {
    if Command::new("pre-commit").arg("--version").output().is_err() {
        return eprintln!("skipped: pre-commit is not installed");
    }
    let hooks_at = tempfile::tempdir().unwrap();
    fs::copy(root().join(".pre-commit-hooks.yaml"), hooks_at.path().join(".pre-commit-hooks.yaml")).unwrap();
    git(hooks_at.path(), &["init", "-q", "-b", "main", "."]);
    git(hooks_at.path(), &["add", "-A"]);
    git(hooks_at.path(), &["commit", "-q", "-m", "hooks"]);
    git(hooks_at.path(), &["tag", "v1"]);
    let folder = repository("06-only-comments");
    let ids: String = hooks().iter().map(|(id, _)| format!("      - id: {id}\n")).collect();
    let config = format!("repos:\n  - repo: {}\n    rev: v1\n    hooks:\n{ids}", hooks_at.path().display());
    fs::write(folder.path().join(".pre-commit-config.yaml"), config).unwrap();
    git(folder.path(), &["add", "-A"]);
    let run = || {
        let bin: PathBuf = Path::new(HANDOVER).parent().unwrap().to_owned();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let output = Command::new("pre-commit")
            .args(["run", "--all-files", "--color", "never"])
            .current_dir(folder.path())
            .env("PATH", path)
            .env("HOME", folder.path())
            .env("PRE_COMMIT_HOME", folder.path().join(".cache"))
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (passed, said) = run();
    assert!(passed && said.matches("Passed").count() == 2, "{said}");
    let plan = folder.path().join("shop.ha");
    fs::write(&plan, fs::read_to_string(&plan).unwrap().replace("  rto    10m", "rto 10m")).unwrap();
    git(folder.path(), &["add", "-A"]);
    let (passed, said) = run();
    assert!(!passed && said.contains("files were modified by this hook"), "{said}");
}
