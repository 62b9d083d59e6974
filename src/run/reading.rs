//! What the end of a command means: its exit code, the lines it wrote, the values kept from them.

use crate::base::limits;
use crate::calculus::{Capture, Command, Sign, Template, ValueId, Verdict};
use crate::run::{Exit, Fate, Finished, Tail};
use regex_lite::Regex;

/// The end of a command, as text without secrets.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Output {
    /// How it ended; `None` if nobody knows.
    pub exit: Option<Exit>,
    /// The end of its standard output.
    pub stdout: String,
    /// The end of its standard error.
    pub stderr: String,
}

/// What the end of a command means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reading {
    /// It worked; the sign that calls for a mention, if there is one.
    Worked(Option<String>),
    /// It did not, and why.
    Failed(String),
    /// The operator decides.
    Ask(Template),
}

impl Output {
    /// Makes text of what a command left, with `***` in place of secrets.
    pub fn of(finished: &Finished, secrets: &[String]) -> Output {
        let text = |tail: &Tail| {
            let bytes = scrub(tail, secrets);
            let from = bytes.len().saturating_sub(limits::OUTPUT_BYTES);
            String::from_utf8_lossy(bytes.get(from..).unwrap_or_default()).into_owned()
        };
        let exit = if let Fate::Ended(exit) = finished.fate { Some(exit) } else { None };
        Output { exit, stdout: text(&finished.stdout), stderr: text(&finished.stderr) }
    }

    /// What a running command has written, without secrets: while there are any, only whole lines, because the rest of
    /// a secret may be still to come.
    pub fn so_far(finished: &Finished, secrets: &[String]) -> String {
        let Output { stdout, stderr, .. } = Output::of(finished, secrets);
        let shown = |text: &str| match text.rfind('\n') {
            _ if secrets.is_empty() => text.to_owned(),
            Some(end) => text.get(..=end).unwrap_or_default().to_owned(),
            None => String::new(),
        };
        let (mut all, stderr) = (shown(&stdout), shown(&stderr));
        if !all.is_empty() && !all.ends_with('\n') && !stderr.is_empty() {
            all.push('\n');
        }
        all + &stderr
    }

    /// What it means, by the command's own signs first.
    pub fn read(&self, command: &Command) -> Reading {
        for meaning in &command.meanings {
            let Some(sign) = self.find(&meaning.sign) else { continue };
            return match &meaning.verdict {
                Verdict::Success => Reading::Worked(None),
                Verdict::Warning => Reading::Worked(Some(sign)),
                Verdict::Failure => Reading::Failed(sign),
                Verdict::Ask(question) => Reading::Ask(question.clone()),
            };
        }
        match self.exit {
            Some(Exit::Code(0)) => Reading::Worked(None),
            _ => Reading::Failed(self.ending()),
        }
    }

    /// How it ended, in words.
    pub fn ending(&self) -> String {
        match self.exit {
            Some(Exit::Code(code)) => format!("exit code {code}"),
            Some(Exit::Signal(signal)) => format!("killed by signal {signal}"),
            None => String::from("nobody saw how it ended"),
        }
    }

    /// The values that are kept, or why one cannot be.
    pub fn capture(&self, captures: &[Capture]) -> Result<Vec<(ValueId, String)>, String> {
        captures.iter().map(|c| Ok((c.value, self.capture_one(c)?))).collect()
    }

    fn capture_one(&self, capture: &Capture) -> Result<String, String> {
        let Some(pattern) = &capture.pattern else {
            return Ok(self.stdout.trim_end_matches(['\n', '\r']).to_owned());
        };
        let regex = compile(pattern)?;
        let found = lines(&self.stdout).find_map(|line| {
            let groups = regex.captures(line)?;
            groups.get(1).or(groups.get(0)).map(|m| m.as_str().to_owned())
        });
        found.ok_or_else(|| format!("no line of the output fits `{pattern}`"))
    }

    fn find(&self, sign: &Sign) -> Option<String> {
        match (sign, self.exit) {
            (Sign::Exit(codes), Some(Exit::Code(code))) if codes.iter().any(|c| i32::from(*c) == code) => {
                Some(format!("exit code {code}"))
            }
            (Sign::Exit(_), _) => None,
            (Sign::Output(pattern), _) => {
                let regex = compile(pattern).ok()?;
                let line = lines(&self.stdout).chain(lines(&self.stderr)).find(|line| regex.is_match(line))?;
                Some(format!("output `{line}`"))
            }
        }
    }
}

fn compile(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|_| format!("the pattern `{pattern}` is not understood"))
}

/// The lines of a text, each no longer than patterns may look at.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| {
        let mut end = line.len().min(limits::PATTERN_BYTES);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.get(..end).unwrap_or(line)
    })
}

