//! What a good editor never does, and what happens to everybody: nothing of it ends the server.

use super::client::{Client, place, position, under, uri};
use super::{UNSAFE, codes, workspace};
use handover::lsp::{Ended, serve};
use serde_json::{Value, json};
use std::fs;
use std::io::{self, Write};

/// The server still knows the text, and answers.
fn check_alive(client: &mut Client, plan: &str, name: &str) {
    let symbols = client.ask("textDocument/documentSymbol", json!({ "textDocument": { "uri": plan } }));
    assert_eq!(symbols[0]["name"], name);
}

#[test]
fn what_is_no_message_is_told_and_skipped() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    client.open(&plan, UNSAFE);
    for raw in [
        "Content-Length: 9\r\n\r\n{not json",
        "Content-Length: x\r\n\r\n",
        "Nonsense\r\n\r\n",
        "Content-Length: 2\r\n\r\n[]",
    ] {
        client.raw(raw.as_bytes());
        let told = client.wait(|m| m["id"].is_null() && m.get("error").is_some());
        assert_eq!(told["error"]["code"], -32700, "{told}");
    }
    check_alive(&mut client, &plan, "take_over");
    assert_eq!(client.refused("textDocument/hover", json!({ "nonsense": 1 }))["code"], -32602);
    assert_eq!(client.refused("textDocument/hover", json!(null))["code"], -32602);
    assert_eq!(client.refused("textDocument/telepathy", json!({}))["code"], -32601);
    client.tell("textDocument/didChange", json!({ "textDocument": 7 }));
    client.wait(|m| m["method"] == "window/showMessage");
    client.tell("$/whatever", json!({}));
    check_alive(&mut client, &plan, "take_over");
    assert_eq!(client.leave().code(), Some(0));
}

#[test]
fn nothing_is_answered_before_hello_or_after_goodbye() {
    let (folder, plan) = workspace();
    let mut client = Client::start(folder.path());
    let asked = position(&plan, UNSAFE, "|use");
    assert_eq!(client.refused("textDocument/hover", asked.clone())["code"], -32002);
    client.open(&plan, UNSAFE);
    client.ask("initialize", json!({ "capabilities": {} }));
    assert_eq!(client.refused("initialize", json!({ "capabilities": {} }))["code"], -32600);
    client.ask("shutdown", Value::Null);
    assert_eq!(client.refused("textDocument/hover", asked)["code"], -32600);
    client.tell("exit", Value::Null);
    assert_eq!(client.ended().code(), Some(0));
}

#[test]
fn an_editor_that_goes_without_a_word_leaves_no_server() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    client.open(&plan, UNSAFE);
    assert_eq!(client.vanish().code(), Some(1));
    let mut client = Client::introduced(folder.path());
    client.tell("exit", Value::Null);
    assert_eq!(client.ended().code(), Some(1), "it has not asked to come to an end");
    let mut client = Client::introduced(folder.path());
    client.raw(b"Content-Length: 1000\r\n\r\n{\"jsonrpc\"");
    assert_eq!(client.vanish().code(), Some(1));
}

#[test]
fn goodbye_and_a_closed_pipe_in_one_breath_are_goodbye() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    client.open(&plan, UNSAFE);
    for _ in 0..3_000 {
        client.tell("$/whatever", json!({}));
    }
    client.begin("shutdown", Value::Null);
    client.tell("exit", Value::Null);
    assert_eq!(client.vanish().code(), Some(0));
}

