//! The parts of a program by the names people know: `ec_address is ec2`, `firewalls is included and not ok(stop)`.
//!
//! Works on any program, also one that nobody has verified: what an index does not reach is shown as `?7`.

use crate::base::limits;
use crate::bytecode::{Guard, GuardId, InstrId, Program};
use crate::calculus::{
    AtomId, CellId, CellKind, Change, Effect, MachineId, Piece, Requirement, SecretId, Template, ValueId,
};
use std::fmt::Write;

/// Longest text of a condition that is repeated inside another one or at an instruction; longer ones go by number.
const SHORT: usize = 72;

/// Names of a program.
pub struct Names<'p> {
    program: &'p Program,
    guards: Vec<String>,
}

impl<'p> Names<'p> {
    /// Reads the names of a program.
    pub fn of(program: &'p Program) -> Names<'p> {
        let mut names = Names { program, guards: Vec::new() };
        let mut bytes = 0;
        for guard in &program.guards {
            let text = if bytes < limits::LISTING_BYTES { names.condition(guard) } else { String::from("…") };
            bytes += text.len();
            names.guards.push(text);
        }
        names
    }

    /// A machine.
    pub fn machine(&self, id: MachineId) -> String {
        known(self.program.machines.get(id.index()).map(|m| m.name.as_str()), id.0)
    }

    /// A cell.
    pub fn cell(&self, id: CellId) -> String {
        known(self.program.cells.get(id.index()).map(|c| c.name.as_str()), id.0)
    }

    /// An atom.
    pub fn atom(&self, id: AtomId) -> String {
        known(self.program.atoms.get(id.index()).map(|a| a.name.as_str()), id.0)
    }

    /// A value.
    pub fn value(&self, id: ValueId) -> String {
        known(self.program.values.get(id.index()).map(|v| v.name.as_str()), id.0)
    }

    /// A secret.
    pub fn secret(&self, id: SecretId) -> String {
        known(self.program.secrets.get(id.index()).map(|s| s.name.as_str()), id.0)
    }

    /// An instruction.
    pub fn instr(&self, id: InstrId) -> String {
        known(self.program.code.get(id.index()).map(|i| i.name.as_str()), id.0)
    }

    /// Every guard's text, by index.
    pub fn guards(&self) -> &[String] {
        &self.guards
    }

    /// A condition, or its number where the text would be long.
    pub fn guard(&self, id: GuardId) -> String {
        match self.guards.get(id.index()) {
            Some(text) if text.len() <= SHORT => text.clone(),
            Some(_) => format!("g{}", id.0),
            None => format!("?{}", id.0),
        }
    }

    /// The values of a mask: `up or down`.
    pub fn values(&self, cell: CellId, mask: u64) -> String {
        let bits = (0..64).filter(|v| mask & (1 << v) != 0);
        joined(bits.map(|v| self.cell_value(cell, v)), " or ")
    }

    /// `cf is normal`; of a thing that is somewhere, `ec_address on ec2`.
    pub fn requirement(&self, r: &Requirement) -> String {
        let place = self.program.cells.get(r.cell.index()).is_some_and(|c| matches!(c.kind, CellKind::Place { .. }));
        let verb = if place { "on" } else { "is" };
        format!("{} {verb} {}", self.cell(r.cell), self.values(r.cell, r.allowed))
    }

    /// `ec_address := ec2`
    pub fn effect(&self, e: &Effect) -> String {
        let verb = if e.exclusive { "acquires " } else { "" };
        let cell = self.cell(e.cell);
        match e.change {
            Change::Set(v) => format!("{verb}{cell} := {}", self.cell_value(e.cell, v)),
            Change::Move { from, to } => {
                format!("{verb}{cell} := {} if {}", self.cell_value(e.cell, to), self.cell_value(e.cell, from))
            }
        }
    }

    /// A text with its holes by name: `harestore {{how}}`.
    pub fn template(&self, template: &Template) -> String {
        let mut out = String::new();
        for piece in template.0.iter().take(limits::ROW_BYTES) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(id) => _ = write!(out, "{{{{{}}}}}", self.value(*id)),
            }
        }
        out
    }

    fn cell_value(&self, cell: CellId, value: u8) -> String {
        let values = self.program.cells.get(cell.index()).map(|c| c.values.as_slice());
        known(values.and_then(|v| v.get(usize::from(value))).map(String::as_str), u32::from(value))
    }

    fn condition(&self, guard: &Guard) -> String {
        match guard {
            Guard::Is { atom, option } => {
                let options = self.program.atoms.get(atom.index()).map(|a| a.options.as_slice());
                let answer = options.and_then(|o| o.get(usize::from(*option))).map(String::as_str);
                format!("{} is {}", self.atom(*atom), known(answer, u32::from(*option)))
            }
            Guard::Not(id) => format!("not {}", self.operand(*id)),
            Guard::All(of) if of.len() > 1 => joined(of.iter().map(|g| self.operand(*g)), " and "),
            Guard::Any(of) if of.len() > 1 => joined(of.iter().map(|g| self.operand(*g)), " or "),
            other => {
                let mut operands = Vec::new();
                other.each_operand(&mut |_, operand| operands.push(operand.text(self)));
                let name = other.mnemonic().to_lowercase();
                if operands.is_empty() { name } else { format!("{name}({})", operands.join(" of ")) }
            }
        }
    }

    fn operand(&self, id: GuardId) -> String {
        match self.program.guards.get(id.index()) {
            Some(Guard::All(_) | Guard::Any(_)) => format!("({})", self.guard(id)),
            _ => self.guard(id),
        }
    }
}

/// Texts in a row, as far as [`limits::ROW_BYTES`].
pub(super) fn joined(texts: impl Iterator<Item = String>, between: &str) -> String {
    let mut row = String::new();
    for (i, text) in texts.enumerate() {
        row.push_str(if i > 0 { between } else { "" });
        if row.len() > limits::ROW_BYTES {
            row.push('…');
            break;
        }
        row.push_str(&text);
    }
    row
}

/// A text on one line, without characters that would do something to a terminal.
pub(super) fn plain(text: &str) -> String {
    if text.chars().any(|c| c.is_control()) { text.escape_debug().to_string() } else { text.to_owned() }
}

fn known(name: Option<&str>, index: u32) -> String {
    match name {
        Some(name) if name.len() > limits::MENTION => {
            plain(&name.chars().take(limits::MENTION - 1).chain(['…']).collect::<String>())
        }
        Some(name) => plain(name),
        None => format!("?{index}"),
    }
}

/// A condition as people say it: `stop succeeded` for `ok(stop)`.
pub fn spoken(condition: &str) -> String {
    let mut out = String::new();
    let mut rest = condition;
    while let Some((before, after)) = rest.split_once("ok(") {
        let Some((step, after)) = after.split_once(')') else { break };
        match before.strip_suffix("not ") {
            Some(before) => out.push_str(&format!("{before}{step} did not succeed")),
            None => out.push_str(&format!("{before}{step} succeeded")),
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::spoken;

    #[test]
    fn conditions_are_said_in_words() {
        assert_eq!(
            spoken("not ok(stop) and (ok(a[b].c~2) or x is yes)"),
            "stop did not succeed and (a[b].c~2 succeeded or x is yes)"
        );
        assert_eq!(spoken("always"), "always");
    }
}
