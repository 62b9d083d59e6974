//! Spans of time in words.

/// Milliseconds as people say them: `1h 30m`, `2.5s`, `0s`.
pub fn duration(ms: u64) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms % 60_000);
    let fraction = match seconds % 1000 {
        0 => String::new(),
        ms => format!(".{ms:03}").trim_end_matches('0').to_owned(),
    };
    let parts = [(hours, "h", ""), (minutes, "m", ""), (seconds / 1000, "s", fraction.as_str())];
    let shown = parts.iter().filter(|(n, _, fraction)| *n > 0 || !fraction.is_empty());
    let text: Vec<String> = shown.map(|(n, unit, fraction)| format!("{n}{fraction}{unit}")).collect();
    if text.is_empty() { String::from("0s") } else { text.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn only_what_counts_is_said() {
        for (ms, said) in [(0, "0s"), (250, "0.25s"), (90_000, "1m 30s"), (3_600_000, "1h"), (3_601_500, "1h 1.5s")] {
            assert_eq!(duration(ms), said);
        }
    }
}
