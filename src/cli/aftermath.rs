//! What is left after a stop, in lines: what is done, what is not, what is open, and the commands that people need next.

use crate::cli::console::Style;
use crate::cli::facts::printable;
use crate::run::{Aftermath, ByHand};

/// The lines; of the steps that are not done at most so many.
pub fn lines(after: &Aftermath, color: bool, most: usize) -> Vec<String> {
    let mut page = Page { color, lines: vec![String::new()] };
    page.row("done", &after.done);
    for (i, step) in after.not_done.iter().take(most).enumerate() {
        let colon = if step.why.is_empty() { "" } else { ": " };
        let became = became(&step.status);
        let label = if i == 0 { "not done" } else { "" };
        page.field(label, &printable(&format!("{} {became}{colon}{}", step.step, step.why)));
        match step.status.as_str() {
            // To repeat it without looking may do it twice.
            "unknown" | "running" => page.looked_first(&step.by_hand),
            _ => page.by_hand(&step.by_hand),
        }
    }
    if let Some(more) = after.not_done.len().checked_sub(most).filter(|n| *n > 0) {
        page.field("", &format!("and {more} more, which `handover show` lists"));
    }
    page.row("needless", &after.not_applicable);
    for (i, open) in after.open.iter().enumerate() {
        page.field(if i == 0 { "open" } else { "" }, &Style::Red.paint(color, &printable(&open.text)));
        for (step, by_hand) in &open.closed_by {
            page.note(&format!("{step} closes it:"));
            page.by_hand(by_hand);
        }
    }
    page.command("go on", &after.go_on);
    if !after.repeated.is_empty() {
        page.note(&format!("does again, because nothing reads it back: {}", after.repeated.join(", ")));
    }
    for (i, command) in after.go_back.iter().enumerate() {
        page.command(if i == 0 { "go back" } else { "" }, command);
    }
    page.lines
}

/// What a step has become, in a sentence.
fn became(status: &str) -> &str {
    match status {
        "failed" => "failed",
        "unknown" => "is unknown",
        "blocked" => "is blocked",
        "cancelled" => "was cancelled",
        "running" => "was running",
        _ => "was not begun",
    }
}

struct Page {
    color: bool,
    lines: Vec<String>,
}

impl Page {
    fn field(&mut self, label: &str, text: &str) {
        let label = Style::Bold.paint(self.color, &format!("{label:<10}"));
        self.lines.push(format!("{label} {text}").trim_end().to_owned());
    }

    fn row(&mut self, label: &str, names: &[String]) {
        if !names.is_empty() {
            self.field(label, &printable(&names.join(", ")));
        }
    }

    fn command(&mut self, label: &str, command: &str) {
        let command = Style::Cyan.paint(self.color, &printable(command));
        self.field(label, &command);
    }

    fn note(&mut self, text: &str) {
        self.lines.push(format!("             {}", printable(text)));
    }

    fn looked_first(&mut self, by_hand: &ByHand) {
        self.reads(by_hand);
        if by_hand.verify.is_empty() {
            return self.copied("", &by_hand.act);
        }
        self.copied("see first: ", &by_hand.verify);
        self.copied("if it is not so: ", &by_hand.act);
    }

    fn by_hand(&mut self, by_hand: &ByHand) {
        self.reads(by_hand);
        self.copied("", &by_hand.act);
        self.copied("verify: ", &by_hand.verify);
    }

    fn reads(&mut self, by_hand: &ByHand) {
        if !by_hand.secrets.is_empty() {
            self.note(&format!("reads first, from standard input: {}", by_hand.secrets.join(", ")));
        }
    }

    /// What may be copied: each line as it is.
    fn copied(&mut self, label: &str, text: &str) {
        for (i, line) in text.lines().enumerate() {
            let label = if i == 0 { label.to_owned() } else { " ".repeat(label.len()) };
            let text = Style::Dim.paint(self.color, &format!("{label}{}", printable(line)));
            self.lines.push(format!("             {text}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::lines;
    use crate::run::{Aftermath, ByHand, LeftOpen, NotDone};

    #[test]
    fn what_is_left_stands_with_the_commands_that_people_need() {
        let by_hand =
            ByHand { act: String::from("one\ntwo"), verify: String::from("is it"), secrets: vec!["pw".into()] };
        let not_done = |step: &str, status: &str, why: &str, by_hand: ByHand| NotDone {
            step: step.into(),
            status: status.into(),
            why: why.into(),
            by_hand,
        };
        let after = Aftermath {
            done: vec!["mute on a".into(), "stop on a".into()],
            not_done: vec![
                not_done("move on b", "failed", "exit code \x1b3", by_hand.clone()),
                not_done("ask", "pending", "", ByHand::default()),
                not_done("last", "pending", "", ByHand::default()),
            ],
            not_applicable: vec![],
            open: vec![LeftOpen { text: "`x` may be a".into(), closed_by: vec![("unmute".into(), by_hand)] }],
            go_on: "handover run p.ha".into(),
            repeated: vec!["mute on a".into()],
            go_back: vec!["handover run p.ha back".into()],
        };
        let expected = "
done       mute on a, stop on a
not done   move on b failed: exit code ?3
             reads first, from standard input: pw
             one
             two
             verify: is it
           ask was not begun
           and 1 more, which `handover show` lists
open       `x` may be a
             unmute closes it:
             reads first, from standard input: pw
             one
             two
             verify: is it
go on      handover run p.ha
             does again, because nothing reads it back: mute on a
go back    handover run p.ha back";
        assert_eq!(lines(&after, false, 2).join("\n"), expected);
    }

    #[test]
    fn whoever_repeats_a_step_that_may_have_happened_looks_first() {
        let by_hand = ByHand { act: String::from("do it"), verify: String::from("is it"), ..ByHand::default() };
        let step = NotDone { step: "move".into(), status: "unknown".into(), why: String::new(), by_hand };
        let after = Aftermath { not_done: vec![step], ..Aftermath::default() };
        let expected = "
not done   move is unknown
             see first: is it
             if it is not so: do it
go on";
        assert_eq!(lines(&after, false, 2).join("\n"), expected);
    }
}
