//! The registry of diagnostic codes: `HA` and four digits, never reused.
//!
//! Each code has a title here and a page in `docs/codes/`, with a plan that triggers it and one that mends it. A test
//! compiles both.

use serde::{Serialize, Serializer};
use std::fmt;

macro_rules! codes {
    ($($area:literal: $($name:ident = $number:literal, $title:literal;)*)*) => {
        /// A stable diagnostic code.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Code { $($(#[doc = $title] $name = $number,)*)* }

        impl Code {
            /// Every code, ascending.
            pub const ALL: &[Code] = &[$($(Code::$name,)*)*];

            /// The title of the code's page.
            pub fn title(self) -> &'static str {
                match self { $($(Code::$name => $title,)*)* }
            }

            /// What the code is about: codes with the same first two digits share it.
            pub fn area(self) -> &'static str {
                match self { $($(Code::$name)|* => $area,)* }
            }
        }
    };
}

codes! {
    "files and syntax":
    UnreadableFile = 1, "a file cannot be read";
    TooLarge = 2, "an input is larger than the compiler accepts";
    UnexpectedWord = 3, "a word or sign does not fit here";
    Unclosed = 4, "a block, string or list is not closed";
    TooDeep = 5, "blocks or brackets are nested too deeply";
    BadEscape = 6, "a string has an escape that means nothing";
    Unwritable = 7, "a file cannot be written";
    MergeConflict = 8, "a merge has left its conflict in the text";
    HiddenSign = 9, "a hidden sign makes the text look like another one";
    "names and types":
    UnknownName = 101, "a name is not declared";
    DeclaredTwice = 102, "a name is declared twice";
    WrongType = 103, "a value is of another type than needed";
    WrongArguments = 104, "arguments are missing, unknown or too many";
    UnknownMember = 105, "a thing has no such attribute or state";
    MissingAttribute = 106, "an attribute has no value";
    IncludeCycle = 107, "plans include each other";
    EmptySet = 108, "a set that must have members is empty";
    MissingTarget = 110, "a step needs a target";
    StepNumbers = 111, "step numbers do not ascend";
    NotANode = 112, "a step's target is not a node";
    BadLiteral = 113, "a literal is not what its type asks for";
    UnknownImport = 114, "an imported file or library does not exist";
    BadDeclaration = 115, "a declaration contradicts itself";
    TooBig = 117, "a plan grows beyond the compiler's limits";
    "the estate":
    RuleNotMet = 201, "a rule is not met";
    Collision = 202, "two things claim the same address or device";
    CannotHold = 203, "this thing cannot be held there";
    "order":
    NeedsLater = 301, "a step needs what a later step provides";
    AfterLater = 302, "`after` names a later step, or the step itself";
    ParallelConflict = 303, "steps in `parallel` affect each other";
    ConditionLater = 304, "a condition mentions a later step";
    "exclusivity, requirements, fencing":
    HeldTwice = 401, "an exclusive thing may be in two places";
    LandsLate = 402, "a command that was given up may take effect late";
    NotEstablished = 403, "what a step needs may not be so";
    TargetGone = 404, "the node of a step may be down";
    ThroughGone = 405, "a step depends on a node that may be down";
    FenceDependsOnVictim = 406, "a fence depends on its victim";
    ComesBack = 407, "a node that comes back may take again what has moved";
    Undecided = 499, "it could not be decided whether the plan is safe";
    "mandatory work and waiting":
    NotRetryable = 501, "a retry could do its work twice";
    LeftOpen = 510, "a thing may be left in a state that must not last";
    "conditions":
    UndecidedGiven = 601, "a condition depends on something that nobody decides";
    UnusedGiven = 602, "a `given` is never used";
    UnknowableState = 603, "the state of a thing cannot be asked while the plan runs";
    Contradiction = 605, "clauses of a step contradict each other";
    GoalMissed = 610, "the plan may end as done while its goal does not hold";
    NeverRuns = 611, "a step never runs";
    GoalHeldBefore = 612, "the goal holds before the plan starts";
    NeverNeeded = 613, "an `otherwise` is never needed";
    "plans":
    ReturnNotReady = 702, "the way back cannot start from where the plan ends";
    LossNotAccepted = 703, "a loss is not accepted by the plan";
    GivenNotMet = 705, "an included plan takes for given what may not be so";
    NotHome = 706, "the way back does not bring home what the plan took away";
    BreaksHold = 707, "a plan breaks a hold of the plan that it follows";
    TooLong = 710, "the plan takes longer than it promises";
    DrillTouches = 720, "a drill touches what it must not";
    "commands":
    UnknownHole = 801, "a command uses a name that is not known";
    QuotedHole = 802, "a value stands inside quotes, where it cannot be quoted safely";
    RawHole = 803, "a value is inserted without quoting";
    SecretInCommand = 804, "a secret would appear on a command line";
    BadPattern = 805, "a pattern is not understood";
    UnfitHole = 806, "a value cannot stand in a command";
    "programs, runs and tests":
    MalformedProgram = 901, "a program is malformed";
    StaleArtefact = 902, "a committed artefact is out of date";
    ExpectationFailed = 910, "a plan does not do what its test expects";
    TestNames = 912, "a test names something that the plan does not have";
    ImpossibleFault = 913, "a test assumes what cannot happen";
    UnreachableExpectation = 914, "a test expects what can never be";
}

impl Code {
    /// The code with these digits.
    pub fn from_number(number: u16) -> Option<Code> {
        Code::ALL.iter().copied().find(|c| *c as u16 == number)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HA{:04}", *self as u16)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
