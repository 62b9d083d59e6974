//! What is skipped as a function of the answers: a circuit for whoever learns the answers later and has no compiler, such
//! as a page in a browser. It comes from the code that computes what is skipped for known answers.
//!
//! Guarantees: gates refer to earlier gates only; equal plans give equal circuits; its size is that of the conditions.

use crate::calculus::{Atom, AtomId};
use crate::order::dag::{Dag, NodeId};
use crate::order::logic::Logic;
use crate::order::skipped::{Evaluated, evaluate};
use serde::Serialize;
use std::collections::HashMap;

/// A wire of a circuit, or the opposite of one: wire `n` is `n`, its opposite `-n - 1`. Wire 0 is always on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct Wire(i32);

impl Wire {
    /// What is always so.
    pub const ALWAYS: Wire = Wire(0);
    /// What is never so.
    pub const NEVER: Wire = Wire(-1);

    fn opposite(self) -> Wire {
        Wire(!self.0)
    }
}

/// On if at least `0` of the wires in `1` are on.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Gate(pub usize, pub Vec<Wire>);

/// What is skipped, as a function of the answers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Circuit {
    /// For each atom, the wires of its answers: on if that is known to be the answer. They are wires 1, 2, 3, …
    pub answers: Vec<Vec<Wire>>,
    /// The gates of the wires after those of the answers, in the order in which they can be computed.
    pub gates: Vec<Gate>,
    /// For each node: whether it certainly does not run.
    pub skipped: Vec<Wire>,
    /// For each node: the same when every step that runs succeeds.
    pub idle: Vec<Wire>,
    /// For each node: which of its conditions are certainly false.
    pub falsified: Vec<Vec<Wire>>,
}

impl Circuit {
    /// On if all of these are.
    pub fn all(&mut self, of: &[Wire]) -> Wire {
        let mut build = Build { known: HashMap::new(), circuit: std::mem::take(self) };
        let wire = Logic::all(&mut build, of);
        *self = build.circuit;
        wire
    }

    /// Whether a node certainly does not run.
    pub fn skipped(&self, node: NodeId) -> Wire {
        self.skipped.get(node.index()).copied().unwrap_or(Wire::NEVER)
    }
}

/// The circuit of a plan with these atoms.
pub fn circuit(dag: &Dag, atoms: &[Atom]) -> Circuit {
    let mut build = Build { known: HashMap::new(), circuit: Circuit::default() };
    let mut next = 0;
    for atom in atoms {
        let wire = |()| {
            next += 1;
            Wire(next)
        };
        build.circuit.answers.push(std::iter::repeat_n((), atom.options.len()).map(wire).collect());
    }
    let found = evaluate(dag, &mut build, false);
    let idle = evaluate(dag, &mut build, true);
    let of = |found: &Evaluated<Wire>| dag.nodes().map(|(id, _)| found.skipped(id).unwrap_or(Wire::NEVER)).collect();
    let falsified = dag
        .nodes()
        .map(|(_, node)| node.conditions.iter().map(|c| found.is_false(c.guard).unwrap_or(Wire::NEVER)).collect());
    Circuit { skipped: of(&found), idle: of(&idle), falsified: falsified.collect(), ..build.circuit }
}

struct Build {
    known: HashMap<Gate, Wire>,
    circuit: Circuit,
}

impl Build {
    fn push(&mut self, gate: Gate) -> Wire {
        self.circuit.gates.push(gate);
        let answers: usize = self.circuit.answers.iter().map(Vec::len).sum();
        Wire(i32::try_from(answers + self.circuit.gates.len()).unwrap_or(i32::MAX))
    }

    fn answers(&self, atom: AtomId) -> &[Wire] {
        self.circuit.answers.get(atom.index()).map_or(&[], Vec::as_slice)
    }

    /// A gate of wires that are neither always on nor never.
    fn gate(&mut self, count: usize, of: Vec<Wire>) -> Wire {
        match of.as_slice() {
            _ if count == 0 => return Wire::ALWAYS,
            short if count > short.len() => return Wire::NEVER,
            [one] => return *one,
            _ => {}
        }
        let gate = Gate(count, of);
        if let Some(wire) = self.known.get(&gate) {
            return *wire;
        }
        let wire = self.push(gate.clone());
        self.known.insert(gate, wire);
        wire
    }
}

impl Logic for Build {
    type Bit = Wire;

    fn has(&mut self, atom: AtomId, option: u8) -> Wire {
        self.answers(atom).get(usize::from(option)).copied().unwrap_or(Wire::NEVER)
    }

    fn has_another(&mut self, atom: AtomId, option: u8) -> Wire {
        let others = self.answers(atom).iter().enumerate().filter(|(o, _)| *o != usize::from(option));
        let others: Vec<Wire> = others.map(|(_, wire)| *wire).collect();
        self.any(&others)
    }

