//! The documents hang together: every page is in the table of contents, every link leads somewhere.

use crate::{documents, read, root};

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for path in documents() {
        let page = read(&path);
        for link in page.split("](").skip(1).filter_map(|l| l.split([')', '#']).next()) {
            let outside = link.is_empty() || link.contains("://");
            if !outside && !root().join(path.parent().unwrap()).join(link).exists() {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
