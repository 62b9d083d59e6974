//! Rules over the estate: each holds for every combination of things that fit its parameters.

use super::elaborate::Elaborator;
use super::library::{Declared, Library};
use super::types::Ty;
use super::value::Value;
use crate::base::{Code, Diagnostic, SourceMap};
use crate::syntax::tree;

/// How many combinations of things a rule is tried on.
const COMBINATIONS: usize = 10_000;

/// Checks every rule, first with open parameters for its types, then on the things declared.
pub fn check<'s>(library: &Library<'s>, sources: &SourceMap) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for rule in library.rules() {
        let open = rule.params.iter().map(|p| Value::Open(p.ty.clone())).collect();
        let types = Elaborator::new(library, sources).check_alone(|e| drop(e.rule_failures(rule, open)));
        let sound = types.is_empty();
        found.extend(types);
        if sound {
            found.extend(apply(library, sources, rule));
        }
    }
    found
}

fn apply<'s>(library: &Library<'s>, sources: &SourceMap, rule: &Declared<'s, tree::Rule<'s>>) -> Vec<Diagnostic> {
    let mut combinations: Vec<Vec<Value<'s>>> = vec![Vec::new()];
    for param in &rule.params {
        let Ty::Thing(kind) = param.ty else {
            return vec![
                Diagnostic::error(Code::WrongType, param.name.span, "a rule is about things")
                    .help("give its parameter a kind, such as `p: server_pool`"),
            ];
        };
        let fitting: Vec<_> = library.things().filter(|id| library.is_a(library.thing(*id).kind, kind)).collect();
        let more = combinations
            .iter()
            .flat_map(|c| fitting.iter().map(move |id| c.iter().cloned().chain([Value::Thing(*id)]).collect()));
        combinations = more.take(COMBINATIONS).collect();
    }
    let mut found = Vec::new();
    for values in combinations {
        let names: Vec<_> = values.iter().map(|v| v.show(library)).collect();
        let places: Vec<_> = values
            .iter()
            .filter_map(|v| if let Value::Thing(id) = v { Some(library.thing(*id).name.span) } else { None })
            .collect();
        let mut failures = Vec::new();
        let elaborator = Elaborator::new(library, sources);
        found.extend(elaborator.check_alone(|e| failures = e.rule_failures(rule, values)));
        for (place, why) in failures {
            let what = why.map_or_else(|| sources.text(place).to_string(), |t| t.raw.to_string());
            let span = places.first().copied().unwrap_or(rule.tree.name.span);
            let message = format!("`{}` does not meet the rule `{}`: {what}", names.join("`, `"), rule.tree.name.text);
            found.push(
                Diagnostic::error(Code::RuleNotMet, span, message)
                    .label(place, "is required here")
                    .help("change the attributes that differ, or the rule"),
            );
        }
    }
    found
}
