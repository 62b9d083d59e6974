//! Answers about a text as a whole: its symbols, its colours, its layout.

use crate::assist::{self, Sort, Symbol};
use crate::format::{Formatted, format};
use crate::lsp::position::Lines;
use crate::lsp::server::{Refusal, Server};
use gen_lsp_types::{
    BaseSymbolInformation, DocumentFormattingParams, DocumentSymbol, DocumentSymbolParams, SemanticToken,
    SemanticTokens, SemanticTokensParams, SymbolInformation, SymbolKind, TextEdit, WorkspaceSymbolParams,
};

/// What editors show a sort of declaration as.
pub fn symbol_kind(sort: Sort) -> SymbolKind {
    match sort {
        Sort::Kind => SymbolKind::Class,
        Sort::Thing => SymbolKind::Object,
        Sort::Action => SymbolKind::Function,
        Sort::Probe => SymbolKind::Boolean,
        Sort::Rule => SymbolKind::Interface,
        Sort::Plan => SymbolKind::Module,
        Sort::Test => SymbolKind::Method,
        Sort::Field => SymbolKind::Field,
        Sort::State | Sort::Answer => SymbolKind::EnumMember,
        Sort::Parameter | Sort::Variable | Sort::Decision => SymbolKind::Variable,
        Sort::Step => SymbolKind::Event,
        Sort::Phase => SymbolKind::Namespace,
    }
}

pub fn symbols(server: &mut Server, params: DocumentSymbolParams) -> Result<Vec<DocumentSymbol>, Refusal> {
    let view = server.view(&params.text_document)?;
    let Some(own) = view.own() else { return Ok(Vec::new()) };
    let lines = Lines::of(&own.text);
    let range = |bytes| lines.range(&own.text, bytes, server.editor.encoding);
    Ok(assist::outline(own).into_iter().map(|symbol| document_symbol(symbol, &range)).collect())
}

fn document_symbol(symbol: Symbol, range: &impl Fn(std::ops::Range<usize>) -> gen_lsp_types::Range) -> DocumentSymbol {
    let children: Vec<DocumentSymbol> =
        symbol.children.into_iter().map(|child| document_symbol(child, range)).collect();
    #[allow(deprecated, reason = "the field has to be named")]
    DocumentSymbol {
        name: symbol.name,
        detail: Some(if symbol.title.is_empty() { symbol.sort.shown().into() } else { symbol.title }),
        kind: symbol_kind(symbol.sort),
        tags: None,
        deprecated: None,
        range: range(symbol.whole),
        selection_range: range(symbol.at),
        children: (!children.is_empty()).then_some(children),
    }
}

pub fn search(server: &mut Server, params: WorkspaceSymbolParams) -> Result<Vec<SymbolInformation>, Refusal> {
    let (plans, texts) = (server.plans(), server.texts());
    let found = assist::search(&mut server.desk, &texts, &plans, &params.query);
    let shown = found.into_iter().filter_map(|(name, sort, place, owner)| {
        let location = server.location(&place)?;
        let base_symbol_information = BaseSymbolInformation {
            name,
            kind: symbol_kind(sort),
            tags: None,
            container_name: (!owner.is_empty()).then_some(owner),
        };
        #[allow(deprecated, reason = "the field has to be named")]
        Some(SymbolInformation { deprecated: None, location, base_symbol_information })
    });
    Ok(shown.collect())
}

pub fn formatting(server: &mut Server, params: DocumentFormattingParams) -> Result<Vec<TextEdit>, Refusal> {
    let view = server.view(&params.text_document)?;
    let Some(own) = view.own() else { return Ok(Vec::new()) };
    let Ok(Formatted { text, .. }) = format(&own.text) else {
        return Err(Refusal::failed(
            "formatted, it would not mean the same; this is a defect of handover, please report it",
        ));
    };
    let Some((removed, added)) = difference(&own.text, &text) else { return Ok(Vec::new()) };
    let range = Lines::of(&own.text).range(&own.text, removed, server.editor.encoding);
    Ok(vec![TextEdit { range, new_text: added.to_owned() }])
}

/// What to put in the place of what, so that `old` becomes `new`: the lines between those that stay at both ends.
fn difference<'n>(old: &str, new: &'n str) -> Option<(std::ops::Range<usize>, &'n str)> {
    if old == new {
        return None;
    }
    let same = |(a, b): &(&str, &str)| a == b;
    let head: usize =
        old.split_inclusive('\n').zip(new.split_inclusive('\n')).take_while(same).map(|(a, _)| a.len()).sum();
    let (old_rest, new_rest) = (old.get(head..).unwrap_or(""), new.get(head..).unwrap_or(""));
    let back = |text: &'n str| text.split_inclusive('\n').rev();
    let old_lines: Vec<&str> = old_rest.split_inclusive('\n').rev().collect();
    let tail: usize = old_lines.iter().copied().zip(back(new_rest)).take_while(same).map(|(a, _)| a.len()).sum();
    Some((head..old.len() - tail, new_rest.get(..new_rest.len() - tail).unwrap_or("")))
}

pub fn tokens(server: &mut Server, params: SemanticTokensParams) -> Result<SemanticTokens, Refusal> {
    let view = server.view(&params.text_document)?;
    let Some(own) = view.own() else { return Ok(SemanticTokens::default()) };
    let (text, lines, encoding) = (&own.text, Lines::of(&own.text), server.editor.encoding);
    let mut data = Vec::new();
    let (mut line, mut column) = (0, 0);
    for token in assist::tokens(&view) {
        // Editors colour line by line: a text of several lines is several tokens.
        let mut start = token.at.start;
        for part in text.get(token.at.clone()).unwrap_or("").split_inclusive('\n') {
            let at = lines.position(text, start, encoding);
            start += part.len();
            let length = encoding.length(part.trim_end_matches(['\n', '\r']));
            if length == 0 {
                continue;
            }
            if at.line != line {
                column = 0;
            }
            data.push(SemanticToken {
                delta_line: at.line - line,
                delta_start: at.character - column,
                length,
                token_type: u32::try_from(token.sort).unwrap_or(0),
                token_modifiers_bitset: u32::from(token.declares) | u32::from(token.library) << 1,
            });
            (line, column) = (at.line, at.character);
        }
    }
    Ok(SemanticTokens { result_id: None, data })
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[track_caller]
    fn check(old: &str, new: &str, expected: Option<(&str, &str)>) {
        let found = difference(old, new);
        assert_eq!(found.clone().map(|(range, added)| (&old[range], added)), expected);
        if let Some((range, added)) = found {
            assert_eq!([&old[..range.start], added, &old[range.end..]].concat(), new);
        }
    }

    #[test]
    fn only_lines_that_change_are_replaced() {
        check("a\nb\nc\n", "a\nb\nc\n", None);
        check("a\nb\nc\n", "a\nx\nc\n", Some(("b\n", "x\n")));
        check("a\na\na\n", "a\na\n", Some(("a\n", "")));
        check("a\n", "a\na\n", Some(("", "a\n")));
        check("a", "a\n", Some(("a", "a\n")));
        check("", "a\n", Some(("", "a\n")));
        check("a\r\nb\n", "a\nb\n", Some(("a\r\n", "a\n")));
    }
}
