//! The syntax tree: what was written, with the place of every part, before any name is understood.
//!
//! Names and string contents borrow from the source text. Each type shows the clause it stands for; the grammar file
//! says exactly what may be written.

use crate::base::{FileId, Span};

/// A word that names something, as written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name<'s> {
    /// The word.
    pub text: &'s str,
    /// Its place.
    pub span: Span,
}

/// A string literal: the raw text between the quotes, escapes and `{{holes}}` not yet read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Text<'s> {
    /// Between the quotes.
    pub raw: &'s str,
    /// The place of `raw`, without the quotes, so that offsets inside it map to the file.
    pub span: Span,
    /// Written with `"""`: line breaks allowed, no escapes.
    pub block: bool,
}

/// `from.manager.host`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Path<'s> {
    /// At least one name.
    pub names: Vec<Name<'s>>,
    /// From the first to the last name.
    pub span: Span,
}

/// One file.
#[derive(Clone, Debug)]
pub struct File<'s> {
    /// Which.
    pub id: FileId,
    /// Its items in text order; those with syntax errors hold what could be understood.
    pub items: Vec<Item<'s>>,
    /// Every comment, in text order, from `#` to the end of its line, without the white space there.
    pub comments: Vec<Span>,
    /// Whether something of the file is missing from `items` because of syntax errors.
    pub incomplete: bool,
}

