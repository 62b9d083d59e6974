//! What a run would do, step by step, before it does it.

use crate::base::duration;
use crate::bytecode::{Guard, Instr, Names, Op, spoken};
use crate::calculus::AtomSource;
use crate::cli::console::{Pane, Style};
use crate::cli::facts::call;
use crate::run::{Guards, Options, Truth, rehearse, writes_secrets};
use crate::verify::Verified;

/// How much of it is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// Which steps, where, when.
    Steps,
    /// And every command.
    Commands,
}

/// Shows what a run with these options would do.
pub fn show(pane: &mut Pane, program: &Verified, options: &Options, detail: Detail) {
    let decisions = &options.decisions;
    let title = pane.styled(Style::Bold, &call(&program.plan, &program.arguments));
    pane.line(format_args!("{title}  {}", program.title));
    for (name, answer) in decisions {
        pane.line(format_args!("  decided  {name}: {answer}"));
    }
    if !program.locks.is_empty() {
        pane.line(format_args!("  locks    {}", program.locks.join(", ")));
    }
    let mut preview = Preview { pane, program, options, names: Names::of(program), guards: Guards::new(program) };
    let wide = program.code.iter().filter(|i| !i.op.is_structure()).map(|i| i.name.len()).max().unwrap_or(0).min(32);
    for instr in program.code.iter().filter(|i| !i.op.is_structure()) {
        preview.step(instr, wide, detail);
    }
}

struct Preview<'p> {
    pane: &'p mut Pane,
    program: &'p Verified,
    options: &'p Options,
    names: Names<'p>,
    guards: Guards,
}

impl Preview<'_> {
    fn step(&mut self, instr: &Instr, wide: usize, detail: Detail) {
        let number = instr.number.map_or_else(String::new, |n| n.to_string());
        let place = instr.host.map_or_else(|| String::from("operator"), |h| self.names.machine(h));
        let what = match &instr.op {
            Op::Probe { .. } => "asks ",
            Op::Wait { .. } => "waits: ",
            _ => "",
        };
        let text = format!("{number:>3} {:<wide$}  {place:<12}  {what}{}", instr.name, instr.title);
        let (decisions, program) = (&self.options.decisions, self.program);
        let truth = self.guards.evaluate(program, instr.guard, |guard| decided(program, decisions, guard));
        if truth == Truth::False {
            let skipped = self.pane.styled(Style::Dim, &format!("{}  (skipped)", text.trim_end()));
            self.pane.line(skipped);
            return;
        }
        self.pane.line(text.trim_end());
        if truth == Truth::Open {
            let condition = self.names.guards().get(instr.guard.index()).map_or("?", String::as_str);
            self.pane.line(format_args!("      only if {}", spoken(condition)));
        }
        if detail == Detail::Commands {
            self.command(instr);
        }
    }

    fn command(&mut self, instr: &Instr) {
        let mut lines = Vec::new();
        match &instr.op {
            Op::Run { .. } | Op::Wait { .. } | Op::Probe { .. } => lines.extend(self.script(instr)),
            Op::Ask { question, answers, gate, .. } => {
                lines.push(self.names.template(question));
                lines.extend(gate.clauses(answers));
                lines.extend(answers.iter().map(|a| format!("{}: {}", a.name, a.label)));
            }
            Op::Tell { text } => lines.push(self.names.template(text)),
            Op::Delay { ms } => lines.push(format!("{} s", ms / 1000)),
            Op::Enter | Op::Exit | Op::Join { .. } | Op::Assume { .. } | Op::End => {}
        }
        for line in lines.iter().flat_map(|text| text.lines()) {
            let line = self.pane.styled(Style::Dim, &format!("      {line}"));
            self.pane.line(line);
        }
    }

    /// Exactly what would run: how the machine is reached, and the script that its shell is given.
    fn script(&self, instr: &Instr) -> Vec<String> {
        let rehearsal = match rehearse(self.program, instr, self.options.ssh_config.as_deref()) {
            Some(Ok(rehearsal)) => rehearsal,
            Some(Err(why)) => return vec![why],
            None => return Vec::new(),
        };
        let way: String = rehearsal.way.iter().map(|word| format!("{} ", quoted(word))).collect();
        let shell = |script: &str| match script.trim_matches('\n') {
            script if script.contains('\n') => {
                std::iter::once(format!("{way}sh -c:")).chain(script.lines().map(|l| format!("  {l}"))).collect()
            }
            script => vec![format!("{way}sh -c: {script}")],
        };
        let mut lines: Vec<String> = shell(&rehearsal.script);
        if let Some(verify) = &rehearsal.verify {
            lines.extend(shell(verify).into_iter().enumerate().map(|(i, line)| match i {
                0 => format!("verify: {line}"),
                _ => format!("        {line}"),
            }));
        }
        let input = writes_secrets(self.program, &rehearsal.secrets, &self.options.directory);
        lines.extend(input.map(|command| format!("reads first, from standard input, what this writes: {command}")));
        lines.extend(rehearsal.limit_ms.map(|ms| format!("within {}, which the machine itself sees to", duration(ms))));
        lines
    }
}

/// A word as one types it in a shell.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), |w| w.into_owned())
}

/// What is known of a condition before the run.
fn decided(program: &Verified, decisions: &[(String, String)], guard: &Guard) -> Truth {
    let Guard::Is { atom, option } = guard else { return Truth::Open };
    let Some(atom) = program.atoms.get(atom.index()).filter(|a| a.source == AtomSource::Decision) else {
        return Truth::Open;
    };
    let answer = decisions.iter().find(|(name, _)| *name == atom.name);
    match answer {
        Some((_, answer)) => Truth::from(atom.options.get(usize::from(*option)) == Some(answer)),
        None => Truth::Open,
    }
}
