//! What may stand where somebody writes, by the words before it.

use crate::assist::sheet::Wanted;
use crate::syntax::cursor::{Cursor, Inside, Place};

/// Something that may stand there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wish {
    /// A word that begins a clause or an entry of these braces.
    Beginning,
    /// One of these words.
    Words(&'static [&'static str]),
    /// An action to do on what the step's target is.
    Action,
    /// A plan.
    Plan,
    /// A kind.
    Kind,
    /// A type of a field or parameter.
    Type,
    /// A path after `use`, of which so many bytes are there already.
    Import(usize),
    /// A value, of this kind if it is known.
    Value(Option<&'static str>),
    /// A value for this field of this kind.
    FieldValue(String, String),
    /// A condition or fact.
    Fact,
    /// A state or answer of this value.
    State(Vec<String>),
    /// A state of this kind.
    StateOf(String),
    /// A field of this value.
    Field(Vec<String>),
    /// A step or phase.
    Step,
    /// The argument of this number, or of this name, of what is called so.
    Argument(Wanted, String, usize, Option<String>),
}

/// Durations that people write.
const DURATIONS: &[&str] = &["10s", "30s", "1m", "5m", "15m", "1h"];
/// Targets of several members.
const TARGETS: &[&str] = &["each of", "any of", "one of"];
/// How a condition goes on after a value.
const LINKS: &[&str] = &["is", "is not", "on", "and", "or", "includes", "agree on", "succeeded", "did not succeed"];

/// The words that begin a clause of conditions or facts.
const FACTUAL: [&str; 16] = [
    "given", "goal", "needs", "ensures", "attests", "only", "unless", "wait", "assume", "require", "yes", "expect",
    "starts", "if", "where", "every",
];

/// What may stand at a cursor.
pub fn wishes(cursor: &Cursor<'_>) -> Vec<Wish> {
    match cursor.inside {
        Inside::Prose => Vec::new(),
        Inside::Hole(before) => hole(before),
        Inside::Code => code(cursor),
    }
}

fn hole(before: &str) -> Vec<Wish> {
    match before.trim().strip_suffix('.') {
        Some(chain) => vec![Wish::Field(chain.split('.').map(|name| name.trim().to_owned()).collect())],
        None if before.trim().is_empty() => vec![Wish::Value(None)],
        None => Vec::new(),
    }
}

fn code(cursor: &Cursor<'_>) -> Vec<Wish> {
    let clause = cursor.clause.as_slice();
    let Some((last, before)) = clause.split_last() else { return vec![Wish::Beginning] };
    if *last == "." {
        return vec![Wish::Field(chain(before))];
    }
    if let Some(wishes) = bracket(cursor, clause) {
        return wishes;
    }
    if cursor.fresh && !goes_on(last) {
        return vec![Wish::Beginning];
    }
    after(cursor, clause, last, before)
}

/// Whether a clause goes on after this word, even on the next line.
fn goes_on(word: &str) -> bool {
    matches!(
        word,
        "," | "and" | "or" | "is" | "are" | "on" | "not" | "=" | ":" | "then" | "else" | "except" | "of" | "in" | "do"
    )
}

