//! The words that lead to a node: the system's `ssh` with one shared connection, or a prefix.

use super::text::BOOTSTRAP;
use crate::base::limits;
use crate::calculus::Reach;
use std::fs;
use std::path::{Path, PathBuf};

/// How a node is reached.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// Over a connection that is shared by way of a socket.
    Ssh { host: String, user: String, socket: PathBuf, config: PathBuf },
    /// By a command that runs another.
    Exec { prefix: Vec<String> },
}

impl Way {
    /// The way to a machine that is not this one; `folder` is that of the sockets.
    pub fn new(reach: &Reach, folder: &Path, number: usize) -> Option<Way> {
        match reach {
            Reach::Local => None,
            Reach::Exec { prefix } => Some(Way::Exec { prefix: prefix.clone() }),
            Reach::Ssh { host, user } => Some(Way::Ssh {
                host: host.clone(),
                user: user.clone(),
                socket: folder.join(number.to_string()),
                config: folder.join("config"),
            }),
        }
    }

    /// Whether a connection is shared, so that it is worth while to keep it.
    pub fn is_shared(&self) -> bool {
        matches!(self, Way::Ssh { .. })
    }

    /// The words that open the way and run the agent.
    pub fn opening(&self) -> Vec<String> {
        self.words(&["-M", "-o", "ControlPersist=no"])
    }

    /// The words that run something while the way is open.
    pub fn words_along(&self) -> Vec<String> {
        self.words(&["-o", "ControlMaster=no"])
    }

    /// Forgets what an earlier connection has left.
    pub fn clear(&self) {
        if let Way::Ssh { socket, .. } = self {
            // Mostly there is none.
            let _ = fs::remove_file(socket);
        }
    }

    /// What is known when nothing has been heard in time. `ssh` makes the socket when it has been let in.
    pub fn silence(&self) -> String {
        let seconds = limits::OPENING_MS / 1000;
        match self {
            Way::Ssh { socket, .. } if socket.exists() => {
                format!("it let us in, but no command began in {seconds} s: what its login shell reads first may hang")
            }
            Way::Ssh { .. } | Way::Exec { .. } => format!("no answer in {seconds} s"),
        }
    }

    fn words(&self, sharing: &[&str]) -> Vec<String> {
        let strings = |texts: &[&str]| texts.iter().map(|t| String::from(*t)).collect::<Vec<_>>();
        match self {
            Way::Exec { prefix } => {
                let mut words = prefix.clone();
                words.extend(strings(&["sh", "-c", BOOTSTRAP]));
                words
            }
            Way::Ssh { host, user, socket, config } => {
                let (socket, config) = (socket.to_string_lossy(), config.to_string_lossy());
                let mut words = strings(&["ssh", "-F", &config, "-S", &socket]);
                words.extend(strings(sharing));
                // What a configuration may have for people at a terminal has no place here.
                words.extend(strings(&["-T", "-o", "BatchMode=yes", "-o", "RemoteCommand=none"]));
                words.extend(strings(&["-o", "ClearAllForwardings=yes"]));
                if !user.is_empty() {
                    words.extend(strings(&["-l", user]));
                }
                // One word: ssh gives what follows the host to the login shell there, whichever that is.
                words.extend(strings(&["--", host, &format!("exec sh -c '{BOOTSTRAP}'")]));
                words
            }
        }
    }
}

/// The configuration that `ssh` is given: the user's own, and behind it what it does not say. ssh_config(5): the first
/// value that is found counts.
pub(super) fn configuration(own: Option<&Path>) -> String {
    let included = match own {
        Some(file) => format!("Include \"{}\"\n", file.display()),
        None => String::from("Include ~/.ssh/config\nInclude /etc/ssh/ssh_config\n"),
    };
    format!("{included}Host *\n  ConnectTimeout 10\n  ServerAliveInterval 5\n  ServerAliveCountMax 3\n")
}

#[cfg(test)]
mod tests {
    use super::{BOOTSTRAP, Way, configuration};
    use crate::calculus::Reach;
    use std::path::Path;
    use std::process::Command;

    #[test]
    fn what_a_login_shell_is_given_is_plain() {
        // csh, fish and others differ in what a backslash, a `!` or a line break in single quotes is.
        assert!(!BOOTSTRAP.contains(['\'', '\\', '!', '\n']), "{BOOTSTRAP}");
        let reach = Reach::Ssh { host: "-oProxyCommand=x".into(), user: "ops".into() };
        let way = Way::new(&reach, Path::new("/run/h"), 7).unwrap();
        let (opening, along) = (way.opening().join(" "), way.words_along().join(" "));
        assert!(opening.starts_with("ssh -F /run/h/config -S /run/h/7 -M "), "{opening}");
        assert!(opening.ends_with(&format!(" -l ops -- -oProxyCommand=x exec sh -c '{BOOTSTRAP}'")), "{opening}");
        assert!(along.contains("-S /run/h/7 -o ControlMaster=no -T"), "{along}");
        assert!(Way::new(&Reach::Local, Path::new("/"), 0).is_none());
    }

    #[test]
    fn silence_tells_how_far_it_went() {
        let folder = tempfile::tempdir().unwrap();
        let reach = Reach::Ssh { host: "far".into(), user: String::new() };
        let way = Way::new(&reach, folder.path(), 1).unwrap();
        assert_eq!(way.silence(), "no answer in 30 s");
        std::fs::write(folder.path().join("1"), "").unwrap();
        assert!(way.silence().starts_with("it let us in, but no command began"), "{}", way.silence());
        way.clear();
        assert_eq!(way.silence(), "no answer in 30 s");
    }

    #[test]
    fn the_users_own_configuration_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("own"), "Host a\n  ConnectTimeout 77\n  Port 2222\n").unwrap();
        std::fs::write(path("config"), configuration(Some(&path("own")))).unwrap();
        let asked = |host: &str| Command::new("ssh").arg("-G").arg("-F").arg(path("config")).arg(host).output();
        let (Ok(a), Ok(b)) = (asked("a"), asked("b")) else { return eprintln!("skipped: there is no ssh") };
        let (a, b) = (String::from_utf8(a.stdout).unwrap(), String::from_utf8(b.stdout).unwrap());
        assert!(a.contains("\nconnecttimeout 77\n") && a.contains("\nport 2222\n"), "{a}");
        assert!(a.contains("\nserveraliveinterval 5\n") && b.contains("\nserveraliveinterval 5\n"), "{a}{b}");
        assert!(b.contains("\nconnecttimeout 10\n") && b.contains("\nport 22\n"), "{b}");
    }
}
