//! Commands print what the documents say.

use crate::{blocks, documents, read, root, updating};
use snapbox::filter::NormalizeToExpected;
use snapbox::{Assert, IntoData};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Pages that name it use its service, on a port of their own.
const QUICKSTART: &str = "examples/quickstart";

/// A folder for the commands of one page, and what they find in their environment.
struct World {
    folder: TempDir,
    /// Of the service in `examples/quickstart`.
    port: String,
}

impl World {
    fn new(page: &str) -> World {
        let folder = tempfile::tempdir().unwrap();
        symlink(root().join("examples"), folder.path().join("examples")).unwrap();
        let mut world = World { folder, port: String::from("0") };
        if page.contains(QUICKSTART) {
            world.port = world.prints("examples/quickstart/web free-port").trim().to_owned();
        }
        world
    }

    /// What a shell command prints, both streams as they come.
    fn prints(&self, command: &str) -> String {
        let (folder, program) = (self.folder.path(), Path::new(env!("CARGO_BIN_EXE_handover")));
        let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
        let output = Command::new("sh")
            .args(["-c", &format!("{{ {command}\n}} 2>&1")])
            .current_dir(folder)
            .env("PATH", path)
            .env("HOME", folder)
            .env("HANDOVER_STATE", folder.join("state"))
            .env("QUICKSTART_STATE", folder.join("nodes"))
            .env("QUICKSTART_PORT", &self.port)
            .env_remove("XDG_STATE_HOME")
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

/// A page that has stopped in the middle leaves no service behind.
impl Drop for World {
    fn drop(&mut self) {
        if self.port != "0" {
            self.prints(&format!("for node in a b; do {QUICKSTART}/on $node web kill; done"));
        }
    }
}

/// The commands of a console block with what they should print.
fn commands(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(body) = rest.strip_prefix("$ ") {
        let (command, after) = body.split_once('\n').unwrap();
        let end = if after.starts_with("$ ") { 0 } else { after.find("\n$ ").map_or(after.len(), |i| i + 1) };
        found.push((command, &after[..end]));
        rest = &after[end..];
    }
    assert!(rest.is_empty(), "a console block begins with `$ `: {rest}");
    found
}

/// What has to be written into a page so that it is true, and what is wrong with it.
fn corrections<'p>(page: &'p str, world: &World) -> Vec<(&'p str, String, String)> {
    let mut found = Vec::new();
    for block in blocks(page) {
        if let Some(name) = block.info.rsplit(' ').next().filter(|n| n.ends_with(".ha")) {
            fs::write(world.folder.path().join(name), block.text).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        if block.info != "console" {
            continue;
        }
        for (command, expected) in commands(block.text) {
            let actual = world.prints(command).into_data();
            let compared = Assert::new().normalize_paths(false).try_eq(None, actual.clone(), expected.into_data());
            if let Err(difference) = compared {
                let right = NormalizeToExpected::new().redact().normalize(actual, &expected.into_data());
                found.push((expected, right.to_string(), format!("$ {command}\n{difference}")));
            }
        }
    }
    found
}

#[test]
fn commands_print_what_the_documents_say() {
    let mut wrong = Vec::new();
    for path in documents() {
        let page = read(&path);
        let found = corrections(&page, &World::new(&page));
        if updating() {
            let mut updated = page.clone();
            for (expected, right, _) in found.iter().rev() {
                let at = expected.as_ptr() as usize - page.as_ptr() as usize;
                updated.replace_range(at..at + expected.len(), right);
            }
            fs::write(root().join(&path), updated).unwrap();
        }
        wrong.extend(found.into_iter().map(|(_, _, why)| format!("{}: {why}", path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A shell would read it, and handover would understand what it is told to do.
#[test]
fn shell_blocks_are_commands() {
    for path in documents() {
        let page = read(&path);
        for block in blocks(&page).iter().filter(|b| b.info == "sh") {
            let read = Command::new("sh").args(["-n", "-c", block.text]).output().unwrap();
            assert!(read.status.success(), "{}: {read:?}", path.display());
            for line in block.text.lines().filter(|l| l.starts_with("handover ")) {
                let words =
                    shlex::split(line.trim_end_matches('\\')).unwrap_or_else(|| panic!("{}: {line}", path.display()));
                let command = words.into_iter().take_while(|w| !w.starts_with(['|', '>', '<', '&']));
                let parsed = handover::cli::command().try_get_matches_from(command);
                assert!(parsed.is_ok(), "{}: {line}\n{}", path.display(), parsed.unwrap_err());
            }
        }
    }
}
