//! Tests of the answers, on small texts with a mark where somebody is.

mod completion;
mod fixture;
mod hovers;
mod margins;
mod naming;
mod oddities;
mod renames;
