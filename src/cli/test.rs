//! `handover test`: the `test` blocks of plans, in the simulated world.

use crate::base::{Code, Diagnostic, SourceMap, did_you_mean};
use crate::cli::console::{Console, Pane, Style};
use crate::cli::flags::Format;
use crate::cli::junit::{self, Suite, TestCase};
use crate::cli::render::Look;
use crate::cli::{Exit, compile, json, render, report};
use crate::drill::{self, ConditionSeen, Coverage, Finding, Line, Seen, Verdict};
use crate::emit::place;
use crate::os::{self, Disk};
use crate::run::RunError;
use crate::session::{self, Compilation, Request};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Names in a list of what tests leave out; the rest are counted.
const LISTED: usize = 8;

/// Run the tests of plans in the simulated world; nothing real is touched
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  handover test switchover.ha\n  handover test plans/\n  handover test switchover.ha --only 'the old node hangs'\n  handover test --format junit plans/ >tests.xml"
)]
pub struct Args {
    /// Plans, or folders to be searched for `.ha` files
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Run only the test with this title; what tests leave out is not told then
    #[arg(long, value_name = "TITLE")]
    only: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = TestFormat::Text, value_name = "FORMAT")]
    format: TestFormat,
}

/// What the results of tests can be shown as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum TestFormat {
    /// For people
    Text,
    /// For programs; `docs/json.md` describes it
    Json,
    /// For what shows the results of tests: JUnit's XML
    Junit,
}

/// A file whose tests were run.
struct Tested {
    path: String,
    sources: SourceMap,
    /// What the compilation found.
    found: Vec<Diagnostic>,
    verdicts: Vec<Verdict>,
    coverage: Coverage,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let mut report = Report { format: args.format, partial: args.only.is_some(), files: Vec::new(), broken: false };
    let mut titles = Vec::new();
    for path in &args.paths {
        let members = match os::is_folder(path) {
            false => vec![path.clone()],
            true => match os::find(path, "ha") {
                Ok(members) => members,
                Err(error) => return report::refuse(console, report::file(&error, Code::UnreadableFile)),
            },
        };
        for file in members {
            let request = Request { everything: true, ..Request::default() };
            let mut compilation = session::compile(&Disk, &file.to_string_lossy(), &request);
            titles.extend(compilation.tests.iter().map(|test| test.scenario.title.clone()));
            if let Some(only) = &args.only {
                compilation.tests.retain(|test| test.scenario.title == *only);
            }
            // In a folder, files without tests are the vocabulary of others.
            let silent = os::is_folder(path) && compilation.tests.is_empty() && compilation.diagnostics.is_empty();
            if silent {
                continue;
            }
            if let Err(error) = report.file(file.to_string_lossy().into_owned(), compilation, console) {
                return report::run_error(console, &error);
            }
        }
    }
    match &args.only {
        Some(only) if !report.broken && !titles.contains(only) => {
            let guess = did_you_mean(only, titles.iter().map(String::as_str));
            let help = guess.unwrap_or_else(|| String::from("the title stands behind the word `test`"));
            report::usage(console, &format!("there is no test \"{only}\""), &help)
        }
        _ => report.finish(console),
    }
}

struct Report {
    format: TestFormat,
    /// Not all tests are run, so that nothing can be said about what they leave out.
    partial: bool,
    files: Vec<Tested>,
    /// A file has mistakes that keep its tests from being run.
    broken: bool,
}

