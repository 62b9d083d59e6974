//! Running a program by each back end, and what came of it in the same words.

use crate::world::Log;
use handover::bytecode::{Instr, InstrId, Op, Program, Status};
use handover::os::{Store, execute};
use handover::run::{Event, Machine, Open, Options, Record, Reporter, StepOutcome};
use handover::verify::Verified;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What a run came to.
#[derive(PartialEq, Eq, Debug)]
pub struct Outcome {
    pub exit: u8,
    pub statuses: Vec<Status>,
    /// What is left open, in words, sorted.
    pub open: Vec<String>,
    pub calls: Vec<String>,
}

impl Outcome {
    /// What one can see of it.
    pub fn sights(&self) -> impl Iterator<Item = String> {
        let statuses = self.statuses.iter().map(|s| format!("{s:?}"));
        let open = self.open.iter().map(|_| String::from("open"));
        statuses.chain(open).chain([format!("exit {}", self.exit)])
    }

    /// Whether the two part at a step that was given up at another machine: the executor has ended it there, and so it
    /// has failed; the script does not know, and reads back.
    pub fn knows_more(&self, script: &Outcome, program: &Program) -> bool {
        let mut steps = program.code.iter().zip(self.statuses.iter().zip(&script.statuses));
        let parting = steps.find(|(_, (ours, theirs))| ours != theirs);
        parting.is_some_and(|(instr, (ours, theirs))| {
            instr.flags.lingers && (*theirs == Status::Unknown || (*ours, *theirs) == (Status::Failed, Status::Ok))
        })
    }

    /// Where it is not like the script's.
    pub fn differences(&self, script: &Outcome, program: &Program) -> String {
        let differing = (0..program.code.len()).filter(|i| self.statuses.get(*i) != script.statuses.get(*i));
        let differing: Vec<String> = differing
            .map(|i| {
                let name = &program.code[i].name;
                format!("{i} {name}: {:?} and {:?}", self.statuses.get(i), script.statuses.get(i))
            })
            .collect();
        format!(
            "the executor ends with {} and the script with {}; they differ in {differing:#?}\nexecutor left {:#?}\n\
             script left {:#?}\nexecutor ran {:#?}\nscript ran {:#?}",
            self.exit, script.exit, self.open, script.open, self.calls, script.calls
        )
    }
}

/// A program and how it is run.
pub struct Runs<'a> {
    pub program: &'a Verified,
    /// Where `plan.hab` and `plan.sh` are.
    pub base: &'a Path,
    pub options: &'a Options,
}

