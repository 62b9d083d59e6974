//! Operands to values: names, attributes, literals, sets, choices.

use super::Elaborator;
use crate::base::{Code, Diagnostic, Span, nearest};
use crate::model::Guard;
use crate::resolve::library::{KindId, ThingId};
use crate::resolve::types::{self, Ty};
use crate::resolve::value::Value;
use crate::syntax::tree::{Name, Operand, OperandKind, Path, Text};

impl<'s> Elaborator<'_, 's> {
    /// The value of an operand where `expected` is asked for.
    pub(super) fn operand(&mut self, operand: &Operand<'s>, expected: &Ty<'s>) -> Value<'s> {
        let value = match &operand.kind {
            OperandKind::Text(text) => return self.literal(text, expected),
            OperandKind::Number(n) => return self.number(*n, operand.span, expected),
            OperandKind::Duration(ms) => Value::Duration(*ms),
            OperandKind::Path(path) => return self.path(path, expected),
            OperandKind::List(items) => self.list(items, expected),
            OperandKind::Call(call) => Value::Asked(self.probe_guard(call)),
            OperandKind::Group(expr) => match &expr.kind {
                crate::syntax::tree::ExprKind::Operand(inner) => return self.operand(inner, expected),
                _ => match self.condition(expr) {
                    Guard::Always => Value::Bool(true),
                    Guard::Never => Value::Bool(false),
                    guard => Value::Asked(guard),
                },
            },
            OperandKind::Except(set, without) => self.except(set, without, expected),
            OperandKind::IfThen(condition, then, otherwise) => {
                let guard = self.condition(condition);
                let (then, otherwise) = (self.operand(then, expected), self.operand(otherwise, expected));
                return match guard {
                    Guard::Always => then,
                    Guard::Never => otherwise,
                    guard => Value::Picked(vec![(guard, then)], Box::new(otherwise)),
                };
            }
        };
        self.fit(value, expected, operand.span)
    }

    /// Reports a value of another type than expected.
    pub(super) fn fit(&mut self, value: Value<'s>, expected: &Ty<'s>, span: Span) -> Value<'s> {
        let ty = value.ty(self.library);
        if expected.accepts(&ty, self.library) {
            return value;
        }
        let (want, got) = (expected.describe(self.library), ty.describe(self.library));
        let mut error = Diagnostic::error(Code::WrongType, span, format!("this is {got}, but {want} is needed"));
        if let (Value::Thing(id), Ty::Thing(_) | Ty::Set(_)) = (&value, expected) {
            let name = self.library.thing(*id).name;
            error = error.label(name.span, format!("`{}` is declared here", name.text));
        }
        let help = match (expected, &ty) {
            (Ty::Set(kind), Ty::Thing(other)) if self.library.is_a(*other, *kind) => {
                "put it in a list: `[…]`".to_string()
            }
            (Ty::Thing(_), Ty::Set(_)) => "name one thing, or use `for each … in …`".to_string(),
            _ => format!("give {want}"),
        };
        self.report(error.help(help));
        Value::unknown()
    }

    fn literal(&mut self, text: &Text<'s>, expected: &Ty<'s>) -> Value<'s> {
        let plain = super::commands::unescape(text);
        if plain.contains("{{") {
            self.report(Diagnostic::error(Code::UnfitHole, text.span, "a value cannot stand inside this text").help(
                "`{{…}}` belongs in commands and in the texts of steps; pass the value as an argument of its own",
            ));
        }
        match expected {
            Ty::Text | Ty::Path | Ty::Version | Ty::Cidr | Ty::Ip => match types::read_text(&plain, expected) {
                Ok(value) => Value::Text(value, expected.clone()),
                Err((message, help)) => {
                    self.report(Diagnostic::error(Code::BadLiteral, text.span, message).help(help));
                    Value::unknown()
                }
            },
            Ty::OneOf(words) => {
                let help = match words.iter().find(|w| **w == plain) {
                    Some(word) => format!("write `{word}` without quotes"),
                    None => format!("it is one of {}", words.join(", ")),
                };
                self.report(
                    Diagnostic::error(
                        Code::WrongType,
                        text.span,
                        format!("this is a string, but {} is needed", expected.describe(self.library)),
                    )
                    .help(help),
                );
                Value::unknown()
            }
            Ty::Unknown => Value::Text(plain, Ty::Unknown),
            _ => self.fit(Value::Text(plain, Ty::Text), expected, text.span),
        }
    }

    fn number(&mut self, n: u64, span: Span, expected: &Ty<'s>) -> Value<'s> {
        match expected {
            Ty::Duration => {
                self.report(
                    Diagnostic::error(Code::BadLiteral, span, format!("the duration `{n}` has no unit"))
                        .help(format!("write `{n}s` for seconds, `{n}m` for minutes, `{n}ms` for milliseconds")),
                );
                Value::Duration(n)
            }
            Ty::Text => Value::Text(n.to_string(), Ty::Text),
            _ => self.fit(Value::Number(n), expected, span),
        }
    }

    fn list(&mut self, items: &[Operand<'s>], expected: &Ty<'s>) -> Value<'s> {
        let wanted = if let Ty::Set(kind) = expected { Some(*kind) } else { None };
        let member = wanted.map_or(Ty::Unknown, Ty::Thing);
        let (mut things, mut kind, mut open) = (Vec::new(), wanted, None);
        for item in items {
            match self.operand(item, &member) {
                Value::Thing(id) => {
                    kind = kind.or(Some(self.library.thing(id).kind));
                    if things.contains(&id) {
                        let name = self.library.thing(id).name.text;
                        self.report(
                            Diagnostic::error(
                                Code::DeclaredTwice,
                                item.span,
                                format!("`{name}` is in the set already"),
                            )
                            .help("a set has each member once: remove it"),
                        );
                    } else {
                        things.push(id);
                    }
                }
                Value::Open(Ty::Thing(k)) => open = Some(k),
                Value::Open(_) => open = kind,
                other => drop(self.fit(other, &Ty::Thing(KindId(0)), item.span)),
            }
        }
        match (kind, open) {
            (_, Some(kind)) => Value::Open(Ty::Set(kind)),
            (Some(kind), None) => Value::Set(things, kind),
            (None, None) => Value::unknown(),
        }
    }

    fn except(&mut self, set: &Operand<'s>, without: &Operand<'s>, expected: &Ty<'s>) -> Value<'s> {
        let value = self.operand(set, expected);
        let gone = self.operand(without, &Ty::Unknown);
        match (value, gone) {
            (Value::Set(things, kind), Value::Thing(id)) => {
                Value::Set(things.into_iter().filter(|t| *t != id).collect(), kind)
            }
            (Value::Set(things, kind), Value::Set(ids, _)) => {
                Value::Set(things.into_iter().filter(|t| !ids.contains(t)).collect(), kind)
            }
            (value @ (Value::Set(..) | Value::Open(_)), Value::Open(_)) => Value::Open(value.ty(self.library)),
            (Value::Open(ty), _) => Value::Open(ty),
            (value, _) => {
                self.report(
                    Diagnostic::error(
                        Code::WrongType,
                        set.span,
                        format!("`except` needs a set, this is {}", value.ty(self.library).describe(self.library)),
                    )
                    .help("write `SET except THING` or `SET except [A, B]`"),
                );
                Value::unknown()
            }
        }
    }

    /// The value of `a.b.c`.
    pub(super) fn path(&mut self, path: &Path<'s>, expected: &Ty<'s>) -> Value<'s> {
        let Some((first, members)) = path.names.split_first() else { return Value::unknown() };
        let Some(mut value) = self.name(*first, expected) else {
            let diagnostic = self.unknown_name(*first, expected);
            self.report(diagnostic);
            return Value::unknown();
        };
        for name in members {
            value = value.map(&mut |v| self.member(v, *name));
        }
        self.fit(value, expected, path.span)
    }

    /// What a plain name stands for.
    pub(super) fn name(&mut self, name: Name<'s>, expected: &Ty<'s>) -> Option<Value<'s>> {
        if let Some((word, value)) = self.vars.iter().rev().find(|(n, _)| *n == name.text) {
            self.read.insert(word);
            if let Value::Atom(atom, _) = value {
                self.used_atoms.insert(*atom);
            }
            return Some(value.clone());
        }
        if let Ty::OneOf(words) = expected
            && let Some(word) = words.iter().find(|w| **w == name.text)
        {
            return Some(Value::Word(word, words.clone()));
        }
        if let Some(id) = self.library.thing_named(name.text, name.span.file) {
            return Some(Value::Thing(id));
        }
        match name.text {
            "true" | "yes" => Some(Value::Bool(true)),
            "false" | "no" => Some(Value::Bool(false)),
            _ => None,
        }
    }

    fn unknown_name(&self, name: Name<'s>, expected: &Ty<'s>) -> Diagnostic {
        let options: &[&str] = if let Ty::OneOf(words) = expected { words } else { &[] };
        let vars = self.vars.iter().rev().map(|(n, _)| *n);
        let words = options.iter().copied().chain(vars).chain(self.library.thing_words(name.span.file));
        let error = Diagnostic::error(Code::UnknownName, name.span, format!("there is no `{}` here", name.text));
        match nearest(name.text, words) {
            Some(word) => error.help(format!("did you mean `{word}`?")).fix(name.span, word),
            None if !options.is_empty() => error.help(format!("it is one of {}", options.join(", "))),
            None => error.help("declare it, or import the file that does with `use`"),
        }
    }

    /// The attribute `name` of a value.
    pub(super) fn member(&mut self, value: Value<'s>, name: Name<'s>) -> Value<'s> {
        match &value {
            Value::Thing(id) => self.attribute(*id, name),
            Value::Set(ids, _) => Value::Many(ids.clone().into_iter().map(|id| self.attribute(id, name)).collect()),
            Value::Open(Ty::Thing(kind) | Ty::Set(kind)) => match self.field_type(*kind, name) {
                Some(ty) => Value::Open(ty),
                None => {
                    let diagnostic = self.library.unknown_field(*kind, name);
                    self.report(diagnostic);
                    Value::unknown()
                }
            },
            Value::Open(Ty::Unknown) => value,
            Value::Text(text, Ty::Cidr) => match types::cidr_part(text, name.text) {
                Some(part) => {
                    let ty = if name.text == "length" { Ty::Text } else { Ty::Ip };
                    Value::Text(part, ty)
                }
                None => self.no_member(&value, name),
            },
            Value::Duration(ms) => match name.text {
                "seconds" => Value::Number(ms.div_ceil(1000)),
                "milliseconds" => Value::Number(*ms),
                _ => self.no_member(&value, name),
            },
            Value::Open(ty) => match types::scalar_member(ty, name.text) {
                Some(ty) => Value::Open(ty),
                None => self.no_member(&value, name),
            },
            _ => self.no_member(&value, name),
        }
    }

    fn no_member(&mut self, value: &Value<'s>, name: Name<'s>) -> Value<'s> {
        let ty = value.ty(self.library);
        let members = types::scalar_members(&ty);
        let error = Diagnostic::error(
            Code::UnknownMember,
            name.span,
            format!("{} has no `{}`", ty.describe(self.library), name.text),
        );
        self.report(match members {
            [] => error.help("only things have attributes: leave the dot and the name out"),
            members => error.help(format!("it has {}", members.join(", "))),
        });
        Value::unknown()
    }

    /// The type of an attribute; `name` and `site` are known of every thing.
    fn field_type(&self, kind: KindId, name: Name<'s>) -> Option<Ty<'s>> {
        match (self.library.field(kind, name.text), name.text) {
            (Some(field), _) => Some(field.ty.clone()),
            (None, "name") => Some(Ty::Text),
            (None, "site") => self.library.kind_named("site").map(Ty::Thing),
            (None, _) => None,
        }
    }

    /// The attribute of a thing: as declared, or the kind's default.
    pub(super) fn attribute(&mut self, id: ThingId, name: Name<'s>) -> Value<'s> {
        let thing = self.library.thing(id);
        let Some(field) = self.library.field(thing.kind, name.text) else {
            return match (name.text, thing.within) {
                ("name", _) => Value::Text(thing.name.text.to_string(), Ty::Text),
                ("site", Some(site)) => Value::Thing(site),
                ("site", None) => {
                    self.report(
                        Diagnostic::error(
                            Code::MissingAttribute,
                            name.span,
                            format!("`{}` is in no site", thing.name.text),
                        )
                        .label(thing.name.span, "declared here")
                        .help("declare it inside a site"),
                    );
                    Value::unknown()
                }
                _ => {
                    let diagnostic = self.library.unknown_field(thing.kind, name);
                    self.report(diagnostic);
                    Value::unknown()
                }
            };
        };
        let own = thing.attrs.iter().find(|(n, _)| n.text == name.text).map(|(_, v)| v);
        match own.or(field.default.as_ref()) {
            Some(operand) => self.constant(operand, &field.ty),
            None => {
                let message = format!("`{}` has no value for `{}`", thing.name.text, name.text);
                // However often it is needed, it is missing once.
                if self.diagnostics.iter().all(|d| d.message != message) {
                    self.report(
                        Diagnostic::error(Code::MissingAttribute, name.span, message)
                            .label(thing.name.span, "declared here")
                            .help(format!("add `{} = …` to `{}`", name.text, thing.name.text)),
                    );
                }
                Value::Open(field.ty.clone())
            }
        }
    }

    /// A text attribute of a thing, without complaint if it is missing; for attributes the compiler itself reads.
    pub(super) fn text_attribute(&mut self, id: ThingId, name: &'s str, at: Span) -> Option<String> {
        let thing = self.library.thing(id);
        let field = self.library.field(thing.kind, name)?;
        if field.default.is_none() && thing.attrs.iter().all(|(n, _)| n.text != name) {
            return None;
        }
        match self.attribute(id, Name { text: name, span: at }) {
            Value::Text(text, _) if !text.is_empty() => Some(text),
            Value::Word(word, _) => Some(word.to_string()),
            _ => None,
        }
    }

    /// A value outside every procedure: an attribute, a default.
    pub(super) fn constant(&mut self, operand: &Operand<'s>, ty: &Ty<'s>) -> Value<'s> {
        if let Some(place) = not_constant(operand) {
            self.report(
                Diagnostic::error(Code::BadDeclaration, place, "an attribute is a plain value")
                    .help("give a literal, the name of a thing, or a list of names"),
            );
            return Value::unknown();
        }
        let vars = std::mem::take(&mut self.vars);
        let value = self.operand(operand, ty);
        self.vars = vars;
        value
    }
}

/// The part of an operand that makes it more than a plain value.
fn not_constant(operand: &Operand<'_>) -> Option<Span> {
    match &operand.kind {
        OperandKind::Text(_) | OperandKind::Number(_) | OperandKind::Duration(_) => None,
        OperandKind::Path(path) => (path.names.len() > 1).then_some(path.span),
        OperandKind::List(items) => items.iter().find_map(not_constant),
        OperandKind::Call(_) | OperandKind::Group(_) | OperandKind::Except(..) | OperandKind::IfThen(..) => {
            Some(operand.span)
        }
    }
}
