//! What stands in the view at one moment, in lines: pure.

use crate::base::duration;
use crate::bytecode::{InstrId, Program, Status};
use crate::cli::console::Style;
use crate::cli::facts::{call, clock, name, printable, short};
use crate::cli::render::Look;
use crate::cli::view::hands::{Hands, words};
use crate::cli::view::line::{Line, cut};
use crate::run::{Asked, Chronicle, Link, Machine, NoReturn, Outlook, Way, usual_ms};
use jiff::{SignedDuration, Timestamp};
use unicode_width::UnicodeWidthStr;

/// Widest column for the names of steps.
const NAMES: usize = 32;
/// Lines of output that are shown of a step.
const OUTPUT: usize = 8;
/// Names in a row.
const ROW: usize = 6;
/// Lines of questions that stay where there is little room.
const ASKED: usize = 6;
/// Columns before the text of a question.
const INDENT: usize = 15;
/// Below this width a step is shown without its title.
const NARROW: usize = 76;

/// Everything that the view is made of.
pub struct Scene<'a> {
    pub machine: &'a Machine,
    pub chronicle: &'a Chronicle,
    pub now: Timestamp,
    /// What can be selected: steps that ask, then steps that run.
    pub items: &'a [InstrId],
    pub questions: &'a [(InstrId, &'a Asked)],
    pub hands: &'a Hands,
    /// What the selected step has written so far.
    pub output: &'a str,
    /// Whether somebody sits at the keyboard.
    pub keys: bool,
    pub look: Look,
    pub rows: usize,
}

/// Lines that belong together; where there is no room the least important go first.
struct Part {
    /// The higher, the longer it stays.
    weight: u8,
    lines: Vec<Line>,
    /// Fewest lines that still say something.
    least: usize,
}

