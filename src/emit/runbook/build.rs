//! From a compiled plan to its runbook.

use crate::base::duration;
use crate::emit::graph::mermaid;
use crate::emit::proof::Proof;
use crate::emit::runbook::Subject;
use crate::emit::runbook::drawing::drawing;
use crate::emit::runbook::model::{Count, Gate, Row, Runbook};
use crate::emit::runbook::rows::rows;
use crate::emit::runbook::start::{accepted, afterwards, goal, start, switches};
use crate::emit::runbook::step::labelled;
use crate::emit::runbook::time::{time, ways};
use crate::emit::words::{Words, hexadecimal};
use crate::model::{Act, Step};
use crate::order::{Circuit, Outline, Schedule, Wire, circuit, specialise};
use crate::verdict::Verdict;

impl Runbook {
    /// The runbook of a plan.
    pub fn of(subject: Subject<'_>) -> Runbook {
        let Subject { plan, dag, program, verdict, answers } = subject;
        let outline = Outline::of(plan);
        let skipped = specialise(dag, answers);
        let words = Words { outline: &outline, dag, skipped: &skipped };
        let schedule = Schedule::of(&outline, dag, &skipped);
        let mut circuit = circuit(dag, &plan.atoms);
        let mut rows = rows(&words, &mut circuit);
        number(&mut rows);
        mark_critical(&mut rows, &schedule);
        let drawing = drawing(&words, &schedule, &mut circuit, &rows);
        let arguments: Vec<String> = plan.arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        Runbook {
            call: format!("{}({})", plan.name, arguments.join(", ")),
            title: plan.title.clone(),
            digest: hexadecimal(&program.digest()),
            time: time(&words, &schedule),
            count: count(&words, verdict),
            goal: goal(&words),
            start: start(&words, verdict),
            switches: switches(&words, &circuit),
            flowchart: if drawing.is_some() {
                mermaid(plan, dag, &skipped).trim_end().to_owned()
            } else {
                String::new()
            },
            drawing,
            gates: gates(&words),
            no_return: verdict.no_return.clone(),
            back: program.calls.back.iter().map(|call| format!("handover run {call}")).collect(),
            accepted: accepted(&words),
            afterwards: afterwards(&words),
            proof: Proof::of(verdict),
            // Without their digests: comments do not make another procedure.
            sources: program.sources.iter().map(|s| s.path.clone()).filter(|path| !path.starts_with("--")).collect(),
            table: table(&words, &circuit, plan.rto_ms),
            rows,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// Where the procedure has no numbers of its own, its rows are counted: people say on the telephone where they are.
fn number(rows: &mut [Row]) {
    let mut steps: Vec<_> = rows.iter_mut().filter_map(|r| r.step.as_mut()).collect();
    if steps.iter().all(|step| step.number.is_empty()) {
        for (i, step) in steps.iter_mut().enumerate() {
            step.number = (i + 1).to_string();
        }
    }
}

fn mark_critical(rows: &mut [Row], schedule: &Schedule) {
    for step in rows.iter_mut().filter_map(|r| r.step.as_mut()) {
        step.critical = step.nodes.iter().any(|n| schedule.critical.iter().any(|c| c.0 == *n));
    }
}

fn count(words: &Words<'_>, verdict: &Verdict) -> Count {
    let mut count = Count { opaque: verdict.opaque.len(), ..Count::default() };
    words.outline.plan.each_step(&mut |step: &Step| {
        let skipped = words.dag.ends(step.key).is_some_and(|e| words.skipped.contains(e.start));
        count.all += 1;
        count.runs += usize::from(!skipped);
    });
    count
}

/// The questions to people.
fn gates(words: &Words<'_>) -> Vec<Gate> {
    let mut gates = Vec::new();
    words.outline.plan.each_step(&mut |step: &Step| {
        let (Act::Ask { question, answers, gate, .. }, Some(ends)) = (&step.act, words.dag.ends(step.key)) else {
            return;
        };
        let deadline = gate.within_ms.map(|ms| match gate.default_answer(answers) {
            Some(answer) => format!("{}, else {answer}", duration(ms)),
            None => format!("{}, else the step fails", duration(ms)),
        });
        gates.push(Gate {
            id: ends.start.0,
            step: step.name.clone(),
            question: words.template(question),
            who: gate.role.clone().unwrap_or_else(|| String::from("whoever carries it out")),
            deadline: deadline.unwrap_or_else(|| String::from("none")),
            answers: match answers.as_slice() {
                [] => vec![String::from("yes or no")],
                all => labelled(all),
            },
        });
    });
    gates
}

/// Answers, gates, nodes (usual time, whether it takes none, what it follows), steps (whether skipped), promised time.
fn table(words: &Words<'_>, circuit: &Circuit, promised_ms: Option<u64>) -> String {
    let answers: usize = circuit.answers.iter().map(Vec::len).sum();
    let idle = |n: usize| circuit.idle.get(n).copied().unwrap_or(Wire::NEVER);
    let ways = ways(words.outline, words.dag);
    let nodes: Vec<_> = ways.iter().map(|(id, ms, before)| (*ms, idle(id.index()), before)).collect();
    let mut steps = Vec::new();
    words.outline.plan.each_step(&mut |step: &Step| {
        steps.extend(words.dag.ends(step.key).map(|e| circuit.skipped(e.start)));
    });
    serde_json::json!([answers, circuit.gates, nodes, steps, promised_ms.unwrap_or(0)]).to_string()
}
