// What VS Code calls: the language server while a plan is open, and the commands of the manifest.
"use strict";

const vscode = require("vscode");
const { showGraph } = require("./graph");
const { runTest } = require("./test");
const { Server } = require("./server");

/** @type {InstanceType<typeof Server> | undefined} */
let server;

/** @param {vscode.ExtensionContext} context */
async function activate(context) {
  const own = new Server();
  server = own;
  context.subscriptions.push(
    vscode.commands.registerCommand("handover.runTest", runTest),
    vscode.commands.registerCommand("handover.showGraph", showGraph),
    vscode.commands.registerCommand("handover.restart", () => own.restart()),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("handover.path")) return own.restart();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => own.restart()),
  );
  await own.restart();
}

function deactivate() {
  return server?.stop();
}

module.exports = { activate, deactivate };
