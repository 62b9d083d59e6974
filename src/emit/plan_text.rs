//! `handover plan`: the compiled order as a person reads it who has to follow it.
//!
//! Steps stand in written order, which is a legal run. What a step waits for is said where it is not simply the one
//! before it.

use crate::base::duration;
use crate::calculus::Command;
use crate::emit::page::Page;
use crate::emit::summary::Summary;
use crate::emit::words::{Words, dedented, is_copy, is_made, listed, only_step, region_name, some};
use crate::model::{Act, Item, Order, Plan, Region, Step};
use crate::order::{Block, Dag, Edge, Kind, NodeId, Outline, Reason, Skipped, What};
use crate::verdict::Verdict;

/// Columns that a level of blocks is indented by.
const LEVEL: usize = 3;

/// The listing of a plan, in lines of at most `width` columns (what may be copied is not broken).
pub fn plan_text(plan: &Plan, dag: &Dag, skipped: &Skipped, verdict: &Verdict, width: usize) -> String {
    let outline = Outline::of(plan);
    let words = Words { outline: &outline, dag, skipped };
    let mut numbers = 0;
    plan.each_step(&mut |s| numbers = numbers.max(s.number.map_or(0, |n| n.to_string().len())));
    let mut page = Page::new(width);
    Summary { words: &words, page: &mut page, verdict }.head();
    let around = Around { order: Order::Text, block: None, head: None };
    Listing { words: &words, page: &mut page, numbers }.items(&plan.body, 0, around);
    Summary { words: &words, page: &mut page, verdict }.foot();
    page.text()
}

/// What a list of items stands in.
#[derive(Clone, Copy)]
struct Around<'a> {
    order: Order,
    /// Name of the block; `None` for the plan itself.
    block: Option<&'a str>,
    /// For the first attempt of a ladder that stands for a step: the node that has what the ladder follows.
    head: Option<NodeId>,
}

struct Listing<'a> {
    words: &'a Words<'a>,
    page: &'a mut Page,
    /// Width of the column of step numbers.
    numbers: usize,
}

impl<'a> Listing<'a> {
    fn items(&mut self, items: &'a [Item], indent: usize, around: Around<'a>) {
        let mut before: Option<&Item> = None;
        for item in items {
            self.item(item, before, indent, around);
            before = Some(item);
        }
    }

    fn item(&mut self, item: &'a Item, before: Option<&Item>, indent: usize, around: Around<'a>) {
        match item {
            Item::Step(step) => self.steps(&[step], before, indent, around),
            Item::Group(group) => {
                if let Some(steps) = self.members(&group.items) {
                    return self.steps(&steps, before, indent, around);
                }
                let around = Around { order: Order::Conflicts, ..around };
                for member in &group.items {
                    self.item(member, before, indent, around);
                }
            }
            Item::Region(region) => self.region(region, before, indent, around),
        }
    }

    /// The members of a set, if each is a single step and they differ in nothing but their names and machines.
    fn members(&self, items: &'a [Item]) -> Option<Vec<&'a Step>> {
        let look = |s: &&'a Step| {
            let conditions: Vec<&str> = s.conditions.iter().map(|c| c.text.as_str()).collect();
            let skipped = self.words.dag.ends(s.key).and_then(|e| self.words.skipped(e.start));
            (self.deed(s), conditions.join("\n"), s.title.as_str(), skipped)
        };
        let steps: Vec<&Step> = items.iter().map(only_step).collect::<Option<_>>()?;
        let first = look(steps.first()?);
        steps.iter().all(|s| look(s) == first).then_some(steps)
    }

