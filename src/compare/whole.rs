//! What has changed in the plan as a whole: what it promises and takes for given, the estate that it is about, what it
//! leaves.

use super::change::{Change, Kind};
use super::parts::required;
use super::{Side, Sides};
use crate::base::duration;
use crate::bytecode::Program;
use crate::calculus::{Atom, AtomSource, Machine, MachineId, Reach, SecretSource, ValueSource};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn changes(sides: &Sides<'_>) -> Vec<Change> {
    let mut found = Vec::new();
    promise(sides, &mut found);
    for topic in TOPICS {
        topic.compare(sides, &mut found);
    }
    found.extend(super::things::changes(sides));
    found
}

/// A list of the plan: what is said of each name.
struct Topic {
    list: fn(&Side<'_>) -> BTreeMap<String, String>,
    lost: (Kind, &'static str),
    gained: (Kind, &'static str),
    changed: (Kind, &'static str),
}

/// Not told: steps tell it, or it cannot be.
const QUIET: (Kind, &str) = (Kind::Wording, "");

/// `{}` stands for the name.
const TOPICS: &[Topic] = &[
    Topic {
        list: |side| named(side, |p, s| p.goal.iter().map(|r| (required(s, r), String::new())).collect()),
        lost: (Kind::ProofLost, "`{}` is no goal any more"),
        gained: (Kind::Safer, "`{}` is a goal now"),
        changed: QUIET,
    },
    Topic {
        list: |side| named(side, |p, _| p.locks.iter().map(|name| (name.clone(), String::new())).collect()),
        lost: (Kind::LockDropped, "`{}` is not locked any more: another run may touch it meanwhile"),
        gained: (Kind::Safer, "`{}` is locked"),
        changed: QUIET,
    },
    Topic {
        list: |side| named(side, |p, s| p.accepted.iter().map(|(c, why)| (s.names.cell(*c), why.clone())).collect()),
        lost: (Kind::Safer, "the loss of `{}` is not accepted any more"),
        gained: (Kind::LossAccepted, "the loss of `{}` is accepted"),
        changed: (Kind::LossAccepted, "the loss of `{}` is accepted for another reason"),
    },
    Topic {
        list: |side| {
            named(side, |p, s| {
                p.holds
                    .iter()
                    .map(|hold| {
                        let machine = hold.machine.map(|m| s.names.machine(m));
                        let about: Vec<String> = machine.into_iter().chain(hold.things.iter().cloned()).collect();
                        (hold.text.clone(), about.join(", "))
                    })
                    .collect()
            })
        },
        lost: (Kind::HoldDropped, "nobody is told any more to keep: {}"),
        gained: (Kind::Safer, "it hands on what is to be kept: {}"),
        changed: (Kind::HoldDropped, "what is to be kept is about something else: {}"),
    },
    Topic {
        list: |side| named(side, |p, _| p.ends.iter().map(|name| (name.clone(), String::new())).collect()),
        lost: (Kind::Safer, "what earlier plans have left to be kept of `{}` does not end with it any more"),
        gained: (Kind::HoldDropped, "what earlier plans have left to be kept of `{}` ends with it"),
        changed: QUIET,
    },
    Topic {
        list: |side| side.program.arguments.iter().cloned().collect(),
        lost: (Kind::Question, "the parameter `{}` is gone"),
        gained: (Kind::Question, "`{}` is a parameter now"),
        changed: (Kind::Question, "the argument `{}` is another"),
    },
    Topic {
        list: machines,
        lost: QUIET,
        gained: QUIET,
        changed: (Kind::Estate, "the node `{}` is reached otherwise, or elsewhere"),
    },
    Topic {
        list: |side| {
            named(side, |p, _| {
                p.secrets
                    .iter()
                    .map(|secret| {
                        let source = match &secret.source {
                            SecretSource::Env(name) => format!("the variable {name}"),
                            SecretSource::File(path) => format!("the file {path}"),
                        };
                        (secret.name.clone(), source)
                    })
                    .collect()
            })
        },
        lost: QUIET,
        gained: (Kind::Estate, "the secret `{}` is needed"),
        changed: (Kind::Estate, "the secret `{}` is found elsewhere"),
    },
    Topic {
        list: atoms,
        lost: (Kind::Question, "`{}` is not asked any more"),
        gained: (Kind::Question, "`{}` is asked"),
        changed: (Kind::Question, "`{}` is asked otherwise"),
    },
    Topic {
        list: proves,
        lost: (Kind::Safer, "a yes to `{}` is not believed to prove anything any more"),
        gained: (Kind::TakenForGranted, "a yes to `{}` is believed to prove something"),
        changed: (Kind::TakenForGranted, "a yes to `{}` is believed to prove something else"),
    },
    Topic {
        list: exclusive,
        lost: (Kind::ProofLost, "nothing is proved any more about `{}` being held once only"),
        gained: (Kind::Safer, "`{}` is proved to be held once only"),
        changed: QUIET,
    },
    Topic {
        list: values,
        lost: QUIET,
        gained: QUIET,
        changed: (Kind::Command, "the value `{}` comes from something else"),
    },
    Topic {
        list: |side| BTreeMap::from([(String::new(), side.program.title.clone())]),
        lost: QUIET,
        gained: QUIET,
        changed: (Kind::Wording, "the plan has another heading"),
    },
    Topic {
        list: |side| BTreeMap::from([(String::new(), side.program.plan.clone())]),
        lost: QUIET,
        gained: QUIET,
        changed: (Kind::Wording, "the plan has another name"),
    },
];

impl Topic {
    fn compare(&self, sides: &Sides<'_>, found: &mut Vec<Change>) {
        let (old, new) = ((self.list)(&sides.old), (self.list)(&sides.new));
        let some = |text: Option<&String>| text.filter(|text| !text.is_empty()).cloned();
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let (was, is) = (old.get(name), new.get(name));
            let (kind, text) = match (was, is) {
                (Some(was), Some(is)) if was == is => continue,
                (Some(_), Some(_)) => self.changed,
                (Some(_), None) => self.lost,
                (None, _) => self.gained,
            };
            if !text.is_empty() {
                let change = Change::new(kind, text.replace("{}", name));
                found.push(change.maybe_before(some(was)).maybe_after(some(is)));
            }
        }
    }
}

/// A list of which several entries may have one name: what is said of them stands together.
fn named(side: &Side<'_>, list: fn(&Program, &Side<'_>) -> Vec<(String, String)>) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in list(side.program, side) {
        all.entry(name).or_default().push(text);
    }
    all.into_iter()
        .map(|(name, mut texts)| {
            texts.sort();
            texts.dedup();
            (name, texts.join("; "))
        })
        .collect()
}

fn promise(sides: &Sides<'_>, found: &mut Vec<Change>) {
    let (was, is) = (sides.old.program.rto_ms, sides.new.program.rto_ms);
    let change = match (was, is) {
        (Some(was), Some(is)) if is > was => Change::new(Kind::PromiseWeakened, "more time is promised"),
        (Some(was), Some(is)) if is < was => Change::new(Kind::Safer, "less time is promised"),
        (Some(_), None) => Change::new(Kind::PromiseWeakened, "no time is promised any more"),
        (None, Some(_)) => Change::new(Kind::Safer, "a time is promised"),
        _ => return,
    };
    found.push(change.maybe_before(was.map(duration)).maybe_after(is.map(duration)));
}

/// The nodes that something is done on, or to.
fn machines(side: &Side<'_>) -> BTreeMap<String, String> {
    let hosts = side.program.code.iter().flat_map(|i| i.host.into_iter().chain(i.fences.iter().copied()));
    let used: BTreeSet<MachineId> = hosts.collect();
    let told = |machine: &Machine| {
        let reach = match &machine.reach {
            Reach::Local => String::from("here"),
            Reach::Exec { prefix } => format!("through `{}`", prefix.join(" ")),
            Reach::Ssh { host, user } if user.is_empty() => format!("ssh {host}"),
            Reach::Ssh { host, user } => format!("ssh {user}@{host}"),
        };
        let site = machine.site.as_ref().map_or_else(String::new, |site| format!(", at {site}"));
        (machine.name.clone(), format!("{reach}{site}"))
    };
    used.into_iter().filter_map(|m| side.program.machines.get(m.index())).map(told).collect()
}

fn atoms(side: &Side<'_>) -> BTreeMap<String, String> {
    let told = |atom: &Atom| {
        let by = match atom.source {
            AtomSource::Decision => "whoever starts the run decides",
            AtomSource::Probe => "read",
            AtomSource::Answer => "asked",
        };
        (atom.name.clone(), format!("{} ({}; {by})", atom.question, atom.options.join(" or ")))
    };
    side.program.atoms.iter().map(told).collect()
}

/// What the yes of a probe proves.
fn proves(side: &Side<'_>) -> BTreeMap<String, String> {
    let facts = |atom: &Atom| {
        let mut facts: Vec<String> = atom.yes_means.iter().map(|r| required(side, r)).collect();
        facts.sort();
        (atom.name.clone(), facts.join(", "))
    };
    side.program.atoms.iter().filter(|a| !a.yes_means.is_empty()).map(facts).collect()
}

/// The things that the plan takes somewhere, of which it is proved that nobody else has them.
fn exclusive(side: &Side<'_>) -> BTreeMap<String, String> {
    let effects = side.program.code.iter().flat_map(|instr| &instr.effects);
    effects.filter(|e| e.exclusive).map(|e| (side.names.cell(e.cell), String::new())).collect()
}

fn values(side: &Side<'_>) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for value in &side.program.values {
        let text = match &value.source {
            // By whom is said by the step that keeps it.
            ValueSource::Captured { .. } => String::from("kept of an output"),
            ValueSource::Picked { cases, otherwise } => {
                let case = |(guard, text): &(_, String)| format!("{text:?} if {}", side.names.guard(*guard));
                let cases: Vec<String> = cases.iter().map(case).collect();
                format!("{}, else {otherwise:?}", cases.join(", "))
            }
        };
        all.entry(value.name.clone()).or_default().push(text);
    }
    all.into_iter().map(|(name, texts)| (name, texts.join("; "))).collect()
}
