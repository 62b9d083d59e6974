//! The generated parser of `grammar/ha.pest`.

/// Parses by the rules of the grammar file.
#[derive(pest_derive::Parser)]
#[grammar = "../grammar/ha.pest"]
pub struct Grammar;
