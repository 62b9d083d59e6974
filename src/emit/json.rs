//! `handover plan --format json`: everything that is known of a compiled plan. The shape is stable: what is there stays
//! there under its name and with its meaning; more may be added.
//!
//! Nodes are in written order and numbered from 0; edges, waves and the longest way refer to those numbers. Durations
//! are milliseconds.

use crate::base::SourceMap;
use crate::calculus::{AtomSource, Change, Effect};
use crate::emit::place::{Place, place};
use crate::emit::words::Words;
use crate::model::{Act, Plan, Step};
use crate::order::{Block, Dag, Edge, Kind, Node, NodeId, Outline, Reason, Schedule, Skipped, What};
use crate::verdict::Verdict;
use serde::Serialize;

/// A compiled plan as one JSON value.
pub fn plan_json(
    plan: &Plan,
    dag: &Dag,
    skipped: &Skipped,
    verdict: &Verdict,
    sources: &SourceMap,
) -> serde_json::Value {
    let outline = Outline::of(plan);
    let document = Document { words: Words { outline: &outline, dag, skipped }, verdict, sources };
    serde_json::to_value(document.plan()).unwrap_or_default()
}

#[derive(Serialize)]
struct PlanOut<'a> {
    plan: &'a str,
    title: &'a str,
    arguments: Vec<Argument<'a>>,
    place: Option<Place>,
    goal: Vec<String>,
    locks: &'a [String],
    rto_ms: Option<u64>,
    conditions: Vec<ConditionOut<'a>>,
    nodes: Vec<NodeOut<'a>>,
    edges: Vec<EdgeOut<'a>>,
    /// Steps that can run side by side when everything works, wave after wave.
    waves: Vec<Vec<u32>>,
    time: Time,
    effects: Declared<'a>,
    /// What is proved.
    verdict: &'a Verdict,
    accepted: Vec<Accepted<'a>>,
    holds: Vec<HoldOut<'a>>,
    /// The things about which the holds of earlier plans are over when this one has completed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ends: Vec<&'a str>,
}

#[derive(Serialize)]
struct Argument<'a> {
    name: &'a str,
    value: &'a str,
}

/// Something that conditions ask about.
#[derive(Serialize)]
struct ConditionOut<'a> {
    name: &'a str,
    question: &'a str,
    /// `decision`, `probe` or `answer`.
    source: &'static str,
    options: &'a [String],
    /// The answer, if it is known.
    decided: Option<&'a str>,
}

#[derive(Serialize)]
struct NodeOut<'a> {
    id: u32,
    name: String,
    /// `probe`, `enter`, `exit`, `join`, `step` or `end`.
    kind: &'static str,
    /// For `enter` and `exit`: `plan`, `region`, `attempt`, `finally` or `meet`.
    block: Option<&'static str>,
    /// The block it stands in: the number of its `enter`.
    within: Option<u32>,
    title: &'a str,
    number: Option<u32>,
    machine: Option<&'a str>,
    /// Its own conditions; those of the blocks around it hold too.
    conditions: Vec<Stated<'a>>,
    /// Why it certainly does not run; `null` if it may.
    skipped: Option<String>,
    /// It belongs to an `otherwise`.
    otherwise: bool,
    finally: bool,
    place: Option<Place>,
    step: Option<StepOut<'a>>,
}

#[derive(Serialize)]
struct Stated<'a> {
    text: &'a str,
    place: Option<Place>,
}

#[derive(Serialize)]
struct StepOut<'a> {
    /// `run`, `wait`, `probe`, `ask`, `tell`, `delay` or `assume`.
    act: &'static str,
    /// The action as it was called; empty for a raw command.
    call: &'a str,
    /// The command, the question or the message, with `{{holes}}` for what is known only later.
    text: String,
    requires: Vec<String>,
    effects: Vec<String>,
    fences: Vec<&'a str>,
    loses: Vec<&'a str>,
    opaque: bool,
    tolerated: bool,
    idempotent: bool,
    lingers: bool,
    commits: bool,
    within_ms: Option<u64>,
    kill: bool,
    retries: u32,
    usually_ms: Option<u64>,
    /// Of a question: who may answer, and what counts if nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'a str>,
}

#[derive(Serialize)]
struct EdgeOut<'a> {
    /// The earlier node.
    from: u32,
    /// The later node.
    to: u32,
    /// `needs`: the earlier one must pass; `waits`: it must have ended.
    kind: &'static str,
    reason: ReasonOut<'a>,
}

#[derive(Serialize)]
struct ReasonOut<'a> {
    kind: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    /// The clauses that caused it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    places: Vec<Place>,
}

