// The extension in an editor that is played: what it registers, what it starts, and what it says when that fails.
// `HANDOVER` is the program.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { afterEach, beforeEach, test } = require("node:test");
const { CancellationTokenSource, Uri, events, given, open, seen } = require("./vscode");
const extension = require("../src/extension");
const manifest = require("../package.json");

const HANDOVER = process.env.HANDOVER;

/** @type {string} */
let folder;
let context;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "handover-"));
  context = { subscriptions: [] };
  const settings = { "handover.path": HANDOVER };
  Object.assign(given, { settings, editor: undefined, trusted: true, choice: undefined });
  Object.assign(seen, { errors: [], panels: [], tasks: [], executed: [], diagnostics: new Map(), lenses: undefined });
});

afterEach(async () => {
  await extension.deactivate();
  for (const subscription of context.subscriptions) subscription.dispose();
  fs.rmSync(folder, { recursive: true });
});

/** Opens a file with this text. */
function edit(text) {
  given.editor = path.join(folder, "plan.ha");
  fs.writeFileSync(given.editor, text);
  return Uri.file(given.editor);
}

/** A program that is a shell script. */
function script(text) {
  const file = path.join(folder, "handover");
  fs.writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  given.settings["handover.path"] = file;
  return file;
}

function command(name, ...args) {
  return seen.commands.get(`handover.${name}`)(...args);
}

