//! How the plans go, for each step of the texts: when it runs, where, what it needs and brings, when it is skipped, and
//! what is proved of it.

use super::finding::place;
use super::place::Change;
use crate::base::SourceMap;
use crate::calculus::{AtomId, AtomSource, Change as Value, Effect};
use crate::emit::Words;
use crate::model::{Act, Plan, Step};
use crate::order::{Dag, NodeId, Outline, Schedule, Skipped, specialise};
use crate::session::{Compilation, Draft};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Decisions whose answers are tried one by one: plans of people have a handful.
const DECISIONS: usize = 16;

/// What is known of the steps of a compilation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outlook {
    /// For each text its steps in text order, each with what it is in every plan that has it.
    texts: BTreeMap<String, Vec<Told>>,
}

/// The place of a step, and what is known of it.
type Told = (Range<usize>, Vec<Foreseen>);

/// A step of a plan as it will go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Foreseen {
    /// The plan.
    pub plan: String,
    /// Its name in the plan, with its members: `restart[web].vs2`.
    pub name: String,
    /// In which wave it runs when everything works, from 1; nothing if it does not run then.
    pub wave: Option<usize>,
    /// How many waves there are.
    pub waves: usize,
    /// The machine.
    pub host: Option<String>,
    /// The answers with which it certainly does not run: `firewalls are excluded`.
    pub skipped_if: Vec<String>,
    /// What must hold while it runs.
    pub needs: Vec<String>,
    /// What it changes.
    pub brings: Vec<String>,
    /// It is on the path that takes longest.
    pub critical: bool,
    /// Nothing is known of what it does.
    pub opaque: bool,
    /// From here on there is no way back.
    pub commits: bool,
    /// What is proved of the plan covers it.
    pub proved: bool,
}

impl Outlook {
    /// What is known before the proofs.
    pub fn of_draft(draft: &Draft) -> Outlook {
        let mut outlook = Outlook::default();
        for drafted in &draft.plans {
            outlook.plan(&drafted.plan, &drafted.dag, &draft.sources, false);
        }
        outlook.sorted()
    }

    /// What is known after the proofs.
    pub fn of_compilation(done: &Compilation) -> Outlook {
        let mut outlook = Outlook::default();
        for compiled in &done.plans {
            outlook.plan(&compiled.plan, &compiled.dag, &done.sources, true);
        }
        outlook.sorted()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The steps of a text, in text order, with their places.
    pub fn of_text(&self, path: &str) -> &[Told] {
        self.texts.get(path).map_or(&[], Vec::as_slice)
    }

    /// The step that is written in a place.
    pub fn at(&self, path: &str, range: &Range<usize>) -> &[Foreseen] {
        let told = self.of_text(path);
        let found = told.binary_search_by_key(&(range.start, range.end), |(own, _)| (own.start, own.end));
        found.ok().and_then(|index| told.get(index)).map_or(&[], |(_, steps)| steps)
    }

    /// An edit moves the places; nothing is known any more of what was edited.
    pub fn follow(&mut self, path: &str, change: &Change) {
        let Some(told) = self.texts.get_mut(path) else { return };
        told.retain_mut(|(range, _)| match change.moved(range.clone()) {
            Some(moved) => {
                *range = moved;
                true
            }
            None => false,
        });
    }

    /// The same with the steps in text order, those of one place together.
    fn sorted(mut self) -> Outlook {
        for told in self.texts.values_mut() {
            told.sort_by_key(|(range, _)| (range.start, range.end));
            told.dedup_by(|next, first| {
                let same = next.0 == first.0;
                if same {
                    first.1.append(&mut next.1);
                }
                same
            });
        }
        self
    }

    fn plan(&mut self, plan: &Plan, dag: &Dag, sources: &SourceMap, proved: bool) {
        let outline = Outline::of(plan);
        let skipped = Skipped::default();
        let words = Words { outline: &outline, dag, skipped: &skipped };
        let schedule = Schedule::of(&outline, dag, &skipped);
        let waves: HashMap<NodeId, usize> =
            (1..).zip(&schedule.waves).flat_map(|(n, w)| w.iter().map(move |node| (*node, n))).collect();
        let skips = skips(plan, dag);
        plan.each_step(&mut |step| {
            let (Some(at), Some(ends)) = (place(sources, step.span), dag.ends(step.key)) else { return };
            // A probe that is read before a step has the place of the condition that asks for it.
            if matches!(step.act, Act::Probe { .. }) {
                return;
            }
            let skipped_if = skips.iter().filter(|(_, skipped)| skipped.contains(ends.start));
            let foreseen = Foreseen {
                plan: plan.name.clone(),
                name: step.name.clone(),
                wave: waves.get(&ends.start).copied(),
                waves: schedule.waves.len(),
                host: step.host.map(|m| String::from(words.machine(m))),
                skipped_if: skipped_if.map(|(answer, _)| answer.clone()).collect(),
                needs: needs(&words, step),
                brings: step.effects.iter().map(|(effect, _)| brought(&words, effect)).collect(),
                critical: schedule.critical.contains(&ends.start),
                opaque: step.flags.opaque,
                commits: step.flags.commits,
                proved,
            };
            let range = at.range();
            self.texts.entry(at.path).or_default().push((range, vec![foreseen]));
        });
    }
}

/// What a step needs, each once.
fn needs(words: &Words<'_>, step: &Step) -> Vec<String> {
    let mut needs: Vec<String> = step.requires.iter().map(|(r, _)| words.requirement(r)).collect();
    let mut seen = std::collections::HashSet::new();
    needs.retain(|need| seen.insert(need.clone()));
    needs
}

/// `portal on b`, `web from a to b`
fn brought(words: &Words<'_>, effect: &Effect) -> String {
    match (words.fact(effect), effect.change) {
        (Some(fact), _) => fact,
        (None, Value::Move { from, to }) => {
            let value = |v| words.cell_value(effect.cell, v);
            format!("{} from {} to {}", words.cell(effect.cell), value(from), value(to))
        }
        (None, Value::Set(_)) => String::from(words.cell(effect.cell)),
    }
}

/// Every answer to a decision, in words, with what is skipped if it is given.
fn skips(plan: &Plan, dag: &Dag) -> Vec<(String, Skipped)> {
    let decisions = plan.atoms.iter().enumerate().filter(|(_, atom)| atom.source == AtomSource::Decision);
    let mut skips = Vec::new();
    for (index, atom) in decisions.take(DECISIONS) {
        let plural = format!("{} are ", atom.name);
        let are = dag.nodes().any(|(_, node)| node.conditions.iter().any(|c| c.text.contains(&plural)));
        for (option, answer) in (0_u8..).zip(&atom.options) {
            let said = match (answer.as_str(), are) {
                ("yes" | "no", _) => format!("{}: {answer}", atom.name),
                (_, true) => format!("{} are {answer}", atom.name),
                (_, false) => format!("{} is {answer}", atom.name),
            };
            skips.push((said, specialise(dag, &[(AtomId::at(index), option)])));
        }
    }
    skips
}
