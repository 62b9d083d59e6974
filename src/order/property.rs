//! Random plans: the fast order and the one by definition are the same.

use crate::base::Span;
use crate::calculus::{
    Answer, AtomId, AtomSource, CellId, Change, Flags, Gate, Piece, Requirement, Template, Value, ValueId, ValueSource,
};
use crate::model::{Act, Guard, Item, Key, Order, Plan, Region};
use crate::order::oracle::{Oracle, oracle};
use crate::order::sample::{StepOf, condition, group, plan, region, rung, step, yes};
use crate::order::{Dag, Formula, GuardIx, Kind, NodeId, Outline, What, order};
use proptest::prelude::{Strategy, any, proptest};
use std::collections::{BTreeMap, BTreeSet};

const MACHINES: u32 = 3;
const CELLS: u32 = 3;

/// A tree of items from a stream of choices; an exhausted stream gives zeros, and those end everything.
struct Grow {
    choices: std::vec::IntoIter<u16>,
    keys: u32,
    /// The answers that steps bring; 0 is decided when the run starts.
    atoms: u32,
    /// The steps that capture a value.
    captures: Vec<u32>,
}

impl Grow {
    fn pick(&mut self, below: u32) -> u32 {
        u32::from(self.choices.next().unwrap_or(0)) % below
    }

    fn key(&mut self) -> u32 {
        self.keys += 1;
        self.keys - 1
    }

    fn items(&mut self, depth: u32, least: u32) -> Vec<Item> {
        let count = least + self.pick(5);
        (0..count).map(|_| self.item(depth)).collect()
    }

    fn item(&mut self, depth: u32) -> Item {
        match self.pick(8) {
            5 if depth > 0 => self.group(depth),
            6 | 7 if depth > 0 => self.region(depth),
            _ => self.step().into(),
        }
    }

    fn group(&mut self, depth: u32) -> Item {
        let key = self.key();
        let count = [1, 2, 3, 20][self.pick(4) as usize];
        let alike = self.pick(2) == 0;
        let model = self.choices.clone();
        let items = (0..count).map(|_| {
            if alike {
                self.choices = model.clone();
                self.step().into()
            } else {
                self.item(depth - 1)
            }
        });
        let items = items.collect();
        group(key, &format!("g{key}"), items)
    }

    fn region(&mut self, depth: u32) -> Item {
        let key = self.key();
        let order = [Order::Text, Order::Conflicts, Order::None][self.pick(3) as usize];
        let rungs = 1 + self.pick(3);
        let rungs = (0..rungs).map(|_| rung(self.items(depth - 1, 1))).collect();
        let finally = if self.pick(3) == 1 { self.items(depth - 1, 1) } else { Vec::new() };
        let conditions = if self.pick(4) == 1 { vec![condition(yes(0))] } else { Vec::new() };
        let name = format!("r{key}");
        let requires = match self.pick(5) {
            1 => vec![(Requirement { cell: CellId(self.pick(CELLS)), allowed: 3 }, Span::default())],
            _ => Vec::new(),
        };
        Item::Region(Box::new(Region { rungs, finally, conditions, requires, ..region(key, &name, order, Vec::new()) }))
    }

