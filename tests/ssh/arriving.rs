//! What arrives at a node, unchanged, whatever its login shell is, and is shown to nobody.

use crate::case::{Case, outcome, plan};
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn scripts_values_and_secrets_arrive_unchanged_and_nothing_shows_the_secrets() {
    let Some(case) = Case::new(
        r##"
secret pw { env = "THE_SECRET" }
node far { host = "far.example" }
action write(text: string) on host: node {
  needs host is up
  env   PW = pw
  env   PLAIN = "it's {{text}}"
  run   "printf '%s\n' {{text}} \"$PW\" \"$PLAIN\" >>DIR/out # that is all"
}
action show() on host: node {
  needs host is up
  env   PW = pw
  run   "echo out; printf 'leak %s\n' \"$PW\" >&2; echo $$ >DIR/begun; until test -e DIR/go; do sleep 0.05; done; cat"
}
plan move() {
  given far is up
  step one on far { do write("it's \"so\" $HOME `id` \\ \\n * %s \t !x ~ ä") }
  step two on far { run """
      for i in 1 2; do
        echo "$i  line" >>DIR/out
      done
      printf 'a\\nb\n' >>DIR/out
      cat >>DIR/out
      """ }
  step three on far { do show() }
  step four on far { run "exit 255" }
}
"##,
    ) else {
        return;
    };
    let executor = case.start(&[]);
    case.wait_for("begun");
    for entry in fs::read_dir("/proc").unwrap().flatten().filter(|e| e.path().join("cmdline").exists()) {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&line).contains("s3cr"), "{entry:?}");
    }
    fs::write(case.path("go"), "").unwrap();
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!(code, 3, "{text}");
    let odd = "it's \"so\" $HOME `id` \\ \\n * %s \t !x ~ ä";
    assert_eq!(case.read("out"), format!("{odd}\ns3cr'et \\n$x\nit's {odd}\n1  line\n2  line\na\\nb\n"));
    assert!(text.contains("four on far") && text.contains("exit code 255"), "{text}");
    for text in files(&case.path("state")) {
        assert!(!String::from_utf8_lossy(&text).contains("s3cr"), "the journal has it");
    }
    assert!(!text.contains("s3cr"), "{text}");
    let folder = format!("handover-{}", rustix::process::getuid().as_raw());
    let notes = ["/run", "/tmp", "/var/tmp"].map(|root| Path::new(root).join(&folder));
    let run = text.split("run        ").nth(1).unwrap().split(' ').next().unwrap();
    for left in notes.iter().filter_map(|n| fs::read_dir(n).ok()).flat_map(|entries| entries.flatten()) {
        assert!(!left.file_name().to_string_lossy().starts_with(run), "the notes at the node are removed");
    }
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let paths = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![fs::read(&path).unwrap()] }).collect()
}

#[test]
fn a_login_shell_that_does_not_end_its_line_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let motd = folder.path().join("motd");
    fs::write(&motd, "printf 'welcome to far'\neval \"$SSH_ORIGINAL_COMMAND\"\n").unwrap();
    let options = format!("ForceCommand sh {}", motd.display());
    let Some(case) = Case::with(&options, &plan("", "    echo so >DIR/done")) else { return };
    let (code, text) = case.run(&[]);
    assert_eq!((code, case.has("done")), (0, true), "{text}");
}

#[test]
fn any_login_shell_passes_on_what_it_is_given() {
    let text = r##"
secret pw { env = "THE_SECRET" }
node far {}
action write(text: string) on host: node {
  needs host is up
  env   PW = pw
  run   "printf '%s\n' {{text}} \"$PW\" >DIR/out; cat >>DIR/out; exit 7"
}
plan move() {
  given far is up
  step one on far { do write("it's \"so\" $HOME `id` \\ \\n * %s !x !! ~ [a] {b} ^c") }
}
"##;
    for shell in ["tcsh", "fish", "dash", "bash", "busybox sh"] {
        let mut words = shell.split(' ');
        if Command::new(words.next().unwrap()).args(words).args(["-c", "exit"]).output().is_err() {
            assert!(
                std::env::var_os("HANDOVER_REQUIRE_LABS").is_none(),
                "there is no {shell}, and nothing may be skipped"
            );
            eprintln!("skipped: there is no {shell}");
            continue;
        }
        // As sshd runs what it is asked to by the login shell, with what that reads at its start.
        let options = format!("ForceCommand exec {shell} -c \"$SSH_ORIGINAL_COMMAND\"");
        let Some(case) = Case::with(&options, text) else { return };
        fs::create_dir_all(case.path("sshd/.config/fish")).unwrap();
        fs::write(case.path("sshd/.config/fish/config.fish"), "echo -n 'welcome to fish'; touch ~/read\n").unwrap();
        fs::write(case.path("sshd/.tcshrc"), "echo -n 'welcome to tcsh'; touch ~/read\n").unwrap();
        let (code, said) = case.run(&[]);
        assert!(code == 3 && said.contains("exit code 7"), "{shell}: {said}");
        assert_eq!(case.has("sshd/read"), ["tcsh", "fish"].contains(&shell), "{shell}: it was not asked");
        let odd = r#"it's "so" $HOME `id` \ \n * %s !x !! ~ [a] {b} ^c"#;
        assert_eq!(case.read("out"), format!("{odd}\ns3cr'et \\n$x\n"), "{shell}");
    }
}
