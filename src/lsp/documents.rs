//! The texts that are open in the editor, and their edits.

use super::position::{Encoding, Lines};
use crate::assist::Change;
use crate::base::limits;
use gen_lsp_types::TextDocumentContentChangeEvent;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An open text.
#[derive(Clone, Debug)]
pub struct Document {
    /// What the editor calls it, as the editor spells it.
    pub uri: String,
    /// The number of its last edit.
    pub version: i32,
    /// What it says.
    pub text: Arc<str>,
    /// Where its lines begin.
    pub lines: Arc<Lines>,
    /// The editor may have another text: an edit did not fit. Until all of it comes again, edits are not followed.
    pub astray: bool,
}

impl Document {
    fn new(uri: String, version: i32, text: &str) -> Document {
        Document { uri, version, text: Arc::from(text), lines: Arc::new(Lines::of(text)), astray: false }
    }
}

/// All open texts, by path.
#[derive(Debug, Default)]
pub struct Documents {
    open: BTreeMap<String, Document>,
}

/// Why an edit was not followed, in words for the author.
pub type Astray = String;

impl Documents {
    /// The open text of this path.
    pub fn get(&self, path: &str) -> Option<&Document> {
        self.open.get(path)
    }

    /// The paths of all open texts.
    pub fn paths(&self) -> impl Iterator<Item = &String> {
        self.open.keys()
    }

    /// What the open texts say.
    pub fn texts(&self) -> BTreeMap<String, Arc<str>> {
        self.open.iter().map(|(path, document)| (path.clone(), Arc::clone(&document.text))).collect()
    }

    /// A text is open from now on.
    pub fn open(&mut self, path: String, uri: String, version: i32, text: &str) {
        self.open.insert(path, Document::new(uri, version, text));
    }

    /// A text is no longer open. Whether it was.
    pub fn close(&mut self, path: &str) -> bool {
        self.open.remove(path).is_some()
    }

    /// The whole of a text, as the editor has saved it.
    pub fn saved(&mut self, path: &str, text: &str) -> bool {
        match self.open.get_mut(path) {
            Some(document) if *document.text != *text => {
                *document = Document::new(document.uri.clone(), document.version, text);
                true
            }
            Some(document) => std::mem::take(&mut document.astray),
            None => false,
        }
    }

    /// Follows edits, each of the text that the one before has left; gives what has changed.
    ///
    /// # Errors
    /// The text is not open, the edits are older than the text, or it would become too large.
    pub fn edit(
        &mut self,
        path: &str,
        version: i32,
        edits: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> Result<Vec<Change>, Astray> {
        let Some(document) = self.open.get_mut(path) else {
            return Err(format!("`{path}` was edited, but it is not open"));
        };
        // From here on the text is known again, whatever came before.
        let whole = |e: &TextDocumentContentChangeEvent| {
            matches!(e, TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(_))
        };
        let known = edits.iter().any(whole);
        if document.astray && !known {
            return Ok(Vec::new());
        }
        if version <= document.version && !known {
            document.astray = true;
            let last = document.version;
            return Err(format!(
                "edit {version} of `{path}` came after edit {last}: save it or open it again, since what is shown may be wrong"
            ));
        }
        let mut changes = Vec::new();
        for edit in edits {
            changes.push(follow(document, edit, encoding));
            if document.text.len() > limits::SOURCE_BYTES {
                document.astray = true;
                return Err(format!("`{path}` is larger than {} MiB: this is no plan", limits::SOURCE_BYTES >> 20));
            }
        }
        (document.version, document.astray) = (version, false);
        Ok(changes)
    }
}

/// Follows one edit.
fn follow(document: &mut Document, edit: TextDocumentContentChangeEvent, encoding: Encoding) -> Change {
    let (removed, added) = match edit {
        TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
            (0..document.text.len(), whole.text)
        }
        TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
            (document.lines.bytes(&document.text, part.range, encoding), part.text)
        }
    };
    let (before, after) = (document.text.get(..removed.start), document.text.get(removed.end..));
    let text = [before.unwrap_or(""), added.as_str(), after.unwrap_or("")].concat();
    document.lines = Arc::new(Lines::of(&text));
    document.text = Arc::from(text);
    Change { removed, added: added.len() }
}

#[cfg(test)]
mod tests {
    use super::{Change, Documents, Encoding};
    use gen_lsp_types::TextDocumentContentChangeEvent;
    use serde_json::{from_value, json};

    fn part(line: u32, from: u32, to: u32, text: &str) -> TextDocumentContentChangeEvent {
        let range = json!({ "start": { "line": line, "character": from }, "end": { "line": line, "character": to } });
        from_value(json!({ "range": range, "text": text })).unwrap()
    }

    fn whole(text: &str) -> TextDocumentContentChangeEvent {
        from_value(json!({ "text": text })).unwrap()
    }

    fn opened(text: &str) -> Documents {
        let mut documents = Documents::default();
        documents.open("a".into(), "file:///a".into(), 1, text);
        documents
    }

    #[track_caller]
    fn check(documents: &mut Documents, version: i32, edits: Vec<TextDocumentContentChangeEvent>, expected: &str) {
        documents.edit("a", version, edits, Encoding::Utf16).unwrap();
        assert_eq!(&*documents.get("a").unwrap().text, expected);
    }

    #[test]
    fn edits_follow_each_other() {
        let mut documents = opened("one\r\n\u{1F600}two\n");
        check(&mut documents, 2, vec![part(1, 2, 3, "T"), part(1, 0, 2, ""), part(0, 3, 3, "!")], "one!\r\nTwo\n");
        check(&mut documents, 3, vec![part(9, 0, 9, "end")], "one!\r\nTwo\nend");
        check(&mut documents, 4, vec![whole("x")], "x");
        assert_eq!(
            documents.edit("a", 5, vec![part(0, 1, 1, "yz")], Encoding::Utf16).unwrap(),
            [Change { removed: 1..1, added: 2 }]
        );
    }

    #[test]
    fn what_does_not_fit_is_not_followed_until_the_text_is_known_again() {
        let mut documents = opened("one");
        assert!(documents.edit("b", 2, vec![whole("x")], Encoding::Utf16).unwrap_err().contains("`b` was edited"));
        let stale = documents.edit("a", 1, vec![part(0, 0, 0, "x")], Encoding::Utf16).unwrap_err();
        assert!(stale.contains("edit 1 of `a` came after edit 1"), "{stale}");
        check(&mut documents, 7, vec![part(0, 0, 0, "x")], "one");
        check(&mut documents, 1, vec![whole("two")], "two");
        check(&mut documents, 2, vec![part(0, 0, 0, "x")], "xtwo");
        documents.edit("a", 2, vec![part(0, 0, 0, "x")], Encoding::Utf16).unwrap_err();
        assert!(documents.saved("a", "saved"));
        check(&mut documents, 3, vec![part(0, 0, 0, "x")], "xsaved");
        assert!(!documents.saved("a", "xsaved") && !documents.saved("b", ""));
        assert!(documents.close("a") && !documents.close("a"));
    }
}
