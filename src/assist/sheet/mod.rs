//! What a text declares and what it names, each with its place: all that is asked of a text again and again.
//!
//! A sheet is made of one text alone and belongs to nobody; what its names mean depends on the texts that it imports, and
//! is found out when somebody asks. What does not parse is not on the sheet.

mod collect;
mod expr;
mod plan;

use crate::base::FileId;
use crate::session::resolve_path;
use crate::syntax;
use collect::Collector;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// A text, understood as far as that goes without any other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sheet {
    /// What it is called: the path of a file, or `std/…`.
    pub path: String,
    /// What it says.
    pub text: Arc<str>,
    /// Something of it does not parse.
    pub incomplete: bool,
    /// What it imports.
    pub imports: Vec<Import>,
    /// What it declares, in text order.
    pub declarations: Vec<Declaration>,
    /// Where it names something, in text order. A declaration is no use.
    pub uses: Vec<Use>,
    /// The declarations of each name.
    names: HashMap<String, Vec<usize>>,
}

/// `use ./estate`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// The path of the other text.
    pub path: String,
    /// Where it is written.
    pub at: Range<usize>,
}

/// What a name can be the name of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Sort {
    /// `kind`
    Kind,
    /// A thing of the estate.
    Thing,
    /// `action`
    Action,
    /// `probe`
    Probe,
    /// `rule`
    Rule,
    /// `plan`
    Plan,
    /// `test`; its name is its title.
    Test,
    /// A field of a kind.
    Field,
    /// A state of a kind.
    State,
    /// A parameter, or what an action calls its node.
    Parameter,
    /// A constant, a variable of `for each` or `every`, a value from an output.
    Variable,
    /// `step`
    Step,
    /// `phase`
    Phase,
    /// An answer to a question.
    Answer,
    /// What is decided by whoever starts the run: `firewalls`.
    Decision,
}

impl Sort {
    /// What people call it.
    pub fn shown(self) -> &'static str {
        match self {
            Sort::Kind => "kind",
            Sort::Thing => "thing",
            Sort::Action => "action",
            Sort::Probe => "probe",
            Sort::Rule => "rule",
            Sort::Plan => "plan",
            Sort::Test => "test",
            Sort::Field => "field",
            Sort::State => "state",
            Sort::Parameter => "parameter",
            Sort::Variable => "value",
            Sort::Step => "step",
            Sort::Phase => "phase",
            Sort::Answer => "answer",
            Sort::Decision => "decision",
        }
    }

    /// Whether everything that imports the text can name it.
    pub fn is_global(self) -> bool {
        matches!(self, Sort::Kind | Sort::Thing | Sort::Action | Sort::Probe | Sort::Rule | Sort::Plan)
    }
}

/// Something with a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Declaration {
    /// What it is.
    pub sort: Sort,
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub at: Range<usize>,
    /// All of it.
    pub whole: Range<usize>,
    /// Where a name that is not for everybody can be named.
    pub scope: Range<usize>,
    /// The declaration that it is part of.
    pub owner: Option<usize>,
    /// The kind that a field or a state belongs to; empty for everything else.
    pub of: String,
    /// What it is a value of; the parent of a kind, the plan that another one is made of.
    pub ty: Ty,
    /// What it is, in its author's phrase.
    pub title: String,
}

/// The type of something, as far as one text tells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Ty {
    /// Nothing is known.
    #[default]
    Unknown,
    /// A kind, or a type such as `string`.
    Named(String),
    /// `set of KIND`
    Set(String),
    /// `one of a, b`
    OneOf(Vec<String>),
    /// That of a value: `from.manager`.
    Value(Vec<String>),
    /// That of a member of a set.
    Member(Box<Ty>),
    /// That of a set of such.
    SetOf(Box<Ty>),
}

/// A place where something is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Use {
    /// Where.
    pub at: Range<usize>,
    /// The name.
    pub name: String,
    /// What it must be the name of.
    pub wanted: Wanted,
}

/// What must be so called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// A kind.
    Kind,
    /// An action.
    Action,
    /// A probe.
    Probe,
    /// A plan.
    Plan,
    /// A value, a thing, a decision, a question.
    Value,
    /// A field of what has this type.
    Field(Ty),
    /// A state of what has this type, an answer to this question, or a thing.
    State(Ty),
    /// A step or phase of the plan around it.
    Step,
    /// A step or phase of the plan of this name.
    StepOf(String),
    /// A parameter of what is called so.
    Parameter(Box<Wanted>, String),
}

