//! The core calculus as plain data: machines, cells, effects, requirements, conditions, commands.
//!
//! The resolved plan and the compiled program are both made of these; they differ in how steps refer to each other.
//! The executor, the prover and the shell back end all mean the same by them.
//!
//! A *cell* is a small piece of state: where an exclusive thing is held, whether a machine is up, the state of a
//! replication. Its values are numbered, at most 64, so that a set of values is one `u64` mask (bit `v` for value `v`).
//! An *effect* is a total function on one cell. An *atom* is something that conditions ask about and that has one of
//! a few answers: a decision taken when the run starts, a probe, an operator's answer.

mod commands;

pub use commands::binaries;

use crate::base::duration;
use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The id of the `index`th entry of its table.
            pub fn at(index: usize) -> $name {
                $name(u32::try_from(index).unwrap_or(u32::MAX))
            }

            /// The index in its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// Index of a machine (the language calls it a node).
    MachineId;
    /// Index of a cell.
    CellId;
    /// Index of an atom.
    AtomId;
    /// Index of a value that is known only while the plan runs.
    ValueId;
    /// Index of a secret.
    SecretId;
}

/// A machine that commands run on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// Its name in the plan.
    pub name: String,
    /// The site it is in, if any.
    pub site: Option<String>,
    /// How commands get there.
    pub reach: Reach,
    /// The cell that says whether it is up: value 0 is `up`, value 1 is `down`.
    pub power: Option<CellId>,
}

/// How commands get to a machine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Reach {
    /// `sh -c SCRIPT` on the machine of the executor.
    Local,
    /// `PREFIX… sh -c SCRIPT`, such as `ip netns exec a`.
    Exec {
        /// The words before `sh`; at least one.
        prefix: Vec<String>,
    },
    /// `ssh [-l USER] HOST 'sh -c SCRIPT'` with the system's OpenSSH.
    Ssh {
        /// Host name or address.
        host: String,
        /// User name; empty for OpenSSH's own choice.
        user: String,
    },
}

/// What a cell stands for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum CellKind {
    /// Where an exclusive thing is. Value 0 is `nowhere`; `holders[v]` is the machine of value `v`.
    Place {
        /// Machine of each value; `None` for `nowhere`.
        holders: Vec<Option<MachineId>>,
    },
    /// Whether a shared thing is on one machine: value 0 is no, value 1 is yes.
    Shared {
        /// The machine.
        machine: MachineId,
    },
    /// The state of a thing.
    State,
    /// Whether a machine is up: value 0 is `up`, value 1 is `down`.
    Power {
        /// The machine.
        machine: MachineId,
    },
    /// Whether a machine that comes up would take an exclusive thing again, wherever that is by then: value 0 is no,
    /// value 1 is yes.
    Configured {
        /// The machine.
        machine: MachineId,
        /// Where the thing is.
        of: CellId,
    },
}

/// A small piece of state.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cell {
    /// The thing, as the operator knows it: `ec_address`, `cf`, `info_folder on rm_osaka`, `ec1`.
    pub name: String,
    /// Names of its values; 1 to 64.
    pub values: Vec<String>,
    /// What it stands for.
    pub kind: CellKind,
    /// A machine that is down holds it no more.
    pub volatile: bool,
    /// Values it may be left in when the plan has ended; all bits if that does not matter.
    pub rests: u64,
    /// Values it may have when the plan starts, by the plan's `given`.
    pub initial: u64,
}

impl Cell {
    /// That its value is one of these, in words: `services on rm_osaka`, `cf is normal or prepared`.
    pub fn says(&self, allowed: u64) -> String {
        let named = |(v, _): &(usize, &String)| *v < 64 && allowed & (1 << v) != 0;
        let values: Vec<&str> = self.values.iter().enumerate().filter(named).map(|(_, v)| v.as_str()).collect();
        match (&self.kind, values.as_slice()) {
            (CellKind::Shared { .. } | CellKind::Configured { .. }, ["yes"]) => self.name.clone(),
            (CellKind::Shared { .. }, ["no"]) => format!("not {}", self.name),
            (CellKind::Configured { .. }, ["no"]) => self.name.replacen(" configured on ", " not configured on ", 1),
            (CellKind::Place { .. }, ["nowhere"]) => format!("{} nowhere", self.name),
            (CellKind::Place { .. }, _) => format!("{} on {}", self.name, values.join(" or ")),
            _ => format!("{} is {}", self.name, values.join(" or ")),
        }
    }

