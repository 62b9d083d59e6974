//! Machines and what their commands are given: how a machine is reached, environment variables, secrets.

use super::Elaborator;
use super::actions::Parts;
use super::commands::Use;
use crate::base::{Code, Diagnostic, Span};
use crate::calculus::{EnvValue, EnvVar, MachineId, Reach, Secret, SecretId, SecretSource, Template};
use crate::resolve::library::ThingId;
use crate::resolve::types::Ty;
use crate::resolve::value::Value;
use crate::syntax::tree::{self, Operand};

impl<'s> Elaborator<'_, 's> {
    /// A variable of a command's environment; a command depends on the secrets that it is given.
    pub(super) fn env(&mut self, name: &str, span: Span, value: &Operand<'s>, parts: &mut Parts<'s>) -> Option<EnvVar> {
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts_well || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.report(
                Diagnostic::error(
                    Code::BadLiteral,
                    span,
                    format!("`{name}` cannot name a variable of the environment"),
                )
                .help("use letters, digits and `_`"),
            );
            return None;
        }
        if let tree::OperandKind::Text(text) = &value.kind {
            let text = self.template(text, Use::Assigned);
            return Some(EnvVar { name: name.to_string(), value: EnvValue::Plain(text) });
        }
        let written = self.source(value.span);
        match self.operand(value, &Ty::Unknown) {
            Value::Thing(id) if self.library.is_secret(self.library.thing(id).kind) => {
                self.depends_on(id, value.span, parts);
                let secret = self.secret(id, value.span)?;
                Some(EnvVar { name: name.to_string(), value: EnvValue::Secret(secret) })
            }
            Value::Open(Ty::Thing(kind)) if self.library.is_secret(kind) => None,
            other => {
                let pieces = self.pieces_for_env(other, &written, value.span);
                Some(EnvVar { name: name.to_string(), value: EnvValue::Plain(Template(pieces)) })
            }
        }
    }

    fn secret(&mut self, id: ThingId, at: Span) -> Option<SecretId> {
        let name = self.library.thing(id).name.text;
        if let Some(found) = self.plan.secrets.iter().position(|s| s.name == name) {
            return Some(SecretId::at(found));
        }
        let env = self.text_attribute(id, "env", at);
        let file = self.text_attribute(id, "file", at);
        let source = match (env, file) {
            (Some(env), None) => SecretSource::Env(env),
            (None, Some(file)) => SecretSource::File(file),
            _ => {
                self.report(
                    Diagnostic::error(
                        Code::BadDeclaration,
                        self.library.thing(id).name.span,
                        format!("it is not clear where the secret `{name}` is"),
                    )
                    .label(at, "used here")
                    .help("give it either `env = \"VARIABLE\"` or `file = \"/path\"`"),
                );
                return None;
            }
        };
        self.plan.secrets.push(Secret { name: name.to_string(), source });
        Some(SecretId::at(self.plan.secrets.len() - 1))
    }

    /// The machine a value names; reported if it is none.
    pub(super) fn host_machine(&mut self, value: &Value<'s>, span: Span) -> Option<MachineId> {
        let ty = value.ty(self.library);
        match (value, &ty) {
            (Value::Open(Ty::Unknown), _) => None,
            (_, Ty::Thing(kind)) if self.library.is_node(*kind) => match value {
                Value::Thing(id) => Some(self.machine(*id, span)),
                Value::Open(_) => None,
                _ => {
                    self.report(
                        Diagnostic::error(Code::NotANode, span, "the node is chosen only while the plan runs")
                            .help("say `on one of [a, b] where …`"),
                    );
                    None
                }
            },
            _ => {
                let what = ty.describe(self.library);
                let mut error =
                    Diagnostic::error(Code::NotANode, span, format!("a step runs on a node, this is {what}"));
                if let Value::Thing(id) = value {
                    let info = self.library.thing(*id);
                    error = error.label(info.name.span, "declared here");
                    let manager = self.library.field(info.kind, "manager").is_some();
                    error = error.help(if manager {
                        format!("did you mean `{}.manager`?", self.source(span))
                    } else {
                        "name a node".into()
                    });
                } else {
                    error = error.help("name a node, or `each of`, `any of`, `one of` a set of nodes");
                }
                self.report(error);
                None
            }
        }
    }

    /// How commands get to a machine, from its attributes.
    pub(super) fn reach(&mut self, thing: ThingId, at: Span) -> Reach {
        let name = self.library.thing(thing).name;
        match self.text_attribute(thing, "via", at).as_deref() {
            Some("local") => Reach::Local,
            Some("exec") => {
                let prefix = self.text_attribute(thing, "prefix", at).unwrap_or_default();
                match shlex::split(&prefix) {
                    Some(words) if !words.is_empty() => Reach::Exec { prefix: words },
                    _ => {
                        self.report(
                            Diagnostic::error(
                                Code::MissingAttribute,
                                name.span,
                                format!("`{}` is reached by `exec`, but has no usable `prefix`", name.text),
                            )
                            .help("give the command that runs another on it: `prefix = \"ip netns exec a\"`"),
                        );
                        Reach::Local
                    }
                }
            }
            _ => {
                let host = self.text_attribute(thing, "host", at).unwrap_or_else(|| name.text.to_string());
                if host.starts_with('-') {
                    self.report(
                        Diagnostic::error(Code::BadLiteral, name.span, format!("`{host}` is not a host name"))
                            .help("a host name does not begin with `-`"),
                    );
                }
                Reach::Ssh { host, user: self.text_attribute(thing, "user", at).unwrap_or_default() }
            }
        }
    }
}
