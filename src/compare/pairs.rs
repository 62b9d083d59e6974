//! Which instruction of the new version is which of the old one: the one of the same name, else the one that does the
//! same, else the one whose heading is the same.

use super::blocks::{is_meeting, is_step};
use crate::bytecode::{Instr, InstrId, Names, Op, Program};
use std::collections::HashMap;

/// The instructions of two programs that correspond to each other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pairs {
    to_new: Vec<Option<InstrId>>,
    to_old: Vec<Option<InstrId>>,
}

impl Pairs {
    /// What an instruction of the old version is in the new one.
    pub fn new_of(&self, old: InstrId) -> Option<InstrId> {
        self.to_new.get(old.index()).copied().flatten()
    }

    /// What an instruction of the new version was in the old one.
    pub fn old_of(&self, new: InstrId) -> Option<InstrId> {
        self.to_old.get(new.index()).copied().flatten()
    }

    pub(super) fn of(old: &Program, new: &Program) -> Pairs {
        let mut pairs = Pairs { to_new: vec![None; old.code.len()], to_old: vec![None; new.code.len()] };
        let (old, new) = (Deeds::of(old), Deeds::of(new));
        // The beginning and the end of the plan, whatever it is called.
        pairs.join(&old, &new, |_, i| i.name.ends_with(".begin").then(|| String::from("begin")));
        pairs.join(&old, &new, |_, i| matches!(i.op, Op::End).then(|| String::from("end")));
        pairs.join(&old, &new, |_, i| (!is_meeting(i)).then(|| format!("{} {}", i.name, is_step(i))));
        pairs.join(&old, &new, |deeds, i| is_step(i).then(|| format!("{}\n{}", deeds.place(i), deeds.deed(i))));
        pairs.join(&old, &new, |deeds, i| is_step(i).then(|| deeds.deed(i)));
        pairs.join(&old, &new, |_, i| {
            (is_step(i) && !i.title.is_empty()).then(|| format!("{}\n{}", i.op.mnemonic(), i.title))
        });
        pairs.blocks(&old, &new);
        pairs
    }

    /// Pairs what has the same key in both and has no counterpart yet, in order.
    fn join(&mut self, old: &Deeds<'_>, new: &Deeds<'_>, key: impl Fn(&Deeds<'_>, &Instr) -> Option<String>) {
        let mut free: HashMap<String, Vec<InstrId>> = HashMap::new();
        for (id, instr) in old.rest(&self.to_new).rev() {
            if let Some(key) = key(old, instr) {
                free.entry(key).or_default().push(id);
            }
        }
        let found: Vec<(InstrId, InstrId)> = new
            .rest(&self.to_old)
            .filter_map(|(id, instr)| Some((free.get_mut(&key(new, instr)?)?.pop()?, id)))
            .collect();
        found.into_iter().for_each(|(old, new)| self.pair(old, new));
    }

    /// A block of another name is the one in which the same stands first.
    fn blocks(&mut self, old: &Deeds<'_>, new: &Deeds<'_>) {
        let enters: Vec<InstrId> =
            new.rest(&self.to_old).filter(|(_, i)| matches!(i.op, Op::Enter)).map(|(id, _)| id).collect();
        for id in enters.into_iter().rev() {
            let first = InstrId::at(id.index() + 1);
            let before = self.old_of(first).and_then(|f| f.index().checked_sub(1)).map(InstrId::at);
            let Some(before) = before.filter(|b| self.new_of(*b).is_none()) else { continue };
            let (Some(was), Some(is)) = (old.instr(before), new.instr(id)) else { continue };
            if matches!(was.op, Op::Enter) && !is_meeting(was) && !is_meeting(is) {
                self.pair(before, id);
                for end in [".exit", ".join"] {
                    let of = |deeds: &Deeds<'_>, enter: &Instr| deeds.named(&format!("{}{end}", enter.name));
                    if let (Some(was), Some(is)) = (of(old, was), of(new, is)) {
                        self.pair(was, is);
                    }
                }
            }
        }
    }

    fn pair(&mut self, old: InstrId, new: InstrId) {
        if let (Some(to_new), Some(to_old)) = (self.to_new.get_mut(old.index()), self.to_old.get_mut(new.index())) {
            (*to_new, *to_old) = (Some(new), Some(old));
        }
    }
}

/// What the instructions of a program do.
struct Deeds<'p> {
    program: &'p Program,
    names: Names<'p>,
    by_name: HashMap<&'p str, InstrId>,
}

impl<'p> Deeds<'p> {
    fn of(program: &'p Program) -> Deeds<'p> {
        let by_name = program.code.iter().enumerate().map(|(i, instr)| (instr.name.as_str(), InstrId::at(i)));
        Deeds { program, names: Names::of(program), by_name: by_name.collect() }
    }

    fn instr(&self, id: InstrId) -> Option<&'p Instr> {
        self.program.code.get(id.index())
    }

    fn named(&self, name: &str) -> Option<InstrId> {
        self.by_name.get(name).copied()
    }

    /// The instructions without a counterpart.
    fn rest(&self, pairs: &[Option<InstrId>]) -> impl DoubleEndedIterator<Item = (InstrId, &'p Instr)> {
        let free: Vec<_> = self.program.code.iter().enumerate().zip(pairs).filter(|(_, pair)| pair.is_none()).collect();
        free.into_iter().map(|((i, instr), _)| (InstrId::at(i), instr))
    }

    fn place(&self, instr: &Instr) -> String {
        instr.host.map_or_else(String::new, |machine| self.names.machine(machine))
    }

    /// What it runs or says, and what it makes so.
    fn deed(&self, instr: &Instr) -> String {
        let text = match &instr.op {
            Op::Delay { ms } => format!("for {ms} ms"),
            Op::Assume { why } => why.clone(),
            Op::Ask { question: text, .. } | Op::Tell { text } => self.names.template(text),
            op => op.command().map_or_else(String::new, |command| self.names.template(&command.script)),
        };
        let effects: Vec<String> = instr.effects.iter().map(|e| self.names.effect(e)).collect();
        format!("{}\n{text}\n{}", instr.op.mnemonic(), effects.join("\n"))
    }
}
