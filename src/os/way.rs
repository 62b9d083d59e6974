//! The words that run a script on a machine.

use crate::base::limits;
use crate::calculus::Reach;
use crate::run::Launch;
use crate::run::quote;

const GATE: &str = "IFS= read -r handover_go || exit 125";

/// The words of a launch.
pub(super) fn words(launch: &Launch, reach: &Reach) -> Result<Vec<String>, String> {
    let silence = if launch.lines.is_empty() { "exec </dev/null" } else { "" };
    let gate = if launch.gated { [GATE, silence] } else { ["", ""] };
    let gate: Vec<&str> = gate.into_iter().filter(|l| !l.is_empty()).collect();
    let strings = |texts: &[&str]| texts.iter().map(|t| String::from(*t)).collect::<Vec<_>>();
    let mut shell = Vec::new();
    if let Some(ms) = launch.limit_ms.filter(|_| *reach != Reach::Local) {
        let [grace, limit] = [limits::KILL_GRACE_MS, ms].map(|ms| ms.div_ceil(1000).to_string());
        shell = strings(&["timeout", "-k", &grace, &limit]);
    }
    shell.extend(strings(&["sh", "-c", &launch.script]));
    let mut words = match reach {
        Reach::Local => {
            let text: Vec<&str> = gate.iter().copied().chain([launch.script.as_str()]).collect();
            return Ok(strings(&["sh", "-c", &text.join("\n")]));
        }
        Reach::Exec { prefix } => prefix.iter().cloned().chain(shell).collect(),
        Reach::Ssh { host, user } => {
            let mut way = strings(&["ssh", "-o", "BatchMode=yes"]);
            if !user.is_empty() {
                way.extend(strings(&["-l", user]));
            }
            way.extend(strings(&["--", host]));
            way.push(shell.iter().map(|w| quote(w)).collect::<Result<Vec<_>, _>>()?.join(" "));
            way
        }
    };
    if launch.gated {
        let gate = [gate.join("; "), String::from("exec \"$@\"")].join("; ");
        let mut gated = strings(&["sh", "-c", &gate, "handover"]);
        gated.append(&mut words);
        words = gated;
    }
    Ok(words)
}
