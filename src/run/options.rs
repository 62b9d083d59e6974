//! What is decided when a run starts or is taken up again, and whether it fits the program.

use crate::base::{did_you_mean, limits};
use crate::bytecode::{Op, Program};
use crate::calculus::AtomSource;
use crate::run::{Approved, RunError, Settlement, Waiver};

/// What whoever starts a run decides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// Answers of the plan's decisions: name and option.
    pub decisions: Vec<(String, String)>,
    /// Answers to steps that ask, given in advance: step and answer.
    pub answers: Vec<(String, String)>,
    /// What became of steps whose outcome was lost; for taking a run up again.
    pub settle: Vec<(String, Settlement)>,
    /// Start anew although an earlier run of the plan has not ended.
    pub anew: bool,
    /// Holds of earlier runs that this one may break, by their ids.
    pub waive_holds: Vec<String>,
    /// What else was done without before the run, in words.
    pub waived: Vec<(Waiver, String)>,
    /// Why something is done without, or settled by word.
    pub why: String,
    /// Who has which role, beside the groups of the system: role and users.
    pub roles: Vec<(String, Vec<String>)>,
    /// Cancel as soon as the run is taken up.
    pub cancel: bool,
    /// How many steps may run commands at the same time; at least one.
    pub jobs: usize,
    /// How many of them on the same machine, if that is another; at least one.
    pub per_node: usize,
    /// Milliseconds for which a machine is sought whose connection was lost, before its commands count as lost.
    pub lost_after_ms: u64,
    /// Start although a machine is not as the plan needs it.
    pub unready: bool,
    /// Configuration of `ssh`, absolute, instead of the user's own.
    pub ssh_config: Option<String>,
    /// Working directory of local commands, absolute. Empty when taking a run up again: as it was.
    pub directory: String,
    /// What leads to the machine on which the journal is kept, too.
    pub replica: Option<String>,
    /// Take a run up again without asking the copy of its journal whether it was taken over there.
    pub without_replica: bool,
    /// The host of the executor that ran it before, which whoever takes the run over says is dead.
    pub dead: Option<String>,
    /// The approvals that count for it.
    pub approved: Vec<Approved>,
    /// The flags that whoever goes on has to give again, with their values.
    pub flags: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            decisions: Vec::new(),
            answers: Vec::new(),
            settle: Vec::new(),
            anew: false,
            waive_holds: Vec::new(),
            waived: Vec::new(),
            why: String::new(),
            roles: Vec::new(),
            cancel: false,
            jobs: 64,
            per_node: limits::PER_NODE,
            lost_after_ms: limits::LOST_AFTER_MS,
            unready: false,
            ssh_config: None,
            directory: String::from("/"),
            replica: None,
            without_replica: false,
            dead: None,
            approved: Vec::new(),
            flags: Vec::new(),
        }
    }
}

impl Options {
    /// Holds the decisions against the program: each must be made, once, with an answer that exists.
    pub fn check_decisions(&self, program: &Program) -> Result<(), RunError> {
        self.check_given(program)?;
        let open = program.atoms.iter().filter(|a| a.source == AtomSource::Decision);
        let open: Vec<_> = open.filter(|a| !self.decisions.iter().any(|(name, _)| *name == a.name)).collect();
        if open.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = open.iter().map(|a| format!("`{}`", a.name)).collect();
        let help: Vec<String> = open
            .iter()
            .map(|a| {
                let question = if a.question.is_empty() { String::new() } else { format!("    {}", a.question) };
                format!("--given {}={}{question}", shown(&a.name), a.options.join("|"))
            })
            .collect();
        Err(RunError::usage(format!("nobody has decided {}", names.join(", "))).help(help.join("\n")))
    }

    /// Holds the decisions that are made against the program; others may be open.
    pub fn check_given(&self, program: &Program) -> Result<(), RunError> {
        let atoms = || program.atoms.iter().filter(|a| a.source == AtomSource::Decision);
        for (i, (name, option)) in self.decisions.iter().enumerate() {
            let Some(atom) = atoms().find(|a| a.name == *name) else {
                return Err(unknown_decision(program, name));
            };
            if !atom.options.contains(option) {
                let help = format!("one of: {}", atom.options.join(", "));
                return Err(RunError::usage(format!("`{name}` cannot be `{option}`")).help(help));
            }
            if self.decisions.iter().take(i).any(|(other, _)| other == name) {
                return Err(RunError::usage(format!("`{name}` is decided twice")));
            }
        }
        Ok(())
    }

