//! From a plan and its arguments to the resolved plan: names, types, sets unfolded, blocks desugared.
//!
//! One way for everything: a plan or action that is checked without arguments is unfolded with open values of its
//! parameters' types, one member standing for every set; the result is thrown away and the findings are kept.

mod actions;
mod blocks;
mod commands;
mod conditions;
mod facts;
mod head;
mod operands;
mod steps;

use crate::base::{Diagnostic, SourceMap, Span};
use crate::calculus::{Atom, AtomId, AtomSource, Cell, CellId, CellKind, Machine, MachineId, Reach};
use crate::model::{Guard, Key, Plan};
use crate::resolve::library::{Library, Param, ThingId};
use crate::resolve::value::Value;
use crate::syntax::tree;
use std::collections::{HashMap, HashSet};

/// What a cell is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum CellKey {
    /// The state of a thing.
    State(ThingId),
    /// Where an exclusive thing is.
    Place(ThingId),
    /// Whether a shared thing is on a machine.
    Shared(ThingId, ThingId),
    /// Whether a machine is up.
    Power(ThingId),
}

/// What a step's name stands for in conditions and `after`.
#[derive(Clone)]
struct Named {
    /// For `after`.
    key: Key,
    /// For `succeeded`.
    ok: Guard,
    /// For `STEP is ANSWER`: the atom of its labelled answers.
    answers: Option<AtomId>,
    span: Span,
}

/// Unfolds one plan.
pub struct Elaborator<'l, 's> {
    library: &'l Library<'s>,
    sources: &'l SourceMap,
    diagnostics: Vec<Diagnostic>,
    plan: Plan,
    machines: HashMap<ThingId, MachineId>,
    cells: HashMap<CellKey, CellId>,
    /// Shared things that are given to be nowhere.
    nowhere: HashSet<ThingId>,
    atoms: HashMap<String, AtomId>,
    used_atoms: HashSet<AtomId>,
    /// Places of decisions and parameters, to report unused ones.
    decisions: Vec<(AtomId, Span)>,
    vars: Vec<(&'s str, Value<'s>)>,
    /// Variables that were read, by name: an unused parameter is reported.
    read: HashSet<&'s str>,
    names: HashMap<String, Named>,
    /// Step and phase names declared anywhere in the plan, to tell "later" from "unknown".
    declared: HashMap<&'s str, Span>,
    taken: HashMap<String, Span>,
    /// `[web]`, `~2`: what distinguishes the copies of a step.
    suffix: String,
    keys: u32,
    includes: Vec<&'s str>,
    losses_used: HashSet<CellId>,
    /// Probes to be read by a step of their own before the step that mentions them.
    pending_reads: Vec<crate::model::Step>,
    /// Name of the step whose parts are being unfolded, for probes that are read there.
    at_step: String,
    /// The target of that step, for probes without one of their own.
    at_host: Option<Value<'s>>,
    in_retry: bool,
}

/// What elaboration gives.
pub struct Elaborated {
    /// The plan.
    pub plan: Plan,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// Names of all steps and phases, for tests.
    pub names: HashSet<String>,
}

impl<'l, 's> Elaborator<'l, 's> {
    /// An elaborator without a plan yet.
    pub fn new(library: &'l Library<'s>, sources: &'l SourceMap) -> Elaborator<'l, 's> {
        Elaborator {
            library,
            sources,
            diagnostics: Vec::new(),
            plan: Plan::default(),
            machines: HashMap::new(),
            cells: HashMap::new(),
            nowhere: HashSet::new(),
            atoms: HashMap::new(),
            used_atoms: HashSet::new(),
            decisions: Vec::new(),
            vars: Vec::new(),
            read: HashSet::new(),
            names: HashMap::new(),
            declared: HashMap::new(),
            taken: HashMap::new(),
            suffix: String::new(),
            keys: 0,
            includes: Vec::new(),
            losses_used: HashSet::new(),
            pending_reads: Vec::new(),
            at_step: String::new(),
            at_host: None,
            in_retry: false,
        }
    }

