[
  (kind) (extend) (action) (probe) (rule) (thing) (plan) (test)
  (step) (phase) (parallel) (for_each) (otherwise) (finally) (block_string) (list)
] @fold
