//! What commands are made of: names of variables, patterns, time limits and repetitions, all within limits.

use crate::base::limits;
use crate::bytecode::{Op, Program};
use crate::calculus::{Command, Sign, check_pattern};
use crate::verify::finding::Findings;
use std::collections::HashSet;

pub(super) fn check(p: &Program, found: &mut Findings) {
    let mut patterns = HashSet::new();
    for instr in &p.code {
        found.check_at(instr, times(&instr.op));
        if let Some(command) = instr.op.command() {
            found.check_at(instr, variables(command));
            found.check_at(instr, signs(command));
            patterns.extend(patterns_of(command));
        }
        if patterns.len() > limits::PATTERNS {
            return found.table(format!("the program has more than {} different patterns", limits::PATTERNS));
        }
    }
    let mut patterns: Vec<&str> = patterns.into_iter().collect();
    patterns.sort_unstable();
    for text in patterns {
        found.check(|| format!("the pattern {text:?}"), check_pattern(text));
    }
}

/// Whether a shell can have a variable of this name: letters, digits and underscores, no digit first.
pub(super) fn variable_name(name: &str) -> Result<(), String> {
    let letter = |b: u8| b == b'_' || b.is_ascii_alphabetic();
    let fits = name.bytes().next().is_some_and(letter) && name.bytes().all(|b| letter(b) || b.is_ascii_digit());
    if fits { Ok(()) } else { Err(format!("`{name}` is not the name of a variable")) }
}

fn variables(command: &Command) -> Result<(), String> {
    let mut names = HashSet::new();
    for var in &command.env {
        variable_name(&var.name)?;
        if !names.insert(&var.name) {
            return Err(format!("the variable `{}` is set twice", var.name));
        }
    }
    Ok(())
}

fn signs(command: &Command) -> Result<(), String> {
    let empty = command.meanings.iter().any(|m| matches!(&m.sign, Sign::Exit(codes) if codes.is_empty()));
    if empty { Err(String::from("a meaning is given to no exit code")) } else { Ok(()) }
}

fn patterns_of(command: &Command) -> impl Iterator<Item = &str> {
    let signs = command.meanings.iter().filter_map(|m| match &m.sign {
        Sign::Output(pattern) => Some(pattern.as_str()),
        Sign::Exit(_) => None,
    });
    signs.chain(command.captures.iter().filter_map(|c| c.pattern.as_deref()))
}

fn times(op: &Op) -> Result<(), String> {
    let limited = |what: &str, ms: u64, least: u64| match ms {
        ms if ms < least => Err(format!("its {what} is zero")),
        ms if ms > limits::TIME_MS => Err(format!("its {what} is longer than 30 days")),
        _ => Ok(()),
    };
    if let Some(command) = op.command() {
        command.within_ms.iter().try_for_each(|&ms| limited("time limit", ms, 1))?;
        if command.kill && command.within_ms.is_none() {
            return Err(String::from("it is killed at the end of a time limit that it does not have"));
        }
    }
    match op {
        Op::Run { retries, every_ms, .. } => {
            if *retries > limits::RETRIES {
                return Err(format!("{retries} repetitions are more than {}", limits::RETRIES));
            }
            limited("pause", *every_ms, 0)
        }
        Op::Wait { every_ms, .. } => limited("pause", *every_ms, 1),
        Op::Delay { ms } => limited("duration", *ms, 0),
        _ => Ok(()),
    }
}
