//! Programs for tests: a builder, and a sample in which every op, guard and alternative of the calculus appears.

use crate::bytecode::{Calls, Guard, GuardId, Instr, InstrId, Op, Place, Program, SourceFile};
use crate::calculus::{
    Answer, Atom, AtomId, AtomSource, Capture, Cell, CellId, CellKind, Change, Command, Effect, EnvValue, EnvVar,
    Flags, Gate, Hold, Machine, MachineId, Meaning, Piece, Reach, Requirement, Secret, SecretId, SecretSource, Sign,
    Template, Value, ValueId, ValueSource, Verdict,
};

/// Appends to a program.
pub(crate) struct Builder(pub Program);

impl Builder {
    /// An empty program with one source and the guard `Always`.
    pub fn new(plan: &str) -> Builder {
        Builder(Program {
            plan: plan.to_owned(),
            sources: vec![SourceFile { path: format!("{plan}.ha"), digest: [7; 32] }],
            guards: vec![Guard::Always],
            ..Program::default()
        })
    }

    pub fn machine(&mut self, name: &str, reach: Reach) -> MachineId {
        self.0.machines.push(Machine { name: name.to_owned(), site: None, reach, power: None });
        MachineId::at(self.0.machines.len() - 1)
    }

    /// A cell that may start in any of its values and rest in any.
    pub fn cell(&mut self, name: &str, values: &[&str], kind: CellKind) -> CellId {
        let all = crate::calculus::mask_of(values.len());
        self.0.cells.push(Cell {
            name: name.to_owned(),
            values: strings(values),
            kind,
            volatile: false,
            rests: all,
            initial: all,
        });
        CellId::at(self.0.cells.len() - 1)
    }

    pub fn atom(&mut self, name: &str, options: &[&str], source: AtomSource) -> AtomId {
        self.0.atoms.push(Atom {
            name: name.to_owned(),
            question: format!("{name}?"),
            options: strings(options),
            source,
            yes_means: Vec::new(),
        });
        AtomId::at(self.0.atoms.len() - 1)
    }

    pub fn guard(&mut self, guard: Guard) -> GuardId {
        self.0.guards.push(guard);
        GuardId::at(self.0.guards.len() - 1)
    }

    /// An instruction that needs `needs`, for further changes.
    pub fn instr(&mut self, name: &str, op: Op, needs: &[u32]) -> &mut Instr {
        let line = u32::try_from(self.0.code.len()).unwrap() + 3;
        self.0.code.push(Instr {
            op,
            name: name.to_owned(),
            title: String::new(),
            number: None,
            host: None,
            guard: GuardId::ALWAYS,
            needs: ids(needs),
            waits: Vec::new(),
            requires: Vec::new(),
            effects: Vec::new(),
            fences: Vec::new(),
            loses: Vec::new(),
            flags: Flags::default(),
            usually_ms: None,
            place: Place { source: 0, line, column: 3 },
        });
        self.0.code.last_mut().unwrap()
    }
}

pub(crate) fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&t| t.to_owned()).collect()
}

pub(crate) fn ids(indexes: &[u32]) -> Vec<InstrId> {
    indexes.iter().map(|&i| InstrId(i)).collect()
}

/// A command without anything special.
pub(crate) fn command(script: &str) -> Command {
    Command { script: Template::text(script), ..Command::default() }
}

/// `RUN` of a script.
pub(crate) fn run(script: &str) -> Op {
    Op::Run { command: command(script), verify: None, retries: 0, every_ms: 0 }
}

/// A whole plan of two machines: probes, a ladder with a fence, captured and picked values, and a `finally`.
pub(crate) fn sample() -> Program {
    let mut b = Builder::new("failover");
    tables(&mut b);
    let probe = Op::Probe { atom: AtomId(0), command: Command { within_ms: Some(10_000), ..command("ping -c 1 ec1") } };
    b.instr("answers(ec1)", probe, &[]).host = Some(MachineId(2));
    b.instr("failover", Op::Enter, &[0]);
    ladder(&mut b);
    phase(&mut b);
    b.instr("failover.end", Op::End, &[21]);
    b.0
}

