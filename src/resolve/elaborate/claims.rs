//! What a thing has for itself alone: an address, a device, the machine that a node stands for. Two things with the same
//! one would be kept in one place each, and still meet.

use super::Elaborator;
use crate::base::{Code, Diagnostic, Span};
use crate::resolve::library::ThingId;
use crate::resolve::types::Ty;
use crate::resolve::value::Value;
use std::collections::HashMap;
use std::fmt;

/// What only one thing can have.
#[derive(PartialEq, Eq, Hash)]
enum Claim {
    /// An IP address.
    Address(String),
    /// A device, in a site.
    Device(Option<ThingId>, String),
    /// What leads to a machine: a host, or a command before the command.
    Host(String),
    Prefix(String),
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Claim::Address(text) | Claim::Device(_, text) | Claim::Host(text) | Claim::Prefix(text) => {
                write!(f, "`{text}`")
            }
        }
    }
}

impl<'s> Elaborator<'_, 's> {
    /// Checks the attributes of all things, and that no two claim the same address, device or machine.
    pub fn check_things(&mut self) {
        let mut claims: HashMap<Claim, Span> = HashMap::new();
        for id in self.library.things() {
            let thing = self.library.thing(id).clone();
            for (name, operand) in &thing.attrs {
                let Some(field) = self.library.field(thing.kind, name.text) else { continue };
                let ty = field.ty.clone();
                let value = self.constant(operand, &ty);
                let Some(claim) = self.claim(id, name.text, &value) else { continue };
                let what = claim.to_string();
                if let Some(first) = claims.insert(claim, operand.span) {
                    self.report(
                        Diagnostic::error(Code::Collision, operand.span, format!("{what} belongs to two things"))
                            .label(first, "the other one")
                            .help("give each its own, or declare it once and use it twice"),
                    );
                }
            }
        }
    }

    /// What a thing has for itself alone by this value of its attribute.
    fn claim(&mut self, id: ThingId, name: &str, value: &Value<'s>) -> Option<Claim> {
        let Value::Text(text, ty) = value else { return None };
        let thing = self.library.thing(id);
        let (kind, site, span) = (thing.kind, thing.within, thing.name.span);
        if self.library.is_node(kind) {
            return match (name, self.text_attribute(id, "via", span).as_deref()) {
                _ if text.is_empty() => None,
                ("host", Some("ssh")) => Some(Claim::Host(text.clone())),
                ("prefix", Some("exec")) => Some(Claim::Prefix(text.clone())),
                _ => None,
            };
        }
        let exclusive = matches!(self.library.kind(kind).held, Some((false, _)));
        match (ty, name) {
            // An address is the same whatever the length of its prefix.
            (Ty::Cidr, _) if exclusive => Some(Claim::Address(text.split('/').next().unwrap_or(text).to_owned())),
            // Another site has devices of its own.
            (_, "device") if exclusive && !text.is_empty() => Some(Claim::Device(site, text.clone())),
            _ => None,
        }
    }
}
