//! One program for each rule: the sample with one change, and the findings it causes.

use crate::base::limits;
use crate::bytecode::sample::{ids, sample};
use crate::bytecode::{DecodeError, Guard, GuardId, Instr, InstrId, Op, Program, encode};
use crate::calculus::{
    AtomId, Cell, CellId, CellKind, Change, Command, Effect, EnvValue, Gate, MachineId, Meaning, Piece, Reach,
    Requirement, SecretId, SecretSource, Sign, Template, ValueId, ValueSource, Verdict,
};
use crate::verify::{LoadError, load, verify};

/// The sample with `change` has this finding, and no other.
fn breaks(change: impl FnOnce(&mut Program), finding: &str) {
    let mut program = sample();
    change(&mut program);
    let found: Vec<String> = match verify(program) {
        Ok(_) => Vec::new(),
        Err(findings) => findings.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(found, [finding]);
}

fn instr<'p>(p: &'p mut Program, name: &str) -> &'p mut Instr {
    p.code.iter_mut().find(|i| i.name == name).unwrap()
}

fn command<'p>(p: &'p mut Program, name: &str) -> &'p mut Command {
    match &mut instr(p, name).op {
        Op::Run { command, .. } | Op::Wait { command, .. } | Op::Probe { command, .. } => command,
        other => panic!("{other:?} has no command"),
    }
}

fn effect(cell: u32, change: Change) -> Effect {
    Effect { cell: CellId(cell), change, exclusive: false }
}

#[test]
fn the_sample_breaks_none() {
    assert_eq!(*verify(sample()).unwrap(), sample());
    assert_eq!(*load(&encode(&sample())).unwrap(), sample());
}

#[test]
fn a_file_may_be_damaged_or_break_a_rule() {
    let expected = "`HAB1`, the mark of a compiled program";
    let error = DecodeError { offset: 0, expected, found: "something else".into() };
    assert_eq!(load(b"GIF89a"), Err(LoadError::Decode(error)));
    assert_eq!(
        load(b"GIF89a").unwrap_err().to_string(),
        "at byte 0: expected `HAB1`, the mark of a compiled program, found something else"
    );
    let mut program = sample();
    program.plan.clear();
    instr(&mut program, "prepare").name.clear();
    let message = "the plan has no name\ninstruction 10 has no name";
    assert_eq!(load(&encode(&program)).unwrap_err().to_string(), message);
}

#[test]
fn findings_are_counted_out() {
    let mut program = sample();
    program.goal = vec![Requirement { cell: CellId(9), allowed: 1 }; 1_000];
    assert_eq!(verify(program).unwrap_err().len(), limits::DIAGNOSTICS);
}

#[test]
fn of_names() {
    let name = "ä".repeat(limits::NAME_BYTES / 2 + 1);
    let message = format!("the name `{}…` is longer than 1000 bytes", "ä".repeat(40));
    breaks(|p| p.cells[2].name.clone_from(&name), &message);
    breaks(|p| p.cells[2].values[1].clone_from(&name), &message);
    breaks(|p| command(p, "restore").env[0].name.clone_from(&name), &message);
    breaks(|p| p.machines[0].reach = Reach::Ssh { host: name.clone(), user: name.clone() }, &message);
    breaks(|p| p.secrets[1].source = SecretSource::File(name.clone()), &message);
    breaks(|p| p.title.push('\0'), "a text contains a NUL character");
    breaks(|p| instr(p, "prepare").title.push('\0'), "a text contains a NUL character");
    breaks(|p| p.plan.clear(), "the plan has no name");
    breaks(|p| instr(p, "prepare").name.clear(), "instruction 10 has no name");
    breaks(|p| instr(p, "settle").name = "report".into(), "two things are called instruction `report`");
    breaks(|p| p.machines[1].name = "admin".into(), "two things are called machine `admin`");
    breaks(|p| p.machines[1].name.clear(), "machine 1 has no name");
    breaks(
        |p| {
            let mut second = p.atoms[1].clone();
            second.options.reverse();
            p.atoms.push(second);
        },
        "two things are called decision `firewalls`",
    );
}

