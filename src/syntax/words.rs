//! The words of the language: which of them begin something, where they belong, and how they are shown to people.
//!
//! Only the words about errors are taken from here, what is accepted stands in the grammar; a test holds the two
//! together.

/// What braces belong to, or the file itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub enum Place {
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
    /// How it is used.
    pub(super) example: &'static str,
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
    ($($word:literal $shown:literal $example:literal: $($place:ident)*;)*) => {
        &[$(Opening { word: $word, shown: $shown, example: $example, places: $(Place::$place as u16)|* },)*]
    };
}

/// Every word that begins something.
pub(super) const OPENINGS: &[Opening] = openings! {
    "use" "use" "use std/net": File;
    "kind" "kind" "kind disk \"a disk\" { size: number }": File;
    "extend" "extend" "extend node { rack: string }": File;
    "action" "action" "action mount(fs: storage) on host: node { run \"mount {{fs.path}}\" }": File;
    "probe" "probe" "probe answers(n: node) { on operator  run \"ping -c 1 {{n.host}}\" }": File;
    "rule" "rule" "rule alike(p: pool) { require p.nodes agree on release }": File;
    "plan" "plan" "plan move(from: node) { step stop on from { do stop(web) } }": File Test;
    "test" "test" "test \"it moves\" { plan move(from: a)  expect completed }": File;
    "states" "states" "states running, stopped": Kind;
    "rests" "rests in" "rests in normal": Kind;
    "exclusive" "exclusive on" "exclusive on node": Kind;
    "shared" "shared on" "shared on node": Kind;
    "volatile" "volatile" "volatile": Kind;
    "require" "require" "require p.nodes agree on release \"all run the same\"": Rule;
    "on" "on" "on operator": Probe;
    "yes" "yes means" "yes means n is up": Probe;
    "given" "given" "given a is up, b is up or down": Plan Test;
    "goal" "goal" "goal web on b": Plan;
    "locks" "locks" "locks web, disk": Plan;
    "accept" "accept loss of" "accept loss of queue \"nobody reads it\"": Plan;
    "starts" "starts when" "starts when not answers(a) for 60s": Plan;
    "rto" "rto" "rto 45m": Plan;
    "let" "let" "let others = nodes except failed": Plan Step;
    "drill" "drill only" "drill only test_address": Plan;
    "hold" "hold" "hold \"keep it off the network\" on a": Plan;
    "ends" "ends hold on" "ends hold on a": Plan;
    "step" "step" "step stop on a { do stop(web) }": Plan Block;
    "phase" "phase" "phase window { step stop on a { do stop(web) } }": Plan Block;
    "for" "for each" "for each n in nodes { step stop on n { do stop(web) } }": Plan Block;
    "parallel" "parallel" "parallel { step stop on a { do stop(web) } }": Plan Block;
    "assume" "assume" "assume a is down \"the power is off\"": Plan Block;
    "include" "include" "include move(a)": Plan Block;
    "only" "only if" "only if a is up": Block Step;
    "unless" "unless" "unless answers(a)": Block Step;
    "after" "after" "after stop": Block Step;
    "if" "if possible" "if it fails retry from prepare, up to 3 times": Step;
    "do" "do" "do mount(disk)": Step;
    "ask" "ask" "ask \"Is it off?\"": Step;
    "answer" "answer" "answer no \"No\" stops": Step;
    "by" "by" "by release_manager": Step;
    "tell" "tell" "tell \"Keep it off.\"": Step;
    "wait" "wait until" "wait until ready(a), every 5s": Step;
    "retry" "retry" "retry 3 times, every 30s": Step;
    "needs" "needs" "needs a is up": Action Probe Step;
    "acquires" "acquires" "acquires disk on a": Action Step;
    "releases" "releases" "releases disk on a": Action Step;
    "moves" "moves" "moves disk from a to b": Action Step;
    "ensures" "ensures" "ensures disk is mounted": Action Step;
    "fences" "fences" "fences a": Action Step;
    "isolates" "isolates" "isolates a": Action Step;
    "loses" "loses" "loses queue": Action Step;
    "attests" "attests" "attests a is down": Action Step;
    "through" "through" "through victim.power_network": Action Step;
    "run" "run" "run \"systemctl stop nginx\"": Action Probe Step;
    "verify" "verify" "verify \"mountpoint -q /data\"": Action Step;
    "undo" "undo" "undo unmount(disk)": Action Step;
    "within" "within" "within 2m, then kill": Action Probe Step;
    "usually" "usually" "usually 30s": Action Step;
    "idempotent" "idempotent" "idempotent": Action Step;
    "env" "env" "env PGPASSWORD = password": Action Probe Step;
    "commits" "commits" "commits \"clients write to the new site\"": Action Step;
    "exit" "exit" "exit 1, 3 means success": Action Probe Step;
    "output" "output" "output \"failed\" means failure": Action Probe Step;
    "when" "when" "when stop fails once": Test;
    "expect" "expect" "expect ran stop before start, completed": Test;
};

/// The words that begin an item.
pub(super) const ITEMS: [&str; 8] = ["use", "kind", "extend", "action", "probe", "rule", "plan", "test"];

/// Whether this word holds sentences together; such a word cannot be a name.
pub(super) fn is_reserved(word: &str) -> bool {
    matches!(
        word,
        "and"
            | "are"
            | "do"
            | "else"
            | "except"
            | "finally"
            | "given"
            | "if"
            | "is"
            | "not"
            | "on"
            | "only"
            | "or"
            | "otherwise"
            | "phase"
            | "step"
            | "then"
            | "unless"
    )
}

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
