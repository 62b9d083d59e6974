//! Whether those who signed may sign still, when a run that they approved is taken up again.

use super::{Signer, Signers, certificate, check, in_memory, run};
use crate::base::limits;
use crate::os::files;
use jiff::Timestamp;
use rustix::io::{FdFlags, fcntl_setfd};
use std::fmt;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Command, Stdio};

/// Whether a signer who was let sign at one time may sign now, by this name with the key of this fingerprint. `Err` says why
/// not, or why that cannot be said, as the end of a sentence that begins with the signer.
/// `since` is when the signature was held against the list.
pub fn may_sign(signer: &Signer, since: Timestamp, signers: &Signers) -> Result<(), String> {
    if !signer.certified.is_empty() {
        return is_vouched_for(signer, since, signers);
    }
    let text = files::read_text(&signers.allowed, limits::APPROVAL_BYTES).map_err(lost)?;
    let of_them = |line: &&str| {
        let names = line.split_whitespace().next().unwrap_or_default().trim_matches('"');
        names.split(',').any(|name| name == signer.name)
    };
    let keys: Vec<&str> = text.lines().filter(of_them).filter_map(public_key).collect();
    if !fingerprints(&keys.join("\n"))?.contains(&signer.key) {
        return Err(no_more(signer, signers));
    }
    let Some(revoked) = &signers.revoked else { return Ok(()) };
    let own = keys.iter().find(|key| fingerprints(key).is_ok_and(|found| found.contains(&signer.key)));
    match is_revoked(own.copied().unwrap_or_default(), &signer.key, revoked)? {
        true => Err(revokes(signer, revoked)),
        false => Ok(()),
    }
}

/// The same of one with a certificate. What it said of its time counted when the run began; a key has no more time either.
fn is_vouched_for(signer: &Signer, since: Timestamp, signers: &Signers) -> Result<(), String> {
    files::read(&signers.allowed, limits::APPROVAL_BYTES).map_err(lost)?;
    let found = check("find-principals", None, &signer.certified, |command| {
        let time = since.strftime("-Overify-time=%Y%m%d%H%M%S").to_string();
        command.arg("-f").arg(&signers.allowed).arg(time).env("TZ", "UTC");
    })?;
    let names = String::from_utf8_lossy(&found.stdout).into_owned();
    if !found.status.success() || !names.lines().any(|name| name == signer.name) {
        return Err(no_more(signer, signers));
    }
    let Some(revoked) = &signers.revoked else { return Ok(()) };
    let line = certificate::line(&signer.certified).ok_or("cannot be looked up: the certificate is not whole")?;
    let authority = authority(&line)?;
    for fingerprint in [&signer.key, &authority] {
        if is_revoked(&line, fingerprint, revoked)? {
            return Err(revokes(signer, revoked));
        }
    }
    Ok(())
}

/// The fingerprint of the key that vouches for a certificate.
fn authority(certificate: &str) -> Result<String, String> {
    let mut command = Command::new("ssh-keygen");
    command.args(["-L", "-f", "-"]).stdout(Stdio::piped()).stderr(Stdio::piped()).env("LC_ALL", "C");
    command.stdin(in_memory(&format!("{certificate}\n")).map_err(lost)?);
    let text = String::from_utf8_lossy(&run(command)?.stdout).into_owned();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("Signing CA: "));
    let fingerprint = line.and_then(|line| line.split(' ').find(|word| word.starts_with("SHA256:")));
    fingerprint.map(String::from).ok_or_else(|| String::from("cannot be looked up: nobody vouches for the certificate"))
}

fn no_more(signer: &Signer, signers: &Signers) -> String {
    let allowed = signers.allowed.display();
    format!("may not sign with the key {} any more: `{allowed}` does not let them", signer.key)
}

fn revokes(signer: &Signer, file: &Path) -> String {
    format!("signed with the key {}, which `{}` revokes", signer.key, file.display())
}

fn lost(error: impl fmt::Display) -> String {
    format!("cannot be looked up: {error}")
}

/// The key in a line of those who may sign: its type, and what follows.
fn public_key(line: &str) -> Option<&str> {
    let begins = |word: &str| ["ssh-", "ecdsa-", "sk-"].iter().any(|start| word.starts_with(start));
    let at = line.match_indices(' ').map(|(at, _)| at + 1).find(|at| line.get(*at..).is_some_and(begins))?;
    line.get(at..)
}

/// The fingerprints of public keys, one in a line.
fn fingerprints(keys: &str) -> Result<Vec<String>, String> {
    if keys.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut command = Command::new("ssh-keygen");
    command.args(["-l", "-E", "sha256", "-f", "-"]).stdout(Stdio::piped()).stderr(Stdio::piped()).env("LC_ALL", "C");
    command.stdin(in_memory(&format!("{keys}\n")).map_err(lost)?);
    let output = run(command)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().filter_map(|line| line.split(' ').nth(1)).map(String::from).collect())
}

/// Whether a key is in a file of keys that count no more: a key revocation list, or public keys.
fn is_revoked(key: &str, fingerprint: &str, file: &Path) -> Result<bool, String> {
    let bytes = files::read(file, limits::APPROVAL_BYTES).map_err(lost)?;
    if !bytes.starts_with(b"SSHKRL") {
        return Ok(fingerprints(&String::from_utf8_lossy(&bytes))?.iter().any(|found| found == fingerprint));
    }
    let key = in_memory(&format!("{key}\n")).map_err(lost)?;
    fcntl_setfd(&key, FdFlags::empty()).map_err(lost)?;
    let mut command = Command::new("ssh-keygen");
    command.args(["-Q", "-f"]).arg(file).arg(format!("/dev/fd/{}", key.as_raw_fd()));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("LC_ALL", "C");
    // A list that cannot be read revokes everything.
    Ok(!run(command)?.status.success())
}