impl Report {
    /// Runs the tests of a file, or says what keeps them from being run.
    fn file(&mut self, path: String, compilation: Compilation, console: &mut Console) -> Result<(), RunError> {
        let (sources, found) = (compilation.sources, compilation.diagnostics);
        let mut tested = Tested { path, sources, found, verdicts: Vec::new(), coverage: Coverage::default() };
        if tested.found.iter().any(Diagnostic::is_error) {
            self.broken = true;
            if self.format == TestFormat::Text {
                report::findings(&mut console.out, Format::Text, &tested.found, &tested.sources);
            }
            self.files.push(tested);
            return Ok(());
        }
        for compiled in &compilation.plans {
            tested.coverage.plan(&compiled.plan, &compiled.program);
        }
        if self.format == TestFormat::Text {
            console.out.line(&tested.path);
        }
        for test in compilation.tests {
            let program = compile::verified(test.program);
            let verdict = drill::test(&test.scenario, program, &mut tested.coverage)?;
            if self.format == TestFormat::Text {
                show(&mut console.out, &verdict, &tested.sources);
            }
            tested.verdicts.push(verdict);
        }
        if self.partial {
            tested.coverage = Coverage::default();
        }
        if self.format == TestFormat::Text {
            show_coverage(&mut console.out, &tested);
        }
        self.files.push(tested);
        Ok(())
    }

    fn finish(self, console: &mut Console) -> Exit {
        let all = || self.files.iter().flat_map(|f| &f.verdicts);
        let (count, passed) = (all().count(), all().filter(|v| v.findings.is_empty()).count());
        let runs: usize = all().map(|v| v.runs).sum();
        match self.format {
            TestFormat::Json => report::document(&mut console.out, &self.json()),
            TestFormat::Junit => console.out.put(junit::document(&self.suites())),
            TestFormat::Text if count == 0 && self.broken => {}
            TestFormat::Text if count == 0 => console.out.line("no tests: add a `test` block to a plan"),
            TestFormat::Text => {
                let failed = count - passed;
                let word = match failed {
                    0 => console.out.styled(Style::Green, "passed"),
                    _ => console.out.styled(Style::Red, &format!("{failed} failed")),
                };
                console.out.line(format_args!(
                    "{}: {word}, in {}",
                    plural(count, "test"),
                    plural(runs, "simulated run")
                ));
            }
        }
        if passed == count && !self.broken { Exit::Done } else { Exit::Findings }
    }

    /// The files as suites; one that does not compile has a single case, which is an error.
    fn suites(&self) -> Vec<Suite> {
        self.files
            .iter()
            .map(|file| {
                let text = |found: &[Diagnostic]| render::text(found, &file.sources, PLAIN);
                let mut cases: Vec<TestCase> = file.verdicts.iter().map(|v| case(v, file)).collect();
                if file.found.iter().any(Diagnostic::is_error) {
                    let (name, group) = (String::from("compiles"), file.path.clone());
                    cases.push(TestCase { name, group, failure: None, error: Some(text(&file.found)) });
                }
                Suite { name: file.path.clone(), cases }
            })
            .collect()
    }

