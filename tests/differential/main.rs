//! One meaning, two back ends: random plans in random worlds, run by the executor and as a shell script.
//!
//! Compared are the final status of every instruction, the exit code, what is left open, every command that ran with its
//! arguments and how often, and that each of them kept to the edges. `HANDOVER_CASES` says how many plans,
//! `HANDOVER_SEED` the first one; a failure names its seed. `HANDOVER_KEEP` keeps its files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod plans;
mod runs;
mod world;

use handover::base::SourceMap;
use handover::bytecode::{Op, Program, disassemble, encode};
use handover::calculus::{AtomSource, Verdict};
use handover::emit::shell::shell;
use handover::lower::lower;
use handover::order::order;
use handover::run::Options;
use handover::verify::verify;
use plans::Dice;
use runs::{Outcome, Runs, word_of};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use world::{Log, World};

/// What random runs must show to be worth comparing.
const SIGHTS: [&str; 10] =
    ["exit 0", "exit 3", "exit 4", "exit 5", "Ok", "Failed", "NotApplicable", "Blocked", "Cancelled", "open"];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn shells() -> Vec<Vec<&'static str>> {
    let known = [vec!["dash"], vec!["busybox", "sh"], vec!["bash"]];
    let there = |words: &&Vec<&str>| Command::new(words[0]).args(&words[1..]).args(["-c", ":"]).output().is_ok();
    let found: Vec<Vec<&str>> = known.iter().filter(there).cloned().collect();
    if found.is_empty() { vec![vec!["sh"]] } else { found }
}

#[test]
fn the_script_does_what_the_executor_does() {
    let (first, cases) = (number("HANDOVER_SEED", 1), number("HANDOVER_CASES", 200));
    let (next, compared) = (AtomicU64::new(first), AtomicU64::new(0));
    let seen = Mutex::new(BTreeMap::<String, u64>::new());
    let shells = shells();
    thread::scope(|scope| {
        for _ in 0..number("HANDOVER_THREADS", 6) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + cases {
                        return;
                    }
                    let shell = &shells[usize::try_from(seed).unwrap() % shells.len()];
                    let Some(outcome) = case(seed, shell) else { continue };
                    compared.fetch_add(1, Ordering::Relaxed);
                    let mut seen = seen.lock().unwrap();
                    outcome.sights().for_each(|sight| *seen.entry(sight).or_default() += 1);
                }
            });
        }
    });
    let (compared, seen) = (compared.into_inner(), seen.into_inner().unwrap());
    println!("{compared} of {cases} plans compared: {seen:?}");
    assert!(compared * 10 >= cases * 7, "only {compared} of {cases} random plans could be compared");
    if cases >= 200 {
        let missing: Vec<_> = SIGHTS.iter().filter(|sight| !seen.contains_key(**sight)).collect();
        assert!(missing.is_empty(), "never seen: {missing:?} among {seen:?}");
    }
}

/// Compares one case, and tells what it came to; `None` if its plan contradicts itself, or the executor has found out
/// more than the script can.
fn case(seed: u64, shell: &[&str]) -> Option<Outcome> {
    let mut dice = Dice::new(seed);
    // An interruption hits steps that take no time at a moment that cannot be told, so those plans have none.
    let interrupted = dice.chance(15);
    let plan = plans::plan(&mut dice, interrupted);
    let (dag, diagnostics) = order(&plan);
    if diagnostics.iter().any(|d| d.is_error()) {
        return None;
    }
    let program = match verify(lower(&plan, &dag, &SourceMap::default())) {
        Ok(program) => program,
        Err(findings) => panic!("seed {seed}: the verifier refuses what the compiler made: {findings:?}\n{plan:#?}"),
    };
    let world = World::random(&program, &mut dice, interrupted);
    let options = options(&program, &mut dice, interrupted);
    let base = if Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "/tmp" };
    let mut folder = tempfile::Builder::new().prefix("differential").tempdir_in(base).unwrap();
    if std::env::var_os("HANDOVER_KEEP").is_some() {
        folder.disable_cleanup(true);
        println!("seed {seed} in {}", folder.path().display());
    }
    fs::write(folder.path().join("plan.sh"), shell_script(seed, &program)).unwrap();
    fs::write(folder.path().join("plan.hab"), encode(&program)).unwrap();
    fs::write(folder.path().join("plan.txt"), disassemble(&program)).unwrap();
    let (ours, theirs) = (folder.path().join("executor"), folder.path().join("script"));
    world.build(&ours);
    world.build(&theirs);
    let runs = Runs { program: &program, base: folder.path(), options: &options };
    let executed = if interrupted { runs.by_command(&ours) } else { runs.by_executor(&ours) };
    let scripted = runs.by_script(&theirs, shell);
    if executed.knows_more(&scripted, &program) {
        return None;
    }
    if executed != scripted {
        folder.disable_cleanup(true);
        panic!(
            "seed {seed}, {shell:?}: {}\nsee {}",
            executed.differences(&scripted, &program),
            folder.path().display()
        );
    }
    in_order(&program, &Log::read(&ours), &format!("seed {seed}, executor"));
    in_order(&program, &Log::read(&theirs), &format!("seed {seed}, {shell:?}"));
    Some(scripted)
}

