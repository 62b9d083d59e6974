//! Questions to the operator on a terminal, one at a time, without keeping the loop waiting.

use crate::bytecode::InstrId;
use crate::run::Question;
use rustix::io::{Errno, read};
use rustix::termios::{QueueSelector, tcflush};
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};

/// Somebody at a terminal.
#[derive(Debug)]
pub(super) struct Prompt {
    input: File,
    output: File,
    waiting: VecDeque<(InstrId, Question)>,
    line: Vec<u8>,
    closed: bool,
}

/// What came of a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Reply {
    /// This option was chosen.
    Chosen(InstrId, u8),
    /// The operator has gone.
    Gone(InstrId),
}

impl Prompt {
    /// The terminal of this process, if it has one.
    pub fn terminal() -> Option<Prompt> {
        let input = OpenOptions::new().read(true).open("/dev/tty").ok()?;
        let output = OpenOptions::new().write(true).open("/dev/tty").ok()?;
        Some(Prompt::new(input, output))
    }

    /// Lines from `input`, questions to `output`.
    pub fn new(input: File, output: File) -> Prompt {
        Prompt { input, output, waiting: VecDeque::new(), line: Vec::new(), closed: false }
    }

    /// Puts a question, after those before it. False if the operator has gone.
    pub fn ask(&mut self, step: InstrId, question: &Question) -> bool {
        if self.closed {
            return false;
        }
        self.waiting.push_back((step, question.clone()));
        if self.waiting.len() == 1 {
            self.show();
        }
        true
    }

    /// Says of a question that is not for whoever is here whom it is for.
    pub fn tell_who_is_waited_for(&mut self, question: &Question) {
        let role = question.gate.role.as_deref().unwrap_or("somebody");
        let until = question.until.map_or_else(String::new, |at| format!(" until {}", at.strftime("%H:%M:%S UTC")));
        self.say(&format!("\n{}\n(for {role} to answer{until}, with `handover approve`)\n", question.text));
    }

    /// Takes a question back.
    pub fn withdraw(&mut self, step: InstrId) {
        let shown = self.waiting.front().is_some_and(|(s, _)| *s == step);
        self.waiting.retain(|(s, _)| *s != step);
        if shown {
            self.say("\n(no longer needed)\n");
            self.show();
        }
    }

    /// What to poll for; `None` while nothing is asked.
    pub fn handle(&self) -> Option<BorrowedFd<'_>> {
        (!self.waiting.is_empty() && !self.closed).then(|| self.input.as_fd())
    }

    /// Takes in what was typed.
    pub fn take_in(&mut self) -> Vec<Reply> {
        let mut buffer = [0; 1024];
        match read(&self.input, &mut buffer) {
            Ok(0) => return self.close(),
            Ok(n) => self.line.extend_from_slice(buffer.get(..n).unwrap_or_default()),
            Err(Errno::INTR | Errno::AGAIN) => return Vec::new(),
            Err(_) => return self.close(),
        }
        let mut replies = Vec::new();
        while let Some(end) = self.line.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.line.drain(..=end).collect();
            replies.extend(self.answer(String::from_utf8_lossy(&line).trim()));
        }
        replies
    }

    fn answer(&mut self, word: &str) -> Option<Reply> {
        let (step, question) = self.waiting.front()?;
        let Some(option) = choose(question, word) else {
            let words: Vec<&str> = question.options.iter().map(|(w, _)| w.as_str()).collect();
            let text = format!("please answer with one of these words: {}\n> ", words.join(", "));
            self.say(&text);
            return None;
        };
        let reply = Reply::Chosen(*step, option);
        self.waiting.pop_front();
        self.show();
        Some(reply)
    }

    fn close(&mut self) -> Vec<Reply> {
        self.closed = true;
        self.waiting.drain(..).map(|(step, _)| Reply::Gone(step)).collect()
    }

    /// Shows the question whose turn it is. What was typed before it was seen is no answer to it.
    fn show(&mut self) {
        let Some((_, question)) = self.waiting.front() else { return };
        let mut text = format!("\n{}\n", question.text);
        for (word, label) in question.options.iter().filter(|(_, label)| !label.is_empty()) {
            text.push_str(&format!("  {word}: {label}\n"));
        }
        let words: Vec<&str> = question.options.iter().map(|(w, _)| w.as_str()).collect();
        text.push_str(&format!("[{}] > ", words.join(" / ")));
        let _ = tcflush(&self.input, QueueSelector::IFlush);
        self.line.clear();
        self.say(&text);
    }

    fn say(&mut self, text: &str) {
        // A terminal that has gone away says so when we read from it.
        let _ = self.output.write_all(text.as_bytes());
    }
}

/// The option that a word stands for: the word itself, or `y` and `n`.
fn choose(question: &Question, word: &str) -> Option<u8> {
    let word = word.to_lowercase();
    let fits = |option: &str| {
        let option = option.to_lowercase();
        option == word
            || (matches!(option.as_str(), "yes" | "no") && !word.is_empty() && option.get(..1) == Some(&word))
    };
    question.options.iter().position(|(option, _)| fits(option)).and_then(|i| u8::try_from(i).ok())
}

#[cfg(test)]
mod tests {
    use super::{Prompt, Reply};
    use crate::bytecode::InstrId;
    use crate::run::Question;
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::OwnedFd;

    fn pipe() -> (File, File) {
        let (read, write) = std::io::pipe().unwrap();
        (File::from(OwnedFd::from(read)), File::from(OwnedFd::from(write)))
    }

    fn question(text: &str, options: &[&str]) -> Question {
        Question {
            text: text.into(),
            options: options.iter().map(|o| ((*o).into(), String::new())).collect(),
            ..Question::default()
        }
    }

    #[test]
    fn one_question_at_a_time_until_the_operator_goes() {
        let ((input, mut keyboard), (mut screen, output)) = (pipe(), pipe());
        let mut prompt = Prompt::new(input, output);
        assert!(prompt.handle().is_none());
        assert!(prompt.ask(InstrId(1), &question("Is it off?", &["no", "yes"])));
        assert!(prompt.ask(InstrId(2), &question("Which way?", &["resume", "abort"])));
        keyboard.write_all(b"perhaps\ny").unwrap();
        assert_eq!(prompt.take_in(), []);
        keyboard.write_all(b"\n").unwrap();
        assert_eq!(prompt.take_in(), [Reply::Chosen(InstrId(1), 1)]);
        keyboard.write_all(b"r\nABORT\n").unwrap();
        assert_eq!(prompt.take_in(), [Reply::Chosen(InstrId(2), 1)]);
        assert!(prompt.ask(InstrId(3), &question("And now?", &["no", "yes"])));
        prompt.withdraw(InstrId(3));
        assert!(prompt.handle().is_none());
        assert!(prompt.ask(InstrId(4), &question("Still there?", &["no", "yes"])));
        drop(keyboard);
        assert_eq!(prompt.take_in(), [Reply::Gone(InstrId(4))]);
        assert!(!prompt.ask(InstrId(5), &question("Hello?", &["no", "yes"])));
        drop(prompt);
        let mut shown = String::new();
        screen.read_to_string(&mut shown).unwrap();
        assert!(
            shown.contains("Is it off?\n[no / yes] > please answer with one of these words: no, yes\n> "),
            "{shown}"
        );
        assert!(shown.find("Which way?") > shown.find("please"), "{shown}");
    }
}