#[test]
fn of_the_plan() {
    breaks(|p| p.goal[0].cell = CellId(5), "goal: there is no cell 5 among 5");
    breaks(|p| p.goal[0].allowed = 0b1000, "goal: the values required of `ec_address` are more than its 3");
    breaks(|p| p.goal[0].allowed = 0, "goal: the values required of `ec_address` are none");
    breaks(|p| p.accepted[0].0 = CellId(5), "accepted loss: there is no cell 5 among 5");
    breaks(|p| p.holds[0].machine = Some(MachineId(3)), "hold: there is no machine 3 among 3");
    breaks(|p| p.holds[0].cells.push(CellId(5)), "hold: there is no cell 5 among 5");
    breaks(|p| p.locks.reverse(), "the names of the locks are not ascending");
    breaks(|p| p.locks[0].clear(), "the names of the locks are not ascending");
    breaks(|p| p.rto_ms = Some(limits::TIME_MS + 1), "the promised time is longer than 30 days");
}

#[test]
fn of_machines() {
    let reach = |reach| move |p: &mut Program| p.machines[2].reach = reach;
    let empty = "machine `admin`: the command to get there is empty";
    breaks(reach(Reach::Exec { prefix: Vec::new() }), empty);
    breaks(reach(Reach::Exec { prefix: vec![String::new()] }), empty);
    let ssh = |host: &str, user: &str| reach(Reach::Ssh { host: host.into(), user: user.into() });
    let refused = |host: &str, user: &str| {
        format!("machine `admin`: ssh cannot be given the host `{host}` and the user `{user}`")
    };
    breaks(ssh("", "root"), &refused("", "root"));
    breaks(ssh("-oProxyCommand=id", ""), &refused("-oProxyCommand=id", ""));
    breaks(ssh("a", "-v"), &refused("a", "-v"));
    breaks(|p| p.machines[1].power = Some(CellId(2)), "machine `ec2`: its power is not a cell of its own");
    breaks(|p| p.machines[1].power = Some(CellId(0)), "machine `ec2`: its power is not a cell of its own");
    breaks(|p| p.machines[1].power = Some(CellId(7)), "machine `ec2`: there is no cell 7 among 5");
}

#[test]
fn of_cells() {
    let many: Vec<String> = (0..65).map(|n| n.to_string()).collect();
    breaks(|p| p.cells[2].values = many, "cell `cluster`: 65 values are not 1 to 64");
    let none = Cell { name: "void".into(), values: Vec::new(), ..sample().cells[2].clone() };
    breaks(|p| p.cells.push(none), "cell `void`: 0 values are not 1 to 64");
    breaks(|p| p.cells[2].values[1] = "normal".into(), "cell `cluster`: the value `normal` has no name of its own");
    breaks(|p| p.cells[2].values[1].clear(), "cell `cluster`: the value `` has no name of its own");
    breaks(|p| p.cells[2].rests = 0, "cell `cluster`: the values to rest in are none");
    breaks(|p| p.cells[2].rests = 4, "cell `cluster`: the values to rest in are more than its 2");
    breaks(|p| p.cells[2].initial = 0, "cell `cluster`: the values to start in are none");
    breaks(|p| p.cells[2].initial = 4, "cell `cluster`: the values to start in are more than its 2");
    let place =
        |holders: &[Option<u32>]| CellKind::Place { holders: holders.iter().map(|h| h.map(MachineId)).collect() };
    let holders = "cell `ec_address`: its holders are not nobody and then one for each other value";
    breaks(|p| p.cells[1].kind = place(&[None, Some(0)]), holders);
    breaks(|p| p.cells[1].kind = place(&[Some(1), Some(0), Some(1)]), holders);
    breaks(|p| p.cells[1].kind = place(&[None, Some(0), Some(3)]), "cell `ec_address`: there is no machine 3 among 3");
    let shared = |machine| CellKind::Shared { machine: MachineId(machine) };
    breaks(|p| p.cells[3].kind = shared(3), "cell `info_folder on ec2`: there is no machine 3 among 3");
    breaks(|p| p.cells[3].values.push("maybe".into()), "cell `info_folder on ec2`: it has 3 values instead of two");
    breaks(
        |p| p.cells[3].kind = CellKind::Power { machine: MachineId(0) },
        "cell `info_folder on ec2`: it is not the power of its machine",
    );
    let configured = |machine, of| CellKind::Configured { machine: MachineId(machine), of: CellId(of) };
    let never = "cell `ec_address configured on ec1`: its machine can never take what it is about";
    breaks(|p| p.cells[4].kind = configured(2, 1), never);
    breaks(|p| p.cells[4].kind = configured(0, 2), never);
    breaks(|p| p.cells[4].kind = configured(0, 9), "cell `ec_address configured on ec1`: there is no cell 9 among 5");
    breaks(
        |p| p.cells[4].values.push("maybe".into()),
        "cell `ec_address configured on ec1`: it has 3 values instead of two",
    );
}

