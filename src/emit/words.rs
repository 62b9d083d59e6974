//! Conditions, reasons, durations and things in words, the same wherever a plan is shown.

use crate::calculus::{
    AtomId, AtomSource, CellId, Change, Effect, MachineId, Requirement, Template, ValueId, ValueSource,
};
use crate::model::{Item, Region, Rung, Step};
use crate::order::{Block, Dag, Formula, GuardIx, Keeper, NodeId, Outline, Reason, Skipped, Stated, What, Why};

/// A plan and what is known of it.
pub struct Words<'a> {
    /// The plan in written order.
    pub outline: &'a Outline<'a>,
    /// What waits for what.
    pub dag: &'a Dag,
    /// What does not run.
    pub skipped: &'a Skipped,
}

impl<'a> Words<'a> {
    /// What people call a machine.
    pub fn machine(&self, id: MachineId) -> &'a str {
        self.outline.plan.machines.get(id.index()).map_or("?", |m| m.name.as_str())
    }

    /// What people call a cell.
    pub fn cell(&self, id: CellId) -> &'a str {
        self.outline.plan.cells.get(id.index()).map_or("?", |c| c.name.as_str())
    }

    pub(super) fn value(&self, id: ValueId) -> &'a str {
        self.outline.plan.values.get(id.index()).map_or("?", |v| v.name.as_str())
    }

    pub(super) fn atom(&self, id: AtomId) -> &'a str {
        self.outline.plan.atoms.get(id.index()).map_or("?", |a| a.name.as_str())
    }

    /// One of the answers of an atom.
    pub fn answer(&self, atom: AtomId, option: u8) -> &'a str {
        let options = self.outline.plan.atoms.get(atom.index()).map(|a| a.options.as_slice());
        options.and_then(|o| o.get(usize::from(option))).map_or("?", String::as_str)
    }

    /// One of the values of a cell.
    pub fn cell_value(&self, cell: CellId, value: u8) -> &'a str {
        let values = self.outline.plan.cells.get(cell.index()).map(|c| c.values.as_slice());
        values.and_then(|v| v.get(usize::from(value))).map_or("?", String::as_str)
    }

    /// `services on rm_osaka`, `cf is normal or prepared`
    pub fn requirement(&self, r: &Requirement) -> String {
        let cell = self.outline.plan.cells.get(r.cell.index());
        cell.map_or_else(|| String::from("?"), |c| c.says(r.allowed))
    }

    /// What is so after an effect that does not depend on what was before: `rm1 is down`.
    pub fn fact(&self, effect: &Effect) -> Option<String> {
        match effect.change {
            Change::Set(value) => {
                Some(self.requirement(&Requirement { cell: effect.cell, allowed: 1 << (value & 63) }))
            }
            Change::Move { .. } => None,
        }
    }

    /// A text with its holes by name: `harestore {{how}}`.
    pub(super) fn template(&self, template: &Template) -> String {
        template.render(|v| format!("{{{{{}}}}}", self.value(v)))
    }

    /// Why one node follows another, to stand behind the name of the earlier one.
    pub(super) fn reason(&self, reason: Reason) -> String {
        match reason {
            Reason::Begin => String::from("it begins the block"),
            Reason::End => String::from("it belongs to the block"),
            Reason::Meet => String::from("several steps follow all of them"),
            Reason::KeptByEarlier(keeper) => String::from(match keeper {
                Keeper::Block => "a block ends before what follows it begins",
                Keeper::Opaque => "its effects are not declared",
                Keeper::Ask => "it asks the operator",
                Keeper::Tell => "it tells the operator",
                Keeper::Wait => "it waits",
                Keeper::Delay => "it lets time pass",
            }),
            Reason::KeptByLater(keeper) => String::from(match keeper {
                Keeper::Block => "a block begins when everything before it has ended",
                Keeper::Opaque => "the effects of this step are not declared",
                Keeper::Ask => "this step asks the operator",
                Keeper::Tell => "this step tells the operator how far things are",
                Keeper::Wait => "this step waits",
                Keeper::Delay => "this step lets time pass",
            }),
            Reason::Operator => String::from("both speak with the operator"),
            Reason::Machine(machine) => format!("both run on {}", self.machine(machine)),
            Reason::Fence { machine, cell } => {
                format!("a command given up on {} may still change {}", self.machine(machine), self.cell(cell))
            }
            Reason::Conflict { cell, .. } => format!("both concern {}", self.cell(cell)),
            Reason::ProbeRead(atom) => format!("{} is read first", self.atom(atom)),
            Reason::Ladder => String::from("this is tried when it is not possible or does not work"),
            Reason::Finally => String::from("this is done whatever becomes of it"),
            Reason::Condition(_) => String::from("a condition asks about it"),
            Reason::Value(value) => format!("{} comes from it", self.value(value)),
            Reason::After(_) => String::from("it is written so"),
        }
    }

    /// The stable name of a kind of reason.
    pub(super) fn reason_kind(reason: Reason) -> &'static str {
        match reason {
            Reason::Begin => "begin",
            Reason::End => "end",
            Reason::Meet => "meet",
            Reason::KeptByEarlier(_) => "kept_by_earlier",
            Reason::KeptByLater(_) => "kept_by_later",
            Reason::Operator => "operator",
            Reason::Machine(_) => "machine",
            Reason::Fence { .. } => "fence",
            Reason::Conflict { .. } => "conflict",
            Reason::ProbeRead(_) => "probe",
            Reason::Ladder => "otherwise",
            Reason::Finally => "finally",
            Reason::Condition(_) => "condition",
            Reason::Value(_) => "value",
            Reason::After(_) => "after",
        }
    }

    /// A few characters for an edge of a drawing; empty for block structure.
    pub(super) fn reason_label(&self, reason: Reason) -> String {
        match reason {
            Reason::Begin | Reason::End | Reason::Meet => String::new(),
            Reason::KeptByEarlier(k) | Reason::KeptByLater(k) => String::from(match k {
                Keeper::Block => "",
                Keeper::Opaque => "opaque",
                Keeper::Ask => "ask",
                Keeper::Tell => "tell",
                Keeper::Wait => "wait",
                Keeper::Delay => "delay",
            }),
            Reason::Operator => String::from("operator"),
            Reason::Machine(machine) => String::from(self.machine(machine)),
            Reason::Fence { cell, .. } | Reason::Conflict { cell, .. } => String::from(self.cell(cell)),
            Reason::ProbeRead(_) => String::from("read first"),
            Reason::Ladder => String::from("otherwise"),
            Reason::Finally => String::from("finally"),
            Reason::Condition(_) => String::from("condition"),
            Reason::Value(value) => String::from(self.value(value)),
            Reason::After(_) => String::from("after"),
        }
    }

    /// Why a node does not run: `firewalls are excluded`. `None` if it may run.
    pub fn skipped(&self, node: NodeId) -> Option<String> {
        match self.skipped.why(node)? {
            Why::Follows => Some(match self.dag.node(node).map(|n| &n.what) {
                Some(What::Join(..)) => String::from("none of its attempts runs"),
                _ => String::from("what it depends on is skipped"),
            }),
            Why::Condition(holder, index) => {
                let stated = self.dag.node(holder).and_then(|n| n.conditions.get(index))?;
                Some(self.falsified(stated))
            }
        }
    }

    /// What makes a condition false: the answers that it asks about, else the skipped steps, else the condition itself.
    fn falsified(&self, stated: &Stated) -> String {
        let (mut atoms, mut nodes) = (Vec::new(), Vec::new());
        self.asked(stated.guard, &mut atoms, &mut nodes);
        let known = |atom: &AtomId| {
            let (name, answer) = (self.atom(*atom), self.answer(*atom, self.skipped.decision(*atom)?));
            let are = stated.text.contains(&format!("{name} are "));
            Some(match answer {
                "yes" | "no" => format!("{name}: {answer}"),
                _ => format!("{name} {} {answer}", if are { "are" } else { "is" }),
            })
        };
        let answers: Vec<String> = atoms.iter().filter_map(known).collect();
        if !answers.is_empty() {
            return answers.join(", ");
        }
        nodes.retain(|n| self.skipped.contains(*n));
        match nodes.first() {
            Some(node) => format!("{} is skipped", self.name(*node)),
            None => format!("never the case: {}", stated.text),
        }
    }

    /// What is asked for a condition, where the names of its answers do not say it: `operating(tokyo): the site is operating`.
    pub(super) fn questions(&self, guard: GuardIx) -> Vec<String> {
        let (mut atoms, mut nodes) = (Vec::new(), Vec::new());
        self.asked(guard, &mut atoms, &mut nodes);
        let atoms = atoms.iter().filter_map(|id| self.outline.plan.atoms.get(id.index()));
        atoms.filter(|a| a.source == AtomSource::Probe).map(|a| format!("{}: {}", a.name, a.question)).collect()
    }

    /// A condition in words: `firewalls: included and not (stop succeeded)`.
    pub(super) fn condition(&self, guard: GuardIx) -> String {
        let joined = |parts: &[GuardIx], between: &str| {
            let each: Vec<String> = parts.iter().map(|p| self.operand(*p)).collect();
            each.join(between)
        };
        match self.dag.guards().get(guard) {
            Formula::Always => String::from("always"),
            Formula::Never => String::from("never"),
            Formula::Is(atom, option) => format!("{} is {}", self.atom(*atom), self.answer(*atom, *option)),
            Formula::Ok(node) => format!("{} succeeded", self.name(*node)),
            Formula::Not(inner) => format!("not {}", self.operand(*inner)),
            Formula::All(parts) => joined(parts, " and "),
            Formula::Any(parts) => joined(parts, " or "),
            Formula::AtMost(count, parts) => format!("at most {count} of {}", joined(parts, ", ")),
        }
    }

    fn operand(&self, guard: GuardIx) -> String {
        match self.dag.guards().get(guard) {
            Formula::All(_) | Formula::Any(_) | Formula::AtMost(..) => format!("({})", self.condition(guard)),
            _ => self.condition(guard),
        }
    }

    /// Where a value comes from that is known only while the plan runs.
    pub(super) fn origin(&self, value: ValueId) -> String {
        match self.outline.plan.values.get(value.index()).map(|v| &v.source) {
            None => String::from("?"),
            Some(ValueSource::Captured { by }) => {
                format!("from the output of {}", self.outline.step(*by).map_or("?", |s| s.name.as_str()))
            }
            Some(ValueSource::Picked { cases, otherwise }) => {
                let cases = self.dag.choices(value).iter().zip(cases);
                let cases: Vec<String> =
                    cases.map(|(guard, (_, text))| format!("\"{text}\" if {}", self.condition(*guard))).collect();
                format!("{}, else \"{otherwise}\"", cases.join(", "))
            }
        }
    }

    /// The atoms and nodes that a condition asks about, each once.
    fn asked(&self, guard: GuardIx, atoms: &mut Vec<AtomId>, nodes: &mut Vec<NodeId>) {
        match self.dag.guards().get(guard) {
            Formula::Always | Formula::Never => {}
            Formula::Is(atom, _) if !atoms.contains(atom) => atoms.push(*atom),
            Formula::Ok(node) if !nodes.contains(node) => nodes.push(*node),
            Formula::Is(..) | Formula::Ok(_) => {}
            Formula::Not(inner) => self.asked(*inner, atoms, nodes),
            Formula::All(parts) | Formula::Any(parts) | Formula::AtMost(_, parts) => {
                parts.iter().for_each(|p| self.asked(*p, atoms, nodes));
            }
        }
    }

    /// What people call a node: a step by its name, the end of a block by that of the block.
    pub(super) fn name(&self, node: NodeId) -> String {
        let Some(node) = self.dag.node(node) else { return String::new() };
        match &node.what {
            What::Enter(Block::Region(key) | Block::Rung(key, _) | Block::Finally(key))
            | What::Exit(Block::Region(key) | Block::Rung(key, _) | Block::Finally(key))
            | What::Join(key, _) => {
                self.outline.region(*key).map_or_else(String::new, |r| String::from(region_name(r)))
            }
            _ => self.outline.node_name(node),
        }
    }
}

