"""Agreement from the stages as a person runs them."""

import numpy as np
import pandas as pd


def test_maps_have_a_row_per_test_image_and_belong_to_its_reconstruction(finished):
    images = np.load(finished / "data/raw/images.npy")
    split = pd.read_csv(finished / "data/split.csv")
    test = split[split["part"] == "test"]
    x = images[test["source_row"]] / np.float32(255)
    reconstruction = np.load(finished / "data/maps/reconstruction.npy")
    error = np.load(finished / "data/maps/reconstruction_error.npy")
    assert reconstruction.shape == x.shape == (len(test), 1, 8, 8)
    np.testing.assert_allclose(error, ((x - reconstruction) ** 2)[:, 0], atol=1e-6)
    assert np.load(finished / "data/maps/saliency.npy").shape == error.shape


def test_batch_size_changes_maps_by_no_more_than_rounding(workspace):
    folder = workspace / "data/maps"
    before = {path.name: np.load(path) for path in folder.iterdir()}
    done = workspace.stage("maps", "--batch-size", "1")
    assert done.returncode == 0, done.stderr
    assert set(before) == {path.name for path in folder.iterdir()}
    for name, maps in before.items():
        # Rounding of float32 in sums of values up to the map's own range, not of each value's.
        atol = 1e-5 * np.abs(maps).max()
        np.testing.assert_allclose(np.load(folder / name), maps, rtol=0, atol=atol)


def test_maps_that_are_no_longer_asked_for_are_removed(workspace):
    assert workspace.stage("maps", "--methods", "saliency").returncode == 0
    kept = {path.name for path in (workspace / "data/maps").iterdir()}
    assert kept == {"saliency.npy", "reconstruction.npy"}
    assert "reconstruction_error.npy does not exist" in workspace.refuses("ranks")


def test_check_refuses_to_leave_out_a_map_that_metrics_reads(workspace):
    workspace.change("maps", methods=["reconstruction_error", "saliency", "indirect_term"])
    message = workspace.refuses("check")
    assert "maps.methods lacks direct_term, which the ranks stage reads: add it" in message


def test_last_row_of_the_trajectory_is_the_run_itself(workspace):
    trajectory = pd.read_csv(workspace / "metrics/trajectory.csv")
    best = trajectory[trajectory["best"] == 1].iloc[0]
    numbers = workspace.json("metrics/agreement.json")
    training = workspace.json("metrics/training.json")
    assert trajectory["epoch"].tolist() == [1, 2]
    assert best["epoch"] == training["best_epoch"]
    for group in ("normal", "novel"):
        for measure in ("agreement", "max_distance_saliency_to_error"):
            assert best[f"{group}_{measure}"] == numbers[group][measure]["estimate"]
    assert (trajectory["gradient_residual"] < 1e-5).all()


def test_principal_components_agree_everywhere_and_have_no_layers_to_randomize(workspace):
    workspace.change("train", network="pca")
    workspace.run_all(start="train", stop="representation_classify")
    per_image = pd.read_csv(workspace / "metrics/per_image.csv")
    assert (per_image["agreement"] == 5).all()  # K: saliency orders the pixels as the error does
    assert len(pd.read_csv(workspace / "metrics/randomization.csv")) == 0
    numbers = workspace.json("metrics/faithfulness.json")
    assert numbers["saliency"].keys() == {"deletion", "insertion"}
    assert [file.name for file in (workspace / "data/model/epochs").iterdir()] == ["kept.csv"]
    assert pd.read_csv(workspace / "metrics/trajectory.csv")["epoch"].tolist() == [0]


def test_epochs_that_training_did_not_reach_are_left_out_of_the_trajectory(workspace):
    workspace.change("train", keep_epochs=[1, 7])
    assert workspace.stage("train").returncode == 0
    assert workspace.stage("trajectory_ranks").returncode == 0
    assert workspace.stage("trajectory").returncode == 0
    trajectory = pd.read_csv(workspace / "metrics/trajectory.csv")
    assert set(trajectory["epoch"]) <= {1, 2}


def test_missing_epoch_is_refused_and_the_old_ranks_are_kept(workspace):
    best = workspace.json("metrics/training.json")["best_epoch"]
    other = 3 - best
    (workspace / f"data/model/epochs/epoch_{other:04d}.pt").unlink()
    message = workspace.refuses("trajectory_ranks", bar=True)
    assert f"epoch_{other:04d}.pt does not exist: train again" in message


def test_plots_follow_the_k_that_the_metrics_were_made_with(workspace):
    assert workspace.stage("metrics", "--k", "12").returncode == 0
    done = workspace.stage("plots")
    assert done.returncode == 0, done.stderr
    histogram = pd.read_csv(workspace / "metrics/agreement_histogram.csv")
    assert histogram["agreement"].tolist() == list(range(13))
    np.testing.assert_allclose(histogram[["normal", "novel", "chance"]].sum(), 1, rtol=1e-6)