fn tables(b: &mut Builder) {
    b.0.title = String::from("Failover to the secondary");
    b.0.arguments =
        vec![(String::from("primary"), String::from("ec1")), (String::from("secondary"), String::from("ec2"))];
    b.0.sources.push(SourceFile { path: String::from("std/core.ha"), digest: [9; 32] });
    b.machine("ec1", Reach::Ssh { host: String::from("ec1.example.com"), user: String::from("root") });
    b.machine("ec2", Reach::Exec { prefix: strings(&["ip", "netns", "exec", "ec2"]) });
    b.machine("admin", Reach::Local);
    b.cell("ec1", &["up", "down"], CellKind::Power { machine: MachineId(0) });
    b.cell(
        "ec_address",
        &["nowhere", "ec1", "ec2"],
        CellKind::Place { holders: vec![None, Some(MachineId(0)), Some(MachineId(1))] },
    );
    b.cell("cluster", &["normal", "prepared"], CellKind::State);
    b.cell("info_folder on ec2", &["no", "yes"], CellKind::Shared { machine: MachineId(1) });
    let configured = CellKind::Configured { machine: MachineId(0), of: CellId(1) };
    b.cell("ec_address configured on ec1", &["no", "yes"], configured);
    b.0.machines[0].site = Some(String::from("tokyo"));
    b.0.machines[0].power = Some(CellId(0));
    b.0.cells[1].volatile = true;
    b.0.cells[1].initial = 0b010;
    b.0.cells[2].rests = 0b01;
    b.0.cells[2].initial = 0b01;
    b.atom("answers(ec1)", &["no", "yes"], AtomSource::Probe);
    b.0.atoms[0].yes_means = vec![Requirement { cell: CellId(0), allowed: 0b01 }];
    b.atom("firewalls", &["included", "excluded"], AtomSource::Decision);
    b.atom("choose", &["restore", "skip", "stop"], AtomSource::Answer);
    b.guard(Guard::Is { atom: AtomId(0), option: 1 }); // 1
    b.guard(Guard::Ok(InstrId(3))); // 2
    b.guard(Guard::Not(GuardId(2))); // 3
    b.guard(Guard::Is { atom: AtomId(1), option: 0 }); // 4
    b.guard(Guard::Is { atom: AtomId(2), option: 0 }); // 5
    b.guard(Guard::All(vec![GuardId(4), GuardId(5)])); // 6
    b.guard(Guard::Any(vec![GuardId(3), GuardId(6)])); // 7
    b.guard(Guard::Never); // 8
    b.guard(Guard::AtMost { count: 1, of: vec![GuardId(3), GuardId(8)] }); // 9
    b.guard(Guard::Ok(InstrId(11))); // 10
    b.guard(Guard::All(vec![GuardId(7), GuardId(10)])); // 11
    b.0.values.push(Value { name: String::from("lsn"), source: ValueSource::Captured { by: InstrId(11) } });
    b.0.values.push(Value {
        name: String::from("how"),
        source: ValueSource::Picked {
            cases: vec![(GuardId(3), String::from("--forced"))],
            otherwise: String::from("--planned"),
        },
    });
    b.0.secrets.push(Secret { name: String::from("password"), source: SecretSource::Env(String::from("EC_PASSWORD")) });
    b.0.secrets.push(Secret { name: String::from("key"), source: SecretSource::File(String::from("/etc/ec/key")) });
    b.0.goal = vec![Requirement { cell: CellId(1), allowed: 0b100 }];
    b.0.locks = strings(&["ec_address", "ops_center"]);
    b.0.accepted = vec![(CellId(2), String::from("nobody waits for it"))];
    b.0.holds = vec![Hold {
        text: String::from("keep ec1 off the network"),
        machine: Some(MachineId(0)),
        things: strings(&["ec_address"]),
        cells: vec![CellId(1)],
    }];
    b.0.ends = strings(&["ec2", "queue"]);
    b.0.rto_ms = Some(2_700_000);
    b.0.calls = Calls { again: String::from("dr.ha move"), back: vec![String::from("dr.ha move_back")] };
}

/// Shut the primary down, or else have its power cut.
fn ladder(b: &mut Builder) {
    b.instr("isolate", Op::Enter, &[1]);
    let shut = b.instr("shut_down", run("shutdown -h now"), &[2]);
    shut.host = Some(MachineId(0));
    shut.title = String::from("Shutting down the primary, if possible");
    shut.number = Some(1);
    shut.guard = GuardId(1);
    shut.effects = fence_effects();
    shut.fences = vec![MachineId(0)];
    shut.flags = Flags { lingers: true, ..Flags::default() };
    shut.requires = vec![Requirement { cell: CellId(0), allowed: 0b01 }];
    let rung = b.instr("isolate.otherwise", Op::Enter, &[2]);
    rung.waits = ids(&[3]);
    rung.guard = GuardId(3);
    let question = Template::text("Is ec1 powered off?");
    let ask = b.instr("cut_power", Op::Ask { question, answers: Vec::new(), atom: None, gate: Gate::default() }, &[4]);
    ask.effects = fence_effects();
    ask.fences = vec![MachineId(0)];
    b.instr("isolate.otherwise.exit", Op::Exit, &[5]);
    b.instr("isolate.join", Op::Join { rungs: ids(&[3, 6]) }, &[2]).waits = ids(&[3, 6]);
}

