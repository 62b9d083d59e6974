//! From a plan and its arguments to the resolved plan: names, types, sets unfolded, blocks desugared.
//!
//! One way for everything: a plan or action that is checked without arguments is unfolded with open values of its
//! parameters' types, one member standing for every set; the result is thrown away and the findings are kept.

mod actions;
mod blocks;
mod claims;
mod commands;
mod conditions;
mod consequences;
mod deeds;
mod drill;
mod facts;
mod finish;
mod gates;
mod head;
mod holds;
mod machines;
mod nowhere;
mod operands;
mod steps;
mod tested;
mod through;
mod trial;

pub(super) use commands::unescape;
pub(super) use trial::{Effects, Proven};

use crate::base::{Code, Diagnostic, SourceMap, Span};
use crate::calculus::{Atom, AtomId, AtomSource, Cell, CellId, CellKind, Machine, MachineId, Reach, Requirement};
use crate::model::{Guard, Key, Plan};
use crate::resolve::library::{Declared, Library, Param, ThingId};
use crate::resolve::types::{Ty, a};
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
}

/// Unfolds one plan.
pub struct Elaborator<'l, 's> {
    library: &'l Library<'s>,
    sources: &'l SourceMap,
    diagnostics: Vec<Diagnostic>,
    plan: Plan,
    machines: HashMap<ThingId, MachineId>,
    cells: HashMap<CellKey, CellId>,
    /// Shared things that something says are nowhere.
    nowhere: Vec<ThingId>,
    atoms: HashMap<String, AtomId>,
    used_atoms: HashSet<AtomId>,
    /// What the plan that is being included takes for given.
    taken_for_given: Vec<(Requirement, Span)>,
    /// The things that the plan may change, if it is a drill.
    drill: Option<Vec<ThingId>>,
    /// The things that each of the plan's holds is about.
    held: Vec<(usize, Vec<ThingId>)>,
    /// Where each step says on which node it runs.
    targets: HashMap<Key, Span>,
    /// Machines that the plan cuts off without taking from them what they have, with the steps that do.
    isolated: HashMap<MachineId, Vec<Key>>,
    /// Places of decisions and parameters, to report unused ones.
    decisions: Vec<(AtomId, Span)>,
    vars: Vec<(&'s str, Value<'s>)>,
    /// Variables that were read, by name: an unused parameter is reported.
    read: HashSet<&'s str>,
    names: HashMap<String, Named>,
    /// Step and phase names declared anywhere in the plan, to tell "later" from "unknown".
    declared: HashMap<&'s str, Span>,
    taken: HashMap<String, Span>,
    /// How many copies of a generated name there are.
    copies: HashMap<String, u32>,
    /// `[web]`, `~2`: what distinguishes the copies of a step.
    suffix: String,
    keys: u32,
    /// The plan that is unfolded, and the plans it includes on the way to here.
    root: &'s str,
    includes: Vec<&'s str>,
    /// How many blocks are open, those of including plans among them.
    depth: usize,
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
            nowhere: Vec::new(),
            atoms: HashMap::new(),
            used_atoms: HashSet::new(),
            taken_for_given: Vec::new(),
            drill: None,
            held: Vec::new(),
            targets: HashMap::new(),
            isolated: HashMap::new(),
            decisions: Vec::new(),
            vars: Vec::new(),
            read: HashSet::new(),
            names: HashMap::new(),
            declared: HashMap::new(),
            taken: HashMap::new(),
            copies: HashMap::new(),
            suffix: String::new(),
            keys: 0,
            root: "",
            includes: Vec::new(),
            depth: 0,
            pending_reads: Vec::new(),
            at_step: String::new(),
            at_host: None,
            in_retry: false,
        }
    }

    /// Unfolds `tree` with these values of its parameters, under the name `name`. A parameter without value is decided
    /// when the run starts if it can be, and open otherwise.
    pub fn plan(
        self,
        name: &str,
        tree: &tree::Plan<'s>,
        params: &[Param<'s>],
        values: Vec<Option<Value<'s>>>,
    ) -> Elaborated {
        self.plan_and(name, tree, params, values, |_| ()).0
    }

    /// As [`Elaborator::plan`]; `see` may ask about the plan before its last touches.
    pub fn plan_and<T>(
        mut self,
        name: &str,
        tree: &tree::Plan<'s>,
        params: &[Param<'s>],
        values: Vec<Option<Value<'s>>>,
        see: impl FnOnce(&mut Self) -> T,
    ) -> (Elaborated, T) {
        self.root = tree.name.text;
        self.plan.name = name.to_string();
        self.plan.title = tree.title.as_ref().map_or_else(String::new, commands::unescape);
        self.plan.span = tree.name.span;
        let items = self.plan_body(tree, params, values);
        self.plan.body = items;
        let seen = see(&mut self);
        self.finish();
        (Elaborated { plan: self.plan, diagnostics: self.diagnostics }, seen)
    }

    /// The value of a plan's parameter: as given, or its default.
    pub fn argument(&mut self, param: &Param<'s>, given: Option<&tree::Operand<'s>>) -> Option<Value<'s>> {
        let operand = given.or(param.default.as_ref())?;
        Some(self.constant(operand, &param.ty))
    }

    /// The values of a call from outside every plan.
    pub fn call_arguments(&mut self, call: &tree::Call<'s>, params: &[Param<'s>]) -> Vec<Option<Value<'s>>> {
        let undecided = |v: &Value<'s>| matches!(v, Value::Open(Ty::Bool | Ty::OneOf(_)));
        let before = self.diagnostics.len();
        let values = self.arguments(call, params);
        // Yes-or-no and one-of parameters may be left to whoever starts the run.
        let left: Vec<_> = params.iter().zip(&values).filter(|(_, v)| matches!(v, Value::Open(_))).collect();
        if !left.is_empty() && left.iter().all(|(_, v)| undecided(v)) {
            self.diagnostics.truncate(before);
        }
        values.into_iter().map(|v| if undecided(&v) { None } else { Some(v) }).collect()
    }

    /// Checks an action with open arguments.
    pub fn check_action(&mut self, action: &Declared<'s, tree::Action<'s>>) {
        self.vars = action.params.iter().map(|p| (p.name.text, Value::Open(p.ty.clone()))).collect();
        for param in &action.params {
            if let Some(default) = &param.default {
                self.constant(default, &param.ty);
            }
        }
        let mut host = None;
        if let Some((name, kind)) = action.tree.host {
            let Some(id) = self.library.kind_named(kind.text) else {
                self.report(
                    Diagnostic::error(Code::UnknownName, kind.span, format!("there is no kind `{}`", kind.text))
                        .help("say `on host: node`, or name a kind that extends `node`"),
                );
                return;
            };
            if !self.library.is_node(id) {
                self.report(
                    Diagnostic::error(Code::NotANode, kind.span, format!("{} is not a node", a(kind.text)))
                        .help("say `on host: node`, or name a kind that extends `node`"),
                );
            }
            host = Some(Value::Open(Ty::Thing(id)));
            self.vars.push((name.text, Value::Open(Ty::Thing(id))));
        }
        let parts = self.clauses(&action.tree.clauses, host.as_ref(), true);
        if !parts.runs {
            self.report(
                Diagnostic::error(
                    Code::BadDeclaration,
                    action.tree.name.span,
                    format!("action `{}` runs nothing", action.tree.name.text),
                )
                .help("add a `run \"…\"` clause"),
            );
        }
        for param in &action.params {
            if !self.read.contains(param.name.text) {
                self.report(
                    Diagnostic::warning(
                        Code::UnusedGiven,
                        param.name.span,
                        format!("the parameter `{}` is never used", param.name.text),
                    )
                    .help("remove it, or use it in a clause"),
                );
            }
        }
    }

    /// Checks a probe with open arguments.
    pub fn check_probe(&mut self, probe: &Declared<'s, tree::Probe<'s>>) {
        self.vars = probe.params.iter().map(|p| (p.name.text, Value::Open(p.ty.clone()))).collect();
        if let Some(path) = &probe.tree.on {
            let host = self.path(path, &Ty::Unknown);
            self.host_machine(&host, path.span);
        }
        let parts = self.clauses(&probe.tree.clauses, None, true);
        if !parts.runs {
            self.report(
                Diagnostic::error(
                    Code::BadDeclaration,
                    probe.tree.name.span,
                    format!("probe `{}` asks nothing", probe.tree.name.text),
                )
                .help("add a `run \"…\"` clause: exit status 0 is a yes"),
            );
        }
        for expr in &probe.tree.yes_means {
            self.facts(expr);
        }
    }

    /// Whether every requirement of a rule holds with these values of its parameters; the places of those that do not.
    pub fn rule_failures(
        &mut self,
        rule: &Declared<'s, tree::Rule<'s>>,
        values: Vec<Value<'s>>,
    ) -> Vec<(Span, Option<tree::Text<'s>>)> {
        self.vars = rule.params.iter().map(|p| p.name.text).zip(values).collect();
        let mut failures = Vec::new();
        for (expr, why) in &rule.tree.requires {
            if self.condition(expr) == Guard::Never {
                failures.push((expr.span, *why));
            }
        }
        failures
    }

    /// Checks something on its own.
    pub fn check_alone(mut self, check: impl FnOnce(&mut Self)) -> Vec<Diagnostic> {
        check(&mut self);
        self.diagnostics
    }

    /// The plan as far as it is unfolded.
    pub fn unfolded(&self) -> &Plan {
        &self.plan
    }

    /// Names of all steps and phases so far.
    pub fn taken(&self) -> HashSet<String> {
        self.taken.keys().cloned().collect()
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn key(&mut self) -> Key {
        let key = Key(self.keys);
        self.keys += 1;
        key
    }

    /// The source text of a span on one line: white space made single, a list's last comma left out.
    fn source(&self, span: Span) -> String {
        let line = self.sources.text(span).split_whitespace().collect::<Vec<_>>().join(" ");
        line.replace("( ", "(").replace(", )", ")").replace(" )", ")")
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
        self.plan.cell_spans.push(self.library.thing(key.thing()).name.span);
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
                (
                    name,
                    decl.states.iter().map(|s| s.text.to_string()).collect(),
                    if mask == 0 { everything } else { mask },
                )
            }
            CellKey::Place(_) => (own, vec!["nowhere".to_string()], if decl.rests_on { !1 } else { everything }),
            CellKey::Shared(_, m) => {
                let name = format!("{own} on {}", self.library.thing(m).name.text);
                (name, vec!["no".to_string(), "yes".to_string()], everything)
            }
            CellKey::Power(_) => (own, vec!["up".to_string(), "down".to_string()], everything),
        };
        let volatile = decl.volatile && matches!(key, CellKey::Place(_) | CellKey::Shared(..));
        Cell { name, values, kind, volatile, rests, initial: everything }
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
