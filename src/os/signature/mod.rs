//! Signatures in the SSHSIG format, made and checked by the system's `ssh-keygen`: the keys, the agent, security keys and
//! the list of those who may sign are OpenSSH's business, see ssh-keygen(1), `-Y` and ALLOWED SIGNERS.
//!
//! What is checked goes through descriptors without a name in any folder, so that nothing can be exchanged on the way.

mod certificate;
mod later;

pub use later::may_sign;

use super::files;
use crate::approval::NAMESPACE;
use crate::base::limits;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::{FdFlags, fcntl_setfd};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Whose word counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signers {
    /// The file of those who may sign.
    pub allowed: PathBuf,
    /// The file of keys that count no more, if there is one.
    pub revoked: Option<PathBuf>,
}

/// Whose signature is good.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signer {
    /// As the file of those who may sign calls them.
    pub name: String,
    /// Fingerprint of the key.
    pub key: String,
    /// The signature, if it was made with a certificate: by it can be told later who vouches for the key.
    pub certified: String,
}

/// Signs a text with a key, or with the agent's if it is a public one. Whatever `ssh-keygen` asks (a passphrase, a touch)
/// it asks on the terminal.
pub fn sign(text: &str, key: &Path) -> Result<String, String> {
    let mut command = keygen("sign");
    command.arg("-f").arg(key).stdin(in_memory(text).map_err(|e| e.to_string())?).stderr(Stdio::inherit());
    let output = run(command)?;
    let signature = String::from_utf8(output.stdout).unwrap_or_default();
    if output.status.success() && !signature.is_empty() {
        Ok(signature)
    } else {
        Err(format!("`ssh-keygen` does not sign with `{}`", key.display()))
    }
}

/// Who signed a text. `Err` says why nobody who may has, as the end of a sentence that begins with the approval.
pub fn signer(text: &str, signature: &str, signers: &Signers) -> Result<Signer, String> {
    let allowed = signers.allowed.display();
    for file in std::iter::once(&signers.allowed).chain(&signers.revoked) {
        files::read(file, limits::APPROVAL_BYTES).map_err(|error| format!("cannot be checked: {error}"))?;
    }
    let key = intact(text, signature)?;
    let list = |command: &mut Command| _ = command.arg("-f").arg(&signers.allowed);
    let found = check("find-principals", None, signature, list)?;
    let names = String::from_utf8_lossy(&found.stdout).into_owned();
    let Some(name) = names.lines().next().filter(|_| found.status.success()) else {
        return Err(format!("is signed with the {key}, and `{allowed}` lets nobody sign with that{}", said(&found)));
    };
    let verify = |revoked: Option<&PathBuf>| {
        check("verify", Some(text), signature, |command| {
            list(command);
            command.arg("-I").arg(name);
            revoked.iter().for_each(|file| _ = command.arg("-r").arg(file));
        })
    };
    let verified = verify(signers.revoked.as_ref())?;
    if verified.status.success() {
        let (kind, key) = key.split_once(" key ").unwrap_or(("", &key));
        let certified = if kind.ends_with("-CERT") { signature } else { "" };
        return Ok(Signer { name: name.to_owned(), key: key.to_owned(), certified: certified.to_owned() });
    }
    match &signers.revoked {
        Some(file) if verify(None)?.status.success() => {
            Err(format!("is signed by {name} with the {key}, which `{}` revokes", file.display()))
        }
        _ => Err(format!("is signed by {name} with the {key}, but that does not count{}", said(&verified))),
    }
}

/// The key of a signature that was made for this text and for approving plans, whoever made it.
fn intact(text: &str, signature: &str) -> Result<String, String> {
    let output = check("check-novalidate", Some(text), signature, |_| {})?;
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    let key = answer.trim_end().split_once(" signature with ").map(|(_, key)| key.to_owned());
    key.filter(|_| output.status.success()).ok_or_else(|| {
        format!(
            "has a signature that does not fit: it was changed after it was signed, or signed for another purpose{}",
            said(&output)
        )
    })
}

fn keygen(what: &str) -> Command {
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", what]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("LC_ALL", "C");
    if what != "find-principals" {
        command.args(["-n", NAMESPACE]);
    }
    command
}

/// Has something checked about a signature, and about the text if there is one.
fn check(what: &str, text: Option<&str>, signature: &str, more: impl FnOnce(&mut Command)) -> Result<Output, String> {
    let trouble = |error: io::Error| format!("cannot be checked: {error}");
    let file = in_memory(signature).map_err(trouble)?;
    // `ssh-keygen` inherits it and reads it by its number.
    fcntl_setfd(&file, FdFlags::empty()).map_err(|error| trouble(error.into()))?;
    let mut command = keygen(what);
    // It needs nothing of our environment, which may hold secrets of the plan.
    command.env_clear().env("LC_ALL", "C").envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.arg("-s").arg(format!("/dev/fd/{}", file.as_raw_fd()));
    more(&mut command);
    if let Some(text) = text {
        command.stdin(in_memory(text).map_err(trouble)?);
    }
    run(command).map_err(|why| format!("cannot be checked: {why}"))
}