#[derive(Serialize)]
struct Time {
    /// Sum of the usual durations along the longest way.
    critical_ms: u64,
    /// The steps on it that have one.
    critical: Vec<u32>,
    /// How many steps that run have none.
    unknown: usize,
}

#[derive(Serialize)]
struct Declared<'a> {
    steps: usize,
    /// Steps without declared effects.
    opaque: Vec<&'a str>,
}

#[derive(Serialize)]
struct Accepted<'a> {
    thing: &'a str,
    why: &'a str,
    place: Option<Place>,
}

#[derive(Serialize)]
struct HoldOut<'a> {
    text: &'a str,
    machine: Option<&'a str>,
    things: Vec<&'a str>,
}

struct Document<'a> {
    words: Words<'a>,
    verdict: &'a Verdict,
    sources: &'a SourceMap,
}

impl<'a> Document<'a> {
    fn plan(&self) -> PlanOut<'a> {
        let plan = self.words.outline.plan;
        let schedule = Schedule::of(self.words.outline, self.words.dag, self.words.skipped);
        let numbers = |nodes: &[NodeId]| nodes.iter().map(|n| n.0).collect();
        let (mut steps, mut opaque) = (0, Vec::new());
        plan.each_step(&mut |s| {
            steps += 1;
            opaque.extend(s.flags.opaque.then_some(s.name.as_str()));
        });
        PlanOut {
            plan: &plan.name,
            title: &plan.title,
            arguments: plan.arguments.iter().map(|(name, value)| Argument { name, value }).collect(),
            place: place(plan.span, self.sources),
            goal: plan.goal.iter().map(|(r, _)| self.words.requirement(r)).collect(),
            locks: &plan.locks,
            rto_ms: plan.rto_ms,
            conditions: self.conditions(),
            nodes: self.words.dag.nodes().map(|(id, node)| self.node(id, node)).collect(),
            edges: self.edges(),
            waves: schedule.waves.iter().map(|w| numbers(w)).collect(),
            time: Time {
                critical_ms: schedule.critical_ms,
                critical: numbers(&schedule.critical),
                unknown: schedule.unknown,
            },
            effects: Declared { steps, opaque },
            verdict: self.verdict,
            accepted: plan
                .accepted
                .iter()
                .map(|(cell, why, span)| Accepted {
                    thing: self.words.cell(*cell),
                    why,
                    place: place(*span, self.sources),
                })
                .collect(),
            ends: plan.ends.iter().map(|(name, _)| name.as_str()).collect(),
            holds: plan
                .holds
                .iter()
                .map(|h| HoldOut {
                    text: &h.text,
                    machine: h.machine.map(|m| self.words.machine(m)),
                    things: h.cells.iter().map(|c| self.words.cell(*c)).collect(),
                })
                .collect(),
        }
    }

    fn conditions(&self) -> Vec<ConditionOut<'a>> {
        let atoms = self.words.outline.plan.atoms.iter().enumerate();
        atoms
            .map(|(index, atom)| {
                let id = crate::calculus::AtomId::at(index);
                ConditionOut {
                    name: &atom.name,
                    question: &atom.question,
                    source: match atom.source {
                        AtomSource::Decision => "decision",
                        AtomSource::Probe => "probe",
                        AtomSource::Answer => "answer",
                    },
                    options: &atom.options,
                    decided: self.words.skipped.decision(id).map(|option| self.words.answer(id, option)),
                }
            })
            .collect()
    }

    fn node(&self, id: NodeId, node: &'a Node) -> NodeOut<'a> {
        let outline = self.words.outline;
        let (kind, block) = match &node.what {
            What::Probe(_) => ("probe", None),
            What::Enter(block) => ("enter", Some(block_kind(*block))),
            What::Exit(block) => ("exit", Some(block_kind(*block))),
            What::Join(..) => ("join", None),
            What::Step(_) => ("step", None),
            What::End => ("end", None),
        };
        let step = if let What::Step(key) = node.what { outline.step(key) } else { None };
        let probe = if let What::Probe(index) = node.what { outline.plan.probes.get(index) } else { None };
        let region = match &node.what {
            What::Enter(Block::Region(key)) => outline.region(*key),
            _ => None,
        };
        let question = probe.and_then(|p| outline.plan.atoms.get(p.atom.index())).map(|a| a.question.as_str());
        let span = step.map(|s| s.span).or(probe.map(|p| p.span)).or(region.map(|r| r.span));
        NodeOut {
            id: id.0,
            name: outline.node_name(node),
            kind,
            block,
            within: node.within.map(|n| n.0),
            title: step.map(|s| s.title.as_str()).or(question).or(region.map(|r| r.title.as_str())).unwrap_or(""),
            number: step.and_then(|s| s.number),
            machine: step.and_then(|s| s.host).or(probe.and_then(|p| p.host)).map(|m| self.words.machine(m)),
            conditions: node
                .conditions
                .iter()
                .map(|c| Stated { text: &c.text, place: place(c.span, self.sources) })
                .collect(),
            skipped: self.words.skipped(id),
            otherwise: node.instead_of.is_some(),
            finally: node.finally,
            place: span.and_then(|s| place(s, self.sources)),
            step: step.map(|s| self.step(s)),
        }
    }

    fn step(&self, step: &'a Step) -> StepOut<'a> {
        let command = step.act.command();
        let (act, text) = match &step.act {
            Act::Run { command, .. } => ("run", self.words.template(&command.script)),
            Act::Wait { command, .. } => ("wait", self.words.template(&command.script)),
            Act::Probe { command, .. } => ("probe", self.words.template(&command.script)),
            Act::Ask { question, .. } => ("ask", self.words.template(question)),
            Act::Tell { text } => ("tell", self.words.template(text)),
            Act::Delay { ms } => ("delay", ms.to_string()),
            Act::Assume { why } => ("assume", why.clone()),
        };
        let gate = if let Act::Ask { gate, answers, .. } = &step.act { Some((gate, answers)) } else { None };
        let retries = if let Act::Run { retries, .. } = step.act { retries } else { 0 };
        StepOut {
            act,
            call: &step.call,
            text,
            requires: step.requires.iter().map(|(r, _)| self.words.requirement(r)).collect(),
            effects: step.effects.iter().map(|(e, _)| self.effect(e)).collect(),
            fences: step.fences.iter().map(|m| self.words.machine(*m)).collect(),
            loses: step.loses.iter().map(|(cell, _)| self.words.cell(*cell)).collect(),
            opaque: step.flags.opaque,
            tolerated: step.flags.tolerated,
            idempotent: step.flags.idempotent,
            lingers: step.flags.lingers,
            commits: step.flags.commits,
            within_ms: command.and_then(|c| c.within_ms).or(gate.and_then(|(gate, _)| gate.within_ms)),
            kill: command.is_some_and(|c| c.kill),
            retries,
            usually_ms: step.usually_ms,
            role: gate.and_then(|(gate, _)| gate.role.as_deref()),
            default: gate.and_then(|(gate, answers)| gate.default_answer(answers)),
        }
    }

    /// `services: rm_tokyo → nowhere`, `cf := normal`
    fn effect(&self, effect: &Effect) -> String {
        let (cell, value) = (self.words.cell(effect.cell), |v| self.words.cell_value(effect.cell, v));
        match effect.change {
            Change::Set(v) => format!("{cell} := {}", value(v)),
            Change::Move { from, to } => format!("{cell}: {} → {}", value(from), value(to)),
        }
    }

    fn edges(&self) -> Vec<EdgeOut<'a>> {
        let mut all = Vec::new();
        for (to, _) in self.words.dag.nodes() {
            let mut edges: Vec<(NodeId, Edge)> = self.words.dag.before(to).collect();
            edges.sort_by_key(|(from, _)| *from);
            all.extend(edges.into_iter().map(|(from, edge)| EdgeOut {
                from: from.0,
                to: to.0,
                kind: if edge.kind == Kind::Needs { "needs" } else { "waits" },
                reason: self.reason(edge.reason),
            }));
        }
        all
    }

    fn reason(&self, reason: Reason) -> ReasonOut<'a> {
        let (mut cell, mut machine, mut value, mut spans) = (None, None, None, Vec::new());
        match reason {
            Reason::Machine(m) => machine = Some(self.words.machine(m)),
            Reason::Fence { machine: m, cell: c } => {
                (machine, cell) = (Some(self.words.machine(m)), Some(self.words.cell(c)));
            }
            Reason::Conflict { cell: c, earlier, later } => {
                cell = Some(self.words.cell(c));
                spans = vec![earlier, later];
            }
            Reason::Value(v) => value = Some(self.words.value(v)),
            Reason::Condition(span) | Reason::After(span) => spans = vec![span],
            _ => {}
        }
        ReasonOut {
            kind: Words::reason_kind(reason),
            text: self.words.reason(reason),
            cell,
            machine,
            value,
            places: spans.into_iter().filter_map(|s| place(s, self.sources)).collect(),
        }
    }
}

fn block_kind(block: Block) -> &'static str {
    match block {
        Block::Plan => "plan",
        Block::Region(_) => "region",
        Block::Rung(..) => "attempt",
        Block::Finally(_) => "finally",
        Block::Meet(_) => "meet",
    }
}
