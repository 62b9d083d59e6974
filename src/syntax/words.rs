//! The words of the language: which of them begin something, where they belong, and how they are shown to people.
//!
//! Only the words about errors are taken from here, what is accepted stands in the grammar; a test holds the two
//! together.

/// What braces belong to, or the file itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub(super) enum Place {
    /// The top of a file.
    File = 1,
    /// `kind x { … }`
    Kind = 2,
    /// `extend x { … }`
    Extend = 4,
    /// `action x() { … }`
    Action = 8,
    /// `probe x() { … }`
    Probe = 16,
    /// `rule x() { … }`
    Rule = 32,
    /// `site x { … }`
    Entity = 64,
    /// `plan x() { … }`
    Plan = 128,
    /// `phase`, `otherwise`, `finally`, `parallel`, `for each`
    Block = 256,
    /// `step x { … }`
    Step = 512,
    /// `test "…" { … }`
    Test = 1024,
}

impl Place {
    /// All of them.
    pub(super) const ALL: [Place; 11] = [
        Place::File,
        Place::Kind,
        Place::Extend,
        Place::Action,
        Place::Probe,
        Place::Rule,
        Place::Entity,
        Place::Plan,
        Place::Block,
        Place::Step,
        Place::Test,
    ];

    /// The place that the braces after this word belong to.
    pub(super) fn after(word: &str) -> Option<Place> {
        Some(match word {
            "kind" => Place::Kind,
            "extend" => Place::Extend,
            "action" => Place::Action,
            "probe" => Place::Probe,
            "rule" => Place::Rule,
            "plan" => Place::Plan,
            "step" => Place::Step,
            "test" => Place::Test,
            "phase" | "otherwise" | "finally" | "parallel" | "for" => Place::Block,
            _ => return None,
        })
    }

    /// What people call it.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Place::File => "the file",
            Place::Kind => "a kind",
            Place::Extend => "an `extend`",
            Place::Action => "an action",
            Place::Probe => "a probe",
            Place::Rule => "a rule",
            Place::Entity => "a thing of the estate",
            Place::Plan => "a plan",
            Place::Block => "a block",
            Place::Step => "a step",
            Place::Test => "a test",
        }
    }
}

/// A word that begins an item, a clause or an entry.
pub(super) struct Opening {
    /// The word.
    pub(super) word: &'static str,
    /// With the words that always follow it.
    pub(super) shown: &'static str,
    /// Sum of the [`Place`]s in which it may stand.
    pub(super) places: u16,
}

impl Opening {
    /// Whether it may stand there.
    pub(super) fn fits(&self, place: Place) -> bool {
        self.places & place as u16 != 0
    }

    /// The opening that begins with this word.
    pub(super) fn of(word: &str) -> Option<&'static Opening> {
        OPENINGS.iter().find(|o| o.word == word)
    }
}

macro_rules! openings {
    ($($word:literal $shown:literal: $($place:ident)*;)*) => {
        &[$(Opening { word: $word, shown: $shown, places: $(Place::$place as u16)|* },)*]
    };
}

/// Every word that begins something.
pub(super) const OPENINGS: &[Opening] = openings! {
    "use" "use": File;
    "kind" "kind": File;
    "extend" "extend": File;
    "action" "action": File;
    "probe" "probe": File;
    "rule" "rule": File;
    "plan" "plan": File Test;
    "test" "test": File;
    "states" "states": Kind;
    "rests" "rests in": Kind;
    "exclusive" "exclusive on": Kind;
    "shared" "shared on": Kind;
    "volatile" "volatile": Kind;
    "require" "require": Rule;
    "on" "on": Probe;
    "yes" "yes means": Probe;
    "given" "given": Plan Test;
    "goal" "goal": Plan;
    "locks" "locks": Plan;
    "accept" "accept loss of": Plan;
    "starts" "starts when": Plan;
    "rto" "rto": Plan;
    "let" "let": Plan Step;
    "hold" "hold": Plan;
    "step" "step": Plan Block;
    "phase" "phase": Plan Block;
    "for" "for each": Plan Block;
    "parallel" "parallel": Plan Block;
    "assume" "assume": Plan Block;
    "include" "include": Plan Block;
    "only" "only if": Block Step;
    "unless" "unless": Block Step;
    "after" "after": Block Step;
    "if" "if possible": Step;
    "do" "do": Step;
    "ask" "ask": Step;
    "answer" "answer": Step;
    "tell" "tell": Step;
    "wait" "wait until": Step;
    "retry" "retry": Step;
    "needs" "needs": Action Probe Step;
    "acquires" "acquires": Action Step;
    "releases" "releases": Action Step;
    "moves" "moves": Action Step;
    "ensures" "ensures": Action Step;
    "fences" "fences": Action Step;
    "loses" "loses": Action Step;
    "attests" "attests": Action Step;
    "run" "run": Action Probe Step;
    "verify" "verify": Action Step;
    "undo" "undo": Action Step;
    "within" "within": Action Probe Step;
    "usually" "usually": Action Step;
    "idempotent" "idempotent": Action Step;
    "env" "env": Action Probe Step;
    "commits" "commits": Action Step;
    "exit" "exit": Action Probe Step;
    "output" "output": Action Probe Step;
    "when" "when": Test;
    "expect" "expect": Test;
};

/// The words that begin an item.
pub(super) const ITEMS: [&str; 8] = ["use", "kind", "extend", "action", "probe", "rule", "plan", "test"];

/// The words that hold sentences together; none of them can be a name.
pub(super) const RESERVED: [&str; 18] = [
    "and",
    "are",
    "do",
    "else",
    "except",
    "finally",
    "given",
    "if",
    "is",
    "not",
    "on",
    "only",
    "or",
    "otherwise",
    "phase",
    "step",
    "then",
    "unless",
];

/// Whether a condition or value goes on after this word.
pub(super) fn is_prefix(word: &str) -> bool {
    is_infix(word) && word != "succeeded" || matches!(word, "any" | "each" | "every" | "if" | "not" | "some")
}

/// Whether this word joins what is before and after it to one condition or value.
pub(super) fn is_infix(word: &str) -> bool {
    matches!(
        word,
        "agree"
            | "and"
            | "are"
            | "did"
            | "else"
            | "except"
            | "in"
            | "include"
            | "includes"
            | "is"
            | "of"
            | "on"
            | "or"
            | "succeeded"
            | "then"
            | "where"
    )
}
