//! Every rule has a program that breaks exactly it; the answers about order are those of brute force; and whatever the

mod ordering;
mod rules;
