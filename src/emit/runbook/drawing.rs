//! The procedure as a drawing: a lane for each site's nodes, a line for each wave, time from top to bottom. Every place
//! is computed from the plan alone, so that equal plans give equal drawings.

use crate::emit::runbook::fit::{broken, short};
use crate::emit::runbook::graph::{Graph, Unit, graph};
use crate::emit::runbook::lanes::{Lanes, Units};
use crate::emit::runbook::model::Row;
use crate::emit::words::Words;
use crate::order::{Circuit, Kind, Schedule, Wire};
use serde::Serialize;
use std::collections::BTreeMap;

/// Room for the numbers of the waves.
const LEFT: usize = 34;
/// Height of the heads of the lanes.
const HEAD: usize = 52;
const LANE: usize = 196;
const BOX: usize = 178;
const TALL: usize = 52;
/// Between two waves, where edges change lanes.
const GAP: usize = 30;
/// Characters that fit into a line of a box.
const NAME: usize = 20;
const TITLE: usize = 25;

/// More lanes than this are not drawn.
const LANES: usize = 24;
/// Height of a sheet, so that one fits on a page of paper.
const SHEET: usize = 900;

/// The drawing.
#[derive(Clone, Debug, Serialize)]
pub struct Drawing {
    /// Its parts, from top to bottom, each with the heads of the lanes.
    pub sheets: Vec<Sheet>,
    /// Some boxes stand for several steps.
    pub folded: bool,
}

/// A part of the drawing.
#[derive(Clone, Debug, Serialize)]
pub struct Sheet {
    /// Which one, from 1.
    pub number: usize,
    pub width: usize,
    /// The width down to which it can be shrunk.
    pub least: usize,
    pub top: usize,
    pub bottom: usize,
    pub height: usize,
    pub sites: Vec<Head>,
    pub lanes: Vec<Head>,
    pub waves: Vec<Band>,
    pub edges: Vec<Line>,
    pub knots: Vec<Point>,
    pub boxes: Vec<Picture>,
}

/// The head of a lane or of a site.
#[derive(Clone, Debug, Serialize)]
pub struct Head {
    pub x: usize,
    pub y: usize,
    pub text_y: usize,
    pub middle: usize,
    pub width: usize,
    pub name: String,
}

/// A wave.
#[derive(Clone, Debug, Serialize)]
pub struct Band {
    pub y: usize,
    pub middle: usize,
    pub height: usize,
    pub number: usize,
    pub odd: bool,
    /// The sheet that it is on, from 0.
    #[serde(skip)]
    sheet: usize,
}

/// An edge.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub path: String,
    /// It waits for the end of the earlier one, whatever became of it.
    pub waits: bool,
    /// From where to where it goes.
    #[serde(skip)]
    from: usize,
    #[serde(skip)]
    to: usize,
}

/// Where edges meet.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    pub x: usize,
    pub y: usize,
}

/// A box.
#[derive(Clone, Debug, Serialize)]
pub struct Picture {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
    pub text_x: usize,
    pub lines: Vec<Text>,
    /// What a screen reader says.
    pub label: String,
    pub row: u32,
    pub nodes: Vec<u32>,
    pub off: Wire,
    pub skipped: bool,
    pub commits: bool,
    pub critical: bool,
}

/// A line of a box.
#[derive(Clone, Debug, Serialize)]
pub struct Text {
    pub y: usize,
    pub text: String,
    pub name: bool,
}

/// The drawing of these rows; `None` if it would not be legible.
pub(super) fn drawing(words: &Words<'_>, schedule: &Schedule, circuit: &mut Circuit, rows: &[Row]) -> Option<Drawing> {
    let lanes = Lanes::of(words);
    if lanes.names.len() > LANES {
        return None;
    }
    let units = Units { words, lanes: &lanes, circuit, critical: &schedule.critical };
    let graph = graph(words.dag, units.steps(rows), || units.blocks(rows))?;
    Some(draw(&lanes, &graph, circuit))
}

