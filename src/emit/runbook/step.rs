//! One row of the procedure: a step, or the like members of a set.

use crate::base::duration;
use crate::calculus::{Answer, Command, Meaning, Sign, Template, Verdict};
use crate::emit::runbook::deed::{bare, place, typed};
use crate::emit::runbook::model::{Deed, Mark, Remark, Step as Out};
use crate::emit::words::{Words, listed};
use crate::model::{Act, Step};
use crate::order::{Circuit, NodeId, usual_ms};

/// The row of these steps; the first says what all of them are like. `None` if a plan has no such step.
pub(super) fn row(
    words: &Words<'_>,
    circuit: &mut Circuit,
    members: &[&Step],
    level: usize,
    fails: String,
) -> Option<Out> {
    let step = members.first()?;
    let nodes: Vec<NodeId> = members.iter().filter_map(|s| Some(words.dag.ends(s.key)?.start)).collect();
    let first = *nodes.first()?;
    let wires: Vec<_> = nodes.iter().map(|n| circuit.skipped(*n)).collect();
    let off = circuit.all(&wires);
    let places = places(words, members);
    let (name, times) = match members {
        [_] => (step.name.as_str(), String::new()),
        many => (step.name.split_once('[').map_or(step.name.as_str(), |(name, _)| name), format!("×{}", many.len())),
    };
    Some(Out {
        level,
        id: first.0,
        nodes: nodes.iter().map(|n| n.0).collect(),
        number: step.number.map_or_else(String::new, |n| n.to_string()),
        name: name.to_owned(),
        members: if places.len() < members.len() { members_of(members) } else { Vec::new() },
        times,
        title: step.title.clone(),
        site: listed(&sites(words, members)),
        place: listed(&places),
        marks: marks(step),
        critical: false,
        commits: step.flags.commits,
        remarks: remarks(words, circuit, first),
        how: how(words, step),
        checks: each(members, |s| match &s.act {
            Act::Run { verify: Some(verify), .. } => Some(bare(words, s.host, verify)),
            _ => None,
        }),
        expected: expected(words, members, step),
        deeds: each(members, |s| s.act.command().map(|c| typed(words, s.host, c))),
        values: values(words, members),
        fails: if step.flags.tolerated { String::from("it is reported, and what follows goes on") } else { fails },
        usually: usual_ms(step).filter(|ms| *ms > 0).map_or_else(String::new, duration),
        limits: limits(step),
        off,
        skipped: words.skipped(first).unwrap_or_default(),
    })
}

/// What each member has of something; if several have the same, it is said once for all their places.
fn each(members: &[&Step], of: impl Fn(&Step) -> Option<Deed>) -> Vec<Deed> {
    let mut all: Vec<(Deed, Vec<String>)> = Vec::new();
    for deed in members.iter().filter_map(|s| of(s)) {
        match all.iter_mut().find(|(d, _)| d.script == deed.script && d.env == deed.env) {
            Some((_, places)) if places.contains(&deed.place) => {}
            Some((_, places)) => places.push(deed.place),
            None => {
                let place = deed.place.clone();
                all.push((deed, vec![place]));
            }
        }
    }
    all.into_iter().map(|(deed, places)| Deed { place: listed(&places), ..deed }).collect()
}

/// `x, y` of `unmount[x]` and `unmount[y]`.
fn members_of(members: &[&Step]) -> Vec<String> {
    let member = |s: &&Step| s.name.split_once('[').map(|(_, member)| member.replace(']', ""));
    let all: Option<Vec<String>> = members.iter().map(member).collect();
    all.filter(|all| all.len() > 1).unwrap_or_default()
}

/// The values that stand in commands by name, and where they come from.
fn values(words: &Words<'_>, members: &[&Step]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for step in members {
        let verify = if let Act::Run { verify, .. } = &step.act { verify.as_ref() } else { None };
        let command = step.act.command().into_iter().flat_map(Command::templates);
        for value in command.chain(verify).flat_map(Template::values) {
            let text = format!("{}: {}", words.value(value), words.origin(value));
            if !all.contains(&text) {
                all.push(text);
            }
        }
    }
    all
}

/// The nodes, each once; where no command is run, whoever carries it out.
fn places(words: &Words<'_>, members: &[&Step]) -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    for step in members.iter().filter(|s| s.host.is_some()) {
        let place = place(words, step.host);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    if places.is_empty() {
        let typed = members.iter().any(|s| s.act.command().is_some());
        places.push(String::from(if typed { "this machine" } else { "operator" }));
    }
    places
}

fn sites<'a>(words: &Words<'a>, members: &[&Step]) -> Vec<&'a str> {
    let machines = &words.outline.plan.machines;
    let mut sites: Vec<&str> = Vec::new();
    for machine in members.iter().filter_map(|s| machines.get(s.host?.index())) {
        if let Some(site) = machine.site.as_deref().filter(|site| !sites.contains(site)) {
            sites.push(site);
        }
    }
    sites
}