impl Scene<'_> {
    /// The view, no higher than the terminal.
    pub fn lines(&self) -> Vec<Line> {
        let outlook = Outlook::of(self.machine, |id| ms(self.since(id)));
        let mut parts = vec![Part::of(9, vec![self.title()])];
        let asks = self.asks();
        parts.push(Part { least: asks.len().min(ASKED), ..Part::of(11, asks) });
        parts.push(Part { least: 1, ..Part::of(7, self.running()) });
        parts.push(Part { least: 3, ..Part::of(6, self.output()) });
        parts.push(Part::of(3, self.next(&outlook)));
        parts.push(Part::of(7, vec![self.time(&outlook)]));
        parts.push(Part::of(2, self.path(&outlook)));
        parts.push(Part::of(4, self.no_return(&outlook).into_iter().collect()));
        parts.push(Part { least: 1, ..Part::of(5, self.links()) });
        parts.push(Part::of(6, self.cancelled().into_iter().collect()));
        parts.push(Part::of(if self.hands.answering.is_some() { 10 } else { 1 }, self.hints()));
        // A line of what has become certain stays in sight.
        fit(parts, self.rows.saturating_sub(1).max(1))
    }

    fn program(&self) -> &Program {
        self.machine.program()
    }

    fn since(&self, id: InstrId) -> SignedDuration {
        let last = self.chronicle.steps.get(&id).and_then(|t| t.attempts.last());
        last.map_or(SignedDuration::ZERO, |a| self.now.duration_since(a.began))
    }

    fn name(&self, id: InstrId) -> String {
        name(self.program(), id)
    }

    fn title(&self) -> Line {
        let steps = || self.program().code.iter().enumerate().filter(|(_, i)| !i.op.is_structure());
        let open = |id| matches!(self.machine.status(id), Status::Pending | Status::Running);
        let settled = steps().filter(|(index, _)| !open(InstrId::at(*index))).count();
        let count = format!("{settled} of {} steps", steps().count());
        let plan = call(&self.program().plan, &self.program().arguments);
        let plan = cut(&plan, self.look.columns.saturating_sub(count.len() + 12).max(8));
        let bar = if self.look.ascii { "-" } else { "─" };
        let room = self.look.columns.saturating_sub(plan.width() + count.len() + 9);
        Line::default()
            .styled(Style::Dim, &bar.repeat(2))
            .text(" ")
            .styled(Style::Bold, &plan)
            .text(" ")
            .styled(Style::Dim, &bar.repeat(room))
            .text(&format!(" {count} "))
            .styled(Style::Dim, &bar.repeat(2))
    }

    /// The mark before the selected step.
    fn mark(&self, id: InstrId) -> &'static str {
        match self.hands.selected(self.items) == Some(id) && self.keys {
            true if self.look.ascii => "> ",
            true => "▸ ",
            false => "  ",
        }
    }

    fn asks(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for (id, asked) in self.questions {
            let question = printable(asked.question.trim()).replace('\n', " ");
            let label = Line::labelled(if lines.is_empty() { "asks" } else { "" });
            let line = label.styled(Style::Yellow, self.mark(*id)).styled(Style::Bold, &self.name(*id));
            let room = self.look.columns.saturating_sub(line.width() + 3);
            if question.width() <= room {
                lines.push(line.text("  ").text(&question));
            } else {
                lines.push(line);
                let wrapped = wrapped(&question, self.look.columns.saturating_sub(INDENT + 1));
                lines.extend(wrapped.iter().map(|part| Line::labelled("").text("    ").text(part)));
            }
            let words: Vec<&str> = words(asked).collect();
            let who = asked.role.as_ref().map_or_else(String::new, |role| format!(", by {role}"));
            let mut line = Line::labelled("").text("    ").styled(Style::Cyan, &words.join(" / ")).text(&who);
            if let Some(until) = asked.until {
                let left = until.duration_since(self.now);
                line = line.styled(Style::Yellow, &format!(", until {} ({} left)", clock(until), short(left)));
            }
            if let Some(otherwise) = &asked.otherwise {
                line = line.text(&format!(", then {otherwise}"));
            }
            lines.push(line);
            if self.hands.barred == Some(*id) {
                let who = asked.role.as_deref().unwrap_or("somebody else");
                let text = format!("this is for {who} to answer, with `handover approve`");
                lines.push(Line::labelled("").text("    ").styled(Style::Red, &text));
            }
        }
        lines
    }

    fn running(&self) -> Vec<Line> {
        let asking = |id: &&InstrId| self.questions.iter().any(|(step, _)| step == *id);
        let ids: Vec<InstrId> = self.items.iter().filter(|id| !asking(id)).copied().collect();
        let wide = ids.iter().map(|id| self.name(*id).width()).max().unwrap_or(0).min(NAMES);
        let line = |(row, id): (usize, &InstrId)| {
            let label = Line::labelled(if row == 0 { "running" } else { "" });
            self.step(label.styled(Style::Cyan, self.mark(*id)), *id, wide)
        };
        ids.iter().enumerate().map(line).collect()
    }

    /// `stop on a  The service ends        since 21:14:03Z  12.0s, usually 15s`
    fn step(&self, line: Line, id: InstrId, wide: usize) -> Line {
        let Some(instr) = self.program().code.get(id.index()) else { return line };
        let column = line.width() + wide + 2;
        let mut line = line.styled(Style::Bold, &cut(&self.name(id), wide)).up_to(column);
        let last = self.chronicle.steps.get(&id).and_then(|t| t.attempts.last());
        let (since, usual) = (self.since(id), usual_ms(instr));
        let mut time = String::new();
        if let Some(attempt) = last {
            if attempt.number > 1 {
                time.push_str(&format!("attempt {}  ", attempt.number));
            }
            match &attempt.ended {
                Some(_) => time.push_str("failed, is tried again"),
                None => time.push_str(&format!("since {}  {}", clock(attempt.began), short(since))),
            }
        }
        if let Some(usual) = usual.filter(|_| last.is_some_and(|a| a.ended.is_none())) {
            time.push_str(&format!(", usually {}", duration(usual)));
        }
        let room = self.look.columns.saturating_sub(line.width() + time.width() + 3);
        if self.look.columns >= NARROW && room > 4 {
            let always = if instr.flags.finally { "in any case" } else { "" };
            let about: Vec<&str> = [instr.title.as_str(), always].into_iter().filter(|part| !part.is_empty()).collect();
            line = line.styled(Style::Dim, &cut(&about.join(", "), room));
            line = line.up_to(self.look.columns.saturating_sub(time.width() + 1));
        }
        let late = usual.is_some_and(|usual| ms(since) > usual.saturating_mul(2) && usual > 0);
        if late { line.styled(Style::Yellow, &time) } else { line.text(&time) }
    }

    fn output(&self) -> Vec<Line> {
        let Some(id) = self.hands.selected(self.items).filter(|_| self.hands.watching) else { return Vec::new() };
        let lines: Vec<&str> = self.output.lines().collect();
        let last = lines.get(lines.len().saturating_sub(OUTPUT)..).unwrap_or_default();
        let bar = if self.look.ascii { "  | " } else { "  │ " };
        let title = match last.is_empty() {
            true => format!("{} has written nothing yet", self.name(id)),
            false => self.name(id),
        };
        let title = Line::labelled("output").text(&title);
        let text = last.iter().map(|text| Line::default().styled(Style::Dim, bar).text(text));
        std::iter::once(title).chain(text).collect()
    }

    fn next(&self, outlook: &Outlook) -> Vec<Line> {
        let names: Vec<String> = outlook.next.iter().take(ROW).map(|id| self.name(*id)).collect();
        let more = match outlook.next.len().saturating_sub(ROW) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if names.is_empty() {
            return Vec::new();
        }
        vec![Line::labelled("next").text(&names.join(", ")).text(&more)]
    }

    /// Elapsed and remaining, against what is promised.
    fn time(&self, outlook: &Outlook) -> Line {
        let began = self.chronicle.began.unwrap_or(self.now);
        let elapsed = ms(self.now.duration_since(began));
        let mut line = Line::labelled("time").text(&spent(elapsed));
        let total = elapsed.saturating_add(outlook.remaining_ms);
        if let Some(rto) = self.program().rto_ms {
            let style = match () {
                () if elapsed > rto => Style::Red,
                () if total > rto => Style::Yellow,
                () => Style::Green,
            };
            line = line.styled(style, &format!(" of {} promised", duration(rto)));
        }
        if outlook.remaining_ms > 0 {
            line = line.text(&format!("; usually {} to go", spent(outlook.remaining_ms)));
        }
        match outlook.unknown {
            0 => line,
            1 => line.styled(Style::Dim, "; one step to come has no usual duration"),
            n => line.styled(Style::Dim, &format!("; {n} steps to come have no usual duration")),
        }
    }

    /// The critical path: what is left of it.
    fn path(&self, outlook: &Outlook) -> Vec<Line> {
        let mut parts: Vec<String> = Vec::new();
        for id in outlook.critical.iter().take(ROW) {
            let usual = self.program().code.get(id.index()).and_then(usual_ms).unwrap_or(0);
            parts.push(format!("{} {}", self.name(*id), duration(usual)));
        }
        if outlook.critical.len() > ROW {
            parts.push(format!("{} more", outlook.critical.len() - ROW));
        }
        if parts.is_empty() { Vec::new() } else { vec![Line::labelled("path").text(&parts.join(", then "))] }
    }

    fn no_return(&self, outlook: &Outlook) -> Option<Line> {
        let line = Line::labelled("no return");
        match outlook.no_return {
            NoReturn::Nowhere => None,
            NoReturn::Ahead(id) => Some(line.text(&format!("not yet: from {} on there is no way back", self.name(id)))),
            NoReturn::Passed(id) => {
                let at = self.chronicle.began(id).map_or_else(String::new, clock);
                Some(
                    line.styled(Style::Yellow, &format!("passed at {at} with {}: there is no way back", self.name(id))),
                )
            }
        }
    }

    fn links(&self) -> Vec<Line> {
        let ways = self.chronicle.broken_links();
        let label = |row| Line::labelled(if row == 0 { "links" } else { "" });
        ways.iter().enumerate().map(|(row, way)| broken(label(row), way, self.now)).collect()
    }

    fn cancelled(&self) -> Option<Line> {
        let hard = self.chronicle.cancels.iter().any(|(_, _, hard)| *hard);
        let (_, by, _) = self.chronicle.cancels.last()?;
        let what = match hard {
            true => "what runs is ended; what puts things in order still runs",
            false => "nothing new is started but what puts things in order",
        };
        Some(Line::labelled("cancel").styled(Style::Yellow, &format!("by {}: ", by.who)).text(what))
    }

    /// What keys do; or the answer that is being written.
    fn hints(&self) -> Vec<Line> {
        if let Some(answering) = &self.hands.answering {
            let asked = self.questions.iter().find(|(step, _)| *step == answering.step);
            return asked.map(|(id, asked)| self.answer(*id, asked)).unwrap_or_default();
        }
        if !self.keys {
            return Vec::new();
        }
        if self.hands.helping {
            let help = |keys: &str, text: &str| Line::labelled(keys).text(text);
            return vec![
                help("up, down", "select a step that asks or runs"),
                help("o", "what it has written last; o again puts it away"),
                help("a", "answer its question; Enter sends the answer, Esc leaves"),
                help(
                    "Ctrl-C",
                    "cancel: nothing new is started but what puts things in order; again: what runs is ended",
                ),
                help("?", "put this away"),
            ];
        }
        let arrows = if self.look.ascii { "up/down select" } else { "↑↓ select" };
        let end = if self.machine.is_cancelled() { "end what runs" } else { "cancel" };
        let answer = if self.questions.is_empty() { "" } else { "   a answer" };
        vec![Line::labelled("keys").styled(Style::Dim, &format!("{arrows}   o output{answer}   ? help   Ctrl-C {end}"))]
    }

    fn answer(&self, id: InstrId, asked: &Asked) -> Vec<Line> {
        let mut lines: Vec<Line> = asked
            .options
            .iter()
            .filter(|o| o.contains(": "))
            .map(|o| Line::labelled("").text("    ").text(o))
            .collect();
        let words: Vec<&str> = words(asked).collect();
        let Some(answering) = &self.hands.answering else { return lines };
        if answering.refused {
            let text = format!("please answer with one of these words: {}", words.join(", "));
            lines.push(Line::labelled("").styled(Style::Yellow, &text));
        }
        let prompt = format!("{} [{}] > ", self.name(id), words.join(" / "));
        lines.push(Line::labelled("answer").styled(Style::Bold, &prompt).text(&answering.text));
        lines
    }
}

