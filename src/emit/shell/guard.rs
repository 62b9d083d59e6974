//! Conditions as shell code.
//!
//! A short condition stands where it is used; a long or shared one becomes a function. Nothing here recurses, and the
//! code is as long as the table of conditions, whatever refers to whatever.

use crate::bytecode::{Guard, GuardId, Names, Program};
use crate::calculus::AtomSource;
use crate::emit::shell::text::word;

/// Longest code of a condition inside of another one, or at a step.
const SHORT: usize = 100;

/// The conditions of a program.
pub(super) struct Guards<'p> {
    program: &'p Program,
    names: Names<'p>,
    /// For each condition a pipeline that tells whether it holds.
    codes: Vec<String>,
    /// The functions that they call, by number.
    functions: Vec<Option<String>>,
    /// For each condition what decisions alone say of it.
    certainty: Vec<Certainty>,
}

/// What is known of a condition once all decisions are made.
#[derive(Clone, Debug)]
struct Certainty {
    /// Code that is true only if it can hold; `None` if it always can.
    can_hold: Option<String>,
    /// Code that is true only if it can fail to hold; `None` if it always can.
    can_fail: Option<String>,
}

impl<'p> Guards<'p> {
    pub fn of(program: &'p Program) -> Guards<'p> {
        let mut guards = Guards {
            program,
            names: Names::of(program),
            codes: Vec::new(),
            functions: vec![None; program.guards.len()],
            certainty: Vec::new(),
        };
        for (i, guard) in program.guards.iter().enumerate() {
            let code = guards.translate(i, guard);
            guards.codes.push(code);
            let certainty = guards.certainty(guard);
            guards.certainty.push(certainty);
        }
        guards
    }

    /// A pipeline that tells whether the condition holds; `None` if it always does.
    pub fn code(&self, id: GuardId) -> Option<String> {
        match self.program.guards.get(id.index()) {
            Some(Guard::Always) => None,
            _ => Some(self.part(id)),
        }
    }

    /// The condition for people.
    pub fn text(&self, id: GuardId) -> &str {
        self.names.guards().get(id.index()).map_or("", String::as_str)
    }

    /// The same with the names of values, machines and so on.
    pub fn names(&self) -> &Names<'p> {
        &self.names
    }

    /// Code that is false only if the decisions alone rule the condition out; `None` if they cannot.
    pub fn can_hold(&self, id: GuardId) -> Option<&str> {
        self.certainty.get(id.index())?.can_hold.as_deref()
    }

    /// The functions that the code calls: name and body.
    pub fn functions(&self) -> impl Iterator<Item = (usize, &str)> {
        self.functions.iter().enumerate().filter_map(|(i, f)| Some((i, f.as_deref()?)))
    }

    fn part(&self, id: GuardId) -> String {
        self.codes.get(id.index()).cloned().unwrap_or_else(|| String::from("false"))
    }

    fn translate(&mut self, index: usize, guard: &Guard) -> String {
        match guard {
            Guard::Always => String::from(":"),
            Guard::Never => String::from("false"),
            Guard::Is { atom, option } => {
                let options = self.program.atoms.get(atom.index()).map(|a| a.options.as_slice()).unwrap_or_default();
                format!("ha_is {} {}", atom.0, word(options.get(usize::from(*option)).map_or("?", String::as_str)))
            }
            Guard::Ok(id) => format!("ha_ok {}", id.0),
            Guard::Not(id) => match self.program.guards.get(id.index()) {
                // A shell has no double negation.
                Some(Guard::Not(inner)) => self.part(*inner),
                _ => format!("! {}", self.part(*id)),
            },
            Guard::All(ids) => self.several(index, ids, "&&", ":"),
            Guard::Any(ids) => self.several(index, ids, "||", "false"),
            Guard::AtMost { count, of } => {
                let each =
                    of.iter().map(|id| format!("  if {}; then n{index}=$((n{index} + 1)); fi\n", self.part(*id)));
                let body = format!("n{index}=0\n{}  [ \"$n{index}\" -le {count} ]", each.collect::<String>());
                self.function(index, body)
            }
        }
    }

    fn several(&mut self, index: usize, ids: &[GuardId], operator: &str, none: &str) -> String {
        let parts: Vec<String> = ids.iter().map(|id| self.part(*id)).collect();
        match parts.as_slice() {
            [] => none.to_owned(),
            [one] => one.clone(),
            _ => {
                let code = parts.join(&format!(" {operator} "));
                if code.len() > SHORT { self.function(index, code) } else { format!("{{ {code}; }}") }
            }
        }
    }

    fn function(&mut self, index: usize, body: String) -> String {
        if let Some(slot) = self.functions.get_mut(index) {
            *slot = Some(body);
        }
        format!("g{index}")
    }

    fn certainty(&self, guard: &Guard) -> Certainty {
        let nothing = Certainty { can_hold: None, can_fail: None };
        let part = |id: &GuardId| self.certainty.get(id.index()).unwrap_or(&nothing);
        match guard {
            Guard::Always => Certainty { can_hold: None, can_fail: Some(String::from("false")) },
            Guard::Never => Certainty { can_hold: Some(String::from("false")), can_fail: None },
            Guard::Is { atom, .. } if self.is_decision(atom.index()) => {
                let code = self.codes.last().cloned().unwrap_or_default();
                Certainty { can_fail: Some(format!("! {code}")), can_hold: Some(code) }
            }
            Guard::Not(id) => {
                let Certainty { can_hold, can_fail } = part(id).clone();
                Certainty { can_hold: can_fail, can_fail: can_hold }
            }
            // All can hold together if nothing says that one cannot; one can fail if any can.
            Guard::All(ids) => Certainty {
                can_hold: join(ids.iter().map(|id| part(id).can_hold.as_deref()), false),
                can_fail: join(ids.iter().map(|id| part(id).can_fail.as_deref()), true),
            },
            Guard::Any(ids) => Certainty {
                can_hold: join(ids.iter().map(|id| part(id).can_hold.as_deref()), true),
                can_fail: join(ids.iter().map(|id| part(id).can_fail.as_deref()), false),
            },
            Guard::Is { .. } | Guard::Ok(_) | Guard::AtMost { .. } => nothing,
        }
    }

    fn is_decision(&self, atom: usize) -> bool {
        self.program.atoms.get(atom).is_some_and(|a| a.source == AtomSource::Decision)
    }
}

/// One of the codes is true (`any`), or all are. `None` stands for true; what would be long is taken for true, too.
fn join<'c>(codes: impl Iterator<Item = Option<&'c str>>, any: bool) -> Option<String> {
    let codes: Vec<Option<&str>> = codes.collect();
    let known: Vec<&str> = codes.iter().flatten().copied().collect();
    if any && known.len() < codes.len() {
        return None;
    }
    let code = known.join(if any { " || " } else { " && " });
    match known.len() {
        0 if any => Some(String::from("false")),
        0 => None,
        _ if code.len() > SHORT => None,
        1 => Some(code),
        _ => Some(format!("{{ {code}; }}")),
    }
}
