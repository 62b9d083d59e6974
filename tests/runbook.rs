//! Runbooks: what they say, that nothing in them is more than text, and that in a real browser the switches of the page
//! skip what the compiler says is skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use handover::base::duration;
use handover::calculus::AtomId;
use handover::order::{NodeId, Outline, Schedule, Skipped, What, specialise};
use handover::os::Disk;
use handover::session::{self, Compiled, Request};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A plan with everything that a runbook tells of, and texts that would like to be more.
const PLAN: &str = r#"
kind alarm "raises an alarm" { states loud, mute  rests in loud }
site east { node a { host = "a.example" } }
site west { node b { host = "b.example"  user = "root" } }
alarm bell {}
secret token { env = "TOKEN" }

action mute(x: alarm) on host: node "Silence it" {
  needs    host is up
  ensures  x is mute
  run      "bell off | tee <log>"
  env      TOKEN = token
  verify   "bell status | grep -q off"
  idempotent
  within   1m, then kill
  usually  20s
}
action unmute(x: alarm) on host: node {
  needs    host is up
  ensures  x is loud
  run      "bell on"
  verify   "bell status | grep -q on"
  idempotent
  within   1m
  usually  10s
}
probe quiet(n: node) "nobody is | listening" { on n  run "test ! -e ears"  within 10s }

plan move() "The <script>alert(1)</script> & its | *friends*" {
  given  a is up, b is up, bell is loud
  given  firewalls are included or excluded
  given  depth is shallow or deep or bottomless
  given  sky is dark or bright
  goal   bell is loud
  locks  bell
  rto    10m

  phase hush "Nobody is `woken`" {
    step 1 silence "Line one" on a { do mute(bell) }
    step 2 walls on b { only if firewalls are included  run "echo walls"  usually 1m }
    step 3 deeper on b { unless depth is shallow  run "echo deep"  if possible }
    step sure { only if sky is dark  ask "Is the <i>new</i> side ready?"  by boss  within 15m, else no }
    step 4 work "The work" on b {
      only if sky is bright or sure succeeded
      run     "printf '```\n</script><b>bold</b>\n'"
      commits "clients see it"
      usually 2m
    } otherwise step by_hand { ask "Has it been done by hand?" }
    step chosen { ask "Which way?"  answer left "To the left"  answer right "To the right" }
    step left_way on a { only if chosen is left and quiet(a)  run "echo left"  usually 5m }
    step right_way on b { only if chosen is right  run "echo right"  usually 4m }
  } finally {
    step again on a { do unmute(bell) }
  }
  hold "mind the bell" on bell
}
plan back = move() follows move "Back again"
"#;

fn handover(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_handover")).args(args).current_dir(folder).output().unwrap()
}

