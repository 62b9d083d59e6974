//! What the end of a command means: its exit code, the lines it wrote, the values kept from them.

use crate::base::limits;
use crate::calculus::{Capture, Command, Sign, Template, ValueId, Verdict};
use crate::run::mask::{MASK, Mask};
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
    /// There was a secret in it.
    pub veiled: bool,
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
    pub fn of(finished: &Finished, secrets: &Mask) -> Output {
        let mut veiled = false;
        let whole = matches!(finished.fate, Fate::Ended(Exit::Code(_)));
        let mut text = |tail: &Tail| {
            let (bytes, hidden) = secrets.hide(tail, whole);
            veiled |= hidden;
            let from = bytes.len().saturating_sub(limits::OUTPUT_BYTES);
            String::from_utf8_lossy(bytes.get(from..).unwrap_or_default()).into_owned()
        };
        let exit = if let Fate::Ended(exit) = finished.fate { Some(exit) } else { None };
        let (stdout, stderr) = (text(&finished.stdout), text(&finished.stderr));
        Output { exit, stdout, stderr, veiled }
    }

    /// What a running command has written, without secrets: while there are any, only whole lines, because the rest of
    /// a secret may be still to come.
    pub fn so_far(finished: &Finished, secrets: &Mask) -> String {
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
        let kept = captures.iter().map(|capture| match self.capture_one(capture)? {
            // With a mask in it, it would be of no use; without, it would be in the journal and in argument lists.
            text if self.veiled && text.contains(MASK) => Err(String::from(SECRET_KEPT)),
            text => Ok((capture.value, text)),
        });
        kept.collect()
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

const SECRET_KEPT: &str =
    "what is to be kept of the output contains a secret: values are written down, and become arguments";

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

#[cfg(test)]
mod tests {
    use super::{Output, Reading};
    use crate::base::limits;
    use crate::calculus::{Capture, Command, Meaning, Sign, Template, ValueId, Verdict};
    use crate::run::mask::Mask;
    use crate::run::{Exit, Fate, Finished, Tail};

    fn output(code: i32, stdout: &str, stderr: &str) -> Output {
        let (exit, veiled) = (Some(Exit::Code(code)), false);
        Output { exit, stdout: stdout.to_owned(), stderr: stderr.to_owned(), veiled }
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
    fn secrets_do_not_come_through_and_are_not_kept() {
        let mut mask = Mask::default();
        mask.add("hunter2");
        let finished = |text: &[u8], fate| {
            let stdout = Tail { bytes: text.to_vec(), cut: false };
            Output::of(&Finished { fate, stdout: stdout.clone(), stderr: stdout, cut: false }, &mask)
        };
        let output = finished(b"user=*** pw=hunter2\n\xff", Fate::Ended(Exit::Code(0)));
        assert_eq!(
            (output.stdout.as_str(), output.stderr.as_str()),
            ("user=*** pw=***\n\u{fffd}", output.stdout.as_str())
        );
        let kept = |pattern: &str| output.capture(&[Capture { value: ValueId(0), pattern: Some(pattern.into()) }]);
        assert!(kept("pw=(.*)").unwrap_err().contains("contains a secret"));
        assert!(kept("us").is_ok());
        let stars = finished(b"user=***", Fate::Ended(Exit::Code(0)));
        assert!(stars.capture(&[Capture { value: ValueId(0), pattern: None }]).is_ok(), "somebody else's stars");
        assert_eq!(finished(b"hunt", Fate::Ended(Exit::Code(0))).stdout, "hunt");
        assert_eq!(finished(b"hunt", Fate::Ended(Exit::Signal(9))).stdout, "***", "it was interrupted");
    }
}
