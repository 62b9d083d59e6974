//! `handover plan`: the compiled order as a person reads it who has to follow it.
//!
//! Steps stand in written order, which is a legal run. What a step waits for is said where it is not simply the one
//! before it.

use crate::base::duration;
use crate::calculus::{AtomSource, Command};
use crate::emit::words::{Words, is_copy, is_made, listed, region_name};
use crate::model::{Act, Item, Order, Plan, Region, Step};
use crate::order::{Block, Dag, Edge, Kind, NodeId, Outline, Reason, Schedule, Skipped, What};

/// Names shown in one list; the rest are counted.
const SHOWN: usize = 6;
/// Columns that a level of blocks is indented by.
const LEVEL: usize = 3;

/// The listing of a plan, in lines of at most `width` columns (what may be copied is not broken).
pub fn plan_text(plan: &Plan, dag: &Dag, skipped: &Skipped, width: usize) -> String {
    let outline = Outline::of(plan);
    let words = Words { outline: &outline, dag, skipped };
    let mut numbers = 0;
    plan.each_step(&mut |s| numbers = numbers.max(s.number.map_or(0, |n| n.to_string().len())));
    let mut page = Page { words, width: width.max(40), numbers, out: String::new() };
    page.head();
    page.items(&plan.body, 0, Around { order: Order::Text, block: None, head: None });
    page.foot();
    page.out
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

struct Page<'a> {
    words: Words<'a>,
    width: usize,
    /// Width of the column of step numbers.
    numbers: usize,
    out: String,
}

impl<'a> Page<'a> {
    // ---- lines ------------------------------------------------------------------------------------------------

    /// One line, broken at spaces where it is too long; what follows stands under its second word if `hang` says so.
    fn line(&mut self, indent: usize, text: &str) {
        self.hanging(indent, 0, text);
    }

    fn hanging(&mut self, indent: usize, hang: usize, text: &str) {
        let mut column = 0;
        for word in text.split(' ') {
            let wide = word.chars().count();
            if column > 0 && column + 1 + wide > self.width {
                self.out.push('\n');
                column = 0;
                self.pad(indent + hang, &mut column);
            } else if column == 0 {
                self.pad(indent, &mut column);
            } else {
                self.out.push(' ');
                column += 1;
            }
            self.out.push_str(word);
            column += wide;
        }
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        self.out.push('\n');
    }

    fn pad(&mut self, columns: usize, column: &mut usize) {
        self.out.extend(std::iter::repeat_n(' ', columns));
        *column = columns;
    }

    /// As it is, for what may be copied.
    fn verbatim(&mut self, indent: usize, text: &str) {
        for line in text.lines() {
            self.out.extend(std::iter::repeat_n(' ', indent));
            self.out.push_str(line.trim_end());
            self.out.push('\n');
        }
    }

    fn field(&mut self, label: &str, text: &str) {
        if !text.is_empty() {
            self.hanging(0, 11, &format!("{label:<10} {text}"));
        }
    }

    // ---- head and foot ----------------------------------------------------------------------------------------

    fn head(&mut self) {
        let plan = self.words.outline.plan;
        let arguments: Vec<String> = plan.arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        self.hanging(0, 2, &format!("{}({})", plan.name, arguments.join(", ")));
        if !plan.title.is_empty() {
            self.line(0, &plan.title);
        }
        self.out.push('\n');
        let goal: Vec<String> = plan.goal.iter().map(|(r, _)| self.words.requirement(r)).collect();
        self.field("goal", &goal.join(", "));
        self.field("locks", &plan.locks.join(", "));
        self.field("within", &plan.rto_ms.map_or_else(String::new, duration));
        for (index, atom) in plan.atoms.iter().enumerate() {
            let id = crate::calculus::AtomId::at(index);
            match (self.words.skipped.decision(id), atom.source) {
                (Some(option), _) => {
                    let text = format!("{}: {}", atom.name, self.words.answer(id, option));
                    self.field("decided", &text);
                }
                (None, AtomSource::Decision) => {
                    self.field("to decide", &format!("{}: {}", atom.name, atom.options.join(" or ")));
                }
                (None, AtomSource::Probe | AtomSource::Answer) => {}
            }
        }
        for probe in plan.probes.iter().filter(|p| p.at_start && self.words.skipped.decision(p.atom).is_none()) {
            let question = plan.atoms.get(probe.atom.index()).map_or("", |a| a.question.as_str());
            let place = probe.host.map_or("the operator", |m| self.words.machine(m));
            self.field("read first", &format!("{}: {question}, asked on {place}", self.words.atom(probe.atom)));
        }
        self.out.push('\n');
    }

