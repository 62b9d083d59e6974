//! The container: inverse, canonical, sealed, and unimpressed by hostile bytes. The texts: complete and committed.

use crate::base::limits;
use crate::bytecode::container::SECTIONS;
use crate::bytecode::random::program;
use crate::bytecode::sample::sample;
use crate::bytecode::{DecodeError, Guard, InstrId, Op, OpDoc, Program, decode, decode_unsealed, disassemble, encode};
use proptest::arbitrary::any;
use proptest::collection::vec;
use proptest::{prop_assert, prop_assert_eq, proptest};
use snapbox::assert::{Action, Assert};

/// Where the sections begin.
const BODY: usize = 69;

/// Compares with a committed file; `UPDATE=1` writes it instead.
fn assert_committed(text: String, file: snapbox::Data) {
    let action = if std::env::var_os("UPDATE").is_some() { Action::Overwrite } else { Action::Verify };
    Assert::new().action(action).eq(text, file.raw());
}

#[test]
fn the_disassembly_shows_everything() {
    assert_committed(disassemble(&sample()), snapbox::file!["sample.txt"]);
}

#[test]
fn the_sample_has_every_op_and_guard() {
    let p = sample();
    let shown = |table: &'static [OpDoc], used: Vec<&str>| {
        table.iter().map(|op| op.mnemonic).filter(|m| !used.contains(m)).collect::<Vec<_>>()
    };
    assert_eq!(shown(Op::TABLE, p.code.iter().map(|i| i.op.mnemonic()).collect()), [""; 0]);
    assert_eq!(shown(Guard::TABLE, p.guards.iter().map(Guard::mnemonic).collect()), [""; 0]);
}

#[test]
fn numbers_and_mnemonics_are_those_of_one_op() {
    for table in [Op::TABLE, Guard::TABLE] {
        for (i, op) in table.iter().enumerate() {
            assert!(table[..i].iter().all(|o| o.number < op.number && o.mnemonic != op.mnemonic), "{op:?}");
        }
    }
}

#[test]
fn control_characters_do_not_reach_a_terminal() {
    let mut p = sample();
    for instr in &mut p.code {
        instr.name.push_str("\u{1b}[2J");
        instr.title.push('\u{7}');
    }
    p.plan.push('\n');
    p.machines[0].name.push('\r');
    assert!(disassemble(&p).chars().all(|c| c == '\n' || !c.is_control()));
}

#[test]
fn a_condition_that_doubles_with_each_guard_stays_short() {
    let mut p = sample();
    for i in 11..200 {
        p.guards.push(Guard::All(vec![crate::bytecode::GuardId(i), crate::bytecode::GuardId(i)]));
    }
    assert!(disassemble(&p).len() < 50_000);
}

#[test]
fn a_listing_mentions_the_beginning_of_long_names_and_rows() {
    let mut p = sample();
    p.code[1].name = "n".repeat(10_000);
    p.code[22].needs = vec![InstrId(1); 20_000];
    let text = disassemble(&p);
    assert_eq!(text.matches(&"n".repeat(10_000)).count(), 1);
    assert!(text.len() < 2 * limits::ROW_BYTES, "{}", text.len());
    assert!(text.contains(", …\n"));
}

