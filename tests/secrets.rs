//! Secrets appear nowhere: not in what the executor starts, writes, prints or leaves behind. The only places for a secret
//! are where it was given, the pipe to the command that is to have it, and that command with what it starts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[allow(dead_code, reason = "its connections are left alone here")]
mod sshd;

use sshd::Sshd;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Commands that print what they were given in every way that is covered, and then end as they are told to.
const PLAN: &str = r#"
secret token { env = "TOKEN" }
secret key   { file = "key" }
node here { via = local }
node jail { via = exec  prefix = "env -u NOTHING" }

action show(code: number) on host: node {
  needs  host is up
  env    PW = token
  env    KEY = key
  run    """
    exec 2>&1
    touch began
    echo "$PW" "$KEY" >&2
    printf '%s' "${PW%%\$*}"; sleep 0.3; printf '%s\n' "\$${PW#*\$}"
    printf '%s' "$PW" | base64 -w 0; printf 'user:%s' "$KEY" | base64 -w 0; echo
    printf '%s' "$PW" | od -An -v -tx1 | tr -d ' \n'; echo
    set -x; : "$PW"; set +x
    sh spellings.sh
    test ! -e hold || sleep 60
    exit {{code}}
  """
}
"#;

/// What shells and Python make of them, of everything in a language and of as much as a program may.
const SPELLINGS: &str = r#"
for shell in dash "busybox sh"; do $shell -c set; done
for locale in C C.UTF-8; do
  LC_ALL=$locale bash -c 'set; declare -p PW KEY; printf "%q\n" "$PW" "$KEY"; echo "${PW@Q} ${KEY@Q}"; set -x; : "$PW" "$KEY"'
done
exec /usr/bin/python3 - <<'END'
import html, json, os, shlex, urllib.parse as url
for it in os.environ["PW"], os.environ["KEY"]:
    print(json.dumps(it), json.dumps(it, ensure_ascii=False), repr(it), ascii(it), it.encode(), shlex.quote(it), html.escape(it))
    print(json.dumps(it).replace("/", "\\/").replace("&", "\\u0026"), it.encode().hex(), it.encode().hex().upper())
    print(url.quote(it), url.quote(it, safe=""), url.quote(it, safe="".join(map(chr, range(33, 127))).replace("%", "")), url.quote_plus(it))
    for form in "%{:02x}", "%{:02X}", "\\x{:02x}", "\\{:03o}":
        print("".join(map(form.format, it.encode())))
    for form in "\\u{:04x}", "\\u{:04X}", "\\u{{{:x}}}", "&#{};", "&#x{:x};":
        print("".join(form.format(ord(c)) for c in it))
END
"#;

const STEPS: &str = r#"
plan move() "Something moves" {
  given  here is up, jail is up
  step before on here { run "cat key; env >before.env" }
  step local on here { do show(0) }
  step jailed on jail { do show(0) }
  step again on here {
    do show(7)
    retry 2 times, every 1s
    idempotent
    if possible
  }
  step kept on here {
    env PW = token
    run "printf 'token=%s\n' \"$PW\""
    let kept = match "token=(.*)" in output
    if possible
  }
  step last on here {
    env KEY = key
    run "echo \"no: $KEY\"; exit 1"
    output "^no" means failure
  }
}
"#;

struct Case {
    folder: TempDir,
    /// The middle of each secret: it is found whatever stands around it is turned into. No other case has the same.
    cores: [String; 2],
    /// The secrets, full of signs that mean something to shells, patterns, JSON and URLs.
    secrets: [String; 2],
    /// What they look like, as they are and as the plan prints them.
    needles: Vec<(&'static str, Vec<u8>)>,
}

impl Case {
    fn new(plan: &str) -> Case {
        let folder = tempfile::tempdir().unwrap();
        let own = blake3::hash(folder.path().as_os_str().as_encoded_bytes()).to_hex();
        let cores = [format!("Xq{}", &own[..10]), format!("Jf{}", &own[10..20])];
        let secrets = [format!("a.*[({}$'\"\\+/= %z", cores[0]), format!("^k|{{ä\t{}`~;&", cores[1])];
        let needles = needles(&cores, &secrets);
        let case = Case { folder, cores, secrets, needles };
        fs::write(case.path("plan.ha"), format!("{PLAN}{plan}")).unwrap();
        fs::write(case.path("spellings.sh"), SPELLINGS).unwrap();
        fs::write(case.path("key"), case.secrets[1].clone() + "\nand a line that nobody needs\n").unwrap();
        case
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .current_dir(&self.folder)
            .env("HOME", self.folder.path())
            .env("TOKEN", &self.secrets[0]);
        command.env("HANDOVER_STATE", self.path("state")).stdin(Stdio::null());
        command
    }

