//! `handover new`: a folder to begin with, whose plans are proved and tested as they stand.

use crate::base::Code;
use crate::cli::console::Console;
use crate::cli::{Exit, report};
use crate::os;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::path::{Path, PathBuf};

/// Begin with a plan that is proved and tested as it stands, to be changed until it is yours
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  handover new shop\n  handover new orders --template database\n  handover new --list\n\n\
                  Nothing that is there is overwritten."
)]
pub struct Args {
    /// The folder that gets `estate.ha` (what there is) and `plan.ha` (what is done); made if it is not there
    #[arg(required_unless_present = "list")]
    folder: Option<PathBuf>,
    /// What to begin with
    #[arg(long, value_parser = known(), default_value = "service", value_name = "NAME")]
    template: &'static Template,
    /// List the templates
    #[arg(long, conflicts_with = "folder")]
    list: bool,
}

/// What a folder can begin with.
#[derive(Debug)]
struct Template {
    name: &'static str,
    /// What it is about, in a line.
    title: &'static str,
    /// File names and texts.
    files: [(&'static str, &'static str); 2],
}

macro_rules! template {
    ($name:literal, $title:literal) => {
        Template {
            name: $name,
            title: $title,
            files: [
                ("estate.ha", include_str!(concat!("../../templates/", $name, "/estate.ha"))),
                ("plan.ha", include_str!(concat!("../../templates/", $name, "/plan.ha"))),
            ],
        }
    };
}

static TEMPLATES: [Template; 4] = [
    template!("service", "a service and its address move between two nodes"),
    template!("database", "PostgreSQL: switchover, failover, and the way back"),
    template!("storage", "a file system that must never be mounted twice moves with its service"),
    template!("disaster-recovery", "two sites: one is left in order or lost, and protected again"),
];

/// A template by its name.
fn known() -> impl TypedValueParser<Value = &'static Template> {
    let names = TEMPLATES.each_ref().map(|t| PossibleValue::new(t.name).help(t.title));
    PossibleValuesParser::new(names)
        .try_map(|name| TEMPLATES.iter().find(|t| t.name == name).ok_or("there is no such template"))
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let Some(folder) = &args.folder else {
        for template in &TEMPLATES {
            console.out.line(format_args!("{:<18} {}", template.name, template.title));
        }
        return Exit::Done;
    };
    if let Err(error) = os::create(folder, &args.template.files) {
        return report::refuse(console, report::file(&error, Code::Unwritable));
    }
    next(folder, args.template, console);
    Exit::Done
}

/// What to do with it.
fn next(folder: &Path, template: &Template, console: &mut Console) {
    let plan = folder.join("plan.ha");
    let plan =
        shlex::try_quote(&plan.to_string_lossy()).map_or_else(|_| plan.display().to_string(), |p| p.into_owned());
    let first = template.files[1].1.lines().find_map(|l| l.strip_prefix("plan ")?.split('(').next());
    console.out.line(format_args!(
        "{}: {}\n\nestate.ha  what there is: put your own nodes and addresses there\nplan.ha    what is done with it\n",
        folder.display(),
        template.title
    ));
    console.out.line(format_args!("handover check {plan}"));
    console.out.line(format_args!("handover test {plan}"));
    console.out.line(format_args!("handover drill {plan} {}", first.unwrap_or_default()));
    console.out.line(format_args!("handover plan {plan} {}", first.unwrap_or_default()));
}