/// What may stand at the top of a file.
#[derive(Clone, Debug)]
pub enum Item<'s> {
    /// `use std/core`, `use ./estate`, `use "./my estate.ha"`
    Use(Use<'s>),
    /// `kind …`
    Kind(Kind<'s>),
    /// `extend node { pool: server_pool }`
    Extend(Extend<'s>),
    /// `action …`
    Action(Action<'s>),
    /// `probe …`
    Probe(Probe<'s>),
    /// `rule …`
    Rule(Rule<'s>),
    /// `site osaka { … }`, `node vs1 { … }`
    Entity(Entity<'s>),
    /// `plan switchover(…) "…" { … }`
    Plan(Plan<'s>),
    /// `plan switchback = switchover(…) follows switchover "…"`
    Alias(Alias<'s>),
    /// `test "…" { … }`
    Test(Test<'s>),
}

/// `use std/core`
#[derive(Clone, Debug)]
pub struct Use<'s> {
    /// The path as written, without quotes.
    pub path: &'s str,
    /// Place of the path.
    pub span: Span,
}

/// `kind NAME [is PARENT] ["title"] { … }`
#[derive(Clone, Debug)]
pub struct Kind<'s> {
    /// Its name.
    pub name: Name<'s>,
    /// `is PARENT`
    pub parent: Option<Name<'s>>,
    /// What it is, in a phrase.
    pub title: Option<Text<'s>>,
    /// `field: type [= default]`
    pub fields: Vec<Field<'s>>,
    /// `states up, down`
    pub states: Vec<Name<'s>>,
    /// `rests in normal`
    pub rests: Vec<Name<'s>>,
    /// `rests on node`: anywhere, but not nowhere
    pub rests_on: Option<Name<'s>>,
    /// `exclusive on KIND` or `shared on KIND`
    pub held: Option<Held<'s>>,
    /// `volatile`
    pub volatile: Option<Span>,
    /// `until restart`, of a `volatile`: what comes up again takes it again
    pub until_restart: bool,
    /// The whole item.
    pub span: Span,
}

/// `exclusive on node`, `shared on node`
#[derive(Clone, Copy, Debug)]
pub struct Held<'s> {
    /// `shared` rather than `exclusive`.
    pub shared: bool,
    /// The kind that holds it.
    pub kind: Name<'s>,
    /// The clause.
    pub span: Span,
}

/// `name: type [= default]`, of a kind, a plan, an action, a probe or a rule
#[derive(Clone, Debug)]
pub struct Field<'s> {
    /// Its name.
    pub name: Name<'s>,
    /// Its type.
    pub ty: Type<'s>,
    /// `= default`
    pub default: Option<Operand<'s>>,
    /// The whole declaration.
    pub span: Span,
}

/// A type as written.
#[derive(Clone, Debug)]
pub struct Type<'s> {
    /// What was written.
    pub kind: TypeKind<'s>,
    /// Where.
    pub span: Span,
}

/// The forms of a type.
#[derive(Clone, Debug)]
pub enum TypeKind<'s> {
    /// `string`, `node`
    Named(Name<'s>),
    /// `set of node`
    Set(Name<'s>),
    /// `one of ssh, telnet`
    OneOf(Vec<Name<'s>>),
}

/// `extend KIND { field: type … }`
#[derive(Clone, Debug)]
pub struct Extend<'s> {
    /// The kind that gets more fields.
    pub kind: Name<'s>,
    /// The fields.
    pub fields: Vec<Field<'s>>,
    /// The whole item.
    pub span: Span,
}

/// `action NAME(params) [on host: node] ["title"] { clauses }`
#[derive(Clone, Debug)]
pub struct Action<'s> {
    /// Its name.
    pub name: Name<'s>,
    /// Its parameters.
    pub params: Vec<Field<'s>>,
    /// `on host: node`: the name and kind of the node it runs on.
    pub host: Option<(Name<'s>, Name<'s>)>,
    /// What it does, in a phrase.
    pub title: Option<Text<'s>>,
    /// Its clauses in text order.
    pub clauses: Vec<Clause<'s>>,
    /// The whole item.
    pub span: Span,
}

/// `probe NAME(params) ["title"] { on PATH  run "…"  needs …  yes means …  within … }`
#[derive(Clone, Debug)]
pub struct Probe<'s> {
    /// Its name.
    pub name: Name<'s>,
    /// Its parameters.
    pub params: Vec<Field<'s>>,
    /// The question, as a statement that a yes affirms.
    pub title: Option<Text<'s>>,
    /// `on PATH`
    pub on: Option<Path<'s>>,
    /// `needs`, `run`, `within`, `idempotent` is implied
    pub clauses: Vec<Clause<'s>>,
    /// `yes means EXPR, …`
    pub yes_means: Vec<Expr<'s>>,
    /// The whole item.
    pub span: Span,
}

/// `rule NAME(params) ["title"] { require EXPR ["why"] … }`
#[derive(Clone, Debug)]
pub struct Rule<'s> {
    /// Its name.
    pub name: Name<'s>,
    /// Its parameters: the rule holds for every combination of things that fit them.
    pub params: Vec<Field<'s>>,
    /// What it is for.
    pub title: Option<Text<'s>>,
    /// `require EXPR ["why"]`
    pub requires: Vec<(Expr<'s>, Option<Text<'s>>)>,
    /// The whole item.
    pub span: Span,
}

/// `KIND NAME { attr = value …  KIND NAME { … } }`
#[derive(Clone, Debug)]
pub struct Entity<'s> {
    /// Its kind.
    pub kind: Name<'s>,
    /// Its name.
    pub name: Name<'s>,
    /// `attr = value`
    pub attrs: Vec<(Name<'s>, Operand<'s>)>,
    /// Things inside it (in a site).
    pub inner: Vec<Entity<'s>>,
    /// The whole item.
    pub span: Span,
}

/// `plan NAME(params) ["title"] { … }`
#[derive(Clone, Debug)]
pub struct Plan<'s> {
    /// Its name.
    pub name: Name<'s>,
    /// Its parameters.
    pub params: Vec<Field<'s>>,
    /// What it is for.
    pub title: Option<Text<'s>>,
    /// The clauses of the head.
    pub head: Vec<HeadClause<'s>>,
    /// The procedure.
    pub body: Vec<BlockItem<'s>>,
    /// The whole item.
    pub span: Span,
}

impl Plan<'_> {
    /// A plan of which the head is not known.
    pub(super) fn unnamed(span: Span) -> Self {
        let name = Name { text: "", span };
        Plan { name, params: Vec::new(), title: None, head: Vec::new(), body: Vec::new(), span }
    }
}