/// What people call a region: its own name, or for one that the compiler made, that of the step it is made of.
pub(super) fn region_name(region: &Region) -> &str {
    if !is_made(region) {
        return &region.name;
    }
    region.name.rsplit_once('.').map_or(region.name.as_str(), |(step, _)| step)
}

/// Whether the compiler made the region, around a step with `otherwise` or `finally`, a target or a member of a set.
pub(super) fn is_made(region: &Region) -> bool {
    region.title.is_empty() && region.name.contains(['.', '='])
}

/// Whether an attempt is one more copy of the first, made by `retry from`.
pub(super) fn is_copy(rung: &Rung, number: usize) -> bool {
    let suffix = format!("~{}", number + 1);
    number > 0 && rung.items.first().is_some_and(|i| crate::order::name(i).contains(&suffix))
}

/// The step that an item is, or that is all there is in it.
pub(super) fn only_step(item: &Item) -> Option<&Step> {
    match item {
        Item::Step(step) => Some(step),
        Item::Region(region) if is_made(region) && region.finally.is_empty() && region.conditions.is_empty() => {
            match region.rungs.as_slice() {
                [rung] => match rung.items.as_slice() {
                    [item] => only_step(item),
                    _ => None,
                },
                _ => None,
            }
        }
        Item::Region(_) | Item::Group(_) => None,
    }
}

/// A script without the indentation that its lines have in common, and without empty lines around it.
pub(super) fn dedented(script: &str) -> String {
    let script = script.trim_matches('\n').trim_end();
    let blank = |l: &str| l.len() - l.trim_start().len();
    let common = script.lines().filter(|l| !l.trim().is_empty()).map(blank).min().unwrap_or(0);
    let lines: Vec<&str> = script.lines().map(|l| l.get(common..).unwrap_or("")).collect();
    lines.join("\n")
}

/// A digest as people compare it.
pub(super) fn hexadecimal(digest: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*digest).to_hex().to_string()
}

/// `a, b and c`
pub(super) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    match names {
        [] => String::new(),
        [one] => String::from(one.as_ref()),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// Names shown in one list; the rest are counted.
const SHOWN: usize = 6;

/// The first names of a list, and how many more there are.
pub fn some<S: AsRef<str>>(names: &[S]) -> String {
    match names.get(..SHOWN) {
        Some(first) if names.len() > SHOWN + 1 => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {} more", first.join(", "), names.len() - SHOWN)
        }
        _ => listed(names),
    }
}
