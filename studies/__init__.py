"""Several runs of the pipeline that answer one question together.

What is asked comes in as a file in `definitions`, with settings that studies share in `base.yaml`.
`study` makes the runs of it, `runner` has DVC run them as experiments on this machine or `cluster`
on several, each a `task` in a clone of its own, `experiments` finds the finished ones in git, and
`tables` puts them side by side, with what holds over them (`over_runs`), into `results`. From there
`agreement`, `localization` and `representation` look numbers up for the templates in `pages`, which
`report` renders to the pages and figures in docs.

A run is named after its study, with a number where there are several: seeds-1, seeds-2. A setting
is named by its section and key, `train.seed`, and only settings have a dot in their column's name;
in tables of experiments it is written as JSON. A number's 95% interval over runs stands beside it
as `_low` and `_high`, its standard deviation as `_sd`.

The pipeline knows nothing of studies.
"""
