//! Every rule has a program that breaks exactly it.

use crate::bytecode::sample::sample;
use crate::verify::verify;

#[test]
fn the_sample_is_accepted() {
    verify(sample()).unwrap();
}
