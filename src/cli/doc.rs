//! `handover doc`: the documentation of libraries, the standard one and one's own, read off their source.

use crate::base::{Code, FileId, Source, SourceMap, did_you_mean, limits};
use crate::cli::console::{Console, Pane, Style};
use crate::cli::flags::Format;
use crate::cli::{Exit, report};
use crate::os;
use crate::stdlib::LIBRARIES;
use crate::syntax;
use crate::syntax::tree::{Item, Text};
use clap::ValueEnum;
use std::borrow::Cow;
use std::path::Path;

/// Show what a library has: its kinds, actions, probes and rules
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover doc\n  handover doc net\n  handover doc net add_address\n  \
                  handover doc estate.ha\n  handover doc estate.ha --format markdown >estate.md")]
pub struct Args {
    /// The library, such as `net` or `std/net`, or a file; without one, the standard libraries are listed
    library: Option<String>,
    /// What to show of it in full
    item: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Form::Text, value_name = "FORMAT")]
    format: Form,
}

/// How libraries are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Form {
    /// For a terminal: a list, or one thing in full
    Text,
    /// A page with everything in full
    Markdown,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let Some(wanted) = &args.library else {
        for (name, text) in LIBRARIES {
            let introduction = Page::read(text).introduction;
            console.out.line(format_args!("{name:<14} {}", introduction.lines().next().unwrap_or("")));
        }
        return Exit::Done;
    };
    let (name, text) = match library(wanted, console) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let page = Page::read(&text);
    let Some(item) = &args.item else {
        match args.format {
            Form::Text => page.contents(&name, &mut console.out),
            Form::Markdown => console.out.put(page.markdown(&name)),
        }
        return Exit::Done;
    };
    match page.entries.iter().find(|e| e.name == item) {
        Some(entry) => {
            match args.format {
                Form::Text => entry.show(&mut console.out),
                Form::Markdown => console.out.put(entry.markdown()),
            }
            Exit::Done
        }
        None => {
            let guess = did_you_mean(item, page.entries.iter().map(|e| e.name));
            let help = guess.unwrap_or_else(|| format!("`handover doc {wanted}` lists what is in it"));
            report::usage(console, &format!("`{name}` has no `{item}`"), &help)
        }
    }
}

/// The name and the text of a library, or why there is none.
fn library(wanted: &str, console: &mut Console) -> Result<(String, Cow<'static, str>), Exit> {
    if wanted.ends_with(".ha") {
        let text = os::read_text(Path::new(wanted), limits::SOURCE_BYTES);
        let text = text.map_err(|e| report::refuse(console, report::file(&e, Code::UnreadableFile)))?;
        let (_, mistakes) = syntax::parse(FileId::default(), &text);
        if !mistakes.is_empty() {
            let mut sources = SourceMap::default();
            sources.add(Source::new(wanted, text));
            report::findings(&mut console.err, Format::Text, &mistakes, &sources);
            return Err(Exit::Findings);
        }
        return Ok((wanted.to_owned(), Cow::Owned(text)));
    }
    let named = LIBRARIES.iter().find(|(name, _)| *name == wanted || name.strip_prefix("std/") == Some(wanted));
    named.map(|(name, text)| ((*name).to_owned(), Cow::Borrowed(*text))).ok_or_else(|| {
        let names = LIBRARIES.iter().map(|(name, _)| *name);
        let guess = did_you_mean(wanted, names.clone().chain(names.filter_map(|n| n.strip_prefix("std/"))));
        let help = guess.unwrap_or_else(|| String::from("`handover doc` lists them all; a file ends in `.ha`"));
        report::usage(console, &format!("there is no library `{wanted}`"), &help)
    })
}

/// A library.
struct Page<'s> {
    /// The comment that the file opens with.
    introduction: String,
    entries: Vec<Entry<'s>>,
}

/// Something that a library declares.
struct Entry<'s> {
    /// `action`, `probe`, `kind`, `extend`, `rule`.
    word: &'static str,
    name: &'s str,
    title: &'s str,
    /// What it is called with: everything before its title and its block.
    signature: String,
    /// The comment above it.
    comment: String,
    /// The declaration as written.
    source: &'s str,
}

