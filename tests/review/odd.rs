//! What a review says in odd places: tests that name what is gone, symbolic links, names of any kind, long commands, plans
//! that are gone, a repository without files.

use super::{Repository, handover};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

#[test]
fn a_step_that_is_gone_is_told_although_the_tests_that_name_it_do_not_compile() {
    let repository = Repository::new();
    repository.git(&["checkout", "-q", "main"]);
    let test =
        "test \"it is agreed\" {\n  plan failover(lost: pg1, to: pg2)\n  when agree fails\n  expect stopped\n}\n";
    repository.write("shop.ha", &format!("{}\n{test}", repository.read("shop.ha")));
    repository.commit("a test");
    repository.git(&["checkout", "-q", "-B", "change"]);
    let text = repository.read("shop.ha");
    let (from, to) = (text.find("  step agree").unwrap(), text.find("  step fence").unwrap());
    repository.write("shop.ha", &format!("{}{}", &text[..from], &text[to..]));
    let (exit, comment, _) = repository.handover(&["review", "--base", "main", "--format", "markdown"]);
    assert_eq!(exit, 1, "{comment}");
    assert!(comment.starts_with("## ❌ Does not compile: `shop.ha`"), "{comment}");
    let above = comment.split("<details>").next().unwrap();
    assert!(above.contains("HA0912: the plan has no step `agree`"), "{comment}");
    assert!(above.contains("**`failover`, and `failback` alike** in `shop.ha`\n\n- `agree`: "), "{comment}");
    let (_, text, _) = repository.handover(&["review", "--base", "main"]);
    assert!(text.starts_with("Does not compile: `shop.ha`\n"), "{text}");
    let (exit, text, error) = repository.handover(&["diff", "--base", "main", "shop.ha"]);
    assert_eq!((exit, error.as_str()), (1, ""), "{text}");
    assert!(text.contains("`agree`: ") && !text.contains("HA0912"), "{text}");
    // What does not compile is named first, and not what is wrong with the proof besides.
    repository.replace("shop.ha", "  step fence", "  step fence_gone");
    repository.replace("shop.ha", "    do power_off(lost)\n", "    tell \"off\"\n");
    let (_, comment, _) = repository.handover(&["review", "--base", "main", "--format", "markdown"]);
    assert!(comment.contains("\n- `shop.ha` cannot be compiled: HA0912: "), "{comment}");
    assert!(comment.contains("\n- not safe: HA0"), "{comment}");
}

#[test]
fn symbolic_links_are_followed_at_a_revision_as_in_the_folder() {
    let repository = Repository::new();
    fs::create_dir(repository.path("here")).unwrap();
    symlink("../shop.ha", repository.path("here/shop.ha")).unwrap();
    symlink("../estate.ha", repository.path("here/estate.ha")).unwrap();
    symlink("../storage.ha", repository.path("here/storage.ha")).unwrap();
    symlink("here", repository.path("there")).unwrap();
    for (link, to) in [("dangling.ha", "nowhere"), ("loop.ha", "loop.ha"), ("out.ha", "/etc/hostname")] {
        symlink(to, repository.path(link)).unwrap();
    }
    repository.commit("links");
    assert_eq!(repository.handover(&["review", "--base", "HEAD", "here", "there"]).0, 0);
    for plan in ["here/shop.ha", "there/shop.ha"] {
        let found = repository.handover(&["diff", &format!("HEAD:{plan}"), plan]);
        assert_eq!(found, (0, String::new(), String::new()), "{plan}");
        repository.replace("estate.ha", "192.0.2.10", "192.0.2.11");
        let (_, text, _) = repository.handover(&["diff", &format!("HEAD:{plan}"), plan]);
        assert!(text.contains("[-192.0.2.10/24-]{+192.0.2.11/24+}"), "{text}");
        repository.replace("estate.ha", "192.0.2.11", "192.0.2.10");
    }
    for link in ["loop.ha", "out.ha"] {
        let (exit, _, error) = repository.handover(&["diff", &format!("HEAD:{link}"), "shop.ha"]);
        assert_eq!(exit, 1, "{error}");
        assert!(
            error.contains(&format!("`{link}` is a symbolic link that leads nowhere in the repository")),
            "{error}"
        );
    }
    let (_, text, _) = repository.handover(&["diff", "HEAD:dangling.ha", "shop.ha"]);
    assert!(text.contains("failover: a new plan"), "{text}");
    let (exit, _, error) = repository.handover(&["diff", "HEAD:here", "shop.ha"]);
    assert!(exit == 1 && error.contains("`here` is a folder"), "{error}");
}