    fn at_least(&mut self, count: usize, of: &[Wire]) -> Wire {
        let sure = of.iter().filter(|w| **w == Wire::ALWAYS).count();
        let mut of: Vec<Wire> = of.iter().copied().filter(|w| ![Wire::ALWAYS, Wire::NEVER].contains(w)).collect();
        let count = count.saturating_sub(sure);
        of.sort_unstable();
        if count == 1 || count == of.len() {
            let before = of.len();
            of.dedup();
            if count == before {
                return self.gate(of.len(), of);
            }
        }
        self.gate(count, of)
    }

    fn not(&mut self, bit: Wire) -> Wire {
        bit.opposite()
    }
}

#[cfg(test)]
mod tests {
    use super::{Circuit, Wire, circuit};
    use crate::calculus::AtomId;
    use crate::model::{Guard, Item, Plan};
    use crate::order::property::{choices, grown};
    use crate::order::sample::{condition, yes};
    use crate::order::skipped::when_all_succeeds;
    use crate::order::{order, specialise};
    use proptest::prelude::{any, proptest};

    /// What a page does: the wires from the answers, one gate after the other.
    fn lit(circuit: &Circuit, answers: &[(AtomId, u8)]) -> impl Fn(Wire) -> bool {
        let mut on = vec![true];
        for (index, wires) in circuit.answers.iter().enumerate() {
            let known = answers.iter().find(|(atom, _)| atom.index() == index).map(|(_, option)| usize::from(*option));
            on.extend((0..wires.len()).map(|option| known == Some(option)));
        }
        let is = |on: &[bool], w: Wire| if w.0 < 0 { !on[!w.0 as usize] } else { on[w.0 as usize] };
        for gate in &circuit.gates {
            let lit = gate.1.iter().filter(|w| is(&on, **w)).count() >= gate.0;
            on.push(lit);
        }
        move |wire| is(&on, wire)
    }

    /// Makes the conditions of steps less simple.
    fn entangle(items: &mut [Item], choices: &mut impl Iterator<Item = u8>, atoms: u32) {
        for item in items {
            match item {
                Item::Step(step) => {
                    let mut pick = |below: u32| u32::from(choices.next().unwrap_or(0)) % below;
                    let mut guard = step.conditions.pop().map_or(yes(pick(atoms)), |c| c.guard);
                    let other = || yes(0);
                    guard = match pick(7) {
                        0 => continue,
                        1 => Guard::Not(Box::new(guard)),
                        2 => Guard::Any(vec![guard, Guard::Not(Box::new(yes(pick(atoms))))]),
                        3 => Guard::All(vec![guard, yes(pick(atoms))]),
                        4 => Guard::AtMost(1, vec![guard, yes(pick(atoms)), other()]),
                        5 => Guard::Not(Box::new(Guard::AtMost(2, vec![guard, yes(pick(atoms)), other()]))),
                        _ => guard,
                    };
                    step.conditions.push(condition(guard));
                }
                Item::Group(group) => entangle(&mut group.items, choices, atoms),
                Item::Region(region) => {
                    region.rungs.iter_mut().for_each(|r| entangle(&mut r.items, choices, atoms));
                    entangle(&mut region.finally, choices, atoms);
                }
            }
        }
    }

    fn agree(plan: &Plan, answers: &[(AtomId, u8)]) {
        let (dag, _) = order(plan);
        let circuit = circuit(&dag, &plan.atoms);
        let is = lit(&circuit, answers);
        let (skipped, idle) = (specialise(&dag, answers), when_all_succeeds(&dag, answers));
        for (id, node) in dag.nodes() {
            assert_eq!(is(circuit.skipped(id)), skipped.contains(id), "{id:?} {:?}", node.what);
            assert_eq!(is(circuit.idle[id.index()]), idle.contains(id), "{id:?} {:?}", node.what);
            let own = matches!(skipped.why(id), Some(crate::order::Why::Condition(of, _)) if of == id);
            assert_eq!(own, skipped.contains(id) && circuit.falsified[id.index()].iter().any(|w| is(*w)), "{id:?}");
        }
    }

    proptest! {
        #[test]
        fn a_circuit_says_what_is_skipped(choices in choices(), more in any::<[u8; 32]>(), known in any::<[u8; 8]>()) {
            let mut plan = grown(choices);
            let atoms = u32::try_from(plan.atoms.len()).unwrap();
            entangle(&mut plan.body, &mut more.into_iter(), atoms);
            let answers = known.iter().enumerate().take(plan.atoms.len()).filter(|(_, k)| *k % 3 < 2);
            let answers: Vec<_> = answers.map(|(i, k)| (AtomId::at(i), k % 3)).collect();
            agree(&plan, &answers);
            agree(&plan, &[]);
        }
    }
}