fn text(folder: &Path, args: &[&str]) -> String {
    let output = handover(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn folder(plan: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plan.ha"), plan).unwrap();
    folder
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

#[test]
fn the_page_asks_for_nothing_and_nothing_in_it_is_markup_but_its_own() {
    let folder = folder(PLAN);
    let page = text(folder.path(), &["plan", "plan.ha", "move", "--format", "html"]);
    for foreign in ["<script>alert", "<b>bold", "<i>new", "http:", "https:", "<img", "<link", "@import", "url(", "src="]
    {
        assert!(!page.contains(foreign), "{foreign} in\n{page}");
    }
    for part in [
        "default-src 'none'",
        "The &lt;script&gt;alert(1)&lt;/script&gt; &amp; its | *friends*",
        "&lt;/script&gt;&lt;b&gt;bold",
        "bell off | tee &lt;log&gt;",
        "TOKEN &#x3D; the secret token",
        "token: the variable TOKEN",
        "done if this succeeds on a",
        "If it fails: try “by_hand” instead<",
        "If it fails: stop, and do “again” in any case<",
        "15m, else no",
        "boss",
        "from work on",
        "ssh root@b.example",
        "mind the bell (bell)",
        "handover run plan.ha back",
        "<title id=\"drawing-1\">",
    ] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    let scripts = page.matches("<script").count();
    assert_eq!((scripts, page.matches("</script>").count()), (2, 2), "numbers and the page's own");
}

#[test]
fn markdown_keeps_its_tables_whatever_is_in_them() {
    let folder = folder(PLAN);
    let table = text(folder.path(), &["build", "plan.ha", "move", "--emit", "runbook"]);
    let rows = table.lines().filter(|line| line.starts_with('|'));
    for row in rows {
        let bars = row.match_indices('|').filter(|(at, _)| !row[..*at].ends_with('\\')).count();
        assert!([3, 4, 5, 6].contains(&bars), "{row}");
    }
    for part in [
        "# The \\<script\\>alert(1)\\</script\\> \\& its \\| \\*friends\\*\n",
        "| 2 | west<br>b | **walls**<br>*effects not declared*<br>*longest way* | only if firewalls are included<br>If it fails: stop, and do “again” in any case |\n",
        "\nOn a, with TOKEN = the secret token:\n\n    bell off | tee <log>\n",
        "    printf '```\n    </script><b>bold</b>\n",
        "| quiet(a) | no or yes | read before the first step | nobody is \\| listening |",
    ] {
        assert!(table.contains(part), "{part} in\n{table}");
    }
}

#[test]
fn the_members_of_a_set_are_one_row_that_says_what_each_of_them_needs() {
    let plan = r#"
kind disk "a disk" { states idle, busy }
node a { host = "a.example" }
node b { host = "b.example" }
disk d0 {}
disk d1 {}
action fill(d: disk) on h: node { needs h is up  ensures d is busy  run "fill {{d.name}}"  verify "full"  idempotent  within 1m, then kill }
plan sets() "Sets" {
  given a is up, b is up, d0 is idle, d1 is idle
  for each d in [d0, d1] { step fill on a { do fill(d) } }
  step look on each of [a, b] { run "uptime" }
}
"#;
    let table = text(folder(plan).path(), &["plan", "plan.ha", "--format", "markdown"]);
    for part in [
        "| 1 | a | **fill** ×2: d0, d1 |  |\n",
        "| 2 | a and b | **look** ×2<br>*effects not declared* |  |\n",
        "\nOn a:\n\n    fill d0\n\nOn a:\n\n    fill d1\n",
        "\n* d0 is busy and d1 is busy\n\nDone if this succeeds on a:\n\n    full\n",
        "\nOn a and b:\n\n    uptime\n",
    ] {
        assert!(table.contains(part), "{part} in\n{table}");
    }
}

#[test]
fn a_runbook_is_the_same_each_time_and_the_name_of_its_file_says_as_what() {
    let folder = folder(PLAN);
    let build =
        |args: &[&str]| handover(folder.path(), &[&["build", "plan.ha", "move", "--emit", "runbook"], args].concat());
    for (file, format, begins) in [("a.html", "html", "<!doctype html>"), ("a.md", "markdown", "# The")] {
        assert!(build(&["-o", file]).status.success());
        let written = fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(written.starts_with(begins), "{written}");
        assert_eq!(written, text(folder.path(), &["plan", "plan.ha", "move", "--format", format]));
        assert!(build(&["-o", file, "--check"]).status.success());
        assert!(build(&["--format", format, "-o", "-"]).stdout == written.as_bytes());
        fs::write(folder.path().join("plan.ha"), format!("# A comment is no other plan.\n{PLAN}")).unwrap();
        assert!(build(&["-o", file, "--check"]).status.success());
        fs::write(folder.path().join(file), written.replace("silence", "silense")).unwrap();
        let stale = build(&["-o", file, "--check"]);
        assert!(
            stale.status.code() == Some(1) && String::from_utf8_lossy(&stale.stderr).contains("HA0902"),
            "{stale:?}"
        );
    }
    let refused = handover(folder.path(), &["build", "plan.ha", "move", "--format", "html"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("only a runbook has a format"));
}

/// The one that people can look at in the repository. `UPDATE=1` writes it again.
#[test]
fn the_committed_runbook_is_that_of_its_plan() {
    let mut args =
        vec!["build", "plan.ha", "switchover", "--given", "sso=yes", "--emit", "runbook", "-o", "runbook.md"];
    if std::env::var_os("UPDATE").is_none() {
        args.push("--check");
    }
    let output = handover(&example("ror"), &args);
    assert!(output.status.success(), "UPDATE=1 writes it again: {}", String::from_utf8_lossy(&output.stderr));
}

/// A plan of many phases over many nodes, or with every step by itself.
fn large(phases: usize, steps: usize, blocks: bool, nodes: usize) -> String {
    let mut plan = String::new();
    for node in 0..nodes {
        plan.push_str(&format!("site s{node} {{ node n{node} {{ host = \"n{node}\" }} }}\n"));
    }
    let up: Vec<String> = (0..nodes).map(|node| format!("n{node} is up")).collect();
    plan.push_str(&format!("plan large() \"Large\" {{\n  given {}\n", up.join(", ")));
    for phase in 0..phases {
        let open = if blocks { format!("  phase p{phase} \"Part {phase}\" {{\n") } else { String::new() };
        plan.push_str(&open);
        for step in 0..steps {
            let node = (phase + step) % nodes;
            plan.push_str(&format!("    step p{phase}_s{step} on n{node} {{ run \"true {phase} {step}\" }}\n"));
        }
        plan.push_str(if blocks { "  }\n" } else { "" });
    }
    plan + "}\n"
}

/// Left, top, right, bottom of each box.
fn boxes(page: &str) -> Vec<[u64; 4]> {
    let drawing = page.split_once("<svg").map_or("", |(_, rest)| rest.rsplit_once("</svg>").unwrap().0);
    let number = |of: &str, name: &str| {
        let value = of.split(&format!(" {name}=\"")).nth(1).unwrap().split('"').next().unwrap();
        value.parse::<u64>().unwrap()
    };
    let rects = drawing.split("class=\"box").skip(1).map(|s| s.split("<rect").nth(1).unwrap());
    rects
        .map(|r| (number(r, "x"), number(r, "y"), number(r, "width"), number(r, "height")))
        .map(|(x, y, w, h)| [x, y, x + w, y + h])
        .collect()
}

#[test]
fn large_plans_are_folded_to_what_one_can_read() {
    for (plan, most) in [
        (large(20, 16, true, 6), 20),
        (large(1, 30, false, 6), 30),
        (large(1, 30, false, 30), 0),
        (large(1, 400, false, 6), 0),
        (large(170, 2, true, 6), 0),
    ] {
        let folder = folder(&plan);
        let page = text(folder.path(), &["plan", "plan.ha", "--format", "html"]);
        let boxes = boxes(&page);
        assert_eq!(boxes.len(), most);
        assert_eq!((page.contains("<svg"), page.contains("too large to be drawn")), (most > 0, most == 0));
        for (i, a) in boxes.iter().enumerate() {
            let apart = |b: &[u64; 4]| a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
            assert!(boxes[i + 1..].iter().all(apart), "{a:?} lies on another one");
        }
    }
}

#[test]
fn the_page_lets_no_script_run_but_its_own() {
    let page = text(folder(PLAN).path(), &["plan", "plan.ha", "move", "--format", "html"]);
    let script = page.split("<script>").nth(1).unwrap().split("</script>").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("script"), script).unwrap();
    let sum = Command::new("sha256sum").arg("script").current_dir(&folder).output().unwrap();
    let hex = String::from_utf8(sum.stdout).unwrap();
    let bytes: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
    let own = format!("script-src 'sha256-{}'", base64(&bytes));
    assert!(page.contains(&own), "the policy of the page in runbook.html.hbs has to be: {own}");
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let n = group.iter().chain(&[0, 0]).take(3).fold(0u32, |n, b| n << 8 | u32::from(*b));
        (0..4).for_each(|i| out.push(char::from(SIGNS[(n >> (18 - 6 * i) & 63) as usize])));
    }
    out.truncate(out.len() - (3 - bytes.len() % 3) % 3);
    out + &"=".repeat((3 - bytes.len() % 3) % 3)
}

// In a browser.

fn browser() -> Option<&'static str> {
    let is_here = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success());
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(is_here);
    if found.is_none() {
        eprintln!("skipped: no Chromium is installed");
    }
    found
}

