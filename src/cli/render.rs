//! Diagnostics as people and programs see them. The only place that turns one into text.
//!
//! Ordered by file and place; at most [`limits::DIAGNOSTICS`] are shown, the rest are counted. Nothing in a source can
//! move the cursor or reorder the line it is shown on: control and bidirectional characters are replaced.

use crate::base::{Diagnostic, FileId, Severity, Source, SourceMap, Span, limits};
use crate::cli::story;
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

/// Longest source line that is quoted, in bytes; a longer one was not written by a person.
const QUOTED_LINE: usize = 500;

/// Diagnostics by file and place, those without a place first; errors before warnings at one place.
pub fn sorted(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|d| (d.span(), !d.is_error(), d.code));
    sorted
}

/// How many errors and warnings there are.
pub fn counts(diagnostics: &[Diagnostic]) -> (usize, usize) {
    let errors = diagnostics.iter().filter(|d| d.is_error()).count();
    (errors, diagnostics.len() - errors)
}

/// `3 errors, 1 warning`; `no findings`.
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let parts: Vec<String> = match counts(diagnostics) {
        (0, 0) => vec![String::from("no findings")],
        (e, 0) => vec![count(e, "error")],
        (0, w) => vec![count(w, "warning")],
        (e, w) => vec![count(e, "error"), count(w, "warning")],
    };
    let hidden = diagnostics.len().saturating_sub(limits::DIAGNOSTICS);
    match hidden {
        0 => parts.join(", "),
        n => format!("{} ({n} not shown)", parts.join(", ")),
    }
}

/// All diagnostics with the excerpts of the sources they are about, without the summary.
pub fn text(diagnostics: &[Diagnostic], sources: &SourceMap, look: Look) -> String {
    let theme = match (look.color, look.ascii) {
        (true, true) => GraphicalTheme::ascii(),
        (true, false) => GraphicalTheme::unicode(),
        (false, true) => GraphicalTheme::none(),
        (false, false) => GraphicalTheme::unicode_nocolor(),
    };
    let handler =
        GraphicalReportHandler::new_themed(theme).with_links(false).with_width(look.columns).with_context_lines(1);
    let shown: Vec<&Diagnostic> = sorted(diagnostics).into_iter().take(limits::DIAGNOSTICS).collect();
    let files: BTreeSet<FileId> = shown.iter().flat_map(|d| &d.labels).map(|l| l.span.file).collect();
    let texts = files.into_iter().filter_map(|id| Some((id, harmless(&sources.get(id)?.text)))).collect();
    let mut out = String::new();
    for diagnostic in shown {
        let shown = Shown::new(diagnostic, sources, &texts);
        if handler.render_report(&mut out, &shown).is_err() {
            // Better the bare message than none.
            out.push_str(&format!("{}: {}\n", diagnostic.code, diagnostic.message));
        }
        if !diagnostic.trace.is_empty() {
            out.push_str(&story::text(diagnostic, look));
        }
        out.push('\n');
    }
    out
}

/// How text is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// With ANSI colours.
    pub color: bool,
    /// Without box characters.
    pub ascii: bool,
    /// Width in columns.
    pub columns: usize,
}

/// The texts of the files that are quoted, fit to be shown.
type Texts<'a> = BTreeMap<FileId, Cow<'a, str>>;

/// A diagnostic in the shape that miette draws.
struct Shown<'a> {
    diagnostic: &'a Diagnostic,
    message: String,
    excerpts: Excerpts<'a>,
    labels: Vec<LabeledSpan>,
}

impl<'a> Shown<'a> {
    fn new(diagnostic: &'a Diagnostic, sources: &'a SourceMap, texts: &'a Texts<'_>) -> Shown<'a> {
        let mut excerpts = Excerpts::default();
        let mut labels = Vec::new();
        let mut message = harmless(&diagnostic.message).into_owned();
        for (i, label) in diagnostic.labels.iter().enumerate() {
            let Some(span) = excerpts.place(label.span, sources, texts) else {
                if i == 0 {
                    message = format!("{}: {message}", sources.place(label.span));
                }
                continue;
            };
            let text = Some(harmless(&label.text).into_owned()).filter(|t| !t.is_empty());
            labels.push(match i {
                0 => LabeledSpan::new_primary_with_span(text, span),
                _ => LabeledSpan::new_with_span(text, span),
            });
        }
        Shown { diagnostic, message, excerpts, labels }
    }
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic.fmt(f)
    }
}

impl std::error::Error for Shown<'_> {}

