[(kind) (extend) (action) (probe) (rule) (thing) (plan) (test) (step) (block) (list) (parameters)] @indent

["}" ")" "]"] @outdent
