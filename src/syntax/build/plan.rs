//! Plans: the head, blocks, steps and their ladders.

use super::Builder;
use super::parts::{Built, Mismatch, Parts};
use crate::base::Span;
use crate::syntax::grammar::Rule;
use crate::syntax::tree::{
    Alias, Assume, Block, BlockItem, ForEach, HeadClause, Phase, Plan, Rung, Step, Target, TargetKind,
};
use pest::iterators::Pair;

impl<'s> Builder<'s, '_> {
    pub(super) fn alias(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<Alias<'s>> {
        let name = self.name(parts)?;
        let call = self.call(parts)?;
        let follows = match parts.maybe(Rule::follows) {
            Some(follows) => Some(self.name(&mut Parts::of(follows))?),
            None => None,
        };
        Ok(Alias { name, call, follows, title: self.maybe_text(parts)?, span })
    }

    /// A plan with nothing in it yet.
    pub(in crate::syntax) fn plan_head(&mut self, pair: Pair<'_, Rule>, span: Span) -> Built<Plan<'s>> {
        let mut parts = Parts::of(pair);
        let name = self.name(&mut parts)?;
        let params = self.params(&mut parts)?;
        let title = self.maybe_text(&mut parts)?;
        Ok(Plan { name, params, title, head: Vec::new(), body: Vec::new(), span })
    }

    /// Adds the lines of a `plan_part`.
    pub(in crate::syntax) fn plan_part(&mut self, pair: Pair<'_, Rule>, plan: &mut Plan<'s>) -> Built<()> {
        self.plan_items(&mut Parts::of(pair), plan)
    }

    pub(super) fn plan(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<Plan<'s>> {
        let mut plan = self.plan_head(parts.need(Rule::plan_head)?, span)?;
        self.plan_items(parts, &mut plan)?;
        Ok(plan)
    }

    fn plan_items(&mut self, parts: &mut Parts<'_>, plan: &mut Plan<'s>) -> Built<()> {
        while let Some(rule) = parts.peek().filter(|&rule| rule != Rule::EOI) {
            match self.head_clause(rule, parts)? {
                Some(clause) => plan.head.push(clause),
                None => plan.body.push(self.block_item(parts)?),
            }
        }
        Ok(())
    }

    /// The clause of the plan's head that comes next; `Some(None)` if it is an entry of the procedure.
    fn head_clause(&mut self, rule: Rule, parts: &mut Parts<'_>) -> Built<Option<HeadClause<'s>>> {
        let clause = matches!(
            rule,
            Rule::given
                | Rule::goal
                | Rule::locks
                | Rule::accept
                | Rule::starts
                | Rule::rto
                | Rule::constant
                | Rule::hold
                | Rule::ends
                | Rule::drill
        );
        if !clause {
            return Ok(None);
        }
        let mut parts = parts.inner()?;
        let parts = &mut parts;
        Ok(Some(match rule {
            Rule::given => HeadClause::Given(self.exprs(parts)?),
            Rule::goal => HeadClause::Goal(self.exprs(parts)?),
            Rule::locks => HeadClause::Locks(self.paths(parts)?),
            Rule::accept => HeadClause::Accept(self.path(parts)?, self.maybe_text(parts)?),
            Rule::starts => HeadClause::Starts(self.expr(parts)?, self.maybe_operand(parts)?),
            Rule::rto => HeadClause::Rto(self.operand(parts)?),
            Rule::constant => HeadClause::Let(self.name(parts)?, self.operand(parts)?),
            Rule::ends => HeadClause::Ends(self.operand(parts)?),
            Rule::hold => HeadClause::Hold(self.text(parts)?, self.maybe_operand(parts)?),
            Rule::drill => HeadClause::Drill(self.paths(parts)?),
            _ => return Err(Mismatch),
        }))
    }

    pub(super) fn block(&mut self, parts: &mut Parts<'_>) -> Built<Block<'s>> {
        let pair = parts.need(Rule::block)?;
        let mut block = Block { span: self.place(&pair), ..Block::default() };
        let mut parts = Parts::of(pair);
        while let Some(rule) = parts.peek() {
            if matches!(rule, Rule::only_if | Rule::unless | Rule::after) {
                let pair = parts.any()?;
                let span = self.place(&pair);
                block.conditions.push((self.condition(rule, &mut Parts::of(pair))?, span));
            } else {
                block.items.push(self.block_item(&mut parts)?);
            }
        }
        Ok(block)
    }

    fn block_item(&mut self, parts: &mut Parts<'_>) -> Built<BlockItem<'s>> {
        let mut item = self.bare_item(parts.any()?)?;
        match &mut item {
            BlockItem::Step(step) => (step.otherwise, step.finally) = self.ladder(parts)?,
            BlockItem::Phase(phase) => (phase.otherwise, phase.finally) = self.ladder(parts)?,
            _ => {}
        }
        Ok(item)
    }

    /// An entry without its `otherwise` and `finally`.
    fn bare_item(&mut self, pair: Pair<'_, Rule>) -> Built<BlockItem<'s>> {
        let span = self.place(&pair);
        let rule = pair.as_rule();
        let mut parts = Parts::of(pair);
        let parts = &mut parts;
        Ok(match rule {
            Rule::step => BlockItem::Step(Box::new(self.step(parts, span)?)),
            Rule::phase => BlockItem::Phase(Box::new(self.phase(parts, span)?)),
            Rule::for_each => BlockItem::ForEach(Box::new(self.for_each(parts, span)?)),
            Rule::parallel => BlockItem::Parallel(self.block(parts)?),
            Rule::assume => BlockItem::Assume(Box::new(self.assume(parts, span)?)),
            Rule::include => BlockItem::Include(self.call(parts)?),
            _ => return Err(Mismatch),
        })
    }

    #[allow(clippy::type_complexity, reason = "the rungs and the block after them, taken apart at once")]
    fn ladder(&mut self, parts: &mut Parts<'_>) -> Built<(Vec<Rung<'s>>, Option<Block<'s>>)> {
        let mut rungs = Vec::new();
        while let Some(pair) = parts.maybe(Rule::otherwise) {
            rungs.push(self.rung(pair)?);
        }
        let finally = match parts.maybe(Rule::finally) {
            Some(finally) => Some(self.block(&mut Parts::of(finally))?),
            None => None,
        };
        Ok((rungs, finally))
    }

    fn rung(&mut self, pair: Pair<'_, Rule>) -> Built<Rung<'s>> {
        let span = self.place(&pair);
        let mut parts = Parts::of(pair);
        let block = match parts.peek() {
            Some(Rule::block) => self.block(&mut parts)?,
            _ => {
                let pair = parts.any()?;
                let span = self.place(&pair);
                Block { conditions: Vec::new(), items: vec![self.bare_item(pair)?], span }
            }
        };
        Ok(Rung { block, span })
    }

    fn step(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<Step<'s>> {
        let number = match parts.peek() {
            Some(Rule::number) => {
                let place = parts.place(self)?;
                Some((self.number(parts)?, place))
            }
            _ => None,
        };
        let name = self.name(parts)?;
        let title = self.maybe_text(parts)?;
        let target = self.target(parts)?;
        let clauses = self.clauses(parts)?;
        Ok(Step { number, name, title, target, clauses, otherwise: Vec::new(), finally: None, span })
    }

    fn target(&mut self, parts: &mut Parts<'_>) -> Built<Option<Target<'s>>> {
        let rule = parts.peek();
        if !matches!(rule, Some(Rule::each_of | Rule::any_of | Rule::chosen_of | Rule::path)) {
            return Ok(None);
        }
        let span = parts.place(self)?;
        let kind = match rule {
            Some(Rule::path) => TargetKind::One(self.path(parts)?),
            Some(Rule::each_of) => TargetKind::EachOf(self.operand(&mut parts.inner()?)?),
            Some(Rule::any_of) => TargetKind::AnyOf(self.operand(&mut parts.inner()?)?),
            _ => {
                let mut parts = parts.inner()?;
                let set = self.operand(&mut parts)?;
                let condition = if parts.peek().is_some() { Some(Box::new(self.expr(&mut parts)?)) } else { None };
                TargetKind::OneOf(set, condition)
            }
        };
        Ok(Some(Target { kind, span }))
    }

    fn phase(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<Phase<'s>> {
        let name = self.name(parts)?;
        let title = self.maybe_text(parts)?;
        let block = self.block(parts)?;
        Ok(Phase { name, title, block, otherwise: Vec::new(), finally: None, span })
    }

    fn for_each(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<ForEach<'s>> {
        let var = self.name(parts)?;
        let set = self.operand(parts)?;
        let batch = match parts.peek() {
            Some(Rule::one_at_a_time) => parts.next().map(|_| 1),
            Some(Rule::batches) => Some(self.number(&mut parts.inner()?)?),
            _ => None,
        };
        let allowing = match parts.peek() {
            Some(Rule::allowing) => self.number(&mut parts.inner()?)?,
            _ => 0,
        };
        Ok(ForEach { var, set, batch, allowing, block: self.block(parts)?, span })
    }

    fn assume(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<Assume<'s>> {
        let fact = self.expr(parts)?;
        let why = self.text(parts)?;
        let condition = match parts.next() {
            Some(pair) => {
                let (rule, span) = (pair.as_rule(), self.place(&pair));
                Some((self.condition(rule, &mut Parts::of(pair))?, span))
            }
            None => None,
        };
        Ok(Assume { fact, why, condition, span })
    }
}
