// Whether the TextMate grammar scopes every token as what it is: `node highlighting.js TOKENS`, a file with texts and
// their tokens as the grammar of the language has them.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { INITIAL, Registry, parseRawGrammar } = require("vscode-textmate");
const oniguruma = require("vscode-oniguruma");

const GRAMMAR = path.join(__dirname, "../syntaxes/handover.tmLanguage.json");

/** Which scopes mean what; the first that is found decides. */
const CLASSES = [
  ["comment", /^comment\./],
  ["hole", /^meta\.interpolation\./],
  ["string", /^string\./],
  ["number", /^constant\.numeric\./],
  ["keyword", /^keyword\.(?!operator\.(assignment|comparison))/],
];

/** @param {string[]} scopes */
function classOf(scopes) {
  for (const [name, scope] of CLASSES) if (scopes.some((s) => scope.test(s))) return name;
  return "other";
}

async function loadGrammar() {
  const wasm = fs.readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm"));
  await oniguruma.loadWASM(wasm);
  const registry = new Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => parseRawGrammar(fs.readFileSync(GRAMMAR, "utf8"), GRAMMAR),
  });
  return registry.loadGrammar("source.handover");
}

/** The class of every character of a text. */
function classes(grammar, text) {
  const found = [];
  let state = INITIAL;
  for (const line of text.split("\n")) {
    const result = grammar.tokenizeLine(line, state);
    for (const token of result.tokens) {
      const characters = Array.from(line.slice(token.startIndex, token.endIndex));
      for (const _ of characters) found.push(classOf(token.scopes));
    }
    found.push("break");
    state = result.ruleStack;
  }
  return found;
}

/** Half-written texts, and what a word in them still is: what is missing spoils no more than its line or its item. */
const UNFINISHED = [
  ["  tell \"half a sentence\n  step next on a {", "step", "keyword"],
  ["  tell \"half a sentence\n  step next on a {", "sentence", "string"],
  ["kind a\nplan p() {", "plan", "keyword"],
  ["kind a { states b\n\nplan p() {", "plan", "keyword"],
  ["  expect completed\n}\nkind a { states completed }", "completed", "other"],
  ["  run \"echo {{a.host\"\n  step b {", "step", "keyword"],
  ["  run \"\"\"\n  step b {", "step", "string"],
];

async function main() {
  const grammar = await loadGrammar();
  const wrong = [];
  for (const [text, word, wanted] of UNFINISHED) {
    const found = classes(grammar, text)[text.lastIndexOf(word)];
    if (found !== wanted) wrong.push(`${JSON.stringify(text)}: ${word} is a ${wanted} and looks like a ${found}`);
  }
  let tokens = 0;
  for (const { from, text, tokens: expected } of JSON.parse(fs.readFileSync(process.argv[2], "utf8"))) {
    const found = classes(grammar, text);
    const characters = Array.from(text);
    for (const [start, end, kind] of expected) {
      const wanted = kind === "name" || kind === "sign" ? "other" : kind;
      tokens += 1;
      const word = characters.slice(start, end).join("");
      const others = new Set(found.slice(start, end).filter((c, i) => c !== wanted && /\S/.test(characters[start + i])));
      if (others.size > 0) {
        const line = characters.slice(0, start).filter((c) => c === "\n").length + 1;
        wrong.push(`${from}:${line}: ${word} is a ${kind} and looks like a ${[...others].join(", ")}`);
      }
    }
  }
  if (wrong.length > 0) throw new Error(`${wrong.length} of ${tokens} tokens\n${wrong.slice(0, 100).join("\n")}`);
  console.log(`${tokens} tokens`);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
