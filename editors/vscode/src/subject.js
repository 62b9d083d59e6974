// What a command is about: a file on this machine, as it is in the editor.
"use strict";

const vscode = require("vscode");

/**
 * The file at an address, by default that of the editor; what is in the editor is saved first, for the program reads
 * files.
 *
 * @param {string} [file]
 * @throws {Error} with a message for people
 */
async function subject(file) {
  const uri = file === undefined ? vscode.window.activeTextEditor?.document.uri : vscode.Uri.parse(file, true);
  if (uri?.scheme !== "file") throw new Error("Save the plan to a file of this machine first.");
  const document = await vscode.workspace.openTextDocument(uri);
  if (document.isDirty && !(await document.save())) throw new Error(`\`${uri.fsPath}\` could not be saved.`);
  return document;
}

module.exports = { subject };
