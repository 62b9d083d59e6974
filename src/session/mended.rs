//! A repair that is proposed has been tried: with it, the finding is gone and nothing new is wrong.

use super::{Compilation, FileError, Files, Request, attempt};
use crate::base::{Code, Diagnostic};

/// Repairs that are tried in one compilation.
const TRIED: usize = 12;
/// Bytes of sources up to which a repair is tried: it means to compile everything once more.
const SMALL: usize = 64 << 10;

/// The files, one of them changed.
struct Changed<'a> {
    files: &'a dyn Files,
    path: &'a str,
    text: String,
}

impl Files for Changed<'_> {
    fn read(&self, path: &str) -> Result<String, FileError> {
        if path == self.path { Ok(self.text.clone()) } else { self.files.read(path) }
    }
}

/// Takes away the repairs of what the proofs found that do not mend it.
/// Nothing, if nobody waits for it any more.
pub(super) fn keep_what_mends(
    files: &dyn Files,
    root: &str,
    request: &Request,
    out: &mut Compilation,
    stopped: &dyn Fn() -> bool,
) -> Option<()> {
    let errors = count(&out.diagnostics);
    let size: usize = out.sources.iter().map(|(_, s)| s.text.len()).sum();
    let mut tried = 0;
    for diagnostic in &mut out.diagnostics {
        if diagnostic.trace.is_empty() {
            continue;
        }
        let Some(fix) = diagnostic.fix.take() else { continue };
        tried += 1;
        let source = out.sources.get(fix.span.file).filter(|_| tried <= TRIED && size <= SMALL);
        let Some(source) = source else { continue };
        let (Some(before), Some(after)) =
            (source.text.get(..fix.span.start as usize), source.text.get(fix.span.end as usize..))
        else {
            continue;
        };
        let changed = Changed { files, path: &source.path, text: [before, &fix.text, after].concat() };
        let again = attempt(&changed, root, request, stopped)?;
        let gone = !again.diagnostics.iter().any(|d| same(d, diagnostic.code, &diagnostic.message));
        // Where more steps run into the same, the next of them is named then.
        let others = usize::from(!diagnostic.message.contains(" (and in "));
        if gone && count(&again.diagnostics) + others <= errors {
            diagnostic.fix = Some(fix);
        }
    }
    Some(())
}

fn count(found: &[Diagnostic]) -> usize {
    found.iter().filter(|d| d.is_error()).count()
}

/// Whether a finding is this one, however many steps and things it is about.
fn same(found: &Diagnostic, code: Code, message: &str) -> bool {
    let cut = |message: &str, at: &str| message.split(at).next().map_or_else(String::new, String::from);
    let cause = |message: &str| cut(&cut(message, " (and in "), " (also ");
    found.code == code && cause(&found.message) == cause(message)
}
