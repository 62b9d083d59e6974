// As much of the editor as the extension and its client need, in place of the module `vscode`: what is asked of people
// and shown to them is written down in `seen`.
"use strict";

const Module = require("node:module");
const fs = require("node:fs");
const path = require("node:path");
const { pathToFileURL, fileURLToPath } = require("node:url");

const nothing = { dispose() {} };

/** What was said, opened, run, and which command does what. */
const seen = {
  errors: [],
  panels: [],
  tasks: [],
  executed: [],
  commands: new Map(),
  diagnostics: new Map(),
  lenses: undefined,
};

/** What a test sets: the settings, the editor, whether the folder is trusted, and what people choose. */
const given = { settings: {}, editor: undefined, trusted: true, choice: undefined };

class Uri {
  static file = (file) => new Uri(pathToFileURL(file).href);
  static parse = (text) => new Uri(text);
  constructor(text) {
    this.text = text;
    this.scheme = text.slice(0, text.indexOf(":"));
  }
  get fsPath() {
    return fileURLToPath(this.text);
  }
  toString() {
    return this.text;
  }
}

class EventEmitter {
  #listeners = new Set();
  event = (listener, self) => {
    const bound = listener.bind(self);
    this.#listeners.add(bound);
    return { dispose: () => this.#listeners.delete(bound) };
  };
  fire(value) {
    for (const listener of this.#listeners) listener(value);
  }
  dispose() {}
}

class CancellationTokenSource {
  token = { isCancellationRequested: false, onCancellationRequested: () => nothing };
  cancel() {}
  dispose() {}
}

class Task {
  constructor(definition, scope, name, source, execution) {
    Object.assign(this, { definition, scope, name, source, execution });
  }
}

class ProcessExecution {
  constructor(process, args, options) {
    Object.assign(this, { process, args, options });
  }
}

class Disposable {
  static from = (...all) => new Disposable(() => all.forEach((one) => one.dispose()));
  constructor(dispose) {
    this.dispose = dispose;
  }
}

class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
}

class Range {
  constructor(...places) {
    [this.start, this.end] =
      places.length === 2 ? places : [new Position(places[0], places[1]), new Position(places[2], places[3])];
  }
}

class CodeActionKind {
  static Empty = new CodeActionKind("");
  constructor(value) {
    this.value = value;
  }
  append(part) {
    return new CodeActionKind(this.value ? `${this.value}.${part}` : part);
  }
}

/** Opens a file as the editor does. */
function open(uri) {
  const text = fs.readFileSync(uri.fsPath, "utf8");
  return {
    uri,
    languageId: path.extname(uri.fsPath) === ".ha" ? "handover" : "plaintext",
    version: 1,
    isDirty: false,
    isUntitled: false,
    getText: () => text,
    save: async () => true,
  };
}

/** Whatever is not said here: a class if its name begins like one, otherwise something that does nothing. */
function loose(known) {
  return new Proxy(known, {
    get(target, name) {
      if (name in target || typeof name === "symbol") return target[name];
      target[name] = /^[A-Z]/.test(name) ? class {} : () => nothing;
      return target[name];
    },
  });
}

const events = { trusted: new EventEmitter(), settings: new EventEmitter() };

const vscode = loose({
  Uri,
  EventEmitter,
  CancellationTokenSource,
  CodeActionKind,
  Task,
  ProcessExecution,
  Disposable,
  Position,
  Range,
  version: "1.91.0",
  TaskScope: { Workspace: 2 },
  TaskRevealKind: { Always: 1 },
  ViewColumn: { Beside: -2 },
  DiagnosticSeverity: { Error: 0, Warning: 1, Information: 2, Hint: 3 },
  env: loose({ appName: "test", language: "en", logLevel: 0 }),
  extensions: loose({ getExtension: () => undefined }),
  l10n: { t: (text) => text },
  commands: {
    registerCommand(name, action) {
      if (seen.commands.has(name)) throw new Error(`${name} exists`);
      seen.commands.set(name, action);
      return { dispose: () => seen.commands.delete(name) };
    },
    executeCommand: async (...command) => void seen.executed.push(command),
  },
  tasks: { executeTask: async (task) => void seen.tasks.push(task) },
  languages: loose({
    match: () => 10,
    registerCodeLensProvider: (_, provider) => ((seen.lenses = provider), nothing),
    createDiagnosticCollection: () => ({
      set: (uri, diagnostics) => seen.diagnostics.set(String(uri), diagnostics),
      delete: (uri) => seen.diagnostics.delete(String(uri)),
      clear() {},
      dispose() {},
    }),
  }),
  window: loose({
    get activeTextEditor() {
      return given.editor && { document: open(Uri.file(given.editor)) };
    },
    visibleTextEditors: [],
    tabGroups: loose({ all: [] }),
    // A message stays until somebody chooses something.
    showErrorMessage(message, ...choices) {
      seen.errors.push(message);
      return new Promise((choose) => choices.includes(given.choice) && choose(given.choice));
    },
    showQuickPick: async (items) => given.choice && items.find((item) => item === given.choice),
    createOutputChannel: () => loose({ logLevel: 0 }),
    createWebviewPanel(type, title, column, options) {
      const panel = { type, title, column, options, webview: { html: "" } };
      seen.panels.push(panel);
      return panel;
    },
  }),
  workspace: loose({
    get isTrusted() {
      return given.trusted;
    },
    get textDocuments() {
      return given.editor ? [open(Uri.file(given.editor))] : [];
    },
    notebookDocuments: [],
    workspaceFolders: undefined,
    createFileSystemWatcher: () => loose({ dispose() {} }),
    openTextDocument: async (uri) => open(uri),
    getConfiguration: (section) => ({
      get: (key, fallback) => given.settings[[section, key].filter(Boolean).join(".")] ?? fallback,
    }),
    onDidGrantWorkspaceTrust: events.trusted.event,
    onDidChangeConfiguration: events.settings.event,
  }),
});

const load = Module._load;
Module._load = (name, ...rest) => (name === "vscode" ? vscode : load(name, ...rest));

module.exports = { CancellationTokenSource, Uri, events, given, open, seen };
