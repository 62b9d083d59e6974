//! What a run needs of approvals: how many, by whom, and whether those that are there are about what is to be run.
//!
//! An administrator can require approvals for a whole host, by variables; flags can then ask for more, never for less.

use crate::approval::{Approval, difference};
use crate::base::limits;
use crate::cli::flags::{RunFlags, StateFlag, absolute, again};
use crate::cli::run::Loaded;
use crate::cli::sign;
use crate::os::{self, Signer, Signers, Store};
use crate::run::{Approved, Event, RunError};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// `--require-approval` and its company.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ApprovalFlags {
    /// Run only what this file approves, which `handover sign` made; may be repeated
    #[arg(long = "require-approval", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How many people must have approved it [default: $HANDOVER_APPROVALS, or 1 with `--require-approval`]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    approvals: Option<u16>,
    /// Whose approvals count: a file as in ALLOWED SIGNERS of ssh-keygen(1) [default: $HANDOVER_ALLOWED_SIGNERS]
    #[arg(long, value_name = "FILE")]
    allowed_signers: Option<PathBuf>,
    /// Keys that count no more: public keys, or a key revocation list [default: $HANDOVER_REVOKED_KEYS]
    #[arg(long, value_name = "FILE")]
    revoked_keys: Option<PathBuf>,
}

impl ApprovalFlags {
    /// As they are given again. A host that names the same files compares them as they were typed.
    pub fn again(&self) -> Vec<(String, String)> {
        let files = self.files.iter().map(|file| again("--require-approval", absolute(file)));
        let people = self.approvals.map(|n| again("--approvals", n.to_string()));
        let path = |flag, path: &Option<PathBuf>| path.as_ref().map(|path| again(flag, path.to_string_lossy()));
        let signers = path("--allowed-signers", &self.allowed_signers);
        files.chain(people).chain(signers).chain(path("--revoked-keys", &self.revoked_keys)).collect()
    }
}

/// What is required.
struct Rule {
    people: usize,
    signers: Signers,
}

/// Holds what is to be run against the approvals that are required. Gives those that count, for the journal.
pub fn check(
    flags: &ApprovalFlags,
    loaded: &Loaded,
    decisions: &[(String, String)],
) -> Result<Vec<Approved>, RunError> {
    let Some(rule) = rule(flags)? else { return Ok(Vec::new()) };
    let mut found: Vec<Approved> = Vec::new();
    for file in &flags.files {
        let approved = one(file, &rule.signers, loaded, decisions)?;
        // One person with two keys, or one key under two names, is one person.
        if !found.iter().any(|a| a.by == approved.by || a.key == approved.key) {
            found.push(approved);
        }
    }
    if found.len() >= rule.people {
        return Ok(found);
    }
    let needs = match rule.people {
        1 => String::from("somebody must have approved it"),
        n => format!("{n} people must have approved it"),
    };
    let has = match found.iter().map(|a| a.by.as_str()).collect::<Vec<_>>() {
        names if names.is_empty() => String::from("nobody has"),
        names => format!("only {} has", names.join(", ")),
    };
    let help = "whoever has reviewed the plan signs it with `handover sign`; give each approval with `--require-approval FILE`";
    Err(RunError::stopped(format!("{needs}, and {has}; nothing was started")).help(help))
}

/// Holds a run that is to go on against the rule of the host: as many people as that says must have approved it, and each of
/// them may sign still.
pub fn check_recorded(store: &Store, run: &str) -> Result<(), RunError> {
    let Some(rule) = rule(&ApprovalFlags::default())? else { return Ok(()) };
    let started = store.events(run)?.into_iter().find_map(|record| match record.event {
        Event::RunStarted(started) => Some((record.time, started.approved)),
        _ => None,
    });
    let (since, approved) = started.unwrap_or_default();
    let refused = |why: String| RunError::stopped(format!("{why}; run {run} is not taken up again here"));
    let mut found: Vec<Signer> = Vec::new();
    for Approved { by, key, certified, .. } in approved {
        let signer = Signer { name: by, key, certified };
        os::may_sign(&signer, since, &rule.signers).map_err(|why| refused(format!("{} {why}", signer.name)))?;
        if !found.iter().any(|other| other.name == signer.name || other.key == signer.key) {
            found.push(signer);
        }
    }
    if found.len() >= rule.people {
        return Ok(());
    }
    let message = format!("this host wants the approvals of {}, and it was started with {}", rule.people, found.len());
    Err(refused(message)
        .help("start the plan anew with the approvals; steps that are done and can be read back are not repeated"))
}

