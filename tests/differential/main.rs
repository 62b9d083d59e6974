//! One meaning, two back ends: random plans in random worlds, run by the executor and as a shell script.
//!
//! Compared are the final status of every instruction, the exit code, every command that ran with its arguments and how
//! often, and that each of them kept to the edges. `HANDOVER_CASES` says how many plans, `HANDOVER_SEED` the first one;
//! a failure names its seed. `HANDOVER_KEEP` keeps its files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod plans;
mod world;

use handover::base::SourceMap;
use handover::bytecode::{Instr, InstrId, Op, Program, Status};
use handover::calculus::AtomSource;
use handover::lower::lower;
use handover::order::order;
use handover::os::{Store, execute};
use handover::run::{Event, Machine, Options, Record, Reporter};
use handover::verify::{Verified, verify};
use plans::Dice;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use world::{Log, World};

/// What a run came to.
#[derive(PartialEq, Eq, Debug)]
struct Outcome {
    exit: u8,
    statuses: Vec<Status>,
    calls: Vec<String>,
}

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
    let (first, cases) = (number("HANDOVER_SEED", 1), number("HANDOVER_CASES", 150));
    let (next, compared) = (AtomicU64::new(first), AtomicU64::new(0));
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
                    compared.fetch_add(u64::from(case(seed, shell)), Ordering::Relaxed);
                }
            });
        }
    });
    let compared = compared.into_inner();
    println!("{compared} of {cases} plans compared");
    assert!(compared * 10 >= cases * 8, "only {compared} of {cases} random plans could be compiled");
}

/// Compares one case; false if its plan contradicts itself.
fn case(seed: u64, shell: &[&str]) -> bool {
    let mut dice = Dice::new(seed);
    let plan = plans::plan(&mut dice);
    let (dag, diagnostics) = order(&plan);
    if diagnostics.iter().any(|d| d.is_error()) {
        return false;
    }
    let program = match verify(lower(&plan, &dag, &SourceMap::default())) {
        Ok(program) => program,
        Err(findings) => panic!("seed {seed}: the verifier refuses what the compiler made: {findings:?}\n{plan:#?}"),
    };
    let world = World::random(&program, &mut dice);
    let options = options(&program, &mut dice);
    let base = if Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "/tmp" };
    let mut folder = tempfile::Builder::new().prefix("differential").tempdir_in(base).unwrap();
    if std::env::var_os("HANDOVER_KEEP").is_some() {
        folder.disable_cleanup(true);
        println!("seed {seed} in {}", folder.path().display());
    }
    let script = match handover::emit::shell::shell(&program) {
        Ok(script) => script,
        Err(error) => panic!("seed {seed}: {error}"),
    };
    fs::write(folder.path().join("plan.sh"), script).unwrap();
    fs::write(folder.path().join("plan.txt"), handover::bytecode::disassemble(&program)).unwrap();
    let (ours, theirs) = (folder.path().join("executor"), folder.path().join("script"));
    world.build(&ours);
    world.build(&theirs);
    let executed = by_executor(&program, &ours, &options);
    let scripted = by_script(&program, folder.path(), &theirs, shell, &options);
    if executed != scripted {
        folder.disable_cleanup(true);
        let differing = (0..program.code.len()).filter(|i| executed.statuses.get(*i) != scripted.statuses.get(*i));
        let differing: Vec<String> = differing
            .map(|i| {
                let name = &program.code[i].name;
                format!("{i} {name}: {:?} and {:?}", executed.statuses.get(i), scripted.statuses.get(i))
            })
            .collect();
        panic!(
            "seed {seed}, {shell:?}: the executor ends with {} and the script with {}; they differ in {differing:#?}\n\
             executor ran {:#?}\nscript ran {:#?}\nsee {}",
            executed.exit,
            scripted.exit,
            executed.calls,
            scripted.calls,
            folder.path().display()
        );
    }
    in_order(&program, &Log::read(&ours), &format!("seed {seed}, executor"));
    in_order(&program, &Log::read(&theirs), &format!("seed {seed}, {shell:?}"));
    true
}

