//! Tests of the answers, on small texts with a mark where somebody is.

mod completion;
mod fixture;
mod halves;
mod hovers;
mod margins;
mod naming;
mod renames;