/// What a text says, as a sheet.
pub fn sheet(path: &str, text: Arc<str>) -> Sheet {
    let id = FileId::default();
    let (file, _) = syntax::parse(id, &text);
    let imports = syntax::imports(id, &text)
        .into_iter()
        .map(|(import, span)| Import { path: resolve_path(path, &import), at: span.start as usize..span.end as usize });
    let imports = imports.collect();
    let mut collector = Collector::default();
    file.items.iter().for_each(|item| collector.item(item));
    let Collector { mut declarations, mut uses, .. } = collector;
    close(&mut declarations, &text);
    uses.sort_by_key(|used| used.at.start);
    let incomplete = file.incomplete;
    let mut names: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, declaration) in declarations.iter().enumerate() {
        names.entry(declaration.name.clone()).or_default().push(index);
    }
    Sheet { path: path.into(), text, incomplete, imports, declarations, uses, names }
}

/// What has no end yet goes on to where the next item begins: somebody is writing it.
fn close(declarations: &mut [Declaration], text: &str) {
    let mut next = text.len();
    for index in (0..declarations.len()).rev() {
        let Some(Declaration { owner: None, whole, sort, .. }) = declarations.get(index) else { continue };
        let (old, start) = (whole.clone(), whole.start);
        let braced = matches!(sort, Sort::Plan | Sort::Action | Sort::Probe | Sort::Rule | Sort::Test);
        if braced && !text.get(..old.end).is_some_and(|before| before.ends_with('}')) {
            // Everything in it that goes as far as it does has no end either.
            let open = |range: &Range<usize>| {
                old.start <= range.start && text.get(range.end..old.end).is_some_and(|rest| rest.trim().is_empty())
            };
            let ranges = declarations.iter_mut().flat_map(|d| [&mut d.scope, &mut d.whole]);
            ranges.filter(|range| open(range)).for_each(|range| range.end = range.end.max(next));
        }
        next = start;
    }
}

impl Sheet {
    /// What is named at an offset: the name's declaration or a use of it. Just after the last letter counts as well.
    pub fn at(&self, offset: usize) -> Option<Named<'_>> {
        let within = |range: &Range<usize>| range.start <= offset && offset <= range.end;
        let before = self.uses.partition_point(|used| used.at.start <= offset);
        let used = self.uses.get(..before).and_then(|uses| uses.iter().rev().take(2).find(|used| within(&used.at)));
        if let Some(used) = used {
            return Some(Named::Used(used));
        }
        self.declarations.iter().position(|d| within(&d.at)).map(Named::Declared)
    }

    /// The declaration of an index.
    pub fn get(&self, index: usize) -> Option<&Declaration> {
        self.declarations.get(index)
    }

    /// The declarations of a name, in text order.
    pub fn named(&self, name: &str) -> impl Iterator<Item = (usize, &Declaration)> {
        let indexes = self.names.get(name).map_or(&[][..], Vec::as_slice);
        indexes.iter().filter_map(|index| Some((*index, self.get(*index)?)))
    }

    /// The uses in a range, in text order.
    pub fn uses_in(&self, range: &Range<usize>) -> impl Iterator<Item = &Use> {
        let (start, end) = (range.start, range.end);
        let from = self.uses.partition_point(|used| used.at.start < start);
        self.uses.get(from..).unwrap_or_default().iter().take_while(move |used| used.at.start < end)
    }

    /// The innermost declaration of one of these sorts around an offset.
    pub fn around(&self, offset: usize, sorts: &[Sort]) -> Option<usize> {
        let holds = |d: &Declaration| sorts.contains(&d.sort) && d.whole.start <= offset && offset <= d.whole.end;
        self.declarations.iter().rposition(holds)
    }

    /// The plan that an offset is in.
    pub fn plan_around(&self, offset: usize) -> Option<usize> {
        self.around(offset, &[Sort::Plan])
    }
}

/// Something that is named in a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Named<'s> {
    /// The declaration of this index.
    Declared(usize),
    /// A use.
    Used(&'s Use),
}