fn fence_effects() -> Vec<Effect> {
    vec![
        Effect { cell: CellId(0), change: Change::Set(1), exclusive: false },
        Effect { cell: CellId(1), change: Change::Move { from: 1, to: 0 }, exclusive: false },
    ]
}

/// Everything on the secondary, with a cluster that is put back whatever happens.
fn phase(b: &mut Builder) {
    b.instr("window", Op::Enter, &[7]).requires = vec![Requirement { cell: CellId(2), allowed: 0b01 }];
    b.instr("window.first", Op::Enter, &[8]);
    let prepare = b.instr("prepare", run("clprep"), &[9]);
    prepare.host = Some(MachineId(1));
    prepare.effects = vec![Effect { cell: CellId(2), change: Change::Set(1), exclusive: false }];
    let restore = b.instr("restore", restore_op(), &[10]);
    restore.host = Some(MachineId(1));
    restore.effects = vec![Effect { cell: CellId(1), change: Change::Set(2), exclusive: true }];
    restore.loses = vec![CellId(2)];
    restore.usually_ms = Some(90_000);
    restore.flags = Flags { idempotent: true, opaque: true, commits: true, ..Flags::default() };
    b.instr("choose", choice(), &[11]);
    let text = Template(vec![Piece::Text(String::from("restored up to ")), Piece::Value(ValueId(0))]);
    b.instr("report", Op::Tell { text }, &[12]).guard = GuardId(11);
    b.instr("settle", Op::Delay { ms: 5_000 }, &[13]).guard = GuardId(9);
    let wait = Op::Wait { command: command("curl -fs http://ec2/"), every_ms: 1_000, negated: true };
    let wait = b.instr("serving", wait, &[14]);
    wait.host = Some(MachineId(1));
    wait.flags.tolerated = true;
    b.instr("assumed", Op::Assume { why: String::from("the folder is never unmounted") }, &[15]).effects =
        vec![Effect { cell: CellId(3), change: Change::Set(1), exclusive: false }];
    b.instr("window.first.exit", Op::Exit, &[16]);
    let finally = b.instr("window.finally", Op::Enter, &[8]);
    finally.waits = ids(&[17]);
    finally.flags.finally = true;
    let back = b.instr("change_back", run("clback"), &[18]);
    back.host = Some(MachineId(1));
    back.effects = vec![Effect { cell: CellId(2), change: Change::Set(0), exclusive: false }];
    back.flags.finally = true;
    b.instr("window.finally.exit", Op::Exit, &[19]).flags.finally = true;
    b.instr("window.exit", Op::Exit, &[17, 20]);
}

fn restore_op() -> Op {
    let script = Template(vec![
        Piece::Text(String::from("harestore ")),
        Piece::Value(ValueId(1)),
        Piece::Text(String::from(" <<end\nlines\nend")),
    ]);
    let meaning = |sign, verdict| Meaning { sign, verdict };
    Op::Run {
        command: Command {
            script,
            env: vec![
                EnvVar { name: String::from("LANG"), value: EnvValue::Plain(Template::text("C")) },
                EnvVar { name: String::from("EC_PASSWORD"), value: EnvValue::Secret(SecretId(0)) },
                EnvVar { name: String::from("EC_KEY"), value: EnvValue::Secret(SecretId(1)) },
            ],
            within_ms: Some(600_000),
            kill: true,
            meanings: vec![
                meaning(Sign::Exit(vec![0, 3]), Verdict::Success),
                meaning(Sign::Output(String::from("^refused")), Verdict::Failure),
                meaning(Sign::Exit(vec![4]), Verdict::Warning),
                meaning(
                    Sign::Output(String::from("older")),
                    Verdict::Ask(Template::text("go on with the older state?")),
                ),
            ],
            captures: vec![Capture { value: ValueId(0), pattern: Some(String::from("lsn=([^ ]+)")) }],
        },
        verify: Some(Template::text("harestore --status | grep -q done")),
        retries: 2,
        every_ms: 30_000,
    }
}

fn choice() -> Op {
    let answer = |name: &str, stops| Answer { name: name.to_owned(), label: format!("{name} it"), stops };
    Op::Ask {
        question: Template::text("What about the folder?"),
        answers: vec![answer("restore", false), answer("skip", false), answer("stop", true)],
        atom: Some(AtomId(2)),
        gate: Gate { role: Some(String::from("storage")), within_ms: Some(900_000), otherwise: Some(2) },
    }
}