    /// Where or how it may be, after `is` or `may be`: `on pg1 or nowhere`, `normal or prepared`.
    pub fn reads<'v>(&self, values: impl IntoIterator<Item = &'v str>) -> String {
        let place = matches!(self.kind, CellKind::Place { .. });
        let one = |value: &str| if place && value != "nowhere" { format!("on {value}") } else { value.to_owned() };
        values.into_iter().map(one).collect::<Vec<_>>().join(" or ")
    }

    /// The mask of all its values.
    pub fn all(&self) -> u64 {
        mask_of(self.values.len())
    }
}

/// The mask with the lowest `count` bits set (`count` up to 64).
pub fn mask_of(count: usize) -> u64 {
    match count {
        0 => 0,
        1..=63 => (1 << count) - 1,
        _ => u64::MAX,
    }
}

/// Something must be so while a step runs: the cell's value is one of `allowed`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Requirement {
    /// The cell.
    pub cell: CellId,
    /// Mask of the values that will do.
    pub allowed: u64,
}

/// What a step does to one cell. At most one effect a cell and step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Effect {
    /// The cell.
    pub cell: CellId,
    /// What becomes of its value.
    pub change: Change,
    /// An acquire: before it, the thing must be nowhere or already there.
    pub exclusive: bool,
}

/// A total function on the values of a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Change {
    /// Every value becomes this one.
    Set(u8),
    /// This value becomes that one; the others stay.
    Move {
        /// From.
        from: u8,
        /// To.
        to: u8,
    },
}

impl Change {
    /// The value after, for a value before.
    pub fn apply(self, before: u8) -> u8 {
        match self {
            Change::Set(v) => v,
            Change::Move { from, to } if before == from => to,
            Change::Move { .. } => before,
        }
    }

    /// The set of values after, for a set of values before.
    pub fn image(self, before: u64) -> u64 {
        match self {
            _ if before == 0 => 0,
            Change::Set(v) => 1 << (v & 63),
            Change::Move { from, to } if before & (1 << (from & 63)) != 0 => {
                (before & !(1 << (from & 63))) | (1 << (to & 63))
            }
            Change::Move { .. } => before,
        }
    }
}

/// Something that conditions ask about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Atom {
    /// As `--given` calls it: `firewalls`, `sso`, `operating(tokyo)`, `choose`.
    pub name: String,
    /// What is asked, for people.
    pub question: String,
    /// Its answers, 2 to 64. For yes and no: `no`, `yes` in this order.
    pub options: Vec<String>,
    /// Who answers.
    pub source: AtomSource,
    /// For a probe: what a yes proves at the moment it is read. A no proves nothing.
    pub yes_means: Vec<Requirement>,
}

/// Who answers an atom.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AtomSource {
    /// Whoever starts the run, before it starts.
    Decision,
    /// A `PROBE` instruction.
    Probe,
    /// An `ASK` instruction with labelled answers.
    Answer,
}

/// A text with holes for values that are known only while the plan runs.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Template(pub Vec<Piece>);

/// A part of a [`Template`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// The value; in a command, quoted as one shell word.
    Value(ValueId),
}

impl Template {
    /// A text without holes.
    pub fn text(text: impl Into<String>) -> Template {
        Template(vec![Piece::Text(text.into())])
    }

    /// The text, with each hole filled by `fill`.
    pub fn render(&self, mut fill: impl FnMut(ValueId) -> String) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(t) => out.push_str(t),
                Piece::Value(v) => out.push_str(&fill(*v)),
            }
        }
        out
    }

    /// The values it needs, in order of appearance.
    pub fn values(&self) -> impl Iterator<Item = ValueId> {
        self.0.iter().filter_map(|p| if let Piece::Value(v) = p { Some(*v) } else { None })
    }
}