impl<'s> Page<'s> {
    fn read(text: &'s str) -> Page<'s> {
        let (file, _) = syntax::parse(FileId::default(), text);
        let opening = text.lines().take_while(|l| l.starts_with('#'));
        Page { introduction: uncommented(opening), entries: file.items.iter().filter_map(|i| entry(i, text)).collect() }
    }

    /// The entries by what they are; nothing of which there is none.
    fn parts(&self) -> impl Iterator<Item = (&'static str, Vec<&Entry<'s>>)> {
        let words = [
            ("kind", "Kinds"),
            ("extend", "More fields"),
            ("action", "Actions"),
            ("probe", "Probes"),
            ("rule", "Rules"),
        ];
        let part = |word: &str| self.entries.iter().filter(|e| e.word == word).collect();
        words
            .into_iter()
            .map(move |(word, plural)| (plural, part(word)))
            .filter(|(_, part): &(_, Vec<_>)| !part.is_empty())
    }

    /// A page with everything in full.
    fn markdown(&self, name: &str) -> String {
        let parts = self.parts().map(|(plural, entries)| {
            let entries: String =
                entries.into_iter().map(|entry| format!("\n### {}\n\n{}", entry.name, entry.markdown())).collect();
            format!("\n## {plural}\n{entries}")
        });
        format!("# {name}\n\n{}\n{}", self.introduction, parts.collect::<String>())
    }

    fn contents(&self, name: &str, out: &mut Pane) {
        let heading = out.styled(Style::Bold, name);
        out.line(format_args!("{heading}: {}", self.introduction));
        for (plural, entries) in self.parts() {
            let heading = out.styled(Style::Bold, plural);
            out.line(format_args!("\n{heading}"));
            for entry in entries {
                out.line(format_args!("  {}", entry.signature));
                if !entry.title.is_empty() {
                    out.line(format_args!("      {}", entry.title));
                }
            }
        }
    }
}

impl Entry<'_> {
    /// An `excerpt` is no file of its own.
    fn markdown(&self) -> String {
        let title = if self.title.is_empty() { String::new() } else { format!("**{}**\n\n", self.title) };
        let comment = if self.comment.is_empty() { String::new() } else { format!("{}\n\n", self.comment) };
        format!("{title}{comment}```ha excerpt\n{}\n```\n", self.source)
    }

    fn show(&self, out: &mut Pane) {
        let heading = out.styled(Style::Bold, &format!("{} {}", self.word, self.signature));
        out.line(heading);
        for text in [self.title, &self.comment] {
            if !text.is_empty() {
                out.line(format_args!("\n{text}"));
            }
        }
        out.line("");
        self.source.lines().for_each(|l| out.line(format_args!("    {l}")));
    }
}

fn entry<'s>(item: &Item<'s>, text: &'s str) -> Option<Entry<'s>> {
    let (word, name, title, span) = match item {
        Item::Kind(k) => ("kind", k.name, k.title, k.span),
        Item::Extend(e) => ("extend", e.kind, None, e.span),
        Item::Action(a) => ("action", a.name, a.title, a.span),
        Item::Probe(p) => ("probe", p.name, p.title, p.span),
        Item::Rule(r) => ("rule", r.name, r.title, r.span),
        Item::Use(_) | Item::Entity(_) | Item::Plan(_) | Item::Alias(_) | Item::Test(_) => return None,
    };
    let slice = |from: u32, to: u32| text.get(from as usize..to as usize).unwrap_or("");
    let head = match title {
        Some(title) => slice(name.span.start, title.span.start).trim_end_matches('"'),
        None => slice(name.span.start, span.end).split('{').next().unwrap_or(""),
    };
    let above: Vec<&str> = slice(0, span.start).lines().rev().take_while(|l| l.starts_with('#')).collect();
    Some(Entry {
        word,
        name: name.text,
        title: title.as_ref().map_or("", |t: &Text<'s>| t.raw),
        signature: head.split_whitespace().collect::<Vec<_>>().join(" "),
        comment: uncommented(above.into_iter().rev()),
        source: declaration(slice(span.start, span.end)),
    })
}

/// An item without the comments and empty lines after it.
fn declaration(source: &str) -> &str {
    let mut source = source.trim_end();
    while let Some((before, _)) = source.rsplit_once('\n').filter(|(_, last)| last.starts_with('#')) {
        source = before.trim_end();
    }
    source
}

/// Comment lines without their signs.
fn uncommented<'t>(lines: impl Iterator<Item = &'t str>) -> String {
    let lines: Vec<&str> = lines.map(|l| l.trim_start_matches('#').trim()).collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::Page;

    const TEXT: &str = "\
# Addresses.
#
# With iproute2.

# Not about anything.

# Take it up.
# At once.
action add(a: address) on host: node \"Bring it up\" {
  needs host is up   # always
  run \"true\"
}
kind thing { states a, b }
";

    #[test]
    fn comments_belong_to_what_stands_right_below_them() {
        let page = Page::read(TEXT);
        assert_eq!(page.introduction, "Addresses.\n\nWith iproute2.");
        let [action, kind] = &page.entries[..] else { panic!("{}", page.entries.len()) };
        assert_eq!((action.name, action.title), ("add", "Bring it up"));
        assert_eq!(action.signature, "add(a: address) on host: node");
        assert_eq!(action.comment, "Take it up.\nAt once.");
        assert!(action.source.starts_with("action add") && action.source.ends_with('}'));
        assert_eq!((kind.signature.as_str(), kind.comment.as_str()), ("thing", ""));
        let markdown = page.markdown("std/x");
        assert!(markdown.starts_with(
            "# std/x\n\nAddresses.\n\nWith iproute2.\n\n## Kinds\n\n### thing\n\n```ha excerpt\nkind thing"
        ));
        assert!(markdown.contains(
            "\n## Actions\n\n### add\n\n**Bring it up**\n\nTake it up.\nAt once.\n\n```ha excerpt\naction add("
        ));
    }
}
