//! What travels to a node: the two programs, encoded so that any login shell passes them on, and what they are told.
//!
//! The login shell is given one short line, the same for every command. Program, script and secrets come by standard
//! input, so that none of them is ever an argument, and no shell between takes anything in them for its own.

use crate::run::quote;
use std::fmt::Write;
use std::sync::OnceLock;

const COMMON: &str = include_str!("common.sh");
const AGENT: &str = include_str!("agent.sh");
const RUNNER: &str = include_str!("runner.sh");

/// For `sh -c`: takes a program from the first line of standard input. `%b` of printf(1) undoes [`encode`].
pub(super) const BOOTSTRAP: &str = r#"IFS= read -r x && eval "$(printf %b "$x")""#;

/// A text as one line that `printf %b` makes the text of again.
pub fn encode(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

/// Shell assignments in one line, each value one word.
pub(super) fn assignments(values: &[(&str, &str)]) -> Result<String, String> {
    let mut line = String::new();
    for (name, value) in values {
        if value.contains('\n') {
            return Err(format!("the {name} has more than one line"));
        }
        let _ = write!(line, "{name}={}; ", quote(value)?);
    }
    Ok(line)
}

/// The first line of standard input for the agent.
pub(super) fn agent() -> &'static str {
    static LINE: OnceLock<String> = OnceLock::new();
    LINE.get_or_init(|| program(AGENT))
}

/// The first line of standard input for the runner.
pub(super) fn runner() -> &'static str {
    static LINE: OnceLock<String> = OnceLock::new();
    LINE.get_or_init(|| program(RUNNER))
}

/// A program with what it shares, without its comments.
fn program(text: &str) -> String {
    let lines = COMMON.lines().chain(text.lines()).filter(|l| !l.is_empty() && !l.trim_start().starts_with('#'));
    encode(&lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::{AGENT, COMMON, RUNNER, assignments, encode};
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// What a shell makes of the line.
    fn decoded(shell: &[&str], text: &str) -> String {
        let mut child = Command::new(shell[0])
            .args(&shell[1..])
            .args(["-c", "IFS= read -r x; x=$(printf '%b_' \"$x\"); printf %s \"${x%_}\""])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(format!("{}\n", encode(text)).as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    }

    #[test]
    fn every_text_comes_out_as_it_went_in() {
        let texts = ["", "\n\n", "a\\nb\\\\c\\0101\n", " % %b $x `y` \"z\" 'q' !h \t\\c ä\u{1f980}\\", "\\", "\r\n"];
        for shell in [&["sh"][..], &["dash"], &["bash"], &["busybox", "sh"]] {
            if Command::new(shell[0]).args(&shell[1..]).args(["-c", ":"]).output().is_err() {
                eprintln!("skipped: no {shell:?}");
                continue;
            }
            for text in texts {
                assert_eq!(decoded(shell, text), text, "{shell:?}");
            }
        }
    }

    #[test]
    fn what_programs_are_told_is_one_line() {
        assert_eq!(assignments(&[("a", "it's"), ("b", "")]).unwrap(), "a=\"it's\"; b=''; ");
        assert!(assignments(&[("a", "x\ny")]).is_err());
    }

    #[test]
    fn the_programs_are_plain_posix_shell() {
        for text in [AGENT, RUNNER] {
            let program = format!("{COMMON}\n{text}");
            let mut check = match Command::new("shellcheck")
                .args(["-s", "sh", "-S", "warning", "-e", "SC2034,SC2154", "-"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
            {
                Ok(check) => check,
                Err(why) => return eprintln!("skipped: there is no shellcheck: {why}"),
            };
            check.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
            let output = check.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
    }
}