/// The bytes without secrets. If the tail is cut, a secret may have lost its beginning at the cut; so many bytes as
/// the longest secret are dropped there.
fn scrub(tail: &Tail, secrets: &[String]) -> Vec<u8> {
    let bytes = tail.bytes.as_slice();
    let longest = secrets.iter().map(String::len).max().unwrap_or(0);
    if longest == 0 {
        return bytes.to_vec();
    }
    let from = if tail.cut { longest - 1 } else { 0 };
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|r| !r.is_empty()) {
        let here = secrets.iter().map(String::as_bytes).filter(|s| rest.starts_with(s)).map(<[u8]>::len).max();
        match here {
            Some(length) => {
                out.extend_from_slice(b"***");
                at += length;
            }
            None => {
                out.extend(rest.first().filter(|_| at >= from));
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Output, Reading};
    use crate::base::limits;
    use crate::calculus::{Capture, Command, Meaning, Sign, Template, ValueId, Verdict};
    use crate::run::{Exit, Finished, Tail};

    fn output(code: i32, stdout: &str, stderr: &str) -> Output {
        Output { exit: Some(Exit::Code(code)), stdout: stdout.to_owned(), stderr: stderr.to_owned() }
    }

    fn command(meanings: &[(Sign, Verdict)]) -> Command {
        let meanings = meanings.iter().map(|(sign, verdict)| Meaning { sign: sign.clone(), verdict: verdict.clone() });
        Command { meanings: meanings.collect(), ..Command::default() }
    }

    #[test]
    fn by_default_zero_is_success() {
        assert_eq!(output(0, "", "").read(&Command::default()), Reading::Worked(None));
        assert_eq!(output(3, "", "").read(&Command::default()), Reading::Failed("exit code 3".into()));
        let killed = Output { exit: Some(Exit::Signal(9)), ..Output::default() };
        assert_eq!(killed.read(&Command::default()), Reading::Failed("killed by signal 9".into()));
    }

    #[test]
    fn the_first_sign_that_fits_decides() {
        let question = Template::text("go on?");
        let command = command(&[
            (Sign::Output("^TestFailed".into()), Verdict::Failure),
            (Sign::Exit(vec![1, 2]), Verdict::Success),
            (Sign::Exit(vec![3]), Verdict::Ask(question.clone())),
            (Sign::Output("warn".into()), Verdict::Warning),
        ]);
        assert_eq!(output(0, "a\nTestFailed\n", "").read(&command), Reading::Failed("output `TestFailed`".into()));
        assert_eq!(output(1, "", "TestFailed 7").read(&command), Reading::Failed("output `TestFailed 7`".into()));
        assert_eq!(output(2, "no TestFailed", "warn").read(&command), Reading::Worked(None));
        assert_eq!(output(3, "", "").read(&command), Reading::Ask(question));
        assert_eq!(output(0, "warning", "").read(&command), Reading::Worked(Some("output `warning`".into())));
        assert_eq!(output(4, "", "").read(&command), Reading::Failed("exit code 4".into()));
    }

    #[test]
    fn values_are_kept_from_standard_output() {
        let capture = |pattern: Option<&str>| [Capture { value: ValueId(4), pattern: pattern.map(String::from) }];
        let output = output(0, "lsn 0/30\nlsn 0/40\n\n", "lsn err\n");
        let kept = |pattern| output.capture(&capture(pattern)).map(|v| v[0].1.clone());
        assert_eq!(kept(Some("lsn (.*)")), Ok("0/30".into()));
        assert_eq!(kept(Some("0/4.")), Ok("0/40".into()));
        assert_eq!(kept(None), Ok("lsn 0/30\nlsn 0/40".into()));
        assert_eq!(kept(Some("lsn e")), Err("no line of the output fits `lsn e`".into()));
    }

    #[test]
    fn a_line_is_looked_at_up_to_the_limit() {
        let long = format!("{}needle", "ä".repeat(limits::PATTERN_BYTES));
        let command = command(&[(Sign::Output("needle".into()), Verdict::Failure)]);
        assert_eq!(output(0, &long, "").read(&command), Reading::Worked(None));
    }

    #[test]
    fn secrets_do_not_come_through() {
        let text = |bytes: &[u8], cut, secrets: &[&str]| {
            let stdout = Tail { bytes: bytes.to_vec(), cut };
            let secrets: Vec<String> = secrets.iter().map(|s| String::from(*s)).collect();
            Output::of(&Finished { stdout, ..Finished::default() }, &secrets).stdout
        };
        assert_eq!(text(b"pw=hunter2 hunter2\n", false, &["hunter2"]), "pw=*** ***\n");
        assert_eq!(text(b"hunter22", false, &["hunter2", "hunter22"]), "***");
        assert_eq!(text(b"nter2 and hunter2", true, &["hunter2"]), "and ***");
        assert_eq!(text(b"\xff\xfe ok", false, &[]), "\u{fffd}\u{fffd} ok");
    }
}
