//! Answers about what stands beside a text: hints between its lines, deeds above them, repairs for what is wrong.

use super::DocumentRange;
use super::names::asked;
use crate::assist::{self, Deed, Hint};
use crate::lsp::position::Lines;
use crate::lsp::server::{Refusal, Server};
use gen_lsp_types::{
    CodeAction, CodeActionKind, CodeLens, CodeLensParams, Command, InlayHint, Label, TextEdit, Tooltip, WorkspaceEdit,
};
use serde_json::json;
use std::collections::HashMap;

pub fn hints(server: &mut Server, params: DocumentRange) -> Result<Vec<InlayHint>, Refusal> {
    let (view, place) = asked(server, &params)?;
    let (Some(own), Some(outlook)) = (view.own(), server.outlook(&place.path)) else { return Ok(Vec::new()) };
    let lines = Lines::of(&own.text);
    let shown = |hint: Hint| InlayHint {
        position: lines.position(&own.text, hint.at, server.editor.encoding),
        label: Label::String(hint.label),
        kind: None,
        text_edits: None,
        tooltip: Some(Tooltip::String(hint.detail)),
        padding_left: Some(true),
        padding_right: None,
        data: None,
    };
    Ok(assist::hints(outlook, &place.path, &own.text, place.range()).into_iter().map(shown).collect())
}

pub fn lenses(server: &mut Server, params: CodeLensParams) -> Result<Vec<CodeLens>, Refusal> {
    let view = server.view(&params.text_document)?;
    let Some(own) = view.own() else { return Ok(Vec::new()) };
    let (lines, uri) = (Lines::of(&own.text), &params.text_document.uri);
    let lens = |(at, deed): (std::ops::Range<usize>, Deed)| {
        let (title, command, name) = match deed {
            Deed::RunTest(name) => ("Run the test", "handover.runTest", name),
            Deed::ShowGraph(name) => ("Show the graph", "handover.showGraph", name),
        };
        let arguments = Some(vec![json!(uri), json!(name)]);
        let command = Command { title: title.into(), tooltip: None, command: command.into(), arguments };
        CodeLens { range: lines.range(&own.text, at, server.editor.encoding), command: Some(command), data: None }
    };
    Ok(assist::lenses(own).into_iter().map(lens).collect())
}

pub fn fixes(server: &mut Server, params: DocumentRange) -> Result<Vec<CodeAction>, Refusal> {
    let (_, place) = asked(server, &params)?;
    let findings = server.watches.values().flat_map(|watch| watch.findings());
    let mut actions = Vec::new();
    for (finding, fix) in assist::mendable(findings, &place.path, place.range()) {
        let Some(old) = server.text(&fix.place.path) else { continue };
        let (Some(uri), Some(range)) = (server.uri(&fix.place.path), server.range(&fix.place.path, fix.place.range()))
        else {
            continue;
        };
        let edit = TextEdit { range, new_text: fix.text.clone() };
        let changes = HashMap::from([(uri, vec![edit])]);
        actions.push(CodeAction {
            title: assist::title(fix, old.get(fix.place.range()).unwrap_or("")),
            kind: Some(CodeActionKind::QuickFix),
            diagnostics: Some(vec![server.diagnostic(finding, &place.path)]),
            is_preferred: Some(true),
            edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
            ..CodeAction::default()
        });
    }
    Ok(actions)
}