/// Random decisions and answers; some questions stay without one.
fn options(program: &Program, dice: &mut Dice) -> Options {
    let decisions = program.atoms.iter().filter(|a| a.source == AtomSource::Decision);
    let decisions = decisions.map(|a| (a.name.clone(), dice.pick(&a.options).clone())).collect();
    let mut answers = Vec::new();
    for instr in &program.code {
        let words: Vec<String> = match &instr.op {
            Op::Ask { answers, .. } if !answers.is_empty() => answers.iter().map(|a| a.name.clone()).collect(),
            Op::Ask { .. } => vec![String::from("no"), String::from("yes")],
            op if op.command().is_some_and(|c| !c.meanings.is_empty()) && asks(op) => {
                vec![String::from("no"), String::from("yes")]
            }
            _ => continue,
        };
        if dice.chance(80) {
            answers.push((instr.name.clone(), dice.pick(&words).clone()));
        }
    }
    Options { decisions, answers, jobs: if dice.chance(30) { 1 } else { 64 }, ..Options::default() }
}

fn asks(op: &Op) -> bool {
    use handover::calculus::Verdict;
    // Who waits for something asks nobody.
    !matches!(op, Op::Wait { .. })
        && op.command().is_some_and(|c| c.meanings.iter().any(|m| matches!(m.verdict, Verdict::Ask(_))))
}

/// Keeps the final statuses.
#[derive(Default)]
struct Final(Vec<Status>);

impl Reporter for Final {
    fn record(&mut self, machine: &Machine, record: &Record) {
        if matches!(record.event, Event::RunEnded(_)) {
            self.0 = (0..machine.program().code.len()).map(|i| machine.status(InstrId::at(i))).collect();
        }
    }

    fn trouble(&mut self, text: &str) {
        eprintln!("{text}");
    }
}

fn by_executor(program: &Verified, folder: &Path, options: &Options) -> Outcome {
    let store = Store::open(&folder.join("state")).unwrap();
    let options = Options { directory: folder.to_str().unwrap().to_owned(), ..options.clone() };
    let mut reporter = Final::default();
    let ending = execute(&store, program.clone(), &options, &mut reporter, false).unwrap();
    Outcome { exit: ending.ended.exit_code(), statuses: reporter.0, calls: calls(program, folder) }
}

fn by_script(program: &Program, base: &Path, folder: &Path, shell: &[&str], options: &Options) -> Outcome {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(base.join("plan.sh")).arg("--state").arg(folder.join("state"));
    for (option, list) in [("--given", &options.decisions), ("--answer", &options.answers)] {
        for (name, word) in list {
            command.arg(option).arg(format!("{name}={word}"));
        }
    }
    command.arg("--jobs").arg(options.jobs.to_string());
    command.env("HANDOVER_DIR", folder).stdin(Stdio::null());
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    fs::write(folder.join("output"), format!("{out}\n{err}")).unwrap();
    Outcome {
        exit: u8::try_from(output.status.code().unwrap_or(255)).unwrap(),
        statuses: statuses(program, folder),
        calls: calls(program, folder),
    }
}

/// The calls, but of those of a step that waits for something only one: how often it looks is a matter of time.
fn calls(program: &Program, folder: &Path) -> Vec<String> {
    let waiting: Vec<String> =
        program.code.iter().filter(|i| matches!(i.op, Op::Wait { .. })).filter_map(word_of).collect();
    let mut calls = Log::read(folder).calls;
    calls.dedup_by(|a, b| a == b && a.split(' ').nth(1).is_some_and(|word| waiting.iter().any(|w| w == word)));
    calls
}

/// The word that an instruction's command calls.
fn word_of(instr: &Instr) -> Option<String> {
    let script = instr.op.command()?.script.render(|_| String::new());
    Some(script.strip_prefix("./act ")?.trim().to_owned())
}

/// The final statuses, from the journal of a script.
fn statuses(program: &Program, folder: &Path) -> Vec<Status> {
    let words = BTreeMap::from([
        ("ok", Status::Ok),
        ("failed", Status::Failed),
        ("unknown", Status::Unknown),
        ("skipped", Status::NotApplicable),
        ("blocked", Status::Blocked),
        ("cancelled", Status::Cancelled),
    ]);
    let mut statuses = vec![Status::Pending; program.code.len()];
    let runs = fs::read_dir(folder.join("state")).into_iter().flatten();
    for journal in runs.filter_map(|run| fs::read_to_string(run.unwrap().path().join("run/journal")).ok()) {
        for line in journal.lines() {
            if let ["ended", number, word, ..] = line.split(' ').skip(1).collect::<Vec<_>>()[..] {
                statuses[number.parse::<usize>().unwrap()] = words[word];
            }
        }
    }
    statuses
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
fn the_world_can_be_told_apart() {
    // A comparison that compares nothing would pass: the same plan in two worlds must differ.
    let mut dice = Dice::new(7);
    assert_ne!((0..9).map(|_| dice.roll(1000)).collect::<Vec<_>>(), vec![dice.roll(1000); 9]);
}
