//! What names mean, and of which type things are, by the rules of the resolver: one name space for all that a text sees,
//! what is declared in a plan or an action before that.

use super::desk::View;
use super::sheet::{Declaration, Named, Sheet, Sort, Ty, Use, Wanted};
use crate::base::limits;

/// How often the type of one value leads to that of another, at most.
const LINKS: usize = 16;

/// A declaration, wherever it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Target {
    /// The text.
    pub path: String,
    /// The index of the declaration in its sheet.
    pub index: usize,
}

/// The type of a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known {
    /// It is not known, or there is none.
    Unknown,
    /// `string`, `duration` and the like.
    Plain(String),
    /// One of these words.
    OneOf(Vec<String>),
    /// A thing of this kind.
    Thing(String),
    /// A set of things of this kind.
    Set(String),
    /// A question, whose answers it can be.
    Question(Target),
}

impl View {
    /// The declaration that a target is.
    pub fn get(&self, target: &Target) -> Option<&Declaration> {
        self.sheet(&target.path)?.get(target.index)
    }

    /// What is meant at an offset of the text itself.
    pub fn meant(&self, offset: usize) -> Option<Target> {
        let own = self.own()?;
        match own.at(offset)? {
            Named::Used(used) => self.resolve(own, used),
            Named::Declared(index) => Some(Target { path: own.path.clone(), index }),
        }
    }

    /// What a use in one of the sheets means.
    pub fn resolve(&self, sheet: &Sheet, used: &Use) -> Option<Target> {
        self.named(sheet, used.at.start, &used.name, &used.wanted)
    }

    fn named(&self, sheet: &Sheet, at: usize, name: &str, wanted: &Wanted) -> Option<Target> {
        match wanted {
            Wanted::Kind => self.global(name, &[Sort::Kind]),
            Wanted::Action => self.global(name, &[Sort::Action]),
            Wanted::Probe => self.global(name, &[Sort::Probe]),
            Wanted::Plan => self.global(name, &[Sort::Plan]),
            Wanted::Value => self.value(sheet, at, name),
            Wanted::Field(ty) => match self.known(sheet, at, ty) {
                Known::Thing(kind) | Known::Set(kind) => self.member(&kind, name, Sort::Field),
                _ => None,
            },
            Wanted::State(ty) => match self.known(sheet, at, ty) {
                Known::Question(question) => {
                    let answers = self.children(&question, &[Sort::Answer]);
                    answers.into_iter().find(|(_, answer)| answer.name == name).map(|(target, _)| target)
                }
                Known::Thing(kind) => {
                    let state = self.member(&kind, name, Sort::State);
                    state.or_else(|| self.value(sheet, at, name)).or_else(|| self.global(name, &[Sort::Kind]))
                }
                _ => self.global(name, &[Sort::Kind]).or_else(|| self.value(sheet, at, name)),
            },
            Wanted::Step => self.step(sheet, sheet.plan_around(at)?, name),
            Wanted::StepOf(plan) => {
                let plan = self.base(self.global(plan, &[Sort::Plan])?);
                self.step(self.sheet(&plan.path)?, plan.index, name)
            }
            Wanted::Parameter(callee, called) => {
                let callee = self.base(self.named(sheet, at, called, callee)?);
                let parameters = self.children(&callee, &[Sort::Parameter]);
                parameters.into_iter().find(|(_, parameter)| parameter.name == name).map(|(target, _)| target)
            }
        }
    }

    /// The plan that a plan is made of: itself, unless it is another one with arguments.
    pub fn base(&self, plan: Target) -> Target {
        let mut at = plan;
        for _ in 0..LINKS {
            let of = match self.get(&at) {
                Some(Declaration { sort: Sort::Plan, ty: Ty::Named(of), .. }) => self.global(of, &[Sort::Plan]),
                _ => None,
            };
            let Some(of) = of else { break };
            at = of;
        }
        at
    }

    /// What everybody can name.
    pub fn global(&self, name: &str, sorts: &[Sort]) -> Option<Target> {
        self.sheets.iter().find_map(|sheet| {
            let (index, _) = sheet.named(name).find(|(_, d)| sorts.contains(&d.sort))?;
            Some(Target { path: sheet.path.clone(), index })
        })
    }