/** Waits until something is there or a failure was told that was not told `before`; the test's own limit ends it. */
async function until(condition, before = 0) {
  while (!condition()) {
    assert.deepEqual(seen.errors.slice(before), []);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("the commands of the manifest are those of the code", async () => {
  script("exit 0");
  given.trusted = false;
  await extension.activate(context);
  const promised = manifest.contributes.commands.map(({ command }) => command);
  assert.deepEqual([...seen.commands.keys()].sort(), promised.sort());
});

test("a program that is not there is told", async () => {
  given.settings["handover.path"] = path.join(folder, "no-such-program");
  await extension.activate(context);
  assert.equal(seen.errors.length, 1);
  assert.match(seen.errors[0], /^There is no program `.*no-such-program`\. Install handover, or set `handover\.path`\.$/);
});

test("a message leads to the setting, and a setting that is mended is taken up while it still stands there", async () => {
  given.settings["handover.path"] = path.join(folder, "no-such-program");
  given.choice = "Open Settings";
  await extension.activate(context);
  await until(() => seen.executed.length > 0, 1);
  assert.deepEqual(seen.executed, [["workbench.action.openSettings", "handover.path"]]);
  given.choice = undefined;
  await command("restart");
  script(`touch '${path.join(folder, "started")}'; exit 1`);
  events.settings.fire({ affectsConfiguration: (name) => name === "handover.path" });
  await until(() => fs.existsSync(path.join(folder, "started")), 2);
});

test("a program that is no program is told", async () => {
  given.settings["handover.path"] = path.join(folder, "text");
  fs.writeFileSync(given.settings["handover.path"], "", { mode: 0o644 });
  await extension.activate(context);
  assert.match(seen.errors[0], /cannot be started: it is not executable/);
});

test("a program without a language server is told", async () => {
  script('echo "error: unrecognized subcommand \'lsp\'" >&2; exit 2');
  await extension.activate(context);
  assert.equal(seen.errors.length, 1);
  assert.match(seen.errors[0], /is too old: it does not know `handover lsp --help`/);
});

test("nothing is started in a folder that is not trusted, until it is", async () => {
  const log = path.join(folder, "log");
  script(`echo started >>'${log}'; exit 1`);
  given.trusted = false;
  edit("plan p() {}\n");
  await extension.activate(context);
  await command("showGraph");
  await command("runTest");
  assert.equal(fs.existsSync(log), false);
  assert.equal(seen.tasks.length, 0);
  assert.match(seen.errors.pop(), /do not trust/);
  assert.match(seen.errors.pop(), /do not trust/);
  given.trusted = true;
  events.trusted.fire(undefined);
  await until(() => fs.existsSync(log));
});

test("tests run in a terminal, all of a file or one of them", async () => {
  given.trusted = false;
  await extension.activate(context);
  given.trusted = true;
  const uri = edit("");
  await command("runTest", uri.toString(), "the service hangs");
  await command("runTest", uri.toString());
  const [one, all] = seen.tasks.map(({ name, execution }) => ({ name, line: [execution.process, ...execution.args] }));
  assert.deepEqual(one, { name: "the service hangs", line: [HANDOVER, "test", uri.fsPath, "--only", "the service hangs"] });
  assert.deepEqual(all.line, [HANDOVER, "test", uri.fsPath]);
});

test("a command without a file says so", async () => {
  given.trusted = false;
  await extension.activate(context);
  await command("runTest");
  await command("runTest", "untitled:Untitled-1");
  assert.deepEqual(seen.errors, Array(2).fill("Save the plan to a file of this machine first."));
});

/** A plan without mistakes. */
const PLAN = 'node a { host = "a.example" }\nplan move() {\n  given a is up\n  step s on a { run "true" }\n}\n';

/** A page as the program makes it. */
const PAGE = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`;

async function graph(page, ...args) {
  given.trusted = false;
  await extension.activate(context);
  given.trusted = true;
  script(`cat <<END\n${page}\n$*\nEND`);
  await command("showGraph", ...args);
}

test("the picture of a plan is the page of the program", async () => {
  const uri = edit("plan move() {}\nplan back = move()\n");
  await graph(PAGE, uri.toString(), "move");
  assert.equal(seen.panels[0].title, "move");
  assert.ok(seen.panels[0].webview.html.includes(`plan ${uri.fsPath} move --format html`));
  assert.deepEqual(seen.panels[0].options.localResourceRoots, []);
});

test("of several plans one is chosen", async () => {
  edit("plan move() {}\nplan back = move()\n");
  given.choice = "back";
  await graph(PAGE);
  assert.equal(seen.panels[0].title, "back");
});

test("a file without plans has no picture", async () => {
  edit("# nothing\n");
  await graph(PAGE);
  assert.deepEqual(seen.errors, ["There is no plan in this file."]);
});

test("a page that could load something is not shown", async () => {
  edit("plan move() {}\n");
  await graph("<script src='https://example.org/'></script>");
  assert.equal(seen.panels.length, 0);
  assert.match(seen.errors[0], /is not shown/);
});

test("what the program finds wrong with a plan is told", async () => {
  edit("plan move() {}\n");
  given.trusted = false;
  await extension.activate(context);
  given.trusted = true;
  script("echo 'HA0401: held by two nodes' >&2; exit 1");
  await command("showGraph");
  assert.deepEqual(seen.errors, ["HA0401: held by two nodes"]);
});

test("the language server of the program says what is wrong, and stops with the extension", { timeout: 60_000 }, async () => {
  const [ended, uri] = [path.join(folder, "ended"), edit("plan move( {}\n")];
  script(`"${HANDOVER}" "$@"; code=$?; [ "$4" = --help ] || echo $code >'${ended}'`);
  await extension.activate(context);
  await until(() => seen.diagnostics.get(uri.toString())?.length > 0);
  await extension.deactivate();
  await until(() => fs.existsSync(ended));
  assert.equal(fs.readFileSync(ended, "utf8"), "0\n");
  assert.deepEqual(seen.errors, []);
});

test("a server that ends at once is told, and another one can be started", { timeout: 60_000 }, async () => {
  const uri = edit("plan move( {}\n");
  script('[ "$4" = --help ]');
  await extension.activate(context);
  assert.ok(seen.errors.length > 0);
  given.settings["handover.path"] = HANDOVER;
  await command("restart");
  await until(() => seen.diagnostics.get(uri.toString())?.length > 0, Infinity);
});

test("what the server puts above tests and plans can be done", { timeout: 60_000 }, async () => {
  const uri = edit(`${PLAN}test "it moves" {\n  plan   move()\n  expect completed\n}\n`);
  await extension.activate(context);
  await until(() => seen.lenses);
  const lenses = await seen.lenses.provideCodeLenses(open(uri), new CancellationTokenSource().token);
  const deeds = lenses.map((lens) => lens.command);
  assert.deepEqual(deeds.map((deed) => deed.command).sort(), ["handover.runTest", "handover.showGraph"]);
  for (const deed of deeds) await seen.commands.get(deed.command)(...deed.arguments);
  assert.deepEqual(seen.errors, []);
  assert.deepEqual([seen.tasks[0].name, seen.panels[0].title], ["it moves", "move"]);
});

test("the picture of the program is shown", { timeout: 60_000 }, async () => {
  edit(PLAN);
  given.trusted = false;
  await extension.activate(context);
  given.trusted = true;
  await command("showGraph");
  assert.deepEqual(seen.errors, []);
  assert.match(seen.panels[0].webview.html, /<title>[^<]*move/);
});
