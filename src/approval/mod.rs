//! Approvals: what somebody has read, as a text that they sign, and how what is to be run differs from it. Pure.
//!
//! An approval is one text file. It begins with the [`Statement`], which can be read and reviewed as it stands, and ends
//! with a signature over exactly these bytes, in the armoured SSHSIG format (OpenSSH's PROTOCOL.sshsig):
//!
//! ```text
//! Handover approval, version 1
//! …
//! -----BEGIN SSH SIGNATURE-----
//! …
//! -----END SSH SIGNATURE-----
//! ```
//!
//! Who may sign, and whether a signature is good, is not decided here: `ssh-keygen` knows.

mod difference;
mod shown;
mod statement;
#[cfg(test)]
mod tests;

pub use difference::{Difference, difference};
pub use shown::is_hidden;
pub use statement::{SourceText, Statement};

use crate::base::limits;
use std::fmt;

/// What the signature is made for: one made for another purpose does not count, nor does this one elsewhere.
pub const NAMESPACE: &str = "plan@handover";

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// An approval, taken apart. Whether its signature is good is another question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Approval {
    /// What was signed.
    pub statement: Statement,
    /// The same, byte for byte.
    pub text: String,
    /// The signature, armoured.
    pub signature: String,
}

/// Why a text is no approval.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there, as the end of a sentence that begins with the line.
    pub why: String,
}

impl Malformed {
    fn new(line: usize, why: impl Into<String>) -> Malformed {
        Malformed { line, why: why.into() }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} {}", self.line, self.why)
    }
}

impl Approval {
    /// Takes an approval apart. What it accepts, it would write the same way.
    pub fn parse(file: &str) -> Result<Approval, Malformed> {
        let line = |at: usize| file.get(..at).unwrap_or_default().matches('\n').count() + 1;
        if let Some(at) = file.find('\r') {
            return Err(Malformed::new(
                line(at),
                "has a line end of another system: the file was converted on the way",
            ));
        }
        // No line of a statement begins like that.
        let at = file.find(&format!("\n{BEGIN}\n")).map(|at| at + 1);
        let at = at.ok_or_else(|| {
            Malformed::new(line(file.len()), "is the last, and there is no signature: it is not signed")
        })?;
        let (text, signature) = file.split_at(at);
        let statement = Statement::parse(text)?;
        check_armour(signature).map_err(|(number, why)| Malformed::new(line(at) + number, why))?;
        Ok(Approval { statement, text: text.to_owned(), signature: signature.to_owned() })
    }

    /// BLAKE3 of what was signed, in hexadecimal.
    pub fn digest(&self) -> String {
        blake3::hash(self.text.as_bytes()).to_hex().to_string()
    }
}

/// That a text is one armoured signature and nothing else; otherwise after how many lines it is not.
fn check_armour(signature: &str) -> Result<(), (usize, &'static str)> {
    let mut over = false;
    for (number, line) in signature.split_inclusive('\n').enumerate().skip(1) {
        let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
        match line.strip_suffix('\n') {
            _ if over || number > limits::SIGNATURE_LINES => return Err((number, "stands after the signature")),
            Some(END) => over = true,
            Some(line) if !line.is_empty() && line.len() <= 76 && line.bytes().all(base64) => {}
            _ => return Err((number, "is not part of a signature")),
        }
    }
    if over { Ok(()) } else { Err((signature.matches('\n').count(), "should end the signature")) }
}