    /// All declarations of some sorts in all sheets.
    pub fn all<'v>(&'v self, sorts: &'v [Sort]) -> impl Iterator<Item = (Target, &'v Declaration)> {
        self.sheets.iter().flat_map(move |sheet| {
            let listed = sheet.declarations.iter().enumerate().filter(|(_, d)| sorts.contains(&d.sort));
            listed.map(|(index, declaration)| (Target { path: sheet.path.clone(), index }, declaration))
        })
    }

    /// What belongs to a declaration.
    pub fn children(&self, of: &Target, sorts: &[Sort]) -> Vec<(Target, &Declaration)> {
        let listed = self.sheet(&of.path).map_or(&[][..], |sheet| &sheet.declarations).iter().enumerate();
        let own = listed.filter(|(_, d)| d.owner == Some(of.index) && sorts.contains(&d.sort));
        own.map(|(index, declaration)| (Target { path: of.path.clone(), index }, declaration)).collect()
    }

    /// What can be named as a value at an offset, besides what everybody can name.
    pub fn locals<'v>(&'v self, sheet: &'v Sheet, at: usize) -> impl Iterator<Item = (Target, &'v Declaration)> {
        let listed = sheet.declarations.iter().enumerate().filter(move |(_, d)| is_local(d, at));
        listed.map(|(index, declaration)| (Target { path: sheet.path.clone(), index }, declaration))
    }

    /// A value by its name: the innermost of those of the plan or action around, a thing, a decision, a question. A test
    /// can name what its plan can.
    fn value(&self, sheet: &Sheet, at: usize, name: &str) -> Option<Target> {
        let of = |index: usize| Target { path: sheet.path.clone(), index };
        let locals = || sheet.named(name).filter(|(_, d)| is_local(d, at));
        let declared = locals().filter(|(_, d)| d.sort != Sort::Decision).min_by_key(|(_, d)| d.scope.len());
        let decision = || locals().next().map(|(index, _)| of(index));
        let step = || self.step(sheet, sheet.plan_around(at)?, name);
        let tested = || {
            let plan = self.tested(sheet, at)?;
            let start = self.get(&plan)?.whole.start;
            self.value(self.sheet(&plan.path)?, start, name)
        };
        let declared = declared.map(|(index, _)| of(index));
        declared.or_else(|| self.global(name, &[Sort::Thing])).or_else(decision).or_else(step).or_else(tested)
    }

    /// The plan of the test that an offset is in.
    pub fn tested(&self, sheet: &Sheet, at: usize) -> Option<Target> {
        let test = sheet.get(sheet.around(at, &[Sort::Test])?)?;
        let mut uses = sheet.uses_in(&test.whole);
        let used = uses.find(|used| used.wanted == Wanted::Plan)?;
        Some(self.base(self.resolve(sheet, used)?))
    }

    /// A step or phase of a plan, or of a plan that it includes.
    fn step(&self, sheet: &Sheet, plan: usize, name: &str) -> Option<Target> {
        self.step_within(sheet, plan, name, limits::INCLUDES)
    }

    fn step_within(&self, sheet: &Sheet, plan: usize, name: &str, left: usize) -> Option<Target> {
        let whole = &sheet.get(plan)?.whole;
        let is_it = |d: &Declaration| {
            matches!(d.sort, Sort::Step | Sort::Phase) && whole.start <= d.at.start && d.at.end <= whole.end
        };
        if let Some((index, _)) = sheet.named(name).find(|(_, d)| is_it(d)) {
            return Some(Target { path: sheet.path.clone(), index });
        }
        let left = left.checked_sub(1)?;
        let included = sheet.uses_in(whole).filter(|used| used.wanted == Wanted::Plan);
        included
            .filter_map(|used| Some(self.base(self.resolve(sheet, used)?)))
            .find_map(|plan| self.step_within(self.sheet(&plan.path)?, plan.index, name, left))
    }

    /// The field or state of a kind, also an inherited one.
    pub fn member(&self, kind: &str, name: &str, sort: Sort) -> Option<Target> {
        let of = |kind: &String| {
            self.sheets.iter().find_map(|sheet| {
                let (index, _) = sheet.named(name).find(|(_, d)| d.sort == sort && d.of == *kind)?;
                Some(Target { path: sheet.path.clone(), index })
            })
        };
        self.lineage(kind).iter().find_map(of)
    }

    /// All fields or states of a kind, its own first.
    pub fn members(&self, kind: &str, sort: Sort) -> Vec<(Target, &Declaration)> {
        let sorts = [sort];
        let mut found = Vec::new();
        for kind in self.lineage(kind) {
            let of = self.all(&sorts).filter(|(_, d)| d.of == kind).map(|(t, _)| t);
            let of: Vec<Target> = of.collect();
            found.extend(of.into_iter().filter_map(|target| Some((target.clone(), self.get(&target)?))));
        }
        found
    }

    /// A kind and those that it is one of.
    pub fn lineage(&self, kind: &str) -> Vec<String> {
        let mut kinds = vec![kind.to_owned()];
        while let Some(last) = kinds.last()
            && let Some(target) = self.global(last, &[Sort::Kind])
            && let Some(Declaration { ty: Ty::Named(parent), .. }) = self.get(&target)
            && !kinds.contains(parent)
        {
            kinds.push(parent.clone());
        }
        kinds
    }

    /// Whether things of a kind are of another one, too.
    pub fn is_a(&self, kind: &str, other: &str) -> bool {
        self.lineage(kind).iter().any(|kind| kind == other)
    }

    /// What a type comes to at an offset of a sheet.
    pub fn known(&self, sheet: &Sheet, at: usize, ty: &Ty) -> Known {
        self.linked(sheet, at, ty, LINKS)
    }

    fn linked(&self, sheet: &Sheet, at: usize, ty: &Ty, left: usize) -> Known {
        let Some(left) = left.checked_sub(1) else { return Known::Unknown };
        match ty {
            Ty::Unknown => Known::Unknown,
            Ty::Named(name) if self.global(name, &[Sort::Kind]).is_some() => Known::Thing(name.clone()),
            Ty::Named(name) => Known::Plain(name.clone()),
            Ty::Set(name) => Known::Set(name.clone()),
            Ty::OneOf(words) => Known::OneOf(words.clone()),
            Ty::Member(set) => match self.linked(sheet, at, set, left) {
                Known::Set(kind) => Known::Thing(kind),
                other => other,
            },
            Ty::SetOf(one) => match self.linked(sheet, at, one, left) {
                Known::Thing(kind) => Known::Set(kind),
                other => other,
            },
            Ty::Value(names) => {
                let Some((first, fields)) = names.split_first() else { return Known::Unknown };
                let Some(target) = self.value(sheet, at, first) else { return Known::Unknown };
                let start = self.value_type(&target, left);
                fields.iter().fold(start, |known, field| self.field_type(known, field, left))
            }
        }
    }

    fn value_type(&self, target: &Target, left: usize) -> Known {
        let (Some(sheet), Some(declaration)) = (self.sheet(&target.path), self.get(target)) else {
            return Known::Unknown;
        };
        match declaration.sort {
            Sort::Step => Known::Question(target.clone()),
            // The value of a variable is written before it can be named.
            _ => self.linked(sheet, declaration.at.start.saturating_sub(1), &declaration.ty, left),
        }
    }

    fn field_type(&self, of: Known, field: &str, left: usize) -> Known {
        let (kind, set) = match of {
            Known::Thing(kind) => (kind, false),
            Known::Set(kind) => (kind, true),
            _ => return Known::Unknown,
        };
        let known = match (self.member(&kind, field, Sort::Field), field) {
            (Some(target), _) => self.value_type(&target, left),
            (None, "name") => Known::Plain("string".into()),
            (None, "site") => Known::Thing("site".into()),
            (None, _) => Known::Unknown,
        };
        match known {
            Known::Thing(kind) if set => Known::Set(kind),
            known => known,
        }
    }
}

/// Whether something is a value that can be named at an offset of its text, and nowhere else.
fn is_local(declaration: &Declaration, at: usize) -> bool {
    let sorts = [Sort::Parameter, Sort::Variable, Sort::Decision];
    sorts.contains(&declaration.sort) && declaration.scope.start <= at && at <= declaration.scope.end
}
