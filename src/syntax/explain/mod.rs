//! Words for what the grammar does not accept. Never the parser's own.
//!
//! The parser says how far it came; what fits there is found by parsing the text before it alone and seeing what the
//! grammar would go on with.

mod expected;
mod guesses;
pub(super) mod scene;

use crate::base::{Code, Diagnostic, FileId, Span};
use crate::syntax::grammar::{self, Rule};
use crate::syntax::lex::{Kind, Lexer, Token};
use crate::syntax::words::{OPENINGS, Opening, Place};
use expected::Expected;
use scene::Scene;
use std::ops::Range;

/// How `otherwise` and `finally` are used.
const LADDER: &str =
    "step stop on a { do stop(web) } otherwise step cut { do power_off(a) } finally { step last { tell \"so\" } }";

/// A piece of text that the grammar does not accept.
pub(super) struct Piece<'a> {
    /// The file.
    pub(super) id: FileId,
    /// The rule that does not fit.
    pub(super) rule: Rule,
    /// The text as the grammar saw it.
    pub(super) source: &'a str,
    /// Where it begins in the file.
    pub(super) base: usize,
    /// The whole file.
    pub(super) text: &'a str,
}

/// A mistake in a piece.
pub(super) struct Mistake {
    /// What to say.
    pub(super) diagnostic: Diagnostic,
    /// What to blank out of the piece so that the rest can be parsed; never empty.
    pub(super) around: Range<usize>,
}

/// The first mistake of a piece; nothing if there is none.
pub(super) fn mistake(piece: &Piece<'_>) -> Option<Mistake> {
    let failed = grammar::failure(piece.rule, piece.source)?;
    let (scene, expected) = Scene::new(piece.rule, piece.source, failed.at);
    let sight = Sight { piece, scene, expected };
    let diagnostic = guesses::ALL.iter().find_map(|guess| guess(&sight)).unwrap_or_else(|| sight.plain());
    Some(Mistake { diagnostic, around: sight.scene.around() })
}

/// All that there is to see of a mistake.
struct Sight<'a> {
    piece: &'a Piece<'a>,
    scene: Scene<'a>,
    expected: Expected,
}

impl<'a> Sight<'a> {
    /// What is expected and what is there.
    fn plain(&self) -> Diagnostic {
        let expected = self.expected.shown(self.scene.place());
        let message = format!("expected {expected}, found {}", self.shown(self.found()));
        self.error(self.found(), message).help(self.example())
    }

    /// Whether the next clause of the place may begin here.
    fn begins(&self) -> bool {
        self.expected.begins(self.scene.place())
    }

    /// How the clause with the mistake is used, or what there is in its place.
    fn example(&self) -> String {
        let place = self.scene.place();
        let first = Opening::of(self.scene.text(self.scene.clause())).filter(|opening| opening.fits(place));
        let example = match (first, place) {
            _ if matches!(self.scene.text(self.scene.clause()), "otherwise" | "finally") => LADDER,
            (Some(opening), _) => opening.example,
            (None, Place::Kind | Place::Extend) => "size: number = 3",
            (None, Place::Entity) => "host = \"a.example\"",
            (None, Place::File) => "node a { host = \"a.example\" }",
            (None, _) => {
                let words: Vec<_> =
                    OPENINGS.iter().filter(|o| o.fits(place)).map(|o| format!("`{}`", o.shown)).collect();
                return format!("{} has the clauses {}", place.shown(), words.join(", "));
            }
        };
        format!("write it like this: `{example}`")
    }

    /// An error at this token.
    fn error(&self, token: Option<Token>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(Code::UnexpectedWord, self.span(token), message)
    }

    /// The token that does not fit; behind the piece, what follows in the file.
    fn found(&self) -> Option<Token> {
        self.scene.found().filter(|token| self.piece.base + token.start < self.piece.text.len())
    }

