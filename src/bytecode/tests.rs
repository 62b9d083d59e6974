//! The container: inverse, canonical, sealed, and unimpressed by hostile bytes.

use crate::bytecode::sample::sample;
use crate::bytecode::{decode, decode_unsealed, disassemble, encode, manual};
use snapbox::assert::{Action, Assert};

/// Compares with a committed file; `UPDATE=1` writes it instead.
fn assert_committed(text: String, file: snapbox::Data) {
    let action = if std::env::var_os("UPDATE").is_some() { Action::Overwrite } else { Action::Verify };
    Assert::new().action(action).eq(text, file.raw());
}

#[test]
fn the_manual_is_up_to_date() {
    assert_committed(manual(), snapbox::file!["../../docs/bytecode.md"]);
}

#[test]
fn the_disassembly_shows_everything() {
    assert_committed(disassemble(&sample()), snapbox::file!["sample.txt"]);
}

#[test]
fn decoding_gives_the_program_back() {
    let program = sample();
    assert_eq!(decode(&encode(&program)).as_ref(), Ok(&program));
}

#[test]
fn every_flipped_bit_is_found() {
    let file = encode(&sample());
    for byte in 0..file.len() {
        for bit in 0..8 {
            let mut damaged = file.clone();
            damaged[byte] ^= 1 << bit;
            assert!(decode(&damaged).is_err(), "bit {bit} of byte {byte}");
        }
    }
}

#[test]
fn every_truncation_is_found() {
    let file = encode(&sample());
    for end in 0..file.len() {
        assert!(decode(&file[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn what_is_accepted_without_its_seal_is_still_canonical() {
    let file = encode(&sample());
    let mut accepted = 0;
    for byte in 69..file.len() {
        for bit in 0..8 {
            let mut changed = file.clone();
            changed[byte] ^= 1 << bit;
            if let Ok(program) = decode_unsealed(&changed) {
                accepted += 1;
                assert_eq!(encode(&program)[69..], changed[69..], "bit {bit} of byte {byte}");
            }
        }
    }
    assert!(accepted > 1000, "{accepted}");
}
