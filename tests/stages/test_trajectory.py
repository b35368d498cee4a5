"""Stage `trajectory`: a row per epoch, the best one from the maps that stage `maps` wrote."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracles.small_run import BEST, MAPS, METRICS, TRAIN

from novelty_maps.autoencoders.files import epoch_path
from novelty_maps.maps.files import map_path
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


def test_weights_kept_with_moving_averages_are_a_row_of_their_own(agreement_workspace):
    epoch_path(BEST, running=True).write_bytes(epoch_path(1).read_bytes())
    trajectory.main(METRICS, MAPS, TRAIN)
    table = pd.read_csv("metrics/trajectory.csv")
    assert table["epoch"].tolist() == [1, BEST, BEST]
    assert table["running"].tolist() == [0, 0, 1]
    assert table["validation_loss"].tolist()[:2] == [0.3, 0.15]
    assert np.isnan(table["validation_loss"][2])
    assert table["normal_scaled_map_error"][2] == table["normal_scaled_map_error"][0]
    assert table["normal_scaled_map_error"][2] != table["normal_scaled_map_error"][1]


def test_trajectory_reads_the_best_epochs_maps_and_computes_the_others(agreement_workspace):
    before = pd.read_csv("metrics/trajectory.csv")
    np.save(map_path("saliency"), np.load(map_path("reconstruction_error")))
    trajectory.main(METRICS, MAPS, TRAIN)
    after = pd.read_csv("metrics/trajectory.csv")
    assert after["normal_agreement"][1] == METRICS.k
    pd.testing.assert_series_equal(after.loc[0], before.loc[0])


def test_trajectory_refuses_a_missing_epoch(agreement_workspace):
    Path("data/model/epochs/epoch_0001.pt").unlink()
    with pytest.raises(InputError, match=r"epoch_0001\.pt does not exist: train again"):
        trajectory.main(METRICS, MAPS, TRAIN)
