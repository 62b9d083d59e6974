//! Values during elaboration: known, decided when the plan runs, or open.

use crate::calculus::{AtomId, ValueId};
use crate::model::Guard;
use crate::resolve::library::{KindId, Library, ThingId};
use crate::resolve::types::Ty;
use std::rc::Rc;

/// A value of the language while a plan is unfolded.
#[derive(Clone, Debug)]
pub enum Value<'s> {
    /// A scalar with a text form: string, path, version, address.
    Text(String, Ty<'s>),
    /// A number.
    Number(u64),
    /// Yes or no.
    Bool(bool),
    /// Milliseconds.
    Duration(u64),
    /// One of some words.
    Word(&'s str, Rc<[&'s str]>),
    /// A thing.
    Thing(ThingId),
    /// A set of things, in the order written.
    Set(Vec<ThingId>, KindId),
    /// A member of each thing of a set: one word each in a command.
    Many(Vec<Value<'s>>),
    /// Decided when the run starts.
    Atom(AtomId, Ty<'s>),
    /// Yes or no, known when it is asked.
    Asked(Guard),
    /// Text kept from a command's output.
    Captured(ValueId),
    /// Chosen by conditions while the plan runs.
    Picked(Vec<(Guard, Value<'s>)>, Box<Value<'s>>),
    /// Of this type, but not known: a plan or action checked without arguments.
    Open(Ty<'s>),
}

impl<'s> Value<'s> {
    /// A value that follows an error.
    pub fn unknown() -> Value<'s> {
        Value::Open(Ty::Unknown)
    }

    /// Its type.
    pub fn ty(&self, library: &Library<'s>) -> Ty<'s> {
        match self {
            Value::Text(_, ty) | Value::Atom(_, ty) | Value::Open(ty) => ty.clone(),
            Value::Number(_) => Ty::Number,
            Value::Bool(_) | Value::Asked(_) => Ty::Bool,
            Value::Duration(_) => Ty::Duration,
            Value::Word(_, words) => Ty::OneOf(words.clone()),
            Value::Thing(id) => Ty::Thing(library.thing(*id).kind),
            Value::Set(_, kind) => Ty::Set(*kind),
            Value::Many(values) => values.first().map_or(Ty::Unknown, |v| v.ty(library)),
            Value::Captured(_) => Ty::Text,
            Value::Picked(_, otherwise) => otherwise.ty(library),
        }
    }

    /// The same function on every value it may be.
    pub fn map(self, f: &mut impl FnMut(Value<'s>) -> Value<'s>) -> Value<'s> {
        match self {
            Value::Picked(cases, otherwise) => {
                Value::Picked(cases.into_iter().map(|(g, v)| (g, v.map(f))).collect(), Box::new(otherwise.map(f)))
            }
            other => f(other),
        }
    }

    /// As shown to people.
    pub fn show(&self, library: &Library<'s>) -> String {
        match self {
            Value::Text(t, _) => t.clone(),
            Value::Number(n) => n.to_string(),
            Value::Bool(b) => b.to_string(),
            Value::Duration(ms) => format!("{} ms", ms),
            Value::Word(w, _) => (*w).to_string(),
            Value::Thing(id) => library.thing(*id).name.text.to_string(),
            Value::Set(ids, _) => {
                let names: Vec<_> = ids.iter().map(|id| library.thing(*id).name.text).collect();
                format!("[{}]", names.join(", "))
            }
            Value::Many(values) => values.iter().map(|v| v.show(library)).collect::<Vec<_>>().join(", "),
            Value::Atom(..) | Value::Asked(_) => "decided at the start".into(),
            Value::Captured(_) | Value::Picked(..) | Value::Open(_) => "known while the plan runs".into(),
        }
    }
}

/// All of these, folded.
pub fn all(guards: Vec<Guard>) -> Guard {
    if guards.contains(&Guard::Never) {
        return Guard::Never;
    }
    let mut kept = Vec::new();
    for guard in guards {
        match guard {
            Guard::Always => {}
            Guard::All(inner) => kept.extend(inner),
            other => kept.push(other),
        }
    }
    one_or(kept, Guard::Always, Guard::All)
}

/// One of these, folded.
pub fn any(guards: Vec<Guard>) -> Guard {
    if guards.contains(&Guard::Always) {
        return Guard::Always;
    }
    let mut kept = Vec::new();
    for guard in guards {
        match guard {
            Guard::Never => {}
            Guard::Any(inner) => kept.extend(inner),
            other => kept.push(other),
        }
    }
    one_or(kept, Guard::Never, Guard::Any)
}

/// The opposite, folded.
pub fn not(guard: Guard) -> Guard {
    match guard {
        Guard::Always => Guard::Never,
        Guard::Never => Guard::Always,
        Guard::Not(inner) => *inner,
        other => Guard::Not(Box::new(other)),
    }
}

fn one_or(mut guards: Vec<Guard>, none: Guard, many: fn(Vec<Guard>) -> Guard) -> Guard {
    match guards.len() {
        0 => none,
        1 => guards.pop().unwrap_or(none),
        _ => many(guards),
    }
}

#[cfg(test)]
mod tests {
    use super::{all, any, not};
    use crate::calculus::AtomId;
    use crate::model::Guard;

    #[test]
    fn constants_fold_away() {
        let a = Guard::Is(AtomId(0), 1);
        assert_eq!(all(vec![Guard::Always, a.clone()]), a);
        assert_eq!(all(vec![a.clone(), Guard::Never]), Guard::Never);
        assert_eq!(any(vec![Guard::Never]), Guard::Never);
        assert_eq!(any(vec![a.clone(), Guard::Always]), Guard::Always);
        assert_eq!(not(not(a.clone())), a);
    }
}
