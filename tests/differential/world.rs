//! A world that records what runs in it and lets each call of a step end as it was told.

use crate::plans::Dice;
use crate::runs::word_of;
use handover::bytecode::{Instr, Op, Program};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The stand-in for every command: `act WORD ARGUMENT…` notes that it ran, with what it was given, writes a line and ends
/// with the next exit code of its word. The last one repeats.
const ACT: &str = r#"#!/bin/sh
word=$1
n=0
[ ! -f "count.$word" ] || read -r n <"count.$word"
n=$((n + 1))
echo "$n" >"count.$word"
code=0 line=
i=0
if [ -f "says.$word" ]; then
  while [ "$i" -lt "$n" ] && read -r code line; do i=$((i + 1)); done <"says.$word"
fi
echo "start $* ${NODE-} ${NOTE-} ${PASSWORD-}" >>log
[ -z "$line" ] || echo "$line"
[ "$code" != hang ] || exec sleep 30
if [ "$code" = interrupt ]; then
  until [ -s whom ]; do sleep 0.01; done
  read -r whom <whom
  kill -INT "$whom"
  sleep 0.5
  code=0
fi
echo "end $word" >>log
exit "$code"
"#;

/// What each call of each word comes to: exit code (or `hang`, or `interrupt` for an operator's Ctrl-C meanwhile) and a
/// line of output.
#[derive(Clone, Debug, Default)]
pub struct World(BTreeMap<String, Vec<(String, &'static str)>>);

impl World {
    /// A random world for a program; if it is `interrupted`, one call is.
    pub fn random(program: &Program, dice: &mut Dice, interrupted: bool) -> World {
        let mut world = World::default();
        for instr in program.code.iter().filter(|i| i.op.command().is_some()) {
            // The word is what the script calls, as `retry from` makes copies of names but not of scripts.
            for template in instr.op.templates() {
                let script = template.render(|_| String::new());
                let Some(word) = script.strip_prefix("./act ") else { continue };
                let hangs = match &instr.op {
                    // Where nothing ends it, a command that hangs is only waited for.
                    op if op.command().is_none_or(|c| c.within_ms.is_none()) => 0,
                    // What may go on after its limit, and can be read back, has most to tell.
                    Op::Run { command, verify: Some(_), .. } if !command.kill => 12,
                    Op::Run { .. } => 4,
                    _ => 1,
                };
                let calls = (0..1 + dice.roll(4)).map(|_| call(dice, hangs)).collect();
                world.0.insert(word.trim().to_owned(), calls);
            }
        }
        let acting = |i: &&Instr| matches!(i.op, Op::Run { .. });
        let words: Vec<String> = program.code.iter().filter(acting).filter_map(word_of).collect();
        if interrupted && !words.is_empty() {
            let call = world.0.get_mut(dice.pick(&words)).unwrap();
            call[0].0 = String::from("interrupt");
        }
        world
    }

    /// Puts it into a folder.
    pub fn build(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        let act = folder.join("act");
        fs::write(&act, ACT).unwrap();
        fs::set_permissions(&act, fs::Permissions::from_mode(0o755)).unwrap();
        for (word, calls) in &self.0 {
            let lines: String = calls.iter().map(|(code, line)| format!("{code} {line}\n")).collect();
            fs::write(folder.join(format!("says.{word}")), lines).unwrap();
        }
    }
}

fn call(dice: &mut Dice, hangs: u64) -> (String, &'static str) {
    let code = match dice.roll(100) {
        n if n < hangs => String::from("hang"),
        n if n < 22 => (1 + dice.roll(3)).to_string(),
        _ => String::from("0"),
    };
    let lines = ["", "v=ab/7 ok", "v=it's ok", "err 5", "v= $x `y` \"z\" ok", "v=cd"];
    (code, *dice.pick(&lines[..]))
}

/// What was noted in a folder.
pub struct Log {
    /// The calls with their arguments, sorted.
    pub calls: Vec<String>,
    /// For each word, the line of its first beginning and that of its last end.
    pub spans: BTreeMap<String, (usize, Option<usize>)>,
}

impl Log {
    pub fn read(folder: &Path) -> Log {
        let path: PathBuf = folder.join("log");
        let text = fs::read_to_string(path).unwrap_or_default();
        let mut log = Log { calls: Vec::new(), spans: BTreeMap::new() };
        for (at, line) in text.lines().enumerate() {
            let mut words = line.split(' ');
            let (kind, word) = (words.next().unwrap(), words.next().unwrap().trim_end_matches(".verify"));
            let span = log.spans.entry(word.to_owned()).or_insert((at, None));
            if kind == "end" {
                span.1 = Some(at);
            } else {
                log.calls.push(line.to_owned());
            }
        }
        log.calls.sort();
        log
    }
}
