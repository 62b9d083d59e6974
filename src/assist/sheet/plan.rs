//! The declarations and names of a plan's head, its procedure and its tests.

use super::collect::Collector;
use super::expr::ty_of;
use super::{Sort, Ty, Wanted};
use crate::syntax::tree::{
    Block, BlockItem, Condition, ExpectationKind, Expr, ExprKind, ForEach, HeadClause, OperandKind, Phase, Rung, Step,
    Target, TargetKind, Test,
};

impl Collector {
    /// A clause of a plan's head.
    pub(super) fn head(&mut self, clause: &HeadClause<'_>) {
        match clause {
            HeadClause::Given(exprs) => {
                exprs.iter().for_each(|expr| self.decision(expr));
                self.exprs(exprs);
            }
            HeadClause::Goal(exprs) => self.exprs(exprs),
            HeadClause::Locks(paths) | HeadClause::Drill(paths) => paths.iter().for_each(|path| self.path(path)),
            HeadClause::Accept(path, _) => self.path(path),
            HeadClause::Starts(expr, limit) => {
                self.expr(expr);
                limit.iter().for_each(|limit| self.operand(limit));
            }
            HeadClause::Rto(operand) | HeadClause::Ends(operand) => self.operand(operand),
            HeadClause::Let(name, value) => {
                self.declare(Sort::Variable, *name, name.span.to(value.span), ty_of(value), None);
                self.operand(value);
            }
            HeadClause::Hold(text, about) => {
                self.holes(text);
                about.iter().for_each(|about| self.operand(about));
            }
        }
    }

    /// `firewalls are included or excluded` may be what declares `firewalls`: only if nothing else is called so.
    fn decision(&mut self, expr: &Expr<'_>) {
        let ExprKind::Is { subject, options, .. } = &expr.kind else { return };
        let OperandKind::Path(path) = &subject.kind else { return };
        let [name] = path.names.as_slice() else { return };
        let known = self.declarations.iter().any(|d| d.owner == self.owner && d.name == name.text);
        if options.len() > 1 && !known {
            let words = options.iter().map(|option| option.text.into()).collect();
            self.declare(Sort::Decision, *name, expr.span, Ty::OneOf(words), None);
        }
    }

    pub(super) fn items(&mut self, items: &[BlockItem<'_>]) {
        items.iter().for_each(|item| self.entry(item));
    }

    /// An entry of a procedure.
    fn entry(&mut self, item: &BlockItem<'_>) {
        match item {
            BlockItem::Step(step) => self.a_step(step),
            BlockItem::Phase(phase) => self.phase(phase),
            BlockItem::ForEach(each) => self.for_each(each),
            BlockItem::Parallel(block) => self.block(block),
            BlockItem::Assume(assume) => {
                self.expr(&assume.fact);
                assume.condition.iter().for_each(|(condition, _)| self.condition(condition));
            }
            BlockItem::Include(call) => self.call(call, Wanted::Plan),
        }
    }

    fn a_step(&mut self, step: &Step<'_>) {
        let own = self.declare(Sort::Step, step.name, step.span, Ty::Unknown, step.title.as_ref());
        step.target.iter().for_each(|target| self.target(target));
        let outer = self.owner.replace(own);
        self.clauses(&step.clauses);
        self.owner = outer;
        self.ladder(&step.otherwise, step.finally.as_ref());
    }

    fn target(&mut self, target: &Target<'_>) {
        match &target.kind {
            TargetKind::One(path) => self.path(path),
            TargetKind::EachOf(set) | TargetKind::AnyOf(set) => self.operand(set),
            TargetKind::OneOf(set, condition) => {
                self.operand(set);
                condition.iter().for_each(|condition| self.expr(condition));
            }
        }
    }

    fn phase(&mut self, phase: &Phase<'_>) {
        let own = self.declare(Sort::Phase, phase.name, phase.span, Ty::Unknown, phase.title.as_ref());
        let outer = self.owner.replace(own);
        self.block(&phase.block);
        self.owner = outer;
        self.ladder(&phase.otherwise, phase.finally.as_ref());
    }

    fn ladder(&mut self, otherwise: &[Rung<'_>], finally: Option<&Block<'_>>) {
        otherwise.iter().for_each(|rung| self.block(&rung.block));
        finally.into_iter().for_each(|block| self.block(block));
    }

    fn for_each(&mut self, each: &ForEach<'_>) {
        self.operand(&each.set);
        let outer = self.scope.clone();
        self.scope = super::collect::bytes(each.span);
        let ty = Ty::Member(Box::new(ty_of(&each.set)));
        self.declare(Sort::Variable, each.var, each.span, ty, None);
        self.scope = outer;
        self.block(&each.block);
    }

    fn block(&mut self, block: &Block<'_>) {
        block.conditions.iter().for_each(|(condition, _)| self.condition(condition));
        self.items(&block.items);
    }

    pub(super) fn condition(&mut self, condition: &Condition<'_>) {
        match condition {
            Condition::OnlyIf(expr) | Condition::Unless(expr) => self.expr(expr),
            Condition::After { steps, .. } => steps.iter().for_each(|step| self.step(step, &Wanted::Step)),
        }
    }

    /// What a test says of the steps of its plan.
    pub(super) fn story(&mut self, test: &Test<'_>, plan: &str) {
        let wanted = Wanted::StepOf(plan.into());
        test.when.iter().for_each(|when| self.step(&when.step, &wanted));
        for expectation in &test.expect {
            match &expectation.kind {
                ExpectationKind::Ran(steps) | ExpectationKind::Skipped(steps) => {
                    steps.iter().for_each(|step| self.step(step, &wanted));
                }
                ExpectationKind::RanBefore(one, other) => {
                    self.step(one, &wanted);
                    self.step(other, &wanted);
                }
                ExpectationKind::RanTimes(step, _) => self.step(step, &wanted),
                ExpectationKind::Lost(path) => self.path(path),
                ExpectationKind::State(expr) => self.expr(expr),
                ExpectationKind::Completed | ExpectationKind::Stopped | ExpectationKind::Cancelled => {}
            }
        }
    }
}