fn run(mut command: Command) -> Result<Output, String> {
    let child = command.spawn().and_then(std::process::Child::wait_with_output);
    child.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => String::from("there is no `ssh-keygen`; it comes with OpenSSH"),
        _ => format!("`ssh-keygen` could not be run: {error}"),
    })
}

/// A file without a name that holds this text, to be read from its beginning.
fn in_memory(text: &str) -> io::Result<File> {
    let mut file = File::from(memfd_create("handover", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

/// What `ssh-keygen` said about it, after a colon.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let plain = |line: &str| line.trim().chars().filter(|c| !c.is_control()).collect::<String>();
    // It says this after every failure.
    let lines: Vec<String> =
        text.lines().map(plain).filter(|l| !l.is_empty() && l != "No principal matched.").collect();
    if lines.is_empty() { String::new() } else { format!(" (`ssh-keygen`: {})", lines.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::{NAMESPACE, Signers, sign, signer};
    use std::fs;
    use std::path::Path;
    use std::process::{Command, Stdio};

    fn keygen(folder: &Path, args: &[&str]) -> String {
        let output = Command::new("ssh-keygen").args(args).current_dir(folder).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn key(folder: &Path, name: &str) -> String {
        keygen(folder, &["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name]);
        let public = fs::read_to_string(folder.join(format!("{name}.pub"))).unwrap();
        public.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_signature_counts_or_the_reason_why_not_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (mila, noah) = (key(folder.path(), "mila"), key(folder.path(), "noah"));
        let signature = sign("text\n", &at("mila")).unwrap();
        let fingerprint = keygen(folder.path(), &["-l", "-f", "mila.pub"]);
        let fingerprint = fingerprint.split(' ').nth(1).unwrap();
        fs::write(at("revoked"), fs::read(at("mila.pub")).unwrap()).unwrap();
        fs::write(at("nobody"), "").unwrap();
        let check = |signers: &str, revoked: Option<&str>| {
            fs::write(at("signers"), signers).unwrap();
            let signers = Signers { allowed: at("signers"), revoked: revoked.map(at) };
            signer("text\n", &signature, &signers)
        };
        let good = check(&format!("# who may\nmila@x,m@y {mila}\n"), None).unwrap();
        assert_eq!((good.name.as_str(), good.key.as_str(), good.certified.as_str()), ("mila@x", fingerprint, ""));
        assert!(check(&format!("mila@x namespaces=\"git,{NAMESPACE}\" {mila}"), Some("nobody")).is_ok());
        let refused = [
            (format!("noah@x {noah}"), None, "lets nobody sign with that"),
            (String::from("rubbish"), None, "invalid line"),
            (format!("mila@x valid-before=\"20200101\" {mila}"), None, "key has expired"),
            (format!("mila@x valid-after=\"22000101\" {mila}"), None, "key is not yet valid"),
            (format!("mila@x namespaces=\"git\" {mila}"), None, "not permitted for use in signature namespace"),
            (format!("mila@x {mila}"), Some("revoked"), "revoked` revokes"),
            (format!("mila@x {mila}"), Some("none"), "none` does not exist"),
        ];
        for (signers, revoked, why) in refused {
            let said = check(&signers, revoked).unwrap_err();
            assert!(said.contains(why), "{said} has no {why}");
        }
        let signers = Signers { allowed: at("absent"), revoked: None };
        assert!(signer("text\n", &signature, &signers).unwrap_err().contains("absent` does not exist"));
    }

    #[test]
    fn a_signature_is_good_for_one_text_and_one_purpose() {
        let folder = tempfile::tempdir().unwrap();
        let mila = key(folder.path(), "mila");
        let path = folder.path().join("mila");
        let signers = Signers { allowed: folder.path().join("signers"), revoked: None };
        fs::write(&signers.allowed, format!("mila@x {mila}")).unwrap();
        fs::write(folder.path().join("text"), "text\n").unwrap();
        let signature = sign("text\n", &path).unwrap();
        assert!(signer("text\n", &signature, &signers).is_ok());
        let said = signer("text \n", &signature, &signers).unwrap_err();
        assert!(said.contains("changed after it was signed") && said.contains("incorrect signature"), "{said}");
        keygen(folder.path(), &["-q", "-Y", "sign", "-n", "git", "-f", "mila", "text"]);
        let other = fs::read_to_string(folder.path().join("text.sig")).unwrap();
        assert!(signer("text\n", &other, &signers).unwrap_err().contains("namespace does not match"));
        let cut: String = signature.lines().take(2).collect::<Vec<_>>().join("\n");
        assert!(signer("text\n", &cut, &signers).unwrap_err().contains("does not fit"));
        assert!(sign("text\n", &folder.path().join("none")).unwrap_err().contains("does not sign with"));
    }
}