/// Chromium on a page of a folder, with nothing else on its mind.
fn chromium(browser: &str, folder: &Path, page: &str, flags: &[&str]) -> Output {
    let mut command = Command::new(browser);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--virtual-time-budget=20000"]);
    command.arg(format!("--user-data-dir={}", folder.join("profile").display())).args(flags);
    command.arg(format!("file://{}", folder.join(page).display()));
    command.output().unwrap()
}

fn complaints(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stderr).lines().filter(|l| l.contains(":CONSOLE")).map(String::from).collect()
}

/// What the page shows, case by case: for each condition the number of its choice, 0 for "not known".
fn drive(browser: &str, folder: &Path, page: &str, width: u32, cases: &[Vec<usize>]) -> Value {
    drive_with(browser, folder, page, (width, &[]), cases)
}

fn drive_with(browser: &str, folder: &Path, page: &str, (width, more): (u32, &[&str]), cases: &[Vec<usize>]) -> Value {
    let driver = include_str!("runbook/drive.html");
    let driver = driver.replace("PAGE", page).replace("WIDTH", &width.to_string());
    let driver = driver.replace("CASES", &serde_json::to_string(cases).unwrap());
    fs::write(folder.join("drive.html"), driver).unwrap();
    let flags = [&["--allow-file-access-from-files", "--dump-dom"], more].concat();
    let output = chromium(browser, folder, "drive.html", &flags);
    assert_eq!(complaints(&output), [""; 0]);
    let dom = String::from_utf8(output.stdout).unwrap();
    let seen = dom.split("<pre id=\"seen\">").nth(1).and_then(|s| s.split("</pre>").next());
    serde_json::from_str(seen.unwrap_or_default()).unwrap_or_else(|e| panic!("{e} in\n{dom}"))
}

