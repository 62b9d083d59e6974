//! Any text → approval: no panic, no runaway; what is accepted is what would be written, and two of them can be compared.
#![no_main]

use handover::approval::{Approval, Statement, difference};
use libfuzzer_sys::fuzz_target;

const SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----\nAA==\n-----END SSH SIGNATURE-----\n";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(approval) = Approval::parse(text) {
        assert_eq!(format!("{}{}", approval.statement, approval.signature), text);
        assert_eq!(format!("{}{}", approval.text, approval.signature), text);
    }
    // Two statements, the second without its signature.
    let Some((one, other)) = text.split_once('\0') else { return };
    let (Ok(one), Ok(other)) = (Statement::parse(one), Statement::parse(other)) else { return };
    for statement in [&one, &other] {
        let file = format!("{statement}{SIGNATURE}");
        assert!(Approval::parse(&file).is_ok_and(|a| a.statement == *statement), "what is written is read");
    }
    if let Some(found) = difference(&one, &other) {
        let hidden = |c: char| c.is_control() && c != '\n' && c != '\t';
        assert!(!found.places.contains(hidden) && !found.what.contains(hidden), "{found:?}");
    }
});
