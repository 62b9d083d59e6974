/**
 * The language of `.ha` files for tree-sitter, in the order of its reference `grammar/ha.pest`. It accepts what the
 * reference accepts, except for names that are words of the language where such a word may stand too.
 */

/// <reference types="tree-sitter-cli/dsl" />
// @ts-check

const NAME = /[A-Za-z_][A-Za-z0-9_-]*/;

/** Words that hold sentences together and cannot be names. */
const RESERVED = [
  "and", "are", "do", "else", "except", "finally", "given", "if", "is", "not", "on", "only", "or", "otherwise",
  "phase", "step", "then", "unless",
];

/** One or more, with commas between them. */
const list = (rule) => seq(rule, repeat(seq(",", rule)));

/** None or more, with commas between them and perhaps one at the end. */
const listed = (rule) => seq(optional(list(rule)), optional(","));

module.exports = grammar({
  name: "handover",

  extras: ($) => [/[ \t\n\v\f\r]/, $.comment],
  word: ($) => $.name,
  reserved: { global: () => RESERVED },
  supertypes: ($) => [$.item, $.expression, $.operand],

  conflicts: ($) => [
    // `one of ssh, telnet, limit: duration`: a comma may end the type.
    [$.one_of],
    // `starts when a for 60s`, `starts when a  for each b in c { … }`
    [$.starts],
    // `a is up or down or b is up`, `a on b or nowhere or c`
    [$.state],
    [$.location],
    // `only if a include b`, `only if a  include b()`
    [$.expression, $.inclusion],
    // `skipped a, b, c on d`
    [$.ran],
    [$.skipped],
  ],

  rules: {
    // A file
    file: ($) => repeat($.item),
    item: ($) =>
      choice($.import, $.kind, $.extend, $.action, $.probe, $.rule, $.alias, $.plan, $.test, $.thing),
    import: ($) => seq("use", field("path", choice($._text, $.import_path))),
    import_path: () => /(\.{1,2}\/)*[A-Za-z0-9_-][A-Za-z0-9_.\/-]*/,

    // The vocabulary
    kind: ($) =>
      seq(
        "kind",
        field("name", $.name),
        optional(seq("is", field("parent", $.name))),
        optional($._text),
        optional(seq("{", repeat($._kind_clause), "}")),
      ),
    _kind_clause: ($) => choice($.field, $.states, $.rests, $.exclusive, $.shared, $.volatile),
    field: ($) =>
      seq(field("name", $._field_name), ":", field("type", $._type), optional(seq("=", field("default", $.operand)))),
    // The colon tells a field from a clause.
    _field_name: ($) =>
      choice($.name, ...["states", "rests", "exclusive", "shared", "volatile"].map((word) => alias(word, $.name))),
    states: ($) => seq("states", list($.name)),
    rests: ($) => seq("rests", choice(seq("in", list($.name)), seq("on", $.name))),
    exclusive: ($) => seq("exclusive", "on", $.name),
    shared: ($) => seq("shared", "on", $.name),
    volatile: ($) => seq("volatile", optional(seq("until", "restart"))),
    _type: ($) => choice($.set_of, $.one_of, alias($.name, $.type)),
    set_of: ($) => seq("set", "of", alias($.name, $.type)),
    one_of: ($) => seq("one", "of", list($.name)),
    extend: ($) => seq("extend", field("name", $.name), "{", repeat($.field), "}"),
    action: ($) =>
      seq("action", field("name", $.name), $.parameters, optional($.host), optional($._text), $._action_body),
    _action_body: ($) => seq("{", repeat($._action_clause), "}"),
    host: ($) => seq("on", field("name", $.name), ":", field("type", alias($.name, $.type))),
    parameters: ($) => seq("(", listed(alias($.field, $.parameter)), ")"),
    _action_clause: ($) =>
      choice(
        $._effect, $.run, $.verify, $.undo, $.within, $.usually, $.idempotent, $.env, $.commits, $.exit, $.output,
      ),
    _effect: ($) =>
      choice(
        $.needs, $.acquires, $.releases, $.moves, $.ensures, $.fences, $.isolates, $.loses, $.attests, $.through,
      ),
    probe: ($) => seq("probe", field("name", $.name), $.parameters, optional($._text), $._probe_body),
    _probe_body: ($) => seq("{", repeat($._probe_clause), "}"),
    _probe_clause: ($) => choice($.probe_on, $.run, $.yes, $.needs, $.within, $.env, $.exit, $.output),
    probe_on: ($) => seq("on", $.path),
    yes: ($) => seq("yes", "means", list($.expression)),
    rule: ($) => seq("rule", field("name", $.name), $.parameters, optional($._text), "{", repeat($.require), "}"),
    require: ($) => seq("require", $.expression, optional($._text)),

    // The estate
    thing: ($) =>
      seq(field("kind", alias($.name, $.type)), field("name", $.name), "{", repeat(choice($.attribute, $.thing)), "}"),
    attribute: ($) => seq(field("name", $.name), "=", field("value", $.operand)),

    // Plans
    alias: ($) => seq("plan", field("name", $.name), "=", $.call, optional($.follows), optional($._text)),
    follows: ($) => seq("follows", $.name),
    plan: ($) => seq("plan", field("name", $.name), $.parameters, optional($._text), $._plan_body),
    _plan_body: ($) => seq("{", repeat($._plan_item), "}"),
    _plan_item: ($) =>
      choice(
        $._entry, $.given, $.goal, $.locks, $.accept, $.starts, $.rto, $.constant, $.hold, $.ends, $.drill,
      ),
    given: ($) => seq("given", list($.expression)),
    goal: ($) => seq("goal", list($.expression)),
    locks: ($) => seq("locks", list($.path)),
    accept: ($) => seq("accept", "loss", "of", $.path, optional($._text)),
    starts: ($) => seq("starts", "when", $.expression, optional(seq("for", $.operand))),
    rto: ($) => seq("rto", $.operand),
    constant: ($) => seq("let", field("name", $.name), "=", $.operand),
    hold: ($) => seq("hold", $._text, optional(seq("on", $.operand))),
    ends: ($) => seq("ends", "hold", "on", $.operand),
    drill: ($) => seq("drill", "only", list($.path)),

    // Blocks
    block: ($) => seq("{", repeat(choice($._entry, $._condition, $.after)), "}"),
    _entry: ($) =>
      choice(seq(choice($.step, $.phase), repeat($.otherwise), optional($.finally)), $._other_entry),
    _other_entry: ($) => choice($.for_each, $.parallel, $.assume, $.include),
    otherwise: ($) => seq("otherwise", choice($.block, $.step, $.phase, $.assume)),
    finally: ($) => seq("finally", $.block),
    phase: ($) => seq("phase", field("name", $.name), optional($._text), $.block),
    parallel: ($) => seq("parallel", $.block),
    for_each: ($) =>
      seq("for", "each", field("name", $.name), "in", $.operand, optional(seq(",", $.pace)), $.block),
    pace: ($) =>
      seq(
        choice(seq("one", "at", "a", "time"), seq("in", "batches", "of", $.number)),
        optional(seq(",", "allowing", $.number, choice("failures", "failure"))),
      ),
    assume: ($) => prec.right(seq("assume", $.expression, $._text, optional($._condition))),
    include: ($) => seq("include", $.call),

    // Steps
    step: ($) =>
      seq(
        "step",
        optional(field("number", $.number)),
        field("name", $.name),
        optional($._text),
        optional(seq("on", field("target", $._target))),
        $._step_body,
      ),
    _step_body: ($) => seq("{", repeat($._step_clause), "}"),
    _target: ($) => choice($.each_of, $.any_of, $.chosen_of, $.path),
    each_of: ($) => seq("each", "of", $.operand),
    any_of: ($) => seq("any", "of", $.operand),
    chosen_of: ($) => seq("one", "of", $.operand, optional(seq("where", $.expression))),
    _step_clause: ($) =>
      choice(
        $._action_clause, $._condition, $.do, $.retry, $.after, $.if_possible, $.retry_from, $.ask, $.answer, $.by,
        $.tell, $.wait_until, $.wait_for, $.capture,
      ),
    _condition: ($) => choice($.only_if, $.unless),
    only_if: ($) => seq("only", "if", $.expression),
    unless: ($) => seq("unless", $.expression),
    after: ($) => seq("after", list($.step_ref), optional("finished")),
    if_possible: () => seq("if", "possible"),

    // Effects
    needs: ($) => seq("needs", list($.expression)),
    acquires: ($) => seq("acquires", $.path, optional(seq("on", $.path))),
    releases: ($) => seq("releases", $.path, optional(seq("on", $.path))),
    moves: ($) => seq("moves", $.path, "from", $.path, "to", $.path),
    ensures: ($) => seq("ensures", list($.expression)),
    fences: ($) => seq("fences", $.path),
    isolates: ($) => seq("isolates", $.path),
    loses: ($) => seq("loses", $.path),
    attests: ($) => seq("attests", list($.expression)),
    through: ($) => seq("through", list($.path)),

    // What is done
    do: ($) => seq("do", $.call),
    run: ($) => seq("run", $._text),
    verify: ($) => seq("verify", $._text),
    undo: ($) => seq("undo", $.call),
    ask: ($) => seq("ask", $._text),
    answer: ($) => seq("answer", field("name", $.name), optional($._text), optional("stops")),
    by: ($) => seq("by", $.name),
    tell: ($) => seq("tell", $._text),
    wait_until: ($) => seq("wait", "until", $.expression, optional($._every)),
    wait_for: ($) => seq("wait", "for", $.operand),
    _every: ($) => seq(optional(","), "every", $.operand),

    // How it is done
    within: ($) => seq("within", $.operand, optional(seq(optional(","), choice($._then_kill, $._else)))),
    _then_kill: () => seq("then", "kill"),
    _else: ($) => seq("else", field("answer", $.name)),
    usually: ($) => seq("usually", $.operand),
    idempotent: () => "idempotent",
    env: ($) => seq("env", field("name", $.name), "=", $.operand),
    commits: ($) => seq("commits", optional($._text)),
    retry: ($) => seq("retry", $._times, optional($._every)),
    retry_from: ($) =>
      seq(
        "if", "it", "fails", optional(","),
        "retry", "from", field("step", $.name), optional(","),
        "up", "to", $._times,
      ),
    _times: ($) => seq($.number, choice("times", "time")),

    // What the result means
    exit: ($) => seq("exit", list($.number), "means", $.verdict),
    output: ($) => seq("output", $._text, "means", $.verdict),
    verdict: ($) => choice("success", "failure", "warning", seq("ask", $._text)),
    capture: ($) => seq("let", field("name", $.name), "=", optional(seq("match", $._text, "in")), "output"),

    // Tests
    test: ($) => seq("test", $._text, "{", repeat($._test_clause), "}"),
    _test_clause: ($) => choice($.given, $.when, $.expect, $.test_plan),
    test_plan: ($) => seq("plan", $.call),
    when: ($) =>
      seq(
        "when",
        choice(seq("the", "executor", "is", "lost", "at", $.step_ref), seq($.step_ref, $.fault)),
        optional($._count),
      ),
    fault: () => choice("fails", "succeeds", seq("times", "out"), seq("is", "cancelled")),
    _count: ($) => choice("once", $._times),
    expect: ($) => seq("expect", list($._expectation)),
    _expectation: ($) => choice($.ran, $.skipped, $.lost, $.ending, $.expression),
    ran: ($) =>
      seq("ran", $.step_ref, choice(seq("before", $.step_ref), $._count, repeat($._further))),
    skipped: ($) => seq("skipped", $.step_ref, repeat($._further)),
    // Where both are possible, a further step rather than a flag.
    _further: ($) => prec.dynamic(1, seq(",", $.step_ref)),
    lost: ($) => seq("lost", $.path),
    // Where both are possible, the end rather than a further step.
    ending: () => prec.dynamic(2, choice("completed", "stopped", "cancelled")),

    // Conditions
    expression: ($) =>
      choice(
        $.and, $.or, $.not, $.quantified, $.state, $.location, $.comparison, $.inclusion, $.agreement, $.outcome,
        $.operand,
      ),
    and: ($) => prec.left(2, seq($.expression, "and", $.expression)),
    or: ($) => prec.left(1, seq($.expression, "or", $.expression)),
    not: ($) => prec(3, seq("not", $.expression)),
    quantified: ($) =>
      prec.right(seq(choice("every", "each", "some"), field("name", $.name), "in", $.operand, ":", $.expression)),
    state: ($) => seq($.operand, choice("is", "are"), optional("not"), $.name, repeat($._or_state)),
    // Where both are possible, a further state rather than a flag.
    _or_state: ($) => prec.dynamic(1, seq("or", $.name)),
    location: ($) =>
      // In a probe, `on` may begin the next clause, but goes on with a condition where it can.
      prec(1, seq($.operand, "on", choice("nowhere", seq(choice($.any_of, $.path), optional(seq("or", "nowhere")))))),
    comparison: ($) => seq($.operand, choice("==", "!=", "<=", ">=", "<", ">"), $.operand),
    inclusion: ($) => seq($.operand, choice("includes", "include"), $.name),
    agreement: ($) => seq($.operand, "agree", "on", $.name),
    outcome: ($) => seq($.path, optional($.member), choice("succeeded", seq("did", "not", "succeed"))),

    // Values
    operand: ($) =>
      choice($.except, $.if_then, $.path, alias($._question, $.call), $._text, $.duration, $.number, $.list, $.group),
    except: ($) => prec.left(2, seq($.operand, "except", $.operand)),
    if_then: ($) => prec.right(1, seq("if", $.expression, "then", $.operand, "else", $.operand)),
    call: ($) => seq(field("name", $.name), $._arguments),
    _question: ($) => seq(field("name", $.path), $._arguments),
    _arguments: ($) => seq("(", listed($._argument), ")"),
    _argument: ($) => seq(optional(seq(field("label", $.name), ":")), $.operand),
    list: ($) => seq("[", listed($.operand), "]"),
    group: ($) => seq("(", $.expression, ")"),

    // Tokens
    name: () => NAME,
    path: ($) => seq($.name, repeat($._dotted)),
    step_ref: ($) => seq($.name, repeat(choice($._dotted, $._index))),
    member: ($) => seq("[", alias($._rest, $.name), token.immediate("]"), repeat(choice($._dotted, $._index))),
    _dotted: ($) => seq(token.immediate("."), alias($._rest, $.name)),
    _index: ($) => seq(token.immediate("["), alias($._rest, $.name), token.immediate("]")),
    _rest: () => token.immediate(NAME),
    number: () => /[0-9]+/,
    duration: () => /([0-9]+(ms|s|m|h|d))+/,

    _text: ($) => choice($.string, $.block_string),
    string: ($) => seq('"', repeat(choice($.string_content, $.escape, $.hole)), token.immediate('"')),
    block_string: ($) =>
      seq('"""', repeat(choice(alias($._block_content, $.string_content), $.hole)), token.immediate(prec(2, '"""'))),
    string_content: () => token.immediate(prec(1, /[^"\\\n{]+|\{|\{\{\{+/)),
    _block_content: () => token.immediate(prec(1, /[^"{]+|"|\{|\{\{\{+/)),
    escape: () => token.immediate(/\\["\\nt]/),
    hole: () => token.immediate(prec(2, /\{\{\s*[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\s*\}\}/)),

    comment: () => /#[^\n]*/,
  },
});