/// A value that is known only while the plan runs. `S` refers to a step, `G` is a condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Value<S, G> {
    /// Its name in the plan, for people.
    pub name: String,
    /// Where it comes from.
    pub source: ValueSource<S, G>,
}

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ValueSource<S, G> {
    /// From the output of a step; what uses it runs only if that step succeeded.
    Captured {
        /// The step.
        by: S,
    },
    /// The first text whose condition holds.
    Picked {
        /// Conditions and texts.
        cases: Vec<(G, String)>,
        /// If none holds.
        otherwise: String,
    },
}

/// A secret by reference; its content is never in a plan, program, journal, event or argument list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Secret {
    /// Its name in the plan.
    pub name: String,
    /// Where the executor finds it.
    pub source: SecretSource,
}

/// Where a secret is found, on the machine of the executor, when a command needs it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SecretSource {
    /// An environment variable of the executor.
    Env(String),
    /// The first line of a file.
    File(String),
}

/// A variable put into a command's environment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Its content.
    pub value: EnvValue,
}

/// The content of an environment variable.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum EnvValue {
    /// A text, not quoted: it is assigned, not interpreted.
    Plain(Template),
    /// A secret; it travels by standard input, never by an argument list.
    Secret(SecretId),
}

/// A command: one POSIX shell script for one machine, and what its result means.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Command {
    /// The script.
    pub script: Template,
    /// Variables for its environment.
    pub env: Vec<EnvVar>,
    /// Time limit in milliseconds.
    pub within_ms: Option<u64>,
    /// `within …, then kill`: after the limit it is certain that nothing runs on.
    pub kill: bool,
    /// What exit codes and output lines mean; the first that fits decides. By default exit 0 is success, others failure.
    pub meanings: Vec<Meaning>,
    /// What is kept of its output.
    pub captures: Vec<Capture>,
}

impl Command {
    /// Whether its exit code alone does not say what it came to: what it writes is kept, or decides.
    pub fn heeds_output(&self) -> bool {
        !self.captures.is_empty() || self.meanings.iter().any(|m| matches!(m.sign, Sign::Output(_)))
    }

    /// Its texts that may have holes.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let env = self.env.iter().filter_map(|v| match &v.value {
            EnvValue::Plain(text) => Some(text),
            EnvValue::Secret(_) => None,
        });
        let questions = self.meanings.iter().filter_map(|m| match &m.verdict {
            Verdict::Ask(question) => Some(question),
            Verdict::Success | Verdict::Failure | Verdict::Warning => None,
        });
        std::iter::once(&self.script).chain(env).chain(questions)
    }
}

/// What a result means.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Meaning {
    /// Which results.
    pub sign: Sign,
    /// What they mean.
    pub verdict: Verdict,
}

/// A sign in a command's result.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Sign {
    /// One of these exit codes.
    Exit(Vec<u8>),
    /// A line of its standard output or standard error that this pattern finds.
    Output(String),
}

/// What a sign means.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Verdict {
    /// It worked.
    Success,
    /// It did not.
    Failure,
    /// It worked, and the report mentions it.
    Warning,
    /// The operator decides: yes is success, no is failure.
    Ask(Template),
}

/// A value kept from a command's standard output.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Capture {
    /// The value that gets it.
    pub value: ValueId,
    /// The first line that this pattern finds gives its first group (or all that it finds); no such line is a failure.
    /// `None`: the whole output without its trailing line breaks.
    pub pattern: Option<String>,
}

/// Whether a pattern means the same to the executor and to POSIX tools; otherwise why not.
///
/// Patterns are the part of POSIX extended regular expressions (XBD 9.4) on which `regex-lite` agrees: literal
/// characters, `.`, bracket expressions, `* + ?`, groups, `|`, `^`, `$`, and a backslash before a sign.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    if pattern.is_empty() || pattern.len() > crate::base::limits::PATTERN_BYTES || pattern.contains(['\n', '\0']) {
        return Err("a pattern is one line of text, and not empty".into());
    }
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(next) if next.is_ascii_punctuation() => {}
                next => return Err(format!("`\\{}` is not portable in a pattern", next.unwrap_or(' '))),
            },
            '(' if chars.peek() == Some(&'?') => return Err("`(?` is not portable in a pattern".into()),
            '*' | '+' | '?' if matches!(chars.peek(), Some('?' | '+' | '*')) => {
                return Err("two repetitions in a row are not portable in a pattern".into());
            }
            '{' => return Err("`{` is not portable in a pattern".into()),
            _ => {}
        }
    }
    regex_lite::Regex::new(pattern).map(drop).map_err(|e| format!("the pattern is not understood: {e}"))
}

