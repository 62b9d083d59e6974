//! `handover fmt`: texts in their canonical form.

use crate::base::{Code, Diagnostic, limits};
use crate::cli::console::Console;
use crate::cli::{Exit, report};
use crate::format::{Formatted, format, unified};
use crate::os;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Lay plans out in the one way that all plans are laid out
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover fmt switchover.ha plans/\n  handover fmt --check plans/\n  \
                  handover fmt - <switchover.ha\n\n\
                  Only white space changes. What has mistakes is left as it is; `handover check` explains them.")]
pub struct Args {
    /// Plans, or folders to be searched for `.ha` files; `-` formats standard input to standard output
    #[arg(required_unless_present = "stdin")]
    paths: Vec<PathBuf>,
    /// Change nothing; show what would change and exit 1 if something would
    #[arg(long)]
    check: bool,
    /// The same as `-`
    #[arg(long, conflicts_with = "paths")]
    stdin: bool,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let mut formatter = Formatter { check: args.check, console, exit: Exit::Done, changed: 0, files: 0 };
    if args.stdin {
        formatter.stream();
        return formatter.exit;
    }
    for path in &args.paths {
        if path.as_os_str() == "-" {
            formatter.stream();
        } else if os::is_folder(path) {
            formatter.folder(path);
        } else {
            formatter.file(path);
        }
    }
    formatter.summary()
}

/// What has been done so far.
struct Formatter<'c> {
    check: bool,
    console: &'c mut Console,
    exit: Exit,
    changed: usize,
    files: usize,
}

impl Formatter<'_> {
    fn folder(&mut self, folder: &Path) {
        match os::find(folder, "ha") {
            Ok(files) if files.is_empty() => {
                let message = format!("the folder `{}` has no `.ha` file", folder.display());
                self.refuse(Diagnostic::placeless(Code::UnreadableFile, message));
            }
            Ok(files) => files.iter().for_each(|file| self.file(file)),
            Err(error) => self.refuse(report::file(&error, Code::UnreadableFile)),
        }
    }

    fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        let text = match os::read_text(path, limits::SOURCE_BYTES) {
            Ok(text) => text,
            Err(error) => return self.refuse(report::file(&error, Code::UnreadableFile)),
        };
        let Some(formatted) = self.formatted(&name, &text) else { return };
        self.files += 1;
        if formatted == text {
            return;
        }
        self.changed += 1;
        if self.check {
            self.console.out.put(unified(&name, &text, &formatted));
            self.fail(Exit::Findings);
        } else if let Err(error) = os::rewrite(path, formatted.as_bytes()) {
            self.refuse(report::file(&error, Code::UnreadableFile));
        }
    }

    /// Standard input, for editors.
    fn stream(&mut self) {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().take(limits::SOURCE_BYTES as u64 + 1).read_to_end(&mut bytes);
        let text = match read.map(|_| String::from_utf8(bytes)) {
            Ok(Ok(text)) if text.len() <= limits::SOURCE_BYTES => text,
            Ok(Ok(_)) => return self.refuse_input(&format!("is larger than {} MiB", limits::SOURCE_BYTES >> 20)),
            Ok(Err(_)) => return self.refuse_input("is not UTF-8 text"),
            Err(error) => return self.refuse_input(&format!("cannot be read: {error}")),
        };
        let Some(formatted) = self.formatted("<stdin>", &text) else { return };
        if !self.check {
            self.console.out.put(formatted);
        } else if formatted != text {
            self.console.out.put(unified("<stdin>", &text, &formatted));
            self.fail(Exit::Findings);
        }
    }

    /// The canonical form of a text; nothing if that is not to be had.
    fn formatted(&mut self, name: &str, text: &str) -> Option<String> {
        let Ok(Formatted { text: formatted, left }) = format(text) else {
            self.console.err.line(format_args!(
                "error: `{name}` is left as it is: formatted, it would not mean the same\n\n  \
                 this is a defect of handover, not of your plan; please report it with the plan, if you may share it"
            ));
            self.fail(Exit::Defect);
            return None;
        };
        if let Some(first) = left.first() {
            let line = text.get(..*first).unwrap_or("").matches('\n').count() + 1;
            let others = match left.len() - 1 {
                0 => String::new(),
                others => format!(", and {others} more like it"),
            };
            self.console.err.line(format_args!(
                "{name}:{line}: what begins here has mistakes and is left as it is{others}: `handover check` explains them"
            ));
            self.fail(Exit::Findings);
        }
        Some(formatted)
    }

    fn summary(self) -> Exit {
        if self.changed > 0 {
            let what = if self.check { "would change" } else { "changed" };
            let files = if self.files == 1 { "file" } else { "files" };
            self.console.err.line(format_args!("{} of {} {files} {what}", self.changed, self.files));
        }
        self.exit
    }

    fn refuse_input(&mut self, why: &str) {
        let message = format!("standard input {why}");
        self.refuse(Diagnostic::placeless(Code::UnreadableFile, message));
    }

    fn refuse(&mut self, why: Diagnostic) {
        let exit = report::refuse(self.console, why);
        self.fail(exit);
    }

    /// Ends like this, or worse.
    fn fail(&mut self, exit: Exit) {
        self.exit = self.exit.max(exit);
    }
}
