//! The simulated world: the tests and drills of all examples, and everything that can be wrong with a test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use handover::base::Diagnostic;
use handover::drill::{self, Coverage, Kind, Outcome, Report, Verdict};
use handover::session::{self, Compilation, FileError, Files, Request};
use handover::verify::verify;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<String, FileError> {
        fs::read_to_string(path).map_err(|_| FileError::Missing)
    }
}

/// One file, in memory.
struct Page<'a>(&'a str);

impl Files for Page<'_> {
    fn read(&self, path: &str) -> Result<String, FileError> {
        if path == "plan.ha" { Ok(self.0.to_owned()) } else { Err(FileError::Missing) }
    }
}

fn everything(files: &dyn Files, path: &str) -> Compilation {
    session::compile(files, path, &Request { everything: true, ..Request::default() })
}

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut plans: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|e| e.unwrap().path().join("plan.ha")).collect();
    plans.retain(|p| p.exists());
    plans.sort();
    assert!(plans.len() >= 7, "{plans:?}");
    plans
}

/// The verdicts on all tests of a compilation that has no errors.
fn verdicts(compilation: Compilation) -> Vec<Verdict> {
    let errors: Vec<&Diagnostic> = compilation.diagnostics.iter().filter(|d| d.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let mut coverage = Coverage::default();
    let run = |t: session::Tested| drill::test(&t.scenario, verify(t.program).unwrap(), &mut coverage).unwrap();
    compilation.tests.into_iter().map(run).collect()
}

/// What is found in a file: by its compilation, else by its tests, as `CODE message`.
fn found(text: &str) -> Vec<String> {
    let compilation = everything(&Page(text), "plan.ha");
    let told = |d: &Diagnostic| format!("{} {}", d.code, d.message);
    let errors: Vec<String> = compilation.diagnostics.iter().filter(|d| d.is_error()).map(told).collect();
    if !errors.is_empty() {
        return errors;
    }
    let findings = verdicts(compilation).into_iter().flat_map(|v| v.findings);
    findings.map(|f| told(&f.diagnostic)).collect()
}

fn handover(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_handover")).args(args).current_dir(folder).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn the_tests_of_all_examples_pass() {
    let (mut tests, mut runs) = (0, 0);
    for path in examples() {
        for verdict in verdicts(everything(&Disk, path.to_str().unwrap())) {
            let findings: Vec<&str> = verdict.findings.iter().map(|f| f.diagnostic.message.as_str()).collect();
            assert!(findings.is_empty(), "{}: {}: {findings:?}", path.display(), verdict.title);
            tests += 1;
            runs += verdict.runs;
        }
    }
    assert!(tests >= 29 && runs > tests, "{tests} tests, {runs} runs");
}

fn drilled(path: &Path) -> Vec<Report> {
    let compilation = everything(&Disk, path.to_str().unwrap());
    let drill = |c: session::Compiled| drill::drill(verify(c.program).unwrap(), &[]).unwrap();
    compilation.plans.into_iter().map(drill).collect()
}

#[test]
fn no_drill_of_an_example_shows_what_must_not_be_and_all_show_the_same_twice() {
    for path in examples() {
        let reports = drilled(&path);
        assert!(!reports.is_empty(), "{}", path.display());
        for report in &reports {
            let what: Vec<&str> = report.breaches.iter().map(|b| b.what.as_str()).collect();
            assert!(what.is_empty(), "{} {}: {what:?}", path.display(), report.plan);
            assert!(report.faults > 0 && report.lost > 0, "{report:?}");
            assert_eq!(report.table.values().flat_map(|row| row.values()).sum::<usize>(), report.runs);
            let others = report.runs - report.faults - report.lost;
            assert_eq!(others, report.combinations.len(), "one run without a fault for each combination");
        }
        assert_eq!(format!("{reports:?}"), format!("{:?}", drilled(&path)), "{}", path.display());
    }
}

/// The tests below are about these nodes and actions.
const ESTATE: &str = r#"
node a { host = "a.example" }
node b { host = "b.example" }
node here { via = local }
kind portal { exclusive on node  states fresh, stale }
portal web {}
kind queue { states full, empty }
queue jobs {}
probe answers(n: node) "it answers" { on here  run "ping {{n.host}}"  yes means n is up }
probe sunny() "the sun shines" { on here  run "look" }
action stop(p: portal) on host: node { releases p on host  run "stop"  verify "stopped"  within 1m }
action start(p: portal) on host: node { acquires p on host  run "start"  verify "started"  within 1m  idempotent }
action tidy(q: queue) on host: node { ensures q is empty  loses q  run "tidy"  within 10s, then kill }
plan move() {
  given a is up, b is up, here is up, web on a, jobs is full
  given season is summer or winter
  accept loss of jobs "they are old"
  phase window {
    step look on here { if possible run "look" }
    step ask_them { ask "Shall we?" }
    step leave on a { do stop(web) }
  }
  step clean on b {
    only if season is winter
    do      tidy(jobs)
    retry   2 times, every 1s
    idempotent
  }
  step note { tell "so far" }
  step rest { wait for 1s }
  step arrive on b { do start(web) }
  step settle on here { wait until sunny() every 1s }
  step side_a on a { run "true" ensures web is fresh }
  step picture on here { only if sunny() run "paint" }
}
"#;

/// What a test of `move` with these clauses comes to.
fn tested(clauses: &str) -> Vec<String> {
    found(&format!("{ESTATE}test \"t\" {{\n  plan move()\n{clauses}\n}}\n"))
}

#[track_caller]
fn passes(clauses: &str) {
    assert_eq!(tested(clauses), [""; 0], "{clauses}");
}

#[track_caller]
fn says(clauses: &str, expected: &str) {
    assert_eq!(tested(clauses), [expected], "{clauses}");
}

#[test]
fn what_comes_true_passes() {
    passes("expect ran leave before arrive, web on b, not web on a, completed");
    passes("given season is winter expect ran clean once, lost jobs, jobs is empty");
    passes("given season is summer expect skipped clean, jobs is full");
    passes("given sunny() is true expect ran picture");
    passes("given not sunny() expect skipped picture");
    passes("expect ran window before arrive");
    passes("when look fails expect ran look, completed");
    passes("when ask_them fails expect skipped leave, web on a, stopped");
    passes("when leave fails expect web on a, stopped, skipped arrive");
    passes("when leave succeeds expect completed");
    passes("when leave is cancelled expect skipped arrive, cancelled");
    passes("when ask_them is cancelled expect skipped leave, web on a, cancelled");
    passes("given season is winter when clean fails once expect ran clean 2 times, completed");
    passes("given season is winter when clean fails 2 times expect ran clean 3 times, completed");
    passes("given season is winter when clean fails expect ran clean 3 times, stopped");
    passes("given season is winter when clean times out expect ran clean 3 times, stopped");
}

#[test]
fn an_executor_is_lost_and_the_run_taken_up() {
    for step in ["look", "ask_them", "leave", "clean", "rest", "arrive", "settle", "side_a"] {
        passes(&format!(
            "given season is winter when the executor is lost at {step} expect ran {step}, completed, web on b"
        ));
        passes(&format!("given season is winter when the executor is lost at {step} once expect completed"));
    }
}

#[test]
fn what_does_not_come_true_is_said() {
    says("expect ran clean", "HA0910 `clean` did not run");
    says("given season is winter expect skipped clean", "HA0910 `clean` ran");
    says("given season is winter expect ran clean 2 times", "HA0910 `clean` ran once, not 2 times");
    says(
        "given season is winter expect ran leave before clean, ran arrive 0 times",
        "HA0910 `arrive` ran once, not never",
    );
    says("given season is summer expect lost jobs", "HA0910 no step ran that loses what is in `jobs`");
    says("expect stopped", "HA0910 the run completed");
    says("when leave fails expect completed", "HA0910 the run was stopped by a failure");
    says("when leave is cancelled expect completed", "HA0910 the run was cancelled");
    says("expect web on a", "HA0910 in the end `web` is on b, not on a");
}

#[test]
fn an_order_must_hold_in_every_run() {
    let side_by_side = r#"
node a { host = "a.example" }
node b { host = "b.example" }
kind flag { states up, down }
flag one {}
flag two {}
action hoist(f: flag) on host: node { ensures f is up  run "hoist" }
plan both() {
  given a is up, b is up
  step first on a { do hoist(one) }
  step second on b { do hoist(two) }
  step third on a { do hoist(two) }
}
"#;
    let order = |clause: &str| found(&format!("{side_by_side}test \"t\" {{ plan both() {clause} }}"));
    assert_eq!(order("expect ran first before third"), [""; 0]);
    assert_eq!(order("expect ran first before second"), ["HA0910 nothing makes `second` wait for `first`"]);
    assert_eq!(order("expect ran third before first"), ["HA0914 `first` always comes before `third`"]);
}

#[test]
fn a_command_that_was_given_up_lands_or_not_and_both_are_tried() {
    // It may have its effect when the run is over.
    says("when leave times out expect web on a, stopped", "HA0910 in the end `web` is nowhere, not on a");
    passes("when leave times out expect stopped, skipped arrive, not web on b");
}

#[test]
fn what_cannot_happen_is_said() {
    says("when note fails expect ran side_a", "HA0913 `note` takes no time and cannot fail");
    says("when rest times out expect ran side_a", "HA0913 `rest` only lets time pass");
    says("when ask_them times out expect ran side_a", "HA0913 `ask_them` asks a person, who may take any time");
    says("when settle fails expect ran side_a", "HA0913 `settle` waits as long as it takes");
    says("when look times out expect ran side_a", "HA0913 `look` has no time limit");
    says("when window fails expect ran side_a", "HA0913 `window` is a block, and faults strike steps");
    says(
        "given season is summer when clean fails expect ran side_a",
        "HA0913 `clean` never runs in this test, so it cannot fail",
    );
    says(
        "given season is summer when clean is cancelled expect ran side_a",
        "HA0913 `clean` never runs in this test, so it cannot be cancelled",
    );
    says(
        "when leave fails once when leave fails expect stopped",
        "HA0913 another `when` takes every attempt of `leave`",
    );
    says("when leave fails 0 times expect ran side_a", "HA0913 what happens no times does not happen");
    says("given web on b expect ran side_a", "HA0913 what is given cannot be so all at once");
    says("given season is summer, season is winter expect ran side_a", "HA0913 what is given cannot be so all at once");
}

#[test]
fn a_probe_says_yes_only_of_what_is_so() {
    let plan = r#"
node a { host = "a.example" }
node here { via = local }
kind flag { states up, down }
flag f {}
probe flies() "it flies" { on here  needs here is up  run "look"  yes means f is up }
action lower(f: flag) on host: node { ensures f is down  run "lower" }
plan look_up() {
  given a is up, here is up, f is up
  step down on a { do lower(f) }
  step wave on here { only if flies() run "wave" }
}
"#;
    let look = |clause: &str| found(&format!("{plan}test \"t\" {{ plan look_up() {clause} }}"));
    assert_eq!(look("expect skipped wave"), [""; 0]);
    assert_eq!(look("given flies() is false expect skipped wave"), [""; 0]);
    let impossible = "is never a yes in this test: what that would prove is not so when it is read";
    assert!(
        look("given flies() is true expect ran down")[0].ends_with(impossible),
        "{:?}",
        look("given flies() is true expect ran down")
    );
    assert_eq!(look("when down fails expect ran down, stopped"), [""; 0]);
}

#[test]
fn what_can_never_be_is_said() {
    says("expect completed, stopped", "HA0914 a run ends in one way only");
    says("expect web on a, web on b", "HA0914 `web` is in one state only");
    says("expect ran clean, skipped clean", "HA0914 `clean` cannot both run and be skipped");
    says("expect ran arrive before leave", "HA0914 `leave` always comes before `arrive`");
    says("expect ran leave before leave", "HA0914 `leave` cannot come before itself");
    says("expect lost web", "HA0914 no step of the plan loses what is in `web`");
    says("expect web on here", "HA0914 nothing in the plan ever puts `web` there");
    let never = r#"
node a { host = "a.example" }
plan p(deep: bool) {
  given a is up
  step look on a { run "look" }
  step dig on a { only if deep run "dig" }
}
test "t" { plan p(deep: false) expect ran dig }
"#;
    assert_eq!(found(never), ["HA0914 `dig` never runs with these arguments"]);
}

#[test]
fn a_plan_by_another_name_is_tested_by_that() {
    let plans = r#"
node a { host = "a.example" }
node b { host = "b.example" }
plan look(n: node = a) {
  given n is up
  step see on n { run "see" }
}
plan look_there = look(n: b)
"#;
    let test = |call: &str| found(&format!("{plans}test \"t\" {{ plan {call} expect completed, b is up }}"));
    assert_eq!(test("look_there()"), [""; 0]);
    assert_eq!(test("look_there(n: a)"), ["HA0104 `look_there` has its arguments"]);
    assert_eq!(test("look(n: a)"), ["HA0912 the plan never touches `b`"]);
}

#[test]
fn what_the_plan_does_not_have_is_said_before_anything_runs() {
    says("given answers(a) is true expect ran side_a", "HA0912 the plan never asks `answers(a)`");
    says("given season is autumn expect ran side_a", "HA0912 `season` cannot be `autumn`");
    says("given nobody is up expect ran side_a", "HA0912 nothing in the plan depends on `nobody`");
    says("when lieve fails expect ran side_a", "HA0912 the plan has no step `lieve`");
    says("expect web is purple", "HA0105 a `portal` cannot be `purple`");
    says("when leave fails", "HA0912 the test expects nothing, so it cannot fail");
    says("expect lost music", "HA0912 the plan never touches `music`");
}

#[test]
fn tests_and_drills_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let run = |args: &[&str]| handover(folder.path(), args);
    write("none.ha", ESTATE);
    write("good.ha", &format!("{ESTATE}test \"t\" {{ plan move() expect completed }}"));
    write("bad.ha", &format!("{ESTATE}test \"t\" {{ plan move() expect stopped }}"));
    write("broken.ha", "plan p() {");
    let (code, out, _) = run(&["test", "none.ha"]);
    assert_eq!(code, Some(0));
    assert!(out.ends_with("  move: no test\nno tests: add a `test` block to a plan\n"), "{out}");
    let (code, out, _) = run(&["test", "good.ha"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("  ok      t  (8 runs)\n") && out.ends_with("1 test: passed, in 8 simulated runs\n"), "{out}");
    let (code, out, _) = run(&["test", "bad.ha"]);
    assert_eq!(code, Some(1));
    assert!(
        out.contains("the run, with sunny(): no, season: summer") || out.contains("the run, with season:"),
        "{out}"
    );
    assert!(out.contains("completed\n") && out.ends_with("1 test: 1 failed, in 8 simulated runs\n"), "{out}");
    let (code, out, _) = run(&["test", "broken.ha", "good.ha"]);
    assert_eq!(code, Some(1));
    assert!(out.contains("HA0004") && out.contains("1 test: passed"), "{out}");
    let (code, _, err) = run(&["test", "nothing"]);
    assert_eq!((code, err.as_str()), (Some(1), ""));
    let (code, out, _) = run(&["test", "--format", "json", "broken.ha", "good.ha"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["files"][0]["diagnostics"][0]["code"].as_str()), (Some(1), Some("HA0004")));
    assert_eq!(json["files"][1]["tests"][0]["passed"].as_bool(), Some(true));

    let two = "test \"fine\" { plan move() expect completed }\ntest \"wrong\" { plan move() expect stopped }";
    write("two.ha", &format!("{ESTATE}{two}"));
    let (code, out, _) = run(&["test", "two.ha", "--only", "fine"]);
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "two.ha\n  ok      fine  (8 runs)\n1 test: passed, in 8 simulated runs\n")
    );
    assert_eq!(run(&["test", "two.ha", "--only", "wrong"]).0, Some(1));
    let (code, _, err) = run(&["test", "two.ha", "--only", "fin"]);
    assert!(
        code == Some(2) && err.contains("there is no test \"fin\"") && err.contains("did you mean `fine`?"),
        "{err}"
    );

    let (code, out, _) = run(&["drill", "good.ha"]);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("move()\n  8 combinations of 3 conditions; "), "{out}");
    assert_eq!(out, run(&["drill", "good.ha"]).1, "the same twice");
    let (code, out, _) = run(&["drill", "good.ha", "move", "--given", "season=winter", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["plans"][0]["combinations"].as_array().map(Vec::len)), (Some(0), Some(4)));
    let (code, _, err) = run(&["drill", "good.ha", "mvoe"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("there is no plan `mvoe`"), "{err}");
    assert_eq!(run(&["drill", "broken.ha"]).0, Some(1));
    write("open.ha", "node a { host = \"a\" }\nplan p(n: node) { given n is up step s on n { run \"true\" } }");
    let (code, _, err) = run(&["drill", "open.ha"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("`p` need"), "{err}");
    write("none_at_all.ha", "node a { host = \"a\" }");
    let (code, _, err) = run(&["drill", "none_at_all.ha"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("the file has no plan"), "{err}");
}

#[test]
fn an_output_that_cannot_be_made_up_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
node a { host = "a.example" }
plan look() {
  given a is up
  step see on a {
    run "see"
    let where = match "x$y" in output
  }
  step say { tell "{{where}}" }
}
test "t" { plan look() expect completed }
"#;
    fs::write(folder.path().join("plan.ha"), text).unwrap();
    for command in ["test", "drill"] {
        let (code, _, err) = handover(folder.path(), &[command, "plan.ha"]);
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains("the simulated world knows no output with which `see` would succeed"), "{err}");
    }
}