impl miette::Diagnostic for Shown<'_> {
    fn code(&self) -> Option<Box<dyn Display + '_>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help(&self) -> Option<Box<dyn Display + '_>> {
        // After a story, the help stands below it.
        let help = self.diagnostic.help.as_ref().filter(|_| self.diagnostic.trace.is_empty());
        help.map(|h| Box::new(harmless(h)) as Box<dyn Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.labels.is_empty()).then_some(&self.excerpts as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// The files that one diagnostic quotes, laid end to end, the cause's file first: miette knows one text a diagnostic.
#[derive(Default)]
struct Excerpts<'a>(Vec<Excerpt<'a>>);

struct Excerpt<'a> {
    file: FileId,
    source: &'a Source,
    text: &'a str,
    /// Where the file begins in the joint text.
    base: usize,
}

impl<'a> Excerpts<'a> {
    /// The range of `span` in the joint text, cut off at the end of its first line and of the file; `None` if the line
    /// cannot be quoted.
    fn place(&mut self, span: Span, sources: &'a SourceMap, texts: &'a Texts<'_>) -> Option<SourceSpan> {
        if !self.0.iter().any(|e| e.file == span.file) {
            // The byte between two files belongs to neither, so that no range touches both.
            let base = self.0.last().map_or(0, |e| e.base + e.text.len() + 2);
            let (source, text) = (sources.get(span.file)?, texts.get(&span.file)?);
            self.0.push(Excerpt { file: span.file, source, text, base });
        }
        let excerpt = self.0.iter().find(|e| e.file == span.file)?;
        let start = (span.start as usize).min(excerpt.text.trim_end().len());
        let lines = excerpt.lines(start, start, 1);
        if lines.text.lines().any(|l| l.len() > QUOTED_LINE) {
            return None;
        }
        let rest = excerpt.text.get(start..)?;
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len()).min(span.len());
        Some((excerpt.base + start, length).into())
    }
}

/// Whole lines of a text.
struct Lines<'a> {
    text: &'a str,
    start: usize,
}

impl<'a> Excerpt<'a> {
    /// The lines that `start..end` touches and `around` lines on both sides.
    fn lines(&self, start: usize, end: usize, around: usize) -> Lines<'a> {
        let before = self.text.get(..start).unwrap_or("");
        let first = before.rmatch_indices('\n').nth(around).map_or(0, |(i, _)| i + 1);
        let after = self.text.get(end..).unwrap_or("");
        let last = after.match_indices('\n').nth(around).map_or(self.text.len(), |(i, _)| end + i + 1);
        Lines { text: self.text.get(first..last).unwrap_or(""), start: first }
    }
}

impl SourceCode for Excerpts<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let (offset, length) = (span.offset(), span.len());
        let fits = |e: &&Excerpt<'_>| e.base <= offset && offset + length <= e.base + e.text.len();
        let excerpt = self.0.iter().find(fits).ok_or(MietteError::OutOfBounds)?;
        let start = offset - excerpt.base;
        let lines = excerpt.lines(start, start + length, before);
        // Without context miette wants to know where the range itself stands.
        let at = if before == 0 { start } else { lines.start };
        let at = excerpt.source.line_column(u32::try_from(at).unwrap_or(u32::MAX));
        Ok(Box::new(MietteSpanContents::new_named(
            excerpt.source.path.clone(),
            lines.text.as_bytes(),
            (excerpt.base + lines.start, lines.text.len()).into(),
            at.line as usize - 1,
            at.column as usize - 1,
            lines.text.lines().count(),
        )))
    }
}

/// `text` with every character replaced, by one of the same length, that could move the cursor, change the terminal or
/// show the line in another order than it is read.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || is_bidirectional(c);
    // Line breaks of other systems are common and harmless.
    let bare = |rest: &str| !rest.starts_with("\r\n");
    if !text.chars().any(harmful) {
        return Cow::Borrowed(text);
    }
    let clean = text.char_indices().map(|(i, c)| match c.len_utf8() {
        _ if !harmful(c) || (c == '\r' && !text.get(i..).is_some_and(bare)) => c,
        1 => '?',
        2 => '\u{bf}',
        _ => '\u{fffd}',
    });
    Cow::Owned(clean.collect())
}

