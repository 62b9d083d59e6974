//! Random small plans: every sort of step, ladders, `finally`, conditions, values, decisions and questions.
//!
//! A step's commands call the stand-in `./act` with the step's own word, so that the world can say how each call ends.

use handover::base::Span;
use handover::calculus::{
    Answer, Atom, AtomId, AtomSource, Capture, Cell, CellId, CellKind, Change, Command, Effect, EnvValue, EnvVar,
    Flags, Gate, Machine, MachineId, Meaning, Piece, Reach, Requirement, Secret, SecretId, SecretSource, Sign,
    Template, Value, ValueId, ValueSource, Verdict,
};
use handover::model::{
    Act, After, Condition, Group, Guard, Item, Key, Order, Plan, Probe, Region, Rung, Step, StepParts,
};

/// A small deterministic generator of random numbers (xorshift).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        dice.roll(2);
        dice.roll(2);
        dice
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.roll(of.len() as u64)).unwrap()]
    }
}

/// Patterns that keep something of a line such as `v=ab/7 ok`.
const KEEPS: [&str; 5] = ["v=([^ ]*)", "^v=(.*) ok$", "[a-z]+/[0-9]+", "v=(ab/7|cd|it's) ", "v=([^=]*)$"];

const MACHINES: u32 = 3;
const CELLS: u32 = 3;

/// A plan under construction.
pub struct Plans<'d> {
    dice: &'d mut Dice,
    plan: Plan,
    keys: u32,
    /// What conditions and `after` may refer to here: earlier items of the blocks around.
    earlier: Vec<Key>,
    /// Values with the step that captures them.
    captured: Vec<(ValueId, Key)>,
    /// Atoms that are answered by now, with what condition that took.
    answered: Vec<AtomId>,
    plain: bool,
}

/// A random plan; if it is `plain`, of commands only.
pub fn plan(dice: &mut Dice, plain: bool) -> Plan {
    let mut plans = Plans {
        dice,
        plan: Plan::default(),
        keys: 0,
        earlier: Vec::new(),
        captured: Vec::new(),
        answered: Vec::new(),
        plain,
    };
    plans.tables();
    let count = 2 + plans.dice.roll(5);
    plans.plan.body = plans.items(count, 0);
    plans.plan
}

fn span(n: u32) -> Span {
    Span { start: n, end: n + 1, ..Span::default() }
}

/// `./act WORD`, and then a value.
fn script(word: &str, value: Option<ValueId>) -> Template {
    let mut pieces = vec![Piece::Text(format!("./act {word}"))];
    if let Some(value) = value {
        pieces.extend([Piece::Text(String::from(" ")), Piece::Value(value)]);
    }
    Template(pieces)
}

