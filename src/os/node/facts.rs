//! What a node says of itself when the way to it opens, and what it answers later: the lines of its agent.

/// What is known of a node since the way to it opened.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// The user that commands run as.
    pub user: String,
    /// Its clock, in seconds since 1970.
    pub clock: Option<i64>,
    /// The clock here when all was told.
    pub heard_at: i64,
    /// Which boot of it this is; empty if it cannot tell.
    pub boot: String,
    /// Commands that it lacks.
    pub missing: Vec<String>,
    /// Free space for notes, in KiB.
    pub space_kb: Option<u64>,
    /// Why notes cannot be kept there.
    pub unwritable: Option<String>,
    /// The folders of notes of other runs there, by name.
    pub others: Vec<String>,
    /// The folder of the notes; known at the end.
    pub base: Option<String>,
}

/// What became of a command, as its node tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Word {
    /// It ended with this exit code.
    Ended(i32),
    /// Its time was over, and it was ended there.
    Late,
    /// It was to be ended, and something of it goes on.
    Stuck,
    /// It is running.
    Alive,
    /// It has not begun, and will not: why.
    Never(String),
    /// It has ended, nobody knows how.
    Gone,
    /// Nobody can tell.
    Lost,
}

impl Word {
    /// Reads the words after the tag or the nonce; `None` for what no program of ours says.
    pub fn parse(text: &str) -> Option<Word> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        Some(match (word, rest) {
            ("ended", code) => Word::Ended(code.parse().ok().filter(|code| (0..=255).contains(code))?),
            ("late", _) => Word::Late,
            ("stuck", _) => Word::Stuck,
            ("alive", "") => Word::Alive,
            ("never", why) => Word::Never(why.to_owned()),
            ("gone", "") => Word::Gone,
            ("lost", "") => Word::Lost,
            _ => return None,
        })
    }
}

/// A line of the agent, behind its tag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Line {
    /// A fact has been taken in; more will come.
    More,
    /// That were all facts.
    Ready,
    /// An answer: the place asked about, and the word.
    Answer(String, Word),
    /// The notes have been removed.
    Removed,
}

impl Facts {
    /// Takes a line in; `None` for one that the agent would not say.
    pub fn line(&mut self, text: &str) -> Option<Line> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "user" => self.user = rest.to_owned(),
            "clock" => self.clock = rest.parse().ok(),
            "boot" => self.boot = rest.to_owned(),
            "missing" => self.missing.push(rest.to_owned()),
            "space" => self.space_kb = rest.parse().ok(),
            "folder" => self.unwritable = Some(rest.to_owned()),
            "notes" if run_of(rest).is_some() => self.others.push(rest.to_owned()),
            // It was not made by an executor.
            "notes" => {}
            "removed" => return Some(Line::Removed),
            "ready" if rest.starts_with('/') => {
                self.base = Some(rest.to_owned());
                return Some(Line::Ready);
            }
            place if place.starts_with(|c: char| c.is_ascii_digit() || c == 'r') => {
                return Word::parse(rest).map(|word| Line::Answer(place.to_owned(), word));
            }
            _ => return None,
        }
        Some(Line::More)
    }
}

/// The run whose notes are in the folder with this name; `None` if that is not the name of such a folder.
pub fn run_of(name: &str) -> Option<&str> {
    let (run, node) = name.split_once('.')?;
    let is_run = !run.is_empty() && run.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let is_node = !node.is_empty() && node.chars().all(|c| !c.is_whitespace() && !c.is_control() && c != '/');
    (is_run && is_node).then_some(run)
}

#[cfg(test)]
mod tests {
    use super::{Facts, Line, Word, run_of};

    #[test]
    fn a_node_tells_what_it_is_like() {
        let mut facts = Facts::default();
        for line in ["user ops", "clock 1763780000", "boot b-1", "missing rsync", "missing lvchange", "space 5120"] {
            assert_eq!(facts.line(line), Some(Line::More), "{line}");
        }
        assert_eq!(facts.line("ready /run/handover-0/r.a"), Some(Line::Ready));
        assert_eq!((facts.user.as_str(), facts.clock, facts.boot.as_str()), ("ops", Some(1_763_780_000), "b-1"));
        assert_eq!((facts.missing, facts.space_kb), (vec!["rsync".to_owned(), "lvchange".to_owned()], Some(5120)));
        assert_eq!(facts.base.as_deref(), Some("/run/handover-0/r.a"));
    }

    #[test]
    fn only_what_an_executor_has_made_is_taken_for_notes() {
        assert_eq!(run_of("20261121-211403-9f3e.db1"), Some("20261121-211403-9f3e"));
        assert_eq!(run_of("r1.db1.example_x"), Some("r1"));
        for wrong in ["", ".", "..", ".x", "r1", "r1.", "../r1.a", "r1.a/b", "r1/.a", "r 1.a", "r1.a b", "r1.\t"] {
            assert_eq!(run_of(wrong), None, "{wrong}");
        }
        let mut facts = Facts::default();
        for line in ["notes r1.a", "notes lost+found", "notes ../x.y", "notes r2.b"] {
            assert_eq!(facts.line(line), Some(Line::More), "{line}");
        }
        assert_eq!(facts.others, ["r1.a", "r2.b"]);
    }

    #[test]
    fn answers_are_words_for_what_became_of_a_command() {
        let mut facts = Facts::default();
        let mut answer = |text| facts.line(text);
        let told = |word| Some(Line::Answer("12.1.5-1".to_owned(), word));
        assert_eq!(answer("12.1.5-1 ended 255"), told(Word::Ended(255)));
        assert_eq!(answer("12.1.5-1 late 143"), told(Word::Late));
        assert_eq!(answer("12.1.5-1 never no space left"), told(Word::Never("no space left".to_owned())));
        assert_eq!(answer("12.1.5-1 gone"), told(Word::Gone));
        assert_eq!(answer("removed"), Some(Line::Removed));
        for wrong in ["12.1.5-1 ended", "12.1.5-1 ended x", "12.1.5-1 ended 256", "12.1.5-1 well", "ready", "hello", ""]
        {
            assert_eq!(answer(wrong), None, "{wrong}");
        }
    }
}
