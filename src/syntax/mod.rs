//! Text to syntax tree, with the place of every part; recovery per item. Alone in naming pest.

pub mod tree;
