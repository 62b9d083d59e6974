//! Types of the language and the reading of literals that must fit them.

use crate::resolve::library::{KindId, Library};
use ipnet::IpNet;
use std::net::IpAddr;
use std::rc::Rc;
use versions::Versioning;

/// The type of a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ty<'s> {
    /// Any text.
    Text,
    /// A path of a file or folder: not empty, one line.
    Path,
    /// A whole number, not negative.
    Number,
    /// Yes or no.
    Bool,
    /// A dotted version, compared part by part.
    Version,
    /// An IP address with its prefix length.
    Cidr,
    /// An IP address.
    Ip,
    /// A span of time.
    Duration,
    /// One of these words.
    OneOf(Rc<[&'s str]>),
    /// A thing of this kind, or of one that extends it.
    Thing(KindId),
    /// A set of such things.
    Set(KindId),
    /// A value that follows an error; fits everything, so that one mistake is reported once.
    Unknown,
}

/// Words of the built-in types, for "did you mean".
pub const SCALARS: &[&str] = &["string", "path", "number", "bool", "version", "cidr", "ip", "duration"];

impl<'s> Ty<'s> {
    /// The built-in type with this name.
    pub fn scalar(word: &str) -> Option<Ty<'s>> {
        Some(match word {
            "string" => Ty::Text,
            "path" => Ty::Path,
            "number" => Ty::Number,
            "bool" => Ty::Bool,
            "version" => Ty::Version,
            "cidr" => Ty::Cidr,
            "ip" => Ty::Ip,
            "duration" => Ty::Duration,
            _ => return None,
        })
    }

    /// What it is, for people: `a node`, `a duration`, `one of ssh, telnet`.
    pub fn describe(&self, library: &Library<'s>) -> String {
        match self {
            Ty::Text => "a string".into(),
            Ty::Path => "a path".into(),
            Ty::Number => "a number".into(),
            Ty::Bool => "yes or no".into(),
            Ty::Version => "a version".into(),
            Ty::Cidr => "an address with its prefix length".into(),
            Ty::Ip => "an IP address".into(),
            Ty::Duration => "a duration".into(),
            Ty::OneOf(words) => format!("one of {}", words.join(", ")),
            Ty::Thing(kind) => a(library.kind(*kind).name.text),
            Ty::Set(kind) => format!("a set of `{}`", library.kind(*kind).name.text),
            Ty::Unknown => "unknown".into(),
        }
    }

    /// Whether a value of type `other` may stand where this type is asked for.
    pub fn accepts(&self, other: &Ty<'s>, library: &Library<'s>) -> bool {
        match (self, other) {
            (Ty::Unknown, _) | (_, Ty::Unknown) => true,
            (Ty::Thing(a), Ty::Thing(b)) | (Ty::Set(a), Ty::Set(b)) => library.is_a(*b, *a),
            // Every scalar has a text form; the other way a text must be read, which only literals are.
            (Ty::Text, Ty::Path | Ty::Version | Ty::Cidr | Ty::Ip | Ty::Number | Ty::OneOf(_)) => true,
            (a, b) => a == b,
        }
    }
}

/// A word in back quotes with its article.
pub fn a(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} `{word}`")
}

/// Why a literal does not fit: the cause and the remedy.
pub type Misfit = (String, String);

/// Reads a quoted text as the type asks; gives its canonical text.
pub fn read_text(text: &str, ty: &Ty<'_>) -> Result<String, Misfit> {
    let as_is = || Ok(text.to_string());
    match ty {
        Ty::Path if text.is_empty() || text.contains(['\n', '\0']) => {
            Err((format!("`{}` is not a path", text.escape_debug()), "write a path on one line".into()))
        }
        Ty::Cidr => match text.parse::<IpNet>() {
            Ok(net) => Ok(net.to_string()),
            Err(_) => Err((
                format!("`{text}` is not an address with its prefix length"),
                match text.parse::<IpAddr>() {
                    Ok(IpAddr::V4(_)) => format!("add the prefix length: `\"{text}/24\"`"),
                    Ok(IpAddr::V6(_)) => format!("add the prefix length: `\"{text}/64\"`"),
                    Err(_) => "write it like `\"203.0.113.40/24\"`".into(),
                },
            )),
        },
        Ty::Ip => match text.parse::<IpAddr>() {
            Ok(ip) => Ok(ip.to_string()),
            Err(_) => Err((format!("`{text}` is not an IP address"), "write it like `\"203.0.113.40\"`".into())),
        },
        Ty::Version => match Versioning::new(text) {
            Some(_) => as_is(),
            None => Err((format!("`{text}` is not a version"), "write it like `\"2.1.2\"`".into())),
        },
        _ => as_is(),
    }
}

/// Compares two versions part by part; `None` if one is none.
pub fn compare_versions(a: &str, b: &str) -> Option<std::cmp::Ordering> {
    Versioning::new(a)?.partial_cmp(&Versioning::new(b)?)
}

/// The address of `203.0.113.40/24`, its network and its prefix length, as text.
pub fn cidr_part(cidr: &str, part: &str) -> Option<String> {
    let net: IpNet = cidr.parse().ok()?;
    match part {
        "address" => Some(net.addr().to_string()),
        "network" => Some(net.network().to_string()),
        "length" => Some(net.prefix_len().to_string()),
        _ => None,
    }
}

/// What can be asked of a scalar by a dot, with the type of the answer.
pub fn scalar_member<'s>(ty: &Ty<'s>, member: &str) -> Option<Ty<'s>> {
    match (ty, member) {
        (Ty::Cidr, "address" | "network") => Some(Ty::Ip),
        (Ty::Cidr, "length") | (Ty::Duration, "seconds" | "milliseconds") => Some(Ty::Number),
        _ => None,
    }
}

/// The members of [`scalar_member`], for "did you mean".
pub fn scalar_members(ty: &Ty<'_>) -> &'static [&'static str] {
    match ty {
        Ty::Cidr => &["address", "network", "length"],
        Ty::Duration => &["seconds", "milliseconds"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::{Ty, cidr_part, compare_versions, read_text};
    use std::cmp::Ordering;

    #[test]
    fn literals_are_read_as_their_type_asks() {
        assert_eq!(read_text("203.0.113.40/24", &Ty::Cidr).as_deref(), Ok("203.0.113.40/24"));
        assert_eq!(read_text("203.0.113.40", &Ty::Cidr).unwrap_err().1, "add the prefix length: `\"203.0.113.40/24\"`");
        assert!(read_text("300.0.0.1/8", &Ty::Cidr).is_err());
        assert!(read_text("x", &Ty::Ip).is_err() && read_text("", &Ty::Path).is_err());
        assert_eq!(cidr_part("203.0.113.40/24", "address").as_deref(), Some("203.0.113.40"));
        assert_eq!(cidr_part("203.0.113.40/24", "network").as_deref(), Some("203.0.113.0"));
    }

    #[test]
    fn versions_compare_by_part() {
        assert_eq!(compare_versions("2.1.10", "2.1.2"), Some(Ordering::Greater));
        assert_eq!(compare_versions("11.2.0.4", "11.2.0.4"), Some(Ordering::Equal));
        assert_eq!(compare_versions("2.1.2", "2.2"), Some(Ordering::Less));
    }
}
