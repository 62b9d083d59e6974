//! Answers to somebody who writes: what can stand there.

use crate::assist::{self, Offer, Sort, What};
use crate::lsp::position::Lines;
use crate::lsp::server::{Refusal, Server};
use gen_lsp_types::{
    CompletionItem, CompletionItemKind, CompletionItemTextEdit, CompletionList, Documentation, InsertTextFormat,
    MarkupContent, MarkupKind, TextDocumentPositionParams, TextEdit,
};

pub fn completion(server: &mut Server, params: TextDocumentPositionParams) -> Result<CompletionList, Refusal> {
    let (view, spot) = server.spot(&params)?;
    let Some(own) = view.own() else { return Ok(CompletionList::default()) };
    let (offers, all) = assist::complete(&view, &|| server.plans(), spot.offset);
    let lines = Lines::of(&own.text);
    let item = |offer: Offer| {
        let range = lines.range(&own.text, offer.replace.clone(), server.editor.encoding);
        let snippet = offer.snippet.as_ref().filter(|_| server.editor.snippets);
        let new_text = snippet.cloned().unwrap_or_else(|| offer.label.clone());
        let documented = matches!(offer.what, What::Name(Sort::Action | Sort::Probe | Sort::Kind | Sort::Plan));
        let told = offer.target.as_ref().filter(|_| documented);
        let told = told.and_then(|target| assist::described(&view, None, target));
        CompletionItem {
            kind: Some(kind(offer.what)),
            detail: (!offer.detail.is_empty()).then(|| offer.detail.clone()),
            documentation: told
                .map(|value| Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value })),
            sort_text: Some(format!("{}{}", offer.rank, offer.label)),
            // What editors compare with what is written, which may have a `/` in it.
            filter_text: Some(offer.label.clone()),
            insert_text_format: snippet.is_some().then_some(InsertTextFormat::Snippet),
            text_edit: Some(CompletionItemTextEdit::TextEdit(TextEdit { range, new_text })),
            label: offer.label,
            ..CompletionItem::default()
        }
    };
    Ok(CompletionList {
        is_incomplete: !all,
        items: offers.into_iter().map(item).collect(),
        ..CompletionList::default()
    })
}

fn kind(what: What) -> CompletionItemKind {
    match what {
        What::Word => CompletionItemKind::Keyword,
        What::Type => CompletionItemKind::TypeParameter,
        What::Text => CompletionItemKind::Module,
        What::Value => CompletionItemKind::Value,
        What::Name(sort) => match sort {
            Sort::Kind => CompletionItemKind::Class,
            Sort::Thing => CompletionItemKind::Constant,
            Sort::Action => CompletionItemKind::Function,
            Sort::Probe => CompletionItemKind::Method,
            Sort::Rule => CompletionItemKind::Interface,
            Sort::Plan | Sort::Test => CompletionItemKind::Module,
            Sort::Field => CompletionItemKind::Field,
            Sort::State | Sort::Answer => CompletionItemKind::EnumMember,
            Sort::Parameter | Sort::Variable | Sort::Decision => CompletionItemKind::Variable,
            Sort::Step | Sort::Phase => CompletionItemKind::Event,
        },
    }
}
