"""params.yaml: one file for each section, one class for what it may hold.

A value comes in as YAML or as an option of the command line and goes out as a frozen section whose
types and limits hold; what doesn't is one `InputError` that names the key with its dots. Nothing is
converted silently, nothing has a default: params.yaml is the single source of every setting. A
field's description is the help of its option.

A stage reads its own sections (`pipeline.section`), and so depends on no other section's code.
`whole` is for `check` and studies alone: all sections and what must hold between them.
"""