fn compiled(file: &Path, plan: &str, givens: &[(&str, &str)]) -> Compiled {
    let givens = givens.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    let request = Request { plan: Some(plan.to_owned()), givens, everything: false };
    session::compile(&Disk, file.to_str().unwrap(), &request).plans.pop().expect("it compiles")
}

/// Choices that look random and are always the same: first each answer by itself, then all kinds of mixtures.
fn cases(compiled: &Compiled, count: usize) -> Vec<Vec<usize>> {
    let options: Vec<usize> = compiled.plan.atoms.iter().map(|a| a.options.len()).collect();
    let alone = options.iter().enumerate().flat_map(|(atom, n)| {
        let none = vec![0; options.len()];
        (1..=*n).map(move |choice| {
            let mut case = none.clone();
            case[atom] = choice;
            case
        })
    });
    let mut seed = 1u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let mut all: Vec<Vec<usize>> = alone.collect();
    all.extend((0..count).map(|_| options.iter().map(|n| next(n + 1)).collect()));
    all
}

fn answers(case: &[usize]) -> Vec<(AtomId, u8)> {
    let known = case.iter().enumerate().filter(|(_, choice)| **choice > 0);
    known.map(|(atom, choice)| (AtomId::at(atom), u8::try_from(choice - 1).unwrap())).collect()
}

fn steps(compiled: &Compiled) -> Vec<NodeId> {
    compiled.dag.nodes().filter(|(_, n)| matches!(n.what, What::Step(_))).map(|(id, _)| id).collect()
}

/// Lists of nodes of which some are in a set.
fn of(lists: &Value, is: impl Fn(&[u64]) -> bool) -> BTreeSet<Vec<u64>> {
    let lists: Vec<Vec<u64>> = serde_json::from_value(lists.clone()).unwrap();
    lists.into_iter().filter(|l| is(l)).collect()
}

/// The page shows what the compiler says of these answers.
fn agrees(compiled: &Compiled, all: &Value, seen: &Value, case: &[usize]) {
    let known = answers(case);
    let skipped: Skipped = specialise(&compiled.dag, &known);
    let outline = Outline::of(&compiled.plan);
    let schedule = Schedule::of(&outline, &compiled.dag, &skipped);
    let id = |n: &u64| NodeId(u32::try_from(*n).unwrap());
    let gone = |nodes: &[u64]| nodes.iter().all(|n| skipped.contains(id(n)));
    let critical = |nodes: &[u64]| nodes.iter().any(|n| schedule.critical.contains(&id(n)));
    assert_eq!(of(&seen["off"], |_| true), of(&all["rows"], gone), "{case:?}");
    assert_eq!(of(&seen["dim"], |_| true), of(&all["boxes"], gone), "{case:?}");
    assert_eq!(of(&seen["critical"], |_| true), of(&all["boxes"], critical), "{case:?}");
    let steps = steps(compiled);
    let runs = steps.iter().filter(|n| !skipped.contains(**n)).count();
    let promised = compiled.plan.rto_ms.map_or_else(String::new, |ms| {
        let word = if schedule.critical_ms > ms { ", longer than" } else { " of" };
        format!("{word} the {} promised", duration(ms))
    });
    let time = match schedule.critical.as_slice() {
        [] => String::new(),
        _ => format!(", usually {}{promised}", duration(schedule.critical_ms)),
    };
    let expected = format!("{runs} of {} steps can run{time}.", steps.len());
    assert!(seen["state"].as_str().unwrap().starts_with(&expected), "{case:?}: {} is not {expected}", seen["state"]);
}

