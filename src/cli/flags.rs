//! Flags that several subcommands share, each defined once.

use crate::run::Options;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// `--format`, for findings and lists.
#[derive(Args, Clone, Copy, Debug)]
pub struct FormatFlag {
    /// How to print: for people, or as one JSON document
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// The formats that every listing has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs; `docs/json.md` describes it
    Json,
}

/// `--state`.
#[derive(Args, Clone, Debug)]
pub struct StateFlag {
    /// Folder of the journal [default: $HANDOVER_STATE, $XDG_STATE_HOME/handover or ~/.local/state/handover]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// `--given`.
#[derive(Args, Clone, Debug, Default)]
pub struct GivenFlag {
    /// Decide something that the plan leaves open, or bind a parameter: `firewalls=excluded`; may be repeated
    #[arg(long = "given", value_name = "NAME=VALUE", value_parser = pair)]
    pub givens: Vec<(String, String)>,
}

/// How a run is run, whether it begins or goes on.
#[derive(Args, Clone, Debug)]
pub struct RunFlags {
    /// Answer a step that asks, in advance: `confirm_off=yes`; may be repeated
    #[arg(long = "answer", value_name = "STEP=ANSWER", value_parser = pair)]
    answers: Vec<(String, String)>,
    /// Who has a role that a question is for, beside the members of the group of that name: `dba=mila,ben`; may be
    /// repeated
    #[arg(long = "role", value_name = "ROLE=USER,…", value_parser = role)]
    roles: Vec<(String, Vec<String>)>,
    /// Why something is done without, or what became of a step is settled by word; recorded with it
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// How many steps may run commands at the same time
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// How many of them on the same node; sshd allows ten sessions of a connection unless it is told otherwise
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    per_node: u16,
    /// How long to look for a node whose connection was lost while a command ran there, in seconds. Then the outcome is
    /// unknown: `verify` decides, else you are asked; what has a limit of its own there is given the time of that
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(..86_400))]
    lost_after: u32,
    /// Configuration of ssh instead of `~/.ssh/config` and the system's
    #[arg(long, value_name = "FILE")]
    ssh_config: Option<PathBuf>,
    /// Keep the journal on another machine, too: what leads there, such as 'ssh control-west'. Nothing is done before
    /// it is durable there
    #[arg(long, value_name = "PREFIX", value_parser = NonEmptyStringValueParser::new())]
    replica: Option<String>,
    /// Only lines, also on a terminal
    #[arg(long, conflicts_with = "events")]
    pub plain: bool,
    /// Report every event as a line of JSON
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub events: Option<Events>,
}

/// The formats of `--events`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Events {
    /// One JSON document a line
    Json,
}

impl RunFlags {
    /// As the executor wants them.
    pub fn options(&self) -> Options {
        Options {
            answers: self.answers.clone(),
            roles: self.roles.clone(),
            why: self.why.clone().unwrap_or_default(),
            jobs: usize::from(self.jobs),
            per_node: usize::from(self.per_node),
            lost_after_ms: u64::from(self.lost_after) * 1000,
            ssh_config: self.ssh_config.as_deref().map(absolute),
            replica: self.replica.clone(),
            ..Options::default()
        }
    }

    /// Those that whoever goes on has to give again. An answer in advance is given once.
    pub fn again(&self) -> Vec<(String, String)> {
        let usual = Options::default();
        let roles = self.roles.iter().map(|(role, users)| again("--role", format!("{role}={}", users.join(","))));
        let replica = self.replica.as_ref().map(|way| again("--replica", way));
        let config = self.ssh_config.as_deref().map(|path| again("--ssh-config", absolute(path)));
        let limits = [
            (u64::from(self.jobs), usual.jobs as u64, "--jobs"),
            (u64::from(self.per_node), usual.per_node as u64, "--per-node"),
            (u64::from(self.lost_after), usual.lost_after_ms / 1000, "--lost-after"),
        ];
        let limits = limits.iter().filter(|(n, usual, _)| n != usual).map(|(n, _, flag)| again(flag, n.to_string()));
        roles.chain(replica).chain(config).chain(limits).collect()
    }
}

impl StateFlag {
    /// The same for another command, if it was given.
    pub fn again(&self) -> Option<(String, String)> {
        self.state.as_ref().map(|path| again("--state", absolute(path)))
    }
}

/// A flag with its value.
pub fn again(flag: &str, value: impl Into<String>) -> (String, String) {
    (flag.to_owned(), value.into())
}

/// A path that means the same in every folder.
pub fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

/// `NAME=VALUE`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err(String::from("expected NAME=VALUE, such as firewalls=excluded")),
    }
}

/// `ROLE=USER,USER`.
fn role(text: &str) -> Result<(String, Vec<String>), String> {
    let (role, users) = pair(text).map_err(|_| String::from("expected ROLE=USER,USER, such as dba=mila,ben"))?;
    Ok((role, users.split(',').map(|user| user.trim().to_owned()).filter(|user| !user.is_empty()).collect()))
}

#[cfg(test)]
mod tests {
    use super::pair;

    #[test]
    fn a_pair_has_two_sides() {
        assert_eq!(pair("a = b=c"), Ok((String::from("a"), String::from("b=c"))));
        for wrong in ["a", "=b", "a=", ""] {
            assert!(pair(wrong).is_err(), "{wrong}");
        }
    }
}
