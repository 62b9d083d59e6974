//! A plan's head: parameters, what is given, goal, locks, accepted losses, what a drill may touch.

use super::Elaborator;
use super::commands::Use;
use crate::base::{Code, Diagnostic, Span, nearest};
use crate::calculus::{AtomSource, CellId, Template};
use crate::model::{Guard, Item};
use crate::resolve::library::{Param, ThingId};
use crate::resolve::types::Ty;
use crate::resolve::value::Value;
use crate::syntax::tree::{self, BlockItem, Expr, ExprKind, HeadClause, Name, OperandKind, Target, TargetKind};

impl<'s> Elaborator<'_, 's> {
    /// Unfolds head and body of a plan whose parameters have these values; a missing one is decided at the start, or
    /// stays open.
    pub(super) fn plan_body(
        &mut self,
        tree: &tree::Plan<'s>,
        params: &[Param<'s>],
        values: Vec<Option<Value<'s>>>,
    ) -> Vec<Item> {
        let mut vars = Vec::new();
        for (param, value) in params.iter().zip(values) {
            let value = value.unwrap_or_else(|| self.parameter(param));
            vars.push((param.name.text, value));
        }
        let outer = std::mem::replace(&mut self.vars, vars);
        if self.includes.is_empty() {
            for param in params {
                let value = self.vars.iter().find(|(n, _)| *n == param.name.text).map(|(_, v)| v.show(self.library));
                self.plan.arguments.push((param.name.text.to_string(), value.unwrap_or_default()));
            }
        }
        for item in &tree.body {
            self.declare(item);
        }
        self.head(&tree.head);
        let items = self.items(&tree.body);
        for clause in &tree.head {
            if let HeadClause::Goal(exprs) = clause {
                let facts: Vec<_> = exprs.iter().flat_map(|e| self.facts(e)).collect();
                // What an included plan has reached need not be so any more when the whole has ended.
                if self.includes.is_empty() {
                    self.plan.goal.extend(facts.iter().map(|fact| (fact.requirement(), fact.span)));
                }
            }
        }
        for param in params {
            if !self.read.contains(param.name.text) && self.includes.is_empty() {
                self.report(
                    Diagnostic::warning(
                        Code::UnusedGiven,
                        param.name.span,
                        format!("the parameter `{}` is never used", param.name.text),
                    )
                    .help("remove it, or use it in a condition or an argument"),
                );
            }
        }
        self.vars = outer;
        items
    }

    /// A parameter without a value: yes-or-no and one-of parameters are decided when the run starts.
    fn parameter(&mut self, param: &Param<'s>) -> Value<'s> {
        let options = match &param.ty {
            Ty::Bool => vec!["no".to_string(), "yes".to_string()],
            Ty::OneOf(words) => words.iter().map(|w| (*w).to_string()).collect(),
            other => return Value::Open(other.clone()),
        };
        let name = param.name.text.to_string();
        let atom = self.atom(name.clone(), name, options, AtomSource::Decision);
        Value::Atom(atom, param.ty.clone())
    }

    /// Notes the names of steps and phases, so that a reference to a later one is told from one to nothing.
    fn declare(&mut self, item: &BlockItem<'s>) {
        let mut blocks = Vec::new();
        match item {
            BlockItem::Step(step) => {
                self.declared.insert(step.name.text, step.name.span);
                blocks.extend(step.otherwise.iter().map(|r| &r.block).chain(&step.finally));
            }
            BlockItem::Phase(phase) => {
                self.declared.insert(phase.name.text, phase.name.span);
                blocks.push(&phase.block);
                blocks.extend(phase.otherwise.iter().map(|r| &r.block).chain(&phase.finally));
            }
            BlockItem::ForEach(each) => blocks.push(&each.block),
            BlockItem::Parallel(block) => blocks.push(block),
            BlockItem::Assume(_) | BlockItem::Include(_) => {}
        }
        for item in blocks.into_iter().flat_map(|b| &b.items) {
            self.declare(item);
        }
    }

    fn head(&mut self, clauses: &[HeadClause<'s>]) {
        for clause in clauses {
            if let HeadClause::Let(name, operand) = clause {
                let value = self.operand(operand, &Ty::Unknown);
                self.vars.push((name.text, value));
            }
        }
        for clause in clauses {
            match clause {
                HeadClause::Given(exprs) => exprs.iter().for_each(|e| self.given(e)),
                HeadClause::Locks(paths) => paths.iter().for_each(|p| self.lock(p)),
                HeadClause::Accept(path, why) => {
                    let value = self.path(path, &Ty::Unknown);
                    if let Some(cell) = self.data_cell(&value, path.span) {
                        let why = why.map_or_else(String::new, |t| super::commands::unescape(&t));
                        self.plan.accepted.push((cell, why, path.span));
                    }
                }
                HeadClause::Starts(expr, time) => {
                    // What starts the plan is a monitor's business; here its names and types are held to be right.
                    let _ = self.condition(expr);
                    if let Some(time) = time {
                        self.duration(time);
                    }
                }
                HeadClause::Rto(operand) => {
                    let promised = self.duration(operand);
                    if self.includes.is_empty() {
                        self.plan.rto_ms = promised;
                        self.plan.rto_span = operand.span;
                    }
                }
                HeadClause::Hold(text, about) => self.hold(text, about.as_ref()),
                HeadClause::Ends(about) => self.ends_hold(about),
                HeadClause::Drill(paths) => {
                    let things = paths.iter().flat_map(|p| self.things(p, "be drilled")).collect::<Vec<_>>();
                    if self.includes.is_empty() {
                        self.drill.get_or_insert_default().extend(things);
                    }
                }
                HeadClause::Let(..) | HeadClause::Goal(_) => {}
            }
        }
    }

    fn lock(&mut self, path: &tree::Path<'s>) {
        let things = self.things(path, "be locked");
        self.plan.locks.extend(things.into_iter().map(|id| self.library.thing(id).name.text.to_string()));
    }

    /// The things that a path names; `what` nothing else can.
    fn things(&mut self, path: &tree::Path<'s>, what: &str) -> Vec<ThingId> {
        match self.path(path, &Ty::Unknown) {
            Value::Thing(id) => vec![id],
            Value::Set(ids, _) => ids,
            Value::Open(Ty::Thing(_) | Ty::Set(_) | Ty::Unknown) => Vec::new(),
            other => {
                let ty = other.ty(self.library).describe(self.library);
                self.report(
                    Diagnostic::error(Code::WrongType, path.span, format!("{ty} cannot {what}")).help("name a thing"),
                );
                Vec::new()
            }
        }
    }

    fn given(&mut self, expr: &Expr<'s>) {
        match &expr.kind {
            ExprKind::Is { subject, negated: false, options } => {
                if let OperandKind::Path(path) = &subject.kind
                    && let [name] = path.names.as_slice()
                    && self.name(*name, &Ty::Unknown).is_none()
                {
                    self.decision(*name, options, expr.span);
                    return;
                }
                self.given_facts(expr);
            }
            ExprKind::Compare { .. } | ExprKind::Include { .. } | ExprKind::Agree { .. } => self.given_condition(expr),
            ExprKind::Not(inner) if matches!(inner.kind, ExprKind::Include { .. } | ExprKind::Compare { .. }) => {
                self.given_condition(expr);
            }
            _ => self.given_facts(expr),
        }
    }

    fn given_condition(&mut self, expr: &Expr<'s>) {
        if self.condition(expr) == Guard::Never {
            let written = self.source(expr.span);
            self.report(
                Diagnostic::error(Code::RuleNotMet, expr.span, format!("`{written}` is not so for these arguments"))
                    .help("give the plan other arguments, or change what it takes as given"),
            );
        }
    }

    /// What is given is so when the plan starts. What an included plan takes for given has to be so once it is entered.
    fn given_facts(&mut self, expr: &Expr<'s>) {
        for fact in self.facts(expr) {
            if !self.includes.is_empty() {
                self.taken_for_given.push((fact.requirement(), fact.span));
                continue;
            }
            self.give(fact.cell, fact.allowed, fact.span);
        }
    }

    /// A cell has one of these values when the plan starts.
    pub(super) fn give(&mut self, cell: CellId, allowed: u64, span: Span) {
        self.plan.givens.push((cell, allowed, span));
        let Some(cell) = self.plan.cells.get_mut(cell.index()) else { return };
        cell.initial &= allowed;
        if cell.initial & cell.all() == 0 {
            let name = cell.name.clone();
            self.report(
                Diagnostic::error(
                    Code::Contradiction,
                    span,
                    format!("what is given about `{name}` contradicts itself"),
                )
                .help("remove one of the `given`s"),
            );
        }
    }

    /// `given firewalls are included or excluded`
    fn decision(&mut self, name: Name<'s>, options: &[Name<'s>], span: Span) {
        let words = self.vars.iter().map(|(n, _)| *n).chain(self.library.thing_words(name.span.file));
        if self.library.is_some_kinds_states(options)
            && let Some(word) = nearest(name.text, words)
        {
            let states: Vec<_> = match self.library.thing_named(word, name.span.file) {
                Some(id) => self.library.kind(self.library.thing(id).kind).states.iter().map(|s| s.text).collect(),
                None => vec!["up", "down"],
            };
            if options.iter().all(|o| states.contains(&o.text)) {
                self.report(
                    Diagnostic::error(Code::UnknownName, name.span, format!("there is no `{}` here", name.text))
                        .help(format!("did you mean `{word}`?"))
                        .fix(name.span, word),
                );
                return;
            }
        }
        if options.len() < 2 {
            self.report(
                Diagnostic::error(
                    Code::UndecidedGiven,
                    span,
                    format!("there is nothing to decide about `{}`", name.text),
                )
                .help(format!(
                    "name the alternatives: `given {} is {} or …`",
                    name.text,
                    options.first().map_or("…", |o| o.text)
                )),
            );
        }
        let texts: Vec<String> = options.iter().map(|o| o.text.to_string()).collect();
        let question = self.source(span);
        let atom = self.atom(name.text.to_string(), question, texts, AtomSource::Decision);
        self.decisions.push((atom, name.span));
        let ty = Ty::OneOf(options.iter().map(|o| o.text).collect());
        self.vars.insert(0, (name.text, Value::Atom(atom, ty)));
    }

    /// The machines a step stands on, as values: one step for each.
    pub(super) fn target_members(&mut self, target: &Target<'s>) -> Vec<Value<'s>> {
        match &target.kind {
            TargetKind::One(path) => vec![self.path(path, &Ty::Unknown)],
            TargetKind::EachOf(set) | TargetKind::AnyOf(set) | TargetKind::OneOf(set, _) => {
                let members = self.members(set);
                if members.is_empty() && !self.diagnostics.iter().any(|d| d.span() == Some(set.span)) {
                    self.report(
                        Diagnostic::error(Code::EmptySet, target.span, "there is no node to run on: the set is empty")
                            .help("give the set members, or leave the step out"),
                    );
                }
                members
            }
        }
    }

    /// Renders a message without run-time values; for names and titles.
    pub(super) fn message(&mut self, text: Option<&tree::Text<'s>>) -> String {
        text.map_or_else(String::new, |t| self.template(t, Use::Message).render(|_| "…".into()))
    }

    /// A message template.
    pub(super) fn message_template(&mut self, text: &tree::Text<'s>) -> Template {
        self.template(text, Use::Message)
    }
}