/// A clause of a plan's head.
#[derive(Clone, Debug)]
pub enum HeadClause<'s> {
    /// `given EXPR, …`: facts, open facts (`a is up or down`) and decisions (`firewalls are included or excluded`)
    Given(Vec<Expr<'s>>),
    /// `goal EXPR, …`
    Goal(Vec<Expr<'s>>),
    /// `locks PATH, …`
    Locks(Vec<Path<'s>>),
    /// `accept loss of PATH ["why"]`
    Accept(Path<'s>, Option<Text<'s>>),
    /// `starts when EXPR [for DURATION]`
    Starts(Expr<'s>, Option<Operand<'s>>),
    /// `rto DURATION`
    Rto(Operand<'s>),
    /// `let NAME = OPERAND`
    Let(Name<'s>, Operand<'s>),
    /// `hold "text" [on THING]`
    Hold(Text<'s>, Option<Operand<'s>>),
    /// `ends hold on OPERAND`: what earlier plans have left to be minded is over
    Ends(Operand<'s>),
    /// `drill only PATH, …`
    Drill(Vec<Path<'s>>),
}

/// `plan NAME = CALL [follows PLAN] ["title"]`
#[derive(Clone, Debug)]
pub struct Alias<'s> {
    /// Its name.
    pub name: Name<'s>,
    /// The plan and its arguments.
    pub call: Call<'s>,
    /// The plan whose end is this one's beginning.
    pub follows: Option<Name<'s>>,
    /// What it is for.
    pub title: Option<Text<'s>>,
    /// The whole item.
    pub span: Span,
}

/// Conditions and order of a block or step: `only if`, `unless`, `after`.
#[derive(Clone, Debug)]
pub enum Condition<'s> {
    /// `only if EXPR`
    OnlyIf(Expr<'s>),
    /// `unless EXPR`
    Unless(Expr<'s>),
    /// `after STEP, … [finished]`: `finished` waits for the end, whatever it was
    After {
        /// The steps or phases.
        steps: Vec<StepRef<'s>>,
        /// `finished`
        finished: bool,
    },
}

/// `{ conditions… items… }`
#[derive(Clone, Debug, Default)]
pub struct Block<'s> {
    /// Conditions of the whole block.
    pub conditions: Vec<(Condition<'s>, Span)>,
    /// What is in it.
    pub items: Vec<BlockItem<'s>>,
    /// From `{` to `}`.
    pub span: Span,
}

/// An entry of a procedure.
#[derive(Clone, Debug)]
pub enum BlockItem<'s> {
    /// `step …`
    Step(Box<Step<'s>>),
    /// `phase NAME ["title"] { … } otherwise … finally …`
    Phase(Box<Phase<'s>>),
    /// `for each VAR in SET [, pace] { … }`
    ForEach(Box<ForEach<'s>>),
    /// `parallel { … }`
    Parallel(Block<'s>),
    /// `assume EXPR "why" [only if …]`
    Assume(Box<Assume<'s>>),
    /// `include CALL`
    Include(Call<'s>),
}

/// `step [NUMBER] NAME ["title"] [on TARGET] { clauses } otherwise … finally …`
#[derive(Clone, Debug)]
pub struct Step<'s> {
    /// The procedure's own number.
    pub number: Option<(u32, Span)>,
    /// Its name.
    pub name: Name<'s>,
    /// The vendor's heading.
    pub title: Option<Text<'s>>,
    /// `on TARGET`
    pub target: Option<Target<'s>>,
    /// Its clauses in text order.
    pub clauses: Vec<Clause<'s>>,
    /// `otherwise …` rungs, in order.
    pub otherwise: Vec<Rung<'s>>,
    /// `finally { … }`
    pub finally: Option<Block<'s>>,
    /// From `step` to the end of its own `}`, without `otherwise` and `finally`.
    pub span: Span,
}

/// `on …`
#[derive(Clone, Debug)]
pub struct Target<'s> {
    /// The form.
    pub kind: TargetKind<'s>,
    /// Without `on`.
    pub span: Span,
}

/// The forms of a target.
#[derive(Clone, Debug)]
pub enum TargetKind<'s> {
    /// `on PATH`
    One(Path<'s>),
    /// `on each of SET`: one step per member, side by side
    EachOf(Operand<'s>),
    /// `on any of SET`: the members in order until one succeeds
    AnyOf(Operand<'s>),
    /// `on one of SET [where EXPR]`: chosen when the plan starts, or the first for which the condition (about `it`) holds
    OneOf(Operand<'s>, Option<Box<Expr<'s>>>),
}

/// A clause of an action, probe or step.
#[derive(Clone, Debug)]
pub struct Clause<'s> {
    /// What it says.
    pub kind: ClauseKind<'s>,
    /// Where.
    pub span: Span,
}

/// The clauses of actions, probes and steps. Not all fit everywhere: the grammar says which.
#[derive(Clone, Debug)]
pub enum ClauseKind<'s> {
    // effects
    /// `needs EXPR, …`
    Needs(Vec<Expr<'s>>),
    /// `acquires THING [on NODE]`
    Acquires(Path<'s>, Option<Path<'s>>),
    /// `releases THING [on NODE]`
    Releases(Path<'s>, Option<Path<'s>>),
    /// `moves THING from NODE to NODE`
    Moves(Path<'s>, Path<'s>, Path<'s>),
    /// `ensures EXPR, …`
    Ensures(Vec<Expr<'s>>),
    /// `fences NODE`
    Fences(Path<'s>),
    /// `isolates NODE`
    Isolates(Path<'s>),
    /// `loses THING`
    Loses(Path<'s>),
    /// `attests EXPR, …`
    Attests(Vec<Expr<'s>>),
    /// `through THING, …`
    Through(Vec<Path<'s>>),
    // what is done
    /// `run "…"`; several run one after the other, the first failure ends
    Run(Text<'s>),
    /// `verify "…"`
    Verify(Text<'s>),
    /// `undo CALL`
    Undo(Call<'s>),
    /// `do CALL`
    Do(Call<'s>),
    /// `ask "…"`
    Ask(Text<'s>),
    /// `answer NAME "label" [stops]`, after an `ask`
    Answer {
        /// What conditions call it.
        name: Name<'s>,
        /// What the operator reads.
        label: Option<Text<'s>>,
        /// `stops`: this answer forbids going on
        stops: bool,
    },
    /// `by ROLE`, after an `ask`
    By(Name<'s>),
    /// `tell "…"`
    Tell(Text<'s>),
    /// `wait until EXPR [every DURATION]`
    WaitUntil(Box<Expr<'s>>, Option<Operand<'s>>),
    /// `wait for DURATION`: a time barrier
    WaitFor(Operand<'s>),
    // how it is done
    /// `within DURATION [, then kill | , else ANSWER]`
    Within(Operand<'s>, Overdue<'s>),
    /// `usually DURATION`: for the critical path
    Usually(Operand<'s>),
    /// `idempotent`
    Idempotent,
    /// `env NAME = OPERAND`: put into the command's environment, the only way in for a secret
    Env(Name<'s>, Operand<'s>),
    /// `commits "…"`: from here on there is no way back
    Commits(Option<Text<'s>>),
    /// `retry N times [, every DURATION]`
    Retry(u32, Option<Operand<'s>>),
    /// `if it fails retry from STEP, up to N times`
    RetryFrom(Name<'s>, u32),
    /// `if possible`
    IfPossible,
    // what its result means
    /// `exit 0, 3 means VERDICT`
    ExitMeans(Vec<u8>, Verdict<'s>),
    /// `output "pattern" means VERDICT`
    OutputMeans(Text<'s>, Verdict<'s>),
    /// `let NAME = output`, `let NAME = match "pattern" in output`
    Capture(Name<'s>, Option<Text<'s>>),
    // when it is done
    /// `only if`, `unless`, `after`
    When(Condition<'s>),
}

/// What is to be done when a time limit is over.
#[derive(Clone, Copy, Debug)]
pub enum Overdue<'s> {
    /// Nothing more is said.
    Fails,
    /// `, then kill`: nothing of the command runs on
    Kill,
    /// `, else ANSWER`: this answer counts
    Answer(Name<'s>),
}

/// What an exit code or an output line means.
#[derive(Clone, Copy, Debug)]
pub enum Verdict<'s> {
    /// `success`
    Success,
    /// `failure`
    Failure,
    /// `warning`: passes, and is reported
    Warning,
    /// `ask "…"`: the operator decides whether it passes
    Ask(Text<'s>),
}

/// `otherwise { … }`, `otherwise step …`, `otherwise phase …`, `otherwise assume …`
#[derive(Clone, Debug)]
pub struct Rung<'s> {
    /// Its content; a single step, phase or `assume` is a block of one item.
    pub block: Block<'s>,
    /// From `otherwise`.
    pub span: Span,
}

/// `phase NAME ["title"] { … } otherwise … finally …`
#[derive(Clone, Debug)]
pub struct Phase<'s> {
    /// Its name.
    pub name: Name<'s>,
    /// Its heading.
    pub title: Option<Text<'s>>,
    /// Its content.
    pub block: Block<'s>,
    /// `otherwise …` rungs, in order.
    pub otherwise: Vec<Rung<'s>>,
    /// `finally { … }`
    pub finally: Option<Block<'s>>,
    /// From `phase` to the end of its own block.
    pub span: Span,
}

/// `for each VAR in SET [, one at a time | , in batches of K [, allowing J failures]] { … }`
#[derive(Clone, Debug)]
pub struct ForEach<'s> {
    /// The variable.
    pub var: Name<'s>,
    /// The set.
    pub set: Operand<'s>,
    /// How many at a time; `None`: all side by side.
    pub batch: Option<u32>,
    /// `allowing J failures`
    pub allowing: u32,
    /// What is done for each.
    pub block: Block<'s>,
    /// The whole item.
    pub span: Span,
}

/// `assume EXPR "why" [only if … | unless …]`
#[derive(Clone, Debug)]
pub struct Assume<'s> {
    /// What is taken for granted.
    pub fact: Expr<'s>,
    /// Why that is right.
    pub why: Text<'s>,
    /// When.
    pub condition: Option<(Condition<'s>, Span)>,
    /// The whole item.
    pub span: Span,
}

/// `name(arg, label: arg)`
#[derive(Clone, Debug)]
pub struct Call<'s> {
    /// What is called.
    pub name: Name<'s>,
    /// Its arguments, some by name.
    pub args: Vec<(Option<Name<'s>>, Operand<'s>)>,
    /// The whole call.
    pub span: Span,
}

/// `restart[web].vs2.undo`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StepRef<'s> {
    /// As written; the parts are split when it is resolved.
    pub text: &'s str,
    /// Its place.
    pub span: Span,
}

/// A condition or fact.
#[derive(Clone, Debug)]
pub struct Expr<'s> {
    /// What it says.
    pub kind: ExprKind<'s>,
    /// Where.
    pub span: Span,
}

/// The forms of a condition.
#[derive(Clone, Debug)]
pub enum ExprKind<'s> {
    /// `a or b`; at least two
    Or(Vec<Expr<'s>>),
    /// `a and b`; at least two
    And(Vec<Expr<'s>>),
    /// `not a`
    Not(Box<Expr<'s>>),
    /// `every v in SET: EXPR`, `each v in SET: EXPR` (the same), `some v in SET: EXPR`
    Quantified {
        /// `some` rather than `every`.
        some: bool,
        /// The variable.
        var: Name<'s>,
        /// The set.
        set: Operand<'s>,
        /// What holds of it.
        body: Box<Expr<'s>>,
    },
    /// `x is [not] up [or down]`, `firewalls are included`
    Is {
        /// Who.
        subject: Operand<'s>,
        /// `not`
        negated: bool,
        /// The states, options or names.
        options: Vec<Name<'s>>,
    },
    /// `x on NODE [or nowhere]`, `x on nowhere`, `x on any of SET`
    On {
        /// What.
        subject: Operand<'s>,
        /// Where; `None` for nowhere only.
        place: Option<Place<'s>>,
        /// `or nowhere`, or nowhere alone.
        nowhere: bool,
    },
    /// `SET include[s] KIND`
    Include {
        /// The set.
        subject: Operand<'s>,
        /// A kind, or a thing.
        what: Name<'s>,
    },
    /// `SET agree on FIELD`
    Agree {
        /// The set.
        subject: Operand<'s>,
        /// The field.
        field: Name<'s>,
    },
    /// `STEP succeeded`, `STEP did not succeed`
    Outcome {
        /// The step or phase.
        step: StepRef<'s>,
        /// Whether it did.
        succeeded: bool,
    },
    /// `a >= b`
    Compare {
        /// Left side.
        left: Operand<'s>,
        /// The comparison.
        op: Comparison,
        /// Right side.
        right: Operand<'s>,
    },
    /// A flag or a probe: `sso`, `operating(from)`
    Operand(Operand<'s>),
}

/// `== != < <= > >=`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// Where something is held.
#[derive(Clone, Debug)]
pub enum Place<'s> {
    /// `on PATH`
    Node(Path<'s>),
    /// `on any of SET`
    AnyOf(Operand<'s>),
}

/// A value as written.
#[derive(Clone, Debug)]
pub struct Operand<'s> {
    /// What it is.
    pub kind: OperandKind<'s>,
    /// Where.
    pub span: Span,
}

/// The forms of a value.
#[derive(Clone, Debug)]
pub enum OperandKind<'s> {
    /// `"…"`
    Text(Text<'s>),
    /// `30`
    Number(u64),
    /// `2m30s`, in milliseconds
    Duration(u64),
    /// `from.manager`, `ssh`, `true`
    Path(Path<'s>),
    /// `[a, b]`
    List(Vec<Operand<'s>>),
    /// `answers(primary)`
    Call(Call<'s>),
    /// `(EXPR)`
    Group(Box<Expr<'s>>),
    /// `a except b`
    Except(Box<Operand<'s>>, Box<Operand<'s>>),
    /// `if EXPR then a else b`
    IfThen(Box<Expr<'s>>, Box<Operand<'s>>, Box<Operand<'s>>),
}

/// `test "…" { … }`
#[derive(Clone, Debug)]
pub struct Test<'s> {
    /// What it shows.
    pub title: Text<'s>,
    /// `plan CALL`
    pub plan: Option<Call<'s>>,
    /// `given EXPR, …`
    pub given: Vec<Expr<'s>>,
    /// `when STEP …`
    pub when: Vec<When<'s>>,
    /// `expect …`
    pub expect: Vec<Expectation<'s>>,
    /// The whole item.
    pub span: Span,
}

/// `when STEP fails | times out | succeeds | is cancelled`, `when the executor is lost at STEP`, `[once | N times]`
#[derive(Clone, Debug)]
pub struct When<'s> {
    /// The step.
    pub step: StepRef<'s>,
    /// What happens to it.
    pub fault: Fault,
    /// How often; `None`: always.
    pub times: Option<u32>,
    /// The clause.
    pub span: Span,
}

/// What a test injects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// `fails`
    Fails,
    /// `times out`
    TimesOut,
    /// `succeeds`
    Succeeds,
    /// `is cancelled`
    Cancelled,
    /// `the executor is lost at`: it dies while the step runs
    ExecutorLost,
}

/// One thing that a test expects.
#[derive(Clone, Debug)]
pub struct Expectation<'s> {
    /// What.
    pub kind: ExpectationKind<'s>,
    /// Where.
    pub span: Span,
}

/// The forms of an expectation.
#[derive(Clone, Debug)]
pub enum ExpectationKind<'s> {
    /// `ran a, b`
    Ran(Vec<StepRef<'s>>),
    /// `ran a before b`
    RanBefore(StepRef<'s>, StepRef<'s>),
    /// `ran a 2 times`
    RanTimes(StepRef<'s>, u32),
    /// `skipped a, b`
    Skipped(Vec<StepRef<'s>>),
    /// `lost q`
    Lost(Path<'s>),
    /// `completed`
    Completed,
    /// `stopped`
    Stopped,
    /// `cancelled`
    Cancelled,
    /// `EXPR`: true of the final state
    State(Expr<'s>),
}
