//! The last word of a runner, found in the standard error of its command and taken out of it.
//!
//! A record is a line break, the nonce, the words and a line break. The nonce is made anew for each command, so that no
//! output can hold one by accident.

use super::facts::Word;

/// The standard error of one command, as it comes.
#[derive(Debug)]
pub struct Records {
    mark: Vec<u8>,
    /// What may be the beginning of a record.
    held: Vec<u8>,
    /// What the runner has said.
    pub word: Option<Word>,
}

/// Bytes of a record at most: what is longer is none.
const RECORD: usize = 4 << 10;

impl Records {
    /// For the records behind this nonce.
    pub fn new(nonce: &str) -> Records {
        Records { mark: format!("\n{nonce} ").into_bytes(), held: Vec::new(), word: None }
    }

    /// Takes bytes in; gives those that certainly are the command's.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        let mut own = Vec::new();
        while let Some(start) = self.start() {
            own.extend(self.held.drain(..start));
            if self.held.len() < self.mark.len() {
                return own;
            }
            let text = self.held.get(self.mark.len()..).unwrap_or_default();
            let Some(end) = text.iter().position(|b| *b == b'\n') else {
                if text.len() < RECORD {
                    return own;
                }
                own.extend(self.held.drain(..1));
                continue;
            };
            match Word::parse(&String::from_utf8_lossy(text.get(..end).unwrap_or_default())) {
                Some(word) => {
                    self.word = Some(word);
                    self.held.drain(..self.mark.len() + end + 1);
                }
                None => own.extend(self.held.drain(..1)),
            }
        }
        own.append(&mut self.held);
        own
    }

    /// What was held back: the stream has ended.
    pub fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    /// Where the mark, or a beginning of it at the very end, begins.
    fn start(&self) -> Option<usize> {
        let fits = |at: &usize| {
            let rest = self.held.get(*at..).unwrap_or_default();
            let length = rest.len().min(self.mark.len());
            rest.get(..length) == self.mark.get(..length)
        };
        let breaks = self.held.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at);
        breaks.into_iter().find(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::Records;
    use crate::os::node::facts::Word;

    /// What is left of the text, and the word, if it comes in pieces of this size.
    fn read(text: &str, size: usize) -> (String, Option<Word>) {
        let mut records = Records::new("n0nce");
        let mut own: Vec<u8> = text.as_bytes().chunks(size).flat_map(|piece| records.take(piece)).collect();
        own.extend(records.rest());
        (String::from_utf8(own).unwrap(), records.word)
    }

    #[test]
    fn a_record_is_found_and_taken_out_however_it_comes() {
        let cases = [
            ("\nn0nce ended 3\n", "", Some(Word::Ended(3))),
            ("oh\n\nn0nce late 143\n", "oh\n", Some(Word::Late)),
            ("no line end\nn0nce ended 0\nlater\n", "no line endlater\n", Some(Word::Ended(0))),
            ("n0nce ended 3\n", "n0nce ended 3\n", None),
            ("\nn0nce well\n\nn0nce\n", "\nn0nce well\n\nn0nce\n", None),
            ("a\nn0nc", "a\nn0nc", None),
            ("\n\n\n", "\n\n\n", None),
            ("\nn0nce never it's full\n", "", Some(Word::Never("it's full".to_owned()))),
        ];
        for (text, own, word) in cases {
            for size in 1..=text.len() {
                assert_eq!(read(text, size), (own.to_owned(), word.clone()), "{text:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_a_record_is_not_kept_for_ever() {
        let text = format!("\nn0nce {}", "x".repeat(10_000));
        assert_eq!(read(&text, 100), (text.clone(), None));
    }
}
