; Parameters and values are known in their action, probe, rule, plan or step, members of a set in their block.
[(action) (probe) (rule) (plan) (step) (for_each) (quantified)] @local.scope

(parameter name: (name) @local.definition)
(host name: (name) @local.definition)
(for_each name: (name) @local.definition)
(quantified name: (name) @local.definition)
(constant name: (name) @local.definition)

(path . (name) @local.reference)
