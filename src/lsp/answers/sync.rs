//! Which texts are open, and how they change.

use crate::lsp::diagnostics::Watch;
use crate::lsp::server::{Refusal, Server};
use crate::lsp::uri;
use gen_lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
};
use serde_json::Value;

pub fn opened(server: &mut Server, params: DidOpenTextDocumentParams) -> Result<(), Refusal> {
    let document = params.text_document;
    let path = server.path(&document.uri);
    server.documents.open(path.clone(), document.uri.0, document.version, &document.text);
    server.watches.insert(path.clone(), Watch::of(&path));
    server.check(&path);
    Ok(())
}

pub fn changed(server: &mut Server, params: DidChangeTextDocumentParams) -> Result<(), Refusal> {
    let document = params.text_document;
    let path = server.path(&document.text_document_identifier.uri);
    let encoding = server.editor.encoding;
    let edited = server.documents.edit(&path, document.version, params.content_changes, encoding);
    let changes = edited.map_err(Refusal::senseless)?;
    if !changes.is_empty() {
        server.move_places(&path, &changes);
        server.check(&path);
    }
    Ok(())
}

pub fn saved(server: &mut Server, params: DidSaveTextDocumentParams) -> Result<(), Refusal> {
    let path = server.path(&params.text_document.uri);
    if params.text.is_some_and(|text| server.documents.saved(&path, &text)) {
        server.check(&path);
    }
    Ok(())
}

pub fn closed(server: &mut Server, params: DidCloseTextDocumentParams) -> Result<(), Refusal> {
    let path = server.path(&params.text_document.uri);
    if !server.documents.close(&path) {
        return Err(Refusal::senseless(format!("`{path}` was closed, but it is not open")));
    }
    server.watches.remove(&path);
    server.show(&path);
    // Others may import it; for them it is again what is on disk.
    server.check(&path);
    Ok(())
}

pub fn others_changed(server: &mut Server) -> Result<(), Refusal> {
    server.check_all();
    Ok(())
}

pub fn folders(server: &mut Server, params: &Value) -> Result<(), Refusal> {
    let list = |what: &str| -> Vec<String> {
        let folders = params.pointer(&format!("/event/{what}")).and_then(Value::as_array);
        folders.into_iter().flatten().filter_map(|folder| uri::path(folder.get("uri")?.as_str()?)).collect()
    };
    let removed = list("removed");
    server.editor.folders.retain(|folder| !removed.contains(folder));
    server.editor.folders.extend(list("added"));
    Ok(())
}