    fn step(&mut self) -> StepOf {
        let key = self.key();
        let mut s = step(key, &format!("s{key}"));
        if self.pick(4) > 0 {
            s = s.on(self.pick(MACHINES));
        }
        let mut flags = Flags { lingers: self.pick(4) == 1, ..Flags::default() };
        let cell = self.pick(CELLS);
        s = match self.pick(10) {
            1 | 2 => s.sets(cell, 1),
            3 => s.sets(cell, 2),
            4 => s.effect(cell, Change::Move { from: 0, to: 1 }),
            5 => s.requires(cell, 3),
            6 => s.requires(cell, 3).sets(cell, 1),
            7 => s.fences(cell),
            8 => {
                flags.opaque = true;
                s
            }
            _ => s,
        };
        s = match self.pick(20) {
            1 => {
                s.act(Act::Ask { question: Default::default(), answers: Vec::new(), atom: None, gate: Gate::default() })
            }
            2 => s.act(Act::Tell { text: Default::default() }),
            3 => s.act(Act::Delay { ms: 1 }),
            4 => s.after(self.pick(key.max(1)), false),
            5 => s.after(self.pick(key.max(1)), true),
            6 => s.only_if(Guard::Succeeded(Key(self.pick(key.max(1))))),
            7 => {
                self.atoms += 1;
                let answers = ["no", "yes"].map(|n| Answer { name: n.into(), label: n.into(), stops: false }).to_vec();
                let atom = Some(AtomId(self.atoms - 1));
                s.act(Act::Ask { question: Template::default(), answers, atom, gate: Gate::default() })
            }
            8 => s.only_if(yes(self.pick(self.atoms))),
            9 if s.0.host.is_some() => {
                self.captures.push(key);
                s.captures(ValueId::at(self.captures.len() - 1))
            }
            10 if !self.captures.is_empty() => {
                let value = ValueId(self.pick(u32::try_from(self.captures.len()).unwrap()));
                s.act(Act::Tell { text: Template(vec![Piece::Value(value)]) })
            }
            _ => s,
        };
        flags.lingers &= matches!(s.0.act, Act::Run { .. }) && s.0.host.is_some();
        s.flags(flags)
    }
}

pub(crate) fn choices() -> impl Strategy<Value = Vec<u16>> {
    proptest::collection::vec(any::<u16>(), 0..160)
}

pub(crate) fn grown(choices: Vec<u16>) -> Plan {
    let mut grow = Grow { choices: choices.into_iter(), keys: 0, atoms: 1, captures: Vec::new() };
    let body = grow.items(3, 1);
    let mut plan = plan(MACHINES, CELLS, grow.atoms, body);
    plan.atoms.iter_mut().skip(1).for_each(|a| a.source = AtomSource::Answer);
    let captured = |key: &u32| Value { name: format!("v{key}"), source: ValueSource::Captured { by: Key(*key) } };
    plan.values = grow.captures.iter().map(captured).collect();
    plan
}

/// The plan in a few lines, for a failed assertion.
fn sketch(items: &[Item], indent: usize) -> String {
    let pad = " ".repeat(indent);
    let line = |item: &Item| match item {
        Item::Step(s) => {
            let act = match s.act {
                Act::Run { .. } => "",
                Act::Ask { .. } => " ask",
                Act::Tell { .. } => " tell",
                _ => " delay",
            };
            let effects: Vec<String> = s.effects.iter().map(|(e, _)| format!("{:?} {:?}", e.cell, e.change)).collect();
            let after: Vec<String> = s.after.iter().map(|a| format!("after {:?} {}", a.item, a.finished)).collect();
            let requires: Vec<CellId> = s.requires.iter().map(|(r, _)| r.cell).collect();
            let if_ok: Vec<&Guard> = s.conditions.iter().map(|c| &c.guard).collect();
            let (host, opaque, lingers, fences) = (s.host.map(|h| h.0), s.flags.opaque, s.flags.lingers, &s.fences);
            let name = &s.name;
            format!(
                "{pad}{name} {host:?}{act} opaque={opaque} lingers={lingers} {effects:?} {requires:?} {fences:?} {after:?} {if_ok:?}\n"
            )
        }
        Item::Group(g) => format!("{pad}group {}\n{}", g.name, sketch(&g.items, indent + 2)),
        Item::Region(r) => {
            let rungs: Vec<String> = r.rungs.iter().map(|g| sketch(&g.items, indent + 2)).collect();
            let finally = sketch(&r.finally, indent + 2);
            format!(
                "{pad}region {} {:?} {:?}\n{}{pad}finally\n{finally}",
                r.name,
                r.order,
                r.requires,
                rungs.join(&format!("{pad}else\n"))
            )
        }
    };
    items.iter().map(line).collect()
}