#[test]
fn of_atoms_and_guards() {
    breaks(|p| p.atoms[1].options.truncate(1), "atom `firewalls`: 1 values are not 2 to 64");
    breaks(|p| p.atoms[0].options.push("perhaps".into()), "atom `answers(ec1)`: it has 3 values instead of two");
    let means = |cell| vec![Requirement { cell: CellId(cell), allowed: 1 }];
    breaks(|p| p.atoms[1].yes_means = means(0), "atom `firewalls`: only the yes of a probe means something");
    breaks(|p| p.atoms[0].yes_means = means(9), "atom `answers(ec1)`: there is no cell 9 among 5");
    breaks(|p| p.guards[0] = Guard::Never, "the first guard is not the one that is always true");
    breaks(|p| p.guards[3] = Guard::Not(GuardId(3)), "guard 3: it is made of guard 3, which is not an earlier one");
    breaks(
        |p| p.guards[9] = Guard::AtMost { count: 1, of: vec![GuardId(3), GuardId(12)] },
        "guard 9: it is made of guard 12, which is not an earlier one",
    );
    let is = |atom, option| Guard::Is { atom: AtomId(atom), option };
    breaks(|p| p.guards[4] = is(1, 2), "guard 4: `firewalls` has no answer 2");
    breaks(|p| p.guards[4] = is(3, 0), "guard 4: there is no atom 3 among 3");
    breaks(|p| p.guards[8] = Guard::Ok(InstrId(23)), "guard 8: there is no instruction 23 among 23");
}

#[test]
fn of_values_and_secrets() {
    breaks(
        |p| p.values[0].source = ValueSource::Captured { by: InstrId(23) },
        "value `lsn`: there is no instruction 23 among 23",
    );
    let picked = ValueSource::Picked { cases: vec![(GuardId(12), String::new())], otherwise: String::new() };
    breaks(|p| p.values[1].source = picked, "value `how`: there is no guard 12 among 12");
    breaks(
        |p| p.secrets[0].source = SecretSource::Env("1ST".into()),
        "secret `password`: `1ST` is not the name of a variable",
    );
    breaks(|p| p.secrets[1].source = SecretSource::File(String::new()), "secret `key`: its file has no name");
}

