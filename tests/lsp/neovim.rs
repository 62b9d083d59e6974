//! A real editor with the settings of the documentation: Neovim, without a screen.

use super::{ESTATE, UNSAFE};
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What it does with the plan, and says.
const SCRIPT: &str = r#"
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
vim.api.nvim_buf_set_lines(0, 0, 1, false, { "use   ./estate" })
vim.wait(60000, function() return #codes() > 0 end, 20)
for _, edit in ipairs(ask("textDocument/formatting", { options = { tabSize = 2, insertSpaces = true } })) do
  vim.lsp.util.apply_text_edits({ edit }, 0, "utf-16")
end
say("formatted", vim.api.nvim_buf_get_lines(0, 0, 1, false)[1])
vim.cmd("qa!")
"#;

/// The settings of the documentation that this version of Neovim takes: the longer ones work with all of them.
fn settings() -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/editors.md")).unwrap();
    let blocks = page.split("```lua\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.max_by_key(String::len).unwrap()
}

#[test]
fn neovim_works_with_the_settings_of_the_documentation() {
    if Command::new("nvim").arg("--version").output().is_err() {
        eprintln!("skipped: Neovim is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    file("estate.ha", ESTATE);
    file("plan.ha", UNSAFE);
    file("init.lua", &settings());
    file("script.lua", SCRIPT);
    let program = Path::new(env!("CARGO_BIN_EXE_handover")).parent().unwrap();
    let path = format!("{}:{}", program.display(), env::var("PATH").unwrap());
    let output = Command::new("nvim")
        .args(["--headless", "--clean", "-u", "init.lua", "plan.ha", "-c", "luafile script.lua"])
        .current_dir(folder.path())
        .env("PATH", path)
        .envs(["XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"].map(|name| (name, folder.path().join("xdg"))))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let expected = "found HA0401\ndefinition std/net.ha\nhover acquires a on host\ncompletion add_address\nformatted use ./estate\n";
    assert_eq!(said.replace('\r', ""), expected, "{}", String::from_utf8_lossy(&output.stderr));
}