/// A labelled answer to a question.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// What conditions call it.
    pub name: String,
    /// What the operator reads.
    pub label: String,
    /// It forbids going on: the step fails.
    pub stops: bool,
}

/// Who answers a question, until when, and what counts if nobody does.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Gate {
    /// The role of those who may answer; anybody if there is none.
    pub role: Option<String>,
    /// How long there is to answer, in milliseconds.
    pub within_ms: Option<u64>,
    /// Index of the answer that counts then (of yes and no: 0 is no, 1 is yes). `None`: the step fails.
    pub otherwise: Option<u8>,
}

impl Gate {
    /// The answer that counts if nobody gives one, by its name.
    pub fn default_answer<'a>(&self, answers: &'a [Answer]) -> Option<&'a str> {
        let index = usize::from(self.otherwise?);
        if answers.is_empty() { ["no", "yes"].get(index).copied() } else { answers.get(index).map(|a| a.name.as_str()) }
    }

    /// As it is written, clause by clause: `by dba`, `within 15m, else no`.
    pub fn clauses(&self, answers: &[Answer]) -> Vec<String> {
        let within = self.within_ms.map(|ms| {
            let otherwise = self.default_answer(answers).map_or_else(String::new, |word| format!(", else {word}"));
            format!("within {}{otherwise}", duration(ms).replace(' ', ""))
        });
        self.role.iter().map(|role| format!("by {role}")).chain(within).collect()
    }
}

/// A duty that outlives the plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hold {
    /// What must be kept so.
    pub text: String,
    /// The machine it is about.
    pub machine: Option<MachineId>,
    /// The names of the other things that it is about.
    pub things: Vec<String>,
    /// Their cells, ascending.
    pub cells: Vec<CellId>,
}

/// What a step is and how it is reported, beyond its order and its effects.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Flags {
    /// `if possible`: its failure is reported and passes.
    pub tolerated: bool,
    /// A command of it that timed out may still land later.
    pub lingers: bool,
    /// It stands inside a `finally`: it runs also after failure and cancellation.
    pub finally: bool,
    /// Doing it twice is doing it once.
    pub idempotent: bool,
    /// A raw command without declared effects: nothing is known of it.
    pub opaque: bool,
    /// `commits`: from here on there is no way back.
    pub commits: bool,
}

#[cfg(test)]
mod tests {
    use super::{Cell, CellKind, Change, mask_of};

    #[test]
    fn a_thing_is_on_a_place_and_in_a_state() {
        let cell = |kind| Cell {
            name: "orders".into(),
            values: vec!["nowhere".into(), "pga".into()],
            kind,
            volatile: false,
            rests: 0,
            initial: 0,
        };
        let place = cell(CellKind::Place { holders: vec![None, None] });
        assert_eq!(place.reads(["pga", "nowhere"]), "on pga or nowhere");
        assert_eq!(cell(CellKind::State).reads(["normal", "prepared"]), "normal or prepared");
    }

    #[test]
    fn an_image_is_the_set_of_applied_values() {
        for change in [Change::Set(2), Change::Move { from: 0, to: 3 }, Change::Move { from: 1, to: 1 }] {
            for before in 0..16u64 {
                let each = (0..4u8).filter(|v| before & (1 << v) != 0).fold(0, |m, v| m | 1 << change.apply(v));
                assert_eq!(change.image(before), each, "{change:?} of {before:b}");
            }
        }
        assert_eq!(mask_of(64), u64::MAX);
        assert_eq!(mask_of(3), 7);
    }
}