#[test]
fn any_name_of_a_file_is_looked_at_or_refused() {
    let repository = Repository::new();
    let names = ["a b", "it's", "-dash", "new\nline", "x:y", "quo\"te`|<b>", "café"];
    for name in names {
        fs::create_dir(repository.path(name)).unwrap();
        for file in ["estate.ha", "shop.ha", "storage.ha"] {
            repository.write(&format!("{name}/{file}"), &repository.read(file));
        }
    }
    repository.commit("folders");
    for name in names {
        repository.replace(&format!("{name}/estate.ha"), "192.0.2.10", "192.0.2.11");
    }
    let (_, json, _) = repository.handover(&["review", "--base", "HEAD", "--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let paths: Vec<&str> = json["files"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
    for name in names {
        assert!(paths.contains(&format!("{name}/shop.ha").as_str()), "{name}: {paths:?}");
    }
    assert!(json["files"].as_array().unwrap().iter().all(|f| f["plans"][0]["what"] == "changed"), "{json}");
    fs::write(repository.0.path().join(OsStr::from_bytes(b"caf\xe9.ha")), "").unwrap();
    let (exit, _, error) = repository.handover(&["review", "--base", "HEAD"]);
    assert!(exit == 2 && error.contains("is not UTF-8"), "{error}");
}

#[test]
fn the_place_where_long_commands_differ_is_above_the_fold() {
    let repository = Repository::new();
    let long = "x".repeat(50) + &" y".repeat(200);
    repository.replace("shop.ha", "nft -f /etc/shop/open.nft", &format!("{long} old {long}"));
    repository.commit("long");
    repository.replace("shop.ha", " old ", " new ");
    let (_, comment, _) = repository.handover(&["review", "--base", "HEAD", "--format", "markdown"]);
    let above = comment.split("<details>").next().unwrap();
    assert!(above.contains("y <del>old</del> <ins>new</ins> x"), "{above}");
    assert!(above.contains("<code>… y") && above.contains("y …</code>"), "{above}");
}

#[test]
fn a_plan_that_is_gone_is_something_given_up() {
    let repository = Repository::new();
    let text = repository.read("shop.ha");
    repository.write("shop.ha", text.split("plan failback").next().unwrap());
    let (exit, comment, _) = repository.handover(&["review", "--base", "main", "--format", "markdown"]);
    assert_eq!(exit, 0, "{comment}");
    assert!(comment.starts_with("## ⚠️ Proved safe, but something is given up\n"), "{comment}");
    assert!(comment.contains("**`failback`** in `shop.ha`: a removed plan of "), "{comment}");
}

#[test]
fn a_repository_without_files_has_nothing_to_review() {
    let repository = Repository::new();
    repository.git(&["clone", "-q", "--bare", ".", "bare"]);
    let (exit, _, error) = handover(&repository.path("bare"), &["review", "--base", "main"]);
    assert_eq!(exit, 2, "{error}");
    assert!(error.contains("this is a repository without a folder of files"), "{error}");
}

#[test]
fn a_pipe_that_is_called_like_a_plan_is_not_waited_for() {
    let repository = Repository::new();
    let made = std::process::Command::new("mkfifo").arg(repository.path("pipe.ha")).status().unwrap();
    assert!(made.success());
    assert_eq!(repository.handover(&["review", "--base", "main"]).0, 0);
    assert_eq!(repository.handover(&["check", "."]).0, 0);
}