    /// Holds the answers given in advance against the program.
    pub fn check_answers(&self, program: &Program) -> Result<(), RunError> {
        for (step, answer) in &self.answers {
            let Some(instr) = program.code.iter().find(|i| i.name == *step) else {
                return Err(unknown_step(program, step));
            };
            let options = match &instr.op {
                Op::Ask { answers, .. } if !answers.is_empty() => answers.iter().map(|a| a.name.clone()).collect(),
                Op::Ask { .. } | Op::Run { .. } | Op::Probe { .. } => vec![String::from("no"), String::from("yes")],
                _ => return Err(RunError::usage(format!("`{step}` asks nothing"))),
            };
            if !options.contains(answer) {
                let help = format!("one of: {}", options.join(", "));
                return Err(RunError::usage(format!("`{step}` cannot be answered with `{answer}`")).help(help));
            }
        }
        Ok(())
    }
}

/// No step has this name.
pub(crate) fn unknown_step(program: &Program, step: &str) -> RunError {
    let error = RunError::usage(format!("the plan has no step `{step}`"));
    match did_you_mean(step, program.code.iter().map(|i| i.name.as_str())) {
        Some(help) => error.help(help),
        None => error,
    }
}

fn unknown_decision(program: &Program, name: &str) -> RunError {
    if program.atoms.iter().any(|a| a.name == name) {
        let help = "leave it out: the run finds out by itself, or asks";
        return RunError::usage(format!("`{name}` is not decided in advance")).help(help);
    }
    let error = RunError::usage(format!("the plan has no decision `{name}`"));
    let names = program.atoms.iter().filter(|a| a.source == AtomSource::Decision).map(|a| a.name.as_str());
    match did_you_mean(name, names.clone()) {
        Some(help) => error.help(help),
        None => match names.map(|n| format!("`{n}`")).collect::<Vec<_>>() {
            names if names.is_empty() => error.help("it decides nothing in advance"),
            names => error.help(format!("it has {}", names.join(", "))),
        },
    }
}

/// A name as one types it in a shell.
fn shown(name: &str) -> String {
    shlex::try_quote(name).map_or_else(|_| name.to_owned(), |n| n.into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Options, unknown_step};
    use crate::bytecode::Program;
    use crate::calculus::AtomSource;
    use crate::run::exit;
    use crate::run::sample::Plan;

    fn program() -> Program {
        let mut plan = Plan::new("p");
        plan.0.atom("firewalls", &["included", "excluded"], AtomSource::Decision);
        plan.0.atom("operating(tokyo)", &["no", "yes"], AtomSource::Probe);
        plan.run("stop", "stop", &[0]);
        plan.program()
    }

    /// Message and help for these decisions.
    fn refusal(decisions: &[(&str, &str)]) -> (String, String) {
        let decisions = decisions.iter().map(|(name, option)| (String::from(*name), String::from(*option))).collect();
        let options = Options { decisions, ..Options::default() };
        let error = options.check_decisions(&program()).unwrap_err();
        assert_eq!(error.exit, exit::USAGE);
        (error.message, error.help.unwrap_or_default())
    }

    #[test]
    fn decisions_are_complete_and_fit_the_plan() {
        let said = |message: &str, help: &str| (String::from(message), String::from(help));
        assert_eq!(
            refusal(&[]),
            said("nobody has decided `firewalls`", "--given firewalls=included|excluded    firewalls?")
        );
        assert_eq!(
            refusal(&[("firewalls", "open")]),
            said("`firewalls` cannot be `open`", "one of: included, excluded")
        );
        assert_eq!(
            refusal(&[("firewall", "included")]),
            said("the plan has no decision `firewall`", "did you mean `firewalls`?")
        );
        assert_eq!(refusal(&[("zebra", "")]), said("the plan has no decision `zebra`", "it has `firewalls`"));
        assert_eq!(
            refusal(&[("firewalls", "included"), ("firewalls", "excluded")]),
            said("`firewalls` is decided twice", "")
        );
        assert_eq!(refusal(&[("operating(tokyo)", "yes")]).0, "`operating(tokyo)` is not decided in advance");
        let right = vec![("firewalls".into(), "included".into())];
        Options { decisions: right, ..Options::default() }.check_decisions(&program()).unwrap();
    }

    #[test]
    fn answers_are_for_steps_that_ask() {
        let refusal = |step: &str, answer: &str| {
            let options = Options { answers: vec![(step.into(), answer.into())], ..Options::default() };
            options.check_answers(&program()).unwrap_err().message
        };
        assert_eq!(refusal("stopp", "yes"), "the plan has no step `stopp`");
        assert_eq!(refusal("end", "yes"), "`end` asks nothing");
        assert_eq!(refusal("stop", "perhaps"), "`stop` cannot be answered with `perhaps`");
        assert_eq!(unknown_step(&program(), "stopp").help.as_deref(), Some("did you mean `stop`?"));
    }
}