    /// The place of a token in the file; at its end, the last thing that can be seen.
    fn span(&self, token: Option<Token>) -> Span {
        let base = self.piece.base;
        match token.or_else(|| self.next_in_file()) {
            Some(token) => Span::new(self.piece.id, base + token.start, (base + token.end).min(self.piece.text.len())),
            None => {
                let text = self.piece.text.trim_end();
                let last = text.chars().next_back().map_or(0, char::len_utf8);
                Span::new(self.piece.id, text.len() - last, text.len())
            }
        }
    }

    /// The token after the piece, as if it were in it.
    fn next_in_file(&self) -> Option<Token> {
        let end = self.piece.base + self.piece.source.len();
        let token = Lexer::new(self.piece.text, end).find(|token| token.kind != Kind::Comment)?;
        let (start, end) = (token.start - self.piece.base, token.end - self.piece.base);
        Some(Token { kind: token.kind, start, end })
    }

    /// What a token is called.
    fn shown(&self, token: Option<Token>) -> String {
        let base = self.piece.base;
        let token = token.or_else(|| self.next_in_file());
        let text = token.and_then(|token| self.piece.text.get(base + token.start..base + token.end));
        match (token.map(|token| token.kind), text) {
            (Some(Kind::Text { .. } | Kind::Block { .. }), Some(_)) => String::from("a text"),
            (Some(_), Some(text)) if text.chars().count() <= 40 => format!("`{text}`"),
            (Some(_), Some(text)) => format!("`{}…`", text.chars().take(40).collect::<String>()),
            _ => String::from("the end of the file"),
        }
    }

    /// The text of the token that does not fit.
    fn word(&self) -> &'a str {
        self.scene.text(self.found())
    }
}

#[cfg(test)]
mod tests {
    use super::Expected;
    use crate::base::FileId;
    use crate::syntax::grammar::{self, Rule};
    use crate::syntax::words::{OPENINGS, Place};

    /// The beginning of a file up to the inside of a place.
    fn inside(place: Place) -> &'static str {
        match place {
            Place::File => "",
            Place::Kind => "kind k {",
            Place::Extend => "extend k {",
            Place::Action => "action a() on host: node {",
            Place::Probe => "probe p() {",
            Place::Rule => "rule r() {",
            Place::Entity => "node n {",
            Place::Plan => "plan p() {",
            Place::Block => "plan p() { phase q {",
            Place::Step => "plan p() { step s {",
            Place::Test => "test \"t\" {",
        }
    }

    #[test]
    fn the_words_of_each_place_are_those_of_the_grammar() {
        for place in Place::ALL {
            let failure = grammar::failure(Rule::file, &format!("{} \u{1}", inside(place))).unwrap();
            let expected = Expected::new(failure.expected);
            let mut fitting: Vec<_> = expected.words().collect();
            let mut listed: Vec<_> = OPENINGS.iter().filter(|o| o.fits(place)).map(|o| o.word).collect();
            fitting.sort_unstable();
            listed.sort_unstable();
            assert_eq!(fitting, listed, "{}", place.shown());
        }
    }

    #[test]
    fn examples_are_right_where_their_word_may_stand() {
        for opening in OPENINGS {
            for place in Place::ALL.into_iter().filter(|place| opening.fits(*place)) {
                // A word that means something else in another place has the example of its first.
                let other = [("let", Place::Step), ("plan", Place::Test)];
                let closers = inside(place).replace(|c| c != '{', "").replace('{', "}");
                let text = format!("{} {} {closers}", inside(place), opening.example);
                let diagnostics = crate::syntax::parse(FileId(0), &text).1;
                let wrong = other.contains(&(opening.word, place));
                assert_eq!(diagnostics.is_empty(), !wrong, "{text}: {diagnostics:?}");
            }
        }
        let ladder = format!("plan p() {{ {} }}", super::LADDER);
        assert_eq!(crate::syntax::parse(FileId(0), &ladder).1, []);
    }
}
