//! Any text → tree: no panic, no runaway; every place is inside the text, and nothing is left out without a word.
#![no_main]

use handover::base::{FileId, limits};
use handover::syntax::{imports, operand, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (file, diagnostics) = parse(FileId(0), text);
    for diagnostic in &diagnostics {
        let fix = diagnostic.fix.as_ref().map(|fix| fix.span);
        for span in diagnostic.labels.iter().map(|label| label.span).chain(fix) {
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{diagnostic:?}");
        }
        assert!(diagnostic.help.is_some(), "{diagnostic:?}");
    }
    assert!(!file.incomplete || !diagnostics.is_empty());
    assert!(diagnostics.len() <= 2 * limits::SYNTAX_ERRORS);
    for (path, span) in imports(FileId(0), text) {
        assert_eq!(text.get(span.start as usize..span.end as usize), Some(path.as_str()));
    }
    let _ = operand(FileId(0), text);
});