    fn handover(&self, args: &[&str]) -> (i32, String) {
        let output = self.command(&[&[env!("CARGO_BIN_EXE_handover")], args].concat()).output().unwrap();
        let text = [&output.stdout, &output.stderr].map(|t| String::from_utf8_lossy(t).into_owned()).concat();
        (output.status.code().unwrap_or(-1), text)
    }

    fn wait_for(&self, name: &str) {
        let begin = Instant::now();
        while !self.path(name).exists() {
            assert!(begin.elapsed() < Duration::from_secs(60), "`{name}` does not appear");
            sleep(Duration::from_millis(5));
        }
    }

    /// That no file here has a secret, but for the one that holds it.
    fn has_none_in_files(&self) {
        let mut folders = vec![self.folder.path().to_owned()];
        let mut seen = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let (path, kind) = (entry.path(), entry.file_type().unwrap());
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() && ![self.path("key"), self.path("trace")].contains(&path) {
                    seen += 1;
                    self.has_none(&path.display().to_string(), &fs::read(&path).unwrap());
                }
            }
        }
        assert!(seen > 3, "{seen}");
    }

    fn has_none(&self, place: &str, bytes: &[u8]) {
        for (how, needle) in &self.needles {
            if let Some(at) = bytes.windows(needle.len()).position(|w| w == needle.as_slice()) {
                let around = &bytes[at.saturating_sub(80)..(at + 80).min(bytes.len())];
                panic!("a secret is in {place}, {how}: {}", String::from_utf8_lossy(around));
            }
        }
    }

    fn is_secret(&self, bytes: &[u8]) -> bool {
        self.cores.iter().any(|core| contains(bytes, core))
    }

    /// Looks at every process again and again, as `ps` would, until the child has ended. Gives what was seen of the
    /// environments that may have a secret: those of its commands.
    fn watch(&self, child: &mut Child) -> BTreeSet<&'static str> {
        let mut seen = BTreeSet::new();
        while child.try_wait().unwrap().is_none() {
            for entry in fs::read_dir("/proc").unwrap().flatten() {
                let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
                let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
                self.has_none(&format!("the arguments of process {pid}"), &read("cmdline"));
                for variable in read("environ").split(|b| *b == 0) {
                    if !self.is_secret(variable) {
                        continue;
                    }
                    let text = String::from_utf8_lossy(variable).into_owned();
                    match text.split_once('=') {
                        Some(("PW", content)) if content == self.secrets[0] => _ = seen.insert("PW"),
                        Some(("KEY", content)) if content == self.secrets[1] => _ = seen.insert("KEY"),
                        Some(("TOKEN", _)) if is_executor(pid) => {}
                        // It was the executor's when it was read, and has become a command's since.
                        Some(("TOKEN", _)) if !read("environ").split(|b| *b == 0).any(|now| now == variable) => {}
                        _ => panic!("process {pid} has {text}: {}", String::from_utf8_lossy(&read("cmdline"))),
                    }
                }
            }
        }
        seen
    }
}

fn needles(cores: &[String], secrets: &[String]) -> Vec<(&'static str, Vec<u8>)> {
    let mut found = Vec::new();
    for (core, secret) in cores.iter().zip(secrets) {
        found.push(("as it is", core.as_bytes().to_vec()));
        let spelled = |one: fn(u8) -> String| core.bytes().map(one).collect::<String>();
        for (how, text) in [
            ("in hexadecimal", spelled(|b| format!("{b:02x}"))),
            ("in hexadecimal", spelled(|b| format!("{b:02X}"))),
            ("percent-encoded", spelled(|b| format!("%{b:02x}"))),
            ("percent-encoded", spelled(|b| format!("%{b:02X}"))),
            ("escaped", spelled(|b| format!("\\x{b:02x}"))),
            ("escaped", spelled(|b| format!("\\{b:03o}"))),
            ("escaped", spelled(|b| format!("\\u{b:04x}"))),
            ("escaped", spelled(|b| format!("\\u{b:04X}"))),
            ("escaped", spelled(|b| format!("\\u{{{b:x}}}"))),
            ("as entities", spelled(|b| format!("&#{b};"))),
            ("as entities", spelled(|b| format!("&#x{b:x};"))),
        ] {
            found.push((how, text.into_bytes()));
        }
        for before in ["", "user:"] {
            let script = format!("printf '%s' \"{before}$IT\" | base64 -w 0");
            let output = Command::new("sh").args(["-c", &script]).env("IT", secret).output().unwrap();
            assert!(output.status.success() && output.stdout.len() > 20);
            found.push(("in base64", output.stdout[10..24].to_vec()));
        }
    }
    found
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|w| w == text.as_bytes())
}

/// The executor itself was given the variable. Between its fork and the command's start a child still looks like it.
fn is_executor(pid: u32) -> bool {
    let name = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    name == Path::new(env!("CARGO_BIN_EXE_handover")) || name.as_os_str().is_empty() || contains(&words, "plan.sh")
}