#[test]
fn of_instructions() {
    breaks(|p| instr(p, "prepare").host = Some(MachineId(3)), "`prepare`: there is no machine 3 among 3");
    breaks(|p| instr(p, "prepare").guard = GuardId(12), "`prepare`: there is no guard 12 among 12");
    let requires = |cell, allowed| Requirement { cell: CellId(cell), allowed };
    breaks(|p| instr(p, "prepare").requires.push(requires(5, 1)), "`prepare`: there is no cell 5 among 5");
    breaks(
        |p| instr(p, "prepare").requires.push(requires(2, 4)),
        "`prepare`: the values required of `cluster` are more than its 2",
    );
    breaks(|p| instr(p, "prepare").effects[0].cell = CellId(5), "`prepare`: there is no cell 5 among 5");
    breaks(
        |p| instr(p, "prepare").effects[0].change = Change::Move { from: 0, to: 2 },
        "`prepare`: `cluster` has no value 2",
    );
    breaks(|p| instr(p, "prepare").fences.push(MachineId(3)), "`prepare`: there is no machine 3 among 3");
    breaks(|p| instr(p, "prepare").loses.push(CellId(5)), "`prepare`: there is no cell 5 among 5");
    breaks(|p| instr(p, "prepare").place.source = 2, "`prepare`: it stands in source 2, which is not there");
    breaks(
        |p| instr(p, "prepare").usually_ms = Some(limits::TIME_MS + 1),
        "`prepare`: its usual duration is longer than 30 days",
    );
}

#[test]
fn of_operands() {
    breaks(|p| command(p, "prepare").script.0.push(Piece::Value(ValueId(2))), "`prepare`: there is no value 2 among 2");
    breaks(
        |p| command(p, "restore").env[1].value = EnvValue::Secret(SecretId(2)),
        "`restore`: there is no secret 2 among 2",
    );
    breaks(|p| command(p, "restore").captures[0].value = ValueId(2), "`restore`: there is no value 2 among 2");
    breaks(
        |p| match &mut instr(p, "answers(ec1)").op {
            Op::Probe { atom, .. } => *atom = AtomId(1),
            other => panic!("{other:?}"),
        },
        "`answers(ec1)`: `firewalls` is not for it to answer",
    );
    let ask = |p: &mut Program, change: &dyn Fn(&mut Op)| change(&mut instr(p, "choose").op);
    breaks(
        |p| {
            ask(p, &|op| {
                if let Op::Ask { answers, .. } = op {
                    answers.swap(0, 1)
                }
            })
        },
        "`choose`: its answers are not those of its atom",
    );
    breaks(
        |p| {
            ask(p, &|op| {
                if let Op::Ask { answers, .. } = op {
                    answers.iter_mut().for_each(|a| a.stops = true);
                }
            })
        },
        "`choose`: whatever the answer to it, nothing goes on",
    );
    let gate = |p: &mut Program, name: &str, change: &dyn Fn(&mut Gate)| match &mut instr(p, name).op {
        Op::Ask { gate, .. } => change(gate),
        other => panic!("{other:?}"),
    };
    breaks(|p| gate(p, "choose", &|g| g.role = Some("a b".into())), "`choose`: its role has no name");
    breaks(
        |p| gate(p, "choose", &|g| g.within_ms = Some(0)),
        "`choose`: there is no time to answer it, or more than 30 days",
    );
    let no_answer = "`choose`: what counts if nobody answers it is no answer, or never counts";
    breaks(|p| gate(p, "choose", &|g| g.otherwise = Some(3)), no_answer);
    breaks(|p| gate(p, "choose", &|g| g.within_ms = None), no_answer);
    breaks(
        |p| gate(p, "cut_power", &|g| (g.within_ms, g.otherwise) = (Some(1), Some(1))),
        "`cut_power`: it takes silence for somebody's word",
    );
    breaks(
        |p| {
            ask(p, &|op| {
                if let Op::Ask { answers, atom, .. } = op {
                    (answers[1].name, *atom) = ("restore".into(), None);
                }
            });
            p.guards[5] = Guard::Never;
        },
        "`choose`: the answer `restore` has no name of its own",
    );
    breaks(
        |p| instr(p, "window.exit").requires.push(Requirement { cell: CellId(2), allowed: 1 }),
        "`window.exit`: it is block structure, but does more than that",
    );
    breaks(
        |p| instr(p, "window").effects.push(effect(2, Change::Set(0))),
        "`window`: it is block structure, but does more than that",
    );
    breaks(
        |p| instr(p, "report").flags.lingers = true,
        "`report`: nothing of it can linger, for it does nothing by a command",
    );
    breaks(
        |p| instr(p, "serving").flags.lingers = true,
        "`serving`: nothing of it can linger, for it does nothing by a command",
    );
}

