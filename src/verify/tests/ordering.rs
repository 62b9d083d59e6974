//! Answers about order, held against brute force on small random graphs.

use crate::bytecode::sample::Builder;
use crate::bytecode::{InstrId, Op, Program};
use crate::calculus::{CellId, CellKind, Change, Effect, MachineId, Reach as Way, Requirement};
use crate::verify::conflicts;
use crate::verify::finding::Findings;
use crate::verify::reach::Reach;
use proptest::collection::vec;
use proptest::{prop_assert_eq, proptest};

/// What an instruction of a random graph does, drawn as numbers.
type Drawn = (u16, u16, u8, u8);

/// Instructions that follow earlier ones by the bits of two masks, and touch one of three cells.
fn program(drawn: &[Drawn]) -> Program {
    let mut b = Builder::new("random");
    b.machine("m", Way::Local);
    for name in ["a", "b", "c"] {
        b.cell(name, &["zero", "one", "two"], CellKind::State);
    }
    for (i, &(needs, waits, what, cell)) in drawn.iter().enumerate() {
        let instr = b.instr(&format!("i{i}"), crate::bytecode::sample::run("true"), &[]);
        // The nearest sixteen, so that longer graphs are sparse.
        let near =
            |mask: u16| (0..16usize).filter(move |k| mask & 1 << k != 0).filter_map(move |k| i.checked_sub(k + 1));
        instr.needs = near(needs).map(InstrId::at).collect();
        instr.waits = near(waits & !needs).map(InstrId::at).collect();
        instr.needs.reverse();
        instr.waits.reverse();
        let cell = CellId(u32::from(cell % 3));
        let effect = |change| Effect { cell, change, exclusive: false };
        match what % 8 {
            0 | 1 => instr.requires.push(Requirement { cell, allowed: 1 }),
            2 | 3 => instr.effects.push(effect(Change::Set(what / 8 % 2))),
            4 => instr.effects.push(effect(Change::Move { from: 0, to: 1 })),
            5 => {
                instr.effects.push(effect(Change::Set(2)));
                instr.flags.lingers = true;
                instr.host = Some(MachineId(0));
            }
            6 if what >= 192 => instr.fences.push(MachineId(0)),
            _ => {}
        }
    }
    b.0
}

/// `before[b][a]`: a path leads from `a` to `b`.
fn closure(p: &Program) -> Vec<Vec<bool>> {
    let mut before: Vec<Vec<bool>> = Vec::new();
    for instr in &p.code {
        let mut row = vec![false; p.code.len()];
        for t in instr.needs.iter().chain(&instr.waits) {
            row[t.index()] = true;
            for (slot, &theirs) in row.iter_mut().zip(&before[t.index()]) {
                *slot |= theirs;
            }
        }
        before.push(row);
    }
    before
}

/// How an instruction touches a cell: `None`, or the value that it sets whatever it was, or anything else.
fn touches(p: &Program, i: usize, cell: CellId) -> Option<(bool, Option<u8>)> {
    let instr = &p.code[i];
    let reads = instr.requires.iter().any(|r| r.cell == cell);
    let lingering = |m: &MachineId| {
        p.code.iter().any(|l| l.flags.lingers && l.host == Some(*m) && l.effects.iter().any(|e| e.cell == cell))
    };
    let fences = instr.fences.iter().any(lingering);
    let change = instr.effects.iter().find(|e| e.cell == cell).map(|e| e.change);
    match change {
        Some(Change::Set(v)) if !reads && !fences => Some((true, Some(v))),
        Some(_) => Some((true, None)),
        None if fences => Some((true, None)),
        None => reads.then_some((false, None)),
    }
}

fn conflicting(p: &Program, cell: CellId, a: usize, b: usize) -> bool {
    match (touches(p, a, cell), touches(p, b, cell)) {
        (Some((wa, va)), Some((wb, vb))) => (wa || wb) && (va.is_none() || va != vb),
        _ => false,
    }
}