    fn json(&self) -> Value {
        json!({
            "files": self.files.iter().map(|file| json!({
                "file": file.path,
                "diagnostics": json::findings(&file.found, &file.sources).diagnostics,
                "tests": file.verdicts.iter().map(|v| verdict(v, &file.sources)).collect::<Vec<_>>(),
                "plans": file.coverage.0.iter().map(|(name, seen)| coverage(name, seen)).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        })
    }
}

/// How findings are drawn where nothing has colour.
const PLAIN: Look = Look { color: false, ascii: false, columns: 100 };

/// A test as a case, with all its findings and the runs in which they show themselves.
fn case(verdict: &Verdict, file: &Tested) -> TestCase {
    let mut failure = String::new();
    for finding in &verdict.findings {
        failure.push_str(&render::text(std::slice::from_ref(&finding.diagnostic), &file.sources, PLAIN));
        for line in &finding.run {
            let step = line.step.as_deref().unwrap_or("");
            failure.push_str(&format!("{:>7}ms  {}  {step} {}\n", line.at_ms, line.what, line.text));
        }
    }
    let group = format!("{}.{}", file.path, verdict.plan);
    TestCase { name: verdict.title.clone(), group, failure: (!failure.is_empty()).then_some(failure), error: None }
}

fn verdict(verdict: &Verdict, sources: &SourceMap) -> Value {
    let finding = |f: &Finding| {
        let when: serde_json::Map<String, Value> = f.when.iter().map(|(n, v)| (n.clone(), v.as_str().into())).collect();
        let found = json::findings(std::slice::from_ref(&f.diagnostic), sources);
        json!({ "diagnostic": found.diagnostics.first(), "when": when, "run": f.run })
    };
    json!({
        "title": verdict.title,
        "place": place(verdict.span, sources),
        "plan": verdict.plan,
        "passed": verdict.findings.is_empty(),
        "runs": verdict.runs,
        "executors_lost": verdict.lost,
        "findings": verdict.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn coverage(name: &str, seen: &Seen) -> Value {
    json!({
        "plan": name,
        "tests": seen.tests,
        "steps": seen.steps,
        "conditions": seen.conditions,
    })
}

fn show(pane: &mut Pane, verdict: &Verdict, sources: &SourceMap) {
    let runs = pane.styled(Style::Dim, &format!("({})", plural(verdict.runs, "run")));
    let word = match verdict.findings.is_empty() {
        true => pane.styled(Style::Green, "ok    "),
        false => pane.styled(Style::Red, "failed"),
    };
    pane.line(format_args!("  {word}  {}  {runs}", verdict.title));
    for finding in &verdict.findings {
        pane.line("");
        let look = pane.look();
        pane.put(render::text(std::slice::from_ref(&finding.diagnostic), sources, look));
        if finding.run.is_empty() {
            continue;
        }
        let when: Vec<String> = finding.when.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let when = if when.is_empty() { String::new() } else { format!(", with {}", when.join(", ")) };
        pane.line(format_args!("  the run{when}"));
        timeline(pane, &finding.run);
        pane.line("");
    }
}

/// A run, line by line.
pub fn timeline(pane: &mut Pane, run: &[Line]) {
    for line in run {
        let (s, ms) = (line.at_ms / 1000, line.at_ms % 1000);
        let style = match line.what {
            "ok" | "already" | "completed" => Style::Green,
            "failed" | "unknown" | "stopped" => Style::Red,
            "skipped" => Style::Dim,
            _ => Style::Yellow,
        };
        let word = pane.styled(style, &format!("{:<9}", line.what));
        let clock = format!("{}:{:02}.{}", s / 60, s % 60, ms / 100);
        let step = line.step.as_deref().unwrap_or("");
        let colon = if step.is_empty() || line.text.is_empty() { "" } else { "  " };
        pane.line(format!("    {clock:>9}  {word}  {step}{colon}{}", line.text).trim_end());
    }
}

fn show_coverage(pane: &mut Pane, tested: &Tested) {
    for (name, seen) in &tested.coverage.0 {
        if seen.tests == 0 {
            let word = pane.styled(Style::Yellow, "no test");
            pane.line(format_args!("  {name}: {word}"));
            continue;
        }
        let both = seen.conditions.iter().filter(|c| c.met && c.unmet).count();
        let ran = seen.steps.iter().filter(|s| s.ran).count();
        let (can_fail, failed) = (seen.steps.iter().filter(|s| s.can_fail), seen.steps.iter().filter(|s| s.failed));
        pane.line(format_args!(
            "  {name}: {ran} of {} ran, {} of {} failed, {both} of {} seen both ways",
            plural(seen.steps.len(), "step"),
            failed.count(),
            can_fail.count(),
            plural(seen.conditions.len(), "condition"),
        ));
        list(pane, "never ran", seen.steps.iter().filter(|s| !s.ran).map(|s| s.step.clone()));
        let one_way = |c: &&ConditionSeen| c.met != c.unmet;
        let said =
            |c: &ConditionSeen| format!("{}: {} ({})", c.at, c.condition, if c.met { "always so" } else { "never so" });
        list(pane, "one way only", seen.conditions.iter().filter(one_way).map(said));
        list(
            pane,
            "never failed",
            seen.steps.iter().filter(|s| s.ran && s.can_fail && !s.failed).map(|s| s.step.clone()),
        );
    }
}

fn list(pane: &mut Pane, what: &str, names: impl Iterator<Item = String>) {
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        return;
    }
    let more = names.len().saturating_sub(LISTED);
    let mut text = names.into_iter().take(LISTED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(", and {more} more"));
    }
    pane.line(format_args!("    {what}: {text}"));
}

/// `1 test`, `2 tests`
pub fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
