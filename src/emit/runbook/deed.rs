//! What is typed where: commands with their environment, secrets by name.

use crate::calculus::{Command, EnvValue, MachineId, Template};
use crate::emit::runbook::model::Deed;
use crate::emit::words::{Words, dedented};

/// A command of a step, as it is typed on a machine.
pub(super) fn typed(words: &Words<'_>, host: Option<MachineId>, command: &Command) -> Deed {
    Deed { env: environment(words, command), ..bare(words, host, &command.script) }
}

/// A script without an environment of its own.
pub(super) fn bare(words: &Words<'_>, host: Option<MachineId>, script: &Template) -> Deed {
    Deed { place: place(words, host), script: dedented(&words.template(script)), env: Vec::new() }
}

/// A machine by name; nothing is the machine from which the plan is carried out.
pub(super) fn place(words: &Words<'_>, host: Option<MachineId>) -> String {
    host.map_or_else(|| String::from("this machine"), |m| words.machine(m).to_owned())
}

fn environment(words: &Words<'_>, command: &Command) -> Vec<String> {
    let secrets = &words.outline.plan.secrets;
    let value = |value: &EnvValue| match value {
        EnvValue::Plain(text) => words.template(text),
        EnvValue::Secret(id) => {
            format!("the secret {}", secrets.get(id.index()).map_or("?", |s| s.name.as_str()))
        }
    };
    command.env.iter().map(|var| format!("{} = {}", var.name, value(&var.value))).collect()
}
