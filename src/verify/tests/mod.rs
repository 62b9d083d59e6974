//! Every rule has a program that breaks exactly it; the answers about order are those of brute force; and whatever the
//! compiler makes is accepted.

#[cfg(feature = "compiler")]
mod lowered;
mod ordering;
mod rules;