impl Part {
    fn of(weight: u8, lines: Vec<Line>) -> Part {
        Part { weight, least: lines.len(), lines }
    }
}

/// The lines of all parts, as many as there is room for: long parts are shortened, then light ones left out.
fn fit(mut parts: Vec<Part>, rows: usize) -> Vec<Line> {
    let high = |parts: &[Part]| parts.iter().map(|p| p.lines.len()).sum::<usize>();
    while high(&parts) > rows {
        let over = high(&parts) - rows;
        let longest = parts.iter_mut().filter(|p| p.lines.len() > p.least).max_by_key(|p| p.lines.len());
        match longest {
            Some(part) => {
                let kept = part.lines.len().saturating_sub(over + 1).max(part.least.saturating_sub(1));
                let left_out = part.lines.len() - kept;
                part.lines.truncate(kept);
                part.lines.push(Line::labelled("").styled(Style::Dim, &format!("  and {left_out} lines more")));
                part.least = part.lines.len();
            }
            None => {
                let mut there = parts.iter().enumerate().filter(|(_, p)| !p.lines.is_empty()).collect::<Vec<_>>();
                there.sort_by_key(|(_, part)| part.weight);
                match there.as_slice() {
                    [] | [_] => break,
                    [(lightest, _), ..] => _ = parts.remove(*lightest),
                }
            }
        }
    }
    parts.into_iter().flat_map(|p| p.lines).take(rows).collect()
}