fn check_order(p: &Program) {
    let (before, reach) = (closure(p), Reach::of(&p.code));
    for (b, row) in before.iter().enumerate() {
        for (a, &expected) in row.iter().enumerate() {
            assert_eq!(reach.ordered(InstrId::at(a), InstrId::at(b)), expected, "{a} before {b}");
        }
    }
    assert!(!reach.gave_up());
}

proptest! {
    #[test]
    fn ordered_means_that_a_path_leads_there(drawn in vec(proptest::arbitrary::any::<Drawn>(), 0..14)) {
        check_order(&program(&drawn));
    }

    #[test]
    fn also_where_paths_are_few(drawn in vec(proptest::arbitrary::any::<[Drawn; 3]>(), 0..40)) {
        // A bit is set in one of eight.
        let sparse = |d: &[Drawn; 3]| (d[0].0 & d[1].0 & d[2].0, d[0].1 & d[1].1 & d[2].1, d[0].2, d[0].3);
        check_order(&program(&drawn.iter().map(sparse).collect::<Vec<_>>()));
    }

    #[test]
    fn any_program_has_a_verdict(p in crate::bytecode::random::program()) {
        _ = crate::verify::verify(p);
    }

    #[test]
    fn a_conflict_is_found_if_and_only_if_there_is_one(drawn in vec(proptest::arbitrary::any::<Drawn>(), 0..10)) {
        let p = program(&drawn);
        let before = closure(&p);
        let pairs = (0..p.code.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
        let open = pairs.filter(|&(a, b)| !before[b][a]);
        let expected: Vec<bool> = open.flat_map(|(a, b)| (0..3).map(move |c| (a, b, CellId(c)))).map(|(a, b, c)| conflicting(&p, c, a, b)).collect();
        let found = Findings::default().stage(|found| conflicts::check(&p, &Reach::of(&p.code), found));
        prop_assert_eq!(found.is_err(), expected.contains(&true));
    }
}

/// Side by side, `width` chains of `length` steps, each linked to its neighbour now and then.
fn lattice(width: u32, length: u32) -> Program {
    let mut b = Builder::new("lattice");
    for n in 0..width * length {
        let above = n.checked_sub(width);
        let beside = above.filter(|a| n % 7 == 0 && a % width > 0).map(|a| a - 1);
        let needs: Vec<u32> = beside.into_iter().chain(above).collect();
        b.instr(&format!("i{n}"), Op::Exit, &needs);
    }
    b.0
}

#[test]
fn chains_side_by_side_are_in_no_order() {
    let p = lattice(5, 60);
    check_order(&p);
    let reach = Reach::of(&p.code);
    assert!(reach.ordered(InstrId(0), InstrId(295)), "along a chain");
    assert!(!reach.ordered(InstrId(4), InstrId(295)), "links lead to the right only");
}

#[test]
fn walks_end_in_a_finding_once_they_are_too_long() {
    let mut p = lattice(5, 60);
    p.cells = program(&[]).cells;
    for i in [0, 299] {
        p.code[i].effects.push(Effect { cell: CellId(0), change: Change::Set(i as u8 & 1), exclusive: false });
    }
    let check = |steps| {
        let reach = Reach::within(&p.code, steps);
        let found = Findings::default().stage(|found| conflicts::check(&p, &reach, found));
        found.map_err(|all| all[0].message.clone())
    };
    assert_eq!(check(10_000), Ok(()));
    assert_eq!(check(100), Err("the order of the program is too intricate to be checked".into()));
}

#[test]
fn touching_cells_too_often_is_noticed_before_memory_is_full() {
    let mut p = program(&[(0, 0, 5, 0), (1, 0, 5, 1), (1, 0, 5, 2), (1, 0, 7, 0)]);
    p.code[3].fences = vec![MachineId(0); 1000];
    assert!(conflicts::accesses(&p, 3003).is_some());
    assert!(conflicts::accesses(&p, 3002).is_none());
}
