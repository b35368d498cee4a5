"""Which representations are examined, and what is told of their networks."""

import json

import numpy as np
import pytest
from oracles.classifier_params import classifier_params
from oracles.toy_representations import TEST, VALIDATION, features

from novelty_maps.pipeline.arrays import write_array
from novelty_maps.representation.catalogue import every_representation, with_training
from novelty_maps.representation.examine import examine
from novelty_maps.representation.files import embedding_path
from novelty_maps.representation.scores import LOGIT_SCORES

HYBRID = {"objective": "hybrid", "reconstruction_weight": 0.9}
VARIANTS = {
    "nominal": {"objective": "nominal"},
    "all_classes": {"objective": "all_classes"},
    "hybrid": HYBRID,
    "second": {"objective": "nominal", "seed": 1},
    "again": {**HYBRID, "seed": 2},
    "jem": {"objective": "jem", "steps": 3},
    "contrastive": {"objective": "small_csi"},
    "contrastive_too": {"objective": "small_csi", "seed": 1},
}
NAMES = [*VARIANTS, "nominal_ensemble", "hybrid_ensemble", "autoencoder", "untrained", "raw_pixels"]
IMAGES = {
    part: np.random.default_rng(count).integers(0, 256, (count, 1, 2, 2)).astype(np.uint8)
    for part, count in (("train", 50), ("validation", len(VALIDATION)), ("test", len(TEST)))
}


@pytest.fixture
def found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate([*VARIANTS, "autoencoder", "untrained"]):
        for part, rows in (("validation", VALIDATION), ("test", TEST)):
            z = features(rows, seed).astype(np.float32)
            write_array(embedding_path(name, part, "z"), z)
            if name not in ("autoencoder", "contrastive", "contrastive_too"):
                write_array(embedding_path(name, part, "logits"), z[:, :3])
    classifier = classifier_params(VARIANTS)
    return {each.name: each for each in every_representation(classifier, IMAGES, TEST)}


def test_classifiers_come_first_then_ensembles_then_what_no_class_label_trained(found):
    assert list(found) == NAMES  # networks without logits form no ensemble


def test_each_has_the_features_of_its_own_network(found):
    for seed, name in enumerate([*VARIANTS, "autoencoder", "untrained"]):
        expected = features(TEST, seed).astype(np.float32)
        np.testing.assert_array_equal(found[name].features["test"], expected)
    members = [found[name].features["validation"] for name in ("hybrid", "again")]
    joined = found["hybrid_ensemble"].features["validation"]
    np.testing.assert_array_equal(joined, np.concatenate(members, axis=1))
    assert found["raw_pixels"].features["test"].shape == (len(TEST), 4)


def test_only_what_saw_novel_classes_is_an_oracle_and_has_no_score(found):
    assert [name for name in found if found[name].is_oracle] == ["all_classes"]
    without = [name for name in found if not found[name].scores["test"]]
    assert without == ["all_classes", "contrastive", "contrastive_too", "autoencoder"]


def test_score_shown_for_an_objective_comes_first(found):
    assert next(iter(found["jem"].scores["test"])) == "energy"
    assert list(found["nominal"].scores["test"]) == list(LOGIT_SCORES)
    assert list(found["untrained"].scores["test"]) == list(LOGIT_SCORES)


def test_ensemble_of_networks_that_saw_novel_classes_is_an_oracle(found):
    again = {name: {"objective": "all_classes", "seed": s} for s, name in enumerate("ab")}
    for name, source in (("a", "nominal"), ("b", "second")):
        for part in ("validation", "test"):
            for output in ("z", "logits"):
                array = np.load(embedding_path(source, part, output))
                write_array(embedding_path(name, part, output), array)
    every = every_representation(classifier_params(again), IMAGES, TEST)
    assert {each.name for each in every if each.is_oracle} == {"a", "b", "a_ensemble"}


def test_table_tells_how_each_network_was_trained(found):
    names = ["nominal", "hybrid_ensemble", "jem", "autoencoder"]
    table = examine(
        found["nominal"], VALIDATION, TEST, trees=2, control_trees=2, labelled_anomalies=[]
    ).table
    table = table.iloc[:4].assign(representation=names)
    told = with_training(table, classifier_params(VARIANTS))
    assert list(told.columns[:4]) == ["representation", "objective", "settings", "detector"]
    assert list(told["objective"]) == ["nominal", "ensemble", "jem", ""]
    own = [json.loads(settings) for settings in told["settings"]]
    assert own == [{}, {"reconstruction_weight": 0.9}, {"steps": 3}, {}]
    assert "objective" not in table
