//! `handover fmt`: nothing but white space changes, twice is once, every comment stays, and our own texts are formatted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use handover::base::FileId;
use handover::bytecode::{Place, Program};
use handover::format::{Formatted, format};
use handover::session::{FileError, Files, Request, compile};
use handover::syntax::outline::{Part, outline};
use handover::syntax::parse;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::sample::Index;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Folders whose files are in the canonical form.
const OURS: [&str; 6] = ["examples", "stdlib", "tests/accidents", "tests/listings", "tests/plans", "tests/verdicts"];

/// The `.ha` files in a folder and below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false if path.extension().is_some_and(|e| e == "ha") => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

/// Every `.ha` file of the repository.
fn all() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found: Vec<PathBuf> = ["examples", "stdlib", "tests"].iter().flat_map(|f| files(&root.join(f))).collect();
    assert!(found.len() > 100, "the repository has more files than that: {found:?}");
    found
}

/// The tree of a text without the places in it.
fn tree(text: &str) -> String {
    let shown = format!("{:#?}", parse(FileId(0), text).0.items);
    let is_place = |line: &str| {
        let last = line.rsplit(' ').next().unwrap().trim_end_matches(',');
        last.split_once(':')
            .and_then(|(_, range)| range.split_once(".."))
            .is_some_and(|(from, to)| from.parse::<usize>().is_ok() && to.parse::<usize>().is_ok())
    };
    shown.lines().filter(|line| !is_place(line)).collect::<Vec<_>>().join("\n")
}

/// The comments of a text.
fn comments(text: &str) -> Vec<&str> {
    let spans = parse(FileId(0), text).0.comments;
    spans.iter().map(|span| text[span.start as usize..span.end as usize].trim_end()).collect()
}

/// Formats, and holds the result to what formatting promises.
#[track_caller]
fn formatted(text: &str) -> Formatted {
    let once = format(text).unwrap_or_else(|_| panic!("formatting is refused: {text:?}"));
    let twice = format(&once.text).unwrap();
    assert_eq!(twice.text, once.text, "formatting twice is formatting once");
    assert_eq!(twice.left.len(), once.left.len());
    assert_eq!(comments(&once.text), comments(text));
    let (before, after) = (tree(text), tree(&once.text));
    let differs = before.lines().zip(after.lines()).position(|(a, b)| a != b);
    assert!(before == after, "line {differs:?} of the tree of {text:?}");
    once
}

#[test]
fn every_file_keeps_its_tree_and_its_comments() {
    for path in all() {
        let text = fs::read_to_string(&path).unwrap();
        let got = formatted(&text);
        let broken = outline(&text).parts.iter().filter(|part| matches!(part, Part::Broken(..))).count();
        assert_eq!(got.left.len(), broken, "{}", path.display());
    }
}

#[test]
fn our_own_texts_are_formatted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let texts = OURS.iter().flat_map(|folder| files(&root.join(folder)));
    let wrong: Vec<PathBuf> = texts
        .filter(|path| fs::read_to_string(path).unwrap() != format(&fs::read_to_string(path).unwrap()).unwrap().text)
        .collect();
    assert!(wrong.is_empty(), "`handover fmt` changes {wrong:#?}");
}

/// The files of a folder, some of them replaced.
struct Changed(BTreeMap<PathBuf, String>);

impl Files for Changed {
    fn read(&self, path: &str) -> Result<String, FileError> {
        let path = fs::canonicalize(path).map_err(|_| FileError::Missing)?;
        Ok(self.0.get(&path).cloned().unwrap_or_else(|| fs::read_to_string(&path).unwrap()))
    }
}

/// The programs of a file, without what says where their parts stand.
fn programs(files: &Changed, path: &Path) -> Vec<Program> {
    let found = compile(files, path.to_str().unwrap(), &Request { everything: true, ..Request::default() });
    let bare = |mut program: Program| {
        program.sources.clear();
        program.code.iter_mut().for_each(|instr| instr.place = Place::default());
        program
    };
    found.plans.into_iter().map(|plan| bare(plan.program)).collect()
}

/// A text with as little white space as it can have, a clause a line where a comment asks for it.
fn squeezed(text: &str) -> String {
    let outline = outline(text);
    let spaced = outline.tokens.windows(2).flat_map(|pair| {
        let space = if pair[0].is_comment() {
            "\n"
        } else if pair[1].glued {
            ""
        } else {
            " "
        };
        [space, pair[1].text]
    });
    outline.tokens.first().map(|token| token.text).into_iter().chain(spaced).collect()
}

