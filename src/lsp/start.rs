//! The first words: what the editor can, and what the server can.

use super::position::Encoding;
use super::uri;
use crate::assist::Token;
use gen_lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProvider, CodeLensOptions, CompletionOptions, DefinitionProvider,
    DocumentFormattingProvider, DocumentHighlightProvider, DocumentSymbolProvider, Full, HoverProvider,
    InlayHintProvider, ReferencesProvider, RenameOptions, RenameProvider, Save, SaveOptions, SemanticTokensLegend,
    SemanticTokensOptions, SemanticTokensProvider, ServerCapabilities, TextDocumentSync, TextDocumentSyncKind,
    TextDocumentSyncOptions, WorkspaceSymbolProvider,
};
use serde_json::{Value, json};

/// What the editor can, as far as it matters.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Editor {
    /// What it counts characters in.
    pub encoding: Encoding,
    /// The folders that it works in.
    pub folders: Vec<String>,
    /// It asks for inlay hints again when told to.
    pub refreshes_hints: bool,
    /// It asks for code lenses again when told to.
    pub refreshes_lenses: bool,
    /// It can tell which files were changed by others.
    pub watches: bool,
    /// It shows snippets with places to fill in.
    pub snippets: bool,
}

impl Editor {
    /// What the parameters of `initialize` say. What they do not say or say wrongly, it cannot.
    pub fn of(params: &Value) -> Editor {
        let can = |path: &str| params.pointer(path).and_then(Value::as_bool).unwrap_or(false);
        let list = |path: &str| params.pointer(path).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let bytes = list("/capabilities/general/positionEncodings").iter().any(|e| e == "utf-8");
        let mut folders: Vec<&str> = list("/workspaceFolders").iter().filter_map(|f| f.get("uri")?.as_str()).collect();
        if folders.is_empty() {
            folders.extend(params.get("rootUri").and_then(Value::as_str));
        }
        Editor {
            encoding: if bytes { Encoding::Utf8 } else { Encoding::Utf16 },
            folders: folders.into_iter().filter_map(uri::path).collect(),
            refreshes_hints: can("/capabilities/workspace/inlayHint/refreshSupport"),
            refreshes_lenses: can("/capabilities/workspace/codeLens/refreshSupport"),
            watches: can("/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration"),
            snippets: can("/capabilities/textDocument/completion/completionItem/snippetSupport"),
        }
    }
}

/// What the server says of itself.
pub fn introduction(encoding: Encoding) -> Value {
    json!({
        "capabilities": capabilities(encoding),
        "serverInfo": { "name": "handover", "version": env!("CARGO_PKG_VERSION") },
    })
}

fn capabilities(encoding: Encoding) -> ServerCapabilities {
    let legend = SemanticTokensLegend {
        token_types: Token::SORTS.iter().map(ToString::to_string).collect(),
        token_modifiers: Token::MODIFIERS.iter().map(ToString::to_string).collect(),
    };
    ServerCapabilities {
        position_encoding: Some(encoding.kind()),
        text_document_sync: Some(TextDocumentSync::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::Incremental),
            save: Some(Save::SaveOptions(SaveOptions { include_text: Some(true) })),
            ..TextDocumentSyncOptions::default()
        })),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([".", "(", "/", "{", " "].map(String::from).to_vec()),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(HoverProvider::Bool(true)),
        definition_provider: Some(DefinitionProvider::Bool(true)),
        references_provider: Some(ReferencesProvider::Bool(true)),
        document_highlight_provider: Some(DocumentHighlightProvider::Bool(true)),
        document_symbol_provider: Some(DocumentSymbolProvider::Bool(true)),
        workspace_symbol_provider: Some(WorkspaceSymbolProvider::Bool(true)),
        document_formatting_provider: Some(DocumentFormattingProvider::Bool(true)),
        inlay_hint_provider: Some(InlayHintProvider::Bool(true)),
        code_lens_provider: Some(CodeLensOptions::default()),
        rename_provider: Some(RenameProvider::RenameOptions(RenameOptions {
            prepare_provider: Some(true),
            ..RenameOptions::default()
        })),
        code_action_provider: Some(CodeActionProvider::CodeActionOptions(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QuickFix]),
            ..CodeActionOptions::default()
        })),
        semantic_tokens_provider: Some(SemanticTokensProvider::SemanticTokensOptions(SemanticTokensOptions {
            legend,
            full: Some(Full::Bool(true)),
            ..SemanticTokensOptions::default()
        })),
        ..ServerCapabilities::default()
    }
}

/// What is asked of an editor that can tell which files were changed by others.
pub fn watching() -> Value {
    json!({ "registrations": [{
        "id": "plans",
        "method": "workspace/didChangeWatchedFiles",
        "registerOptions": { "watchers": [{ "globPattern": "**/*.ha" }] },
    }] })
}

#[cfg(test)]
mod tests {
    use super::{Editor, Encoding};
    use serde_json::json;

    #[test]
    fn what_an_editor_does_not_say_it_cannot() {
        assert_eq!(Editor::of(&json!(null)), Editor::default());
        assert_eq!(Editor::of(&json!({ "capabilities": 7, "workspaceFolders": null })), Editor::default());
        let editor = Editor::of(&json!({
            "rootUri": "file:///root",
            "capabilities": {
                "general": { "positionEncodings": ["utf-16", "utf-8"] },
                "workspace": { "inlayHint": { "refreshSupport": true } },
            },
        }));
        assert_eq!(editor.encoding, Encoding::Utf8);
        assert_eq!(editor.folders, ["/root"]);
        assert!(editor.refreshes_hints && !editor.refreshes_lenses);
    }
}
