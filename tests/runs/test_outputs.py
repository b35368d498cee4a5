"""What stages leave behind: all that is declared, the same bytes again, nothing else."""

import pytest
import torch
from runs.workspace import LOCALIZED, TERMS, VARIANTS, dvc_stages, outputs_of

from novelty_maps.maps.names import HEADLINE_MAPS


def declared() -> set[str]:
    """Every output that dvc.yaml declares, with one for each variant."""
    outputs = {out for stage in dvc_stages().values() for out in outputs_of(stage)}
    return {out.replace("${key}", variant) for out in outputs for variant in VARIANTS}


def test_pipeline_writes_every_declared_output_and_nothing_else(finished):
    written = set(finished.snapshot())
    for out in declared():
        assert out in written or any(path.startswith(f"{out}/") for path in written), out
    for path in written:
        assert path in declared() or any(path.startswith(f"{out}/") for out in declared()), path


def test_folders_hold_what_was_asked_for(finished):
    held = {path.name for path in (finished / "data/maps").iterdir()}
    methods = ("reconstruction", "reconstruction_error", "saliency", *TERMS)
    assert held == {f"{method}.npy" for method in methods}
    held = {path.name for path in (finished / "data/planted_maps").iterdir()}
    assert held == {
        f"{images}.{method}.npy"
        for images in ("validation.after", "test.before", "test.after")
        for method in LOCALIZED
    } | {f"validation.normal.{method}.npy" for method in HEADLINE_MAPS}
    kept = {path.name for path in (finished / "data/model/epochs").iterdir()}
    assert kept == {"epoch_0001.pt", "epoch_0002.pt", "kept.csv"}
    held = {path.name.rsplit(".", 3)[0] for path in (finished / "data/embeddings").iterdir()}
    assert held == {*VARIANTS, "untrained", "autoencoder"}


@pytest.mark.parametrize("name", ["maps", "ranks", "metrics", "localization.plant"])
def test_second_run_gives_the_same_bytes(workspace, name):
    before = workspace.snapshot()
    written = {path: (workspace / path).stat().st_mtime_ns for path in before}
    done = workspace.stage(name)
    assert done.returncode == 0, done.stderr
    assert workspace.snapshot() == before
    assert any((workspace / path).stat().st_mtime_ns > written[path] for path in before)


def test_finished_training_leaves_no_checkpoint(finished):
    folder = finished / "cache/novelty-maps/checkpoints"
    assert folder.is_dir()
    assert list(folder.iterdir()) == []


def test_second_training_gives_the_same_bytes_and_the_kept_epochs_beside_them(workspace):
    before = workspace.snapshot()
    done = workspace.stage("train", "--keep-epochs", "1,2")
    assert done.returncode == 0, done.stderr
    after = workspace.snapshot()
    assert {path: after[path] for path in before} == before
    files = sorted((workspace / "data/model/epochs").glob("*.pt"))
    assert [file.name for file in files] == ["epoch_0001.pt", "epoch_0002.pt"]
    first, last = map(torch.load, files)
    assert not torch.equal(first["encoder.fc.0.weight"], last["encoder.fc.0.weight"])