impl Plans<'_> {
    fn tables(&mut self) {
        self.plan.name = String::from("random");
        let via = |n: u32| match n {
            0 => Reach::Local,
            n => Reach::Exec { prefix: vec![String::from("env"), format!("NODE=m{n}")] },
        };
        let power = |n: u32| CellId(CELLS + n);
        self.plan.machines = (0..MACHINES)
            .map(|n| Machine { name: format!("m{n}"), site: None, reach: via(n), power: Some(power(n)) })
            .collect();
        for n in 0..CELLS {
            let rests = if self.dice.chance(50) { 0b001 | self.dice.roll(8) } else { 0b111 };
            let values = ["zero", "one", "two"].map(String::from).to_vec();
            let kind = CellKind::State;
            self.plan.cells.push(Cell { name: format!("c{n}"), values, kind, volatile: false, rests, initial: 0b001 });
        }
        for n in 0..MACHINES {
            self.plan.cells.push(Cell {
                name: format!("m{n}"),
                values: ["up", "down"].map(String::from).to_vec(),
                kind: CellKind::Power { machine: MachineId(n) },
                volatile: false,
                rests: 0b11,
                initial: 0b01,
            });
        }
        for n in 0..2 {
            let options = ["left", "right", "it's \"neither\" $x"];
            let options = options.iter().take(2 + n).map(|o| String::from(*o)).collect();
            let atom = self.atom(&format!("way{n}"), options, AtomSource::Decision);
            self.answered.push(atom);
        }
        for n in 0..self.dice.roll(3) {
            let atom = self.atom(&format!("so{n}"), ["no", "yes"].map(String::from).to_vec(), AtomSource::Probe);
            if self.dice.chance(50) {
                let fact = self.requirement();
                self.plan.atoms[atom.index()].yes_means.push(fact);
            }
            let command = Command { script: script(&format!("so{n}"), None), ..Command::default() };
            let (host, requires) = (self.host(), Vec::new());
            self.plan.probes.push(Probe { atom, host, command, requires, at_start: true, span: span(900) });
            self.answered.push(atom);
        }
        self.plan.secrets.push(Secret {
            name: String::from("password"),
            source: SecretSource::Env(String::from("CARGO_PKG_DESCRIPTION")),
        });
    }

    fn atom(&mut self, name: &str, options: Vec<String>, source: AtomSource) -> AtomId {
        self.plan.atoms.push(Atom {
            name: name.to_owned(),
            question: format!("which is {name}?"),
            options,
            source,
            yes_means: Vec::new(),
        });
        AtomId::at(self.plan.atoms.len() - 1)
    }

    fn host(&mut self) -> Option<MachineId> {
        Some(MachineId(u32::try_from(self.dice.roll(MACHINES.into())).unwrap()))
    }

    fn requirement(&mut self) -> Requirement {
        Requirement {
            cell: CellId(u32::try_from(self.dice.roll(CELLS.into())).unwrap()),
            allowed: 1 + self.dice.roll(7),
        }
    }

    fn key(&mut self) -> Key {
        self.keys += 1;
        Key(self.keys - 1)
    }

    /// Items of a block. What they are is known to what follows them in it, and not outside.
    fn items(&mut self, count: u64, depth: u32) -> Vec<Item> {
        let known = (self.earlier.len(), self.captured.len(), self.answered.len());
        let items = (0..count).map(|_| self.item(depth)).collect();
        self.earlier.truncate(known.0);
        self.captured.truncate(known.1);
        self.answered.truncate(known.2);
        items
    }

    fn item(&mut self, depth: u32) -> Item {
        let item = match self.dice.roll(10) {
            0..=1 if depth < 3 => Item::Region(Box::new(self.region(depth))),
            2..=3 if depth < 3 => Item::Region(Box::new(self.ladder(depth))),
            4 => self.group(depth),
            _ => Item::Step(Box::new(self.step(true))),
        };
        self.earlier.push(item.key());
        item
    }

    fn region(&mut self, depth: u32) -> Region {
        let key = self.key();
        let (conditions, after) = (self.conditions(30), self.after());
        let order = if self.dice.chance(40) { Order::Conflicts } else { Order::Text };
        let count = 1 + self.dice.roll(3);
        let items = self.items(count, depth + 1);
        let finally = if self.dice.chance(40) { 1 + self.dice.roll(2) } else { 0 };
        let finally = self.items(finally, depth + 1);
        let rungs = vec![Rung { conditions: Vec::new(), items, span: span(key.0) }];
        let (name, title, span) = (format!("r{}", key.0), String::new(), span(key.0));
        Region { key, name, title, span, conditions, requires: Vec::new(), after, rungs, finally, order }
    }

    fn ladder(&mut self, depth: u32) -> Region {
        let key = self.key();
        let (conditions, after) = (self.conditions(20), self.after());
        let mut rungs = Vec::new();
        for _ in 0..2 + self.dice.roll(2) {
            let conditions = self.conditions(30);
            let items = match self.dice.chance(60) {
                true => vec![Item::Step(Box::new(self.step(false)))],
                false => self.items(2, depth + 1),
            };
            rungs.push(Rung { conditions, items, span: span(key.0) });
        }
        let finally = if self.dice.chance(30) { self.items(1, depth + 1) } else { Vec::new() };
        let (name, title, span) = (format!("l{}", key.0), String::new(), span(key.0));
        Region { key, name, title, span, conditions, requires: Vec::new(), after, rungs, finally, order: Order::Text }
    }

    fn group(&mut self, depth: u32) -> Item {
        let key = self.key();
        let count = 1 + self.dice.roll(3);
        let items = (0..count).map(|_| Item::Step(Box::new(self.step(depth > 9)))).collect();
        Item::Group(Group { key, name: format!("g{}", key.0), items })
    }

    fn after(&mut self) -> Vec<After> {
        if self.earlier.is_empty() || self.dice.chance(85) {
            return Vec::new();
        }
        let item = *self.dice.pick(&self.earlier.clone());
        vec![After { item, finished: self.dice.chance(50), span: span(800) }]
    }

    fn conditions(&mut self, percent: u64) -> Vec<Condition> {
        if !self.dice.chance(percent) {
            return Vec::new();
        }
        let guard = self.guard(2);
        vec![Condition { guard, text: String::from("only if"), span: span(801) }]
    }

    fn guard(&mut self, depth: u32) -> Guard {
        match self.dice.roll(if depth == 0 { 5 } else { 9 }) {
            0..=1 if !self.earlier.is_empty() => Guard::Succeeded(*self.dice.pick(&self.earlier.clone())),
            0..=4 => {
                let atom = *self.dice.pick(&self.answered.clone());
                let options = self.plan.atoms[atom.index()].options.len() as u64;
                Guard::Is(atom, u8::try_from(self.dice.roll(options)).unwrap())
            }
            5 => Guard::Not(Box::new(self.guard(depth - 1))),
            6 => Guard::AtMost(
                u32::try_from(self.dice.roll(2)).unwrap(),
                (0..3).map(|_| self.guard(depth - 1)).collect(),
            ),
            7 => Guard::All((0..2).map(|_| self.guard(depth - 1)).collect()),
            _ => Guard::Any((0..2).map(|_| self.guard(depth - 1)).collect()),
        }
    }

    /// A step; only if it is `told` of may others ask about what it captures or answers.
    fn step(&mut self, told: bool) -> Step {
        let key = self.key();
        let word = format!("s{}", key.0);
        let mut conditions = self.conditions(25);
        let after = self.after();
        let mut host = self.host();
        let mut flags = Flags {
            tolerated: self.dice.chance(15),
            idempotent: self.dice.chance(30),
            opaque: self.dice.chance(10),
            ..Flags::default()
        };
        let value = self.value(&mut conditions);
        let act = match self.dice.roll(20) {
            0..=5 if self.plain => self.run(key, &word, value, told),
            0 => Act::Tell { text: Template::text("look: it's $x `y`") },
            1 => Act::Delay { ms: 10 },
            2 => Act::Assume { why: String::from("it is so") },
            3..=4 => self.ask(key, told),
            5 => Act::Wait { command: self.command(&word, value, 2_000), every_ms: 20, negated: self.dice.chance(40) },
            6 if told => {
                let name = format!("probe{}", key.0);
                let atom = self.atom(&name, ["no", "yes"].map(String::from).to_vec(), AtomSource::Probe);
                self.answered.push(atom);
                Act::Probe { atom, command: self.command(&word, value, 2_000) }
            }
            _ => self.run(key, &word, value, told),
        };
        if matches!(act, Act::Ask { .. } | Act::Tell { .. } | Act::Delay { .. } | Act::Assume { .. }) {
            host = None;
            flags.opaque = false;
        }
        flags.lingers = matches!(&act, Act::Run { command, .. } if !command.kill) && host != Some(MachineId(0));
        let mut effects = Vec::new();
        // Silence attests nothing.
        let by_default = matches!(&act, Act::Ask { gate, .. } if gate.otherwise.is_some());
        if !flags.opaque && !by_default && self.dice.chance(60) && !matches!(act, Act::Probe { .. }) {
            let change = match self.dice.chance(70) {
                true => Change::Set(u8::try_from(self.dice.roll(3)).unwrap()),
                false => Change::Move { from: 0, to: 2 },
            };
            let cell = CellId(u32::try_from(self.dice.roll(CELLS.into())).unwrap());
            effects.push((Effect { cell, change, exclusive: false }, span(802)));
        }
        let mut fences = Vec::new();
        if matches!(act, Act::Run { .. }) && self.dice.chance(10) {
            let victim = MachineId(1 + u32::try_from(self.dice.roll(2)).unwrap());
            fences.push(victim);
            let effect = Effect { cell: CellId(CELLS + victim.0), change: Change::Set(1), exclusive: false };
            effects.push((effect, span(803)));
        }
        effects.sort_by_key(|(e, _)| e.cell);
        Step {
            key,
            name: word,
            number: None,
            title: if self.dice.chance(30) { String::from("It's a \"title\" of $x") } else { String::new() },
            span: span(key.0),
            parts: StepParts::default(),
            host,
            conditions,
            after,
            requires: Vec::new(),
            effects,
            fences,
            loses: Vec::new(),
            flags,
            usually_ms: None,
            call: String::new(),
            act,
        }
    }

    /// A value to use, with the condition that it is there.
    fn value(&mut self, conditions: &mut Vec<Condition>) -> Option<ValueId> {
        match self.dice.roll(10) {
            0..=2 if !self.captured.is_empty() => {
                let (value, by) = *self.dice.pick(&self.captured.clone());
                let guard = Guard::Succeeded(by);
                conditions.push(Condition { guard, text: String::from("captured"), span: span(804) });
                Some(value)
            }
            3 => {
                let source = ValueSource::Picked {
                    cases: vec![(self.guard(1), String::from("it's one")), (self.guard(0), String::from("$two"))],
                    otherwise: String::new(),
                };
                self.plan.values.push(Value { name: String::from("picked"), source });
                Some(ValueId::at(self.plan.values.len() - 1))
            }
            _ => None,
        }
    }

    fn ask(&mut self, key: Key, told: bool) -> Act {
        let question = Template::text("Is it so, or isn't it?");
        if !told || self.dice.chance(50) {
            return Act::Ask { question, answers: Vec::new(), atom: None, gate: self.gate(2) };
        }
        let names = ["go", "wait", "halt"];
        let answers =
            names.map(|name| Answer { name: String::from(name), label: format!("to {name}"), stops: name == "halt" });
        let atom = self.atom(&format!("ask{}", key.0), names.map(String::from).to_vec(), AtomSource::Answer);
        self.answered.push(atom);
        Act::Ask { question, answers: answers.to_vec(), atom: Some(atom), gate: self.gate(3) }
    }

    /// Sometimes a question is for a moment only.
    fn gate(&mut self, answers: u64) -> Gate {
        let within_ms = Some(100).filter(|_| self.dice.chance(40));
        let otherwise = u8::try_from(self.dice.roll(answers)).ok().filter(|_| within_ms.is_some());
        Gate { role: None, within_ms, otherwise: otherwise.filter(|_| self.dice.chance(75)) }
    }

    fn run(&mut self, key: Key, word: &str, value: Option<ValueId>, told: bool) -> Act {
        let mut command = self.command(word, value, 2_000);
        command.kill = self.dice.chance(50);
        if told && self.dice.chance(20) {
            self.plan.values.push(Value { name: format!("v{}", key.0), source: ValueSource::Captured { by: key } });
            let value = ValueId::at(self.plan.values.len() - 1);
            let pattern = Some((*self.dice.pick(&KEEPS)).to_owned()).filter(|_| self.dice.chance(75));
            command.captures.push(Capture { value, pattern });
            self.captured.push((value, key));
        }
        Act::Run {
            command,
            verify: self.dice.chance(35).then(|| script(&format!("{word}.verify"), None)),
            retries: if self.dice.chance(40) { u32::try_from(1 + self.dice.roll(2)).unwrap() } else { 0 },
            every_ms: 20,
        }
    }

    fn command(&mut self, word: &str, value: Option<ValueId>, within_ms: u64) -> Command {
        let mut command = Command { script: script(word, value), within_ms: Some(within_ms), ..Command::default() };
        if self.dice.chance(15) {
            let text = Template::text("it's $HOME");
            command.env.push(EnvVar { name: String::from("NOTE"), value: EnvValue::Plain(text) });
        }
        if self.dice.chance(15) {
            command.env.push(EnvVar { name: String::from("PASSWORD"), value: EnvValue::Secret(SecretId(0)) });
        }
        while self.dice.chance(25) {
            let sign = match self.dice.chance(50) {
                true => Sign::Exit(vec![u8::try_from(self.dice.roll(4)).unwrap(), 9]),
                false => Sign::Output((*self.dice.pick(&["ok$", "^err|fatal", "[0-9]+"])).to_owned()),
            };
            let verdict = match self.dice.roll(5) {
                0..=1 => Verdict::Success,
                2 => Verdict::Failure,
                3 => Verdict::Warning,
                _ => Verdict::Ask(Template::text("Is that good?")),
            };
            command.meanings.push(Meaning { sign, verdict });
        }
        command
    }
}
