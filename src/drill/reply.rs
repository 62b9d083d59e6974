//! What a simulated command prints and exits with, so that the executor takes it for what it is meant to be.

use super::fabricate;
use crate::bytecode::{Instr, Program};
use crate::calculus::{Command, Sign, Verdict};
use crate::run::{Exit, Fate, Finished, Output, Reading, Tail};

/// How a command ends.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reply {
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub text: String,
}

impl Reply {
    /// With an exit code alone.
    pub fn code(code: i32) -> Reply {
        Reply { code, text: String::new() }
    }

    /// As the driver is told of it.
    pub fn finished(&self) -> Finished {
        let stdout = Tail { bytes: self.text.clone().into_bytes(), cut: false };
        Finished { fate: Fate::Ended(Exit::Code(self.code)), stdout, ..Finished::default() }
    }
}

/// The two ends of one command.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ends {
    /// It worked; for a probe: yes.
    pub good: Reply,
    /// It did not; for a probe: no.
    pub bad: Reply,
}

/// The ends of the commands of a program, by instruction.
#[derive(Clone, Debug)]
pub struct Replies(Vec<Ends>);

impl Replies {
    /// Makes up the ends of all commands. Where nothing can be made up, zero and one have to do.
    pub fn of(program: &Program) -> Replies {
        Replies(program.code.iter().map(|i| i.op.command().map_or_else(Ends::default, ends)).collect())
    }

    /// The ends of an instruction's command.
    pub fn at(&self, index: usize) -> &Ends {
        static NONE: Ends =
            Ends { good: Reply { code: 0, text: String::new() }, bad: Reply { code: 1, text: String::new() } };
        self.0.get(index).unwrap_or(&NONE)
    }

    /// The first instruction, by index, whose command cannot be made to succeed.
    pub fn hopeless(&self, program: &Program) -> Option<usize> {
        let fails = |(index, instr): (usize, &Instr)| {
            instr.op.command().is_some_and(|command| !worked(command, &self.at(index).good))
        };
        program.code.iter().enumerate().position(fails)
    }
}

fn ends(command: &Command) -> Ends {
    let kept: Vec<String> = command
        .captures
        .iter()
        .map(|c| c.pattern.as_ref().map_or_else(|| Some(String::from("simulated")), |p| fabricate::line(p)))
        .map(Option::unwrap_or_default)
        .collect();
    let kept = kept.join("\n");
    let good = replies(command, &kept, |v| matches!(v, Verdict::Success | Verdict::Warning));
    let bad = (1..=125).map(Reply::code).chain(replies(command, "", |v| *v == Verdict::Failure).collect::<Vec<_>>());
    Ends {
        good: good.into_iter().find(|r| worked(command, r)).unwrap_or_default(),
        bad: bad.into_iter().find(|r| matches!(reading(command, r), Reading::Failed(_))).unwrap_or(Reply::code(1)),
    }
}

/// Replies that may have a meaning of this sort; plain success first.
fn replies<'c>(
    command: &'c Command,
    kept: &'c str,
    fits: impl Fn(&Verdict) -> bool + 'c,
) -> impl Iterator<Item = Reply> + 'c {
    let plain = Reply { code: 0, text: kept.to_owned() };
    let signs = command.meanings.iter().filter(move |m| fits(&m.verdict)).flat_map(move |m| match &m.sign {
        Sign::Exit(codes) => codes.iter().map(|c| Reply { code: i32::from(*c), text: kept.to_owned() }).collect(),
        Sign::Output(pattern) => {
            let line = fabricate::line(pattern).unwrap_or_default();
            vec![Reply { code: 0, text: format!("{kept}\n{line}") }, Reply { code: 1, text: line }]
        }
    });
    std::iter::once(plain).chain(signs)
}

fn output(reply: &Reply) -> Output {
    Output { exit: Some(Exit::Code(reply.code)), stdout: reply.text.clone(), ..Output::default() }
}

fn reading(command: &Command, reply: &Reply) -> Reading {
    output(reply).read(command)
}

fn worked(command: &Command, reply: &Reply) -> bool {
    matches!(reading(command, reply), Reading::Worked(_)) && output(reply).capture(&command.captures).is_ok()
}