#[test]
fn of_edges() {
    breaks(|p| instr(p, "window.exit").needs.reverse(), "`window.exit`: what it needs is not in ascending order");
    breaks(
        |p| instr(p, "isolate.join").waits = ids(&[3, 3, 6]),
        "`isolate.join`: what it waits is not in ascending order",
    );
    breaks(|p| instr(p, "prepare").needs = ids(&[9, 11]), "`prepare`: what it needs does not all come before it");
    breaks(|p| instr(p, "prepare").waits = ids(&[10]), "`prepare`: what it waits does not all come before it");
    breaks(
        |p| instr(p, "isolate.otherwise").waits = ids(&[2, 3]),
        "`isolate.otherwise`: it both needs and waits for the same instruction",
    );
    let rungs = "`isolate.join`: its rungs are not some instructions that it follows, in order";
    let join = |rungs: &[u32]| Op::Join { rungs: ids(rungs) };
    breaks(|p| instr(p, "isolate.join").op = join(&[]), rungs);
    breaks(|p| instr(p, "isolate.join").op = join(&[6, 3]), rungs);
    breaks(|p| instr(p, "isolate.join").op = join(&[3, 5]), rungs);
    breaks(|p| _ = p.code.pop(), "the last instruction is not the only END");
    breaks(|p| instr(p, "settle").op = Op::End, "the last instruction is not the only END");
}

