//! What there is to fulfil a wish.

use super::wish::Wish;
use super::{Offer, What};
use crate::assist::desk::View;
use crate::assist::hover::head;
use crate::assist::names::{Known, Target};
use crate::assist::sheet::{Declaration, Sheet, Sort, Ty, Wanted};
use crate::stdlib;
use crate::syntax::cursor::{Cursor, Place, beginnings, words};
use std::ops::Range;

/// Types that are no kinds.
const PLAIN: [&str; 9] = ["string", "number", "bool", "duration", "cidr", "path", "version", "set of", "one of"];

/// What was found for the wishes at a cursor.
pub struct Offers<'v> {
    pub view: &'v View,
    pub own: &'v Sheet,
    pub cursor: &'v Cursor<'v>,
    /// The texts of the workspace.
    pub paths: &'v dyn Fn() -> Vec<String>,
    pub found: Vec<Offer>,
}

impl Offers<'_> {
    /// Finds what fulfils a wish.
    pub fn grant(&mut self, wish: Wish) {
        match wish {
            Wish::Beginning => self.beginning(),
            Wish::Words(words) => words.iter().for_each(|word| self.word(word, "", 2)),
            Wish::Action => self.actions(),
            Wish::Plan => self.globals(Sort::Plan, 0),
            Wish::Kind => self.globals(Sort::Kind, 0),
            Wish::Type => {
                self.globals(Sort::Kind, 1);
                PLAIN.iter().for_each(|name| self.put(name, What::Type, "", None, 0));
            }
            Wish::Import(written) => self.imports(written),
            Wish::Value(kind) => self.values(|offers, known| offers.suits(known, kind)),
            Wish::FieldValue(kind, field) => self.field_value(&kind, &field),
            Wish::Fact => self.facts(),
            Wish::State(chain) => self.states(&chain),
            Wish::StateOf(kind) => self.members(&kind, Sort::State),
            Wish::Field(chain) => self.fields(&chain),
            Wish::Step => self.steps(),
            Wish::Argument(callee, name, number, label) => self.argument(&callee, &name, number, label.as_deref()),
        }
    }

    fn put(&mut self, label: &str, what: What, detail: &str, target: Option<Target>, rank: u8) {
        let (label, detail, replace) = (label.to_owned(), detail.to_owned(), self.cursor.word.clone());
        self.found.push(Offer { label, snippet: None, what, detail, target, rank, replace });
    }

    fn word(&mut self, word: &str, detail: &str, rank: u8) {
        let what = if word.starts_with(|c: char| c.is_ascii_digit()) { What::Value } else { What::Word };
        self.put(word, what, detail, None, rank);
    }

    fn declared(&mut self, target: Target, declaration: &Declaration, rank: u8) {
        let detail = match (&declaration.ty, declaration.title.is_empty()) {
            (_, false) => declaration.title.clone(),
            (Ty::Named(name), true) => name.clone(),
            (Ty::Set(name), true) => format!("set of {name}"),
            (Ty::OneOf(words), true) => words.join(", "),
            (_, true) => declaration.sort.shown().to_owned(),
        };
        self.put(&declaration.name, What::Name(declaration.sort), &detail, Some(target), rank);
    }

    /// Something that is called, with a place to fill in for each parameter.
    fn called(&mut self, target: Target, declaration: &Declaration, rank: u8) {
        let host = host(&self.text(&target, &declaration.whole)).map(|(name, _)| name);
        let parameters = self.view.children(&target, &[Sort::Parameter]);
        let names = parameters.iter().map(|(_, p)| p.name.as_str()).filter(|name| Some(*name) != host.as_deref());
        let holes: Vec<String> = (1..).zip(names).map(|(n, name)| format!("${{{n}:{name}}}")).collect();
        let snippet = format!("{}({})", declaration.name, holes.join(", "));
        self.declared(target, declaration, rank);
        if let Some(last) = self.found.last_mut() {
            last.snippet = Some(snippet);
        }
    }

    fn text(&self, target: &Target, whole: &Range<usize>) -> String {
        let sheet = self.view.sheet(&target.path);
        sheet.and_then(|sheet| sheet.text.get(whole.clone())).unwrap_or("").to_owned()
    }

    fn beginning(&mut self) {
        let place = self.cursor.place;
        for begin in beginnings(place) {
            self.word(begin.shown, begin.example, 1);
        }
        match place {
            Place::File => self.globals(Sort::Kind, 2),
            Place::Entity => {
                let kind = self.cursor.entry.first().copied().unwrap_or("").to_owned();
                self.members(&kind, Sort::Field);
                self.globals(Sort::Kind, 2);
            }
            Place::Plan | Place::Block => ["otherwise", "finally"].iter().for_each(|word| self.word(word, "", 3)),
            _ => {}
        }
    }

    fn globals(&mut self, sort: Sort, rank: u8) {
        let all: Vec<(Target, Declaration)> = self.view.all(&[sort]).map(|(t, d)| (t, d.clone())).collect();
        for (target, declaration) in all {
            match sort {
                Sort::Plan | Sort::Probe => self.called(target, &declaration, rank),
                _ => self.declared(target, &declaration, rank),
            }
        }
    }

    /// The actions that can be done on the step's target; those for whose things there are any come first.
    fn actions(&mut self) {
        let target = self.target_kind();
        let kinds: Vec<String> = self.kinds_at_hand();
        let all: Vec<(Target, Declaration)> = self.view.all(&[Sort::Action]).map(|(t, d)| (t, d.clone())).collect();
        for (own, action) in all {
            let host = host(&self.text(&own, &action.whole));
            let fits = match (&host, &target) {
                (Some((_, kind)), Some(target)) => self.view.is_a(target, kind),
                _ => true,
            };
            if !fits {
                continue;
            }
            let parameters = self.view.children(&own, &[Sort::Parameter]);
            let things = parameters.iter().filter_map(|(_, p)| match &p.ty {
                Ty::Named(kind) | Ty::Set(kind) if self.view.global(kind, &[Sort::Kind]).is_some() => Some(kind),
                _ => None,
            });
            let at_hand = things.into_iter().all(|kind| kinds.iter().any(|known| self.view.is_a(known, kind)));
            self.called(own, &action, if at_hand { 0 } else { 3 });
        }
    }

    /// The kind of what the step runs on.
    fn target_kind(&self) -> Option<String> {
        let entry = &self.cursor.entry;
        let on = entry.iter().position(|token| *token == "on")?;
        let rest: Vec<&str> = entry.iter().skip(on + 1).copied().collect();
        let (names, set): (&[&str], bool) = match rest.as_slice() {
            ["each" | "any" | "one", "of", names @ ..] => (names, true),
            names => (names, false),
        };
        let chain: Vec<String> = names.iter().filter(|n| **n != ".").map(|n| (*n).to_owned()).collect();
        let ty = Ty::Value(chain);
        let ty = if set { Ty::Member(Box::new(ty)) } else { ty };
        match self.view.known(self.own, self.cursor.word.start, &ty) {
            Known::Thing(kind) => Some(kind),
            _ => None,
        }
    }

    /// The kinds of all things and parameters that can be named.
    fn kinds_at_hand(&self) -> Vec<String> {
        let mut kinds: Vec<String> = self
            .candidates()
            .into_iter()
            .filter_map(|(_, _, known)| match known {
                Known::Thing(kind) | Known::Set(kind) => Some(kind),
                _ => None,
            })
            .collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }

    /// Everything that can be named as a value, with its type.
    fn candidates(&self) -> Vec<(Target, Declaration, Known)> {
        let at = self.cursor.word.start;
        let locals = self.view.locals(self.own, at);
        let things = self.view.all(&[Sort::Thing]);
        let known = |(target, declaration): (Target, &Declaration)| {
            let sheet = self.view.sheet(&target.path)?;
            let known = self.view.known(sheet, declaration.at.start.saturating_sub(1), &declaration.ty);
            Some((target, declaration.clone(), known))
        };
        locals.chain(things).filter_map(known).collect()
    }

    /// How well a value of some type fits where one of a kind is wanted.
    fn suits(&self, known: &Known, kind: Option<&str>) -> Option<u8> {
        let Some(wanted) = kind else { return Some(1) };
        match known {
            Known::Thing(kind) | Known::Set(kind) if self.view.is_a(kind, wanted) => Some(0),
            Known::Thing(kind) | Known::Set(kind) => self.leads_to(kind, wanted).then_some(2),
            _ => None,
        }
    }

    /// Whether a thing of a kind has a field of another kind: `tokyo.manager` for a node.
    fn leads_to(&self, kind: &str, wanted: &str) -> bool {
        let is =
            |field: &Declaration| matches!(&field.ty, Ty::Named(kind) | Ty::Set(kind) if self.view.is_a(kind, wanted));
        self.view.members(kind, Sort::Field).iter().any(|(_, field)| is(field))
    }

    fn values(&mut self, suits: impl Fn(&Self, &Known) -> Option<u8>) {
        for (target, declaration, known) in self.candidates() {
            let Some(rank) = suits(self, &known) else { continue };
            let local = declaration.sort != Sort::Thing;
            self.declared(target, &declaration, rank * 2 + u8::from(!local));
        }
    }

    fn field_value(&mut self, kind: &str, field: &str) {
        let target = self.view.member(kind, field, Sort::Field);
        let Some(ty) = target.as_ref().and_then(|target| self.view.get(target)).map(|d| d.ty.clone()) else { return };
        match ty {
            Ty::OneOf(words) => words.iter().for_each(|word| self.put(word, What::Value, field, None, 0)),
            Ty::Named(name) if name == "bool" => {
                ["true", "false"].iter().for_each(|word| self.put(word, What::Value, "", None, 0))
            }
            Ty::Named(kind) | Ty::Set(kind) => self.values(|offers, known| offers.suits(known, Some(&kind))),
            _ => {}
        }
    }

    fn facts(&mut self) {
        self.values(|_, _| Some(1));
        self.globals(Sort::Probe, 2);
        self.steps();
        ["not", "every", "some"].iter().for_each(|word| self.word(word, "", 4));
    }

    fn states(&mut self, chain: &[String]) {
        match self.view.known(self.own, self.cursor.word.start, &Ty::Value(chain.to_vec())) {
            Known::Thing(kind) => {
                self.members(&kind, Sort::State);
                self.values(|offers, known| offers.suits(known, Some(&kind)).map(|rank| rank + 2));
            }
            Known::Question(target) => {
                let answers: Vec<(Target, Declaration)> =
                    self.view.children(&target, &[Sort::Answer]).into_iter().map(|(t, d)| (t, d.clone())).collect();
                answers.into_iter().for_each(|(target, answer)| self.declared(target, &answer, 0));
            }
            Known::OneOf(words) => words.iter().for_each(|word| self.put(word, What::Value, "", None, 0)),
            _ => {}
        }
    }

    fn members(&mut self, kind: &str, sort: Sort) {
        let members: Vec<(Target, Declaration)> =
            self.view.members(kind, sort).into_iter().map(|(t, d)| (t, d.clone())).collect();
        members.into_iter().for_each(|(target, member)| self.declared(target, &member, 0));
    }

    fn fields(&mut self, chain: &[String]) {
        if let Known::Thing(kind) | Known::Set(kind) =
            self.view.known(self.own, self.cursor.word.start, &Ty::Value(chain.to_vec()))
        {
            self.members(&kind, Sort::Field);
            self.put("name", What::Name(Sort::Field), "string", None, 1);
            if self.view.is_a(&kind, "node") {
                self.put("site", What::Name(Sort::Field), "site", None, 1);
            }
        }
    }

    /// The steps and phases of the plan around, or of the plan of the test around.
    fn steps(&mut self) {
        let at = self.cursor.word.start;
        let own = || self.own.plan_around(at).map(|index| Target { path: self.own.path.clone(), index });
        let Some(plan) = self.view.tested(self.own, at).or_else(own) else { return };
        let (Some(sheet), Some(whole)) = (self.view.sheet(&plan.path), self.view.get(&plan).map(|p| p.whole.clone()))
        else {
            return;
        };
        let inside = |d: &Declaration| {
            matches!(d.sort, Sort::Step | Sort::Phase) && whole.start <= d.at.start && d.at.end <= whole.end
        };
        let listed = sheet.declarations.iter().enumerate().filter(|(_, d)| inside(d));
        let own = Some(at).filter(|_| plan.path == self.own.path);
        // A step cannot wait for itself.
        let writing = self.cursor.entry.iter().skip(1).find(|word| word.starts_with(|c: char| c.is_alphabetic()));
        let is_own =
            |d: &Declaration| own.is_some_and(|at| d.at.end <= at) && writing.is_some_and(|own| *own == d.name);
        let steps: Vec<(usize, Declaration)> =
            listed.filter(|(_, d)| !is_own(d)).map(|(index, d)| (index, d.clone())).collect();
        for (index, step) in steps {
            let later = own.is_some_and(|at| step.at.start > at);
            self.declared(Target { path: plan.path.clone(), index }, &step, if later { 3 } else { 0 });
        }
    }

    fn argument(&mut self, callee: &Wanted, name: &str, number: usize, label: Option<&str>) {
        let sort = match callee {
            Wanted::Action => Sort::Action,
            Wanted::Plan => Sort::Plan,
            _ => Sort::Probe,
        };
        let Some(target) = self.view.global(name, &[sort]).map(|target| self.view.base(target)) else {
            return self.values(|_, _| Some(1));
        };
        let whole = self.view.get(&target).map(|d| d.whole.clone()).unwrap_or_default();
        let host = host(&self.text(&target, &whole)).map(|(name, _)| name);
        let parameters: Vec<Declaration> =
            self.view.children(&target, &[Sort::Parameter]).into_iter().map(|(_, d)| d.clone()).collect();
        let parameters: Vec<Declaration> = parameters.into_iter().filter(|p| Some(&p.name) != host.as_ref()).collect();
        let wanted = match label {
            Some(label) => parameters.iter().find(|p| p.name == label),
            None => parameters.get(number),
        };
        match wanted.map(|parameter| parameter.ty.clone()) {
            Some(Ty::OneOf(words)) => words.iter().for_each(|word| self.put(word, What::Value, "", None, 0)),
            Some(Ty::Named(kind) | Ty::Set(kind)) if self.view.global(&kind, &[Sort::Kind]).is_some() => {
                self.values(|offers, known| offers.suits(known, Some(&kind)));
            }
            _ => self.values(|_, _| Some(1)),
        }
        if label.is_none() {
            for parameter in parameters {
                let label = format!("{}:", parameter.name);
                self.put(&label, What::Name(Sort::Parameter), "", None, 4);
            }
        }
    }

    /// The libraries, and the texts of the workspace that are near.
    fn imports(&mut self, written: usize) {
        let start = self.cursor.word.start.saturating_sub(written);
        let replace = start..self.cursor.word.end;
        let libraries = stdlib::LIBRARIES.iter().map(|(path, _)| (*path).to_owned()).filter(|path| path != "std/core");
        let folder = self.own.path.rsplit_once('/').map_or_else(String::new, |(folder, _)| format!("{folder}/"));
        let plans = (self.paths)();
        let near = plans.iter().filter(|path| **path != self.own.path).filter_map(|path| {
            let below = path.strip_prefix(&folder)?;
            Some(format!("./{}", below.strip_suffix(".ha")?))
        });
        let plain =
            |path: &String| path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'/' | b'.'));
        for path in libraries.chain(near).filter(plain).collect::<Vec<_>>() {
            let known = self.own.imports.iter().any(|i| i.path == path && !(i.at.start <= start && start <= i.at.end));
            if !known {
                let rank = u8::from(path.starts_with("std/"));
                let (label, detail) = (path, String::new());
                let replace = replace.clone();
                self.found.push(Offer { label, snippet: None, what: What::Text, detail, target: None, rank, replace });
            }
        }
    }
}

/// What an action calls its node, and the kind of that: `on host: node` of its head.
fn host(whole: &str) -> Option<(String, String)> {
    let head = head(whole);
    let tokens: Vec<&str> = words(head).filter_map(|word| head.get(word.at)).collect();
    let end = tokens.iter().position(|token| *token == ")")?;
    match tokens.get(end + 1..)? {
        ["on", name, ":", kind, ..] => Some(((*name).to_owned(), (*kind).to_owned())),
        _ => None,
    }
}
