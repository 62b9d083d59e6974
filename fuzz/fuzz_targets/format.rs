//! Any text → formatted: it is not refused, means the same, and does not change again.
#![no_main]

use handover::format::format;
use handover::syntax::outline::outline;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(once) = format(text) else { panic!("refused") };
    assert!(outline(&once.text).is_same(&outline(text)));
    assert!(format(&once.text).is_ok_and(|twice| twice.text == once.text));
});
