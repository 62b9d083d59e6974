//! The sheets of all texts that were asked about, each made once for each version of its text; and what a text sees.

use super::sheet::{Sheet, sheet};
use crate::base::limits;
use crate::session::Files;
use crate::stdlib;
use std::collections::HashMap;
use std::sync::Arc;

/// The library that every text sees.
const CORE: &str = "std/core";

/// Sheets by path.
#[derive(Debug, Default)]
pub struct Desk {
    sheets: HashMap<String, Arc<Sheet>>,
}

/// A text with all that it sees, itself first.
#[derive(Clone, Debug)]
pub struct View {
    /// The sheets.
    pub sheets: Vec<Arc<Sheet>>,
}

/// The text of a path: a library, or what `files` has.
pub fn text(files: &dyn Files, path: &str) -> Option<String> {
    match stdlib::text(path) {
        Some(text) => Some(text.to_owned()),
        None if path.starts_with("std/") => None,
        None => files.read(path).ok(),
    }
}

impl Desk {
    /// The sheet of a text as it is now.
    pub fn sheet(&mut self, files: &dyn Files, path: &str) -> Option<Arc<Sheet>> {
        let now = text(files, path)?;
        if let Some(known) = self.sheets.get(path)
            && *known.text == *now
        {
            return Some(Arc::clone(known));
        }
        if self.sheets.len() >= limits::FILES {
            self.sheets.clear();
        }
        let made = Arc::new(sheet(path, Arc::from(now)));
        self.sheets.insert(path.to_owned(), Arc::clone(&made));
        Some(made)
    }

    /// A text with all that it sees: itself, the core library, and what it imports, directly or not.
    pub fn view(&mut self, files: &dyn Files, path: &str) -> Option<View> {
        let mut sheets = vec![self.sheet(files, path)?];
        let mut next = 0;
        let mut paths = vec![CORE.to_owned()];
        while let Some(sheet) = sheets.get(next) {
            paths.extend(sheet.imports.iter().map(|import| import.path.clone()));
            for path in paths.drain(..) {
                let known = sheets.len() >= limits::FILES || sheets.iter().any(|sheet| sheet.path == path);
                sheets.extend(if known { None } else { self.sheet(files, &path) });
            }
            next += 1;
        }
        Some(View { sheets })
    }
}

impl View {
    /// The text itself.
    pub fn own(&self) -> Option<&Arc<Sheet>> {
        self.sheets.first()
    }

    /// The sheet of a path.
    pub fn sheet(&self, path: &str) -> Option<&Arc<Sheet>> {
        self.sheets.iter().find(|sheet| sheet.path == path)
    }
}