type Graph = BTreeMap<String, BTreeSet<String>>;

/// For each node everything that it reaches.
fn closure(graph: &Graph, names: &[String]) -> Graph {
    let mut closed: Graph = Graph::new();
    for name in names {
        let mut all = BTreeSet::new();
        for before in graph.get(name).into_iter().flatten() {
            all.insert(before.clone());
            all.extend(closed.get(before).into_iter().flatten().cloned());
        }
        closed.insert(name.clone(), all);
    }
    closed
}

fn without_meets(graph: Graph) -> Graph {
    let keep = |n: &String| !n.starts_with("meet~");
    let rows = graph.into_iter().filter(|(n, _)| keep(n));
    rows.map(|(n, before)| (n, before.into_iter().filter(|b| keep(b)).collect())).collect()
}

fn fast(plan: &Plan, dag: &Dag, least: Kind) -> (Vec<String>, Graph) {
    let outline = Outline::of(plan);
    let names: Vec<String> = dag.nodes().map(|(_, n)| outline.node_name(n)).collect();
    let before = |id: NodeId| dag.before(id).filter(|(_, e)| e.kind >= least).map(|(n, _)| names[n.index()].clone());
    let graph: Graph = dag.nodes().map(|(id, _)| (names[id.index()].clone(), before(id).collect())).collect();
    (names, graph)
}

fn compare(plan: &Plan) {
    let (dag, _) = order(plan);
    let Oracle { needs, waits, .. } = oracle(plan);
    let mut both = needs.clone();
    waits.into_iter().for_each(|(n, before)| both.entry(n).or_default().extend(before));
    for (kind, slow) in [(Kind::Needs, needs), (Kind::Waits, both)] {
        let (names, graph) = fast(plan, &dag, kind);
        let slow = closure(&slow, &names);
        let quick = without_meets(closure(&graph, &names));
        for (name, before) in &quick {
            assert_eq!(before, &slow[name], "{kind:?} of {name} in\n{}", sketch(&plan.body, 0));
        }
    }
}

/// Every edge leads back, every node leads to the end, and a guard asks only about nodes that have ended by then.
fn sound(plan: &Plan) {
    let (dag, _) = order(plan);
    let (names, graph) = fast(plan, &dag, Kind::Waits);
    let closed = closure(&graph, &names);
    assert_eq!(closed["sample.end"].len(), names.len() - 1, "everything leads to the end");
    for (id, node) in dag.nodes() {
        assert!(dag.before(id).all(|(n, _)| n < id), "edges lead back");
        assert!(id == NodeId(0) || closed[&names[id.index()]].contains("sample.begin"), "everything is in the plan");
        for asked in asked(&dag, node.guard) {
            assert!(closed[&names[id.index()]].contains(&names[asked.index()]), "{} asks too early", names[id.index()]);
        }
    }
    let joins = dag.nodes().filter(|(_, n)| matches!(n.what, What::Join(..)));
    for (id, node) in joins {
        let What::Join(_, rungs) = &node.what else { continue };
        assert!(rungs.iter().all(|r| dag.before(id).any(|(n, _)| n == *r)), "a join waits for its attempts");
    }
}

fn asked(dag: &Dag, guard: GuardIx) -> Vec<NodeId> {
    match dag.guards().get(guard) {
        Formula::Ok(node) => vec![*node],
        Formula::Not(inner) => asked(dag, *inner),
        Formula::All(parts) | Formula::Any(parts) | Formula::AtMost(_, parts) => {
            parts.iter().flat_map(|p| asked(dag, *p)).collect()
        }
        Formula::Always | Formula::Never | Formula::Is(..) => Vec::new(),
    }
}

proptest! {
    #[test]
    fn the_fast_order_is_the_one_by_definition(choices in choices()) {
        compare(&grown(choices));
    }

    #[test]
    fn every_order_is_sound(choices in choices()) {
        sound(&grown(choices));
    }
}