/// The characters of Unicode's bidirectional algorithm that override the order of others (UAX #9, section 2).
fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{Look, harmless, summary, text};
    use crate::base::{Code, Diagnostic, FileId, Source, SourceMap, Span, limits};

    const PLAIN: Look = Look { color: false, ascii: false, columns: 80 };

    fn sources(texts: &[(&str, &str)]) -> SourceMap {
        let mut map = SourceMap::default();
        for (path, text) in texts {
            map.add(Source::new(*path, *text)).unwrap();
        }
        map
    }

    fn error(file: u16, start: usize, end: usize) -> Diagnostic {
        Diagnostic::error(Code::UnknownName, Span::new(FileId(file), start, end), "there is no action `mont`")
    }

    #[test]
    fn a_diagnostic_quotes_its_places_in_every_file() {
        let map = sources(&[("a.ha", "one\ntwo mont here\nthree\n"), ("b.ha", "x\ny\nz mount\n")]);
        let d = error(0, 8, 12)
            .here("not declared")
            .label(Span::new(FileId(1), 6, 11), "this one is")
            .help("did you mean `mount`?");
        let expected = "\
HA0101

  × there is no action `mont`
   ╭─[a.ha:2:5]
 1 │ one
 2 │ two mont here
   ·     ──┬─
   ·       ╰── not declared
 3 │ three
   ╰────
   ╭─[b.ha:3:3]
 2 │ y
 3 │ z mount
   ·   ──┬──
   ·     ╰── this one is
   ╰────
  help: did you mean `mount`?

";
        assert_eq!(text(&[d], &map, PLAIN), expected);
    }

    #[test]
    fn places_at_and_past_the_end_are_shown_at_the_end() {
        for (start, end) in [(3, 3), (4, 4), (90, 95)] {
            let shown = text(&[error(0, start, end).here("here")], &sources(&[("a.ha", "abc\n")]), PLAIN);
            assert!(shown.contains("a.ha:1:4") && shown.contains("here"), "{shown}");
        }
        let shown = text(&[error(0, 0, 0)], &sources(&[("a.ha", "")]), PLAIN);
        assert!(shown.contains("a.ha:1:1"), "{shown}");
        let shown = text(&[error(7, 0, 0)], &sources(&[("a.ha", "abc")]), PLAIN);
        assert!(shown.contains("there is no action"), "{shown}");
    }

    #[test]
    fn a_label_over_several_lines_underlines_the_first() {
        let shown = text(&[error(0, 2, 11)], &sources(&[("a.ha", "a bcd\nefg\nhij\nklm\n")]), PLAIN);
        assert!(shown.contains("a bcd\n   ·   ───\n") && !shown.contains("hij"), "{shown}");
    }

    #[test]
    fn windows_line_breaks_and_wide_characters_keep_the_underline_in_place() {
        let shown = text(&[error(0, 10, 13)], &sources(&[("a.ha", "a\r\nü 漢 bcd\r\ne\r\n")]), PLAIN);
        assert!(shown.contains(" 2 │ ü 漢 bcd\n   ·      ───\n"), "{shown}");
    }

    #[test]
    fn a_line_that_no_person_wrote_is_named_and_not_quoted() {
        let long = "x".repeat(100_000);
        let shown = text(&[error(0, 99_990, 99_999)], &sources(&[("a.ha", &long)]), PLAIN);
        assert!(shown.contains("a.ha:1:99991: there is no action") && shown.len() < 300, "{shown}");
    }

    #[test]
    fn sources_cannot_drive_the_terminal() {
        assert_eq!(harmless("a\x1b[2Jb\u{9b}c\u{202e}d\re\r\n\t"), "a?[2Jb\u{bf}c\u{fffd}d?e\r\n\t");
        let shown = text(&[error(0, 0, 1)], &sources(&[("a.ha", "a \x1b[2J \u{202e}b")]), PLAIN);
        assert!(!shown.contains('\x1b') && !shown.contains('\u{202e}'), "{shown}");
    }

    #[test]
    fn diagnostics_come_by_file_and_place_and_are_counted() {
        let map = sources(&[("a.ha", "a b c"), ("b.ha", "d e f")]);
        let warning = Diagnostic::warning(Code::UnusedGiven, Span::new(FileId(0), 4, 5), "`c` is never used");
        let found = [error(1, 0, 1), warning, error(0, 2, 3)];
        let shown = text(&found, &map, PLAIN);
        let places: Vec<_> = ["a.ha:1:3", "a.ha:1:5", "b.ha:1:1"].iter().map(|p| shown.find(p)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{shown}");
        assert_eq!(summary(&found), "2 errors, 1 warning");
        assert_eq!(summary(&found[..1]), "1 error");
        assert_eq!(summary(&found[1..2]), "1 warning");
        assert_eq!(summary(&[]), "no findings");
    }

    #[test]
    fn the_rest_is_counted() {
        let many: Vec<_> = (0..limits::DIAGNOSTICS + 20).map(|i| error(0, i, i + 1)).collect();
        let shown = text(&many, &sources(&[("a.ha", &"x\n".repeat(200))]), PLAIN);
        assert_eq!(shown.matches("HA0101").count(), limits::DIAGNOSTICS);
        assert_eq!(summary(&many), "120 errors (20 not shown)");
    }

    #[test]
    fn colour_and_plain_characters_are_chosen() {
        let map = sources(&[("a.ha", "abc")]);
        let colored = text(&[error(0, 0, 1)], &map, Look { color: true, ..PLAIN });
        assert!(colored.contains('\x1b'), "{colored}");
        let ascii = text(&[error(0, 0, 1)], &map, Look { ascii: true, ..PLAIN });
        assert!(ascii.is_ascii(), "{ascii}");
    }
}
