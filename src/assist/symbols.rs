//! What a text declares, as a tree; what all texts declare, as a list.

use super::desk::Desk;
use super::place::Place;
use super::sheet::{Declaration, Sheet, Sort};
use crate::session::Files;
use std::ops::Range;

/// Symbols of a search; who needs more has to say more.
const SHOWN: usize = 500;

/// Something that a text declares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Symbol {
    /// Its name; never empty.
    pub name: String,
    /// What it is.
    pub sort: Sort,
    /// What it is in its author's phrase; may be empty.
    pub title: String,
    /// All of it.
    pub whole: Range<usize>,
    /// Its name, within that.
    pub at: Range<usize>,
    /// What it consists of.
    pub children: Vec<Symbol>,
}

/// Sorts that are shown in the outline of a text.
const OUTLINED: [Sort; 11] = [
    Sort::Kind,
    Sort::Thing,
    Sort::Action,
    Sort::Probe,
    Sort::Rule,
    Sort::Plan,
    Sort::Test,
    Sort::Step,
    Sort::Phase,
    Sort::Field,
    Sort::Answer,
];

/// The outline of a text.
pub fn outline(sheet: &Sheet) -> Vec<Symbol> {
    let mut children: Vec<Vec<Symbol>> = vec![Vec::new(); sheet.declarations.len()];
    let mut top = Vec::new();
    // What something consists of is declared after it.
    for (index, declaration) in sheet.declarations.iter().enumerate().rev() {
        let mut own = children.get_mut(index).map(std::mem::take).unwrap_or_default();
        own.reverse();
        let Some(symbol) = symbol(declaration, own) else { continue };
        match declaration.owner.and_then(|owner| children.get_mut(owner)) {
            Some(siblings) => siblings.push(symbol),
            None => top.push(symbol),
        }
    }
    top.reverse();
    top
}

fn symbol(declaration: &Declaration, children: Vec<Symbol>) -> Option<Symbol> {
    let Declaration { sort, name, title, whole, at, .. } = declaration;
    if !OUTLINED.contains(sort) {
        return None;
    }
    let name = if name.trim().is_empty() { sort.shown().to_owned() } else { name.clone() };
    let whole = whole.start.min(at.start)..whole.end.max(at.end);
    Some(Symbol { name, sort: *sort, title: title.clone(), whole, at: at.clone(), children })
}

/// What all these texts declare with a name that has the letters of `query` in this order: name, sort, place of the name,
/// what it is declared in.
pub fn search(desk: &mut Desk, files: &dyn Files, paths: &[String], query: &str) -> Vec<(String, Sort, Place, String)> {
    let mut found = Vec::new();
    for path in paths {
        let Some(sheet) = desk.sheet(files, path) else { continue };
        for declaration in &sheet.declarations {
            let global =
                declaration.sort.is_global() || matches!(declaration.sort, Sort::Step | Sort::Phase | Sort::Test);
            if global && fits(&declaration.name, query) {
                let owner = declaration.owner.and_then(|owner| sheet.get(owner)).map_or("", |owner| &owner.name);
                let place = Place::new(path, declaration.at.clone());
                found.push((declaration.name.clone(), declaration.sort, place, owner.to_owned()));
            }
            if found.len() >= SHOWN {
                return found;
            }
        }
    }
    found
}

/// Whether a name has these letters in this order, capitals or not.
fn fits(name: &str, query: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    query.chars().flat_map(char::to_lowercase).all(|wanted| letters.any(|letter| letter == wanted))
}
