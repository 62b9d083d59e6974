; Commands are for the shell; the values that are put in are not.
((run [(string (string_content) @injection.content) (block_string (string_content) @injection.content)])
  (#set! injection.language "bash")
  (#set! injection.combined))

((verify [(string (string_content) @injection.content) (block_string (string_content) @injection.content)])
  (#set! injection.language "bash")
  (#set! injection.combined))
