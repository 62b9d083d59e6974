//! The DAG as a drawing, for Mermaid and for Graphviz.
//!
//! Steps are boxes with their number, name, machine and title; blocks are frames, their beginnings and ends small
//! circles. What is skipped is dashed; an edge says why it is there, unless that is plain from the frames.

use crate::emit::words::{Words, region_name};
use crate::model::Plan;
use crate::order::{Block, Dag, Edge, Kind, Node, NodeId, Outline, Skipped, What};
use std::collections::HashMap;
use std::fmt::Write;

/// The DAG as a Mermaid flowchart.
pub fn mermaid(plan: &Plan, dag: &Dag, skipped: &Skipped) -> String {
    draw(plan, dag, skipped, &Mermaid)
}

/// The DAG in the language of Graphviz.
pub fn dot(plan: &Plan, dag: &Dag, skipped: &Skipped) -> String {
    draw(plan, dag, skipped, &Dot)
}

/// How a language draws.
trait Style {
    fn open(&self, title: &str, out: &mut String);
    fn close(&self, skipped: &[NodeId], out: &mut String);
    fn frame(&self, id: NodeId, label: &str, indent: usize, out: &mut String);
    fn unframe(&self, indent: usize, out: &mut String);
    /// A box with these lines, or a circle if there are none.
    fn node(&self, id: NodeId, lines: &[String], skipped: bool, indent: usize, out: &mut String);
    fn edge(&self, from: NodeId, to: NodeId, kind: Kind, label: &str, out: &mut String);
}

fn draw(plan: &Plan, dag: &Dag, skipped: &Skipped, style: &dyn Style) -> String {
    let outline = Outline::of(plan);
    let drawing = Drawing { words: Words { outline: &outline, dag, skipped }, style };
    let mut out = String::new();
    let title = if plan.title.is_empty() { &plan.name } else { &plan.title };
    style.open(title, &mut out);
    drawing.nodes(&mut out);
    drawing.edges(&mut out);
    let left_out: Vec<NodeId> = dag.nodes().map(|(id, _)| id).filter(|id| skipped.contains(*id)).collect();
    style.close(&left_out, &mut out);
    out
}

struct Drawing<'a> {
    words: Words<'a>,
    style: &'a dyn Style,
}

impl Drawing<'_> {
    /// The nodes in written order; a block's frame opens before its first node and closes after its last.
    fn nodes(&self, out: &mut String) {
        let mut last_of: HashMap<Block, NodeId> = HashMap::new();
        for (id, node) in self.words.dag.nodes() {
            match &node.what {
                What::Exit(block) => _ = last_of.insert(*block, id),
                What::Join(key, _) => _ = last_of.entry(Block::Region(*key)).or_insert(id),
                _ => {}
            }
        }
        let mut open: Vec<NodeId> = Vec::new();
        for (id, node) in self.words.dag.nodes() {
            if let What::Enter(block) = node.what
                && let Some(last) = last_of.get(&block)
                && !matches!(block, Block::Meet(_))
            {
                self.style.frame(id, &self.frame_label(block), open.len() + 1, out);
                open.push(*last);
            }
            let lines = self.lines(node);
            self.style.node(id, &lines, self.words.skipped.contains(id), open.len() + 1, out);
            while open.last() == Some(&id) {
                open.pop();
                self.style.unframe(open.len() + 1, out);
            }
        }
    }

    fn frame_label(&self, block: Block) -> String {
        let outline = self.words.outline;
        match block {
            Block::Plan | Block::Meet(_) => String::new(),
            Block::Region(key) => outline.region(key).map_or_else(String::new, |r| match r.title.as_str() {
                "" => String::from(region_name(r)),
                title => format!("{}: {title}", r.name),
            }),
            Block::Rung(_, 0) => String::from("first"),
            Block::Rung(..) => String::from("otherwise"),
            Block::Finally(_) => String::from("finally"),
        }
    }

    fn lines(&self, node: &Node) -> Vec<String> {
        let outline = self.words.outline;
        match &node.what {
            What::Step(key) => {
                let Some(step) = outline.step(*key) else { return Vec::new() };
                let number = step.number.map_or_else(String::new, |n| format!("{n}  "));
                let place = step.host.map_or_else(String::new, |m| format!(" on {}", self.words.machine(m)));
                let mut lines = vec![format!("{number}{}{place}", step.name)];
                lines.extend((!step.title.is_empty()).then(|| step.title.clone()));
                lines.extend(node.conditions.iter().map(|c| c.text.clone()));
                lines
            }
            What::Probe(_) => vec![format!("{}?", outline.node_name(node))],
            What::Enter(Block::Plan) => vec![outline.plan.name.clone()],
            What::End => vec![String::from("end")],
            What::Enter(_) | What::Exit(_) | What::Join(..) => Vec::new(),
        }
    }

    fn edges(&self, out: &mut String) {
        for (to, _) in self.words.dag.nodes() {
            let mut edges: Vec<(NodeId, Edge)> = self.words.dag.before(to).collect();
            edges.sort_by_key(|(from, _)| *from);
            for (from, edge) in edges {
                self.style.edge(from, to, edge.kind, &self.words.reason_label(edge.reason), out);
            }
        }
    }
}

