//! All declarations of a compilation under their names: kinds, things, actions, probes, rules, plans, tests.
//!
//! One name space for all files of a compilation; a file sees what it declares and what it imports, directly or not.

use crate::base::{Code, Diagnostic, FileId, Span, nearest};
use crate::resolve::types::{SCALARS, Ty, a};
use crate::syntax::tree::{self, Item, Name, Operand, TypeKind};
use std::collections::HashMap;

/// Index of a kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KindId(pub usize);

/// Index of a thing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ThingId(pub usize);

/// A kind with everything it inherits.
#[derive(Clone, Debug)]
pub struct Kind<'s> {
    /// Its name.
    pub name: Name<'s>,
    /// The kind it extends.
    pub parent: Option<KindId>,
    /// Fields, inherited ones first.
    pub fields: Vec<Param<'s>>,
    /// States; empty if it has none.
    pub states: Vec<Name<'s>>,
    /// States it may be left in; empty if that does not matter.
    pub rests: Vec<Name<'s>>,
    /// Whether it is held by others: shared or exclusive, and by which kind.
    pub held: Option<(bool, KindId)>,
    /// It may be left anywhere, but not nowhere.
    pub rests_on: bool,
    /// A machine that is down holds it no more.
    pub volatile: bool,
    /// A machine that comes up again takes it again, unless it was released there.
    pub until_restart: bool,
}

/// A field or parameter with its type understood.
#[derive(Clone, Debug)]
pub struct Param<'s> {
    /// Its name.
    pub name: Name<'s>,
    /// Its type.
    pub ty: Ty<'s>,
    /// Its default.
    pub default: Option<Operand<'s>>,
}

/// A declared thing.
#[derive(Clone, Debug)]
pub struct Thing<'s> {
    /// Its name.
    pub name: Name<'s>,
    /// Its kind.
    pub kind: KindId,
    /// The thing it is declared in.
    pub within: Option<ThingId>,
    /// Its attributes as written.
    pub attrs: Vec<(Name<'s>, Operand<'s>)>,
}

/// Something with parameters: an action, a probe, a rule, a plan.
#[derive(Clone, Debug)]
pub struct Declared<'s, T> {
    /// The tree.
    pub tree: T,
    /// Its parameters.
    pub params: Vec<Param<'s>>,
}

/// What a name stands for, to report doubles across sorts.
#[derive(Clone, Copy, Debug)]
struct Taken {
    span: Span,
    what: &'static str,
}

/// All declarations.
#[derive(Debug, Default)]
pub struct Library<'s> {
    kinds: Vec<Kind<'s>>,
    kind_names: HashMap<&'s str, KindId>,
    things: Vec<Thing<'s>>,
    thing_names: HashMap<&'s str, ThingId>,
    actions: HashMap<&'s str, Declared<'s, tree::Action<'s>>>,
    probes: HashMap<&'s str, Declared<'s, tree::Probe<'s>>>,
    rules: Vec<Declared<'s, tree::Rule<'s>>>,
    plans: Vec<Declared<'s, tree::Plan<'s>>>,
    aliases: Vec<tree::Alias<'s>>,
    tests: Vec<tree::Test<'s>>,
    sees: Vec<Vec<FileId>>,
}

/// Collects declarations from files. `sees` lists for each file which files it sees, itself included.
pub fn collect<'s>(
    files: Vec<tree::File<'s>>,
    sees: Vec<Vec<FileId>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Library<'s> {
    let mut library = Library { sees, ..Library::default() };
    let (mut kinds, mut extends, mut entities, mut rest) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for item in files.into_iter().flat_map(|f| f.items) {
        match item {
            Item::Use(_) => {}
            Item::Kind(k) => kinds.push(k),
            Item::Extend(e) => extends.push(e),
            Item::Entity(e) => entities.push(e),
            other => rest.push(other),
        }
    }
    library.add_kinds(kinds, extends, diagnostics);
    for entity in entities {
        library.add_thing(entity, None, diagnostics);
    }
    library.add_rest(rest, diagnostics);
    library
}

impl<'s> Library<'s> {
    /// Whether things of some kind can be in all of these states.
    pub fn is_some_kinds_states(&self, states: &[Name<'s>]) -> bool {
        let has = |kind: &Kind<'s>| states.iter().all(|s| kind.states.iter().any(|k| k.text == s.text));
        self.kinds.iter().any(has)
    }

    /// The kind with this id.
    #[allow(clippy::indexing_slicing, reason = "ids are made by this table only")]
    pub fn kind(&self, id: KindId) -> &Kind<'s> {
        &self.kinds[id.0]
    }