#[test]
fn a_drill_tells_where_each_fault_leaves_the_service() {
    let compilation = everything(&Page(ESTATE), "plan.ha");
    let errors: Vec<&Diagnostic> = compilation.diagnostics.iter().filter(|d| d.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let goal = ESTATE.replace("  given season", "  goal web on b\n  given season");
    let plan = everything(&Page(&goal), "plan.ha").plans.pop().unwrap();
    let report = drill::drill(verify(plan.program).unwrap(), &[]).unwrap();
    let outcomes = |kind: Kind, step: &str| {
        let of = |g: &&drill::Group| g.kind == kind && g.step.as_deref() == Some(step);
        report.groups.iter().filter(of).map(|g| g.outcome).collect::<Vec<_>>()
    };
    assert_eq!(outcomes(Kind::Fails, "look"), [], "its failure is tolerated");
    assert_eq!(outcomes(Kind::Fails, "ask_them"), [Outcome::Stopped]);
    assert_eq!(outcomes(Kind::Fails, "leave"), [Outcome::Stopped]);
    assert_eq!(outcomes(Kind::FailsDone, "leave"), [Outcome::Down]);
    assert_eq!(outcomes(Kind::Hangs, "leave"), [Outcome::Operator], "nobody knows what became of it");
    assert_eq!(outcomes(Kind::LandsLate, "leave"), [Outcome::Down]);
    assert_eq!(outcomes(Kind::Cancelled, "look"), [Outcome::Stopped]);
    assert_eq!(outcomes(Kind::Cancelled, "clean"), [Outcome::Down]);
    assert!(report.groups.iter().all(|g| g.kind != Kind::Lost), "a lost executor makes no difference");
    let clean = report.groups.iter().find(|g| g.step.as_deref() == Some("clean")).unwrap();
    assert_eq!(clean.when, [(String::from("season"), String::from("winter"))]);
    assert_eq!(clean.left, ["nowhere: web"]);
}
