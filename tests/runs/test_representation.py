"""Representation from the stages as a person runs them."""

import numpy as np
import pandas as pd
from runs.workspace import TINY


def test_unknown_variant_is_refused(workspace):
    message = workspace.refuses("representation.classify", "nominall")
    assert "classifier.variants has no nominall (there: nominal, all_classes, hybrid" in message


def test_option_of_the_command_line_overrides_a_variants_own_setting(workspace):
    weights = []
    for own in ({}, {"seed": 7}):
        workspace.change("classifier", variants={"nominal": {"objective": "nominal", **own}})
        workspace.run("representation.classify nominal --seed 3")
        weights.append((workspace / "data/classifiers/nominal.pt").read_bytes())
    assert weights[0] == weights[1]


def test_embed_refuses_a_missing_classifier_and_one_of_another_network(workspace):
    workspace.change("classifier", backbone="resnet34")
    assert "holds the weights of another network" in workspace.refuses("representation.embed")
    (workspace / "data/classifiers/nominal.pt").unlink()
    message = workspace.refuses("representation.embed")
    assert (
        "nominal.pt does not exist: train again with `python -m stages.representation.classify"
        in message
    )


def test_further_objectives_pass_through_the_pipeline(workspace):
    added = {
        "generalized_odin": {"objective": "generalized_odin"},
        "rotation": {"objective": "rotation", "rotation_weight": 0.5},
        "svgd": {"objective": "svgd", "members": 2},
        "jem": {"objective": "jem", "steps": 1, "learning_rate": 0.0001},
        "small_csi": {"objective": "small_csi"},
    }
    workspace.change("classifier", variants=TINY["classifier"]["variants"] | added)
    workspace.run(*(f"representation.classify {name}" for name in added))
    workspace.run("representation.embed", "representation.metrics")
    table = pd.read_csv(workspace / "metrics/detection.csv")
    found = table[table["labels"] == "none"].groupby("representation")["detector"].first()
    assert found["generalized_odin"] == "generalized_odin_h"
    assert found["rotation"] == "rotation"
    assert found["svgd"] == "ensemble_max_logit"
    assert found["jem"] == "energy"
    assert (workspace / "data/embeddings/small_csi.train.projection.npy").exists()
    assert "small_csi" in set(table["representation"])  # its score may be undefined so early
    metrics = workspace.json("metrics/classifiers/small_csi.json")
    assert "validation_rotation_accuracy" in metrics


def test_detect_leaves_out_more_labelled_anomalies_than_there_are_and_says_so(workspace):
    done = workspace.stage("representation.metrics", "--labelled-anomalies", "3,1000")
    assert done.returncode == 0, done.stderr
    assert "the validation part has 63 anomalies: oracles see [3] and all" in done.stdout
    labels = pd.read_csv(workspace / "metrics/detection.csv")["labels"]
    assert set(labels) == {"none", "all", "3", "other classes"}


def test_detection_with_a_single_novel_class_has_no_class_to_hold_out(workspace):
    workspace.change("classifier", variants={"nominal": {"objective": "nominal"}})
    workspace.run(
        "split --normal-classes 0,1,2,3,4,5,6,7,8",
        "representation.classify nominal",
        "representation.embed",
        "representation.metrics",
        "representation.plots",
    )
    detection = workspace.json("metrics/detection.json")
    assert detection["nominal"]["forest_on_an_unseen_class"]["auroc"] is None
    assert detection["nominal"]["forest_on_a_seen_class"]["auroc"] is not None


def test_detect_refuses_embeddings_of_other_images(workspace):
    file = workspace / "data/embeddings/nominal.test.z.npy"
    np.save(file, np.load(file)[1:])
    assert "make it again with `python -m stages.representation.embed`" in workspace.refuses(
        "representation.metrics"
    )


def test_embedding_is_that_of_the_kept_classifier_and_detection_follows_it(workspace):
    before = pd.read_csv(workspace / "metrics/detection.csv")
    z = np.load(workspace / "data/embeddings/nominal.test.z.npy")
    assert z.dtype == np.float32
    assert z.shape[1] == 64
    assert workspace.stage("representation.classify", "nominal", "--seed", "5").returncode == 0
    assert workspace.stage("representation.embed").returncode == 0
    assert workspace.stage("representation.metrics").returncode == 0
    assert (np.load(workspace / "data/embeddings/nominal.test.z.npy") != z).any()
    after = pd.read_csv(workspace / "metrics/detection.csv")
    changed = (before["auroc"] != after["auroc"]).groupby(before["representation"]).any()
    assert changed["nominal"]
    assert not changed[["all_classes", "autoencoder", "untrained", "raw_pixels"]].any()
