//! Real sshd on loopback, with its own keys, configuration and port, for as long as a test takes.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A folder with a server's keys and a client's, and the server's process while it runs.
pub struct Sshd {
    pub folder: PathBuf,
    pub port: u16,
    options: String,
    server: Option<Child>,
}

/// Where sshd is; nothing if it is not installed. A test that needs one is skipped then, unless it must not be.
pub fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    let found = folders.map(|f| f.join("sshd")).find(|f| f.exists());
    if found.is_none() {
        assert!(std::env::var_os("HANDOVER_REQUIRE_LABS").is_none(), "there is no sshd, and nothing may be skipped");
        eprintln!("skipped: there is no sshd");
    }
    found
}

impl Sshd {
    /// Starts one in a new folder. `options` are lines of its configuration.
    pub fn start(folder: &Path, options: &str) -> Option<Sshd> {
        program()?;
        fs::create_dir_all(folder).unwrap();
        for key in ["host", "user"] {
            let path = folder.join(key);
            if !path.exists() {
                let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&path).status();
                assert!(made.unwrap().success());
            }
        }
        fs::copy(folder.join("user.pub"), folder.join("authorized")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut sshd = Sshd { folder: folder.to_owned(), port, options: options.to_owned(), server: None };
        let public = fs::read_to_string(folder.join("host.pub")).unwrap();
        fs::write(folder.join("known"), format!("[127.0.0.1]:{port} {public}")).unwrap();
        sshd.boot();
        Some(sshd)
    }

    /// Starts the server.
    pub fn boot(&mut self) {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let config = format!(
            "Port {}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\nUsePAM no\n\
             KbdInteractiveAuthentication no\nPasswordAuthentication no\nPermitRootLogin yes\nSetEnv HOME={}\n{}\n",
            self.port,
            path("host"),
            path("authorized"),
            // What the user's own shell starts with has no place in a test.
            self.folder.display(),
            self.options
        );
        fs::write(path("sshd_config"), config).unwrap();
        // As root sshd wants its folder for the unprivileged part.
        let _ = fs::create_dir_all("/run/sshd");
        let log = fs::File::options().create(true).append(true).open(path("log")).unwrap();
        let mut command = Command::new(program().unwrap());
        command.args(["-D", "-e", "-f", &path("sshd_config")]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.server = Some(command.spawn().unwrap());
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(20), "{}", fs::read_to_string(path("log")).unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server; connections that it has accepted go on.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// The processes of connections that this server has accepted: for each the one that root keeps and, below it, the
    /// user's.
    pub fn connections(&self) -> Vec<Pid> {
        let Some(server) = &self.server else { return Vec::new() };
        let mut found = vec![server.id()];
        let mut at = 0;
        while let Some(parent) = found.get(at).copied() {
            found.extend(children(parent).into_iter().filter(|pid| name(*pid).starts_with("sshd")));
            at += 1;
        }
        found.into_iter().skip(1).filter_map(|pid| Pid::from_raw(i32::try_from(pid).unwrap())).collect()
    }

    /// Sends a signal to the connections.
    pub fn strike(&self, signal: Signal) {
        for pid in self.connections() {
            let _ = kill_process(pid, signal);
        }
    }

    /// A client's configuration that leads to this server, whatever the host is called.
    pub fn client(&self, more: &str) -> PathBuf {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let config = format!(
            "{more}\nHost *\n  HostName 127.0.0.1\n  Port {}\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile \
             {}\n  GlobalKnownHostsFile none\n  KexAlgorithms curve25519-sha256\n",
            self.port,
            path("user"),
            path("known")
        );
        fs::write(path("ssh_config"), config).unwrap();
        self.folder.join("ssh_config")
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.strike(Signal::CONT);
        self.strike(Signal::KILL);
        self.stop();
    }
}

fn children(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        after.split(' ').nth(1).and_then(|ppid| ppid.parse().ok()) == Some(parent)
    })
    .collect()
}

fn name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default()
}
