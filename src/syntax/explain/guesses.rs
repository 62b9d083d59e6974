//! Mistakes that can be told by more than what is expected: one function each, the surest first.

use super::Sight;
use super::expected::listed;
use crate::base::{Diagnostic, nearest};
use crate::syntax::lex::{Kind, Token};
use crate::syntax::words::{self, Opening, Place};

/// Says what a mistake is if it is of the kind that it knows.
type Guess = fn(&Sight<'_>) -> Option<Diagnostic>;

/// Every guess, in the order in which they are tried.
pub(super) const ALL: &[Guess] = &[
    foreign_character,
    bad_number,
    spaced_duration,
    ladder_without_step,
    colon_or_equals,
    misspelt,
    no_state,
    no_outcome,
    out_of_place,
    misspelt_before,
];

/// Typographic quotes, dashes, letters of other alphabets.
fn foreign_character(sight: &Sight<'_>) -> Option<Diagnostic> {
    let token = sight.found().filter(|token| token.kind == Kind::Unknown)?;
    let text = sight.scene.text(Some(token));
    let help = match text.chars().next()? {
        '“' | '”' | '„' | '«' | '»' => "write the straight quote `\"`",
        '‘' | '’' | '\'' | '`' => "texts stand in double quotes: `\"…\"`",
        ';' => "nothing separates clauses; remove it",
        '\u{a0}' => "this is a space that does not break; write an ordinary one",
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
            "remove this sign, which is not even seen"
        }
        c if c.is_alphanumeric() => {
            let code = u32::from(c);
            &format!("names are made of the letters a to z, digits, `_` and `-`, and this `{c}` is U+{code:04X}")
        }
        _ => "remove it, or put it into a text in quotes",
    };
    let unseen = text.chars().any(|c| c.is_control() || !c.is_alphanumeric() && !c.is_ascii());
    let shown = if unseen { text.escape_debug().to_string() } else { text.to_owned() };
    Some(sight.error(Some(token), format!("`{shown}` means nothing here")).help(help))
}

/// `30sec`, `3x`
fn bad_number(sight: &Sight<'_>) -> Option<Diagnostic> {
    let token = sight.found().filter(|token| token.kind == Kind::Number)?;
    let text = sight.scene.text(Some(token));
    let (number, unit) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    if unit.is_empty() || !sight.expected.number() {
        return None;
    }
    Some(match duration_unit(unit) {
        Some(unit) => no_duration(sight, token, text, &format!("{number}{unit}")),
        None => sight
            .error(Some(token), format!("`{text}` is not a number"))
            .help("a number has no letters, a name begins with one"),
    })
}

/// `5 minutes`
fn spaced_duration(sight: &Sight<'_>) -> Option<Diagnostic> {
    let number = sight.scene.before(1).filter(|token| token.kind == Kind::Number)?;
    let unit = sight.found().filter(|token| token.kind == Kind::Word)?;
    let right = format!("{}{}", sight.scene.text(Some(number)), duration_unit(sight.word())?);
    let whole = Token { end: unit.end, ..number };
    Some(no_duration(sight, whole, sight.scene.text(Some(whole)), &right))
}

fn no_duration(sight: &Sight<'_>, token: Token, text: &str, right: &str) -> Diagnostic {
    let help = format!("durations have the units `ms`, `s`, `m`, `h` and `d`: `{right}`");
    let diagnostic = sight.error(Some(token), format!("`{text}` is not a duration")).help(help);
    diagnostic.fix(sight.span(Some(token)), right)
}

/// The unit that somebody means who writes this.
fn duration_unit(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        _ => return None,
    })
}

/// `otherwise` or `finally` that follows nothing it could belong to.
fn ladder_without_step(sight: &Sight<'_>) -> Option<Diagnostic> {
    let word = sight.word();
    if !matches!(word, "otherwise" | "finally") || !sight.begins() {
        return None;
    }
    let help = format!("`{word}` follows the `}}` of a `step` or `phase`; an `otherwise` stands before the `finally`");
    Some(sight.error(sight.found(), format!("no step stands before this `{word}`")).help(help))
}