fn marks(step: &Step) -> Vec<Mark> {
    [
        (step.flags.commits, "no way back from here on", "bad"),
        (step.flags.finally, "in any case", "accent"),
        (step.flags.tolerated, "if possible", "quiet"),
        (step.flags.opaque, "effects not declared", "warn"),
        (!step.fences.is_empty(), "fence", "accent"),
    ]
    .into_iter()
    .filter_map(|(is, text, tone)| is.then_some(Mark { text, tone }))
    .collect()
}

/// The conditions of a node itself, then those of the blocks around it, each once.
pub(super) fn remarks(words: &Words<'_>, circuit: &Circuit, node: NodeId) -> Vec<Remark> {
    let mut all: Vec<Remark> = Vec::new();
    let within = |n: &NodeId| words.dag.node(*n).and_then(|node| node.within);
    for node in std::iter::successors(Some(node), within) {
        let conditions = words.dag.node(node).map_or(&[][..], |n| n.conditions.as_slice());
        let falsified = circuit.falsified.get(node.index()).map_or(&[][..], Vec::as_slice);
        for (stated, off) in conditions.iter().zip(falsified) {
            if !all.iter().any(|r| r.text == stated.text && r.off == *off) {
                all.push(Remark { text: stated.text.clone(), asks: words.questions(stated.guard), off: *off });
            }
        }
    }
    all
}

fn how(words: &Words<'_>, step: &Step) -> String {
    match &step.act {
        Act::Run { .. } => String::new(),
        Act::Wait { every_ms, negated, .. } => {
            let until = if *negated { "fails" } else { "succeeds" };
            format!("Repeat every {} until this {until}:", duration(*every_ms))
        }
        Act::Probe { atom, .. } => {
            let question = words.outline.plan.atoms.get(atom.index()).map_or("", |a| a.question.as_str());
            match question {
                "" => String::from("Find out:"),
                question => format!("Find out whether {question}: yes if this succeeds."),
            }
        }
        Act::Ask { question, .. } => format!("Ask: {}", words.template(question)),
        Act::Tell { text } => format!("Tell: {}", words.template(text)),
        Act::Delay { ms } => format!("Wait for {}.", duration(*ms)),
        Act::Assume { why } => format!("Taken for granted: {why}"),
    }
}

/// The answers to a question, with what they mean.
pub(super) fn labelled(answers: &[Answer]) -> Vec<String> {
    let stops = |stops| if stops { " (this ends the run)" } else { "" };
    answers.iter().map(|a| format!("{}: {}{}", a.name, a.label, stops(a.stops))).collect()
}

/// What is so afterwards, and what the command says.
fn expected(words: &Words<'_>, members: &[&Step], step: &Step) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    if let Act::Ask { answers, gate, .. } = &step.act {
        all.extend(gate.clauses(answers));
        all.extend(labelled(answers));
    }
    let mut facts: Vec<String> = Vec::new();
    for (effect, _) in members.iter().flat_map(|s| &s.effects) {
        facts.extend(words.fact(effect).filter(|fact| !facts.contains(fact)));
    }
    if !facts.is_empty() {
        let means = if matches!(step.act, Act::Ask { .. }) { "a yes means: " } else { "" };
        all.push(format!("{means}{}", listed(&facts)));
    }
    if let Some(command) = step.act.command() {
        all.extend(meanings(words, command));
        let kept: Vec<&str> = command.captures.iter().map(|c| words.value(c.value)).collect();
        all.extend((!kept.is_empty()).then(|| format!("its output gives {}", listed(&kept))));
    }
    if all.is_empty() && matches!(&step.act, Act::Run { verify: None, .. }) {
        all.push(String::from("it ends with exit code 0"));
    }
    let lost = members.iter().flat_map(|s| &s.loses);
    all.extend(lost.map(|(cell, _)| format!("this loses {}", words.cell(*cell))));
    all
}

/// What exit codes and output mean, where that is not simply that zero is success.
fn meanings(words: &Words<'_>, command: &Command) -> Vec<String> {
    let line = |meaning: &Meaning| {
        let sign = match &meaning.sign {
            Sign::Exit(codes) => {
                let codes: Vec<String> = codes.iter().map(u8::to_string).collect();
                format!("exit code {}", codes.join(" or "))
            }
            Sign::Output(pattern) => format!("output like {pattern}"),
        };
        match &meaning.verdict {
            Verdict::Success => format!("{sign}: it has worked"),
            Verdict::Failure => format!("{sign}: it has failed"),
            Verdict::Warning => format!("{sign}: it has worked, with a warning"),
            Verdict::Ask(question) => format!("{sign}: ask {}", words.template(question)),
        }
    };
    command.meanings.iter().map(line).collect()
}

/// How long it may take and how often it is tried.
fn limits(step: &Step) -> String {
    let mut all = Vec::new();
    if let Some(within) = step.act.command().and_then(|c| c.within_ms) {
        let kill = if step.act.command().is_some_and(|c| c.kill) { ", then kill it" } else { "" };
        all.push(format!("within {}{kill}", duration(within)));
    }
    if let Act::Run { retries: n @ 1.., every_ms, .. } = &step.act {
        all.push(format!("up to {n} more attempts, every {}", duration(*every_ms)));
    }
    all.join("; ")
}
