//! Real editors with the settings of the documentation, without a screen: Neovim, and Emacs with eglot.

use super::{ESTATE, UNSAFE};
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What Neovim does with the plan, and says.
const NEOVIM: &str = r#"
local function say(...) io.stdout:write(table.concat({ ... }, " ") .. "\n") end
local function ask(method, more)
  local params = vim.tbl_extend("force", vim.lsp.util.make_position_params(), more or {})
  for _, answer in pairs(vim.lsp.buf_request_sync(0, method, params, 60000) or {}) do return answer.result end
end
local function codes() return vim.tbl_map(function(d) return d.code end, vim.diagnostic.get(0)) end
vim.wait(60000, function() return #codes() > 0 end, 20)
say("found", table.concat(codes(), ","))
vim.fn.search("do add_")
vim.fn.search("add_")
say("definition", (ask("textDocument/definition").uri:match("std/net.ha")))
say("hover", (ask("textDocument/hover").contents.value:match("acquires [^\n]*")))
say("completion", ask("textDocument/completion").items[1].label)
for _, edit in ipairs(ask("textDocument/formatting", { options = { tabSize = 2, insertSpaces = true } })) do
  vim.lsp.util.apply_text_edits({ edit }, 0, "utf-16")
end
say("formatted", vim.api.nvim_buf_get_lines(0, 0, 1, false)[1])
vim.cmd("qa!")
"#;

/// What Emacs does with the plan, and says.
const EMACS: &str = r#"
(package-initialize)
(require 'eglot)
(load-file "init.el")
(find-file "plan.ha")
(apply #'eglot--connect (eglot--guess-contact))
(let ((left 600))
  (while (and (> left 0) (null (flymake-diagnostics))) (accept-process-output nil 0.1) (setq left (1- left))))
(princ (format "found %s\n" (length (flymake-diagnostics))))
(goto-char (point-min))
(search-forward "do add_")
(let ((offers (nth 2 (eglot-completion-at-point))))
  (princ (format "completion %s\n" (substring-no-properties (car (all-completions "" offers))))))
(eglot-format-buffer)
(princ (format "formatted %s\n" (buffer-substring-no-properties 1 13)))
"#;

/// A folder with the plan, the settings and the script.
fn folder(settings: (&str, &str), script: (&str, &str)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let messy = UNSAFE.replacen("use ./estate", "use   ./estate", 1);
    for (name, text) in [("estate.ha", ESTATE), ("plan.ha", &messy), settings, script] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    for made in [".emacs.d", ".git"] {
        fs::create_dir(folder.path().join(made)).unwrap();
    }
    folder
}

/// What an editor says that runs in a folder, and knows the program by its name only.
fn said(editor: &str, arguments: &[&str], folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_handover")).parent().unwrap();
    let output = Command::new(editor)
        .args(arguments)
        .current_dir(folder)
        .env("PATH", format!("{}:{}", program.display(), env::var("PATH").unwrap()))
        .env("HOME", folder)
        .envs(["XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"].map(|name| (name, folder.join("xdg"))))
        .output()
        .unwrap();
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().replace('\r', "")
}

/// The longest block of settings in a language: of those for Neovim the one that all versions take.
fn settings(language: &str) -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/editors.md")).unwrap();
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap().to_owned()).max_by_key(String::len).unwrap()
}

/// Whether a command can be run.
fn has(command: &str, arguments: &[&str]) -> bool {
    let there = Command::new(command).args(arguments).output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("skipped: {command} is not installed, or lacks something");
    }
    there
}

#[test]
fn neovim_works_with_the_settings_of_the_documentation() {
    if !has("nvim", &["--version"]) {
        return;
    }
    let folder = folder(("init.lua", &settings("lua")), ("script.lua", NEOVIM));
    let arguments = ["--headless", "--clean", "-u", "init.lua", "plan.ha", "-c", "luafile script.lua"];
    assert_eq!(
        said("nvim", &arguments, folder.path()),
        "found HA0401\ndefinition std/net.ha\nhover acquires a on host\ncompletion add_address\nformatted use ./estate\n"
    );
}

#[test]
fn emacs_works_with_the_settings_of_the_documentation() {
    if !has("emacs", &["--batch", "--eval", "(progn (package-initialize) (require 'eglot))"]) {
        return;
    }
    let folder = folder(("init.el", &settings("elisp")), ("script.el", EMACS));
    let said = said("emacs", &["--batch", "-l", "script.el"], folder.path());
    assert_eq!(said, "found 1\ncompletion add_address\nformatted use ./estate\n");
}