#[test]
fn a_formatted_text_compiles_to_the_same_program() {
    let mut compared = 0;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in ["examples", "tests/listings", "tests/plans"].iter().flat_map(|folder| files(&root.join(folder))) {
        let before = programs(&Changed(BTreeMap::new()), &path);
        if !before.is_empty() {
            let text = formatted(&squeezed(&fs::read_to_string(&path).unwrap())).text;
            let changed = Changed(BTreeMap::from([(path.clone(), text)]));
            assert_eq!(programs(&changed, &path), before, "{}", path.display());
        }
        compared += before.len();
    }
    assert!(compared > 20, "{compared} programs");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn any_white_space_and_any_comments_are_survived(
        file in any::<Index>(), spaces in vec(0_usize..40, 1..400)
    ) {
        let files = all();
        let text = fs::read_to_string(file.get(&files)).unwrap();
        let original = outline(&text);
        if original.parts.iter().any(|part| matches!(part, Part::Broken(..))) {
            return Ok(());
        }
        let mut changed = String::new();
        let mut end = 0;
        for (token, choice) in original.tokens.iter().zip(spaces.iter().cycle()) {
            let own = &text[end..token.start];
            changed.push_str(match choice {
                _ if end == 0 || token.glued => own,
                0 => "\n",
                1 => "\r\n\t \r\n\n",
                2 => " # a note, \"\"\" { \n",
                3 => "\n # two\n\n# notes }\n",
                4 | 5 if !own.contains('\n') => "    ",
                6 if !own.contains('\n') => "\t",
                _ => own,
            });
            changed.push_str(token.text);
            end = token.end();
        }
        let got = formatted(&changed);
        assert!(got.left.is_empty(), "{changed}");
        let blocks = got.text.contains("\"\"\"");
        assert!(blocks || got.text.lines().all(|line| !line.ends_with(' ')), "white space at the end of a line: {changed}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_mistakes_are_survived(
        file in any::<Index>(), cuts in vec((any::<Index>(), 0_usize..30, any::<Index>()), 1..6)
    ) {
        let files = all();
        let mut text = fs::read_to_string(file.get(&files)).unwrap();
        let puts = ["", "", " ", "\n", "{", "}", "(", "]", "\"", "\"\"\"", " # ", "\nplan ", " step ", ",", "otherwise ", "\u{a0}"];
        for (at, len, put) in cuts {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let first = at.index(places.len());
            let end = places[(first + len).min(places.len() - 1)];
            text.replace_range(places[first]..end, puts[put.index(puts.len())]);
        }
        let once = format(&text).unwrap_or_else(|_| panic!("formatting is refused: {text:?}"));
        assert!(outline(&once.text).is_same(&outline(&text)), "{text:?}");
        assert_eq!(format(&once.text).unwrap().text, once.text, "{text:?}");
    }
}

#[test]
fn what_is_put_anyhow_gets_the_canonical_form() {
    let text = "\u{feff}

use std/net # addresses
kind a{states x,y  rests   in x}
action  b( c :a )on d : node\"B\"{needs d is up run \"1\"
# why
verify \"2\" # really


usually 3s idempotent }
node  n   {}
node longer { }
site s { host=\"x\"

  a_long_name=[ 1,2 ]
}
plan p ( ) {
given n is up

goal   a on n, # first
b on n
let x=if y then z else w


step q\"Q\"on n { do b ( e ) }   otherwise{
step r{ if possible ask\"?\" }
}
# between
finally { step t on one of [n] where u(it) and it is up { if it fails retry from q,up to 3 times within 2m ,then kill } }
# the end of the plan

}
# the end
";
    let expected = "\
use std/net  # addresses
kind a { states x, y  rests in x }
action b(c: a) on d: node \"B\" {
  needs    d is up
  run      \"1\"
  # why
  verify   \"2\"  # really

  usually 3s
  idempotent
}
node n      {}
node longer {}
site s {
  host = \"x\"

  a_long_name = [1, 2]
}
plan p() {
  given n is up

  goal   a on n,  # first
         b on n
  let    x = if y then z else w

  step q \"Q\" on n { do b(e) } otherwise {
    step r { if possible  ask \"?\" }
  }
  # between
  finally {
    step t on one of [n] where u(it) and it is up { if it fails retry from q, up to 3 times  within 2m, then kill }
  }
  # the end of the plan
}
# the end
";
    assert_eq!(formatted(text).text, expected);
}

#[test]
fn a_text_with_two_versions_of_its_lines_is_left_alone() {
    let text = "node   a {}\n<<<<<<< HEAD\nnode  b {}\n=======\nnode  c {}\n>>>>>>> topic\n";
    let formatted = format(text).unwrap();
    assert_eq!((formatted.text.as_str(), &formatted.left[..]), (text, &[0][..]));
    let underlined = "# Heading\n# =======\nnode   a {}\n";
    assert_eq!(format(underlined).unwrap().text, underlined.replace("   ", " "));
}

