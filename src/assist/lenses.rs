//! What can be done with a plan or a test, above it.

use super::sheet::{Sheet, Sort};
use std::ops::Range;

/// Something to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deed {
    /// Run the test of this title.
    RunTest(String),
    /// Show the graph of this plan.
    ShowGraph(String),
}

/// The deeds of a text, with the names that they stand above.
pub fn lenses(sheet: &Sheet) -> Vec<(Range<usize>, Deed)> {
    let deed = |sort: Sort, name: &str| match sort {
        Sort::Test => Some(Deed::RunTest(name.to_owned())),
        Sort::Plan => Some(Deed::ShowGraph(name.to_owned())),
        _ => None,
    };
    let all = sheet.declarations.iter().filter(|d| !d.name.is_empty());
    all.filter_map(|d| Some((d.at.clone(), deed(d.sort, &d.name)?))).collect()
}