fn all_cases_agree(file: &Path, plan: &str, givens: &[(&str, &str)], count: usize) {
    let Some(browser) = browser() else { return };
    let compiled = compiled(file, plan, givens);
    let folder = tempfile::tempdir().unwrap();
    let given: Vec<String> = givens.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let mut args = vec!["plan", file.to_str().unwrap(), plan, "--format", "html"];
    given.iter().for_each(|g| args.extend(["--given", g]));
    fs::write(folder.path().join("page.html"), text(folder.path(), &args)).unwrap();
    let cases = cases(&compiled, count);
    let seen = drive(browser, folder.path(), "page.html", 1280, &cases);
    let names: Vec<&str> = seen["names"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    assert_eq!(names, compiled.plan.atoms.iter().map(|a| a.name.as_str()).collect::<Vec<_>>());
    let rows: BTreeSet<u64> = of(&seen["rows"], |_| true).into_iter().flatten().collect();
    assert_eq!(rows, steps(&compiled).iter().map(|n| u64::from(n.0)).collect(), "every step has its row");
    let nothing = vec![0; names.len()];
    agrees(&compiled, &seen, &seen["first"], &nothing);
    agrees(&compiled, &seen, &seen["reset"], &nothing);
    for (case, shown) in cases.iter().zip(seen["cases"].as_array().unwrap()) {
        agrees(&compiled, &seen, shown, case);
    }
    // What the switches of the page show is what the compiler writes when it is given the same.
    for case in cases.iter().rev().take(3) {
        let decided = answers(case).into_iter().map(|(atom, option)| {
            let atom = &compiled.plan.atoms[atom.index()];
            format!("{}={}", atom.name, atom.options[usize::from(option)])
        });
        let decided: Vec<String> = decided.collect();
        let mut args = args.clone();
        decided.iter().for_each(|g| args.extend(["--given", g]));
        fs::write(folder.path().join("given.html"), text(folder.path(), &args)).unwrap();
        let seen = drive(browser, folder.path(), "given.html", 1280, &[]);
        agrees(&compiled, &seen, &seen["first"], case);
    }
}

#[test]
fn switches_skip_what_the_compiler_skips() {
    let folder = folder(PLAN);
    all_cases_agree(&folder.path().join("plan.ha"), "move", &[], 300);
}

#[test]
fn switches_skip_what_the_compiler_skips_between_two_sites() {
    all_cases_agree(&example("ror").join("plan.ha"), "switchover", &[("sso", "yes")], 300);
}

#[test]
fn switches_skip_what_the_compiler_skips_in_a_failover() {
    all_cases_agree(&example("postgres").join("plan.ha"), "failover", &[], 10);
    all_cases_agree(&example("postgres").join("plan.ha"), "switchover", &[], 10);
}

#[test]
fn the_page_is_as_wide_as_a_phone() {
    let Some(browser) = browser() else { return };
    let folder = folder(PLAN);
    let own = text(folder.path(), &["plan", "plan.ha", "move", "--format", "html"]);
    let ror = text(&example("ror"), &["plan", "plan.ha", "switchover", "--given", "sso=yes", "--format", "html"]);
    for page in [own, ror] {
        fs::write(folder.path().join("page.html"), page).unwrap();
        for width in [360, 768, 1280] {
            let seen = drive(browser, folder.path(), "page.html", width, &[]);
            assert!(seen["first"]["wide"].as_u64().unwrap() <= u64::from(width), "{width}: {}", seen["first"]);
        }
    }
    fs::write(folder.path().join("page.html"), "<p style='width: 500px' id='state'>too wide</p>").unwrap();
    assert_eq!(
        drive(browser, folder.path(), "page.html", 360, &[])["first"]["wide"].as_u64().map(|w| w > 360),
        Some(true)
    );
}

#[test]
fn the_page_is_legible_in_light_and_in_the_dark() {
    let Some(browser) = browser() else { return };
    let folder = folder(PLAN);
    let page = text(folder.path(), &["plan", "plan.ha", "move", "--format", "html"]);
    fs::write(folder.path().join("page.html"), &page).unwrap();
    fs::write(folder.path().join("faint.html"), page.replace("--soft: ", "--soft: #888; --hard: ")).unwrap();
    for (flags, dark) in [(&[][..], false), (&["--force-dark-mode"], true)] {
        let faintest = |page| {
            let seen = drive_with(browser, folder.path(), page, (1280, flags), &[]);
            assert_eq!(seen["first"]["dark"], dark);
            (seen["first"]["faintest"][0].as_f64().unwrap(), seen["first"]["faintest"][1].clone())
        };
        // What WCAG 2 asks for of texts of this size.
        let (contrast, what) = faintest("page.html");
        assert!(contrast >= 4.5, "{contrast} of {what}, dark: {dark}");
        assert!(dark || faintest("faint.html").0 < 4.5, "it would have been seen");
    }
}

#[test]
fn no_request_leaves_the_page() {
    let Some(browser) = browser() else { return };
    let folder = folder(PLAN);
    let page = text(folder.path(), &["plan", "plan.ha", "move", "--format", "html"]);
    fs::write(folder.path().join("page.html"), &page).unwrap();
    let log = folder.path().join("net.json");
    let asked = |page: &str| {
        let flags = [format!("--log-net-log={}", log.display()), String::from("--dump-dom")];
        let output = chromium(browser, folder.path(), page, &flags.each_ref().map(String::as_str));
        (fs::read_to_string(&log).unwrap().matches("127.0.0.1:9").count(), complaints(&output))
    };
    let mut everything = fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert_eq!(asked("page.html"), (0, Vec::new()));
    // It would have been seen: without its policy the page asks, with it Chromium refuses and says so.
    everything = everything.replace("</main>", "<img alt=\"\" src=\"http://127.0.0.1:9/a\"></main>");
    fs::write(folder.path().join("refused.html"), &everything).unwrap();
    let (requests, said) = asked("refused.html");
    assert!(requests == 0 && said.iter().any(|l| l.contains("Content Security Policy")), "{requests} {said:?}");
    fs::write(folder.path().join("open.html"), everything.replace("default-src 'none'; ", "")).unwrap();
    assert!(asked("open.html").0 > 0);
}

#[test]
fn without_a_script_and_on_paper_everything_is_there() {
    let Some(browser) = browser() else { return };
    let folder = folder(PLAN);
    let page = text(folder.path(), &["plan", "plan.ha", "move", "--format", "html"]);
    fs::write(folder.path().join("page.html"), &page).unwrap();
    // A page whose script does not run is what it was.
    fs::write(folder.path().join("still.html"), page.replace("'sha256-", "'sha256-not")).unwrap();
    let pdftotext = Command::new("pdftotext").arg("-v").output().is_ok();
    for name in ["page.html", "still.html"] {
        let pdf = folder.path().join("page.pdf");
        let flag = format!("--print-to-pdf={}", pdf.display());
        chromium(browser, folder.path(), name, &[&flag, "--no-pdf-header-footer"]);
        let bytes = fs::read(&pdf).unwrap();
        assert!(bytes.starts_with(b"%PDF"), "{name}");
        if !pdftotext {
            eprintln!("skipped: without pdftotext nobody reads the paper");
            continue;
        }
        let output = Command::new("pdftotext").arg(&pdf).arg("-").output().unwrap();
        let paper = String::from_utf8(output.stdout).unwrap();
        let paper = paper.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "silence",
            "bell off | tee <log>",
            "shallow or deep or bottomless",
            "only if firewalls are included",
            "In any case",
            "Proved",
        ] {
            assert!(paper.contains(part), "{part} in {name}\n{paper}");
        }
        assert!(!paper.contains("not known") && !paper.contains("Nothing is known"), "{name}\n{paper}");
    }
}