fn indented(out: &mut String, indent: usize) -> &mut String {
    out.extend(std::iter::repeat_n("  ", indent));
    out
}

pub(super) struct Mermaid;

impl Mermaid {
    /// A quoted text. Inside the quotes only a few characters mean something; those become entities.
    pub(super) fn quoted(text: &str) -> String {
        let mut out = String::from("\"");
        for c in text.chars() {
            match c {
                '"' | '#' | '<' | '>' | '&' | '`' | '\\' => _ = write!(out, "#{};", u32::from(c)),
                c if c.is_control() => out.push(' '),
                c => out.push(c),
            }
        }
        out.push('"');
        out
    }
}

impl Style for Mermaid {
    fn open(&self, title: &str, out: &mut String) {
        // A title is YAML: a JSON string is one too.
        let title = serde_json::Value::from(title);
        _ = writeln!(out, "---\ntitle: {title}\n---\nflowchart TB");
    }

    fn close(&self, skipped: &[NodeId], out: &mut String) {
        if !skipped.is_empty() {
            let ids: Vec<String> = skipped.iter().map(|n| format!("n{}", n.0)).collect();
            _ = writeln!(out, "  classDef skipped stroke-dasharray: 4 4,opacity: 0.6");
            _ = writeln!(out, "  class {} skipped", ids.join(","));
        }
    }

    fn frame(&self, id: NodeId, label: &str, indent: usize, out: &mut String) {
        _ = writeln!(indented(out, indent), "subgraph b{} [{}]", id.0, Mermaid::quoted(label));
    }

    fn unframe(&self, indent: usize, out: &mut String) {
        _ = writeln!(indented(out, indent), "end");
    }

    fn node(&self, id: NodeId, lines: &[String], _: bool, indent: usize, out: &mut String) {
        let out = indented(out, indent);
        if lines.is_empty() {
            _ = writeln!(out, "n{}((\" \"))", id.0);
            return;
        }
        let lines: Vec<String> = lines.iter().map(|l| Mermaid::quoted(l).trim_matches('"').to_owned()).collect();
        _ = writeln!(out, "n{}[\"{}\"]", id.0, lines.join("<br/>"));
    }

    fn edge(&self, from: NodeId, to: NodeId, kind: Kind, label: &str, out: &mut String) {
        let arrow = if kind == Kind::Needs { "-->" } else { "-.->" };
        let label = if label.is_empty() { String::new() } else { format!("|{}|", Mermaid::quoted(label)) };
        _ = writeln!(out, "  n{} {arrow}{label} n{}", from.0, to.0);
    }
}

struct Dot;

impl Dot {
    fn quoted(text: &str) -> String {
        let mut out = String::from("\"");
        for c in text.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '\n' => out.push_str("\\n"),
                c if c.is_control() => out.push(' '),
                c => out.push(c),
            }
        }
        out.push('"');
        out
    }
}

impl Style for Dot {
    fn open(&self, title: &str, out: &mut String) {
        _ = writeln!(out, "digraph plan {{\n  label={};\n  labelloc=t;", Dot::quoted(title));
        _ = writeln!(
            out,
            "  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];"
        );
    }

    fn close(&self, _: &[NodeId], out: &mut String) {
        out.push_str("}\n");
    }

    fn frame(&self, id: NodeId, label: &str, indent: usize, out: &mut String) {
        _ = writeln!(indented(out, indent), "subgraph cluster_{} {{ label={};", id.0, Dot::quoted(label));
    }

    fn unframe(&self, indent: usize, out: &mut String) {
        _ = writeln!(indented(out, indent), "}}");
    }

    fn node(&self, id: NodeId, lines: &[String], skipped: bool, indent: usize, out: &mut String) {
        let out = indented(out, indent);
        let style = if skipped { ", style=dashed, fontcolor=gray" } else { "" };
        if lines.is_empty() {
            _ = writeln!(out, "n{} [shape=circle, width=0.15, label=\"\"{style}];", id.0);
        } else {
            _ = writeln!(out, "n{} [label={}{style}];", id.0, Dot::quoted(&lines.join("\n")));
        }
    }

    fn edge(&self, from: NodeId, to: NodeId, kind: Kind, label: &str, out: &mut String) {
        let style = if kind == Kind::Needs { "" } else { ", style=dotted" };
        _ = writeln!(out, "  n{} -> n{} [label={}{style}];", from.0, to.0, Dot::quoted(label));
    }
}