/// Where a vertex lies.
#[derive(Clone, Copy)]
struct Place {
    /// The middle of it.
    x: usize,
    top: usize,
    bottom: usize,
}

fn draw(lanes: &Lanes, graph: &Graph, circuit: &mut Circuit) -> Drawing {
    let rows = stacked(graph);
    let waves = bands(&rows);
    let places = places(graph, &rows, &waves);
    let edges = edges(graph, &places);
    let mut boxes = Vec::new();
    let mut knots = Vec::new();
    for (vertex, place) in graph.vertices.iter().zip(&places) {
        match vertex {
            Some(unit) => boxes.push(picture(unit, *place, circuit)),
            None => knots.push(Point { x: place.x, y: place.top }),
        }
    }
    let sheets = waves.last().map_or(0, |w| w.sheet + 1);
    let sheet = |number: usize| {
        let waves: Vec<Band> = waves.iter().filter(|w| w.sheet == number).cloned().collect();
        let top = waves.first().map_or(0, |w| w.y - HEAD);
        let bottom = waves.last().map_or(0, |w| w.y + w.height);
        let inside = |y: usize| top < y && y <= bottom;
        Sheet {
            number: number + 1,
            width: LEFT + lanes.names.len() * LANE + 8,
            least: LEFT + lanes.names.len() * LANE * 2 / 3,
            top,
            bottom,
            height: bottom - top,
            sites: lanes.sites.iter().map(|(first, count, name)| head(*first, *count, name, (top, top + 16))).collect(),
            lanes: lanes.names.iter().enumerate().map(|(n, name)| head(n, 1, name, (top + 24, top + 42))).collect(),
            waves,
            edges: edges.iter().filter(|e| e.from < bottom && e.to > top).cloned().collect(),
            knots: knots.iter().filter(|k| inside(k.y)).cloned().collect(),
            boxes: boxes.iter().filter(|b| inside(b.y)).cloned().collect(),
        }
    };
    let folded = graph.vertices.iter().flatten().any(|u| u.nodes.len() > 1);
    Drawing { sheets: (0..sheets).map(sheet).collect(), folded }
}

/// The head of so many lanes.
fn head(first: usize, count: usize, name: &str, (y, text_y): (usize, usize)) -> Head {
    let x = LEFT + first * LANE;
    Head { x, y, text_y, middle: x + count * LANE / 2, width: count * LANE, name: short(name, NAME * count) }
}

/// For each vertex the row in its wave: what shares a lane with an earlier one of the same wave goes below it.
fn stacked(graph: &Graph) -> Vec<(usize, usize)> {
    let mut filled: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let row = |(vertex, wave): (&Option<Unit>, &usize)| {
        let Some(unit) = vertex else { return (*wave, 0) };
        let lanes = unit.lanes.0..=unit.lanes.1;
        let row = lanes.clone().filter_map(|lane| filled.get(&(*wave, lane))).max().copied().unwrap_or(0);
        filled.extend(lanes.map(|lane| ((*wave, lane), row + 1)));
        (*wave, row)
    };
    graph.vertices.iter().zip(&graph.waves).map(row).collect()
}

fn bands(rows: &[(usize, usize)]) -> Vec<Band> {
    let mut tall: BTreeMap<usize, usize> = BTreeMap::new();
    for (wave, row) in rows {
        let rows = tall.entry(*wave).or_insert(1);
        *rows = (*rows).max(row + 1);
    }
    let (mut y, mut sheet, mut top) = (HEAD, 0, 0);
    let band = |(wave, rows): (usize, usize)| {
        let height = rows * (TALL + GAP / 2) - GAP / 2 + GAP;
        if y + height - top > SHEET && y > top + HEAD {
            (sheet, top) = (sheet + 1, y);
            y += HEAD;
        }
        let band = Band { y, middle: y + height / 2 + 4, height, number: wave + 1, odd: wave % 2 == 1, sheet };
        y += height;
        band
    };
    tall.into_iter().map(band).collect()
}

