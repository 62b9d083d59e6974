//! What the editor shows as wrong: findings of all checks, by text.

use super::position::Encoding;
use super::server::Server;
use crate::assist::{Change, Finding, Outlook};
use crate::base::Severity;
use gen_lsp_types::{
    Code, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, Message, PublishDiagnosticsParams,
    Range,
};
use std::collections::BTreeMap;

/// What is known of an open text as a plan.
#[derive(Debug, Default)]
pub struct Watch {
    /// The number of the newest check.
    pub round: u64,
    /// How its plans go.
    pub outlook: Outlook,
    /// What is wrong but what the proofs find.
    drafted: Vec<Finding>,
    /// What the proofs have found, if the text allows any.
    proved: Vec<Finding>,
    /// The texts that belong to it.
    sees: Vec<String>,
}

impl Watch {
    /// Whether the text of this path belongs to it.
    pub fn sees(&self, path: &str) -> bool {
        self.sees.iter().any(|seen| seen == path)
    }

    /// A text that has not been checked yet; it belongs to itself.
    pub fn of(path: &str) -> Watch {
        Watch { sees: vec![path.into()], ..Watch::default() }
    }

    /// All findings.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.drafted.iter().chain(&self.proved)
    }

    /// Everything moves with an edit.
    pub fn moved(&mut self, path: &str, change: &Change) {
        for list in [&mut self.drafted, &mut self.proved] {
            *list = std::mem::take(list).into_iter().filter_map(|finding| finding.moved(path, change)).collect();
        }
        self.outlook.follow(path, change);
    }

    /// Everything but the proofs is known. What they found last stays until they are done again, unless they will not be.
    pub fn drafted(&mut self, findings: Vec<Finding>, sees: Vec<String>) {
        if findings.iter().any(|finding| finding.severity == Severity::Error) {
            self.proved.clear();
        }
        (self.drafted, self.sees) = (findings, sees);
    }

    /// How the plans go is known; whether that is something new. While nothing resolves, what was known of the steps that
    /// are still there is better than nothing.
    pub fn foreseen(&mut self, outlook: Outlook) -> bool {
        let kept = outlook.is_empty() && !self.drafted.is_empty();
        let new = !kept && self.outlook != outlook;
        if new {
            self.outlook = outlook;
        }
        new
    }

    /// What the proofs have found is known, among everything else.
    pub fn proved(&mut self, findings: Vec<Finding>) {
        self.proved = findings.into_iter().filter(|finding| !self.drafted.contains(finding)).collect();
    }
}

impl Server {
    /// Shows everything that is wrong, as far as it is not shown already; of the text that was checked in any case.
    pub fn show(&mut self, checked: &str) {
        let mut found: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::from([(checked.into(), Vec::new())]);
        for (root, watch) in &self.watches {
            for finding in watch.findings() {
                let path = self.home(finding, root);
                let list = found.entry(path.clone()).or_default();
                let diagnostic = self.diagnostic(finding, &path);
                if !list.contains(&diagnostic) {
                    list.push(diagnostic);
                }
            }
        }
        for gone in self.shown.keys().filter(|path| !found.contains_key(*path)).cloned().collect::<Vec<_>>() {
            found.insert(gone, Vec::new());
        }
        for (path, diagnostics) in found {
            let Some(uri) = self.uri(&path) else { continue };
            let version = self.documents.get(&path).map(|document| document.version);
            let before = self.shown.insert(path.clone(), diagnostics.clone()).unwrap_or_default();
            if before != diagnostics || path == checked {
                let params = PublishDiagnosticsParams { uri, version, diagnostics };
                self.tell("textDocument/publishDiagnostics", serde_json::to_value(params).unwrap_or_default());
            }
        }
        self.shown.retain(|_, diagnostics| !diagnostics.is_empty());
    }

    /// The text to show a finding in: nobody can mend the standard library, so what is found there is told of the plan.
    fn home(&self, finding: &Finding, root: &str) -> String {
        let own = |path: &str| !path.starts_with("std/");
        let places = std::iter::once(&finding.place).chain(finding.related.iter().map(|(place, _)| place));
        places.map(|place| place.path.as_str()).find(|path| own(path)).unwrap_or(root).to_owned()
    }

    /// A finding as the editor shows it in the text of this path.
    pub fn diagnostic(&self, finding: &Finding, path: &str) -> Diagnostic {
        let all = || std::iter::once(&finding.place).chain(finding.related.iter().map(|(place, _)| place));
        let range = all().find(|place| place.path == path).and_then(|place| self.range(path, place.range()));
        let related = finding.related.iter().filter_map(|(place, said)| {
            let location = Location { uri: self.uri(&place.path)?, range: self.range(&place.path, place.range())? };
            Some(DiagnosticRelatedInformation { location, message: said.clone() })
        });
        Diagnostic {
            range: range.unwrap_or_default(),
            severity: Some(match finding.severity {
                Severity::Error => DiagnosticSeverity::Error,
                Severity::Warning => DiagnosticSeverity::Warning,
            }),
            code: Some(Code::String(finding.code.to_string())),
            source: Some("handover".into()),
            message: Message::String(finding.told()),
            related_information: Some(related.collect()),
            ..Diagnostic::default()
        }
    }

    /// A range of bytes of a text as the editor counts it.
    pub fn range(&self, path: &str, bytes: std::ops::Range<usize>) -> Option<Range> {
        let encoding: Encoding = self.editor.encoding;
        if let Some(document) = self.documents.get(path) {
            return Some(document.lines.range(&document.text, bytes, encoding));
        }
        let text = crate::assist::text(&self.texts(), path)?;
        Some(super::position::Lines::of(&text).range(&text, bytes, encoding))
    }
}
