//! Who may answer what: a role is a group of the system, or users who were named when the run was started.

use super::environment;
use crate::bytecode::{Op, Program};
use crate::run::{Options, RunError};
use std::process::Stdio;

/// The roles of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Roles {
    /// Role and users, as they were named.
    named: Vec<(String, Vec<String>)>,
}

impl Roles {
    pub fn new(named: Vec<(String, Vec<String>)>) -> Roles {
        Roles { named }
    }

    /// Whether a user has a role.
    pub fn has(&self, user: &str, role: &str) -> bool {
        let named = self.named.iter().any(|(name, users)| name == role && users.iter().any(|u| u == user));
        // id(1): all groups of a user, wherever the system has them from. By number: a name may have spaces in it.
        let of_group = |gid: String| {
            output("id", &["-G", "--", user]).is_some_and(|groups| groups.split_whitespace().any(|g| g == gid))
        };
        named || group(role).and_then(|line| gid(&line).map(str::to_owned)).is_some_and(of_group)
    }

    /// Holds the roles that a program asks for against this machine: somebody must have each of them, what is answered in
    /// advance must be for whoever starts the run to answer, a role that is named must be asked for, and whoever is named
    /// now must exist.
    pub fn check(&self, program: &Program, options: &Options, person: &str) -> Result<(), RunError> {
        let named_now = || options.roles.iter().flat_map(|(role, users)| users.iter().map(move |user| (role, user)));
        if let Some((role, user)) = named_now().find(|(_, user)| !is_user(user)) {
            return Err(RunError::usage(format!("there is no user `{user}`"))
                .help(format!("`--role {role}=…` names accounts of this machine: whoever is to answer needs one")));
        }
        let gates = || program.code.iter().filter_map(|i| Some((i.name.as_str(), role_of(&i.op)?)));
        for (step, role) in gates() {
            if !self.is_anybodys(role) {
                return Err(RunError::usage(format!("nobody on this machine is `{role}`, who is to answer `{step}`"))
                    .help(format!("make a group `{role}`, or say who it is: `--role {role}=mila,ben`")));
            }
            if options.answers.iter().any(|(name, _)| name == step) && !self.has(person, role) {
                return Err(RunError::usage(format!("`{step}` is for `{role}` to answer, and {person} is not"))
                    .help("leave the answer out: whoever may give it does so with `handover approve`"));
            }
        }
        match self.named.iter().find(|(name, _)| !gates().any(|(_, role)| role == name)) {
            Some((name, _)) => Err(RunError::usage(format!("the plan asks for no role `{name}`"))
                .help(format!("leave `--role {name}=…` out"))),
            None => Ok(()),
        }
    }

    fn is_anybodys(&self, role: &str) -> bool {
        self.named.iter().any(|(name, users)| name == role && users.iter().any(|user| is_user(user)))
            || group(role).is_some_and(|line| has_members(&line))
    }
}

/// The role that a question is for.
pub(super) fn role_of(op: &Op) -> Option<&str> {
    match op {
        Op::Ask { gate, .. } => gate.role.as_deref(),
        _ => None,
    }
}

/// The line of group(5) about the group of this name; a number is no name.
fn group(name: &str) -> Option<String> {
    output("getent", &["group", "--", name]).filter(|line| line.split(':').next() == Some(name))
}

/// The number of a group, of its line in group(5).
fn gid(line: &str) -> Option<&str> {
    line.trim_end().split(':').nth(2).filter(|gid| !gid.is_empty())
}

/// Whether the system knows an account by this name, wherever it has it from.
fn is_user(name: &str) -> bool {
    output("getent", &["passwd", "--", name]).is_some_and(|line| line.split(':').next() == Some(name))
}

/// The name of the account with this number.
pub(super) fn user_name(uid: u32) -> String {
    let line = output("getent", &["passwd", &uid.to_string()]).unwrap_or_default();
    match line.split(':').next() {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => format!("uid {uid}"),
    }
}

/// Whether a line of group(5) has a member, or the group is the first one of a user.
fn has_members(line: &str) -> bool {
    let mut fields = line.trim_end().split(':').skip(2);
    let (gid, members) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
    let of = |user: &str| user.split(':').nth(3) == Some(gid);
    !members.is_empty() || output("getent", &["passwd"]).is_some_and(|users| users.lines().any(of))
}

/// What a command prints; `None` if it fails.
fn output(command: &str, arguments: &[&str]) -> Option<String> {
    let output =
        environment::command(command).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Roles, gid, has_members};

    #[test]
    fn a_role_is_a_group_or_named_users() {
        let roles = Roles::new(vec![(String::from("dba"), vec![String::from("mila"), String::from("root")])]);
        assert!(roles.has("mila", "dba") && roles.has("root", "dba") && !roles.has("eve", "dba"));
        // POSIX knows no accounts by name, but every system has this one.
        assert!(roles.has("root", "root") && !roles.has("eve", "root") && !roles.has("no such user", "root"));
        assert!(roles.is_anybodys("root") && roles.is_anybodys("dba") && !roles.is_anybodys("no-such-role"));
        let nobody = Roles::new(vec![(String::from("dba"), vec![String::from("rooot")])]);
        assert!(!nobody.is_anybodys("dba"), "a name alone is nobody");
        // A number that is looked up as a group is none.
        assert!(!roles.has("root", "0"));
        assert_eq!(gid("dba ops:x:4000:mila\n"), Some("4000"));
    }

    #[test]
    fn a_group_without_members_is_nobody() {
        assert!(has_members("dba:x:4000:mila\n"));
        assert!(!has_members("dba:x:3999999999:\n"));
        // The first group of root.
        assert!(has_members("root:x:0:"));
    }
}
