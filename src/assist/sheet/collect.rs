//! From a tree to the declarations and uses in it: the items of a file.

use super::{Declaration, Sort, Ty, Use, Wanted};
use crate::base::Span;
use crate::syntax::tree::{
    Action, Alias, Call, Clause, ClauseKind, Entity, Extend, Field, Item, Kind, Name, Path, Plan, Probe, Rule, Test,
    Text, Type, TypeKind, Verdict,
};
use std::ops::Range;

/// Collects what a tree declares and names.
#[derive(Default)]
pub(super) struct Collector {
    pub(super) declarations: Vec<Declaration>,
    pub(super) uses: Vec<Use>,
    /// The declaration that everything is part of.
    pub(super) owner: Option<usize>,
    /// Where what is declared can be named.
    pub(super) scope: Range<usize>,
    /// The kind that fields and states belong to.
    of: String,
}

/// The bytes of a span.
pub(super) fn bytes(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

/// What a title says.
fn title(text: Option<&Text<'_>>) -> String {
    text.map_or_else(String::new, |text| text.raw.to_owned())
}

impl Collector {
    /// Notes a declaration and gives its index.
    pub(super) fn declare(
        &mut self,
        sort: Sort,
        name: Name<'_>,
        whole: Span,
        ty: Ty,
        told: Option<&Text<'_>>,
    ) -> usize {
        let declaration = Declaration {
            sort,
            name: name.text.into(),
            at: bytes(name.span),
            whole: bytes(whole),
            scope: self.scope.clone(),
            owner: self.owner,
            of: self.of.clone(),
            ty,
            title: title(told),
        };
        self.declarations.push(declaration);
        self.declarations.len() - 1
    }

    /// Notes that something is named.
    pub(super) fn name(&mut self, name: Name<'_>, wanted: Wanted) {
        self.uses.push(Use { at: bytes(name.span), name: name.text.into(), wanted });
    }

    /// Does something of which everything is part of `owner` and can be named in `scope` only.
    pub(super) fn within(&mut self, owner: Option<usize>, scope: Span, collect: impl FnOnce(&mut Collector)) {
        let outer = (self.owner, self.scope.clone());
        (self.owner, self.scope) = (owner, bytes(scope));
        collect(self);
        (self.owner, self.scope) = outer;
    }

    /// An item of a file.
    pub(super) fn item(&mut self, item: &Item<'_>) {
        match item {
            Item::Use(_) => {}
            Item::Kind(kind) => self.kind(kind),
            Item::Extend(extend) => self.extend(extend),
            Item::Action(action) => self.action(action),
            Item::Probe(probe) => self.probe(probe),
            Item::Rule(rule) => self.rule(rule),
            Item::Entity(entity) => self.entity(entity),
            Item::Plan(plan) => self.a_plan(plan),
            Item::Alias(alias) => self.alias(alias),
            Item::Test(test) => self.test(test),
        }
    }

    fn kind(&mut self, kind: &Kind<'_>) {
        let parent = kind.parent.map_or(Ty::Unknown, |parent| Ty::Named(parent.text.into()));
        let own = self.declare(Sort::Kind, kind.name, kind.span, parent, kind.title.as_ref());
        for name in kind.parent.into_iter().chain(kind.rests_on).chain(kind.held.map(|held| held.kind)) {
            self.name(name, Wanted::Kind);
        }
        self.of = kind.name.text.into();
        self.within(Some(own), kind.span, |c| {
            c.fields(&kind.fields, Sort::Field);
            for state in &kind.states {
                c.declare(Sort::State, *state, state.span, Ty::Unknown, None);
            }
        });
        self.of.clear();
        for state in &kind.rests {
            self.name(*state, Wanted::State(Ty::Named(kind.name.text.into())));
        }
    }

    fn extend(&mut self, extend: &Extend<'_>) {
        self.name(extend.kind, Wanted::Kind);
        self.of = extend.kind.text.into();
        self.within(None, extend.span, |c| c.fields(&extend.fields, Sort::Field));
        self.of.clear();
    }

    /// Fields of a kind, or parameters.
    fn fields(&mut self, fields: &[Field<'_>], sort: Sort) {
        for field in fields {
            let ty = written(&field.ty);
            self.declare(sort, field.name, field.span, ty.clone(), None);
            self.ty(&field.ty);
            if let Some(default) = &field.default {
                self.chosen(default, &ty);
            }
        }
    }

    fn ty(&mut self, ty: &Type<'_>) {
        if let TypeKind::Named(name) | TypeKind::Set(name) = &ty.kind {
            self.name(*name, Wanted::Kind);
        }
    }

    fn action(&mut self, action: &Action<'_>) {
        let own = self.declare(Sort::Action, action.name, action.span, Ty::Unknown, action.title.as_ref());
        self.within(Some(own), action.span, |c| {
            c.fields(&action.params, Sort::Parameter);
            if let Some((host, kind)) = action.host {
                c.declare(Sort::Parameter, host, host.span, Ty::Named(kind.text.into()), None);
                c.name(kind, Wanted::Kind);
            }
            c.clauses(&action.clauses);
        });
    }

    fn probe(&mut self, probe: &Probe<'_>) {
        let own = self.declare(Sort::Probe, probe.name, probe.span, Ty::Unknown, probe.title.as_ref());
        self.within(Some(own), probe.span, |c| {
            c.fields(&probe.params, Sort::Parameter);
            probe.on.iter().for_each(|path| c.path(path));
            c.clauses(&probe.clauses);
            c.exprs(&probe.yes_means);
        });
    }

    fn rule(&mut self, rule: &Rule<'_>) {
        let own = self.declare(Sort::Rule, rule.name, rule.span, Ty::Unknown, rule.title.as_ref());
        self.within(Some(own), rule.span, |c| {
            c.fields(&rule.params, Sort::Parameter);
            rule.requires.iter().for_each(|(expr, _)| c.expr(expr));
        });
    }

    fn entity(&mut self, entity: &Entity<'_>) {
        let ty = Ty::Named(entity.kind.text.into());
        let own = self.declare(Sort::Thing, entity.name, entity.span, ty.clone(), None);
        self.name(entity.kind, Wanted::Kind);
        for (field, value) in &entity.attrs {
            self.name(*field, Wanted::Field(ty.clone()));
            self.operand(value);
        }
        let outer = self.owner.replace(own);
        entity.inner.iter().for_each(|inner| self.entity(inner));
        self.owner = outer;
    }

    fn a_plan(&mut self, plan: &Plan<'_>) {
        let own = self.declare(Sort::Plan, plan.name, plan.span, Ty::Unknown, plan.title.as_ref());
        self.within(Some(own), plan.span, |c| {
            c.fields(&plan.params, Sort::Parameter);
            plan.head.iter().for_each(|clause| c.head(clause));
            c.items(&plan.body);
        });
    }

    fn alias(&mut self, alias: &Alias<'_>) {
        let called = Ty::Named(alias.call.name.text.into());
        self.declare(Sort::Plan, alias.name, alias.span, called, alias.title.as_ref());
        self.call(&alias.call, Wanted::Plan);
        if let Some(follows) = alias.follows {
            self.name(follows, Wanted::Plan);
        }
    }

    fn test(&mut self, test: &Test<'_>) {
        let name = Name { text: test.title.raw, span: test.title.span };
        let own = self.declare(Sort::Test, name, test.span, Ty::Unknown, None);
        let plan = test.plan.as_ref().map(|call| call.name.text);
        self.within(Some(own), test.span, |c| {
            test.plan.iter().for_each(|call| c.call(call, Wanted::Plan));
            c.exprs(&test.given);
            c.story(test, plan.unwrap_or(""));
        });
    }

    /// The clauses of an action, a probe or a step.
    pub(super) fn clauses(&mut self, clauses: &[Clause<'_>]) {
        clauses.iter().for_each(|clause| self.clause(clause));
    }

    fn clause(&mut self, clause: &Clause<'_>) {
        match &clause.kind {
            ClauseKind::Needs(exprs) | ClauseKind::Ensures(exprs) | ClauseKind::Attests(exprs) => self.exprs(exprs),
            ClauseKind::Acquires(thing, node) | ClauseKind::Releases(thing, node) => {
                self.paths(std::iter::once(thing).chain(node));
            }
            ClauseKind::Moves(thing, from, to) => self.paths([thing, from, to]),
            ClauseKind::Fences(path) | ClauseKind::Isolates(path) | ClauseKind::Loses(path) => self.path(path),
            ClauseKind::Through(paths) => self.paths(paths),
            ClauseKind::Run(text) | ClauseKind::Verify(text) | ClauseKind::Ask(text) | ClauseKind::Tell(text) => {
                self.holes(text);
            }
            ClauseKind::Undo(call) | ClauseKind::Do(call) => self.call(call, Wanted::Action),
            ClauseKind::Answer { name, label, .. } => {
                self.declare(Sort::Answer, *name, clause.span, Ty::Unknown, label.as_ref());
            }
            ClauseKind::By(_) | ClauseKind::Idempotent | ClauseKind::IfPossible | ClauseKind::Commits(None) => {}
            ClauseKind::Commits(Some(text)) => self.holes(text),
            ClauseKind::WaitUntil(expr, every) => {
                self.expr(expr);
                every.iter().for_each(|every| self.operand(every));
            }
            ClauseKind::WaitFor(operand) | ClauseKind::Within(operand, _) | ClauseKind::Usually(operand) => {
                self.operand(operand);
            }
            ClauseKind::Env(_, operand) => self.operand(operand),
            ClauseKind::Retry(_, every) => every.iter().for_each(|every| self.operand(every)),
            ClauseKind::RetryFrom(step, _) => self.name(*step, Wanted::Step),
            ClauseKind::ExitMeans(_, verdict) | ClauseKind::OutputMeans(_, verdict) => {
                if let Verdict::Ask(text) = verdict {
                    self.holes(text);
                }
            }
            ClauseKind::Capture(name, _) => self.capture(*name, clause.span),
            ClauseKind::When(condition) => self.condition(condition),
        }
    }

    /// A value that other steps of the plan can use.
    fn capture(&mut self, name: Name<'_>, whole: Span) {
        let step = self.owner.and_then(|owner| self.declarations.get(owner));
        let scope = step.map_or(self.scope.clone(), |step| step.scope.clone());
        let outer = std::mem::replace(&mut self.scope, scope);
        self.declare(Sort::Variable, name, whole, Ty::Named("string".into()), None);
        self.scope = outer;
    }

    fn paths<'p, 's: 'p>(&mut self, paths: impl IntoIterator<Item = &'p Path<'s>>) {
        paths.into_iter().for_each(|path| self.path(path));
    }

    /// `name(a, label: b)`
    pub(super) fn call(&mut self, call: &Call<'_>, wanted: Wanted) {
        self.name(call.name, wanted.clone());
        for (label, value) in &call.args {
            if let Some(label) = label {
                self.name(*label, Wanted::Parameter(Box::new(wanted.clone()), call.name.text.into()));
            }
            self.operand(value);
        }
    }
}

/// A type as written.
fn written(ty: &Type<'_>) -> Ty {
    match &ty.kind {
        TypeKind::Named(name) => Ty::Named(name.text.into()),
        TypeKind::Set(name) => Ty::Set(name.text.into()),
        TypeKind::OneOf(words) => Ty::OneOf(words.iter().map(|word| word.text.into()).collect()),
    }
}