/// The names of a path that ends here: `from . manager`.
fn chain(tokens: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut name_next = true;
    for token in tokens.iter().rev() {
        match (name_next, *token == ".") {
            (true, false) if is_name(token) => names.push((*token).to_owned()),
            (false, true) => {}
            _ => break,
        }
        name_next = !name_next;
    }
    names.reverse();
    names
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// What may stand in the brackets that are open, if any are.
fn bracket(cursor: &Cursor<'_>, clause: &[&str]) -> Option<Vec<Wish>> {
    let mut depth = 0_usize;
    let open = clause.iter().rposition(|token| match *token {
        ")" | "]" => {
            depth += 1;
            false
        }
        "(" | "[" if depth == 0 => true,
        "(" | "[" => {
            depth -= 1;
            false
        }
        _ => false,
    })?;
    let inner = clause.get(open + 1..).unwrap_or_default();
    let at = |back: usize| open.checked_sub(back).and_then(|i| clause.get(i)).copied().unwrap_or("");
    if clause.get(open) == Some(&"[") {
        return Some(member(inner));
    }
    let callee = match (at(2), cursor.place) {
        ("action" | "probe" | "rule", _) | ("plan", Place::File) => return Some(parameter(inner)),
        ("do" | "undo", _) => Wanted::Action,
        ("include", _) | ("plan", _) => Wanted::Plan,
        ("=", _) if clause.first() == Some(&"plan") => Wanted::Plan,
        _ if is_name(at(1)) && !FACTUAL.contains(&at(1)) && !goes_on(at(1)) => Wanted::Probe,
        _ => return Some(condition(inner)),
    };
    Some(argument(callee, at(1), inner))
}

fn member(inner: &[&str]) -> Vec<Wish> {
    match inner.last() {
        None | Some(&",") => vec![Wish::Value(None)],
        Some(_) => Vec::new(),
    }
}

fn parameter(inner: &[&str]) -> Vec<Wish> {
    match inner.last().copied() {
        Some(":") => vec![Wish::Type],
        Some("of") => vec![Wish::Kind],
        Some("=") => vec![Wish::Value(None)],
        _ => Vec::new(),
    }
}

fn condition(inner: &[&str]) -> Vec<Wish> {
    match inner.last().copied() {
        None | Some("and" | "or" | "not") => vec![Wish::Fact],
        Some("is" | "are") => vec![Wish::State(chain(inner.get(..inner.len() - 1).unwrap_or_default()))],
        Some("on") => vec![Wish::Value(Some("node")), Wish::Words(&["nowhere"])],
        Some(_) => vec![Wish::Words(LINKS)],
    }
}

fn argument(callee: Wanted, name: &str, inner: &[&str]) -> Vec<Wish> {
    let mut depth = 0_usize;
    let (mut number, mut start) = (0, 0);
    for (i, token) in inner.iter().enumerate() {
        match *token {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "," if depth == 0 => (number, start) = (number + 1, i + 1),
            _ => {}
        }
    }
    match inner.get(start..).unwrap_or_default() {
        [] => vec![Wish::Argument(callee, name.to_owned(), number, None)],
        [label, ":"] => vec![Wish::Argument(callee, name.to_owned(), number, Some((*label).to_owned()))],
        [.., "except"] => vec![Wish::Value(None)],
        _ => Vec::new(),
    }
}

/// What may stand after the last word of a clause that goes on.
fn after(cursor: &Cursor<'_>, clause: &[&str], last: &str, before: &[&str]) -> Vec<Wish> {
    let first = clause.first().copied().unwrap_or("");
    let second = before.last().copied().unwrap_or("");
    let factual = FACTUAL.contains(&first) && !(first == "if" && second == "retry");
    match last {
        "use" => vec![Wish::Import(0)],
        _ if first == "use" => vec![Wish::Import(clause.iter().skip(1).map(|token| token.len()).sum())],
        "do" | "undo" => vec![Wish::Action],
        "include" if second.is_empty() => vec![Wish::Plan],
        "follows" => vec![Wish::Plan],
        "plan" if cursor.place == Place::Test => vec![Wish::Plan],
        "extend" => vec![Wish::Kind],
        "is" if first == "kind" => vec![Wish::Kind],
        "is" | "are" => vec![Wish::Words(&["not"]), Wish::State(chain(before))],
        "not" if matches!(second, "is" | "are") => {
            vec![Wish::State(chain(before.get(..before.len() - 1).unwrap_or_default()))]
        }
        "or" if factual => states_again(before).into_iter().chain([Wish::Fact]).collect(),
        "on" => after_on(first, second, before),
        "of" if second == "set" => vec![Wish::Kind],
        "of" | "except" | "locks" | "acquires" | "releases" | "moves" | "loses" | "through" | "lost" => {
            vec![Wish::Value(None)]
        }
        "in" if first == "rests" => entry_name(cursor).map(Wish::StateOf).into_iter().collect(),
        "in" => vec![Wish::Value(None)],
        "fences" | "isolates" => vec![Wish::Value(Some("node"))],
        "from" | "to" if first == "moves" => vec![Wish::Value(Some("node"))],
        "after" | "ran" | "skipped" | "before" | "at" => vec![Wish::Step],
        "when" if cursor.place == Place::Test => vec![Wish::Step, Wish::Words(&["the executor is lost at"])],
        "from" if second == "retry" => vec![Wish::Step],
        "expect" => vec![Wish::Words(&["ran", "skipped", "lost", "completed", "stopped", "cancelled"]), Wish::Fact],
        "means" if first == "yes" => vec![Wish::Fact],
        "means" => vec![Wish::Words(&["success", "failure", "warning", "ask"])],
        "within" | "usually" | "rto" | "every" => vec![Wish::Words(DURATIONS)],
        "for" if matches!(first, "wait" | "starts") => vec![Wish::Words(DURATIONS)],
        "wait" => vec![Wish::Words(&["until", "for"])],
        "only" => vec![Wish::Words(&["if"])],
        "otherwise" => vec![Wish::Words(&["step", "phase", "assume"])],
        "=" => assigned(cursor, first, second),
        ":" if factual => vec![Wish::Fact],
        ":" => vec![Wish::Type],
        "," => comma(first),
        "then" if first == "within" => vec![Wish::Words(&["kill"])],
        "then" | "else" => vec![Wish::Value(None)],
        "given" | "goal" | "needs" | "ensures" | "attests" | "if" | "unless" | "until" | "assume" | "and"
        | "require" | "where" | "not" => vec![Wish::Fact],
        _ => more(cursor, first, factual),
    }
}

fn after_on(first: &str, second: &str, before: &[&str]) -> Vec<Wish> {
    match (first, second) {
        ("step" | "otherwise", _) => vec![Wish::Value(Some("node")), Wish::Words(TARGETS)],
        ("exclusive" | "shared" | "rests", _) => vec![Wish::Kind],
        ("hold" | "ends", _) => vec![Wish::Value(None)],
        (_, "agree") => vec![Wish::Field(chain(before.get(..before.len() - 1).unwrap_or_default()))],
        ("on", _) => vec![Wish::Value(Some("node"))],
        _ => vec![Wish::Value(Some("node")), Wish::Words(&["nowhere", "any of"])],
    }
}

/// In `a is up or`, one more state may follow.
fn states_again(before: &[&str]) -> Option<Wish> {
    let is = before.iter().rposition(|token| matches!(*token, "is" | "are"))?;
    let names = before.get(is + 1..)?.iter().all(|token| is_name(token) && *token != "and");
    names.then(|| Wish::State(chain(before.get(..is).unwrap_or_default())))
}

/// The name of what the braces belong to.
fn entry_name(cursor: &Cursor<'_>) -> Option<String> {
    cursor.entry.get(1).map(|name| (*name).to_owned())
}

fn assigned(cursor: &Cursor<'_>, first: &str, second: &str) -> Vec<Wish> {
    match (cursor.place, first) {
        (Place::File, "plan") => vec![Wish::Plan],
        (Place::Entity, _) => {
            let kind = cursor.entry.first().copied().unwrap_or("");
            vec![Wish::FieldValue(kind.to_owned(), second.to_owned())]
        }
        (Place::Step, "let") => vec![Wish::Words(&["output", "match"])],
        _ => vec![Wish::Value(None)],
    }
}

fn comma(first: &str) -> Vec<Wish> {
    match first {
        "after" => vec![Wish::Step],
        "expect" => {
            vec![Wish::Words(&["ran", "skipped", "lost", "completed", "stopped", "cancelled"]), Wish::Step, Wish::Fact]
        }
        "locks" | "through" | "drill" => vec![Wish::Value(None)],
        "within" => vec![Wish::Words(&["then kill", "else"])],
        "retry" | "wait" => vec![Wish::Words(&["every"])],
        "for" => vec![Wish::Words(&["one at a time", "in batches of", "allowing"])],
        "if" => vec![Wish::Words(&["up to"])],
        "given" | "goal" | "needs" | "ensures" | "attests" | "yes" => vec![Wish::Fact],
        _ => Vec::new(),
    }
}

/// What may follow something that is complete: how it goes on, or the next clause on the same line.
fn more(cursor: &Cursor<'_>, first: &str, factual: bool) -> Vec<Wish> {
    let words: &[&str] = match first {
        "step" if cursor.clause.len() > 1 => &["on"],
        "acquires" | "releases" => &["on"],
        "moves" => &["from", "to"],
        "after" => &["finished"],
        "for" => &["in"],
        "kind" if cursor.clause.len() == 2 => &["is"],
        "when" => &["fails", "succeeds", "times out", "is cancelled", "once"],
        "plan" if cursor.clause.contains(&"=") => &["follows"],
        "answer" => &["stops"],
        _ if factual => LINKS,
        _ => &[],
    };
    let ended =
        !matches!(first, "step" | "phase" | "plan" | "kind" | "action" | "probe" | "rule" | "test" | "for" | "extend");
    let next = (ended && cursor.place != Place::File && cursor.clause.len() > 1).then_some(Wish::Beginning);
    (!words.is_empty()).then_some(Wish::Words(words)).into_iter().chain(next).collect()
}