    /// The thing with this id.
    #[allow(clippy::indexing_slicing, reason = "ids are made by this table only")]
    pub fn thing(&self, id: ThingId) -> &Thing<'s> {
        &self.things[id.0]
    }

    /// Every thing, in the order declared.
    pub fn things(&self) -> impl Iterator<Item = ThingId> + use<'s> {
        (0..self.things.len()).map(ThingId)
    }

    /// The kind called so.
    pub fn kind_named(&self, name: &str) -> Option<KindId> {
        self.kind_names.get(name).copied()
    }

    /// The thing called so, if a name in this file may mean it.
    pub fn thing_named(&self, name: &str, file: FileId) -> Option<ThingId> {
        let id = self.thing_names.get(name).copied()?;
        self.visible(self.thing(id).name.span.file, file).then_some(id)
    }

    /// The action called so.
    pub fn action(&self, name: &str) -> Option<&Declared<'s, tree::Action<'s>>> {
        self.actions.get(name)
    }

    /// Every action, by name.
    pub fn actions(&self) -> impl Iterator<Item = &Declared<'s, tree::Action<'s>>> {
        self.actions.values()
    }

    /// The probe called so.
    pub fn probe(&self, name: &str) -> Option<&Declared<'s, tree::Probe<'s>>> {
        self.probes.get(name)
    }

    /// Every probe, by name.
    pub fn probes(&self) -> impl Iterator<Item = &Declared<'s, tree::Probe<'s>>> {
        self.probes.values()
    }

    /// Every rule.
    pub fn rules(&self) -> &[Declared<'s, tree::Rule<'s>>] {
        &self.rules
    }

    /// Every plan.
    pub fn plans(&self) -> &[Declared<'s, tree::Plan<'s>>] {
        &self.plans
    }

    /// The plan called so.
    pub fn plan(&self, name: &str) -> Option<&Declared<'s, tree::Plan<'s>>> {
        self.plans.iter().find(|p| p.tree.name.text == name)
    }

    /// Every `plan x = y(…)`.
    pub fn aliases(&self) -> &[tree::Alias<'s>] {
        &self.aliases
    }

    /// Every test.
    pub fn tests(&self) -> &[tree::Test<'s>] {
        &self.tests
    }

    /// Whether `kind` is `ancestor` or extends it.
    pub fn is_a(&self, kind: KindId, ancestor: KindId) -> bool {
        let mut at = Some(kind);
        while let Some(k) = at {
            if k == ancestor {
                return true;
            }
            at = self.kind(k).parent;
        }
        false
    }

    /// Whether things of this kind are machines.
    pub fn is_node(&self, kind: KindId) -> bool {
        self.kind_named("node").is_some_and(|node| self.is_a(kind, node))
    }

    /// Whether things of this kind are secrets.
    pub fn is_secret(&self, kind: KindId) -> bool {
        self.kind_named("secret").is_some_and(|secret| self.is_a(kind, secret))
    }

    /// The field of a kind.
    pub fn field(&self, kind: KindId, name: &str) -> Option<&Param<'s>> {
        self.kind(kind).fields.iter().find(|f| f.name.text == name)
    }

    /// Names of things that a name in `file` may mean.
    pub fn thing_words(&self, file: FileId) -> impl Iterator<Item = &'s str> + '_ {
        self.things.iter().filter(move |t| self.visible(t.name.span.file, file)).map(|t| t.name.text)
    }

    fn visible(&self, declared: FileId, from: FileId) -> bool {
        self.sees.get(from.0 as usize).is_none_or(|files| files.contains(&declared))
    }

    /// The type as written, understood.
    pub fn ty(&self, written: &tree::Type<'s>, diagnostics: &mut Vec<Diagnostic>) -> Ty<'s> {
        match &written.kind {
            TypeKind::Named(name) => {
                let scalar = Ty::scalar(name.text).or_else(|| self.kind_named(name.text).map(Ty::Thing));
                scalar.unwrap_or_else(|| {
                    diagnostics.push(self.unknown_kind(*name, "type"));
                    Ty::Unknown
                })
            }
            TypeKind::Set(name) => self.kind_named(name.text).map(Ty::Set).unwrap_or_else(|| {
                diagnostics.push(if SCALARS.contains(&name.text) {
                    Diagnostic::error(Code::WrongType, name.span, format!("`set of {}` is not possible", name.text))
                        .help("sets hold things of a kind, such as `set of node`")
                } else {
                    self.unknown_kind(*name, "kind")
                });
                Ty::Unknown
            }),
            TypeKind::OneOf(words) => Ty::OneOf(words.iter().map(|w| w.text).collect()),
        }
    }

    fn unknown_kind(&self, name: Name<'s>, what: &str) -> Diagnostic {
        let words = self.kind_names.keys().copied().chain(SCALARS.iter().copied().filter(|_| what == "type"));
        let near = nearest(name.text, words).or_else(|| meant(name.text).filter(|w| self.kind_names.contains_key(w)));
        let error = Diagnostic::error(Code::UnknownName, name.span, format!("there is no {what} `{}`", name.text));
        match near {
            Some(word) => error.help(format!("did you mean `{word}`?")).fix(name.span, word),
            None => error.help(format!("declare it with `kind {}`, or import the library that does", name.text)),
        }
    }

    /// Parameters with their types understood; doubles reported.
    fn params(&self, fields: &[tree::Field<'s>], diagnostics: &mut Vec<Diagnostic>) -> Vec<Param<'s>> {
        let mut params: Vec<Param<'s>> = Vec::new();
        for field in fields {
            if let Some(first) = params.iter().find(|p| p.name.text == field.name.text) {
                diagnostics.push(declared_twice(field.name, first.name.span));
                continue;
            }
            let ty = self.ty(&field.ty, diagnostics);
            params.push(Param { name: field.name, ty, default: field.default.clone() });
        }
        params
    }

    fn add_kinds(
        &mut self,
        trees: Vec<tree::Kind<'s>>,
        extends: Vec<tree::Extend<'s>>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let mut kept: Vec<tree::Kind<'s>> = Vec::new();
        for kind in trees {
            if let Some(first) = kept.iter().find(|k| k.name.text == kind.name.text) {
                diagnostics.push(declared_twice(kind.name, first.name.span));
                continue;
            }
            if SCALARS.contains(&kind.name.text) {
                diagnostics.push(
                    Diagnostic::error(
                        Code::DeclaredTwice,
                        kind.name.span,
                        format!("`{}` is a built-in type", kind.name.text),
                    )
                    .help("give the kind another name"),
                );
                continue;
            }
            self.kind_names.insert(kind.name.text, KindId(kept.len()));
            kept.push(kind);
        }
        for kind in &kept {
            let parent = kind.parent.and_then(|p| {
                self.kind_named(p.text).or_else(|| {
                    diagnostics.push(self.unknown_kind(p, "kind"));
                    None
                })
            });
            self.kinds.push(Kind {
                name: kind.name,
                parent,
                fields: Vec::new(),
                states: Vec::new(),
                rests: Vec::new(),
                held: None,
                rests_on: false,
                volatile: false,
                until_restart: false,
            });
        }
        self.cut_kind_cycles(&kept, diagnostics);
        let mut order: Vec<usize> = (0..kept.len()).collect();
        order.sort_by_key(|&k| self.depth(KindId(k)));
        for k in order {
            if let Some(tree) = kept.get(k) {
                self.fill_kind(KindId(k), tree, &extends, diagnostics);
            }
        }
        for extend in &extends {
            if self.kind_named(extend.kind.text).is_none() {
                diagnostics.push(self.unknown_kind(extend.kind, "kind"));
            }
        }
    }

    fn depth(&self, kind: KindId) -> usize {
        std::iter::successors(Some(kind), |k| self.kind(*k).parent).count()
    }

    fn cut_kind_cycles(&mut self, trees: &[tree::Kind<'s>], diagnostics: &mut Vec<Diagnostic>) {
        for (k, tree) in trees.iter().enumerate() {
            let steps = std::iter::successors(Some(KindId(k)), |k| self.kind(*k).parent).take(trees.len() + 1).count();
            if steps > trees.len() {
                let span = tree.parent.map_or(tree.name.span, |p| p.span);
                diagnostics.push(
                    Diagnostic::error(Code::BadDeclaration, span, format!("kind `{}` extends itself", tree.name.text))
                        .help("let one of the kinds stand on its own"),
                );
                if let Some(kind) = self.kinds.get_mut(k) {
                    kind.parent = None;
                }
            }
        }
    }

    fn fill_kind(
        &mut self,
        id: KindId,
        tree: &tree::Kind<'s>,
        extends: &[tree::Extend<'s>],
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let inherited = self.kind(id).parent.map(|p| self.kind(p).clone());
        let mut fields = inherited.as_ref().map_or_else(Vec::new, |k| k.fields.clone());
        let own =
            tree.fields.iter().chain(extends.iter().filter(|e| e.kind.text == tree.name.text).flat_map(|e| &e.fields));
        for field in own {
            match fields.iter().find(|f: &&Param<'s>| f.name.text == field.name.text) {
                Some(first) => diagnostics.push(declared_twice(field.name, first.name.span)),
                None if field.name.text == "name" => diagnostics.push(
                    Diagnostic::error(Code::DeclaredTwice, field.name.span, "every thing has a `name` already")
                        .help("give the field another name"),
                ),
                None => {
                    let ty = self.ty(&field.ty, diagnostics);
                    fields.push(Param { name: field.name, ty, default: field.default.clone() });
                }
            }
        }
        let take = |own: &[Name<'s>], theirs: Option<&Vec<Name<'s>>>| {
            if own.is_empty() { theirs.cloned().unwrap_or_default() } else { own.to_vec() }
        };
        let states = take(&tree.states, inherited.as_ref().map(|k| &k.states));
        let rests = take(&tree.rests, inherited.as_ref().map(|k| &k.rests));
        check_states(tree, &states, &rests, diagnostics);
        let held = tree.held.as_ref().and_then(|h| match self.kind_named(h.kind.text) {
            Some(kind) => Some((h.shared, kind)),
            None => {
                diagnostics.push(self.unknown_kind(h.kind, "kind"));
                None
            }
        });
        let held = held.or(inherited.as_ref().and_then(|k| k.held));
        self.check_holding(tree, held, diagnostics);
        let inherits = |what: fn(&Kind<'s>) -> bool| inherited.as_ref().is_some_and(what);
        let rests_on = tree.rests_on.is_some() || inherits(|k| k.rests_on);
        let volatile = tree.volatile.is_some() || inherits(|k| k.volatile);
        let until_restart = tree.until_restart || inherits(|k| k.until_restart);
        if let Some(kind) = self.kinds.get_mut(id.0) {
            let (name, parent) = (tree.name, kind.parent);
            *kind = Kind { name, parent, fields, states, rests, held, rests_on, volatile, until_restart };
        }
    }

    /// What is said of being held fits how a kind is held.
    fn check_holding(&self, tree: &tree::Kind<'s>, held: Option<(bool, KindId)>, diagnostics: &mut Vec<Diagnostic>) {
        let name = tree.name.text;
        let mut report = |span: Span, message: String, help: &str| {
            diagnostics.push(Diagnostic::error(Code::BadDeclaration, span, message).help(help));
        };
        match (tree.volatile, held) {
            (Some(span), None) => report(
                span,
                format!("`{name}` is volatile, but nothing holds it"),
                "add `exclusive on node` or `shared on node`, or leave `volatile` out",
            ),
            (Some(span), Some((true, _))) if tree.until_restart => report(
                span,
                format!("`{name}` is shared: a node that takes it again takes it from nobody"),
                "leave `until restart` out, or make it `exclusive on node`",
            ),
            _ => {}
        }
        let Some(on) = tree.rests_on else { return };
        match self.kind_named(on.text) {
            None => diagnostics.push(self.unknown_kind(on, "kind")),
            Some(kind) if held == Some((false, kind)) => {}
            Some(_) => report(
                on.span,
                format!("`{name}` cannot rest on {}: that does not hold it", a(on.text)),
                "say `rests on` with the kind that it is `exclusive on`",
            ),
        }
    }

    fn add_thing(&mut self, entity: tree::Entity<'s>, within: Option<ThingId>, diagnostics: &mut Vec<Diagnostic>) {
        let Some(kind) = self.kind_named(entity.kind.text) else {
            diagnostics.push(self.unknown_kind(entity.kind, "kind"));
            return;
        };
        if let Some(first) = self.thing_names.get(entity.name.text) {
            diagnostics.push(declared_twice(entity.name, self.thing(*first).name.span));
            return;
        }
        let id = ThingId(self.things.len());
        self.thing_names.insert(entity.name.text, id);
        let mut attrs: Vec<(Name<'s>, Operand<'s>)> = Vec::new();
        for (name, value) in entity.attrs {
            if let Some((first, _)) = attrs.iter().find(|(n, _)| n.text == name.text) {
                diagnostics.push(declared_twice(name, first.span));
            } else if self.field(kind, name.text).is_none() {
                diagnostics.push(self.unknown_field(kind, name));
            } else {
                attrs.push((name, value));
            }
        }
        self.things.push(Thing { name: entity.name, kind, within, attrs });
        for inner in entity.inner {
            self.add_thing(inner, Some(id), diagnostics);
        }
    }

    /// A kind has no such field.
    pub fn unknown_field(&self, kind: KindId, name: Name<'s>) -> Diagnostic {
        let info = self.kind(kind);
        let words = info.fields.iter().map(|f| f.name.text).chain(["name"]);
        let error =
            Diagnostic::error(Code::UnknownMember, name.span, format!("{} has no `{}`", a(info.name.text), name.text))
                .label(info.name.span, "the kind");
        match nearest(name.text, words.clone()) {
            Some(word) => error.help(format!("did you mean `{word}`?")).fix(name.span, word),
            None => error.help(format!("it has {}", words.collect::<Vec<_>>().join(", "))),
        }
    }

    fn add_rest(&mut self, items: Vec<Item<'s>>, diagnostics: &mut Vec<Diagnostic>) {
        let mut plan_names: HashMap<&'s str, Taken> = HashMap::new();
        for item in items {
            match item {
                Item::Action(a) => {
                    let params = self.params(&a.params, diagnostics);
                    let double = self.actions.get(a.name.text).map(|f| f.tree.name.span);
                    match double {
                        Some(first) => diagnostics.push(declared_twice(a.name, first)),
                        None => drop(self.actions.insert(a.name.text, Declared { tree: a, params })),
                    }
                }
                Item::Probe(p) => {
                    let params = self.params(&p.params, diagnostics);
                    let double = self.probes.get(p.name.text).map(|f| f.tree.name.span);
                    match double {
                        Some(first) => diagnostics.push(declared_twice(p.name, first)),
                        None => drop(self.probes.insert(p.name.text, Declared { tree: p, params })),
                    }
                }
                Item::Rule(r) => {
                    let params = self.params(&r.params, diagnostics);
                    self.rules.push(Declared { tree: r, params });
                }
                Item::Plan(p) => {
                    if claim(&mut plan_names, p.name, "plan", diagnostics) {
                        let params = self.params(&p.params, diagnostics);
                        self.plans.push(Declared { tree: p, params });
                    }
                }
                Item::Alias(a) => {
                    if claim(&mut plan_names, a.name, "plan", diagnostics) {
                        self.aliases.push(a);
                    }
                }
                Item::Test(t) => self.tests.push(t),
                Item::Use(_) | Item::Kind(_) | Item::Extend(_) | Item::Entity(_) => {}
            }
        }
    }
}

fn claim<'s>(
    names: &mut HashMap<&'s str, Taken>,
    name: Name<'s>,
    what: &'static str,
    diagnostics: &mut Vec<Diagnostic>,
) -> bool {
    match names.get(name.text) {
        Some(first) => {
            diagnostics.push(declared_twice(name, first.span).here(format!("again, as a {}", first.what)));
            false
        }
        None => names.insert(name.text, Taken { span: name.span, what }).is_none(),
    }
}

fn declared_twice(name: Name<'_>, first: Span) -> Diagnostic {
    Diagnostic::error(Code::DeclaredTwice, name.span, format!("`{}` is declared twice", name.text))
        .label(first, "first here")
        .help("rename one of them, or remove it")
}

fn check_states<'s>(tree: &tree::Kind<'s>, states: &[Name<'s>], rests: &[Name<'s>], diagnostics: &mut Vec<Diagnostic>) {
    for (i, state) in states.iter().enumerate() {
        if let Some(first) = states.iter().take(i).find(|s| s.text == state.text) {
            diagnostics.push(declared_twice(*state, first.span));
        }
    }
    for rest in rests {
        if !states.iter().any(|s| s.text == rest.text) {
            let words = states.iter().map(|s| s.text);
            diagnostics.push(
                Diagnostic::error(
                    Code::UnknownMember,
                    rest.span,
                    format!("`{}` has no state `{}` to rest in", tree.name.text, rest.text),
                )
                .help(nearest(rest.text, words.clone()).map_or_else(
                    || format!("its states are {}", words.collect::<Vec<_>>().join(", ")),
                    |w| format!("did you mean `{w}`?"),
                )),
            );
        }
    }
}

/// The kind that somebody means who calls it by another usual name.
fn meant(word: &str) -> Option<&'static str> {
    Some(match word {
        "volume" | "disk" | "filesystem" | "mount" => "storage",
        "host" | "server" | "machine" | "vm" => "node",
        "ip" | "vip" => "address",
        "unit" | "daemon" => "service",
        _ => return None,
    })
}