#[test]
fn edits_that_do_not_fit_are_refused_until_the_text_is_known_again() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    client.open(&plan, UNSAFE);
    let insert = |at: u32, text: &str| {
        let spot = json!({ "line": at, "character": 0 });
        json!([{ "range": { "start": spot, "end": spot }, "text": text }])
    };
    client.change(&plan, 5, insert(0, "# five\n"));
    client.change(&plan, 4, insert(0, "# four\n"));
    let told = client.wait(|m| m["method"] == "window/showMessage");
    assert!(told["params"]["message"].as_str().unwrap().contains("edit 4"), "{told}");
    client.change(&plan, 6, insert(0, "garbage {{{\n"));
    check_alive(&mut client, &plan, "take_over");
    let renamed = UNSAFE.replace("take_over", "moved");
    client.tell("textDocument/didSave", json!({ "textDocument": { "uri": plan }, "text": renamed }));
    check_alive(&mut client, &plan, "moved");
    client.change(&plan, 7, insert(0, "\n"));
    client.diagnostics_with(&plan, 7, |found| codes(found) == ["HA0401"]);

    let nowhere = uri(folder.path(), "nowhere.ha");
    client.change(&nowhere, 2, insert(0, "x"));
    let told = client.wait(|m| m["method"] == "window/showMessage");
    assert!(told["params"]["message"].as_str().unwrap().contains("is not open"), "{told}");
    let refusal = client.refused("textDocument/hover", position(&nowhere, "x", "|x"));
    assert!(refusal["message"].as_str().unwrap().contains("cannot be read"), "{refusal}");
    assert_eq!(client.leave().code(), Some(0));
}

#[test]
fn ranges_outside_the_text_are_the_nearest_inside() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    client.open(&plan, UNSAFE);
    let far = json!({ "line": 9_999_999, "character": 4_294_967_295_u32 });
    client.change(&plan, 2, json!([{ "range": { "start": far, "end": far }, "text": "plan last() { }\n" }]));
    let found = client.ask("workspace/symbol", json!({ "query": "last" }));
    assert_eq!(found[0]["name"], "last");
    let turned = json!({ "start": { "line": 2, "character": 4 }, "end": { "line": 0, "character": 0 } });
    client.change(&plan, 3, json!([{ "range": turned, "text": "" }]));
    for method in ["hover", "definition", "completion", "documentHighlight"] {
        client.ask(&format!("textDocument/{method}"), json!({ "textDocument": { "uri": plan }, "position": far }));
    }
    let asked = json!({ "textDocument": { "uri": plan }, "range": { "start": far, "end": far }, "context": {} });
    assert_eq!(client.ask("textDocument/codeAction", asked), json!([]));
    assert_eq!(client.leave().code(), Some(0));
}

#[test]
fn what_is_cancelled_in_time_is_not_done_and_the_rest_is() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    client.open(&plan, UNSAFE);
    let asked = json!({ "textDocument": { "uri": plan } });
    let ids: Vec<i64> = (0..40).map(|_| client.begin("textDocument/semanticTokens/full", asked.clone())).collect();
    for id in ids.iter().rev() {
        client.tell("$/cancelRequest", json!({ "id": id }));
    }
    for id in ids {
        let response = client.response(id);
        assert!(response.get("result").is_some() || response["error"]["code"] == -32800, "{response}");
    }
    client.tell("$/cancelRequest", json!({ "id": 12345 }));
    client.tell("$/cancelRequest", json!(null));
    check_alive(&mut client, &plan, "take_over");
    assert_eq!(client.leave().code(), Some(0));
}

