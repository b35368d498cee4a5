"""Stage `trajectory`: a row per epoch, of any K without a map or a network."""

import json
import shutil

import pandas as pd
import pytest
from oracles.small_run import BEST, METRICS, assert_needs_no_torch

from novelty_maps.agreement import files
from novelty_maps.pipeline.errors import InputError
from stages import trajectory


def test_best_row_of_the_trajectory_is_that_of_the_metrics(finished_agreement):
    table = pd.read_csv(finished_agreement / "metrics/trajectory.csv")
    numbers, explanation = (
        json.loads((finished_agreement / f"metrics/{name}.json").read_text())
        for name in ("agreement", "explanation")
    )
    assert table["epoch"].tolist() == [1, BEST]
    assert table["best"].tolist() == [0, 1]
    assert table["validation_loss"].tolist() == [0.3, 0.15]
    assert (table["gradient_residual"] < 1e-5).all()
    best = table.iloc[1]
    for kind in ("normal", "novel"):
        for measure in ("agreement", "majority_missed"):
            assert best[f"{kind}_{measure}"] == numbers[kind][measure]["estimate"]
        for measure in ("indirect_share", "shuffled_agreement", "excess_over_other_image"):
            assert best[f"{kind}_{measure}"] == explanation[kind][measure]["estimate"]
    assert table["normal_agreement"].nunique() == 2
    first = ["epoch", "best", "running", "validation_loss", "gradient_residual"]
    assert list(table)[:5] == first
    assert table["running"].tolist() == [0, 0]


def test_trajectory_of_another_k_needs_neither_networks_nor_maps(agreement_workspace):
    shutil.rmtree("data/model")
    shutil.rmtree("data/maps")
    before = pd.read_csv("metrics/trajectory.csv")
    trajectory.main(METRICS.model_copy(update={"k": 64}))
    after = pd.read_csv("metrics/trajectory.csv")
    assert (after[["normal_agreement", "novel_agreement"]] == 64).all(axis=None)
    fixed = [*before.columns[:5], "normal_scaled_map_error", "normal_indirect_share"]
    pd.testing.assert_frame_equal(after[fixed], before[fixed])


def test_trajectory_refuses_missing_ranks_and_keeps_the_old_table(agreement_workspace):
    before = files.TRAJECTORY.read_bytes()
    files.rank_paths(1)[0].unlink()
    with pytest.raises(InputError, match=r"epoch_0001\.places\.npy does not exist: .*_ranks`"):
        trajectory.main(METRICS)
    assert files.TRAJECTORY.read_bytes() == before


def test_trajectory_needs_no_torch(agreement_workspace):
    assert_needs_no_torch("trajectory", METRICS)
