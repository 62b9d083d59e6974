//! What the operator does at the view: selects a step, looks at its output, answers a question. Pure.

use crate::bytecode::InstrId;
use crate::run::{Asked, Key, Wish};

/// What the operator has selected and opened.
#[derive(Debug, Default)]
pub struct Hands {
    /// The step that keys are about, if it is still there.
    selected: Option<InstrId>,
    /// Its output is shown.
    pub watching: bool,
    /// The explanation of the keys is shown.
    pub helping: bool,
    /// The answer that is being written.
    pub answering: Option<Answering>,
    /// The step whose question is not for this operator, if they have just tried to answer it.
    pub barred: Option<InstrId>,
}

/// An answer that is being written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answering {
    /// To whose question.
    pub step: InstrId,
    /// What is there of it.
    pub text: String,
    /// It was none of the answers.
    pub refused: bool,
}

impl Hands {
    /// The selected one of the steps that can be selected: by default the first.
    pub fn selected(&self, items: &[InstrId]) -> Option<InstrId> {
        self.selected.filter(|s| items.contains(s)).or(items.first().copied())
    }

    /// Takes a key. `items` are the steps that can be selected, `questions` those that wait for an answer.
    pub fn key(&mut self, key: Key, items: &[InstrId], questions: &[(InstrId, &Asked)]) -> Option<Wish> {
        self.barred = None;
        if let Some(answering) = &mut self.answering {
            let asked = questions.iter().find(|(step, _)| *step == answering.step);
            let Some((_, asked)) = asked.filter(|_| key != Key::Escape) else {
                self.answering = None;
                return None;
            };
            return self.write(key, asked);
        }
        match key {
            Key::Up => self.step(items, -1),
            Key::Down => self.step(items, 1),
            Key::Char('o') => self.watching = !self.watching,
            Key::Char('?') => self.helping = !self.helping,
            Key::Char('a') => {
                let selected = self.selected(items);
                let question = questions.iter().find(|(step, _)| Some(*step) == selected).or(questions.first());
                self.answering =
                    question.map(|(step, _)| Answering { step: *step, text: String::new(), refused: false });
            }
            Key::Escape => (self.watching, self.helping) = (false, false),
            Key::Char(_) | Key::Enter | Key::Backspace => {}
        }
        None
    }

    /// The question is gone: the answer to it is, too.
    pub fn forget(&mut self, questions: &[(InstrId, &Asked)]) {
        self.answering = self.answering.take().filter(|a| questions.iter().any(|(step, _)| *step == a.step));
    }

    fn step(&mut self, items: &[InstrId], by: isize) {
        let at = self.selected(items).and_then(|s| items.iter().position(|i| *i == s)).unwrap_or(0);
        self.selected = items.get(at.saturating_add_signed(by)).or(items.last()).copied();
    }

    fn write(&mut self, key: Key, asked: &Asked) -> Option<Wish> {
        let answering = self.answering.as_mut()?;
        answering.refused = false;
        match key {
            Key::Char(c) => answering.text.push(c),
            Key::Backspace => _ = answering.text.pop(),
            Key::Enter if answering.text.trim().is_empty() => {}
            Key::Enter => match chosen(asked, &answering.text) {
                Some(option) => {
                    let step = answering.step;
                    self.answering = None;
                    return Some(Wish::Answer { step, option });
                }
                None => (answering.text, answering.refused) = (String::new(), true),
            },
            Key::Up | Key::Down | Key::Escape => {}
        }
        None
    }
}

/// The words that answer a question: each option begins with its word.
pub fn words(asked: &Asked) -> impl Iterator<Item = &str> {
    asked.options.iter().map(|option| option.split_once(": ").map_or(option.as_str(), |(word, _)| word))
}