fn shell_script(seed: u64, program: &handover::verify::Verified) -> String {
    shell(program).unwrap_or_else(|error| panic!("seed {seed}: {error}"))
}

/// Random decisions and answers; some questions stay without one.
fn options(program: &Program, dice: &mut Dice, interrupted: bool) -> Options {
    let decisions = program.atoms.iter().filter(|a| a.source == AtomSource::Decision);
    let decisions = decisions.map(|a| (a.name.clone(), dice.pick(&a.options).clone())).collect();
    let mut answers = Vec::new();
    for instr in &program.code {
        let words: Vec<String> = match &instr.op {
            Op::Ask { answers, .. } if !answers.is_empty() => answers.iter().map(|a| a.name.clone()).collect(),
            op if asks(op) => vec![String::from("no"), String::from("yes")],
            _ => continue,
        };
        if dice.chance(80) {
            answers.push((instr.name.clone(), dice.pick(&words).clone()));
        }
    }
    let jobs = if interrupted || dice.chance(30) { 1 } else { 64 };
    Options { decisions, answers, jobs, ..Options::default() }
}

fn asks(op: &Op) -> bool {
    match op {
        Op::Ask { .. } => true,
        // Who waits for something asks nobody.
        Op::Wait { .. } => false,
        op => op.command().is_some_and(|c| c.meanings.iter().any(|m| matches!(m.verdict, Verdict::Ask(_)))),
    }
}

/// What ran has waited for what it had to.
fn in_order(program: &Program, log: &Log, who: &str) {
    let mut before: Vec<Vec<bool>> = Vec::new();
    for (i, instr) in program.code.iter().enumerate() {
        let mut ancestors = vec![false; i];
        for t in instr.needs.iter().chain(&instr.waits).map(|t| t.index()) {
            ancestors[t] = true;
            for (a, of_t) in before[t].iter().enumerate() {
                ancestors[a] |= of_t;
            }
        }
        let span = |i: usize| log.spans.get(&word_of(&program.code[i])?).copied();
        if let Some((start, _)) = span(i) {
            for (a, _) in ancestors.iter().enumerate().filter(|(_, is)| **is) {
                let Some((a_start, a_end)) = span(a) else { continue };
                let name = &program.code[a].name;
                assert!(a_end.unwrap_or(a_start) < start, "{who}: `{}` did not wait for `{name}`", instr.name);
            }
        }
        before.push(ancestors);
    }
}

#[test]
fn random_scripts_are_clean() {
    if Command::new("shellcheck").arg("--version").output().is_err() {
        return eprintln!("skipped: there is no shellcheck");
    }
    let folder = tempfile::tempdir().unwrap();
    let mut checked = 0;
    for seed in 1..=8 {
        let plan = plans::plan(&mut Dice::new(seed), false);
        let (dag, _) = order(&plan);
        let Ok(program) = verify(lower(&plan, &dag, &SourceMap::default())) else { continue };
        let script = folder.path().join("plan.sh");
        fs::write(&script, shell_script(seed, &program)).unwrap();
        let found = Command::new("shellcheck").args(["-s", "sh"]).arg(&script).output().unwrap();
        assert!(found.status.success(), "seed {seed}: {}", String::from_utf8_lossy(&found.stdout));
        checked += 1;
    }
    assert!(checked > 5, "{checked}");
}
