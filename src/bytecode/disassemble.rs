//! A program as text for people: its tables, then its code with everything by name.
//!
//! The text is stable, so that tests and reviews can compare it. It is not read back.

use crate::base::limits;
use crate::bytecode::names::{Names, joined, plain};
use crate::bytecode::show::Show;
use crate::bytecode::{GuardId, Instr, Place, Program};
use crate::calculus::{AtomSource, CellId, CellKind, Flags, Reach, SecretSource, ValueSource};
use std::fmt::Write;

/// The program as text; what is beyond [`limits::LISTING_BYTES`] is left out.
pub fn disassemble(program: &Program) -> String {
    let mut out = Listing { names: Names::of(program), program, text: String::new() };
    out.head();
    out.sources();
    out.machines();
    out.cells();
    out.atoms();
    out.guards();
    out.values();
    out.secrets();
    out.code();
    out.text
}

/// The text so far.
pub(super) struct Listing<'p> {
    pub names: Names<'p>,
    program: &'p Program,
    text: String,
}

impl Listing<'_> {
    fn line(&mut self, indent: usize, text: &str) {
        if self.text.len() < limits::LISTING_BYTES {
            _ = writeln!(self.text, "{:indent$}{}", "", text.trim_end());
        }
    }

    /// A line of a table: the index, then what is there.
    fn entry(&mut self, index: usize, text: &str) {
        self.line(0, &format!("{index:4}  {text}"));
    }

    fn title(&mut self, title: &str, count: usize) {
        if count > 0 {
            self.line(0, "");
            self.line(0, title);
        }
    }

    /// A line under an instruction or the head.
    pub fn field(&mut self, name: &str, text: &str) {
        self.line(6, &format!("{name:9} {text}"));
    }

    /// A field that may have several lines, each after the first under it.
    pub fn block(&mut self, name: &str, text: &str) {
        let mut lines = text.split('\n');
        self.field(name, &plain(lines.next().unwrap_or("")));
        lines.for_each(|line| self.field("", &plain(line)));
    }

    fn head(&mut self) {
        let p = self.program;
        self.line(0, &format!("plan {} {:?}", plain(&p.plan), p.title));
        p.arguments.iter().for_each(|(name, value)| self.field("argument", &plain(&format!("{name} = {value}"))));
        self.field("digest", &hex(&p.digest()));
        p.calls.back.iter().for_each(|call| self.field("back", &plain(call)));
        p.rto_ms.iter().for_each(|ms| self.field("rto_ms", &ms.to_string()));
        p.locks.iter().for_each(|lock| self.field("lock", &plain(lock)));
        p.goal.iter().for_each(|goal| self.field("goal", &self.names.requirement(goal)));
        for (cell, why) in &p.accepted {
            self.field("accepts", &format!("loss of {}: {why:?}", self.names.cell(*cell)));
        }
        for hold in &p.holds {
            let on = hold.machine.map_or_else(String::new, |m| format!("on {}: ", self.names.machine(m)));
            self.field("hold", &format!("{on}{:?}", hold.text));
            if !hold.cells.is_empty() {
                self.field("", &joined(hold.cells.iter().map(|c| self.names.cell(*c)), ", "));
            }
        }
        p.ends.iter().for_each(|thing| self.field("ends", &plain(&format!("hold on {thing}"))));
    }

    fn sources(&mut self) {
        self.title("sources", self.program.sources.len());
        for (i, source) in self.program.sources.iter().enumerate() {
            self.entry(i, &format!("{}  {}", plain(&source.path), hex(&source.digest)));
        }
    }

    fn machines(&mut self) {
        self.title("machines", self.program.machines.len());
        for (i, machine) in self.program.machines.iter().enumerate() {
            let mut text = format!("{}  ", plain(&machine.name));
            _ = match &machine.reach {
                Reach::Local => write!(text, "local"),
                Reach::Exec { prefix } => write!(text, "exec {}", plain(&prefix.join(" "))),
                Reach::Ssh { host, user } if user.is_empty() => write!(text, "ssh {}", plain(host)),
                Reach::Ssh { host, user } => write!(text, "ssh {}@{}", plain(user), plain(host)),
            };
            machine.site.iter().for_each(|site| _ = write!(text, "  site {}", plain(site)));
            machine.power.iter().for_each(|&cell| _ = write!(text, "  power {}", self.names.cell(cell)));
            self.entry(i, &text);
        }
    }

    fn cells(&mut self) {
        self.title("cells", self.program.cells.len());
        for (i, cell) in self.program.cells.iter().enumerate() {
            let id = CellId::at(i);
            let kind = match &cell.kind {
                CellKind::Place { .. } => String::from("place"),
                CellKind::Shared { machine } => format!("shared on {}", self.names.machine(*machine)),
                CellKind::State => String::from("state"),
                CellKind::Power { machine } => format!("power of {}", self.names.machine(*machine)),
                CellKind::Configured { machine, of } => {
                    format!("configuration of {} on {}", self.names.cell(*of), self.names.machine(*machine))
                }
            };
            let volatile = if cell.volatile { ", volatile" } else { "" };
            self.entry(i, &format!("{}  {kind}{volatile}: {}", plain(&cell.name), plain(&cell.values.join(", "))));
            if let CellKind::Place { holders } = &cell.kind {
                let holder = |h: &Option<_>| h.map_or_else(|| String::from("-"), |m| self.names.machine(m));
                self.field("holders", &joined(holders.iter().map(holder), ", "));
            }
            self.field("starts", &self.names.values(id, cell.initial));
            self.field("rests", &self.names.values(id, cell.rests));
        }
    }

    fn atoms(&mut self) {
        self.title("atoms", self.program.atoms.len());
        for (i, atom) in self.program.atoms.iter().enumerate() {
            let source = match atom.source {
                AtomSource::Decision => "decision",
                AtomSource::Probe => "probe",
                AtomSource::Answer => "answer",
            };
            let options = plain(&atom.options.join(", "));
            self.entry(i, &format!("{}  {source}: {options}  {:?}", plain(&atom.name), atom.question));
            atom.yes_means.iter().for_each(|r| self.field("yes means", &self.names.requirement(r)));
        }
    }

    fn guards(&mut self) {
        self.title("guards", self.program.guards.len());
        for i in 0..self.names.guards().len() {
            let text = self.names.guards().get(i).cloned().unwrap_or_default();
            self.entry(i, &text);
        }
    }

    fn values(&mut self) {
        self.title("values", self.program.values.len());
        for (i, value) in self.program.values.iter().enumerate() {
            match &value.source {
                ValueSource::Captured { by } => {
                    self.entry(i, &format!("{}  captured by {}", plain(&value.name), self.names.instr(*by)));
                }
                ValueSource::Picked { cases, otherwise } => {
                    self.entry(i, &format!("{}  picked", plain(&value.name)));
                    for (guard, text) in cases {
                        self.field("case", &format!("{text:?} if {}", self.names.guard(*guard)));
                    }
                    self.field("otherwise", &format!("{otherwise:?}"));
                }
            }
        }
    }

    fn secrets(&mut self) {
        self.title("secrets", self.program.secrets.len());
        for (i, secret) in self.program.secrets.iter().enumerate() {
            let (kind, place) = match &secret.source {
                SecretSource::Env(name) => ("variable", name),
                SecretSource::File(path) => ("file", path),
            };
            self.entry(i, &format!("{}  {kind} {}", plain(&secret.name), plain(place)));
        }
    }

    fn code(&mut self) {
        self.title("code", self.program.code.len());
        for (i, instr) in self.program.code.iter().enumerate() {
            let place = self.place(instr.place);
            self.entry(i, &format!("{:6} {}  {place}", instr.op.mnemonic(), plain(&instr.name)));
            self.instr(instr);
        }
    }

    fn instr(&mut self, instr: &Instr) {
        let step = instr.number.map_or_else(String::new, |n| format!("{n} "));
        if instr.number.is_some() || !instr.title.is_empty() {
            self.field("title", &format!("{step}{:?}", instr.title));
        }
        instr.host.iter().for_each(|&host| self.field("on", &self.names.machine(host)));
        if instr.guard != GuardId::ALWAYS {
            self.field("if", &self.names.guard(instr.guard));
        }
        instr.needs.show("needs", self);
        instr.waits.show("waits", self);
        instr.requires.iter().for_each(|r| self.field("requires", &self.names.requirement(r)));
        instr.effects.iter().for_each(|e| self.field("effect", &self.names.effect(e)));
        instr.fences.iter().for_each(|&m| self.field("fences", &self.names.machine(m)));
        instr.loses.iter().for_each(|&c| self.field("loses", &self.names.cell(c)));
        instr.op.each_operand(&mut |name, operand| operand.show(name, self));
        let flags = flag_names(instr.flags);
        if !flags.is_empty() {
            self.field("flags", &flags.join(" "));
        }
        instr.usually_ms.iter().for_each(|ms| self.field("usually", &format!("{ms} ms")));
    }

    fn place(&self, place: Place) -> String {
        match self.program.sources.get(place.source as usize) {
            _ if place.line == 0 => String::new(),
            Some(source) => format!("{}:{}:{}", plain(&source.path), place.line, place.column),
            None => format!("?{}:{}:{}", place.source, place.line, place.column),
        }
    }
}

fn flag_names(flags: Flags) -> Vec<&'static str> {
    let Flags { tolerated, lingers, finally, idempotent, opaque, commits } = flags;
    let names = [
        (tolerated, "tolerated"),
        (lingers, "lingers"),
        (finally, "finally"),
        (idempotent, "idempotent"),
        (opaque, "opaque"),
        (commits, "commits"),
    ];
    names.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect()
}

fn hex(digest: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*digest).to_hex().to_string()
}
