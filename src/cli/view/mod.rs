//! A run on a terminal: what has become certain scrolls by, and below it stands what is going on, what is next, what
//! waits for whom, and how much time is left.

mod hands;
mod line;
mod scene;
mod screen;

use crate::bytecode::InstrId;
use crate::cli::console::{Pane, Style, speaks_unicode};
use crate::cli::facts::Facts;
use crate::cli::render::Look;
use crate::os;
use crate::run::{Key, Machine, Record, Reporter, Wish};
use hands::Hands;
use jiff::Timestamp;
use scene::Scene;
use screen::Screen;

/// How often the view is renewed, in milliseconds, so that times go on.
const REFRESH_MS: u64 = 500;
/// Shortest time between two pictures, in milliseconds: more would be unreadable, and cost the run.
const SHORTEST_MS: u64 = 50;

/// Follows a run on a terminal.
pub struct Live<'c> {
    pane: &'c mut Pane,
    /// Whether somebody sits at the keyboard.
    keys: bool,
    facts: Facts,
    screen: Screen,
    /// Lines that are to scroll by at the next picture.
    waiting: Vec<String>,
    drawn: Option<Timestamp>,
    /// A key was touched since.
    touched: bool,
    hands: Hands,
    /// The output of the step that is watched.
    output: Option<(InstrId, String)>,
}

impl<'c> Live<'c> {
    /// A view on this terminal; `keys` says whether somebody can touch its keys.
    pub fn new(pane: &'c mut Pane, keys: bool) -> Live<'c> {
        let facts = Facts::new(pane.color, true);
        Live {
            pane,
            keys,
            facts,
            screen: Screen::default(),
            waiting: Vec::new(),
            drawn: None,
            touched: false,
            hands: Hands::default(),
            output: None,
        }
    }

    fn look(&self) -> Look {
        Look { color: self.pane.color, ascii: !speaks_unicode(), columns: os::columns().unwrap_or(80) }
    }

    /// The steps that can be selected: those that ask, then those that run, the longest first.
    fn items(&self, machine: &Machine) -> Vec<InstrId> {
        let mut items: Vec<InstrId> = self.facts.chronicle().open_questions().iter().map(|(step, _)| *step).collect();
        let mut running: Vec<InstrId> = machine.running().map(|(id, _)| id).filter(|id| !items.contains(id)).collect();
        running.sort_by_key(|id| (self.facts.chronicle().began(*id), *id));
        items.append(&mut running);
        items
    }

    fn draw(&mut self, machine: &Machine, now: Timestamp) {
        let soon = |at: Timestamp| (0..i128::from(SHORTEST_MS)).contains(&now.duration_since(at).as_millis());
        let over = machine.ended().is_some();
        if self.drawn.is_some_and(soon) && !self.touched && !over {
            return;
        }
        let look = self.look();
        let items = self.items(machine);
        let questions = self.facts.chronicle().open_questions();
        self.hands.forget(&questions);
        let scene = Scene {
            machine,
            chronicle: self.facts.chronicle(),
            now,
            items: &items,
            questions: &questions,
            hands: &self.hands,
            output: self
                .output
                .as_ref()
                .filter(|(step, _)| self.hands.selected(&items) == Some(*step))
                .map_or("", |(_, text)| text),
            keys: self.keys,
            look,
            rows: os::rows().unwrap_or(24),
        };
        let lines = if over { Vec::new() } else { scene.lines() };
        self.screen.show(self.pane, &std::mem::take(&mut self.waiting), &lines, look);
        (self.drawn, self.touched) = (Some(now), false);
    }
}

impl Reporter for Live<'_> {
    fn record(&mut self, machine: &Machine, record: &Record) {
        self.waiting.append(&mut self.facts.lines(machine, record));
    }

    fn recall(&mut self, records: &[Record]) {
        self.facts.recall(records);
    }

    fn flush(&mut self, machine: &Machine) {
        let now = self.facts.chronicle().latest.unwrap_or(Timestamp::UNIX_EPOCH);
        self.draw(machine, now);
    }

    fn trouble(&mut self, message: &str) {
        self.waiting.push(format!("{}: {message}", self.pane.styled(Style::Red, "trouble")));
        self.touched = true;
    }

    fn refresh(&mut self, machine: &Machine, now: Timestamp) {
        self.draw(machine, now);
    }

    fn refresh_every_ms(&self) -> Option<u64> {
        Some(if self.waiting.is_empty() && !self.touched { REFRESH_MS } else { SHORTEST_MS })
    }

    fn takes_keys(&self) -> bool {
        self.keys
    }

    fn key(&mut self, machine: &Machine, key: Key) -> Option<Wish> {
        self.touched = true;
        let items = self.items(machine);
        self.hands.key(key, &items, &self.facts.chronicle().open_questions())
    }

    fn barred(&mut self, step: InstrId) {
        self.hands.barred = Some(step);
    }

    fn watches(&self, machine: &Machine) -> Option<InstrId> {
        self.hands.selected(&self.items(machine)).filter(|_| self.hands.watching)
    }

    fn output(&mut self, step: InstrId, text: &str) {
        self.output = Some((step, text.to_owned()));
    }
}

impl Drop for Live<'_> {
    /// Leaves only what is certain, also when the run could not go on.
    fn drop(&mut self) {
        let look = self.look();
        self.screen.show(self.pane, &std::mem::take(&mut self.waiting), &[], look);
    }
}
