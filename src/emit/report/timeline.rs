//! The steps of a run in time, as a drawing: where each bar lies. And which steps the end depended on.

use crate::bytecode::{InstrId, Program};
use crate::emit::report::model::{Bar, Mark, Step, Timeline};
use crate::run::Chronicle;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Width of the drawing; a page scales it.
const WIDTH: u32 = 960;
/// Where the bars begin: room for names.
const LEFT: u32 = 250;
/// Height of a row.
const ROW: u32 = 22;
/// Room above the first row.
const TOP: u32 = 8;
/// The longest name that has room.
const NAME: usize = 34;
/// Most steps between two times below the drawing.
const TICKS: u64 = 6;

/// The drawing of the steps that did something; `steps` are those of the report with their instructions.
pub(super) fn timeline(
    steps: &[(InstrId, Step)],
    chronicle: &Chronicle,
    end: Timestamp,
    promised_ms: Option<u64>,
) -> Timeline {
    let Some(began) = chronicle.began else { return Timeline::default() };
    let total = ms(began, end).max(1);
    let at = |time: u64| LEFT + u32::try_from(time.min(total) * u64::from(WIDTH - LEFT - 12) / total).unwrap_or(0);
    let mut drawing = Timeline { width: WIDTH, left: LEFT, ..Timeline::default() };
    let mut y = TOP;
    for (id, step) in steps {
        let Some(tale) = chronicle.steps.get(id).filter(|t| !t.attempts.is_empty()) else { continue };
        let name =
            if step.place == "operator" { step.name.clone() } else { format!("{} on {}", step.name, step.place) };
        let short: String = match name.chars().count() > NAME {
            true => name.chars().take(NAME - 1).chain(['…']).collect(),
            false => name.clone(),
        };
        drawing.rows.push(Mark { x: LEFT - 10, y: y + ROW / 2 + 4, text: short });
        for attempt in &tale.attempts {
            let from = ms(began, attempt.began);
            let to = attempt.ended.as_ref().map_or(total, |(time, _)| ms(began, *time));
            let again = attempt.ended.as_ref().is_some_and(|(_, e)| e.again);
            drawing.bars.push(Bar {
                x: at(from),
                y: y + 4,
                width: at(to).saturating_sub(at(from)).max(2),
                tone: if again { "warn" } else { step.tone },
                critical: step.critical,
                text: format!("{name}: {} ({})", step.status, crate::base::duration(to.saturating_sub(from))),
            });
        }
        y += ROW;
    }
    (drawing.bottom, drawing.height) = (y, y + 26);
    let pace = pace(total);
    drawing.ticks = (0..=total / pace)
        .map(|n| Mark { x: at(n * pace), y: y + 18, text: crate::base::duration(n * pace) })
        .collect();
    drawing.promise = promised_ms.filter(|ms| *ms <= total).map(|ms| Mark {
        x: at(ms),
        y,
        text: format!("promised: {}", crate::base::duration(ms)),
    });
    drawing
}

/// A round span of time that divides the whole into few parts.
fn pace(total_ms: u64) -> u64 {
    const DAY: u64 = 86_400_000;
    const ROUND: [u64; 16] = [
        100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000,
        3_600_000, 14_400_000,
    ];
    ROUND.into_iter().find(|p| total_ms / p <= TICKS).unwrap_or((total_ms / TICKS / DAY + 1) * DAY)
}

/// The steps that the end of the run depended on: from the end back, each time to what ended last.
pub(super) fn critical(program: &Program, chronicle: &Chronicle) -> BTreeSet<InstrId> {
    let mut ends: Vec<(Option<Timestamp>, Option<InstrId>)> = Vec::with_capacity(program.code.len());
    for (index, instr) in program.code.iter().enumerate() {
        let id = InstrId::at(index);
        let before = instr.needs.iter().chain(&instr.waits).copied();
        let last = before.max_by_key(|b| ends.get(b.index()).and_then(|(end, _)| *end));
        let end_before = last.and_then(|l| ends.get(l.index())).and_then(|(end, _)| *end);
        let tale = chronicle.steps.get(&id);
        let own = tale.and_then(|t| t.attempts.last()).map(|a| a.ended.as_ref().map_or(a.began, |(time, _)| *time));
        ends.push((own.or(end_before), last));
    }
    // What was never reached ended nothing: the way begins at what ended last of all.
    let last = (0..ends.len()).map(InstrId::at).max_by_key(|id| ends.get(id.index()).and_then(|(end, _)| *end));
    let way = std::iter::successors(last, |id| ends.get(id.index()).and_then(|(_, from)| *from));
    way.filter(|id| chronicle.steps.get(id).is_some_and(|t| !t.attempts.is_empty())).collect()
}

/// Milliseconds from one time to another; none if the clock was set back.
pub(super) fn ms(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::pace;

    #[test]
    fn times_below_the_drawing_are_round_and_few() {
        for (total, expected) in [(400, 100), (8_000, 2000), (95_000, 15_000), (7_200_000, 1_800_000)] {
            assert_eq!(pace(total), expected, "{total}");
        }
        assert_eq!(pace(100 * 86_400_000), 17 * 86_400_000);
    }
}
