// The program `handover`: where it is, and what to say if it is not there or cannot do what is asked.
"use strict";

const vscode = require("vscode");
const { execFile } = require("node:child_process");

/** Longest page or message that is taken, in bytes. */
const MOST = 64 << 20;

/**
 * The program of the settings: a path, or a name that is looked up in `PATH`. In a folder that is not trusted there is
 * none: the folder may name it.
 *
 * @throws {Error} with a message for people
 */
function program() {
  if (!vscode.workspace.isTrusted) {
    throw new Error("Handover does not run programs in a folder that you do not trust.");
  }
  return vscode.workspace.getConfiguration("handover").get("path", "handover") || "handover";
}

/**
 * What the program prints.
 *
 * @param {string[]} args
 * @param {{ cwd?: string }} [options]
 * @returns {Promise<string>}
 * @throws {Error} with a message for people
 */
async function printed(args, options = {}) {
  const path = program();
  return new Promise((resolve, reject) => {
    execFile(path, ["--color", "never", ...args], { ...options, maxBuffer: MOST }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      reject(new Error(reason(path, args, error, stderr.trim() || stdout.trim())));
    });
  });
}

/**
 * @param {string} path
 * @param {string[]} args
 * @param {import("node:child_process").ExecFileException} error
 * @param {string} said
 */
function reason(path, args, error, said) {
  switch (error.code) {
    case "ENOENT":
      return `There is no program \`${path}\`. Install handover, or set \`handover.path\`.`;
    case "EACCES":
      return `\`${path}\` cannot be started: it is not executable. Set \`handover.path\`.`;
    // The exit code of a usage error: the program does not know the subcommand or the format.
    case 2:
      if (/unrecognized subcommand|invalid value/.test(said)) {
        return `\`${path}\` is too old: it does not know \`handover ${args.join(" ")}\`. Install a newer one.`;
      }
  }
  return said || error.message;
}

/**
 * Tells of a failure, with a way to the setting; nothing waits until the message is read.
 *
 * @param {unknown} error
 */
function tell(error) {
  const settings = "Open Settings";
  const message = error instanceof Error ? error.message : String(error);
  vscode.window.showErrorMessage(message, settings).then((choice) => {
    if (choice === settings) vscode.commands.executeCommand("workbench.action.openSettings", "handover.path");
  });
}

module.exports = { printed, program, tell };
