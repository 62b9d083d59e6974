; What is highlighted how. Where several patterns fit, the last one decides.

(comment) @comment
(string) @string
(block_string) @string
(escape) @string.escape
(hole) @string.special
(number) @number
(duration) @number

(name) @variable
(type) @type
(import_path) @module
((path . (name) @boolean .) (#any-of? @boolean "true" "false"))

; What is declared, and what is called
(kind name: (name) @type)
(kind parent: (name) @type)
(extend name: (name) @type)
(action name: (name) @function)
(probe name: (name) @function)
(rule name: (name) @function)
(plan name: (name) @function)
(alias name: (name) @function)
(follows (name) @function)
(step name: (name) @function)
(phase name: (name) @label)
(call name: (name) @function)
(call name: (path (name) @function))
(step_ref (name) @function)

; What belongs to something
(field name: (name) @property)
(attribute name: (name) @property)
(parameter name: (name) @variable.parameter)
(host name: (name) @variable.parameter)
(for_each name: (name) @variable.parameter)
(quantified name: (name) @variable.parameter)
(call label: (name) @variable.parameter)
(constant name: (name) @constant)
(capture name: (name) @constant)
(states (name) @constant)
(rests (name) @constant)
(state (name) @constant)
(answer name: (name) @constant)

; Words of the language
[
  "use" "kind" "extend" "action" "probe" "rule" "plan" "follows" "test" "step" "phase"
] @keyword

[
  "states" "rests" "exclusive" "shared" "volatile" "until" "restart" "set" "one" "yes" "means" "require"
  "goal" "locks" "accept" "loss" "starts" "when" "rto" "let" "hold" "ends" "drill" "given"
  "needs" "acquires" "releases" "moves" "from" "to" "ensures" "fences" "isolates" "loses" "attests" "through"
  "do" "run" "verify" "undo" "ask" "answer" "by" "stops" "tell" "within" "kill" "usually" "env" "commits"
  "exit" "output" "match" "success" "failure" "warning"
  "the" "executor" "lost" "at" "fails" "succeeds" "out" "cancelled" "once" "expect" "ran" "before" "skipped" "completed"
  "stopped"
] @keyword
(idempotent) @keyword

[
  "only" "if" "possible" "unless" "then" "else" "otherwise" "finally" "parallel" "for" "each" "a" "time" "times"
  "batches" "allowing" "failures" "assume" "include" "after" "finished" "wait" "every" "retry" "it" "up"
] @keyword.control

[
  "and" "or" "not" "is" "are" "on" "nowhere" "includes" "agree" "succeeded" "did" "succeed" "except" "in" "of" "any"
  "some" "where"
] @keyword.operator

["==" "!=" "<=" ">=" "<" ">" "="] @operator
["{" "}" "(" ")" "[" "]"] @punctuation.bracket
["," ":" "."] @punctuation.delimiter