/// The lines of a text, broken at spaces.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.width() + 1 + word.width() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `12s`, `2m05s`: to the second.
fn spent(ms: u64) -> String {
    match ms / 1000 {
        s @ 0..=59 => format!("{s}s"),
        s => short(SignedDuration::from_secs(i64::try_from(s).unwrap_or(i64::MAX))),
    }
}

fn ms(took: SignedDuration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(0)
}

/// A way that is lost or refused; where something runs there, until when its node is looked for.
fn broken(line: Line, way: &Way, now: Timestamp) -> Line {
    let state = if way.state == Link::Lost { "lost" } else { "refused" };
    let line = line.styled(Style::Yellow, &format!("{} {state} at {}", way.node, clock(way.time)));
    let line = match way.sought_until {
        Some(until) if until > now => {
            let left = short(until.duration_since(now));
            line.text(&format!(", looked for until {} ({left} to go), then the outcome is unknown", clock(until)))
        }
        _ => line,
    };
    if way.text.is_empty() { line } else { line.text(&format!(": {}", way.text)) }
}

#[cfg(test)]
mod tests {
    use super::{Part, broken, fit, wrapped};
    use crate::cli::render::Look;
    use crate::cli::view::line::Line;
    use crate::run::{Link, Way};

    const LOOK: Look = Look { color: false, ascii: false, columns: 60 };

