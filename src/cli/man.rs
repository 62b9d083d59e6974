//! `handover man`: manual pages, made of the same definitions as `--help`.

use crate::base::{Code, did_you_mean};
use crate::cli::console::Console;
use crate::cli::{Exit, command, report};
use crate::os;
use clap::Command;
use clap_mangen::Man;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Print a manual page, or write all of them into a folder
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover man | man -l -\n  handover man run | man -l -\n  \
                  handover man -o ~/.local/share/man/man1\n\n\
                  `man handover` and `man handover-run` find what stands in ~/.local/share/man/man1.")]
pub struct Args {
    /// The command whose page is printed; without one, the page of handover itself
    command: Option<String>,
    /// Write all pages into this folder, as `handover.1`, `handover-run.1` and so on
    #[arg(short, long, value_name = "DIR", conflicts_with = "command")]
    output: Option<PathBuf>,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let commands = commands();
    if let Some(folder) = &args.output {
        let written = commands.iter().try_for_each(|c| os::write_copy(&folder.join(file(c)), &page(c)));
        return match written {
            Ok(()) => Exit::Done,
            Err(error) => report::refuse(console, report::file(&error, Code::Unwritable)),
        };
    }
    let wanted = args.command.as_deref().unwrap_or("handover");
    match commands.iter().find(|c| c.get_name() == wanted) {
        Some(command) => {
            console.out.bytes(&page(command));
            Exit::Done
        }
        None => {
            let guess = did_you_mean(wanted, commands.iter().map(Command::get_name));
            let help = guess.unwrap_or_else(|| String::from("`handover --help` lists the commands"));
            report::usage(console, &format!("there is no command `{wanted}`"), &help)
        }
    }
}

/// The command itself, then its subcommands.
fn commands() -> Vec<Command> {
    let whole = command();
    let parts: Vec<Command> = whole.get_subcommands().cloned().collect();
    [vec![whole], parts].concat()
}

fn file(command: &Command) -> PathBuf {
    Path::new(command.get_display_name().unwrap_or_else(|| command.get_name())).with_extension("1")
}

fn page(command: &Command) -> Vec<u8> {
    let mut page = Vec::new();
    // A vector takes everything.
    let _ = sections(command, &mut page);
    page
}

fn sections(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let man = Man::new(command.clone());
    // Without a date: a page is made anew with each version.
    let version = env!("CARGO_PKG_VERSION");
    writeln!(page, ".TH {} 1 \"\" \"handover {version}\" Handover", file(command).with_extension("").display())?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(page)?;
    }
    let notes = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    page.extend_from_slice(closing(&notes).as_bytes());
    Ok(())
}

/// What stands below the flags in `--help`: examples line by line, everything else as text.
fn closing(notes: &str) -> String {
    let mut roff = String::new();
    let mut heading = ".SH NOTES\n";
    for paragraph in notes.split("\n\n").filter(|p| !p.is_empty()) {
        let lines = |text: &str| text.lines().map(|l| literal(l.trim_start()) + "\n").collect::<String>();
        match paragraph.strip_prefix("Examples:\n") {
            Some(examples) => roff += &format!(".SH EXAMPLES\n.nf\n{}.fi\n", lines(examples)),
            None => roff += &format!("{}{}", std::mem::replace(&mut heading, ".PP\n"), lines(paragraph)),
        }
    }
    roff
}

/// A line as it is: nothing in it means anything to roff.
fn literal(line: &str) -> String {
    let escaped = line.replace('\\', "\\(rs").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga");
    if escaped.starts_with('.') { format!("\\&{escaped}") } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::{closing, literal};

    #[test]
    fn nothing_in_a_line_means_anything_to_roff() {
        assert_eq!(literal(".ha -x 'a\\n' `b`"), "\\&.ha \\-x \\(aqa\\(rsn\\(aq \\(gab\\(ga");
    }

    #[test]
    fn examples_stay_lines_and_the_rest_is_text() {
        let roff = closing("Examples:\n  a one\n  a two\n\nSome text.\n\nMore of it.");
        assert_eq!(roff, ".SH EXAMPLES\n.nf\na one\na two\n.fi\n.SH NOTES\nSome text.\n.PP\nMore of it.\n");
        assert_eq!(closing(""), "");
    }
}
