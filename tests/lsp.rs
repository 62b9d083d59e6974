//! The language server, driven as an editor drives it: a process, its pipes, and the protocol.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "lsp/answers.rs"]
mod answers;
#[path = "lsp/client.rs"]
mod client;
#[path = "lsp/editors.rs"]
mod editors;
#[path = "lsp/trouble.rs"]
mod trouble;

use client::{Client, place, under, uri};
use serde_json::{Value, json};
use std::fs;

const ESTATE: &str = "use std/net
use std/host
node a { host = \"a.example\"  power = \"a-ipmi.example\"  power_password = ipmi }
node b { host = \"b.example\" }
node admin { host = \"admin.example\" }
secret ipmi { env = \"IPMI_PASSWORD\" }
address portal { ip = \"192.0.2.10/24\"  interface = \"eth0\" }
";

const UNSAFE: &str = "use ./estate

plan take_over(primary: node = a, secondary: node = b) {
  given primary is up or down, secondary is up, admin is up, portal on primary
  goal  portal on secondary

  step let_go on primary {
    only if answers(primary, from: admin)
    do      drop_address(portal)
  }
  step take on secondary { do add_address(portal) }
}
";

/// A folder with an estate and a plan of it.
fn workspace() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("estate.ha"), ESTATE).unwrap();
    fs::write(folder.path().join("plan.ha"), UNSAFE).unwrap();
    let plan = uri(folder.path(), "plan.ha");
    (folder, plan)
}

fn codes(found: &[Value]) -> Vec<&str> {
    found.iter().map(|d| d["code"].as_str().unwrap()).collect()
}

#[test]
fn what_is_wrong_is_shown_while_it_is_written_and_the_proofs_follow() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    client.open(&plan, UNSAFE);
    assert!(client.diagnostics(&plan, 1).is_empty(), "the proofs come later");
    let proved = client.diagnostics(&plan, 1);
    assert_eq!(codes(&proved), ["HA0401"]);
    assert_eq!(under(UNSAFE, &proved[0]["range"]), "do add_address(portal)");
    let related = proved[0]["relatedInformation"].as_array().unwrap();
    assert!(related.iter().any(|r| r["location"]["uri"] == plan), "{related:#?}");
    assert!(related.iter().any(|r| r["location"]["uri"].as_str().unwrap().ends_with("/std/net.ha")), "{related:#?}");
    assert!(proved[0]["message"].as_str().unwrap().contains("power_off(primary)"), "{}", proved[0]["message"]);

    // A slip: at once, and the finding of the proof is not claimed any more.
    let start = UNSAFE.find("add_address").unwrap();
    let range = json!({ "start": place(UNSAFE, start), "end": place(UNSAFE, start + 3) });
    client.change(&plan, 2, json!([{ "range": range, "text": "ad" }]));
    let found = client.diagnostics(&plan, 2);
    assert_eq!(codes(&found), ["HA0101"]);
    let slip = UNSAFE.replace("add_address", "ad_address");
    assert_eq!(under(&slip, &found[0]["range"]), "ad_address");

    // What the estate says counts as it is in the editor, not as it is on disk.
    let estate = uri(folder.path(), "estate.ha");
    client.change(&plan, 3, json!([{ "text": UNSAFE }]));
    client.open(&estate, &ESTATE.replace("portal", "gateway"));
    let found = client.diagnostics_with(&plan, 3, |found| codes(found).contains(&"HA0101"));
    assert!(found.iter().any(|d| d["message"].as_str().unwrap().contains("portal")), "{found:#?}");
    client.tell("textDocument/didClose", json!({ "textDocument": { "uri": estate } }));
    client.diagnostics_with(&plan, 3, |found| found.is_empty());
    assert_eq!(client.leave().code(), Some(0));
}

#[test]
fn a_text_has_an_outline_a_layout_and_colours() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    let messy = UNSAFE.replace("    only if", "only   if").replace('\n', "\r\n");
    client.open(&plan, &messy);
    let document = json!({ "textDocument": { "uri": plan } });

    let symbols = client.ask("textDocument/documentSymbol", document.clone());
    assert_eq!(symbols[0]["name"], "take_over");
    let steps: Vec<&str> =
        symbols[0]["children"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(steps, ["let_go", "take"]);
    assert_eq!(under(&messy, &symbols[0]["children"][1]["selectionRange"]), "take");

    let found = client.ask("workspace/symbol", json!({ "query": "Adm" }));
    assert_eq!(found[0]["name"], "admin");
    assert_eq!(found[0]["location"]["uri"], uri(folder.path(), "estate.ha"));

    let options = json!({ "textDocument": { "uri": plan }, "options": { "tabSize": 2, "insertSpaces": true } });
    let edits = client.ask("textDocument/formatting", options.clone());
    client.change(&plan, 2, json!([{ "range": edits[0]["range"], "text": edits[0]["newText"] }]));
    assert_eq!(client.ask("textDocument/formatting", options), json!([]));

    let tokens = client.ask("textDocument/semanticTokens/full", document);
    let data = tokens["data"].as_array().unwrap();
    assert!(data.len() > 100 && data.len().is_multiple_of(5), "{data:?}");
    assert_eq!(data[..5], [0, 0, 3, 0, 0].map(Value::from), "`use` is a keyword");
    assert_eq!(client.leave().code(), Some(0));
}
