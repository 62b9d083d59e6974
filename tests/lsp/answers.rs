//! What an editor asks, and what it is answered.

use super::client::{Client, position, under, uri};
use super::{ESTATE, UNSAFE, codes, workspace};
use serde_json::{Value, json};
use std::fs;

fn labels(answer: &Value) -> Vec<&str> {
    answer["items"].as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap()).collect()
}

#[test]
fn completion_knows_the_position_and_replaces_what_was_begun() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    client.open(&plan, UNSAFE);
    let answer = client.ask("textDocument/completion", position(&plan, UNSAFE, "portal on se|condary\n"));
    assert_eq!(labels(&answer)[0], "secondary", "{answer}");
    assert_eq!(under(UNSAFE, &answer["items"][0]["textEdit"]["range"]), "secondary");
    let answer = client.ask("textDocument/completion", position(&plan, UNSAFE, "is up or |down"));
    assert!(labels(&answer).contains(&"up"), "{answer}");
    let answer = client.ask("textDocument/completion", position(&plan, UNSAFE, "do add_|address"));
    let add = &answer["items"][0];
    assert_eq!((&add["label"], &add["textEdit"]["newText"]), (&json!("add_address"), &json!("add_address")));
    assert!(add["documentation"]["value"].as_str().unwrap().contains("acquires"), "{add}");
    let answer = client.ask("textDocument/completion", position(&plan, UNSAFE, "use ./est|ate"));
    assert!(labels(&answer).contains(&"./estate") && labels(&answer).len() < 10, "{answer}");
    assert_eq!(client.leave().code(), Some(0));
}

#[test]
fn an_editor_that_fills_in_gets_places_to_do_so() {
    let (folder, plan) = workspace();
    let mut client = Client::start(folder.path());
    let can = json!({ "textDocument": { "completion": { "completionItem": { "snippetSupport": true } } } });
    client.ask("initialize", json!({ "rootUri": null, "capabilities": can }));
    client.open(&plan, UNSAFE);
    let answer = client.ask("textDocument/completion", position(&plan, UNSAFE, "do add_|address"));
    assert_eq!(answer["items"][0]["textEdit"]["newText"], "add_address(${1:a})");
    assert_eq!(client.leave().code(), Some(0));
}

#[test]
fn a_definition_is_found_in_the_estate_and_in_the_standard_library() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    client.open(&plan, UNSAFE);
    let there = client.ask("textDocument/definition", position(&plan, UNSAFE, "portal| on primary"));
    assert_eq!(there["uri"], uri(folder.path(), "estate.ha"));
    assert_eq!(under(ESTATE, &there["range"]), "portal");
    let there = client.ask("textDocument/definition", position(&plan, UNSAFE, "add_|address"));
    let library = there["uri"].as_str().unwrap().strip_prefix("file://").unwrap();
    let text = fs::read_to_string(library).unwrap();
    assert_eq!(under(&text, &there["range"]), "add_address");
    assert!(fs::metadata(library).unwrap().permissions().readonly());

    // The copy is the library: names in it lead on, and nothing is wrong with it.
    let copy = format!("file://{library}");
    client.open(&copy, &text);
    assert!(client.diagnostics(&copy, 1).is_empty());
    let there = client.ask("textDocument/definition", position(&copy, &text, "action add_address(a: addr|ess)"));
    assert!(there["uri"].as_str().unwrap().ends_with("/std/core.ha"), "{there}");
    assert_eq!(client.ask("textDocument/definition", position(&plan, UNSAFE, "|goal")), Value::Null);
    assert_eq!(client.leave().code(), Some(0));
}