    /// Unfolds `tree` with these values of its parameters, under the name `name`.
    pub fn plan(mut self, name: &str, tree: &tree::Plan<'s>, params: &[Param<'s>], values: Vec<Value<'s>>) -> Elaborated {
        self.plan.name = name.to_string();
        self.plan.title = tree.title.map_or_else(String::new, |t| t.raw.to_string());
        self.plan.span = tree.name.span;
        for (param, value) in params.iter().zip(&values) {
            self.plan.arguments.push((param.name.text.to_string(), value.show(self.library)));
        }
        let items = self.plan_body(tree, params, values);
        self.plan.body = items;
        self.finish();
        let names = self.taken.keys().cloned().collect();
        Elaborated { plan: self.plan, diagnostics: self.diagnostics, names }
    }

    /// Checks an action, a probe or a rule on its own, with open arguments.
    pub fn check_alone(mut self, check: impl FnOnce(&mut Self)) -> Vec<Diagnostic> {
        check(&mut self);
        self.diagnostics
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn key(&mut self) -> Key {
        let key = Key(self.keys);
        self.keys += 1;
        key
    }

    /// The source text of a span, with runs of white space made single.
    fn source(&self, span: Span) -> String {
        self.sources.text(span).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The machine of a thing; its reach is understood on first use.
    fn machine(&mut self, thing: ThingId, at: Span) -> MachineId {
        if let Some(id) = self.machines.get(&thing) {
            return *id;
        }
        let id = MachineId::at(self.plan.machines.len());
        self.machines.insert(thing, id);
        let info = self.library.thing(thing);
        let site = info.within.map(|s| self.library.thing(s).name.text.to_string());
        self.plan.machines.push(Machine { name: info.name.text.to_string(), site, reach: Reach::Local, power: None });
        let reach = self.reach(thing, at);
        if let Some(machine) = self.plan.machines.get_mut(id.index()) {
            machine.reach = reach;
        }
        id
    }

    fn cell(&mut self, key: CellKey, at: Span) -> CellId {
        if let Some(id) = self.cells.get(&key) {
            return *id;
        }
        let id = CellId::at(self.plan.cells.len());
        self.cells.insert(key, id);
        let cell = self.new_cell(key, at);
        self.plan.cells.push(cell);
        if let CellKey::Power(thing) = key {
            let machine = self.machine(thing, at);
            if let Some(m) = self.plan.machines.get_mut(machine.index()) {
                m.power = Some(id);
            }
        }
        id
    }

    fn new_cell(&mut self, key: CellKey, at: Span) -> Cell {
        let everything = u64::MAX;
        let (thing, kind) = match key {
            CellKey::State(t) => (t, CellKind::State),
            CellKey::Place(t) => (t, CellKind::Place { holders: vec![None] }),
            CellKey::Shared(t, m) => (t, CellKind::Shared { machine: self.machine(m, at) }),
            CellKey::Power(t) => (t, CellKind::Power { machine: self.machine(t, at) }),
        };
        let info = self.library.thing(thing);
        let decl = self.library.kind(info.kind);
        let own = info.name.text.to_string();
        let (name, values, rests) = match key {
            CellKey::State(_) => {
                let rests = decl.states.iter().enumerate().filter(|(_, s)| decl.rests.iter().any(|r| r.text == s.text));
                let mask = rests.fold(0, |m, (i, _)| m | 1 << i.min(63));
                let name = if decl.held.is_some() { format!("{own} state") } else { own };
                (name, decl.states.iter().map(|s| s.text.to_string()).collect(), if mask == 0 { everything } else { mask })
            }
            CellKey::Place(_) => (own, vec!["nowhere".to_string()], everything),
            CellKey::Shared(_, m) => {
                let name = format!("{own} on {}", self.library.thing(m).name.text);
                (name, vec!["no".to_string(), "yes".to_string()], everything)
            }
            CellKey::Power(_) => (own, vec!["up".to_string(), "down".to_string()], everything),
        };
        let volatile = decl.volatile && matches!(key, CellKey::Place(_) | CellKey::Shared(..));
        let initial = if matches!(key, CellKey::Shared(t, _) if self.nowhere.contains(&t)) { 1 } else { everything };
        Cell { name, values, kind, volatile, rests, initial }
    }

    fn atom(&mut self, name: String, question: String, options: Vec<String>, source: AtomSource) -> AtomId {
        if let Some(id) = self.atoms.get(&name) {
            return *id;
        }
        let id = AtomId::at(self.plan.atoms.len());
        self.atoms.insert(name.clone(), id);
        self.plan.atoms.push(Atom { name, question, options, source, yes_means: Vec::new() });
        id
    }
}
