//! From a command to the script that the host is given.
//!
//! Every value becomes exactly one shell word. Secrets go by standard input, one line each, never by an argument.

use crate::bytecode::{Instr, Op, Program};
use crate::calculus::{Command, EnvValue, MachineId, Piece, Reach, SecretId, SecretSource, Template, ValueId};

/// A command as the host is given it.
#[derive(Clone, PartialEq, Eq)]
pub struct Launch {
    /// Where it runs; nothing for this machine.
    pub machine: Option<MachineId>,
    /// The text for `sh -c`.
    pub script: String,
    /// Lines that the script reads from its standard input. Not to be shown: they are secrets.
    pub lines: Vec<String>,
    /// It does something: its beginning is noted before it happens, so that it can be found again.
    pub gated: bool,
    /// Working directory on this machine.
    pub directory: String,
    /// Milliseconds after which another machine ends it by itself.
    pub limit_ms: Option<u64>,
    /// Whether that can be counted on.
    pub firm: bool,
}

/// A script with the secrets that it expects on standard input, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Script {
    /// The text for `sh -c`.
    pub text: String,
    /// The secrets.
    pub secrets: Vec<SecretId>,
}

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
}

/// The words that lead to a machine, before `sh` there, with this configuration of ssh.
fn way(reach: &Reach, config: Option<&str>) -> Vec<String> {
    let (host, user) = match reach {
        Reach::Local => return Vec::new(),
        Reach::Exec { prefix } => return prefix.clone(),
        Reach::Ssh { host, user } => (host, Some(user).filter(|user| !user.is_empty())),
    };
    let config = config.into_iter().flat_map(|file| ["-F", file]);
    let user = user.into_iter().flat_map(|user| ["-l", user]);
    ["ssh"].into_iter().chain(config).chain(user).chain(["--", host]).map(String::from).collect()
}

/// A command as a run would start it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rehearsal {
    /// The words before `sh -c`: how the machine is reached. Empty for this machine.
    pub way: Vec<String>,
    /// Milliseconds after which the machine itself ends the script.
    pub limit_ms: Option<u64>,
    /// The script; a value that is known only later stands in it by its name, as `'{{lsn}}'`.
    pub script: String,
    /// The script that reads back, if there is one.
    pub verify: Option<String>,
    /// The secrets that each of them reads from standard input before anything else.
    pub secrets: Vec<SecretId>,
}

/// The command of an instruction as a run would start it with this configuration of ssh; `None` if it runs none.
pub fn rehearse(program: &Program, instr: &Instr, config: Option<&str>) -> Option<Result<Rehearsal, String>> {
    rehearse_with(program, instr, config, |_| None)
}

/// The same with the values that are known by now.
pub fn rehearse_with(
    program: &Program,
    instr: &Instr,
    config: Option<&str>,
    known: impl Fn(ValueId) -> Option<String>,
) -> Option<Result<Rehearsal, String>> {
    let command = instr.op.command()?;
    let reach = reach(program, instr);
    let by_name = |id: ValueId| program.values.get(id.index()).map(|v| format!("{{{{{}}}}}", v.name));
    let of = |script: &Template| Script::of(program, script, command, |id| known(id).or_else(|| by_name(id)));
    let rehearse = || {
        let verify = match &instr.op {
            Op::Run { verify: Some(verify), .. } => Some(of(verify)?.text),
            _ => None,
        };
        let limit_ms = remote_limit(command, reach);
        let Script { text: script, secrets } = of(&command.script)?;
        Ok(Rehearsal { way: way(reach, config), limit_ms, script, verify, secrets })
    };
    Some(rehearse())
}

/// The command that writes secrets one by one to its standard output, as one types it; relative files are in `folder`.
pub fn writes_secrets(program: &Program, secrets: &[SecretId], folder: &str) -> Option<String> {
    let sources = secrets.iter().filter_map(|id| program.secrets.get(id.index()));
    let commands: Vec<String> = sources
        .map(|secret| match &secret.source {
            // Without the variable nothing is written, and the command says that the secret did not arrive.
            SecretSource::Env(name) => format!("printf '%s\\n' \"${{{name}:?}}\""),
            SecretSource::File(path) => format!("head -n 1 {}", word(&in_folder(folder, path))),
        })
        .collect();
    match commands.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        more => Some(format!("{{ {}; }}", more.join("; "))),
    }
}

fn in_folder(folder: &str, path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", folder.trim_end_matches('/')) }
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

/// A text as people type it in a shell: quoted only where that is needed.
pub fn word(text: &str) -> String {
    let bare = text.replace('=', "");
    match quote(&bare) {
        Ok(quoted) if quoted == bare && !text.starts_with('=') => text.to_owned(),
        _ => quote(text).unwrap_or_else(|_| text.to_owned()),
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
    use super::{quote, rehearse, way, word};
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
        let seen = |i: usize| rehearse(&program, &program.code[i], None).unwrap().unwrap();
        assert_eq!(seen(1).script, "A='x y'; export A\npromote '{{lsn}}'");
        assert_eq!(seen(1).way.join(" "), "");
        assert_eq!(seen(2).way.join(" "), "ssh -l admin -- db1");
        assert_eq!(seen(3).way.join(" "), "ip netns exec a");
        assert_eq!((seen(1).limit_ms, seen(2).limit_ms), (None, Some(90_500)));
        assert!(rehearse(&program, &program.code[0], None).is_none());
    }

    #[test]
    fn ssh_is_typed_with_the_configuration_that_the_run_has() {
        let reach = |user: &str| Reach::Ssh { host: "db1".into(), user: user.into() };
        assert_eq!(way(&reach("admin"), Some("/my config")), ["ssh", "-F", "/my config", "-l", "admin", "--", "db1"]);
        assert_eq!(way(&reach(""), None), ["ssh", "--", "db1"]);
    }

    #[test]
    fn people_quote_only_what_needs_it() {
        let typed = ["a=b", "a=b c", "it's", "=a", "", "x"].map(word);
        assert_eq!(typed, ["a=b", "'a=b c'", "\"it's\"", "'=a'", "''", "x"]);
    }

    #[test]
    fn nothing_with_a_nul_byte_becomes_a_command() {
        assert!(quote("a\0b").unwrap_err().contains("NUL"));
    }
}