    #[test]
    fn of_a_lost_node_it_is_told_for_how_long_it_is_looked_for() {
        let at = |time: &str| format!("2027-01-02T03:{time}Z").parse().unwrap();
        let way = Way {
            time: at("11:05"),
            node: String::from("pga"),
            state: Link::Lost,
            text: String::from("the connection ended"),
            sought_until: Some(at("12:05")),
        };
        let drawn = |now: &str| broken(Line::labelled("links"), &way, at(now)).drawn(Look { columns: 150, ..LOOK }).0;
        let sought = "looked for until 03:12:05Z (20.0s to go), then the outcome is unknown";
        assert_eq!(drawn("11:45"), format!("links      pga lost at 03:11:05Z, {sought}: the connection ended"));
        assert_eq!(drawn("12:05"), "links      pga lost at 03:11:05Z: the connection ended");
    }

    fn part(weight: u8, least: usize, texts: &[&str]) -> Part {
        let lines = texts.iter().map(|text| Line::default().text(text)).collect();
        Part { weight, lines, least }
    }

    #[test]
    fn what_has_no_room_is_shortened_first_and_then_left_out() {
        let shown = |rows| {
            let parts = vec![part(9, 1, &["title"]), part(7, 1, &["a", "b", "c", "d"]), part(2, 1, &["path"])];
            let lines: Vec<String> = fit(parts, rows).iter().map(|l| l.drawn(LOOK).0.trim().to_owned()).collect();
            lines.join(", ")
        };
        assert_eq!(shown(9), "title, a, b, c, d, path");
        assert_eq!(shown(5), "title, a, b, and 2 lines more, path");
        assert_eq!(shown(3), "title, and 4 lines more, path");
        assert_eq!(shown(2), "title, and 4 lines more");
        assert_eq!(shown(1), "title");
        assert_eq!(fit(vec![part(1, 3, &["a", "b", "c"])], 2).len(), 2);
    }

    #[test]
    fn a_long_question_is_broken_at_spaces() {
        assert_eq!(wrapped("is it done? Look before", 11), ["is it done?", "Look before"]);
        assert_eq!(wrapped("a verylongword b", 4), ["a", "verylongword", "b"]);
        assert_eq!(wrapped("", 4), [""]);
    }
}