#[test]
fn a_secret_is_in_no_system_call_but_the_way_to_its_command() {
    if Command::new("strace").arg("-V").output().is_err() {
        assert!(std::env::var_os("HANDOVER_REQUIRE_LABS").is_none(), "there is no strace, and nothing may be skipped");
        return eprintln!("skipped: there is no strace");
    }
    let case = Case::new(STEPS);
    let calls = "trace=execve,openat,open,creat,rename,renameat2,mkdir,write,writev,pwrite64,pwritev,sendto,sendmsg";
    let program = env!("CARGO_BIN_EXE_handover");
    let folder = Path::new(program).parent().unwrap().display();
    let path = format!("PATH={folder}:{}", std::env::var("PATH").unwrap());
    let second = format!("env HANDOVER_STATE={} {path}", case.path("second").display());
    let run = [program, "run", "plan.ha", "--yes", "--events", "json", "--replica", &second];
    let strace = ["strace", "-f", "-v", "-y", "-s", "70000", "-o", "trace", "-e", calls];
    let output = case.command(&[&strace[..], &run[..]].concat()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    case.has_none("the events", &text);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&text));
    let trace = String::from_utf8_lossy(&fs::read(case.path("trace")).unwrap()).into_owned();
    assert!(trace.lines().next().is_some_and(|l| l.contains("execve(") && l.contains("TOKEN=")), "as it was given");
    let (mut piped, mut started) = (0, 0);
    for line in trace.lines().skip(1).filter(|l| case.is_secret(l.as_bytes())) {
        let call = line.split_once(' ').unwrap().1.trim_start();
        if call.starts_with("write(") && call.split_once('>').unwrap().0.contains("<pipe:[") {
            piped += 1;
            continue;
        }
        let (arguments, variables) = call.split_once("], [").unwrap_or((call, ""));
        let given = variables.split("\", \"").filter(|v| case.is_secret(v.as_bytes()));
        let given: Vec<&str> = given.map(|v| v.trim_start_matches('"').split_once('=').unwrap().0).collect();
        let own = arguments.starts_with("execve(") && !case.is_secret(arguments.as_bytes());
        assert!(own && given.iter().all(|name| ["PW", "KEY"].contains(name)), "{line}");
        started += 1;
    }
    assert!(case.path("second").is_dir(), "there was a second journal");
    assert!(piped > 5 && started > 5, "the way that there is was seen: {piped} and {started}");
    case.has_none_in_files();
}

#[test]
fn a_secret_is_in_no_process_file_event_or_report() {
    let case = Case::new(STEPS);
    let mut run = case.command(&[env!("CARGO_BIN_EXE_handover"), "run", "plan.ha", "--yes"]);
    let mut child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let seen = case.watch(&mut child);
    assert_eq!(seen, BTreeSet::from(["PW", "KEY"]), "the commands have them");
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    case.has_none("what is told", &text);
    let text = String::from_utf8(text).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("output `no: ***`"), "a reason: {text}");
    assert!(text.contains("what is to be kept of the output contains a secret"), "a value: {text}");
    let inherited = fs::read_to_string(case.path("before.env")).unwrap();
    assert!(!inherited.contains("TOKEN="), "{inherited}");
    for args in [
        &["show"][..],
        &["show", "--format", "json"],
        &["runs", "--format", "json"],
        &["report", "--format", "html"],
        &["report", "--format", "markdown"],
        &["report", "--format", "json"],
    ] {
        let (code, text) = case.handover(args);
        assert_eq!(code, 0, "{text}");
        case.has_none(&format!("{args:?}"), text.as_bytes());
    }
    let (_, shown) = case.handover(&["show", "--format", "json"]);
    assert!(shown.matches("***").count() > 300, "what was printed is there, without them: {shown}");
    case.has_none_in_files();
}

#[test]
fn a_secret_is_in_nothing_that_a_killed_executor_leaves_behind() {
    let case = Case::new(
        "plan move() {\n  given here is up\n  step local on here { do show(0)\n    idempotent }\n  step more on here { run \"cat key\" }\n}\n",
    );
    fs::write(case.path("hold"), "").unwrap();
    let mut run = case.command(&[env!("CARGO_BIN_EXE_handover"), "run", "plan.ha", "--yes"]);
    let mut child = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    case.wait_for("began");
    sleep(Duration::from_millis(600));
    child.kill().unwrap();
    child.wait().unwrap();
    case.has_none_in_files();
    let notes = fs::read_dir(case.path("state/running")).unwrap().flatten().next().unwrap();
    let note = fs::read_to_string(notes.path()).unwrap();
    let pid: i32 = note.split(' ').nth(2).unwrap().parse().unwrap();
    rustix::process::kill_process_group(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL)
        .unwrap();
    fs::remove_file(case.path("hold")).unwrap();
    let mut resume = case.command(&[env!("CARGO_BIN_EXE_handover"), "resume"]);
    let mut child = resume.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    case.watch(&mut child);
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    case.has_none("what is told", &text);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&text));
    let (_, shown) = case.handover(&["show", "--format", "json"]);
    assert!(shown.contains("***"), "{shown}");
    case.has_none_in_files();
}