/// Under the rule of a host, refuses what whoever runs a plan must not choose: a command that leads to a copy of the
/// journal, how `ssh` is configured, and a journal without the holds and runs of this host.
pub fn check_flags(how: &RunFlags, state: &StateFlag) -> Result<(), RunError> {
    if host_rule()?.is_none_or(|people| people == 0) {
        return Ok(());
    }
    let options = how.options();
    let state = state.state.as_ref().map(|path| path.to_string_lossy().into_owned());
    let chosen = [
        ("--replica", options.replica, Some("HANDOVER_REPLICA")),
        ("--ssh-config", options.ssh_config, None),
        ("--state", state, Some("HANDOVER_STATE")),
    ];
    for (flag, given, name) in chosen {
        let hosts = name.and_then(variable);
        if let Some(given) =
            given.filter(|given| hosts.as_ref().is_none_or(|hosts| hosts.as_os_str() != given.as_str()))
        {
            let why = format!("`{flag}` cannot be `{given}`: this host says by HANDOVER_APPROVALS what may run on it");
            let help = name.map_or_else(String::new, |name| format!(", or have the host name it by {name}"));
            return Err(RunError::stopped(why).help(format!("leave `{flag}` out{help}; nothing was started")));
        }
    }
    Ok(())
}

/// A variable of the host.
fn variable(name: &'static str) -> Option<OsString> {
    std::env::var_os(name).filter(|v| !v.is_empty())
}

/// How many people must have approved whatever runs on this host.
fn host_rule() -> Result<Option<u16>, RunError> {
    let Some(n) = variable("HANDOVER_APPROVALS") else { return Ok(None) };
    n.to_str().and_then(|n| n.parse::<u16>().ok()).map(Some).ok_or_else(|| {
        let why = format!("HANDOVER_APPROVALS is `{}`, which is no number of people", n.display());
        RunError::usage(why).help("0 for no approvals, 1, 2, …")
    })
}

/// What is required by the flags and by the host.
fn rule(flags: &ApprovalFlags) -> Result<Option<Rule>, RunError> {
    let host = host_rule()?;
    let asked = flags.approvals.or((!flags.files.is_empty()).then_some(1));
    let Some(people) = asked.max(host).filter(|n| *n > 0) else { return Ok(None) };
    let allowed = agreed("--allowed-signers", &flags.allowed_signers, "HANDOVER_ALLOWED_SIGNERS")?;
    let revoked = agreed("--revoked-keys", &flags.revoked_keys, "HANDOVER_REVOKED_KEYS")?;
    let Some(allowed) = allowed else {
        return Err(RunError::usage("nobody has said whose approvals count")
            .help("name the file of those who may sign: `--allowed-signers FILE` or HANDOVER_ALLOWED_SIGNERS"));
    };
    Ok(Some(Rule { people: usize::from(people), signers: Signers { allowed, revoked } }))
}

/// What a flag and a variable of the host say, if they do not contradict each other.
fn agreed(flag: &str, given: &Option<PathBuf>, name: &'static str) -> Result<Option<PathBuf>, RunError> {
    if let Some(host) = variable(name).map(PathBuf::from).filter(|host| !host.is_absolute()) {
        let why = format!("{name} is `{}`, which is another file in every folder", host.display());
        return Err(RunError::usage(why).help("name the file with its whole path"));
    }
    match (given, variable(name).map(PathBuf::from)) {
        (Some(given), Some(host)) if *given != host => {
            Err(RunError::usage(format!("`{flag}` says otherwise than this host: {name} is `{}`", host.display()))
                .help(format!("leave `{flag}` out")))
        }
        (given, host) => Ok(host.or_else(|| given.clone())),
    }
}

/// One approval, if it is good and about this program and these decisions.
fn one(file: &Path, signers: &Signers, loaded: &Loaded, decisions: &[(String, String)]) -> Result<Approved, RunError> {
    let name = file.display();
    let refused = |why: String| RunError::stopped(format!("{why}; nothing was started"));
    let text = os::read_text(file, limits::APPROVAL_BYTES).map_err(|error| refused(error.to_string()))?;
    let approval = Approval::parse(&text).map_err(|wrong| {
        refused(format!("`{name}` is no approval: {wrong}"))
            .help("`handover sign` writes approvals; they cannot be edited")
    })?;
    let Signer { name: by, key, certified } =
        os::signer(&approval.text, &approval.signature, signers).map_err(|why| refused(format!("`{name}` {why}")))?;
    let approved = &approval.statement;
    if let Some(difference) = difference(approved, &sign::statement(loaded)) {
        let message = format!("`{name}` is signed by {by}, but approves something else: {}", difference.what);
        let remedy = "go back to what was approved, or have this reviewed and signed anew";
        return Err(refused(message).help(format!("{}{remedy}", difference.places)));
    }
    for (decision, answer) in &approved.given {
        if !decisions.iter().any(|(name, given)| name == decision && given == answer) {
            let message = format!("`{name}` is signed by {by}, and approves it with `{decision}={answer}` only");
            return Err(
                refused(message).help(format!("run it with `--given {decision}={answer}`, or have it signed anew"))
            );
        }
    }
    Ok(Approved { by, key, signed: approved.time, digest: approval.digest(), certified })
}
