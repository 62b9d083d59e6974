-- Plans: comments, indentation, the language server, and the tree-sitter grammar where it is installed.

vim.bo.commentstring = "# %s"
vim.bo.expandtab = true
vim.bo.shiftwidth = 2
vim.bo.iskeyword = "@,48-57,_,-"

if vim.treesitter.start and #vim.api.nvim_get_runtime_file("parser/handover.*", false) > 0 then
  vim.treesitter.start(0, "handover")
end

-- The program: a path, or a name that is looked up in $PATH.
local program = vim.g.handover_program or "handover"
if vim.fn.executable(program) == 0 then
  vim.notify_once(("There is no program `%s`: install handover, or set vim.g.handover_program"):format(program))
  return
end

-- What the language server puts above tests and plans, for vim.lsp.codelens.run().
vim.lsp.commands["handover.runTest"] = function(command)
  vim.cmd("botright new")
  vim.fn.termopen({ program, "test", vim.uri_to_fname(command.arguments[1]), "--only", command.arguments[2] })
end
vim.lsp.commands["handover.showGraph"] = function(command)
  local file, plan = vim.uri_to_fname(command.arguments[1]), command.arguments[2]
  local page = vim.fn.tempname() .. ".html"
  local said = vim.fn.system({ program, "--color", "never", "build", file, plan, "--emit", "runbook", "-o", page })
  if vim.v.shell_error ~= 0 then
    vim.notify(said, vim.log.levels.ERROR)
  elseif vim.ui.open then
    vim.ui.open(page)
  else
    vim.notify("The page is " .. page)
  end
end

-- Before Neovim 0.8 every buffer has a server of its own.
local start = vim.lsp.start
  or function(config)
    vim.lsp.buf_attach_client(0, vim.lsp.start_client(config))
  end

local folder = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(0), ":p:h")
local git = vim.fn.finddir(".git", folder .. ";")
local root = git == "" and folder or vim.fn.fnamemodify(git, ":p:h:h")
start({ name = "handover", cmd = { program, "lsp" }, root_dir = root })