#[test]
fn nobody_else_reads_the_memory_of_an_executor_with_secrets() {
    if !rustix::process::geteuid().is_root() {
        assert!(std::env::var_os("HANDOVER_REQUIRE_LABS").is_none(), "only root can become somebody else");
        return eprintln!("skipped: only root can become somebody else");
    }
    let case = Case::new("plan move() {\n  given here is up\n  step local on here { do show(0) }\n}\n");
    fs::write(case.path("hold"), "").unwrap();
    for name in ["", "key", "plan.ha", "hold"] {
        std::os::unix::fs::chown(case.path(name), Some(65534), Some(65534)).unwrap();
    }
    let program = case.path("handover");
    fs::copy(env!("CARGO_BIN_EXE_handover"), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut run = case.command(&[program.to_str().unwrap(), "run", "plan.ha", "--yes"]);
    run.uid(65534).gid(65534).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = run.spawn().unwrap();
    case.wait_for("began");
    let owner = fs::metadata(format!("/proc/{}/environ", child.id())).unwrap().uid();
    let limit = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let running = limit.lines().find(|l| l.starts_with("Uid:")).unwrap().to_owned();
    fs::remove_file(case.path("hold")).unwrap();
    let note = fs::read_dir(case.path("state/running")).unwrap().flatten().next().unwrap();
    let note = fs::read_to_string(note.path()).unwrap();
    let pid: i32 = note.split(' ').nth(2).unwrap().parse().unwrap();
    rustix::process::kill_process_group(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL)
        .unwrap();
    child.wait().unwrap();
    assert!(running.contains("65534"), "{running}");
    assert_eq!(owner, 0, "its environment and its memory are root's, although it runs as nobody");
}

#[test]
fn a_shell_script_leaves_none_behind_either() {
    let case = Case::new(STEPS);
    // It hides secrets as they are, in no other form.
    let plan = fs::read_to_string(case.path("plan.ha")).unwrap();
    let plain: Vec<&str> =
        plan.lines().filter(|l| !["base64", "od -An", "set -x", "spellings"].iter().any(|w| l.contains(w))).collect();
    fs::write(case.path("plan.ha"), plain.join("\n") + "\n").unwrap();
    let (code, text) = case.handover(&["build", "plan.ha", "--emit", "sh", "-o", "plan.sh"]);
    assert_eq!(code, 0, "{text}");
    let mut run = case.command(&["sh", "plan.sh", "--jobs", "1"]);
    let mut child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let seen = case.watch(&mut child);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    case.has_none("what is told", text.as_bytes());
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert_eq!(seen, BTreeSet::from(["PW", "KEY"]), "the commands have them");
    assert!(text.contains("what is to be kept of the output contains a secret"), "{text}");
    let inherited = fs::read_to_string(case.path("before.env")).unwrap();
    assert!(!inherited.contains("TOKEN="), "{inherited}");
    case.has_none_in_files();
}

#[test]
fn a_secret_is_nowhere_on_the_way_to_another_machine() {
    let case = Case::new("");
    let folder = case.path("far").display().to_string();
    fs::create_dir(&folder).unwrap();
    let steps = format!(
        r#"
node far {{}}
action tell(code: number) on host: node {{
  needs  host is up
  env    PW = token
  env    KEY = key
  run    "cd '{folder}' && env >environment; echo \"$PW $KEY\"; echo \"$PW\" >&2; sleep 1; rm environment; exit {{{{code}}}}"
}}
plan move() {{
  given far is up
  step one on far {{ do tell(0) }}
  step two on far {{
    do tell(7)
    retry 1 times, every 1s
    idempotent
  }}
}}
"#
    );
    fs::write(case.path("plan.ha"), format!("{PLAN}{steps}")).unwrap();
    let Some(sshd) = Sshd::start(&case.path("sshd"), "") else { return };
    let mut run = case.command(&[env!("CARGO_BIN_EXE_handover"), "run", "plan.ha", "--yes", "--events", "json"]);
    run.arg("--ssh-config").arg(sshd.client("")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = run.spawn().unwrap();
    let seen = case.watch(&mut child);
    let output = child.wait_with_output().unwrap();
    drop(sshd);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    case.has_none("the events", text.as_bytes());
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.matches("*** ***").count() >= 3, "{text}");
    assert_eq!(seen, BTreeSet::from(["PW", "KEY"]), "the commands have them: {text}");
    case.has_none_in_files();
}