#[test]
fn what_has_mistakes_is_left_and_the_rest_is_formatted() {
    let text = "node  a{}\n  plan p( ) { stpe  x { } }\nnode b{ host=\"b\" }   # why\nkind k { states  x\n";
    let got = formatted(text);
    assert_eq!(
        got.text,
        "node a {}\n  plan p( ) { stpe  x { } }\nnode b { host = \"b\" }  # why\nkind k { states  x\n"
    );
    assert_eq!(got.left, [12, 65]);
    // Here the indentation says where the first item ends.
    let text = "plan p() {\n  step a {\n    run \"x\"\n  step b { }\n}\n  node   c{}\n";
    assert!(formatted(text).left.len() == 1);
}

/// Runs `handover fmt` with this on its standard input.
fn fmt(folder: &Path, args: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
    command.arg("fmt").args(args).current_dir(folder).env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // What is refused early is not read to its end.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// The exit code and what was printed.
fn told(output: &Output) -> (i32, &str, &str) {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn files_are_written_only_where_something_changes_and_keep_their_permissions() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("good.ha"), folder.path().join("sub/bad.ha"));
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::write(&good, "node a {}\n").unwrap();
    fs::write(&bad, "node a{}").unwrap();
    fs::set_permissions(&bad, fs::Permissions::from_mode(0o640)).unwrap();
    let inode = fs::metadata(&good).unwrap().ino();

    let output = fmt(folder.path(), &["--check", "."], b"");
    let difference = "--- ./sub/bad.ha\n+++ ./sub/bad.ha (formatted)\n@@ -1,1 +1,1 @@\n-node a{}\n\
                      \\ No newline at end of file\n+node a {}\n";
    assert_eq!(told(&output), (1, difference, "1 of 2 files would change\n"));
    assert_eq!(fs::read_to_string(&bad).unwrap(), "node a{}");

    let output = fmt(folder.path(), &[".", "good.ha"], b"");
    assert_eq!(told(&output), (0, "", "1 of 3 files changed\n"));
    assert_eq!(fs::read_to_string(&bad).unwrap(), "node a {}\n");
    assert_eq!(fs::metadata(&bad).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::metadata(&good).unwrap().ino(), inode, "a file that is in order is not touched");
    assert_eq!(told(&fmt(folder.path(), &["--check", "."], b"")), (0, "", ""));
}

#[test]
fn editors_send_a_text_and_get_it_back() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["-"][..], &["--stdin"]] {
        assert_eq!(told(&fmt(folder.path(), args, b"node a{}\r\n")), (0, "node a {}\n", ""));
    }
    let output = fmt(folder.path(), &["--check", "-"], b"node a{}\n");
    let (code, difference, _) = told(&output);
    assert_eq!((code, difference.lines().count()), (1, 5));
    let mistaken = fmt(folder.path(), &["-"], b"node a{}\n\nplan p {}\nplan  q {}\n");
    let why = "<stdin>:3: what begins here has mistakes and is left as it is, and 1 more like it: \
               `handover check` explains them\n";
    assert_eq!(told(&mistaken), (1, "node a {}\n\nplan p {}\nplan  q {}\n", why));
}

#[test]
fn what_cannot_be_read_or_written_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let large = vec![b'#'; handover::base::limits::SOURCE_BYTES + 1];
    fs::write(folder.path().join("large.ha"), &large).unwrap();
    fs::write(folder.path().join("a.ha"), "node a{}").unwrap();
    let cases: [(&[&str], &[u8], &str); 6] = [
        (&["no.ha"], b"", "`no.ha` does not exist"),
        (&["empty"], b"", "the folder `empty` has no `.ha` file"),
        (&["large.ha"], b"", "`large.ha` is larger than"),
        (&["-"], b"\xff", "standard input is not UTF-8 text"),
        (&["-"], &large, "standard input is larger than"),
        (&["--check", "/proc/self/mem"], b"", "cannot be read"),
    ];
    for (args, input, expected) in cases {
        let output = fmt(folder.path(), &[args, &["a.ha"]].concat(), input);
        let (code, _, why) = told(&output);
        assert!(code == 1 && why.contains(expected), "{args:?}: {code} {why}");
    }
    assert_eq!(fs::read_to_string(folder.path().join("a.ha")).unwrap(), "node a {}\n", "the others are formatted");
    assert_eq!(told(&fmt(folder.path(), &[], b"")).0, 2);
}
