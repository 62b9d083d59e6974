//! Flags that several subcommands share, each defined once.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `--format`, for findings and lists.
#[derive(Args, Clone, Copy, Debug)]
pub struct FormatFlag {
    /// How to print: for people, or as one JSON document
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// The formats that every listing has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs; `docs/json.md` describes it
    Json,
}

/// `--state`.
#[derive(Args, Clone, Debug)]
pub struct StateFlag {
    /// Folder of the journals [default: $XDG_STATE_HOME/handover, else ~/.local/state/handover]
    #[arg(long, value_name = "DIR", env = "HANDOVER_STATE")]
    pub state: Option<PathBuf>,
}

/// `--given`.
#[derive(Args, Clone, Debug, Default)]
pub struct GivenFlag {
    /// Decide something that the plan leaves open, or bind a parameter: `firewalls=excluded`; may be repeated
    #[arg(long = "given", value_name = "NAME=VALUE", value_parser = pair)]
    pub givens: Vec<(String, String)>,
}

/// `NAME=VALUE`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err(String::from("expected NAME=VALUE, such as firewalls=excluded")),
    }
}

#[cfg(test)]
mod tests {
    use super::pair;

    #[test]
    fn a_pair_has_two_sides() {
        assert_eq!(pair("a = b=c"), Ok((String::from("a"), String::from("b=c"))));
        for wrong in ["a", "=b", "a=", ""] {
            assert!(pair(wrong).is_err(), "{wrong}");
        }
    }
}