/// `host = string` in a kind, `host: "x"` in a thing, `f(a = b)`.
fn colon_or_equals(sight: &Sight<'_>) -> Option<Diagnostic> {
    let right = match sight.word() {
        "=" if sight.expected.has(":") => ":",
        ":" if sight.expected.has("=") => "=",
        "=" if sight.expected.has("==") => "==",
        _ => return None,
    };
    let message = match right {
        ":" if sight.expected.has(")") => "a named argument has a `:` after its name",
        ":" => "a declaration has a `:` between name and type",
        "=" => "a value is given with `=`",
        _ => "a comparison is written with `==`",
    };
    let token = sight.found();
    let help = format!("write `{right}`");
    Some(sight.error(token, message).help(help).fix(sight.span(token), right))
}

/// `services is on to.manager`, `if a is`
fn no_state(sight: &Sight<'_>) -> Option<Diagnostic> {
    let before = sight.scene.text(sight.scene.before(1));
    let verb = if before == "not" { sight.scene.text(sight.scene.before(2)) } else { before };
    if !matches!(verb, "is" | "are")
        || !sight.expected.name()
        || sight.found().is_some_and(|token| token.kind == Kind::Unknown)
    {
        return None;
    }
    let help = match sight.word() {
        "on" => format!("leave out the `{verb}`: `web on a`"),
        _ => String::from("write it like this: `a is up`, `a is not up`, `a is up or down`"),
    };
    let message = format!("expected a state, found {}", sight.shown(sight.found()));
    Some(sight.error(sight.found(), message).help(help))
}

/// `if stop failed`
fn no_outcome(sight: &Sight<'_>) -> Option<Diagnostic> {
    let step = sight.scene.before(1).filter(|token| token.kind == Kind::Word)?;
    let outcome = match sight.word() {
        "failed" | "fails" => "did not succeed",
        "worked" | "works" | "succeeds" => "succeeded",
        _ => return None,
    };
    let token = sight.found().filter(|_| sight.expected.has("succeeded"))?;
    let step = sight.scene.text(Some(step));
    let message = format!("expected what became of `{step}`, found `{}`", sight.word());
    let help = format!("say `{step} {outcome}`");
    Some(sight.error(Some(token), message).help(help).fix(sight.span(Some(token)), outcome))
}

/// A word that is nearly one that fits.
fn misspelt(sight: &Sight<'_>) -> Option<Diagnostic> {
    let token = sight.found().filter(|token| token.kind == Kind::Word)?;
    if words::is_reserved(sight.word()) {
        return None;
    }
    misspelling(sight, token, sight.expected.words())
}

/// A word before, that is nearly one that fits there and was taken for a name.
fn misspelt_before(sight: &Sight<'_>) -> Option<Diagnostic> {
    (1..=2).find_map(|back| {
        let token = sight.scene.before(back).filter(|token| token.kind == Kind::Word && token.end - token.start > 3)?;
        let expected = sight.scene.expected_before(sight.piece.rule, back);
        let known = expected.has(sight.scene.text(Some(token)));
        if known { None } else { misspelling(sight, token, expected.words()) }
    })
}

fn misspelling<'w>(sight: &Sight<'_>, token: Token, fitting: impl Iterator<Item = &'w str>) -> Option<Diagnostic> {
    let word = sight.scene.text(Some(token));
    let right = nearest(word, fitting)?;
    let place = sight.scene.place();
    let opening = Opening::of(right).filter(|opening| opening.fits(place));
    let message = match opening {
        Some(_) if place == Place::File => format!("unknown item `{word}`"),
        Some(_) => format!("unknown word `{word}` in {}", place.shown()),
        None => format!("expected `{right}`, found `{word}`"),
    };
    let shown = opening.map_or(right, |opening| opening.shown);
    let help = format!("did you mean `{shown}`?");
    Some(sight.error(Some(token), message).help(help).fix(sight.span(Some(token)), right))
}

/// A clause that belongs elsewhere: `acquires` in a probe, `run` in the head of a plan.
fn out_of_place(sight: &Sight<'_>) -> Option<Diagnostic> {
    let token = sight.found().filter(|token| token.kind == Kind::Word)?;
    let opening = Opening::of(sight.scene.text(Some(token)))?;
    let place = sight.scene.place();
    if opening.fits(place) || !sight.begins() {
        return None;
    }
    let places = Place::ALL.iter().filter(|place| opening.fits(**place)).map(|place| place.shown().to_owned());
    let message = format!("`{}` does not belong in {}", opening.word, place.shown());
    let mut help = format!("it belongs in {}", listed(&places.collect::<Vec<_>>()));
    if place == Place::Plan && opening.fits(Place::Step) {
        help = format!("put it into a step: `step name {{ {} … }}`", opening.shown);
    }
    Some(sight.error(Some(token), message).help(help))
}
