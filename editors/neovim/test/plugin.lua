-- Whether a plan is one to Neovim, and the language server finds what is wrong with it:
-- nvim --headless -u NONE -c 'set rtp^=. | filetype plugin on' -c 'luafile test/plugin.lua'
-- HANDOVER is the program.

local function check(what, wanted, found)
  if wanted ~= found then
    error(("%s: %s instead of %s"):format(what, vim.inspect(found), vim.inspect(wanted)))
  end
end

local function test()
  local root = vim.fn.resolve(vim.fn.tempname())
  vim.fn.mkdir(root .. "/.git", "p")
  vim.fn.mkdir(root .. "/plans")
  local plan = root .. "/plans/move.ha"
  vim.fn.writefile({ "plan move( {}" }, plan)

  local said = {}
  vim.notify_once = function(text)
    table.insert(said, text)
  end
  vim.g.handover_program = "/no/such/program"
  vim.cmd("edit " .. plan)
  check("said", "There is no program `/no/such/program`: install handover, or set vim.g.handover_program", said[1])

  vim.g.handover_program = vim.env.HANDOVER
  vim.cmd("edit")
  check("filetype", "handover", vim.bo.filetype)
  check("commentstring", "# %s", vim.bo.commentstring)
  check("queries", 1, #vim.api.nvim_get_runtime_file("queries/handover/highlights.scm", true))
  check("diagnostics", true, vim.wait(20000, function()
    return #vim.diagnostic.get(0) > 0
  end))
  check("a code", "HA0", tostring(vim.diagnostic.get(0)[1].code):sub(1, 3))

  check("the workspace", root, (vim.lsp.get_clients or vim.lsp.get_active_clients)()[1].config.root_dir)

  local arguments = { vim.uri_from_fname(plan), "move" }
  local notified
  vim.notify = function(text)
    notified = text
  end
  vim.lsp.commands["handover.showGraph"]({ arguments = arguments })
  check("what is wrong", "HA0", notified:sub(1, 3))
  local lines = { 'node a { host = "a.example" }', "plan move() {", "  given a is up", '  step s on a { run "true" }', "}" }
  vim.list_extend(lines, { 'test "it runs" {', "  plan move()", "  expect ran s", "}" })
  vim.fn.writefile(lines, plan)
  local opened
  vim.ui.open = function(page)
    opened = page
  end
  vim.lsp.commands["handover.showGraph"]({ arguments = arguments })
  check("a page", "<!doctype html>", vim.fn.readfile(opened)[1]:lower())
  vim.lsp.commands["handover.runTest"]({ arguments = { arguments[1], "it runs" } })
  check("a terminal", "terminal", vim.bo.buftype)
  check("its end", 0, vim.fn.jobwait({ vim.bo.channel }, 20000)[1])
  vim.fn.delete(root, "rf")
end

local fine, why = pcall(test)
if not fine then
  io.stderr:write(tostring(why) .. "\n")
end
vim.cmd(fine and "quitall!" or "cquit!")
