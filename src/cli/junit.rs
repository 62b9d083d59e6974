//! Results of tests in the XML that JUnit's Ant task writes, which CI systems show: suites of cases, each with its failure.
//!
//! The shape: "JUnit XML format" as Jenkins, GitLab and GitHub's reporters read it (`testsuites`, `testsuite`, `testcase`,
//! `failure`, `error`).

use std::fmt::Write;

/// The tests of a file.
pub struct Suite {
    /// The file.
    pub name: String,
    /// Its tests.
    pub cases: Vec<TestCase>,
}

/// A test.
pub struct TestCase {
    /// Its title.
    pub name: String,
    /// What it belongs to: the file and the plan.
    pub group: String,
    /// What it did not find as it expected.
    pub failure: Option<String>,
    /// Why it could not be run.
    pub error: Option<String>,
}

/// The suites as one document.
pub fn document(suites: &[Suite]) -> String {
    let count = |of: &dyn Fn(&TestCase) -> bool, suites: &[&Suite]| {
        suites.iter().flat_map(|s| &s.cases).filter(|case| of(case)).count()
    };
    let counts = |suites: &[&Suite]| {
        let (tests, failures) = (count(&|_| true, suites), count(&|c| c.failure.is_some(), suites));
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{}\"", count(&|c| c.error.is_some(), suites))
    };
    let all: Vec<&Suite> = suites.iter().collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    _ = writeln!(out, "<testsuites name=\"handover\" {}>", counts(&all));
    for suite in suites {
        _ = writeln!(out, "  <testsuite name=\"{}\" {}>", escaped(&suite.name), counts(&[suite]));
        suite.cases.iter().for_each(|case| test_case(&mut out, case));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn test_case(out: &mut String, case: &TestCase) {
    _ = write!(out, "    <testcase name=\"{}\" classname=\"{}\"", escaped(&case.name), escaped(&case.group));
    let (tag, text) = match (&case.failure, &case.error) {
        (Some(text), _) => ("failure", text),
        (None, Some(text)) => ("error", text),
        (None, None) => return out.push_str("/>\n"),
    };
    // The first line that says something is the message.
    let message = text.lines().find_map(|line| line.trim().strip_prefix("× ")).unwrap_or_default();
    _ = writeln!(out, ">\n      <{tag} message=\"{}\">{}</{tag}>\n    </testcase>", escaped(message), escaped(text));
}

/// A text of XML 1.0: what it does not allow at all is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Suite, TestCase, document};

    #[test]
    fn failures_and_errors_are_counted_and_escaped() {
        let case = |failure: Option<&str>, error: Option<&str>| TestCase {
            name: String::from("a < \"b\" & c"),
            group: String::from("p.ha.p"),
            failure: failure.map(String::from),
            error: error.map(String::from),
        };
        let cases = vec![case(None, None), case(Some("HA0910\n\n  × it is <so>\x1b\n"), None), case(None, Some("]]>"))];
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <testsuites name=\"handover\" tests=\"3\" failures=\"1\" errors=\"1\">\n\
            \x20 <testsuite name=\"p.ha\" tests=\"3\" failures=\"1\" errors=\"1\">\n\
            \x20   <testcase name=\"a &lt; &quot;b&quot; &amp; c\" classname=\"p.ha.p\"/>\n\
            \x20   <testcase name=\"a &lt; &quot;b&quot; &amp; c\" classname=\"p.ha.p\">\n\
            \x20     <failure message=\"it is &lt;so&gt;\">HA0910\n\n  × it is &lt;so&gt;\n</failure>\n    </testcase>\n\
            \x20   <testcase name=\"a &lt; &quot;b&quot; &amp; c\" classname=\"p.ha.p\">\n\
            \x20     <error message=\"\">]]&gt;</error>\n    </testcase>\n  </testsuite>\n</testsuites>\n";
        assert_eq!(document(&[Suite { name: String::from("p.ha"), cases }]), expected);
    }
}
