//! What comes from a node: the runner's record in a stream of output that comes in any pieces, the agent's lines; and what
//! goes there: every text comes out of a real shell as it went in.

#![no_main]

use handover::os::node::{Facts, Records, encode};
use libfuzzer_sys::fuzz_target;
use std::io::Write;
use std::process::{Command, Stdio};

const NONCE: &str = "n0nce";

fuzz_target!(|bytes: &[u8]| {
    let (size, bytes) = bytes.split_first().map_or((1, bytes), |(first, rest)| (usize::from(*first).max(1), rest));
    records(bytes, size);
    let text = String::from_utf8_lossy(bytes);
    let mut facts = Facts::default();
    for line in text.lines() {
        let _ = facts.line(line);
    }
    // A shell costs a thousand times as much as the rest.
    if bytes.first().is_some_and(|b| b % 64 == 0) && !text.contains('\0') {
        assert_eq!(through_a_shell(&text), text);
    }
});

/// Nothing is lost, however the bytes come; and a record that is put in is found.
fn records(bytes: &[u8], size: usize) {
    let read = |bytes: &[u8], size: usize| {
        let mut records = Records::new(NONCE);
        let mut own: Vec<u8> = bytes.chunks(size).flat_map(|piece| records.take(piece)).collect();
        own.extend(records.rest());
        (own, records.word)
    };
    let (own, word) = read(bytes, size);
    assert_eq!((&own, &word), (&read(bytes, 1).0, &read(bytes, 1).1));
    assert!(own == bytes || word.is_some());
    let told = [bytes, format!("\n{NONCE} ended 7\n").as_bytes()].concat();
    if !bytes.windows(NONCE.len()).any(|w| w == NONCE.as_bytes()) {
        assert_eq!(own, bytes);
        assert_eq!(read(&told, size), (bytes.to_vec(), Some(handover::os::node::Word::Ended(7))));
    }
}

fn through_a_shell(text: &str) -> String {
    let script = "IFS= read -r x; x=$(printf '%b_' \"$x\"); printf %s \"${x%_}\"";
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut shell = command.spawn().expect("there is a shell");
    let line = format!("{}\n", encode(text));
    shell.stdin.take().expect("it is piped").write_all(line.as_bytes()).expect("it reads");
    String::from_utf8(shell.wait_with_output().expect("it ends").stdout).expect("it is the same text")
}
