//! From a command to what the operating system is given: the script, its wrapping, the words of the transport.
//!
//! Every value becomes exactly one shell word. Secrets go by standard input, one line each, never by an argument.

use crate::base::limits;
use crate::bytecode::{Instr, Op, Program};
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
        let (mut words, mut shell) = way(reach, remote_limit_ms);
        shell.extend(["sh", "-c", &self.text].map(String::from));
        match reach {
            Reach::Local | Reach::Exec { .. } => words.append(&mut shell),
            // ssh joins what follows the host with spaces, and a shell there takes it apart again.
            Reach::Ssh { .. } => {
                words.push(shell.iter().map(|w| quote(w)).collect::<Result<Vec<_>, _>>()?.join(" "));
            }
        }
        Ok(words)
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

/// The words that lead to a machine, and those that stand before `sh` there.
fn way(reach: &Reach, remote_limit_ms: Option<u64>) -> (Vec<String>, Vec<String>) {
    let words = |texts: &[&str]| texts.iter().map(|t| String::from(*t)).collect::<Vec<_>>();
    let there = match reach {
        Reach::Local => Vec::new(),
        Reach::Exec { prefix } => prefix.clone(),
        Reach::Ssh { host, user } if user.is_empty() => words(&["ssh", "-o", "BatchMode=yes", "--", host]),
        Reach::Ssh { host, user } => words(&["ssh", "-o", "BatchMode=yes", "-l", user, "--", host]),
    };
    // Ends the script where it runs: ending the transport here would not reach it there.
    let limit = remote_limit_ms.filter(|_| *reach != Reach::Local).map(|ms| {
        let [grace, limit] = [limits::KILL_GRACE_MS, ms].map(|ms| ms.div_ceil(1000).to_string());
        words(&["timeout", "-k", &grace, &limit])
    });
    (there, limit.unwrap_or_default())
}

/// A command as a run would start it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rehearsal {
    /// The words before `sh -c`: how the machine is reached, what ends the script there. Empty for this machine.
    pub way: Vec<String>,
    /// The script; a value that is known only later stands in it by its name, as `'{{lsn}}'`.
    pub script: String,
    /// The script that reads back, if there is one.
    pub verify: Option<String>,
}

/// The command of an instruction as a run would start it; `None` if it runs none.
pub fn rehearse(program: &Program, instr: &Instr) -> Option<Result<Rehearsal, String>> {
    let command = instr.op.command()?;
    let reach = reach(program, instr);
    let known = |id: ValueId| program.values.get(id.index()).map(|v| format!("{{{{{}}}}}", v.name));
    let text = |script: &Template| Script::of(program, script, command, known).map(|s| s.text);
    let rehearse = || {
        let (mut way, mut limit) = way(reach, remote_limit(command, reach));
        way.append(&mut limit);
        let verify = match &instr.op {
            Op::Run { verify: Some(verify), .. } => Some(text(verify)?),
            _ => None,
        };
        Ok(Rehearsal { way, script: text(&command.script)?, verify })
    };
    Some(rehearse())
}

/// The limit that a machine is to keep by itself: `within …, then kill` where we cannot kill from here.
pub fn remote_limit(command: &Command, reach: &Reach) -> Option<u64> {
    command.within_ms.filter(|_| command.kill && *reach != Reach::Local)
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

#[cfg(test)]
mod tests {
    use super::{Script, quote, rehearse};
    use crate::bytecode::InstrId;
    use crate::calculus::{Command, EnvValue, EnvVar, MachineId, Piece, Reach, Template, Value, ValueId, ValueSource};
    use crate::run::sample::{Plan, act};

    #[test]
    fn a_rehearsal_is_what_a_run_would_start() {
        let mut plan = Plan::new("p");
        let ssh = |user: &str| Reach::Ssh { host: "db1".into(), user: user.into() };
        plan.0.machine("db", ssh("admin"));
        plan.0.machine("jail", Reach::Exec { prefix: vec!["ip".into(), "netns".into(), "exec".into(), "a".into()] });
        plan.0.0.values.push(Value { name: "lsn".into(), source: ValueSource::Captured { by: InstrId(0) } });
        let script = Template(vec![Piece::Text("promote ".into()), Piece::Value(ValueId(0))]);
        let env = vec![EnvVar { name: "A".into(), value: EnvValue::Plain(Template::text("x y")) }];
        let command = Command { script, env, within_ms: Some(90_500), kill: true, ..Command::default() };
        for machine in 0..3 {
            plan.step(&format!("s{machine}"), act(command.clone()), &[0]).host = Some(MachineId(machine));
        }
        let program = plan.program();
        let seen = |i: usize| rehearse(&program, &program.code[i]).unwrap().unwrap();
        assert_eq!(seen(1).script, "A='x y'; export A\npromote '{{lsn}}'");
        assert_eq!(seen(1).way.join(" "), "");
        assert_eq!(seen(2).way.join(" "), "ssh -o BatchMode=yes -l admin -- db1 timeout -k 5 91");
        assert_eq!(seen(3).way.join(" "), "ip netns exec a timeout -k 5 91");
        assert!(rehearse(&program, &program.code[0]).is_none());
    }

    #[test]
    fn ssh_gets_one_argument_that_a_shell_takes_apart_again() {
        let script = Script { text: "echo 'it is' \"$HOME\"\n# ä".into(), secrets: vec![] };
        let words = script.words(&Reach::Ssh { host: "db1".into(), user: String::new() }, None).unwrap();
        assert_eq!(words[..5], ["ssh", "-o", "BatchMode=yes", "--", "db1"]);
        assert_eq!(shlex::split(&words[5]).unwrap(), ["sh", "-c", &script.text]);
        assert_eq!(words.len(), 6);
    }

    #[test]
    fn nothing_with_a_nul_byte_becomes_a_command() {
        assert!(quote("a\0b").unwrap_err().contains("NUL"));
    }
}
