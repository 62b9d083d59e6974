//! The runbook of a plan: the numbered procedure as people carry it out, as a page and as Markdown. Pure: plan in, text
//! out; the same plan always gives the same text.
//!
//! The page is one file that needs nothing else and asks for nothing: what it loads is in it. Everything that comes from
//! a plan is escaped by the template engine. Its switches work with a circuit that the compiler makes (see
//! [`crate::order::circuit`]); the script counts and compares, it knows no rule of the language. Without a script, on
//! paper too, everything is visible.

mod build;
mod deed;
mod drawing;
mod fit;
mod graph;
mod lanes;
mod model;
mod rows;
mod start;
mod step;
mod time;

use crate::bytecode::Program;
use crate::calculus::AtomId;
use crate::emit::markup;
use crate::model::Plan;
use crate::order::Dag;
use crate::verdict::Verdict;
use handlebars::RenderError;
pub use model::Runbook;
pub(super) use time::against;

const PAGE: &str = include_str!("../templates/runbook.html.hbs");
const DRAWING: &str = include_str!("../templates/drawing.svg.hbs");
const SCRIPT: &str = include_str!("../templates/runbook.js");
const MARKDOWN: &str = include_str!("../templates/runbook.md.hbs");

/// A compiled plan, and what is known of it.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// As resolved.
    pub plan: &'a Plan,
    /// As ordered.
    pub dag: &'a Dag,
    /// As compiled.
    pub program: &'a Program,
    /// What is proved of it.
    pub verdict: &'a Verdict,
    /// Answers that are known.
    pub answers: &'a [(AtomId, u8)],
}

/// The runbook as one page of HTML. An error is a defect of the template.
pub fn html(runbook: &Runbook) -> Result<String, RenderError> {
    let mut engine = markup::for_pages()?;
    engine.register_partial("drawing", DRAWING)?;
    engine.register_partial("script", SCRIPT)?;
    engine.render_template(PAGE, runbook)
}

/// The runbook as Markdown. An error is a defect of the template.
pub fn markdown(runbook: &Runbook) -> Result<String, RenderError> {
    markup::for_markdown().render_template(MARKDOWN, runbook)
}

#[cfg(test)]
mod tests {
    use super::{Runbook, Subject, html, markdown};
    use crate::base::SourceMap;
    use crate::calculus::AtomId;
    use crate::lower::lower;
    use crate::order::order;
    use crate::order::property::{choices, grown};
    use crate::verdict::Verdict;
    use proptest::prelude::{any, proptest};

    proptest! {
        #[test]
        fn every_plan_has_a_runbook_with_all_its_steps(choices in choices(), known in any::<[u8; 8]>()) {
            let plan = grown(choices);
            let (dag, _) = order(&plan);
            let program = lower(&plan, &dag, &SourceMap::default());
            let answers = known.iter().enumerate().take(plan.atoms.len()).filter(|(_, k)| *k % 3 < 2);
            let answers: Vec<_> = answers.map(|(i, k)| (AtomId::at(i), k % 3)).collect();
            let verdict = Verdict::default();
            let subject = Subject { plan: &plan, dag: &dag, program: &program, verdict: &verdict, answers: &answers };
            let runbook = Runbook::of(subject);

            let rows = runbook.rows.iter().filter_map(|r| r.step.as_ref());
            let mut told: Vec<u32> = rows.flat_map(|s| s.nodes.clone()).collect();
            let mut steps: Vec<u32> = Vec::new();
            plan.each_step(&mut |s| steps.push(dag.ends(s.key).unwrap().start.0));
            told.sort_unstable();
            steps.sort_unstable();
            assert_eq!(told, steps);
            let sheets = runbook.drawing.iter().flat_map(|d| &d.sheets);
            let boxes: Vec<_> = sheets.flat_map(|s| &s.boxes).collect();
            for (i, a) in boxes.iter().enumerate() {
                let apart = |b: &&super::drawing::Picture| {
                    a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y
                };
                assert!(boxes[i + 1..].iter().all(apart), "{} lies on another one", a.label);
            }
            if runbook.drawing.is_some() {
                let mut drawn: Vec<u32> = boxes.iter().flat_map(|b| b.nodes.clone()).collect();
                drawn.sort_unstable();
                assert_eq!(drawn, steps);
            }
            let page = html(&runbook).unwrap();
            assert_eq!((page.matches("<tbody").count(), page.matches("<svg").count()),
                       (page.matches("</tbody>").count(), page.matches("</svg>").count()));
            markdown(&runbook).unwrap();
        }
    }
}