#[test]
fn characters_are_counted_as_the_editor_counts_them() {
    let (folder, plan) = workspace();
    let text = "\u{feff}plan p() {\r\n  given a is up # \u{1F600}\u{1F600}\r\n  step x \"\u{1F600} \u{e9}\" on nobody { run \"true\" }\r\n}\r\n";
    let mut client = Client::introduced(folder.path());
    client.open(&plan, text);
    let found = client.diagnostics(&plan, 1);
    let nobody = found.iter().find(|d| d["message"].as_str().unwrap().contains("nobody")).unwrap();
    assert_eq!(under(text, &nobody["range"]), "nobody");
    let line = "  step x \"\u{1F600} \u{e9}\" on ";
    assert_eq!(nobody["range"]["start"], json!({ "line": 2, "character": line.encode_utf16().count() }));
    // Between the two halves of a character is before it.
    let at = json!({ "line": 2, "character": 11 });
    client.change(&plan, 2, json!([{ "range": { "start": at, "end": at }, "text": "!" }]));
    let found = client.diagnostics(&plan, 2);
    assert!(found.iter().any(|d| d["range"]["start"]["line"] == 2));
    assert_eq!(client.leave().code(), Some(0));

    let mut client = Client::start(folder.path());
    let can = json!({ "general": { "positionEncodings": ["utf-8", "utf-16"] } });
    let answer = client.ask("initialize", json!({ "capabilities": can }));
    assert_eq!(answer["capabilities"]["positionEncoding"], "utf-8");
    client.open(&plan, text);
    let found = client.diagnostics(&plan, 1);
    let nobody = found.iter().find(|d| d["message"].as_str().unwrap().contains("nobody")).unwrap();
    assert_eq!(nobody["range"]["start"], json!({ "line": 2, "character": line.len() }));
    assert_eq!(client.leave().code(), Some(0));
}

#[test]
fn a_line_of_a_megabyte_and_a_text_that_is_never_saved_are_texts() {
    let (folder, plan) = workspace();
    let mut client = Client::introduced(folder.path());
    let long = format!(
        "use ./estate\nplan p() {{ given a is up  step x on a {{ run \"{}\" }} }}\n",
        "\u{1F600}x".repeat(1 << 18)
    );
    client.open(&plan, &long);
    client.diagnostics(&plan, 1);
    let end = place(&long, long.find("run").unwrap());
    client.change(&plan, 2, json!([{ "range": { "start": end, "end": end }, "text": " " }]));
    client.diagnostics(&plan, 2);
    check_alive(&mut client, &plan, "p");
    client.ask("textDocument/semanticTokens/full", json!({ "textDocument": { "uri": plan } }));

    client.open("untitled:Untitled-1", "plan q() { given nobody is up }");
    let found = client.diagnostics("untitled:Untitled-1", 1);
    assert!(found[0]["message"].as_str().unwrap().contains("nobody"), "{found:?}");
    check_alive(&mut client, "untitled:Untitled-1", "q");
    client.tell("textDocument/didClose", json!({ "textDocument": { "uri": "untitled:Untitled-1" } }));
    client.tell("textDocument/didClose", json!({ "textDocument": { "uri": "untitled:Untitled-1" } }));
    client.wait(|m| m["method"] == "window/showMessage");
    assert_eq!(client.leave().code(), Some(0));
}

#[test]
fn what_others_change_on_disk_is_seen_when_the_editor_says_so() {
    let (folder, plan) = workspace();
    let mut client = Client::start(folder.path());
    let can = json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    client.ask("initialize", json!({ "capabilities": can }));
    client.tell("initialized", json!({}));
    let asked = client.wait(|m| m["method"] == "client/registerCapability");
    assert_eq!(asked["params"]["registrations"][0]["registerOptions"]["watchers"][0]["globPattern"], "**/*.ha");
    client.open(&plan, UNSAFE);
    client.diagnostics_with(&plan, 1, |found| codes(found) == ["HA0401"]);
    fs::write(folder.path().join("estate.ha"), "use std/net\n").unwrap();
    client.tell("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
    client.diagnostics_with(&plan, 1, |found| codes(found).contains(&"HA0101"));
    assert_eq!(client.leave().code(), Some(0));
}

/// An editor that has died with its own input still open, as when somebody else holds the other end.
#[test]
fn an_editor_that_does_not_listen_any_more_is_not_waited_for() {
    struct Deaf;
    impl Write for Deaf {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (input, mut open) = io::pipe().unwrap();
    let message =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "capabilities": {} } }).to_string();
    write!(open, "Content-Length: {}\r\n\r\n{message}", message.len()).unwrap();
    assert_eq!(serve(io::BufReader::new(input), Deaf).unwrap(), Ended::Abruptly);
    drop(open);
}
