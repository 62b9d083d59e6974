//! Every kind of operand as text.

use crate::bytecode::disassemble::Listing;
use crate::bytecode::names::{Names, joined, plain};
use crate::bytecode::{GuardId, InstrId};
use crate::calculus::{Answer, AtomId, Capture, Command, EnvValue, EnvVar, Gate, Meaning, Sign, Template, Verdict};

/// An operand as text.
pub(super) trait Show {
    /// In one piece.
    fn text(&self, names: &Names<'_>) -> String;

    /// Under its name in a listing; left out if there is nothing to say.
    fn show(&self, name: &str, out: &mut Listing<'_>) {
        let text = self.text(&out.names);
        if !matches!(text.as_str(), "" | "0" | "no") {
            out.field(name, &text);
        }
    }
}

macro_rules! shown {
    ($($type:ty: |$it:ident, $names:pat_param| $text:expr;)*) => {$(
        impl Show for $type {
            fn text(&self, $names: &Names<'_>) -> String {
                let $it = self;
                $text
            }
        }
    )*};
}

shown! {
    u8: |it, _| it.to_string();
    u32: |it, _| it.to_string();
    u64: |it, _| it.to_string();
    bool: |it, _| String::from(if *it { "yes" } else { "no" });
    AtomId: |it, names| names.atom(*it);
    InstrId: |it, names| names.instr(*it);
    GuardId: |it, names| names.guard(*it);
    Vec<InstrId>: |it, names| joined(it.iter().map(|&i| names.instr(i)), ", ");
    Vec<GuardId>: |it, names| joined(it.iter().map(|&g| names.guard(g)), ", ");
    Vec<Answer>: |it, _| joined(it.iter().map(answer), ", ");
}

impl<T: Show> Show for Option<T> {
    fn text(&self, names: &Names<'_>) -> String {
        self.as_ref().map_or_else(String::new, |inner| inner.text(names))
    }

    fn show(&self, name: &str, out: &mut Listing<'_>) {
        self.iter().for_each(|inner| inner.show(name, out));
    }
}

impl Show for String {
    fn text(&self, _: &Names<'_>) -> String {
        self.clone()
    }

    fn show(&self, name: &str, out: &mut Listing<'_>) {
        out.block(name, self);
    }
}

impl Show for Template {
    fn text(&self, names: &Names<'_>) -> String {
        names.template(self)
    }

    fn show(&self, name: &str, out: &mut Listing<'_>) {
        let text = self.text(&out.names);
        out.block(name, &text);
    }
}

impl Show for Command {
    fn text(&self, names: &Names<'_>) -> String {
        names.template(&self.script)
    }

    fn show(&self, name: &str, out: &mut Listing<'_>) {
        self.script.show(name, out);
        self.env.iter().for_each(|var| out.field("env", &variable(var, &out.names)));
        if let Some(ms) = self.within_ms {
            out.field("within_ms", &format!("{ms}{}", if self.kill { ", then kill" } else { "" }));
        }
        self.meanings.iter().for_each(|m| out.field("means", &meaning(m, &out.names)));
        self.captures.iter().for_each(|c| out.field("captures", &capture(c, &out.names)));
    }
}

impl Show for Gate {
    fn text(&self, _: &Names<'_>) -> String {
        let Gate { role, within_ms, otherwise } = self;
        let role = role.as_ref().map(|role| format!("role {}", plain(role)));
        let within = within_ms.map(|ms| format!("within_ms {ms}"));
        let otherwise = otherwise.map(|index| format!("else {index}"));
        joined(role.into_iter().chain(within).chain(otherwise), ", ")
    }
}

fn answer(answer: &Answer) -> String {
    format!("{}{} {:?}", plain(&answer.name), if answer.stops { " (stops)" } else { "" }, answer.label)
}

fn variable(var: &EnvVar, names: &Names<'_>) -> String {
    match &var.value {
        EnvValue::Plain(text) => format!("{} = {:?}", plain(&var.name), names.template(text)),
        EnvValue::Secret(id) => format!("{} = secret {}", plain(&var.name), names.secret(*id)),
    }
}

fn meaning(meaning: &Meaning, names: &Names<'_>) -> String {
    let sign = match &meaning.sign {
        Sign::Exit(codes) => format!("exit {}", joined(codes.iter().map(u8::to_string), ", ")),
        Sign::Output(pattern) => format!("output {pattern:?}"),
    };
    match &meaning.verdict {
        Verdict::Success => format!("{sign}: success"),
        Verdict::Failure => format!("{sign}: failure"),
        Verdict::Warning => format!("{sign}: warning"),
        Verdict::Ask(question) => format!("{sign}: ask {:?}", names.template(question)),
    }
}

fn capture(capture: &Capture, names: &Names<'_>) -> String {
    let value = names.value(capture.value);
    capture.pattern.as_ref().map_or_else(|| format!("{value} = all"), |p| format!("{value} = match {p:?}"))
}
