//! What the editor asks and tells, by method: parameters of the protocol to questions of [`crate::assist`] and back.

mod look;
mod margin;
mod names;
mod sync;
mod write;

use super::server::{Refusal, Server};
use crate::assist::{self, Place, View};
use gen_lsp_types::{Location, Position, Range, TextDocumentIdentifier, TextDocumentPositionParams};
use lsp_server::ErrorCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The answer to a request, as JSON.
///
/// # Errors
/// Why there is none.
pub fn answer(server: &mut Server, method: &str, params: Value) -> Result<String, Refusal> {
    match method {
        "textDocument/documentSymbol" => ask(server, params, look::symbols),
        "workspace/symbol" => ask(server, params, look::search),
        "textDocument/formatting" => ask(server, params, look::formatting),
        "textDocument/semanticTokens/full" => ask(server, params, look::tokens),
        "textDocument/completion" => ask(server, params, write::completion),
        "textDocument/hover" => ask(server, params, names::hover),
        "textDocument/definition" => ask(server, params, names::definition),
        "textDocument/references" => ask(server, params, names::references),
        "textDocument/documentHighlight" => ask(server, params, names::highlights),
        "textDocument/prepareRename" => ask(server, params, names::renamed),
        "textDocument/rename" => ask(server, params, names::rename),
        "textDocument/inlayHint" => ask(server, params, margin::hints),
        "textDocument/codeLens" => ask(server, params, margin::lenses),
        "textDocument/codeAction" => ask(server, params, margin::fixes),
        _ => Err(Refusal { code: ErrorCode::MethodNotFound, message: format!("`{method}` is not known here") }),
    }
}

/// What the editor tells; what is not known does not matter.
///
/// # Errors
/// What was told does not fit.
pub fn notified(server: &mut Server, method: &str, params: Value) -> Result<(), Refusal> {
    match method {
        "textDocument/didOpen" => sync::opened(server, read(params)?),
        "textDocument/didChange" => sync::changed(server, read(params)?),
        "textDocument/didSave" => sync::saved(server, read(params)?),
        "textDocument/didClose" => sync::closed(server, read(params)?),
        "workspace/didChangeWatchedFiles" => sync::others_changed(server),
        "workspace/didChangeWorkspaceFolders" => sync::folders(server, &params),
        _ => Ok(()),
    }
}

fn read<P: DeserializeOwned>(params: Value) -> Result<P, Refusal> {
    serde_json::from_value(params).map_err(|error| Refusal::senseless(format!("the parameters do not fit: {error}")))
}

fn ask<P: DeserializeOwned, A: Serialize>(
    server: &mut Server,
    params: Value,
    answer: impl FnOnce(&mut Server, P) -> Result<A, Refusal>,
) -> Result<String, Refusal> {
    let answer = answer(server, read(params)?)?;
    serde_json::to_string(&answer).map_err(|error| Refusal::failed(error.to_string()))
}

/// A part of a text that the editor asks about.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
struct DocumentRange {
    text_document: TextDocumentIdentifier,
    range: Range,
}

/// A place in a text that the editor asks about.
struct Spot {
    path: String,
    offset: usize,
}

impl Server {
    /// A text that the editor asks about, with all that it sees.
    fn view(&mut self, document: &TextDocumentIdentifier) -> Result<View, Refusal> {
        let (path, texts) = (self.path(&document.uri), self.texts());
        let view = self.desk.view(&texts, &path);
        view.ok_or_else(|| Refusal::senseless(format!("`{path}` is not open, and cannot be read")))
    }

    /// The byte offset that the editor asks about.
    fn offset(&self, view: &View, at: Position) -> usize {
        let Some(own) = view.own() else { return 0 };
        match self.documents.get(&own.path) {
            Some(open) => open.lines.offset(&open.text, at, self.editor.encoding),
            None => super::position::Lines::of(&own.text).offset(&own.text, at, self.editor.encoding),
        }
    }

    fn spot(&mut self, params: &TextDocumentPositionParams) -> Result<(View, Spot), Refusal> {
        let view = self.view(&params.text_document)?;
        let offset = self.offset(&view, params.position);
        let path = view.own().map_or_else(String::new, |own| own.path.clone());
        Ok((view, Spot { path, offset }))
    }

    /// What a text says: in the editor if it is open there.
    fn text(&self, path: &str) -> Option<String> {
        assist::text(&self.texts(), path)
    }

    /// A place as the editor knows it.
    fn location(&self, place: &Place) -> Option<Location> {
        Some(Location { uri: self.uri(&place.path)?, range: self.range(&place.path, place.range())? })
    }
}
