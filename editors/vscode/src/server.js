// The language server: one for the window, started again when the settings change.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");
const { printed, program, tell } = require("./program");

class Server {
  /** @type {LanguageClient | undefined} */
  #client;

  /** What happens to the server happens one after the other. @type {Promise<void>} */
  #last = Promise.resolve();

  /** Stops what runs, and starts the program of the settings; a failure is told. */
  restart() {
    return this.#then(async () => {
      await this.#end();
      if (vscode.workspace.isTrusted) await this.#start();
    });
  }

  stop() {
    return this.#then(() => this.#end());
  }

  /** @param {() => Promise<void>} action */
  #then(action) {
    this.#last = this.#last.then(action).catch(tell);
    return this.#last;
  }

  async #start() {
    // A program without a language server would be started over and over.
    await printed(["lsp", "--help"]);
    const run = { command: program(), args: ["lsp"] };
    this.#client = new LanguageClient("handover", "Handover", run, {
      documentSelector: [
        { scheme: "file", language: "handover" },
        { scheme: "untitled", language: "handover" },
      ],
    });
    await this.#client.start();
  }

  async #end() {
    const client = this.#client;
    this.#client = undefined;
    // One that has not come up cannot say goodbye; that it has not was told.
    await client?.dispose().catch(() => {});
  }
}

module.exports = { Server };
