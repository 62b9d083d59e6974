// The picture of a plan: the page that the program makes of it, beside the text.
"use strict";

const vscode = require("vscode");
const path = require("node:path");
const { printed, tell } = require("./program");
const { subject } = require("./subject");

/** How a page says that it loads nothing and runs only what it names itself. */
const CLOSED = /<meta http-equiv="Content-Security-Policy" content="default-src 'none';/;

/**
 * @param {string} [file] the address of a file; by default that of the editor
 * @param {string} [plan] one of its plans; by default the only one, or one that is asked for
 */
async function showGraph(file, plan) {
  try {
    const document = await subject(file);
    const name = plan ?? (await chosen(document.getText()));
    if (name === undefined) return;
    const { fsPath } = document.uri;
    const page = await printed(["plan", fsPath, name, "--format", "html"], { cwd: path.dirname(fsPath) });
    show(name, page);
  } catch (error) {
    tell(error);
  }
}

/**
 * @param {string} text
 * @returns {Promise<string | undefined>} nothing if nobody chooses
 */
async function chosen(text) {
  const found = Array.from(text.matchAll(/^plan\s+([A-Za-z_][A-Za-z0-9_-]*)/gm), ([, name]) => name);
  if (found.length === 0) throw new Error("There is no plan in this file.");
  return found.length === 1 ? found[0] : vscode.window.showQuickPick(found, { placeHolder: "Which plan?" });
}

/**
 * @param {string} name
 * @param {string} page
 */
function show(name, page) {
  if (!CLOSED.test(page)) throw new Error("The page does not say that it loads nothing, and is not shown.");
  const options = { enableScripts: true, localResourceRoots: [] };
  const panel = vscode.window.createWebviewPanel("handover.graph", name, vscode.ViewColumn.Beside, options);
  panel.webview.html = page;
}

module.exports = { showGraph };
