//! Where something is declared, and where it is named.

use super::desk::{Desk, View};
use super::names::Target;
use super::place::Place;
use crate::session::Files;

/// Where the thing that is named at an offset is declared; of an import, the text.
pub fn definition(view: &View, offset: usize) -> Option<Place> {
    let imports = &view.own()?.imports;
    let import = imports.iter().find(|import| import.at.start <= offset && offset <= import.at.end);
    if let Some(import) = import {
        let there = view.sheet(&import.path)?;
        return Some(Place::new(&there.path, 0..0));
    }
    let target = view.meant(offset)?;
    let declaration = view.get(&target)?;
    Some(Place::new(target.path, declaration.at.clone()))
}

/// Every place in these texts where a declaration is named, with its own if `declared`.
pub fn references(desk: &mut Desk, files: &dyn Files, paths: &[String], target: &Target, declared: bool) -> Vec<Place> {
    let mut found = Vec::new();
    let mut paths: Vec<&String> = paths.iter().chain([&target.path]).collect();
    paths.sort();
    paths.dedup();
    for path in paths {
        if let Some(view) = desk.view(files, path) {
            found.extend(named(&view, target, declared));
        }
    }
    found
}

/// Every place in the text of a view where a declaration is named.
pub fn named(view: &View, target: &Target, declared: bool) -> Vec<Place> {
    let (Some(own), Some(declaration)) = (view.own(), view.get(target)) else { return Vec::new() };
    let is_it = |used: &&super::sheet::Use| {
        used.name == declaration.name && view.resolve(own, used).is_some_and(|meant| meant == *target)
    };
    let here = (declared && own.path == target.path).then(|| declaration.at.clone());
    let uses = own.uses.iter().filter(is_it).map(|used| used.at.clone());
    // What a decision is declared by names it as well.
    let mut places: Vec<Place> = here.into_iter().chain(uses).map(|at| Place::new(&own.path, at)).collect();
    places.sort();
    places.dedup();
    places
}
