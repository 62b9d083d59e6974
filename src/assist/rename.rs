//! Another name for something, wherever it is named; or the reason why not.
//!
//! A new name is tried before it is proposed: afterwards the same places must mean the same, and nothing may be wrong that
//! was right before.

use super::desk::{Desk, View};
use super::jump::references;
use super::names::Target;
use super::place::{Edit, Place};
use super::sheet::{Named, Sort};
use crate::base::{Diagnostic, limits};
use crate::session::{FileError, Files, draft};
use crate::syntax::cursor::may_be_a_name;
use std::collections::BTreeMap;
use std::ops::Range;

/// Texts that are tried with the new name.
const TRIED: usize = 50;

/// Why something keeps its name, for people.
pub type Refusal = String;

/// What would be renamed at an offset: the name's place, and the name.
///
/// # Errors
/// Nothing there can be renamed.
pub fn renamed(view: &View, offset: usize) -> Result<(Range<usize>, String), Refusal> {
    let nothing = || String::from("here is no name that could be changed");
    let own = view.own().ok_or_else(nothing)?;
    let target = view.meant(offset).ok_or_else(nothing)?;
    let declaration = view.get(&target).ok_or_else(nothing)?;
    if target.path.starts_with("std/") {
        return Err(format!(
            "`{}` belongs to the library `{}`, which is the same for all plans",
            declaration.name, target.path
        ));
    }
    if declaration.sort == Sort::Test {
        return Err(String::from("the title of a test is a text: change it as one"));
    }
    let at = match own.at(offset) {
        Some(Named::Used(used)) => used.at.clone(),
        _ => declaration.at.clone(),
    };
    Ok((at, declaration.name.clone()))
}

/// The edits that give another name to what is named at an offset of a text, in all these texts.
///
/// # Errors
/// The name is none, or is taken, or it cannot be known where it is used.
pub fn rename(
    desk: &mut Desk,
    files: &dyn Files,
    paths: &[String],
    at: (&str, usize),
    new: &str,
) -> Result<Vec<Edit>, Refusal> {
    let (path, offset) = at;
    let view = desk.view(files, path).ok_or_else(|| format!("`{path}` cannot be read"))?;
    let (_, old) = renamed(&view, offset)?;
    let Some(target) = view.meant(offset) else { return Err(String::from("here is no name")) };
    if !may_be_a_name(new) || new.len() > limits::NAME_BYTES {
        return Err(format!(
            "`{new}` cannot be a name: a name has letters, digits, `_` and `-`, and is no word of the language"
        ));
    }
    whole(desk, files, paths, &target, &old)?;
    let before = references(desk, files, paths, &target, true);
    let edits: Vec<Edit> = before.iter().map(|place| Edit { place: place.clone(), text: new.to_owned() }).collect();
    if old == new {
        return Ok(Vec::new());
    }
    let changed = Changed { files, texts: changed(files, &edits) };
    let after = references(desk, &changed, paths, &target, true);
    if after.len() != before.len() {
        return Err(taken(desk, &changed, &before, &after, new));
    }
    match mistake(files, &changed, paths) {
        Some(mistake) => Err(format!("with this name, {}", mistake.message)),
        None => Ok(edits),
    }
}

/// In a text that does not parse as a whole, names may be missed.
fn whole(desk: &mut Desk, files: &dyn Files, paths: &[String], target: &Target, name: &str) -> Result<(), Refusal> {
    for path in paths {
        let Some(view) = desk.view(files, path).filter(|view| view.get(target).is_some()) else { continue };
        if let Some(own) = view.own().filter(|own| own.incomplete && own.text.contains(name)) {
            return Err(format!(
                "`{}` has mistakes, so that it is not known where it names `{name}`: mend them first",
                own.path
            ));
        }
    }
    Ok(())
}

/// The texts as they would be.
struct Changed<'f> {
    files: &'f dyn Files,
    texts: BTreeMap<String, String>,
}

impl Files for Changed<'_> {
    fn read(&self, path: &str) -> Result<String, FileError> {
        self.texts.get(path).map_or_else(|| self.files.read(path), |text| Ok(text.clone()))
    }
}

/// Texts with edits made in them; the edits of a text are in ascending order.
fn changed(files: &dyn Files, edits: &[Edit]) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for Edit { place, text: new } in edits.iter().rev() {
        let text = texts.entry(place.path.clone()).or_insert_with(|| files.read(&place.path).unwrap_or_default());
        if text.get(place.range()).is_some() {
            text.replace_range(place.range(), new);
        }
    }
    texts
}

/// What a name is already the name of, as far as that can be seen from the places that changed their meaning.
fn taken(desk: &mut Desk, files: &dyn Files, before: &[Place], after: &[Place], new: &str) -> Refusal {
    let (one, other) = (before.len(), after.len());
    let path = before.first().map_or("", |place| place.path.as_str());
    let view = desk.view(files, path);
    let what = view.and_then(|view| {
        let sheet = view.own()?;
        let named =
            view.all(&[Sort::Kind, Sort::Thing, Sort::Action, Sort::Probe, Sort::Plan]).find(|(_, d)| d.name == new);
        let local = sheet.declarations.iter().find(|d| d.name == new && !before.iter().any(|p| p.start == d.at.start));
        named.map(|(_, d)| d.sort).or(local.map(|d| d.sort))
    });
    match what {
        Some(sort) => format!("there is a {} `{new}` already", sort.shown()),
        None => format!("`{new}` means something else in some places: {other} would be this instead of {one}"),
    }
}

/// An error that the texts have as they would be, and have not now.
fn mistake(files: &dyn Files, changed: &Changed<'_>, paths: &[String]) -> Option<Diagnostic> {
    let errors = |files: &dyn Files, path: &str| -> (Vec<Diagnostic>, bool) {
        let draft = draft(files, path);
        let concerned = draft.sources.iter().any(|(_, source)| changed.texts.contains_key(&source.path));
        (draft.diagnostics.into_iter().filter(Diagnostic::is_error).collect(), concerned)
    };
    let roots = changed.texts.keys().chain(paths.iter().filter(|path| !changed.texts.contains_key(*path)));
    for path in roots.take(TRIED) {
        let (after, concerned) = errors(changed, path);
        if concerned && !after.is_empty() {
            let (before, _) = errors(files, path);
            if after.len() > before.len() {
                return after.into_iter().find(|new| !before.iter().any(|old| old.message == new.message));
            }
        }
    }
    None
}
