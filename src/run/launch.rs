//! From a command to what the operating system is given: the script, its wrapping, the words of the transport.
//!
//! Every value becomes exactly one shell word. Secrets go by standard input, one line each, never by an argument.

use crate::base::limits;
use crate::bytecode::{Instr, Program};
use crate::calculus::{Command, EnvValue, Piece, Reach, SecretId, Template, ValueId};

/// A command as the operating system is given it.
#[derive(Clone, PartialEq, Eq)]
pub struct Launch {
    /// The words; the first is the program.
    pub words: Vec<String>,
    /// Lines of its standard input. Not to be shown: they may be secrets.
    pub lines: Vec<String>,
    /// The command waits for an empty line before it does anything, so that its process can be noted first.
    pub gated: bool,
    /// Working directory.
    pub directory: String,
}

/// A script with the secrets that it expects on standard input, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Script {
    /// The text for `sh -c`.
    pub text: String,
    /// The secrets.
    pub secrets: Vec<SecretId>,
}

const GATE: &str = "IFS= read -r handover_go || exit 125";

impl Script {
    /// The script of a command, its environment included. `fill` gives the text of a value.
    pub fn of(
        program: &Program,
        script: &Template,
        command: &Command,
        mut fill: impl FnMut(ValueId) -> Option<String>,
    ) -> Result<Script, String> {
        let mut head = Vec::new();
        let mut tail = Vec::new();
        let mut secrets = Vec::new();
        for var in &command.env {
            let name = &var.name;
            match &var.value {
                EnvValue::Plain(text) => {
                    let value = quote(&fill_in(program, text, &mut fill, false)?)?;
                    tail.push(format!("{name}={value}; export {name}"));
                }
                EnvValue::Secret(id) => {
                    secrets.push(*id);
                    head.push(format!(
                        "IFS= read -r {name} || {{ echo 'the secret for {name} did not arrive: standard input does not \
                         reach this command' >&2; exit 125; }}; export {name}"
                    ));
                }
            }
        }
        if !secrets.is_empty() {
            head.push(String::from("exec </dev/null"));
        }
        head.append(&mut tail);
        head.push(fill_in(program, script, &mut fill, true)?);
        Ok(Script { text: head.join("\n"), secrets })
    }

    /// The words that run the script on a machine, without waiting for anything.
    pub fn words(&self, reach: &Reach, remote_limit_ms: Option<u64>) -> Result<Vec<String>, String> {
        let words = |texts: &[&str]| texts.iter().map(|t| String::from(*t)).collect::<Vec<_>>();
        let mut shell = match remote_limit_ms {
            // Ends the script where it runs: ending the transport here would not reach it there.
            Some(ms) if *reach != Reach::Local => words(&[
                "timeout",
                "-k",
                &limits::KILL_GRACE_MS.div_ceil(1000).to_string(),
                &ms.div_ceil(1000).to_string(),
            ]),
            _ => Vec::new(),
        };
        shell.extend(words(&["sh", "-c", &self.text]));
        Ok(match reach {
            Reach::Local => shell,
            Reach::Exec { prefix } => prefix.iter().cloned().chain(shell).collect(),
            Reach::Ssh { host, user } => {
                let mut all = words(&["ssh", "-o", "BatchMode=yes"]);
                if !user.is_empty() {
                    all.extend(words(&["-l", user]));
                }
                let quoted: Result<Vec<String>, String> = shell.iter().map(|w| quote(w)).collect();
                all.extend(words(&["--", host, &quoted?.join(" ")]));
                all
            }
        })
    }

    /// The same words, waiting for an empty line on standard input before anything happens.
    pub fn gated_words(mut self, reach: &Reach, remote_limit_ms: Option<u64>) -> Result<Vec<String>, String> {
        let silence = if self.secrets.is_empty() { "exec </dev/null" } else { "" };
        if *reach == Reach::Local {
            self.text =
                [GATE, silence, &self.text].into_iter().filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n");
            return self.words(reach, remote_limit_ms);
        }
        let gate = [GATE, silence, "exec \"$@\""].into_iter().filter(|l| !l.is_empty()).collect::<Vec<_>>().join("; ");
        let mut all = vec![String::from("sh"), String::from("-c"), gate, String::from("handover")];
        all.append(&mut self.words(reach, remote_limit_ms)?);
        Ok(all)
    }
}

/// How the machine of an instruction is reached.
pub fn reach<'a>(program: &'a Program, instr: &Instr) -> &'a Reach {
    instr.host.and_then(|m| program.machines.get(m.index())).map_or(&Reach::Local, |m| &m.reach)
}

/// A text as one shell word.
pub fn quote(text: &str) -> Result<String, String> {
    match shlex::try_quote(text) {
        Ok(word) => Ok(word.into_owned()),
        Err(_) => Err(String::from("a value contains a NUL byte, which no command can be given")),
    }
}

/// A template with its values filled in, each as one shell word if `quoted`.
pub fn fill_in(
    program: &Program,
    template: &Template,
    mut fill: impl FnMut(ValueId) -> Option<String>,
    quoted: bool,
) -> Result<String, String> {
    let mut out = String::new();
    for piece in &template.0 {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Value(id) => {
                let name = program.values.get(id.index()).map_or("?", |v| v.name.as_str());
                let value = fill(*id).ok_or_else(|| format!("the value `{name}` is not known"))?;
                if value.contains('\0') {
                    return Err(format!("the value `{name}` contains a NUL byte, which no command can be given"));
                }
                out.push_str(&if quoted { quote(&value)? } else { value });
            }
        }
    }
    Ok(out)
}
