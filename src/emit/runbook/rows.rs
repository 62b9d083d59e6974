//! The procedure as a table: its steps in written order, which is a legal run, under the headings of their blocks.

use crate::emit::runbook::model::{Heading, Remark, Row};
use crate::emit::runbook::step::{remarks, row};
use crate::emit::words::{Words, is_copy, is_made, listed, only_step, region_name};
use crate::model::{Act, Item, Order, Region, Step};
use crate::order::{Block, Circuit, NodeId, Wire, name};

/// The rows of a plan.
pub(super) fn rows(words: &Words<'_>, circuit: &mut Circuit) -> Vec<Row> {
    let mut table = Table { words, circuit, rows: Vec::new(), around: Vec::new(), level: 0 };
    table.items(&words.outline.plan.body);
    table.rows
}

/// A block that the rows stand in.
#[derive(Clone, Copy)]
struct Around<'a> {
    region: &'a Region,
    /// Which attempt; `None` in a `finally`.
    attempt: Option<usize>,
}

struct Table<'a> {
    words: &'a Words<'a>,
    circuit: &'a mut Circuit,
    rows: Vec<Row>,
    around: Vec<Around<'a>>,
    level: usize,
}

impl<'a> Table<'a> {
    fn items(&mut self, items: &'a [Item]) {
        for item in items {
            match item {
                Item::Step(step) => self.step(&[step]),
                Item::Group(group) => match self.alike(&group.items) {
                    Some(steps) => self.step(&steps),
                    None => self.items(&group.items),
                },
                Item::Region(region) => self.region(region),
            }
        }
    }

    fn step(&mut self, members: &[&Step]) {
        let fails = self.if_it_fails();
        if let Some(step) = row(self.words, self.circuit, members, self.level, fails) {
            self.rows.push(Row { block: None, step: Some(step) });
        }
    }

    /// The members of a set, if each is a single step and they differ in nothing but their names, machines and commands.
    fn alike(&self, items: &'a [Item]) -> Option<Vec<&'a Step>> {
        let look = |s: &&'a Step| {
            let conditions: Vec<&str> = s.conditions.iter().map(|c| c.text.as_str()).collect();
            let skipped = self.words.dag.ends(s.key).map(|e| self.circuit.skipped(e.start));
            (s.title.as_str(), s.call.as_str(), s.number, conditions, skipped, std::mem::discriminant(&s.act))
        };
        let steps: Vec<&Step> = items.iter().map(only_step).collect::<Option<_>>()?;
        let first = look(steps.first()?);
        let plain = |s: &&Step| matches!(s.act, Act::Run { .. } | Act::Wait { .. });
        (steps.len() > 1 && steps.iter().all(|s| plain(s) && look(s) == first)).then_some(steps)
    }

    fn region(&mut self, region: &'a Region) {
        if let ([rung], Order::Conflicts, "") = (region.rungs.as_slice(), region.order, region.title.as_str())
            && region.finally.is_empty()
            && let Some(steps) = self.alike(&rung.items)
        {
            return self.step(&steps);
        }
        let made = is_made(region);
        self.around.push(Around { region, attempt: Some(0) });
        let first = region.rungs.first().map_or(&[][..], |r| r.items.as_slice());
        if made {
            self.items(first);
        } else {
            let start = self.words.dag.ends(region.key).map(|e| e.start);
            self.block(kind(region), region_name(region).to_owned(), region.title.clone(), start, first);
        }
        for (number, rung) in region.rungs.iter().enumerate().skip(1) {
            self.set_attempt(Some(number));
            if is_copy(rung, number) {
                let more = region.rungs.len() - number;
                let times = if more == 1 { String::from("once more") } else { format!("up to {more} times more") };
                let name = format!("If that does not work: all of it again, {times}");
                self.heading("Again", name, String::new(), None, Wire::NEVER);
                break;
            }
            let enter = u32::try_from(number).ok().and_then(|n| self.words.dag.enter(Block::Rung(region.key, n)));
            let nothing = if rung.items.is_empty() { "; go on all the same" } else { "" };
            let name = match number {
                1 => format!("if {} is not possible or does not work{nothing}", region_name(region)),
                _ => format!("if that is not possible or does not work either{nothing}"),
            };
            self.block("Otherwise", name, String::new(), enter, &rung.items);
        }
        if !region.finally.is_empty() {
            self.set_attempt(None);
            let name = format!("whatever became of {}", region_name(region));
            self.block("In any case", name, String::new(), None, &region.finally);
        }
        self.around.pop();
    }

    fn set_attempt(&mut self, attempt: Option<usize>) {
        if let Some(around) = self.around.last_mut() {
            around.attempt = attempt;
        }
    }

    /// A heading and what stands under it; it is skipped when all of that is.
    fn block(&mut self, kind: &'static str, name: String, title: String, start: Option<NodeId>, items: &'a [Item]) {
        let at = self.rows.len();
        self.heading(kind, name, title, start, Wire::NEVER);
        self.level += 1;
        self.items(items);
        self.level -= 1;
        let under = self.rows.get(at + 1..).unwrap_or_default();
        let wires: Vec<Wire> = under.iter().filter_map(|r| Some(r.step.as_ref()?.off)).collect();
        let off = if wires.is_empty() { Wire::NEVER } else { self.circuit.all(&wires) };
        if let Some(heading) = self.rows.get_mut(at).and_then(|r| r.block.as_mut()) {
            heading.off = off;
        }
    }

    fn heading(&mut self, kind: &'static str, name: String, title: String, start: Option<NodeId>, off: Wire) {
        let remarks: Vec<Remark> = start.map_or_else(Vec::new, |n| remarks(self.words, self.circuit, n));
        let skipped = start.and_then(|n| self.words.skipped(n)).unwrap_or_default();
        let heading = Heading { level: self.level + 1, kind, name, title, remarks, off, skipped };
        self.rows.push(Row { block: Some(heading), step: None });
    }

    /// What is done if a step here fails, where that is not simply to stop.
    fn if_it_fails(&self) -> String {
        let (mut end, mut done) = (String::from("stop"), Vec::new());
        for around in self.around.iter().rev() {
            let Some(attempt) = around.attempt else {
                end = String::from("go on with the rest of this");
                break;
            };
            if let Some(rung) = around.region.rungs.get(attempt + 1) {
                end = match rung.items.first() {
                    _ if is_copy(rung, attempt + 1) => format!("do all of “{}” again", region_name(around.region)),
                    None => String::from("go on all the same"),
                    Some(item) => format!("try “{}” instead", item_name(item)),
                };
                break;
            }
            done.extend(around.region.finally.first().map(|item| format!("“{}”", item_name(item))));
        }
        match (end.as_str(), done.as_slice()) {
            ("stop", []) => String::new(),
            (_, []) => end,
            _ => format!("{end}, and do {} in any case", listed(&done)),
        }
    }
}

fn item_name(item: &Item) -> &str {
    match item {
        Item::Region(region) => region_name(region),
        other => name(other),
    }
}

fn kind(region: &Region) -> &'static str {
    match region.order {
        Order::Text => "Phase",
        Order::Conflicts => "For each, side by side where the effects allow it",
        Order::None => "Side by side",
    }
}