impl Runs<'_> {
    /// The executor as a library.
    pub fn by_executor(&self, folder: &Path) -> Outcome {
        let store = Store::open(&folder.join("state")).unwrap();
        let options = Options { directory: folder.to_str().unwrap().to_owned(), ..self.options.clone() };
        let mut reporter = Final::default();
        let ending = execute(&store, self.program.clone(), &options, &mut reporter, false).unwrap();
        self.outcome(folder, ending.ended.exit_code(), reporter.statuses, self.in_words(&ending.ended.open))
    }

    /// The executor as a command, which can be interrupted.
    pub fn by_command(&self, folder: &Path) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
        command.arg("run").arg(self.base.join("plan.hab")).args(["--yes", "--unproved", "--events", "json"]);
        let output = self.finish(command, folder);
        let mut statuses = vec![Status::Pending; self.program.code.len()];
        let mut open = Vec::new();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let record: Record = serde_json::from_str(line).unwrap();
            match record.event {
                Event::Settled { step, status } => statuses[step.index()] = status,
                Event::StepEnded(ended) => {
                    statuses[ended.step.index()] = match ended.outcome {
                        StepOutcome::Ok | StepOutcome::AlreadySo => Status::Ok,
                        StepOutcome::Failed => Status::Failed,
                        StepOutcome::Unknown => Status::Unknown,
                    };
                }
                Event::RunEnded(ended) => open = self.in_words(&ended.open),
                _ => {}
            }
        }
        self.outcome(folder, exit_of(&output.status), statuses, open)
    }

    pub fn by_script(&self, folder: &Path, shell: &[&str]) -> Outcome {
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).arg(self.base.join("plan.sh")).env("HANDOVER_DIR", folder);
        let output = self.finish(command, folder);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        fs::write(folder.join("output"), format!("{out}\n{err}")).unwrap();
        let open = out.lines().filter_map(|l| Some(l.split_once("  open       ")?.1.to_owned())).collect();
        self.outcome(folder, exit_of(&output.status), self.journal(folder), open)
    }

    /// Adds what both commands take, and runs one of them.
    fn finish(&self, mut command: Command, folder: &Path) -> Output {
        command.arg("--state").arg(folder.join("state")).arg("--jobs").arg(self.options.jobs.to_string());
        for (option, list) in [("--given", &self.options.decisions), ("--answer", &self.options.answers)] {
            for (name, word) in list {
                command.arg(option).arg(format!("{name}={word}"));
            }
        }
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        // Who wants to interrupt it must know whom.
        fs::write(folder.join("whom.new"), format!("{}\n", child.id())).unwrap();
        fs::rename(folder.join("whom.new"), folder.join("whom")).unwrap();
        child.wait_with_output().unwrap()
    }

    fn outcome(&self, folder: &Path, exit: u8, statuses: Vec<Status>, mut open: Vec<String>) -> Outcome {
        open.sort();
        Outcome { exit, statuses, open, calls: self.calls(folder) }
    }

    /// What an executor left open, as the script says it.
    fn in_words(&self, open: &[Open]) -> Vec<String> {
        let name = |step: &InstrId| self.program.code[step.index()].name.clone();
        let words = |open: &Open| match open {
            Open::Thing { name, may_be, rests } => {
                let cell = self.program.cells.iter().find(|cell| cell.name == *name).unwrap();
                let reads = |values: &[String]| cell.reads(values.iter().map(String::as_str));
                format!("{name} may be {}; it must be left {}", reads(may_be), reads(rests))
            }
            Open::Unknown { step } => {
                let host = self.program.code[step.index()].host.unwrap();
                let machine = &self.program.machines[host.index()].name;
                format!("nobody knows whether {} happened, or still will, on {machine}", name(step))
            }
            Open::Unfinished { step } => format!("{} did not work: what it puts in order is not in order", name(step)),
        };
        open.iter().map(words).collect()
    }

    /// The calls, but of those of a step that waits for something only one: how often it looks is a matter of time.
    fn calls(&self, folder: &Path) -> Vec<String> {
        let waiting: Vec<String> =
            self.program.code.iter().filter(|i| matches!(i.op, Op::Wait { .. })).filter_map(word_of).collect();
        let mut calls = Log::read(folder).calls;
        calls.dedup_by(|a, b| a == b && a.split(' ').nth(1).is_some_and(|word| waiting.iter().any(|w| w == word)));
        calls
    }

    /// The final statuses, from the journal of a script.
    fn journal(&self, folder: &Path) -> Vec<Status> {
        let words = BTreeMap::from([
            ("ok", Status::Ok),
            ("failed", Status::Failed),
            ("unknown", Status::Unknown),
            ("skipped", Status::NotApplicable),
            ("blocked", Status::Blocked),
            ("cancelled", Status::Cancelled),
        ]);
        let mut statuses = vec![Status::Pending; self.program.code.len()];
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
}

fn exit_of(status: &std::process::ExitStatus) -> u8 {
    u8::try_from(status.code().unwrap_or(255)).unwrap()
}

/// Keeps the final statuses.
#[derive(Default)]
struct Final {
    statuses: Vec<Status>,
}

impl Reporter for Final {
    fn record(&mut self, machine: &Machine, record: &Record) {
        if matches!(record.event, Event::RunEnded(_)) {
            self.statuses = (0..machine.program().code.len()).map(|i| machine.status(InstrId::at(i))).collect();
        }
    }

    fn trouble(&mut self, text: &str) {
        eprintln!("{text}");
    }
}

/// The word that an instruction's command calls.
pub fn word_of(instr: &Instr) -> Option<String> {
    let script = instr.op.command()?.script.render(|_| String::new());
    Some(script.strip_prefix("./act ")?.trim().to_owned())
}
