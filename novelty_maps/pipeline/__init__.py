"""How a stage meets the disk and the terminal: files, their checks, and the one error for a person.

Outputs are written here and nowhere else. A writer fills a temporary file beside its target and
renames it, so that a reader sees the old file or the new one, never a part (`atomic`). The same
values are the same bytes: no dates, no versions, floats with nine significant digits in text.

Inputs are read here and checked at once: a reader returns what it was asked for (shape, type,
columns, keys) or raises `errors.InputError`, one line that names the file and the stage that makes
it. No reader executes code from a file, and arrays come memory-mapped.

`paths` names the files that several questions share, `parts` reads the images of one part of the
split; what one package's stages write is named in that package's `files`, and `outside` knows what
no stage makes. `section` reads a section of params.yaml, `options` makes a stage, which is a
function of its sections, a command, and `cli` runs it. Nothing here imports another package of the
library, and PyTorch only to read weights.
"""
