//! What a test says about the things of its plan: read with the plan's own names, without adding anything to it.

use super::Elaborator;
use super::facts::Fact;
use crate::base::{Code, Diagnostic, Span};
use crate::calculus::Requirement;
use crate::syntax::tree::Expr;

impl<'s> Elaborator<'_, 's> {
    /// What an expression of a test says about cells. A thing that the plan never touches is reported, as is a place
    /// where nothing in the plan ever puts it.
    pub fn test_facts(&mut self, expr: &Expr<'s>) -> Vec<Requirement> {
        let (cells, keys) = (self.plan.cells.clone(), self.cells.clone());
        let (plan_machines, machines) = (self.plan.machines.clone(), self.machines.clone());
        let facts = self.facts(expr);
        let strange = facts.iter().find(|f| cells.get(f.cell.index()).is_none());
        if let Some(fact) = strange {
            let name = self.cell_name(fact);
            self.report(
                Diagnostic::error(Code::TestNames, expr.span, format!("the plan never touches `{name}`"))
                    .help("name a thing that a step, a `given` or the `goal` of the plan is about"),
            );
        } else if let Some(fact) = facts.iter().find(|f| self.never_there(f, &cells)) {
            self.unreachable(expr.span, fact, &cells);
        }
        let grown = strange.is_some() || facts.iter().any(|f| self.grew(f, &cells));
        self.plan.cells = cells;
        self.cells = keys;
        self.plan.machines = plan_machines;
        self.machines = machines;
        if grown { Vec::new() } else { facts.iter().map(Fact::requirement).collect() }
    }

    fn cell_name(&self, fact: &Fact) -> String {
        self.plan.cells.get(fact.cell.index()).map_or_else(String::new, |c| c.name.clone())
    }

    /// Whether the fact mentions a place that the plan does not know.
    fn grew(&self, fact: &Fact, before: &[crate::calculus::Cell]) -> bool {
        let values = |cells: &[crate::calculus::Cell]| cells.get(fact.cell.index()).map_or(0, |c| c.values.len());
        values(&self.plan.cells) > values(before)
    }

    fn never_there(&self, fact: &Fact, before: &[crate::calculus::Cell]) -> bool {
        let known = before.get(fact.cell.index()).map_or(0, |c| c.all());
        self.grew(fact, before) && fact.allowed & known == 0
    }

    fn unreachable(&mut self, span: Span, fact: &Fact, before: &[crate::calculus::Cell]) {
        let Some(cell) = before.get(fact.cell.index()) else { return };
        let error = Diagnostic::error(
            Code::UnreachableExpectation,
            span,
            format!("nothing in the plan ever puts `{}` there", cell.name),
        );
        let places: Vec<&str> = cell.values.iter().map(String::as_str).collect();
        let help = format!("in this plan it is {}", places.join(" or "));
        self.report(error.help(help));
    }
}
