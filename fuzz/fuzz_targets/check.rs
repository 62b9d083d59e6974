//! Any text → parse, resolve, order, lower: no panic, no runaway, and what compiles keeps the rules of programs.
#![no_main]

use handover::session::{FileError, Files, Request, compile};
use handover::verify::verify;
use libfuzzer_sys::fuzz_target;

/// The one file there is.
struct One<'a>(&'a str);

impl Files for One<'_> {
    fn read(&self, path: &str) -> Result<String, FileError> {
        if path == "plan.ha" { Ok(self.0.to_owned()) } else { Err(FileError::Missing) }
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let found = compile(&One(text), "plan.ha", &Request { everything: true, ..Request::default() });
    for diagnostic in &found.diagnostics {
        let first = diagnostic.message.chars().next();
        assert!(
            first.is_some_and(|c| !c.is_uppercase()) && !diagnostic.message.ends_with('.'),
            "{}",
            diagnostic.message
        );
    }
    for plan in found.plans {
        if let Err(broken) = verify(plan.program) {
            panic!("the compiler broke a rule of programs: {broken:?}");
        }
    }
});
