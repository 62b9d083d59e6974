//! What a plan needs of its nodes, and whether they have it: known before the first step, all at once.

use super::facts::Facts;
use super::nodes::Nodes;
use crate::bytecode::{Op, Program};
use crate::calculus::{MachineId, Reach, binaries};
use std::collections::{BTreeMap, BTreeSet};

/// What a plan needs of a node.
#[derive(Clone, Debug)]
pub(in crate::os) struct Needs {
    pub name: String,
    pub reach: Reach,
    /// Commands that its scripts run, by name.
    pub commands: Vec<String>,
    /// The plan says that it is up when the run starts.
    pub is_up: bool,
}

/// What runner and agent use themselves.
const OWN: &[&str] = &["setsid", "mkdir", "cat", "grep", "sleep", "rm", "rmdir", "id", "date", "df"];
/// Seconds by which clocks may differ without a word.
const SKEW: i64 = 5;
/// KiB that notes may need: those of a command take two blocks.
const SPACE: u64 = 1024;

impl Needs {
    /// What a program needs of the machines that are not this one, if it runs anything there.
    pub fn of(program: &Program) -> BTreeMap<MachineId, Needs> {
        let mut needs = BTreeMap::new();
        for instr in &program.code {
            let Some((id, command)) = instr.host.zip(instr.op.command()) else { continue };
            let Some(machine) = program.machines.get(id.index()).filter(|m| m.reach != Reach::Local) else { continue };
            let verify = if let Op::Run { verify, .. } = &instr.op { verify.as_ref() } else { None };
            let scripts = std::iter::once(&command.script).chain(verify);
            // A path may lead to what an earlier step brings.
            let found = scripts.flat_map(binaries).filter(|name| !name.contains('/'));
            let (_, commands) = needs.entry(id).or_insert_with(|| (machine, BTreeSet::new()));
            commands.extend(found);
        }
        let is_up = |power: Option<_>| {
            let cell = power.and_then(|cell: crate::calculus::CellId| program.cells.get(cell.index()));
            cell.is_none_or(|cell| cell.initial == 1)
        };
        let made = needs.into_iter().map(|(id, (machine, commands))| {
            let commands = OWN.iter().map(|c| String::from(*c)).chain(commands).collect();
            let (name, reach) = (machine.name.clone(), machine.reach.clone());
            (id, Needs { name, reach, commands, is_up: is_up(machine.power) })
        });
        made.collect()
    }

    /// What is remarkable about a node.
    pub fn remarks(&self, facts: &Facts) -> String {
        let skew = facts.clock.map_or(0, |clock| clock.saturating_sub(facts.heard_at));
        let clock = match skew {
            s if s > SKEW => Some(format!("its clock is {s} s ahead")),
            s if s < -SKEW => Some(format!("its clock is {} s behind", -s)),
            _ => None,
        };
        let user = (!facts.user.is_empty()).then(|| format!("as {}", facts.user));
        user.into_iter().chain(clock).chain(self.complaints(facts)).collect::<Vec<_>>().join("; ")
    }

    /// What is wrong with it.
    fn complaints(&self, facts: &Facts) -> Vec<String> {
        let mut found = Vec::new();
        if let Reach::Ssh { user, .. } = &self.reach
            && !user.is_empty()
            && *user != facts.user
        {
            found.push(format!("commands run as `{}`, not as `{user}`", facts.user));
        }
        match facts.missing.as_slice() {
            [] => {}
            names => found
                .push(format!("it has no {}", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))),
        }
        found.extend(facts.unwritable.as_ref().map(|why| format!("there is no place for notes: {why}")));
        if let Some(free) = facts.space_kb.filter(|free| *free < SPACE) {
            found.push(format!("{free} KiB are free for notes"));
        }
        found
    }
}

/// What is wrong with the nodes that have to be up, a line for each.
pub(in crate::os) fn check(nodes: &Nodes, needs: &BTreeMap<MachineId, Needs>) -> Vec<String> {
    let wrong = |(id, needs): (&MachineId, &Needs)| {
        let link = nodes.link(*id)?;
        let complaints = match (&link.facts.base, &link.refusal) {
            (Some(_), _) => needs.complaints(&link.facts),
            (None, Some(why)) => vec![format!("it cannot be reached: {why}")],
            (None, None) => vec![String::from("it has not answered")],
        };
        (!complaints.is_empty()).then(|| format!("`{}`: {}", needs.name, complaints.join("; ")))
    };
    needs.iter().filter(|(_, n)| n.is_up).filter_map(wrong).collect()
}

#[cfg(test)]
mod tests {
    use super::{Facts, Needs};
    use crate::bytecode::sample::command;
    use crate::calculus::{CellKind, MachineId, Reach};
    use crate::run::sample::{Plan, act};

    #[test]
    fn what_is_needed_is_what_scripts_name() {
        let mut plan = Plan::new("p");
        let power = plan.0.cell("far", &["up", "down"], CellKind::State);
        plan.0.machine("far", Reach::Ssh { host: "far".into(), user: "ops".into() });
        plan.0.0.machines[1].power = Some(power);
        plan.0.machine("idle", Reach::Ssh { host: "idle".into(), user: String::new() });
        plan.step("one", act(command("rsync a b && /opt/x/start")), &[0]).host = Some(MachineId(1));
        plan.step("two", act(command("lvs | grep x; local-only")), &[0]).host = Some(MachineId(0));
        let needs = Needs::of(&plan.program());
        assert_eq!(needs.keys().collect::<Vec<_>>(), [&MachineId(1)]);
        let far = &needs[&MachineId(1)];
        assert!(far.commands.ends_with(&["df".into(), "rsync".into()]), "{:?}", far.commands);
        assert!(!far.is_up, "it may be down");
    }

    #[test]
    fn what_is_wrong_is_said_all_at_once() {
        let reach = Reach::Ssh { host: "far".into(), user: "ops".into() };
        let needs = Needs { name: "far".into(), reach, commands: vec![], is_up: true };
        let good =
            Facts { user: "ops".into(), clock: Some(1003), heard_at: 1000, space_kb: Some(9999), ..Facts::default() };
        assert_eq!(needs.remarks(&good), "as ops");
        let bad = Facts {
            user: "root".into(),
            clock: Some(900),
            missing: vec!["rsync".into(), "setsid".into()],
            space_kb: Some(3),
            unwritable: Some("it is read-only".into()),
            ..good
        };
        assert_eq!(
            needs.remarks(&bad),
            "as root; its clock is 100 s behind; commands run as `root`, not as `ops`; it has no `rsync`, `setsid`; there \
             is no place for notes: it is read-only; 3 KiB are free for notes"
        );
    }
}