    fn foot(&mut self) {
        let plan = self.words.outline.plan;
        let schedule = Schedule::of(self.words.outline, self.words.dag, self.words.skipped);
        self.out.push('\n');
        self.waves(&schedule);
        self.time(&schedule);
        self.effects();
        for (cell, why, _) in &plan.accepted {
            self.field("accepted", &format!("loss of {}: {why}", self.words.cell(*cell)));
        }
        for hold in &plan.holds {
            let place = hold.machine.map_or_else(String::new, |m| format!(" ({})", self.words.machine(m)));
            self.field("afterwards", &format!("{}{place}", hold.text));
        }
    }

    fn waves(&mut self, schedule: &Schedule) {
        let side_by_side: Vec<&Vec<NodeId>> = schedule.waves.iter().filter(|w| w.len() > 1).collect();
        if side_by_side.is_empty() {
            return self.field("order", "one step after the other");
        }
        let text = format!("{} waves, of which these have several steps side by side:", schedule.waves.len());
        self.field("order", &text);
        for wave in side_by_side {
            let names: Vec<String> = wave.iter().map(|n| self.words.name(*n)).collect();
            self.hanging(11, 2, &some(&names));
        }
    }

    fn time(&mut self, schedule: &Schedule) {
        let rto = self.words.outline.plan.rto_ms;
        let (ms, unknown) = (schedule.critical_ms, schedule.unknown);
        let unknown = match unknown {
            0 => String::new(),
            1 => String::from("; one step has no usual duration and counts as none"),
            n => format!("; {n} steps have no usual duration and count as none"),
        };
        if schedule.critical.is_empty() {
            return self.field("time", &format!("unknown{}", if unknown.is_empty() { "" } else { unknown.as_str() }));
        }
        let verdict = match rto {
            Some(limit) if ms > limit => format!(", longer than the {} promised", duration(limit)),
            Some(limit) => format!(" of the {} promised", duration(limit)),
            None => String::new(),
        };
        self.field("time", &format!("usually {}{verdict}{unknown}", duration(ms)));
        let path: Vec<String> = schedule.critical.iter().map(|n| self.words.name(*n)).collect();
        self.hanging(11, 2, &format!("the longest way: {}", some(&path)));
    }

    fn effects(&mut self) {
        let (mut all, mut opaque, mut commits) = (0, Vec::new(), Vec::new());
        self.words.outline.plan.each_step(&mut |step| {
            all += usize::from(!matches!(step.act, Act::Assume { .. }));
            if step.flags.opaque {
                opaque.push(step.name.as_str());
            }
            if step.flags.commits {
                commits.push(step.name.as_str());
            }
        });
        let declared = all - opaque.len().min(all);
        match opaque.len() {
            0 => self.field("effects", &format!("all {all} steps have declared effects")),
            _ => {
                let text =
                    format!("{declared} of {all} steps have declared effects; nothing is known of {}", some(&opaque));
                self.field("effects", &text);
            }
        }
        if !commits.is_empty() {
            self.field("no return", &format!("from {} on there is no way back", listed(&commits)));
        }
    }

    // ---- steps and blocks -------------------------------------------------------------------------------------

    fn items(&mut self, items: &'a [Item], indent: usize, around: Around<'a>) {
        let mut before: Option<&Item> = None;
        for item in items {
            self.item(item, before, indent, around);
            before = Some(item);
        }
    }

    fn item(&mut self, item: &'a Item, before: Option<&Item>, indent: usize, around: Around<'a>) {
        match item {
            Item::Step(step) => self.step(step, &[step], before, indent, around),
            Item::Group(group) => {
                let steps: Vec<&Step> =
                    group.items.iter().filter_map(|i| if let Item::Step(s) = i { Some(&**s) } else { None }).collect();
                match steps.first() {
                    Some(first) if steps.len() == group.items.len() && self.alike(&steps) => {
                        self.step(first, &steps, before, indent, around);
                    }
                    _ => {
                        let members = Around { order: Order::Conflicts, ..around };
                        for member in &group.items {
                            self.item(member, before, indent, members);
                        }
                    }
                }
            }
            Item::Region(region) => self.region(region, before, indent, around),
        }
    }

    /// Whether the members of a set differ in nothing but their machine.
    fn alike(&self, steps: &[&Step]) -> bool {
        let look = |s: &&Step| {
            let conditions: Vec<&str> = s.conditions.iter().map(|c| c.text.as_str()).collect();
            let skipped = self.words.dag.ends(s.key).and_then(|e| self.words.skipped(e.start));
            (self.deed(s), conditions.join("\n"), skipped)
        };
        let first = steps.first().map(look);
        steps.iter().all(|s| Some(look(s)) == first)
    }