/// The option that a text stands for: its word, or `y` and `n`.
fn chosen(asked: &Asked, text: &str) -> Option<u8> {
    let text = text.trim().to_lowercase();
    let fits = |word: &str| {
        let word = word.to_lowercase();
        word == text || matches!(word.as_str(), "yes" | "no") && word.get(..1) == Some(&text)
    };
    words(asked).position(fits).and_then(|i| u8::try_from(i).ok())
}

#[cfg(test)]
mod tests {
    use super::Hands;
    use crate::bytecode::InstrId;
    use crate::run::{Asked, Key, Wish};
    use jiff::Timestamp;

    fn asked(options: &[&str]) -> Asked {
        Asked {
            time: Timestamp::UNIX_EPOCH,
            question: String::from("Which way?"),
            options: options.iter().map(ToString::to_string).collect(),
            role: None,
            until: None,
            otherwise: None,
        }
    }

    fn typed(hands: &mut Hands, text: &str, items: &[InstrId], questions: &[(InstrId, &Asked)]) -> Option<Wish> {
        let key = |c| if c == '\n' { Key::Enter } else { Key::Char(c) };
        text.chars().filter_map(|c| hands.key(key(c), items, questions)).last()
    }

    #[test]
    fn an_answer_is_a_whole_word_to_the_selected_question() {
        let (first, second) = (asked(&["no", "yes"]), asked(&["resume: go on", "abort: leave it"]));
        let questions = [(InstrId(4), &first), (InstrId(2), &second)];
        let items = [InstrId(4), InstrId(2), InstrId(7)];
        let mut hands = Hands::default();
        assert_eq!(typed(&mut hands, "yes\n", &items, &questions), None, "only `a` begins an answer");
        assert_eq!(typed(&mut hands, "ay\n", &items, &questions), Some(Wish::Answer { step: InstrId(4), option: 1 }));
        hands.key(Key::Down, &items, &questions);
        assert_eq!(typed(&mut hands, "aperhaps\n", &items, &questions), None);
        assert!(hands.answering.as_ref().unwrap().refused);
        let wish = typed(&mut hands, "Abort\n", &items, &questions);
        assert_eq!((wish, hands.answering.is_none()), (Some(Wish::Answer { step: InstrId(2), option: 1 }), true));
    }

    #[test]
    fn an_answer_goes_away_with_its_question_and_by_escape() {
        let question = asked(&["no", "yes"]);
        let questions = [(InstrId(4), &question)];
        let mut hands = Hands::default();
        typed(&mut hands, "ano", &[], &questions);
        hands.key(Key::Backspace, &[], &questions);
        assert_eq!(hands.answering.as_ref().unwrap().text, "n");
        hands.forget(&[]);
        assert_eq!((hands.answering.is_none(), typed(&mut hands, "\n", &[], &questions)), (true, None));
        typed(&mut hands, "a", &[], &questions);
        hands.key(Key::Escape, &[], &questions);
        assert!(hands.answering.is_none());
        assert_eq!(typed(&mut hands, "a", &[], &[]), None, "nothing is asked");
        assert!(hands.answering.is_none());
    }

    #[test]
    fn the_selection_moves_among_what_is_there() {
        let items = [InstrId(1), InstrId(5)];
        let mut hands = Hands::default();
        assert_eq!(hands.selected(&items), Some(InstrId(1)));
        for _ in 0..3 {
            hands.key(Key::Down, &items, &[]);
        }
        assert_eq!(hands.selected(&items), Some(InstrId(5)));
        assert_eq!(hands.selected(&[InstrId(2)]), Some(InstrId(2)), "what has ended cannot stay selected");
        hands.key(Key::Up, &items, &[]);
        hands.key(Key::Up, &items, &[]);
        assert_eq!((hands.selected(&items), hands.selected(&[])), (Some(InstrId(1)), None));
        for key in [Key::Char('o'), Key::Char('?')] {
            hands.key(key, &items, &[]);
        }
        assert!(hands.watching && hands.helping);
        hands.key(Key::Escape, &items, &[]);
        assert!(!hands.watching && !hands.helping);
    }
}
