//! The documents hang together, on a page of the repository as well as on the site that mdBook makes of `docs/`.

use crate::{documents, read, root};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

/// The links of a page: their paths as they are seen from the root (the page itself for none) and their anchors.
fn links(page: &Path) -> Vec<(PathBuf, String)> {
    let text = prose(&read(page));
    let found = text.split("](").skip(1).filter_map(|l| l.split(')').next()).filter(|l| !l.contains("://"));
    let link = |link: &str| {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = if path.is_empty() { page.to_owned() } else { plain(&page.parent().unwrap().join(path)) };
        (target, anchor.to_owned())
    };
    found.map(link).collect()
}

/// A page without what stands in its fences, where a bracket is no link and a `#` no heading.
fn prose(page: &str) -> String {
    page.split("```").step_by(2).collect()
}

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => _ = plain.pop(),
            part => plain.push(part),
        }
        plain
    })
}

/// The anchors of a page's headings, by the rule that GitHub and mdBook share.
fn anchors(page: &Path) -> BTreeSet<String> {
    let text = prose(&read(page));
    let headings = text.lines().filter(|l| l.starts_with('#')).map(|l| l.trim_start_matches('#').trim().to_lowercase());
    let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
    headings.map(|h| h.chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for path in documents() {
        for (target, anchor) in links(&path) {
            let there = root().join(&target).exists();
            if !there || !anchor.is_empty() && !anchors(&target).contains(&anchor) {
                broken.push(format!("{}: {}#{anchor}", path.display(), target.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// On the site there are the pages of `docs/`, and nothing else.
#[test]
fn documents_lead_to_documents() {
    let pages: Vec<PathBuf> = documents().into_iter().filter(|p| p.starts_with("docs")).collect();
    for page in &pages {
        if let Some((target, _)) = links(page).into_iter().find(|(to, _)| !pages.contains(to)) {
            panic!("{}: on the site there is no {}; name it without a link", page.display(), target.display());
        }
    }
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let contents = PathBuf::from("docs/SUMMARY.md");
    let listed: Vec<PathBuf> = links(&contents).into_iter().map(|(path, _)| path).collect();
    for page in documents().iter().filter(|p| p.starts_with("docs") && **p != contents) {
        let times = listed.iter().filter(|l| *l == page).count();
        assert_eq!(
            times,
            1,
            "{}: each page stands in docs/SUMMARY.md once; add yours to the part it belongs to",
            page.display()
        );
    }
}

#[test]
fn the_site_is_built_and_loads_nothing_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let built = Command::new("mdbook").args(["build", "--dest-dir"]).arg(folder.path()).arg(root()).output();
    let Ok(built) = built else {
        eprintln!("skipped: mdbook is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&built.stderr).into_owned() + &String::from_utf8_lossy(&built.stdout);
    assert!(built.status.success() && !said.contains("WARN"), "{said}");
    let page = std::fs::read_to_string(folder.path().join("tutorial.html")).unwrap();
    for (sign, end) in [("src=\"", '"'), ("<link ", '>'), ("url(", ')')] {
        for asset in page.split(sign).skip(1).map(|a| a.split(end).next().unwrap()) {
            assert!(!asset.contains("://"), "{asset}");
        }
    }
    let named: Vec<&str> = page.split("ha-").skip(1).filter_map(|a| a.split('"').next()).collect();
    assert!(page.contains("docs/site/ha") && named.iter().any(|n| n.ends_with(".js")), "the colours are loaded");
    for (path, anchor) in documents().iter().filter(|p| p.starts_with("docs")).flat_map(|p| links(p)) {
        let page = folder.path().join(path.strip_prefix("docs").unwrap()).with_extension("html");
        let page = if path.ends_with("README.md") { page.with_file_name("index.html") } else { page };
        let text = std::fs::read_to_string(&page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
        assert!(anchor.is_empty() || text.contains(&format!("id=\"{anchor}\"")), "{}#{anchor}", page.display());
    }
}
