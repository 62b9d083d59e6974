//! Blocks: phases, ladders, loops over sets, retried parts, included plans.

use super::Elaborator;
use super::actions::{Parts, too_many};
use super::deeds::not_retryable;
use crate::base::{Code, Diagnostic, Span, limits, nearest};
use crate::calculus::{Flags, Gate};
use crate::model::{Act, After, Condition, Guard, Item, Key, Order, Region, Rung, Step, StepParts};
use crate::resolve::value::{Value, all, not};
use crate::syntax::tree::{self, BlockItem, ClauseKind};
use std::collections::{BTreeMap, HashMap};

impl<'s> Elaborator<'_, 's> {
    /// The items of a block, in text order.
    pub(super) fn items(&mut self, items: &[BlockItem<'s>]) -> Vec<Item> {
        self.depth += 1;
        let out = if self.depth > limits::BLOCKS { self.too_deep(items) } else { self.items_here(items) };
        self.depth -= 1;
        out
    }

    fn too_deep(&mut self, items: &[BlockItem<'s>]) -> Vec<Item> {
        let span = items.first().map_or(self.plan.span, item_span);
        self.report(
            Diagnostic::error(
                Code::TooDeep,
                span,
                format!("blocks and included plans nest deeper than {}", limits::BLOCKS),
            )
            .help("take steps out into a plan that is not included from within so many blocks"),
        );
        Vec::new()
    }

    fn items_here(&mut self, items: &[BlockItem<'s>]) -> Vec<Item> {
        self.numbers(items);
        let mut retried = self.retried_parts(items).into_iter().peekable();
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(item) = items.get(at) {
            if too_many(self.keys) {
                break;
            }
            let built = match retried.next_if(|(start, ..)| *start == at) {
                Some((start, end, times)) => {
                    at = end;
                    self.retry_from(items.get(start..=end).unwrap_or_default(), times)
                }
                None => self.item(item),
            };
            at += 1;
            out.extend(self.pending_reads.drain(..).map(|s| Item::Step(Box::new(s))));
            out.extend(built);
        }
        if too_many(self.keys) && !self.diagnostics.iter().any(|d| d.code == Code::TooBig) {
            let span = items.first().map_or(self.plan.span, item_span);
            self.report(
                Diagnostic::error(
                    Code::TooBig,
                    span,
                    format!("the plan unfolds to more than {} steps", limits::UNFOLDED),
                )
                .help("split it into several plans"),
            );
        }
        out
    }

    /// Step numbers ascend within a block.
    fn numbers(&mut self, items: &[BlockItem<'s>]) {
        let mut last: Option<(u32, Span)> = None;
        for item in items {
            if let BlockItem::Step(step) = item
                && let Some((number, span)) = step.number
            {
                if let Some((before, at)) = last
                    && number <= before
                {
                    self.report(
                        Diagnostic::error(Code::StepNumbers, span, format!("step {number} stands after step {before}"))
                            .label(at, "this one")
                            .help("steps run in the order written: move it, or number it anew"),
                    );
                }
                last = Some((number, span));
            }
        }
    }

    fn item(&mut self, item: &BlockItem<'s>) -> Vec<Item> {
        match item {
            BlockItem::Step(step) => vec![self.step_item(step)],
            BlockItem::Phase(phase) => vec![self.phase(phase)],
            BlockItem::ForEach(each) => self.for_each(each),
            BlockItem::Parallel(block) => {
                let name = self.own_name(format!("parallel{}", self.suffix), block.span);
                vec![self.block_region(name, String::new(), block, Order::None)]
            }
            BlockItem::Assume(assume) => vec![self.assume(assume)],
            BlockItem::Include(call) => self.include(call).into_iter().collect(),
        }
    }

    fn phase(&mut self, phase: &tree::Phase<'s>) -> Item {
        let name = self.claim_name(phase.name);
        let title = self.message(phase.title.as_ref());
        let (conditions, after) = self.conditions_and_order(&phase.block.conditions);
        let items = self.items(&phase.block.items);
        let first = Rung { conditions, items, span: phase.span };
        let mut item = self.ladder(name.clone(), phase.span, first, &phase.otherwise, phase.finally.as_ref(), after);
        if let Item::Region(region) = &mut item {
            region.title = title;
        }
        let key = item.key();
        self.know(&name, key, Guard::Succeeded(key), None, phase.name.span);
        item
    }

    /// A region of attempts, with its `finally`.
    pub(super) fn ladder(
        &mut self,
        name: String,
        span: Span,
        mut first: Rung,
        otherwise: &[tree::Rung<'s>],
        finally: Option<&tree::Block<'s>>,
        after: Vec<After>,
    ) -> Item {
        // Without `otherwise` a false condition leaves the whole region out, its `finally` included.
        let conditions = if otherwise.is_empty() { std::mem::take(&mut first.conditions) } else { Vec::new() };
        let key = self.key();
        let mut rungs = vec![first];
        for rung in otherwise {
            rungs.push(self.rung(rung));
        }
        // In its own `finally`, a block's name stands for its attempts.
        self.know(&name, key, Guard::Succeeded(key), None, span);
        let finally = finally.map_or_else(Vec::new, |block| self.items(&block.items));
        Item::Region(Box::new(Region {
            key,
            name,
            title: String::new(),
            span,
            conditions,
            requires: Vec::new(),
            after,
            rungs,
            finally,
            order: Order::Text,
        }))
    }

    /// An `otherwise`. The conditions of a single step are those of the rung: if they are false, it is not possible.
    fn rung(&mut self, rung: &tree::Rung<'s>) -> Rung {
        let (mut conditions, _) = self.conditions_and_order(&rung.block.conditions);
        let items = match rung.block.items.as_slice() {
            [BlockItem::Step(step)] if step.otherwise.is_empty() && step.finally.is_none() => {
                let bare = self.bare_step(step);
                conditions.extend(bare.conditions);
                vec![bare.item]
            }
            items => self.items(items),
        };
        Rung { conditions, items, span: rung.span }
    }

    fn block_region(&mut self, name: String, title: String, block: &tree::Block<'s>, order: Order) -> Item {
        let key = self.key();
        let (conditions, after) = self.conditions_and_order(&block.conditions);
        let items = self.items(&block.items);
        let rungs = vec![Rung { conditions: Vec::new(), items, span: block.span }];
        Item::Region(Box::new(Region {
            key,
            name,
            title,
            span: block.span,
            conditions,
            requires: Vec::new(),
            after,
            rungs,
            finally: Vec::new(),
            order,
        }))
    }

    fn assume(&mut self, assume: &tree::Assume<'s>) -> Item {
        let key = self.key();
        let conditions = match &assume.condition {
            Some(condition) => self.conditions_and_order(std::slice::from_ref(condition)).0,
            None => Vec::new(),
        };
        let mut parts = Parts::default();
        self.set_effects(std::slice::from_ref(&assume.fact), &mut parts);
        let name = format!("assume_{}{}", key.0, self.suffix);
        self.taken.insert(name.clone(), assume.span);
        let step = Step {
            key,
            name,
            number: None,
            title: self.source(assume.fact.span),
            span: assume.span,
            parts: StepParts { deed: assume.span, ..StepParts::default() },
            host: None,
            conditions,
            after: Vec::new(),
            requires: Vec::new(),
            effects: parts.effects,
            fences: Vec::new(),
            loses: Vec::new(),
            flags: Flags::default(),
            usually_ms: None,
            call: String::new(),
            act: Act::Assume { why: self.message(Some(&assume.why)) },
        };
        Item::Step(Box::new(step))
    }

    // ---- for each ---------------------------------------------------------------------------------------------

    fn for_each(&mut self, each: &tree::ForEach<'s>) -> Vec<Item> {
        let members = self.members(&each.set);
        if members.is_empty() && !self.diagnostics.iter().any(|d| d.span() == Some(each.set.span)) {
            self.report(
                Diagnostic::warning(Code::EmptySet, each.set.span, "the set is empty: nothing is done")
                    .help("give the set members, or leave the block out"),
            );
        }
        let size = each.batch.map_or(members.len().max(1), |b| b.max(1) as usize);
        let sequential = each.batch.is_some();
        let before = self.names.clone();
        let mut copies: Vec<(String, super::Named)> = Vec::new();
        let (mut batches, mut failed) = (Vec::new(), Vec::new());
        let last = members.len().div_ceil(size);
        for (b, batch) in members.chunks(size).enumerate() {
            let mut items = Vec::new();
            for member in batch {
                if too_many(self.keys) {
                    break;
                }
                let (item, ok) = self.member_item(each, member.clone(), &before, &mut copies);
                items.push(item);
                failed.push(not(ok));
            }
            let span = each.span;
            let name = self.own_name(format!("each_{}_{}{}", each.var.text, b + 1, self.suffix), span);
            let key = self.key();
            let rungs = vec![Rung { conditions: Vec::new(), items, span }];
            let (conditions, after, finally) = (Vec::new(), Vec::new(), Vec::new());
            let title = if sequential { format!("batch {} of {last}", b + 1) } else { String::new() };
            batches.push(Item::Region(Box::new(Region {
                key,
                name,
                title,
                span,
                conditions,
                requires: Vec::new(),
                after,
                rungs,
                finally,
                order: Order::Conflicts,
            })));
            // So many cannot fail before.
            if each.allowing > 0 && failed.len() > each.allowing as usize {
                batches.push(self.failure_gate(each, b, failed.clone()));
            }
        }
        self.names = before;
        self.merge_names(copies);
        batches
    }

    /// One member's copy of the block; and whether it succeeded.
    fn member_item(
        &mut self,
        each: &tree::ForEach<'s>,
        member: Value<'s>,
        before: &HashMap<String, super::Named>,
        copies: &mut Vec<(String, super::Named)>,
    ) -> (Item, Guard) {
        let shown = member.show(self.library);
        let depth = self.vars.len();
        self.vars.push((each.var.text, member));
        let outer = self.suffix.clone();
        self.suffix = format!("{outer}[{shown}]");
        let name = self.own_name(format!("{}={shown}{outer}", each.var.text), each.span);
        let region = self.block_region(name.clone(), String::new(), &each.block, Order::Text);
        self.suffix = outer;
        self.vars.truncate(depth);
        let fresh = self.names.iter().filter(|(n, _)| !before.contains_key(*n));
        copies.extend(fresh.map(|(n, named)| (n.clone(), named.clone())));
        let ok = Guard::Succeeded(region.key());
        if each.allowing == 0 {
            return (region, ok);
        }
        // A failed member passes, by an empty `otherwise`; the gate behind the batch counts.
        let span = each.span;
        let key = self.key();
        let rungs = vec![
            Rung { conditions: Vec::new(), items: vec![region], span },
            Rung { conditions: Vec::new(), items: Vec::new(), span },
        ];
        let (conditions, after, finally) = (Vec::new(), Vec::new(), Vec::new());
        let name = format!("{name}.tolerated");
        let title = String::new();
        (
            Item::Region(Box::new(Region {
                key,
                name,
                title,
                span,
                conditions,
                requires: Vec::new(),
                after,
                rungs,
                finally,
                order: Order::Text,
            })),
            ok,
        )
    }

    /// More members failed than allowed: somebody must say whether to go on.
    fn failure_gate(&mut self, each: &tree::ForEach<'s>, batch: usize, failed: Vec<Guard>) -> Item {
        let key = self.key();
        let name = self.own_name(format!("gate_{}_{}{}", each.var.text, batch + 1, self.suffix), each.span);
        let question =
            format!("More than {} of {} failed. Go on with the rest?", each.allowing, self.source(each.set.span));
        let guard = not(Guard::AtMost(each.allowing, failed));
        let text = format!("only if more than {} failed", each.allowing);
        Item::Step(Box::new(Step {
            key,
            name,
            number: None,
            title: "too many failures".into(),
            span: each.span,
            parts: StepParts { deed: each.set.span, ..StepParts::default() },
            host: None,
            conditions: vec![Condition { guard, text, span: each.span }],
            after: Vec::new(),
            requires: Vec::new(),
            effects: Vec::new(),
            fences: Vec::new(),
            loses: Vec::new(),
            flags: Flags::default(),
            usually_ms: None,
            call: String::new(),
            act: Act::Ask {
                question: crate::calculus::Template::text(question),
                answers: Vec::new(),
                atom: None,
                gate: Gate::default(),
            },
        }))
    }

    /// After a loop, a step's name means all its copies, and `name[member]` one of them.
    fn merge_names(&mut self, copies: Vec<(String, super::Named)>) {
        let mut merged: BTreeMap<String, Vec<super::Named>> = BTreeMap::new();
        for (name, named) in copies {
            if let Some((plain, _)) = name.split_once('[') {
                merged.entry(format!("{plain}{}", self.suffix)).or_default().push(named.clone());
            }
            self.names.insert(name, named);
        }
        for (plain, parts) in merged {
            let Some(last) = parts.iter().max_by_key(|n| n.key).cloned() else { continue };
            let ok = all(parts.into_iter().map(|n| n.ok).collect());
            self.names.insert(plain, super::Named { ok, answers: None, ..last });
        }
    }

    // ---- retry from -------------------------------------------------------------------------------------------

    /// The parts of a block that a step at their end retries: where each begins, where it ends, and how often.
    fn retried_parts(&mut self, items: &[BlockItem<'s>]) -> Vec<(usize, usize, u32)> {
        let mut parts: Vec<(usize, usize, u32)> = Vec::new();
        let mut earlier: HashMap<&'s str, usize> = HashMap::new();
        for (end, item) in items.iter().enumerate() {
            let BlockItem::Step(step) = item else { continue };
            earlier.entry(step.name.text).or_insert(end);
            let Some((from, times, span)) = step.clauses.iter().find_map(|c| match &c.kind {
                ClauseKind::RetryFrom(from, times) => Some((*from, *times, c.span)),
                _ => None,
            }) else {
                continue;
            };
            match earlier.get(from.text).copied() {
                Some(start) if parts.last().is_none_or(|(_, last, _)| start > *last) => parts.push((start, end, times)),
                Some(_) => self.report(
                    Diagnostic::error(Code::Contradiction, span, "two retried parts overlap")
                        .help("let the later one go back to a step behind the earlier one"),
                ),
                None => {
                    let later = items.iter().any(|i| matches!(i, BlockItem::Step(s) if s.name.text == from.text));
                    self.no_way_back(from, later, span);
                }
            }
        }
        parts
    }

    fn no_way_back(&mut self, from: tree::Name<'s>, later: bool, span: Span) {
        let code = if later { Code::AfterLater } else { Code::UnknownName };
        let message = format!("there is no earlier step `{}` in this block", from.text);
        let error = Diagnostic::error(code, from.span, message);
        self.report(match nearest(from.text, self.declared.keys().copied()) {
            Some(word) => error.help(format!("did you mean `{word}`?")),
            None => error.label(span, "asks to go back").help("name a step before this one, in the same block"),
        });
    }

    /// The part as a ladder of copies: each is tried when the one before did not succeed.
    fn retry_from(&mut self, part: &[BlockItem<'s>], times: u32) -> Vec<Item> {
        let span = part.first().map_or(self.plan.span, item_span);
        let times = self.times(times, limits::RETRY_COPIES, span);
        let (outer, nested) = (self.suffix.clone(), std::mem::replace(&mut self.in_retry, true));
        let mut rungs = Vec::new();
        for copy in 0..=times {
            if copy > 0 {
                self.suffix = format!("{outer}~{}", copy + 1);
            }
            let mut items = Vec::new();
            for item in part {
                let built = self.item(item);
                items.extend(self.pending_reads.drain(..).map(|s| Item::Step(Box::new(s))));
                items.extend(built);
            }
            rungs.push(Rung { conditions: Vec::new(), items, span });
        }
        self.suffix = outer;
        self.in_retry = nested;
        if let Some(rung) = rungs.first() {
            self.check_retryable(&rung.items.clone(), part);
        }
        let key = self.key();
        self.name_retried(part, key);
        let name = part
            .first()
            .and_then(|i| if let BlockItem::Step(s) = i { Some(s.name.text) } else { None })
            .unwrap_or("part");
        let name = self.own_name(format!("{name}{}.retried", self.suffix), span);
        vec![Item::Region(Box::new(Region {
            key,
            name,
            title: String::new(),
            span,
            conditions: Vec::new(),
            requires: Vec::new(),
            after: Vec::new(),
            rungs,
            finally: Vec::new(),
            order: Order::Text,
        }))]
    }

    /// From outside, a step of a retried part succeeded if the part did.
    fn name_retried(&mut self, part: &[BlockItem<'s>], key: Key) {
        for item in part {
            if let BlockItem::Step(step) = item {
                let full = format!("{}{}", step.name.text, self.suffix);
                self.know(&full, key, Guard::Succeeded(key), None, step.name.span);
            }
        }
    }

    fn check_retryable(&mut self, items: &[Item], part: &[BlockItem<'s>]) {
        let clause = part.last().and_then(|i| match i {
            BlockItem::Step(s) => {
                s.clauses.iter().find(|c| matches!(c.kind, ClauseKind::RetryFrom(..))).map(|c| c.span)
            }
            _ => None,
        });
        let mut found: Vec<(String, Span)> = Vec::new();
        let plan = crate::model::Plan { body: items.to_vec(), ..Default::default() };
        plan.each_step(&mut |step| {
            if let Act::Run { verify: None, .. } = &step.act
                && !step.flags.idempotent
                && !step.name.ends_with(".undo")
                && !found.iter().any(|(_, s)| *s == step.span)
            {
                found.push((step.name.clone(), step.span));
            }
        });
        for (name, span) in found {
            let plain = name.split(['[', '.', '~']).next().unwrap_or(&name).to_string();
            let name = tree::Name { text: &plain, span };
            let diagnostic = not_retryable(clause.unwrap_or(span), &name, span);
            self.report(diagnostic);
        }
    }

    // ---- include ----------------------------------------------------------------------------------------------

    fn include(&mut self, call: &tree::Call<'s>) -> Option<Item> {
        let name = call.name.text;
        let library = self.library;
        let Some(declared) = library.plan(name) else {
            let words = self.library.plans().iter().map(|p| p.tree.name.text);
            let error = Diagnostic::error(Code::UnknownName, call.name.span, format!("there is no plan `{name}`"));
            self.report(match nearest(name, words) {
                Some(word) => error.help(format!("did you mean `{word}`?")).fix(call.name.span, word),
                None => error.help("declare it with `plan`, or import the file that does"),
            });
            return None;
        };
        if self.includes.len() >= limits::INCLUDES {
            let message = format!("plans include each other more than {} deep", limits::INCLUDES);
            self.report(
                Diagnostic::error(Code::TooDeep, call.span, message).help("include fewer plans from within each other"),
            );
            return None;
        }
        if self.includes.contains(&name) || self.root == name {
            self.report(
                Diagnostic::error(Code::IncludeCycle, call.span, format!("plan `{name}` includes itself"))
                    .label(declared.tree.name.span, "declared here")
                    .help("take the shared steps into a plan of their own"),
            );
            return None;
        }
        let values = self.arguments(call, &declared.params);
        self.includes.push(declared.tree.name.text);
        let key = self.key();
        let region_name = self.claim_name(call.name);
        let values = values.into_iter().map(Some).collect();
        let outer = std::mem::take(&mut self.taken_for_given);
        let items = self.plan_body(&declared.tree, &declared.params, values);
        let requires = std::mem::replace(&mut self.taken_for_given, outer);
        self.includes.pop();
        self.know(&region_name, key, Guard::Succeeded(key), None, call.name.span);
        Some(Item::Region(Box::new(Region {
            key,
            name: region_name,
            title: self.message(declared.tree.title.as_ref()),
            span: call.span,
            conditions: Vec::new(),
            requires,
            after: Vec::new(),
            rungs: vec![Rung { conditions: Vec::new(), items, span: call.span }],
            finally: Vec::new(),
            order: Order::Text,
        })))
    }
}

fn item_span(item: &BlockItem<'_>) -> Span {
    match item {
        BlockItem::Step(s) => s.span,
        BlockItem::Phase(p) => p.span,
        BlockItem::ForEach(f) => f.span,
        BlockItem::Parallel(b) => b.span,
        BlockItem::Assume(a) => a.span,
        BlockItem::Include(c) => c.span,
    }
}
