"""Stage `trajectory_ranks`: each kept network's maps but the best one's, which are there."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracles.small_run import BEST, MAPS, METRICS, TRAIN

from novelty_maps.agreement import files
from novelty_maps.autoencoders.files import epoch_path
from novelty_maps.maps.files import map_path
from novelty_maps.pipeline.errors import InputError
from stages import ranks, trajectory, trajectory_ranks


def test_networks_are_the_kept_epochs_that_were_reached(finished_agreement, monkeypatch):
    monkeypatch.chdir(finished_agreement)
    table = files.read_networks()
    assert table["epoch"].tolist() == [1, BEST]
    assert table["best"].tolist() == [0, 1]
    assert table["validation_loss"].tolist() == [0.3, 0.15]
    names = {path.name for path in files.TRAJECTORY_RANKS.iterdir()}
    assert names == {"networks.csv", "epoch_0001.places.npy", "epoch_0001.images.npy"}


def test_weights_kept_with_moving_averages_are_a_row_of_their_own(agreement_workspace):
    epoch_path(BEST, running=True).write_bytes(epoch_path(1).read_bytes())
    trajectory_ranks.main(MAPS, TRAIN)
    trajectory.main(METRICS)
    table = pd.read_csv("metrics/trajectory.csv")
    assert table["epoch"].tolist() == [1, BEST, BEST]
    assert table["running"].tolist() == [0, 0, 1]
    assert table["validation_loss"].tolist()[:2] == [0.3, 0.15]
    assert np.isnan(table["validation_loss"][2])
    assert table["normal_scaled_map_error"][2] == table["normal_scaled_map_error"][0]
    assert table["normal_scaled_map_error"][2] != table["normal_scaled_map_error"][1]


def test_best_epochs_maps_are_those_of_stage_maps_and_the_others_computed(agreement_workspace):
    before = pd.read_csv("metrics/trajectory.csv")
    np.save(map_path("saliency"), np.load(map_path("reconstruction_error")))
    ranks.main(METRICS)
    trajectory_ranks.main(MAPS, TRAIN)
    trajectory.main(METRICS)
    after = pd.read_csv("metrics/trajectory.csv")
    assert after["normal_agreement"][1] == METRICS.k
    pd.testing.assert_series_equal(after.loc[0], before.loc[0])


def test_epochs_that_are_no_longer_asked_for_are_removed(agreement_workspace):
    trajectory_ranks.main(MAPS, TRAIN.model_copy(update={"keep_epochs": [BEST]}))
    assert [path.name for path in files.TRAJECTORY_RANKS.iterdir()] == ["networks.csv"]
    trajectory.main(METRICS)
    assert pd.read_csv("metrics/trajectory.csv")["epoch"].tolist() == [BEST]


def test_missing_epoch_is_refused_and_what_was_there_kept(agreement_workspace):
    before = {path: path.read_bytes() for path in files.TRAJECTORY_RANKS.iterdir()}
    Path("data/model/epochs/epoch_0001.pt").unlink()
    with pytest.raises(InputError, match=r"epoch_0001\.pt does not exist: train again"):
        trajectory_ranks.main(MAPS, TRAIN)
    assert {path: path.read_bytes() for path in files.TRAJECTORY_RANKS.iterdir()} == before
