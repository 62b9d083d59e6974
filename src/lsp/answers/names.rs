//! Answers about a name: what it is, where it is declared and named, and how it gets another one.

use super::DocumentRange;
use crate::assist::{self, Place};
use crate::lsp::server::{Refusal, Server};
use gen_lsp_types::{
    Contents, DocumentHighlight, Hover, Location, MarkupContent, MarkupKind, PrepareRenamePlaceholder, ReferenceParams,
    RenameParams, TextDocumentPositionParams, TextEdit, Uri, WorkspaceEdit,
};
use std::collections::HashMap;

pub fn hover(server: &mut Server, params: TextDocumentPositionParams) -> Result<Option<Hover>, Refusal> {
    let (view, spot) = server.spot(&params)?;
    let outlook = server.outlook(&spot.path);
    let Some((value, at)) = assist::hover(&view, outlook, spot.offset) else { return Ok(None) };
    let contents = Contents::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value });
    Ok(Some(Hover { contents, range: server.range(&spot.path, at) }))
}

pub fn definition(server: &mut Server, params: TextDocumentPositionParams) -> Result<Option<Location>, Refusal> {
    let (view, spot) = server.spot(&params)?;
    let place = assist::definition(&view, spot.offset);
    Ok(place.and_then(|place| server.location(&place)))
}

pub fn references(server: &mut Server, params: ReferenceParams) -> Result<Vec<Location>, Refusal> {
    let (view, spot) = server.spot(&params.text_document_position_params)?;
    let Some(target) = view.meant(spot.offset) else { return Ok(Vec::new()) };
    let (plans, texts) = (server.plans(), server.texts());
    let declared = params.context.include_declaration;
    let places = assist::references(&mut server.desk, &texts, &plans, &target, declared);
    Ok(places.iter().filter_map(|place| server.location(place)).collect())
}

pub fn highlights(server: &mut Server, params: TextDocumentPositionParams) -> Result<Vec<DocumentHighlight>, Refusal> {
    let (view, spot) = server.spot(&params)?;
    let Some(target) = view.meant(spot.offset) else { return Ok(Vec::new()) };
    let ranges =
        assist::named(&view, &target, true).into_iter().filter_map(|place| server.range(&place.path, place.range()));
    Ok(ranges.map(|range| DocumentHighlight { range, kind: None }).collect())
}

pub fn renamed(server: &mut Server, params: TextDocumentPositionParams) -> Result<PrepareRenamePlaceholder, Refusal> {
    let (view, spot) = server.spot(&params)?;
    let (at, placeholder) = assist::renamed(&view, spot.offset).map_err(Refusal::failed)?;
    let range = server.range(&spot.path, at).unwrap_or_default();
    Ok(PrepareRenamePlaceholder { range, placeholder })
}

pub fn rename(server: &mut Server, params: RenameParams) -> Result<WorkspaceEdit, Refusal> {
    let (_, spot) = server.spot(&params.text_document_position_params)?;
    let (plans, texts) = (server.plans(), server.texts());
    let at = (spot.path.as_str(), spot.offset);
    let edits = assist::rename(&mut server.desk, &texts, &plans, at, &params.new_name).map_err(Refusal::failed)?;
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for edit in edits {
        let Some(Location { uri, range }) = server.location(&edit.place) else { continue };
        changes.entry(uri).or_default().push(TextEdit { range, new_text: edit.text });
    }
    Ok(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
}

/// The bytes of a range that the editor asks about.
pub fn asked(server: &mut Server, params: &DocumentRange) -> Result<(assist::View, Place), Refusal> {
    let view = server.view(&params.text_document)?;
    let (start, end) = (server.offset(&view, params.range.start), server.offset(&view, params.range.end));
    let path = view.own().map_or_else(String::new, |own| own.path.clone());
    Ok((view, Place::new(path, start.min(end)..start.max(end))))
}