    /// One step, or the like members of a set.
    fn steps(&mut self, members: &[&'a Step], before: Option<&Item>, indent: usize, around: Around<'a>) {
        let Some(step) = members.first().copied() else { return };
        let Some(ends) = self.words.dag.ends(step.key) else { return };
        let inner = indent + if self.numbers > 0 { self.numbers + 2 } else { 0 };
        let number = step.number.map_or_else(String::new, |n| n.to_string());
        let margin = if self.numbers > 0 { format!("{number:>wide$}  ", wide = self.numbers) } else { String::new() };
        let mut line = format!("{margin}{}", self.title_line(members));
        let skipped = self.words.skipped(ends.start);
        if let Some(why) = &skipped {
            line.push_str(&format!("  – skipped: {why}"));
        }
        self.page.hanging(indent, inner - indent + 2, &line);
        if !step.title.is_empty() {
            self.page.line(inner, &step.title);
        }
        if skipped.is_none() {
            self.details(step, ends.start, before, inner, around);
        }
        self.page.gap();
    }

    /// `stop_web  on a`, `check  on a and b, side by side`, `unmount[x, y]  on a, side by side`
    fn title_line(&self, members: &[&Step]) -> String {
        let mut places: Vec<&str> = members.iter().filter_map(|s| s.host).map(|m| self.words.machine(m)).collect();
        places.dedup();
        let on = if places.is_empty() { String::new() } else { format!("  on {}", some(&places)) };
        let [first, _, ..] = members else {
            return format!("{}{on}", members.first().map_or("", |s| s.name.as_str()));
        };
        let name = first.name.split_once('[').map_or(first.name.as_str(), |(name, _)| name);
        if places.len() == members.len() {
            return format!("{name}{on}, side by side");
        }
        let member = |s: &&'_ Step| s.name.split_once('[').map_or_else(|| s.name.clone(), |(_, m)| m.replace(']', ""));
        let names: Vec<String> = members.iter().map(member).collect();
        format!("{name}[{}]{on}, side by side", some(&names))
    }

    fn details(&mut self, step: &'a Step, node: NodeId, before: Option<&Item>, indent: usize, around: Around<'a>) {
        self.conditions(node, indent);
        self.follows(node, before, indent, around);
        if step.flags.tolerated {
            self.page.line(indent, "if possible: a failure is reported, and what follows goes on");
        }
        let deed = self.deed(step);
        self.page.verbatim(indent, &deed);
        if let Act::Ask { answers, gate, .. } = &step.act {
            gate.clauses(answers).iter().for_each(|clause| self.page.line(indent + 2, clause));
            for answer in answers {
                let stops = if answer.stops { " (this ends the run)" } else { "" };
                self.page.line(indent + 2, &format!("{}: {}{stops}", answer.name, answer.label));
            }
        }
        self.brings(step, indent);
        let limits = limits(step);
        if !limits.is_empty() {
            self.page.line(indent, &limits.join("; "));
        }
        if step.flags.commits {
            self.page.line(indent, "from here on there is no way back");
        }
    }

    /// What else there is to know of what it does: values for later steps, what an answer vouches for, what is lost.
    fn brings(&mut self, step: &Step, indent: usize) {
        let kept = step.act.command().map_or(&[][..], |c| c.captures.as_slice());
        if !kept.is_empty() {
            let names: Vec<&str> = kept.iter().map(|c| self.words.value(c.value)).collect();
            self.page.line(indent, &format!("its output gives {}", listed(&names)));
        }
        if let Act::Ask { .. } = step.act {
            let facts: Vec<String> = step.effects.iter().filter_map(|(e, _)| self.words.fact(e)).collect();
            if !facts.is_empty() {
                self.page.hanging(indent, 2, &format!("a yes means {}", listed(&facts)));
            }
        }
        for (cell, _) in &step.loses {
            self.page.line(indent, &format!("this loses {}", self.words.cell(*cell)));
        }
    }

    fn conditions(&mut self, node: NodeId, indent: usize) {
        let conditions = self.words.dag.node(node).map_or(&[][..], |n| n.conditions.as_slice());
        for stated in conditions {
            self.page.hanging(indent, 2, &stated.text);
        }
    }

    /// What a step does, as it would be written.
    fn deed(&self, step: &Step) -> String {
        let called = |verb: &str, command: &Command| match step.call.as_str() {
            "" => shown_script(verb, &self.words.template(&command.script)),
            call => format!("{verb} {call}"),
        };
        match &step.act {
            Act::Run { command, .. } => called(if step.call.is_empty() { "run" } else { "do" }, command),
            Act::Wait { command, negated, .. } => {
                called(if *negated && step.call.is_empty() { "wait until not" } else { "wait until" }, command)
            }
            Act::Probe { .. } => String::new(),
            Act::Ask { question, .. } => format!("ask \"{}\"", self.words.template(question)),
            Act::Tell { text } => format!("tell \"{}\"", self.words.template(text)),
            Act::Delay { ms } => format!("wait for {}", duration(*ms)),
            Act::Assume { why } => format!("taken for granted: {why}"),
        }
    }

    /// What an item follows, where it is not simply the one before it in its block.
    fn follows(&mut self, node: NodeId, before: Option<&Item>, indent: usize, around: Around<'a>) {
        let follows = self.followed(around.head.unwrap_or(node));
        let tails = before.map_or_else(Vec::new, |b| self.tails(b));
        let others = follows.iter().any(|(n, _)| !tails.contains(n));
        if !others && (!follows.is_empty() || before.is_none()) {
            return;
        }
        if follows.is_empty() {
            if around.order == Order::Text {
                let text = around.block.map_or_else(|| String::from("starts at once"), |b| format!("starts with {b}"));
                self.page.line(indent, &text);
            }
            return;
        }
        let mut told: Vec<(Edge, String, Vec<String>)> = Vec::new();
        for (earlier, edge) in follows {
            let (name, why) = (self.words.name(earlier), self.words.reason(edge.reason));
            match told.iter_mut().find(|(e, w, _)| e.kind == edge.kind && *w == why) {
                Some((_, _, names)) if names.contains(&name) => {}
                Some((_, _, names)) => names.push(name),
                None => told.push((edge, why, vec![name])),
            }
        }
        for (edge, why, names) in told {
            let end = if edge.kind == Kind::Waits { "the end of " } else { "" };
            let why = if matches!(edge.reason, Reason::After(_)) { String::new() } else { format!(": {why}") };
            self.page.hanging(indent, 2, &format!("after {end}{}{why}", some(&names)));
        }
    }

    /// The steps and blocks that a node follows, in written order; block structure is seen through.
    fn followed(&self, node: NodeId) -> Vec<(NodeId, Edge)> {
        let mut found: Vec<(NodeId, Edge)> = Vec::new();
        for (earlier, edge) in self.words.dag.before(node) {
            match (edge.reason, self.words.dag.node(earlier).map(|n| &n.what)) {
                (Reason::Begin | Reason::Ladder | Reason::Finally | Reason::ProbeRead(_), _) => {}
                (_, Some(What::Exit(Block::Meet(_)))) => {
                    let enter = self.words.dag.before(earlier).map(|(n, _)| n).next();
                    let met = enter.into_iter().flat_map(|n| self.words.dag.before(n));
                    found.extend(met.filter(|(_, e)| e.reason == Reason::Meet).map(|(n, _)| (n, edge)));
                }
                _ => found.push((earlier, edge)),
            }
        }
        found.sort_by_key(|(n, _)| *n);
        found
    }

    fn tails(&self, item: &Item) -> Vec<NodeId> {
        match item {
            Item::Group(group) => group.items.iter().flat_map(|m| self.tails(m)).collect(),
            other => self.words.dag.ends(other.key()).map(|e| e.end).into_iter().collect(),
        }
    }

    fn region(&mut self, region: &'a Region, before: Option<&Item>, indent: usize, around: Around<'a>) {
        let Some(ends) = self.words.dag.ends(region.key) else { return };
        let head = Some(around.head.unwrap_or(ends.start));
        if is_made(region) {
            return self.made(region, before, indent, Around { head, ..around });
        }
        if let ([rung], Order::Conflicts, "") = (region.rungs.as_slice(), region.order, region.title.as_str())
            && let Some(steps) = self.members(&rung.items)
        {
            return self.steps(&steps, before, indent, Around { head, ..around });
        }
        let skipped = self.words.skipped(ends.start);
        self.heading(region, skipped.as_deref(), indent);
        if skipped.is_none() {
            self.conditions(ends.start, indent + LEVEL);
            self.follows(ends.start, before, indent + LEVEL, around);
        }
        self.page.gap();
        if let Some(first) = region.rungs.first() {
            self.items(&first.items, indent + LEVEL, inside(region));
        }
        self.rest(region, indent);
    }

    /// A region that the compiler made stands for its first attempt, at the same level.
    fn made(&mut self, region: &'a Region, before: Option<&Item>, indent: usize, around: Around<'a>) {
        let mut before = before;
        let mut around = around;
        for item in region.rungs.first().map_or(&[][..], |r| r.items.as_slice()) {
            self.item(item, before, indent, around);
            before = Some(item);
            around.head = None;
        }
        self.rest(region, indent);
    }

    /// The other attempts, and what is done in any case.
    fn rest(&mut self, region: &'a Region, indent: usize) {
        for (number, rung) in region.rungs.iter().enumerate().skip(1) {
            if is_copy(rung, number) {
                let more = region.rungs.len() - number;
                let times = if more == 1 { String::from("once more") } else { format!("up to {more} times more") };
                self.page.line(indent, &format!("if that does not work: all of it again, {times}"));
                self.page.gap();
                break;
            }
            let nothing = if rung.items.is_empty() { " go on all the same" } else { "" };
            self.page.line(indent, &format!("otherwise, if that is not possible or does not work:{nothing}"));
            if let Some(enter) =
                u32::try_from(number).ok().and_then(|n| self.words.dag.enter(Block::Rung(region.key, n)))
            {
                self.conditions(enter, indent + LEVEL);
            }
            self.page.gap();
            self.items(&rung.items, indent + LEVEL, inside(region));
        }
        if !region.finally.is_empty() {
            self.page.line(indent, "finally, whatever became of that:");
            self.page.gap();
            self.items(&region.finally, indent + LEVEL, inside(region));
        }
    }

    fn heading(&mut self, region: &Region, skipped: Option<&str>, indent: usize) {
        let mut line = match (region.order, region.title.as_str()) {
            (Order::None, "") => String::from("side by side:"),
            (Order::Conflicts, "") => String::from("for each, side by side where the effects allow it:"),
            (Order::Conflicts, title) => format!("{title}, side by side where the effects allow it:"),
            (_, "") => region.name.clone(),
            (_, title) => format!("{} – {title}", region.name),
        };
        if let Some(why) = skipped {
            line.push_str(&format!("  – skipped: {why}"));
        }
        self.page.hanging(indent, 2, &line);
    }
}

fn inside(region: &Region) -> Around<'_> {
    Around { order: region.order, block: Some(region_name(region)), head: None }
}

/// Time limit, repetitions, usual duration.
fn limits(step: &Step) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(within) = step.act.command().and_then(|c| c.within_ms) {
        let kill = if step.act.command().is_some_and(|c| c.kill) { ", then kill" } else { "" };
        all.push(format!("within {}{kill}", duration(within)));
    }
    match &step.act {
        Act::Run { retries: n @ 1.., every_ms, .. } => {
            all.push(format!("up to {n} more attempts, every {}", duration(*every_ms)));
        }
        Act::Wait { every_ms, .. } => all.push(format!("looks every {}", duration(*every_ms))),
        _ => {}
    }
    all.extend(step.usually_ms.map(|ms| format!("usually {}", duration(ms))));
    all
}

/// A command in one line; or in several, with the indentation that they have in common taken away.
fn shown_script(verb: &str, script: &str) -> String {
    let script = dedented(script);
    if !script.contains('\n') {
        return format!("{verb} {script}");
    }
    let lines = script.lines().map(|l| format!("\n  {l}"));
    format!("{verb}{}", lines.collect::<String>())
}