fn places(graph: &Graph, rows: &[(usize, usize)], waves: &[Band]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::with_capacity(rows.len());
    for ((vertex, before), (wave, row)) in graph.vertices.iter().zip(&graph.before).zip(rows) {
        let band = waves.get(*wave);
        let (y, height) = band.map_or((HEAD, 0), |b| (b.y, b.height));
        places.push(match vertex {
            Some(unit) => {
                let top = y + GAP / 2 + row * (TALL + GAP / 2);
                let lanes = unit.lanes.0 + unit.lanes.1 + 1;
                Place { x: LEFT + lanes * LANE / 2, top, bottom: top + TALL }
            }
            None => {
                let xs: Vec<usize> = before.keys().filter_map(|v| places.get(*v)).map(|p| p.x).collect();
                let x = xs.iter().sum::<usize>() / xs.len().max(1);
                Place { x, top: y + height, bottom: y + height }
            }
        });
    }
    places
}

fn picture(unit: &Unit, place: Place, circuit: &mut Circuit) -> Picture {
    let width = (unit.lanes.1 - unit.lanes.0) * LANE + BOX;
    let lanes = unit.lanes.1 - unit.lanes.0 + 1;
    let x = place.x - width / 2;
    let mut lines = vec![Text { y: place.top + 18, text: short(&unit.name, NAME * lanes), name: true }];
    let title = broken(&unit.title, TITLE * lanes);
    lines.extend(title.into_iter().zip([32, 44]).map(|(text, y)| Text { y: place.top + y, text, name: false }));
    if lines.len() < 3 {
        // Not at the top of an empty box.
        let down = if lines.len() == 1 { 12 } else { 6 };
        lines.iter_mut().for_each(|line| line.y += down);
    }
    Picture {
        x,
        y: place.top,
        width,
        height: TALL,
        text_x: x + 10,
        lines,
        label: if unit.title.is_empty() { unit.name.clone() } else { format!("{}: {}", unit.name, unit.title) },
        row: unit.row,
        nodes: unit.nodes.iter().map(|n| n.0).collect(),
        off: circuit.all(&unit.off),
        skipped: unit.skipped,
        commits: unit.commits,
        critical: unit.critical,
    }
}

fn edges(graph: &Graph, places: &[Place]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (to, before) in graph.before.iter().enumerate() {
        for (from, kind) in before {
            let (Some(a), Some(b)) = (places.get(*from), places.get(to)) else { continue };
            let arrow = graph.vertices.get(to).is_some_and(Option::is_some);
            let between: Vec<&Place> = places.iter().filter(|p| p.top > a.bottom && p.bottom < b.top).collect();
            let free = |x: usize| between.iter().all(|p| p.x.abs_diff(x) > BOX / 2 || p.top == p.bottom);
            let path = path(*a, *b, free(b.x) || !free(a.x), arrow);
            lines.push(Line { path, waits: *kind == Kind::Waits, from: a.bottom, to: b.top });
        }
    }
    lines
}

/// From the bottom of one to the top of another; the change of lanes at once or at the end.
fn path(from: Place, to: Place, at_once: bool, arrow: bool) -> String {
    let (x1, y1, x2, y2) = (from.x, from.bottom, to.x, to.top);
    let reach = y2.saturating_sub(y1).min(GAP);
    let bend = |y: usize| format!("C{x1} {},{x2} {},{x2} {}", y + reach / 2, y + reach / 2, y + reach);
    let way = match (x1 == x2, at_once) {
        (true, _) => format!("V{y2}"),
        (_, true) => format!("{}V{y2}", bend(y1)),
        (_, false) => format!("V{}{}", y2 - reach, bend(y2 - reach)),
    };
    let head = if arrow { format!("M{} {}L{x2} {y2}L{} {}", x2 - 4, y2 - 6, x2 + 4, y2 - 6) } else { String::new() };
    format!("M{x1} {y1}{way}{head}")
}