#[test]
fn of_commands() {
    breaks(|p| command(p, "restore").env[0].name = "A B".into(), "`restore`: `A B` is not the name of a variable");
    breaks(|p| command(p, "restore").env[0].name.clear(), "`restore`: `` is not the name of a variable");
    breaks(|p| command(p, "restore").env[0].name = "EC_KEY".into(), "`restore`: the variable `EC_KEY` is set twice");
    breaks(
        |p| command(p, "restore").meanings[0].sign = Sign::Exit(Vec::new()),
        "`restore`: a meaning is given to no exit code",
    );
    breaks(
        |p| command(p, "restore").captures[0].pattern = Some("(".into()),
        &format!(r#"the pattern "(": {}"#, crate::calculus::check_pattern("(").unwrap_err()),
    );
    let meaning = |n| Meaning { sign: Sign::Output(format!("line {n}")), verdict: Verdict::Success };
    breaks(
        |p| command(p, "restore").meanings.extend((0..=limits::PATTERNS).map(meaning)),
        "the program has more than 10000 different patterns",
    );
    breaks(|p| command(p, "restore").within_ms = Some(0), "`restore`: its time limit is zero");
    breaks(
        |p| command(p, "restore").within_ms = Some(limits::TIME_MS + 1),
        "`restore`: its time limit is longer than 30 days",
    );
    breaks(
        |p| command(p, "prepare").kill = true,
        "`prepare`: it is killed at the end of a time limit that it does not have",
    );
}

#[test]
fn of_pauses() {
    let op = |name: &'static str, change: fn(&mut Op)| move |p: &mut Program| change(&mut instr(p, name).op);
    breaks(
        op("restore", |op| {
            if let Op::Run { retries, .. } = op {
                *retries = limits::RETRIES + 1
            }
        }),
        "`restore`: 10001 repetitions are more than 10000",
    );
    breaks(
        op("restore", |op| {
            if let Op::Run { every_ms, .. } = op {
                *every_ms = limits::TIME_MS + 1
            }
        }),
        "`restore`: its pause is longer than 30 days",
    );
    breaks(
        op("serving", |op| {
            if let Op::Wait { every_ms, .. } = op {
                *every_ms = 0
            }
        }),
        "`serving`: its pause is zero",
    );
    breaks(
        op("settle", |op| {
            if let Op::Delay { ms } = op {
                *ms = limits::TIME_MS + 1
            }
        }),
        "`settle`: its duration is longer than 30 days",
    );
}

#[test]
fn of_effects() {
    breaks(
        |p| instr(p, "prepare").effects.push(effect(2, Change::Set(0))),
        "`prepare`: it has two effects on `cluster`",
    );
    breaks(|p| instr(p, "prepare").effects[0].exclusive = true, "`prepare`: it cannot acquire `cluster` like this");
    breaks(
        |p| instr(p, "restore").effects[0].change = Change::Set(0),
        "`restore`: it cannot acquire `ec_address` like this",
    );
    breaks(|p| _ = instr(p, "cut_power").effects.remove(0), "`cut_power`: it fences `ec1`, but does not make it down");
    breaks(
        |p| _ = instr(p, "cut_power").effects.remove(1),
        "`cut_power`: it takes `ec1` down, but leaves `ec_address` there",
    );
    breaks(
        |p| {
            p.cells[3].volatile = true;
            p.cells[3].kind = CellKind::Shared { machine: MachineId(0) };
            instr(p, "shut_down").effects.push(effect(3, Change::Set(0)));
        },
        "`cut_power`: it takes `ec1` down, but leaves `info_folder on ec2` there",
    );
    breaks(
        |p| {
            instr(p, "change_back").needs = ids(&[11, 18]);
            instr(p, "restore").flags.finally = false;
        },
        "`change_back`: it belongs to a `finally`, but needs `restore`, which does not",
    );
}

#[test]
fn of_blocks() {
    breaks(
        |p| (instr(p, "prepare").needs, instr(p, "prepare").waits) = (ids(&[8]), ids(&[9])),
        "`prepare`: it needs nothing of the block `window.first`, in which it stands",
    );
    breaks(
        |p| (instr(p, "shut_down").needs, instr(p, "shut_down").waits) = (Vec::new(), ids(&[2])),
        "`shut_down`: it needs nothing of the block `isolate`, in which it stands",
    );
    breaks(
        |p| instr(p, "window.first.exit").name = "window.only.exit".into(),
        "`window.only.exit`: it stands in the block `window.first`, but does not belong to it by its name",
    );
    breaks(
        |p| instr(p, "assumed").needs = ids(&[14]),
        "`window.first.exit`: it closes the block `window.first`, but does not follow `serving`",
    );
    breaks(|p| instr(p, "failover").needs.clear(), "`answers(ec1)`: nothing follows it");
    breaks(
        |p| p.code[0].op = crate::bytecode::sample::run("true"),
        // An atom without a probe is a finding of a later stage.
        "`answers(ec1)`: it stands outside of the plan",
    );
    breaks(
        |p| {
            instr(p, "failover").name = "window.first.exit2".into();
            instr(p, "window.exit").op = Op::Assume { why: String::new() };
        },
        "the block `window.first.exit2` is not closed",
    );
}

#[test]
fn of_captured_values() {
    breaks(
        |p| {
            let capture = command(p, "restore").captures[0].clone();
            command(p, "prepare").captures.push(capture);
        },
        "`prepare`: it captures value 0, which is not for it to capture",
    );
    breaks(|p| command(p, "restore").captures.clear(), "the value `lsn` is not captured once");
    let uses = Template(vec![Piece::Value(ValueId(0))]);
    breaks(|p| command(p, "prepare").script = uses.clone(), "`prepare`: it uses `lsn`, which is not captured before");
    breaks(|p| instr(p, "report").guard = GuardId(7), "`report`: it uses `lsn`, but runs also if that is not captured");
}

#[test]
fn of_conditions() {
    breaks(
        |p| instr(p, "prepare").guard = GuardId(10),
        "`prepare`: its condition asks about `restore`, which is not ordered before it",
    );
    breaks(
        |p| instr(p, "restore").guard = GuardId(10),
        "`restore`: its condition asks about `restore`, which is not ordered before it",
    );
    let asks = |name| format!("`{name}`: its condition asks about `choose`, which is not answered before it");
    breaks(|p| instr(p, "restore").guard = GuardId(6), &asks("restore"));
    breaks(|p| instr(p, "choose").guard = GuardId(5), &asks("choose"));
    let cases = vec![(GuardId(5), String::new())];
    let picked = ValueSource::Picked { cases, otherwise: String::new() };
    breaks(|p| p.values[1].source = picked, &asks("restore"));
}

#[test]
fn of_conflicts() {
    // `settle` and `serving` side by side.
    let apart = |p: &mut Program| {
        instr(p, "serving").needs = ids(&[13]);
        instr(p, "assumed").needs = ids(&[14, 15]);
    };
    let conflict = "`serving`: it touches `info_folder on ec2`, and so does `settle`, but nothing says which is first";
    breaks(
        |p| {
            apart(p);
            instr(p, "settle").effects.push(effect(3, Change::Set(0)));
            instr(p, "serving").requires.push(Requirement { cell: CellId(3), allowed: 1 });
        },
        conflict,
    );
    breaks(
        |p| {
            apart(p);
            instr(p, "settle").effects.push(effect(3, Change::Set(0)));
            instr(p, "serving").effects.push(effect(3, Change::Set(1)));
        },
        conflict,
    );
    let mut program = sample();
    apart(&mut program);
    for name in ["settle", "serving"] {
        instr(&mut program, name).effects.push(effect(3, Change::Set(1)));
    }
    verify(program).unwrap();
}

#[test]
fn of_answers_and_conflicts_with_fences_and_probes() {
    let answers_twice = |p: &mut Program| {
        let question = instr(p, "choose").op.clone();
        instr(p, "settle").op = question;
        instr(p, "settle").guard = GuardId::ALWAYS;
    };
    breaks(answers_twice, "`settle`: it answers `choose`, which is answered before");
    breaks(
        |p| {
            instr(p, "report").needs = ids(&[11]);
            instr(p, "settle").needs = ids(&[12, 13]);
        },
        "`report`: its condition asks about `choose`, which is not answered before it",
    );
    // A fence touches what commands on its victim may still change.
    breaks(
        |p| {
            instr(p, "shut_down").effects.push(effect(3, Change::Set(0)));
            instr(p, "settle").needs = ids(&[13]);
            instr(p, "serving").needs = ids(&[13]);
            instr(p, "assumed").needs = ids(&[14, 15]);
            instr(p, "settle").requires.push(Requirement { cell: CellId(3), allowed: 1 });
            instr(p, "serving").fences.push(MachineId(0));
            instr(p, "serving").effects = vec![effect(0, Change::Set(1)), effect(1, Change::Move { from: 1, to: 0 })];
        },
        "`serving`: it touches `info_folder on ec2`, and so does `settle`, but nothing says which is first",
    );
    // The yes of a probe says something about the moment it is read.
    breaks(
        |p| {
            p.atoms[2] = p.atoms[0].clone();
            p.atoms[2].yes_means = vec![Requirement { cell: CellId(3), allowed: 1 }];
            p.guards[5] = Guard::Never;
            let script = crate::bytecode::sample::command("true");
            instr(p, "choose").op = Op::Probe { atom: AtomId(2), command: script };
            instr(p, "report").needs = ids(&[11]);
            instr(p, "settle").needs = ids(&[12, 13]);
            instr(p, "report").effects.push(effect(3, Change::Set(1)));
        },
        "`report`: it touches `info_folder on ec2`, and so does `choose`, but nothing says which is first",
    );
}
