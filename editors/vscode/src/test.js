// The command above a test: runs it, or all of its file, where one can read what they say.
"use strict";

const vscode = require("vscode");
const path = require("node:path");
const { program, tell } = require("./program");
const { subject } = require("./subject");

/**
 * @param {string} [file] the address of a file; by default that of the editor
 * @param {string} [name] the title of the test; by default all of the file run
 */
async function runTest(file, name) {
  try {
    const { uri } = await subject(file);
    const only = name === undefined ? [] : ["--only", name];
    const run = new vscode.ProcessExecution(program(), ["test", uri.fsPath, ...only], { cwd: path.dirname(uri.fsPath) });
    const title = name ?? path.basename(uri.fsPath);
    const task = new vscode.Task({ type: "handover" }, vscode.TaskScope.Workspace, title, "handover", run);
    task.presentationOptions = { clear: true, reveal: vscode.TaskRevealKind.Always };
    await vscode.tasks.executeTask(task);
  } catch (error) {
    tell(error);
  }
}

module.exports = { runTest };
