//! Notes in the Static Analysis Results Interchange Format, SARIF 2.1.0 (an OASIS standard), for code scanning.

use crate::emit::note::{Level, Note};
use crate::emit::place::{Place, Range};
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;

/// Where the schema is published.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The notes as one log with one run.
pub fn sarif(notes: &[Note]) -> Value {
    let mut rules: Vec<Rule> = Vec::new();
    let mut known: HashMap<String, u32> = HashMap::new();
    let results: Vec<Outcome> = notes
        .iter()
        .map(|note| {
            let index = rules.iter().position(|rule| rule.id == note.rule).unwrap_or_else(|| {
                rules.push(Rule::of(note));
                rules.len() - 1
            });
            // Two findings that say the same in one file are told apart by their order.
            let digest = fingerprint(note);
            let count = known.entry(digest.clone()).or_default();
            *count += 1;
            Outcome::of(note, index, format!("{digest}:{count}"))
        })
        .collect();
    let driver = Driver {
        name: "handover",
        version: env!("CARGO_PKG_VERSION"),
        semantic_version: env!("CARGO_PKG_VERSION"),
        rules,
    };
    let run = Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results };
    serde_json::to_value(Log { schema: SCHEMA, version: "2.1.0", runs: vec![run] }).unwrap_or_default()
}

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: Vec<Run>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Outcome>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    short_description: Message,
    full_description: Message,
    help: Message,
}

impl Rule {
    fn of(note: &Note) -> Rule {
        let text = |text: String| Message { text };
        let help = match note.rule.strip_prefix("HA") {
            Some(_) => format!("`handover explain {}` tells more", note.rule),
            None => String::from("`handover diff` shows all of the change"),
        };
        Rule {
            id: note.rule.clone(),
            short_description: text(note.title.clone()),
            full_description: text(note.title.clone()),
            help: text(help),
        }
    }
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    code_flows: Vec<CodeFlow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix>,
    partial_fingerprints: HashMap<&'static str, String>,
}

impl Outcome {
    fn of(note: &Note, rule_index: usize, fingerprint: String) -> Outcome {
        let help = if note.help.is_empty() { String::new() } else { format!("\n\n{}", note.help) };
        let flow = |text: &String| FlowLocation {
            location: Location { physical_location: None, message: Some(Message { text: text.clone() }) },
        };
        let flow = ThreadFlow { locations: note.story.iter().map(flow).collect() };
        Outcome {
            rule_id: note.rule.clone(),
            rule_index,
            level: match note.level {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Notice => "note",
            },
            message: Message { text: format!("{}{help}", note.message) },
            locations: note.place.iter().map(|place| Location::of(place, None)).collect(),
            related_locations: note.related.iter().map(|(place, text)| Location::of(place, Some(text))).collect(),
            code_flows: if note.story.is_empty() { Vec::new() } else { vec![CodeFlow { thread_flows: vec![flow] }] },
            fixes: note.fix.iter().map(|(place, text)| Fix::of(place, text, &note.help)).collect(),
            partial_fingerprints: HashMap::from([("handover/v1", fingerprint)]),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<PhysicalLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

impl Location {
    fn of(place: &Place, text: Option<&String>) -> Location {
        Location {
            physical_location: Some(PhysicalLocation {
                artifact_location: ArtifactLocation { uri: uri(&place.file) },
                region: Region::of(place.range),
            }),
            message: text.filter(|text| !text.is_empty()).map(|text| Message { text: text.clone() }),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

impl Region {
    fn of(Range { start, end }: Range) -> Region {
        Region { start_line: start.line, start_column: start.column, end_line: end.line, end_column: end.column }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CodeFlow {
    thread_flows: Vec<ThreadFlow>,
}

#[derive(Serialize)]
struct ThreadFlow {
    locations: Vec<FlowLocation>,
}

#[derive(Serialize)]
struct FlowLocation {
    location: Location,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix {
    description: Message,
    artifact_changes: Vec<ArtifactChange>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange {
    artifact_location: ArtifactLocation,
    replacements: Vec<Replacement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    deleted_region: Region,
    inserted_content: Message,
}

impl Fix {
    fn of(place: &Place, text: &str, help: &str) -> Fix {
        let description = if help.is_empty() { "mend it" } else { help };
        Fix {
            description: Message { text: description.to_owned() },
            artifact_changes: vec![ArtifactChange {
                artifact_location: ArtifactLocation { uri: uri(&place.file) },
                replacements: vec![Replacement {
                    deleted_region: Region::of(place.range),
                    inserted_content: Message { text: text.to_owned() },
                }],
            }],
        }
    }
}

/// A path as a reference of RFC 3986: what is neither unreserved nor a `/` is percent-encoded.
fn uri(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'/');
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The same finding after lines were moved has the same fingerprint.
fn fingerprint(note: &Note) -> String {
    let file = note.place.as_ref().map_or("", |place| place.file.as_str());
    let hash = blake3::hash([note.rule.as_str(), file, note.message.as_str()].join("\0").as_bytes());
    hash.to_hex().chars().take(16).collect()
}
