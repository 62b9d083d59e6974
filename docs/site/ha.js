// Colours for plans on the site. The words are those of the grammar: `UPDATE_DOCS=1 cargo test --test docs` writes them.
const words = "accept acquires action after agree allowing and answer any are ask assume at attests batches before by cancelled commits completed did do drill each else ends ensures env every except exclusive executor exit expect extend fails failure failures fences finally finished follows for from given goal hold idempotent if in include includes is isolates it kill kind let locks loses loss lost match means moves ms needs not nowhere of on once one only or otherwise out output parallel phase plan possible probe ran releases require restart rests retry rto rule run set shared skipped some starts states step stopped stops succeed succeeded succeeds success tell test the then through time times to undo unless until up use usually verify volatile wait warning when where within yes";

hljs.registerLanguage("ha", () => ({
  name: "ha",
  keywords: { $pattern: /[a-z]+/, keyword: words, literal: "true false" },
  contains: [
    { className: "comment", begin: /#/, end: /$/ },
    {
      className: "string",
      variants: [{ begin: /"""/, end: /"""/ }, { begin: /"/, end: /"/, contains: [{ begin: /\\./ }] }],
      contains: [{ className: "subst", begin: /\{\{/, end: /\}\}/ }],
    },
    { className: "number", begin: /\b\d+(ms|[smhd])?\b/ },
    // Names with a capital letter, a sign or a digit in them, and members, are nothing else.
    { begin: /[A-Za-z_][A-Za-z0-9]*[_-][A-Za-z0-9_-]*|\.[A-Za-z_]\w*/ },
  ],
}));
document.querySelectorAll("code.language-ha").forEach((block) => hljs.highlightBlock(block));
