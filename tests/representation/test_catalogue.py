"""Which representations are examined, and what is told of their networks."""

import json

import numpy as np
import pytest
from oracles.classifier_params import classifier_params
from oracles.toy_representations import TEST, TRAIN, VALIDATION, features

from novelty_maps.params.score_names import LATENT_SCORES
from novelty_maps.pipeline.arrays import write_array
from novelty_maps.representation.catalogue import every_representation, with_training
from novelty_maps.representation.examine import examine
from novelty_maps.representation.files import embedding_path, origin_path
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
    for part, count in (("train", len(TRAIN)), ("validation", len(VALIDATION)), ("test", len(TEST)))
}
ROWS = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
EMBEDDED = [*VARIANTS, "autoencoder", "untrained"]
WITHOUT_CLASSES = ("contrastive", "contrastive_too", "autoencoder")


def every(variants=VARIANTS, *, others=("autoencoder", "untrained", "raw_pixels")):
    return every_representation(classifier_params(variants), IMAGES, ROWS, others=others)


@pytest.fixture
def found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate([*EMBEDDED, "imagenet"]):
        for part, rows in ROWS.items():
            if (name, part) != ("all_classes", "train"):
                z = features(rows, seed).astype(np.float32)
                write_array(embedding_path(name, part, "z"), z)
                if name not in (*WITHOUT_CLASSES, "imagenet"):
                    write_array(embedding_path(name, part, "logits"), z[:, :3])
        if name == "nominal":
            write_array(origin_path(name), np.zeros(5))
    return {each.name: each for each in every()}


def test_classifiers_come_first_then_ensembles_then_what_no_class_label_trained(found):
    assert list(found) == NAMES  # networks without logits form no ensemble


def test_each_has_the_features_of_its_own_network(found):
    for seed, name in enumerate(EMBEDDED):
        expected = features(TEST, seed).astype(np.float32)
        np.testing.assert_array_equal(found[name].features["test"], expected)
    members = [found[name].features["validation"] for name in ("hybrid", "again")]
    joined = found["hybrid_ensemble"].features["validation"]
    np.testing.assert_array_equal(joined, np.concatenate(members, axis=1))
    assert found["raw_pixels"].features["test"].shape == (len(TEST), 4)


def test_only_what_saw_novel_classes_is_an_oracle_and_has_no_score(found):
    assert [name for name in found if found[name].is_oracle] == ["all_classes"]
    assert [name for name in found if not found[name].scores["test"]] == ["all_classes"]


def test_score_shown_for_an_objective_comes_first(found):
    assert next(iter(found["jem"].scores["test"])) == "energy"
    assert list(found["nominal"].scores["test"]) == [*LOGIT_SCORES, *LATENT_SCORES]
    without_origin = [name for name in LATENT_SCORES if name != "vim"]
    assert list(found["untrained"].scores["test"]) == [*LOGIT_SCORES, *without_origin]


def test_relative_distances_are_those_of_networks_that_know_classes(found):
    for name in ("nominal", "nominal_ensemble", "untrained"):
        assert "relative_mahalanobis" in found[name].scores["test"]
    for name in WITHOUT_CLASSES:
        assert list(found[name].scores["test"]) == ["mahalanobis", "nearest_neighbours"]


def test_network_of_imagenet_is_there_where_it_is_asked_for_and_knows_the_classes(found):
    with_it = {each.name: each for each in every(others=["imagenet"])}
    assert list(with_it) == [*NAMES[:-3], "imagenet"]
    assert list(with_it["imagenet"].scores["test"]) == list(LATENT_SCORES[:3])
    novel = TEST["novel"].to_numpy() == 1
    score = with_it["imagenet"].scores["test"]["mahalanobis"]
    assert score[novel].mean() > 3 * score[~novel].mean()


def test_ensemble_of_networks_that_saw_novel_classes_is_an_oracle(found):
    again = {name: {"objective": "all_classes", "seed": s} for s, name in enumerate("ab")}
    for name, source in (("a", "nominal"), ("b", "second")):
        for part in ("validation", "test"):
            for output in ("z", "logits"):
                array = np.load(embedding_path(source, part, output))
                write_array(embedding_path(name, part, output), array)
    assert {each.name for each in every(again) if each.is_oracle} == {"a", "b", "a_ensemble"}


def test_table_tells_how_each_network_was_trained(found):
    names = ["nominal", "hybrid_ensemble", "jem", "autoencoder"]
    table = examine(
        found["nominal"],
        VALIDATION,
        TEST,
        trees=2,
        labelled_anomalies=[],
        draws=1,
        held_out_classes=True,
    ).table
    table = table.iloc[:4].assign(representation=names)
    told = with_training(table, classifier_params(VARIANTS))
    assert list(told.columns[:4]) == ["representation", "objective", "settings", "detector"]
    assert list(told["objective"]) == ["nominal", "ensemble", "jem", ""]
    own = [json.loads(settings) for settings in told["settings"]]
    assert own == [{}, {"reconstruction_weight": 0.9}, {"steps": 3}, {}]
    assert "objective" not in table