#[test]
fn what_is_known_of_a_name_is_told_and_what_is_proved_of_a_step_once_it_is() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    let safe = UNSAFE.replace("\n    only if answers(primary, from: admin)", "").replace("is up or down", "is up");
    client.open(&plan, &safe);
    assert!(client.diagnostics(&plan, 1).is_empty());
    assert!(client.diagnostics(&plan, 1).is_empty());
    let told = client.ask("textDocument/hover", position(&plan, &safe, "step ta|ke"));
    assert_eq!(under(&safe, &told["range"]), "take");
    let value = told["contents"]["value"].as_str().unwrap();
    for part in ["step take on secondary", "wave 2 of 2", "brings `portal on b`", "proved: whatever happened before"] {
        assert!(value.contains(part), "no `{part}` in\n{value}");
    }
    let told = client.ask("textDocument/hover", position(&plan, &safe, "{|\n"));
    assert_eq!(told, Value::Null);

    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
    let hints = client.ask("textDocument/inlayHint", json!({ "textDocument": { "uri": plan }, "range": range }));
    let labels: Vec<&str> = hints.as_array().unwrap().iter().map(|hint| hint["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["wave 1", "wave 2"]);
    assert_eq!(client.leave().code(), Some(0));
}

/// A text after the edits that an answer proposes for it.
fn edited(text: &str, edits: &Value) -> String {
    let mut edits = edits.as_array().unwrap().clone();
    edits.sort_by_key(|edit| (edit["range"]["start"]["line"].as_u64(), edit["range"]["start"]["character"].as_u64()));
    let mut text = text.to_owned();
    for edit in edits.iter().rev() {
        let old = under(&text, &edit["range"]);
        let line: usize = text
            .split_inclusive('\n')
            .take(edit["range"]["start"]["line"].as_u64().unwrap() as usize)
            .map(str::len)
            .sum();
        let start = line + edit["range"]["start"]["character"].as_u64().unwrap() as usize;
        text.replace_range(start..start + old.len(), edit["newText"].as_str().unwrap());
    }
    text
}

#[test]
fn a_repair_that_the_prover_proposes_can_be_taken() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    client.open(&plan, UNSAFE);
    let found = client.diagnostics_with(&plan, 1, |found| codes(found) == ["HA0401"]);
    let asked =
        json!({ "textDocument": { "uri": plan }, "range": found[0]["range"], "context": { "diagnostics": [] } });
    let actions = client.ask("textDocument/codeAction", asked);
    assert!(actions[0]["title"].as_str().unwrap().contains("power_off(primary)"), "{actions}");
    assert_eq!(actions[0]["diagnostics"][0]["code"], "HA0401");
    let mended = edited(UNSAFE, &actions[0]["edit"]["changes"][&plan]);
    client.change(&plan, 2, json!([{ "text": mended }]));
    client.diagnostics(&plan, 2);
    let found = client.diagnostics(&plan, 2);
    assert!(!codes(&found).contains(&"HA0401"), "{found:#?}");
    assert_eq!(client.leave().code(), Some(0));
}

#[test]
fn a_slip_can_be_mended_at_once() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    let slip = UNSAFE.replace("add_address", "ad_address");
    client.open(&plan, &slip);
    let found = client.diagnostics(&plan, 1);
    let asked =
        json!({ "textDocument": { "uri": plan }, "range": found[0]["range"], "context": { "diagnostics": found } });
    let actions = client.ask("textDocument/codeAction", asked);
    assert_eq!(actions[0]["title"], "Replace `ad_address` by `add_address`");
    assert_eq!(edited(&slip, &actions[0]["edit"]["changes"][&plan]), UNSAFE);
    assert_eq!(client.leave().code(), Some(0));
}

#[test]
fn a_name_is_changed_in_every_file_or_not_at_all() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    client.open(&plan, UNSAFE);
    let estate = uri(folder.path(), "estate.ha");
    let mut asked = position(&plan, UNSAFE, "por|tal on primary");
    let found = client.ask("textDocument/prepareRename", asked.clone());
    assert_eq!(found["placeholder"], "portal");
    asked["newName"] = json!("gateway");
    let edit = client.ask("textDocument/rename", asked.clone());
    assert_eq!(edited(UNSAFE, &edit["changes"][&plan]), UNSAFE.replace("portal", "gateway"));
    assert_eq!(edited(ESTATE, &edit["changes"][&estate]), ESTATE.replace("portal", "gateway"));
    asked["newName"] = json!("admin");
    let refusal = client.refused("textDocument/rename", asked);
    assert!(refusal["message"].as_str().unwrap().contains("there is a thing `admin` already"), "{refusal}");
    let refusal = client.refused("textDocument/prepareRename", position(&plan, UNSAFE, "add_|address"));
    assert!(refusal["message"].as_str().unwrap().contains("library `std/net`"), "{refusal}");

    let mut asked = position(&plan, UNSAFE, "|primary: node");
    asked["context"] = json!({ "includeDeclaration": false });
    let found = client.ask("textDocument/references", asked.clone());
    assert_eq!(found.as_array().unwrap().len(), 4, "{found:#?}");
    let found = client.ask("textDocument/documentHighlight", asked);
    assert_eq!(found.as_array().unwrap().len(), 5, "{found:#?}");
    assert_eq!(client.leave().code(), Some(0));
}

#[test]
fn above_plans_and_tests_stands_what_can_be_done_with_them() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    let text = format!("{UNSAFE}test \"it moves\" {{ plan take_over()  expect completed }}\n");
    client.open(&plan, &text);
    let lenses = client.ask("textDocument/codeLens", json!({ "textDocument": { "uri": plan } }));
    assert_eq!(lenses[0]["command"]["command"], "handover.showGraph");
    assert_eq!(lenses[0]["command"]["arguments"], json!([plan, "take_over"]));
    assert_eq!(lenses[1]["command"]["command"], "handover.runTest");
    assert_eq!(lenses[1]["command"]["arguments"], json!([plan, "it moves"]));
    assert_eq!(client.leave().code(), Some(0));
}