    /// One step, or the like members of a set.
    fn step(&mut self, step: &'a Step, members: &[&Step], before: Option<&Item>, indent: usize, around: Around<'a>) {
        let Some(ends) = self.words.dag.ends(step.key) else { return };
        let inner = indent + if self.numbers > 0 { self.numbers + 2 } else { 0 };
        let number = step.number.map_or_else(String::new, |n| n.to_string());
        let margin = if self.numbers > 0 { format!("{number:>wide$}  ", wide = self.numbers) } else { String::new() };
        let places: Vec<&str> = members.iter().filter_map(|s| s.host).map(|m| self.words.machine(m)).collect();
        let mut line = format!("{margin}{}", shared_name(members));
        if !places.is_empty() {
            line.push_str(&format!("  on {}", listed(&places)));
        }
        if members.len() > 1 {
            line.push_str(", side by side");
        }
        let skipped = self.words.skipped(ends.start);
        if let Some(why) = &skipped {
            line.push_str(&format!("  – skipped: {why}"));
        }
        self.hanging(indent, inner - indent + 2, &line);
        if !step.title.is_empty() {
            self.line(inner, &step.title);
        }
        if skipped.is_none() {
            self.details(step, ends.start, before, inner, around);
        }
        self.out.push('\n');
    }

    fn details(&mut self, step: &'a Step, node: NodeId, before: Option<&Item>, indent: usize, around: Around<'a>) {
        self.conditions(node, indent);
        self.follows(node, before, indent, around);
        if step.flags.tolerated {
            self.line(indent, "if possible: a failure is reported, and what follows goes on");
        }
        let deed = self.deed(step);
        self.verbatim(indent, &deed);
        if let Act::Ask { answers, .. } = &step.act {
            for answer in answers {
                let stops = if answer.stops { " (this ends the run)" } else { "" };
                self.line(indent + 2, &format!("{}: {}{stops}", answer.name, answer.label));
            }
        }
        let limits = limits(step);
        if !limits.is_empty() {
            self.line(indent, &limits.join("; "));
        }
        if step.flags.commits {
            self.line(indent, "from here on there is no way back");
        }
    }

    fn conditions(&mut self, node: NodeId, indent: usize) {
        let conditions = self.words.dag.node(node).map_or(&[][..], |n| n.conditions.as_slice());
        for stated in conditions {
            self.hanging(indent, 2, &stated.text);
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
                called(if *negated { "wait until not" } else { "wait until" }, command)
            }
            Act::Probe { atom, .. } => format!("read {}", self.words.atom(*atom)),
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
                self.line(indent, &text);
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
            self.hanging(indent, 2, &format!("after {end}{}{why}", some(&names)));
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
        let skipped = self.words.skipped(ends.start);
        self.heading(region, skipped.as_deref(), indent);
        if skipped.is_none() {
            self.conditions(ends.start, indent + LEVEL);
            self.follows(ends.start, before, indent + LEVEL, around);
        }
        self.out.push('\n');
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
                self.line(indent, &format!("if that does not work: all of it again, {times}"));
                self.out.push('\n');
                break;
            }
            let nothing = if rung.items.is_empty() { " go on all the same" } else { "" };
            self.line(indent, &format!("otherwise, if that is not possible or does not work:{nothing}"));
            if let Some(enter) =
                u32::try_from(number).ok().and_then(|n| self.words.dag.enter(Block::Rung(region.key, n)))
            {
                self.conditions(enter, indent + LEVEL);
            }
            self.out.push('\n');
            self.items(&rung.items, indent + LEVEL, inside(region));
        }
        if !region.finally.is_empty() {
            self.line(indent, "finally, whatever became of that:");
            self.out.push('\n');
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
        self.hanging(indent, 2, &line);
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

/// The name of a step, or what the names of the members of a set have in common before `[`.
fn shared_name(members: &[&Step]) -> String {
    match members {
        [first, _, ..] => first.name.rsplit_once('[').map_or(first.name.as_str(), |(name, _)| name).to_owned(),
        _ => members.first().map_or_else(String::new, |s| s.name.clone()),
    }
}

fn shown_script(verb: &str, script: &str) -> String {
    let script = script.trim_matches('\n');
    if script.contains('\n') { format!("{verb}:\n{}", indented(script)) } else { format!("{verb} {script}") }
}

fn indented(text: &str) -> String {
    text.lines().map(|l| format!("  {l}\n")).collect()
}

/// The first names of a list, and how many more there are.
fn some<S: AsRef<str>>(names: &[S]) -> String {
    match names.get(..SHOWN) {
        Some(first) if names.len() > SHOWN + 1 => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {} more", first.join(", "), names.len() - SHOWN)
        }
        _ => listed(names),
    }
}