proptest! {
    #[test]
    fn decoding_gives_any_program_back(p in program()) {
        let file = encode(&p);
        prop_assert_eq!(encode(&p), file.clone());
        prop_assert_eq!(decode(&file), Ok(p));
    }

    #[test]
    fn any_program_has_a_disassembly(p in program()) {
        prop_assert!(disassemble(&p).starts_with("plan "));
    }

    #[test]
    fn the_digest_is_that_of_all_but_the_source_map(p in program()) {
        let mut elsewhere = p.clone();
        elsewhere.sources.clear();
        elsewhere.code.iter_mut().for_each(|i| i.place = Default::default());
        prop_assert_eq!(elsewhere.digest(), p.digest());
        elsewhere.title.push('.');
        prop_assert!(elsewhere.digest() != p.digest());
        prop_assert_eq!(&encode(&p)[5..37], &p.digest());
    }

    #[test]
    fn any_bytes_have_an_answer(bytes in vec(any::<u8>(), 0..300), head in any::<bool>()) {
        let mut file = if head { encode(&sample())[..BODY].to_vec() } else { Vec::new() };
        file.extend(bytes);
        prop_assert!(decode(&file).is_err());
        _ = decode_unsealed(&file);
    }

    #[test]
    fn what_is_accepted_is_canonical(p in program(), changes in vec((any::<usize>(), any::<u8>(), 0..3u8), 1..4)) {
        let mut file = encode(&p);
        for (at, byte, how) in changes {
            let at = BODY + at % (file.len() - BODY);
            match how {
                0 => file[at] = byte,
                1 => file.insert(at, byte),
                _ => _ = file.remove(at),
            }
        }
        if let Ok(p) = decode_unsealed(&file) {
            prop_assert_eq!(&encode(&p)[BODY..], &file[BODY..]);
        }
    }
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
        assert!(decode_unsealed(&file[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn what_is_accepted_without_its_seal_is_still_canonical() {
    let file = encode(&sample());
    let mut accepted = 0;
    for byte in BODY..file.len() {
        for bit in 0..8 {
            let mut changed = file.clone();
            changed[byte] ^= 1 << bit;
            if let Ok(program) = decode_unsealed(&changed) {
                accepted += 1;
                assert_eq!(encode(&program)[BODY..], changed[BODY..], "bit {bit} of byte {byte}");
            }
        }
    }
    assert!(accepted > 1000, "{accepted}");
}

/// A file of these sections; those that are not given are as in an empty program.
fn file(sections: &[(u8, &[u8])]) -> Vec<u8> {
    let mut file = encode(&Program::default())[..BODY].to_vec();
    for number in 1..=SECTIONS.len() as u8 {
        let content = sections.iter().find(|(n, _)| *n == number).map_or(empty(number), |(_, content)| content);
        assert!(content.len() < 128, "one byte of size");
        file.extend([number, content.len() as u8]);
        file.extend(content);
    }
    file
}

/// A section of an empty program, whose only string is the empty one.
fn empty(number: u8) -> &'static [u8] {
    match number {
        1 => &[1, 0],
        2 => &[0, 0, 0, 0, 0, 0, 0, 0, 0],
        10 => &[0, 0, 0],
        _ => &[0],
    }
}

/// The section with this content has this error, at this offset in it.
fn refused(number: u8, content: &[u8], offset: usize, expected: &'static str, found: &str) {
    let file = file(&[(number, content)]);
    let before: usize = (1..number).map(|n| 2 + empty(n).len()).sum();
    let error = DecodeError { offset: BODY + before + 2 + offset, expected, found: found.to_owned() };
    assert_eq!(decode_unsealed(&file), Err(error));
}

#[test]
fn every_way_to_be_malformed_has_its_error() {
    assert_eq!(decode_unsealed(&file(&[])), Ok(Program::default()));
    const NUMBER: &str = "a number of up to 64 bits in its shortest form";
    const ENTRIES: &str = "no more entries than there are bytes left";
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    refused(1, &huge, 0, ENTRIES, "18446744073709551615");
    refused(1, &[2, 0x80, 0], 1, NUMBER, "another form");
    refused(1, &[0x80; 12], 0, NUMBER, "another form");
    refused(1, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], 0, NUMBER, "another form");
    refused(1, &[0x81], 1, NUMBER, "the end");
    refused(1, &[1, 3, b'a'], 1, ENTRIES, "3");
    refused(1, &[1, 2, b'a', 0xff], 3, "UTF-8", "other bytes");
    refused(1, &[2, 1, b'a', 1, b'a'], 3, "each string once", "string 0 again");
    refused(1, &[1, 0, 0], 2, "the end of the section", "1 more bytes");
    refused(1, &[0], 3, "a string met before, or the next of the table", "string 0");
    refused(2, &[1, 0, 0, 0, 0, 0, 0, 0, 0], 0, "a string met before, or the next of the table", "string 1");
    refused(2, &[0, 0, 0, 0, 0, 0, 0, 0, 2], 8, "no (0) or yes (1)", "2");
    refused(2, &[0, 0, 0, 0, 0, 0, 0, 0], 8, "no (0) or yes (1)", "the end");
}

#[test]
fn every_kind_of_content_has_its_error() {
    refused(3, &[1, 0, 0, 3], 3, "a way to reach a machine", "number 3");
    refused(4, &[1, 0, 0, 5], 3, "a kind of cell", "number 5");
    refused(5, &[1, 0, 0, 0, 3], 4, "a source of answers", "number 3");
    refused(6, &[1, 8], 1, "a condition", "number 8");
    refused(6, &[1, 2], 2, "a number of up to 64 bits in its shortest form", "the end");
    refused(6, &[1, 2, 0xff, 0xff, 0xff, 0xff, 0x1f], 2, "a number of up to 32 bits", "8589934591");
    refused(6, &[1, 2, 0], 3, "a byte", "the end");
    refused(6, &[1, 3, 1], 2, "a distance to a number of up to 32 bits", "-1 from 0");
    refused(7, &[1, 0, 2], 2, "a source of a value", "number 2");
    refused(8, &[1, 0, 2], 2, "a source of a secret", "number 2");
    refused(9, &[1, 11], 1, "an instruction", "number 11");
    let end = [1, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0];
    refused(9, &end, 13, "six flags", "bits 0b1000000");
    refused(10, &[1, 0], 2, "the digest of a source", "the end");
    refused(10, &[0, 0, 0, 0], 3, "the end of the section", "1 more bytes");
}

#[test]
fn every_way_to_be_framed_wrongly_has_its_error() {
    let good = file(&[]);
    let with = |at: usize, byte: u8| {
        let mut file = good.clone();
        file[at] = byte;
        decode_unsealed(&file).map_err(|e| (e.offset, e.expected, e.found))
    };
    let err = |offset, expected, found: &str| Err((offset, expected, found.to_owned()));
    assert_eq!(with(0, b'h'), err(0, "`HAB1`, the mark of a compiled program", "something else"));
    assert_eq!(with(4, 1), err(4, "format version 2", "version 1"));
    assert_eq!(with(BODY, 2), err(BODY, "the sections in order", "section 2 for 1"));
    let mut longer = good.clone();
    longer.push(0);
    let error = DecodeError { offset: good.len(), expected: "the end of the section", found: "1 more bytes".into() };
    assert_eq!(decode_unsealed(&longer), Err(error));
    let unused = file(&[(1, &[2, 0, 1, b'a'])]);
    assert_eq!(decode_unsealed(&unused).unwrap_err().expected, "a use of every string");
    let sealed = |at: usize| {
        let mut file = encode(&sample());
        file[at] ^= 1;
        decode(&file).unwrap_err()
    };
    assert_eq!(sealed(5).expected, "the digest of the sections 1 to 9");
    assert_eq!(sealed(200).expected, "the digest of the sections 1 to 9");
    assert_eq!(sealed(37).expected, "the digest of the source map");
    assert_eq!(sealed(encode(&sample()).len() - 1).expected, "the digest of the source map");
}

#[test]
fn a_file_beyond_the_limit_is_not_looked_at() {
    let error = decode(&vec![0; limits::PROGRAM_BYTES + 1]).unwrap_err();
    assert_eq!((error.offset, error.found.as_str()), (limits::PROGRAM_BYTES, "268435457 bytes in all"));
}

#[test]
fn a_program_of_too_many_instructions_is_refused() {
    let good = file(&[]);
    // From the end: the sections of the code and of the map, of three and of five bytes.
    let mut bytes = good[..good.len() - 8].to_vec();
    // 1 048 577 instructions, and as many bytes for them.
    bytes.extend([9, 0x84, 0x80, 0x40, 0x81, 0x80, 0x40]);
    let start = bytes.len() - 3;
    bytes.resize(start + (1 << 20) + 4, 0);
    bytes.extend([10, 3, 0, 0, 0]);
    let (expected, found) = ("at most 1048576 instructions", String::from("1048577"));
    assert_eq!(decode_unsealed(&bytes), Err(DecodeError { offset: start, expected, found }));
}

/// A small file that would be a large program: one long text, used many times.
#[test]
fn a_file_that_unfolds_beyond_memory_is_refused() {
    let mut p = Program { plan: "x".repeat(1 << 20), ..Program::default() };
    p.arguments = vec![(p.plan.clone(), String::new()); 100];
    let mut file = encode(&p);
    assert!(file.len() < (1 << 20) + 1000);
    assert_eq!(decode(&file), Ok(p));
    // The same number of bytes for 2000 uses of the text.
    let many = Program { plan: "x".repeat(1 << 20), arguments: vec![Default::default(); 2000], ..Program::default() };
    file = encode(&many);
    let start = file.windows(4).position(|w| w == [1, 0xd0, 0x0f, 1]).unwrap() + 3;
    file[start..start + 4000].fill(0);
    let error = decode_unsealed(&file).unwrap_err();
    assert_eq!(error.expected, "a program that fits in memory");
}
