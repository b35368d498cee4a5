"""The stages of dvc.yaml as commands, `python -m stages.NAME`.

Beside them are `score`, for new images, and `repro`, which runs several stages at a time.

    inputs → survey → check, check_network → fetch → split
    train → maps → ranks → metrics, trajectory, plots    agreement
    localization/      plant → maps → measures → metrics, plots; faithfulness
    representation/    classify → embed → metrics → plots

A stage is a function `main` of the sections of params.yaml that it reads: it loads files, calls the
library `novelty_maps`, saves what comes back, and computes nothing itself. Files are written when
all is computed, together, so that a stage that fails leaves the results that were there; only the
curve of a training grows before. Heavy imports stand inside `main`, so that `--help` is instant.
"""
