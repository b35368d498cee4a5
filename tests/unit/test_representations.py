"""The table of detectors and representations."""

import numpy as np
import pandas as pd
import pytest

from stages.lib import detection, oracles, representations, scores, statistics


def rows_of(count, seed):
    label = np.random.default_rng(seed).permutation(np.arange(count) % 5)
    return pd.DataFrame({"label": label, "novel": (label >= 3).astype(int)})


VALIDATION, TEST = rows_of(200, 0), rows_of(300, 1)
NOVEL = TEST["novel"].to_numpy() == 1


def features(rows, seed):
    generator = np.random.default_rng(seed)
    return np.eye(5)[rows["label"]] * 3 + generator.normal(size=(len(rows), 5))


def outputs(**changes):
    return {
        part: {"z": features(rows, seed), "logits": features(rows, seed)[:, :3], **changes}
        for part, rows, seed in (("validation", VALIDATION, 2), ("test", TEST, 3))
    }


def representation(**changes):
    return representations.of_network("nominal", outputs(), TEST)._replace(**changes)


def examined(given=None, **changes):
    settings = {"trees": 20, "control_trees": 10, "labelled_anomalies": [5], "seed": 0, **changes}
    return representations.examine(
        representation() if given is None else given, VALIDATION, TEST, **settings
    )


def table(given=None, **changes):
    return examined(given, **changes).table


def row(found, detector, labels, novel_class="all"):
    chosen = found[
        (found["detector"] == detector)
        & (found["labels"] == labels)
        & (found["novel_class"] == novel_class)
    ]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_every_detector_has_its_row():
    found = table()
    keys = set(zip(found["detector"], found["labels"], found["novel_class"], strict=True))
    assert keys == {
        *((name, "none", "all") for name in scores.LOGIT_SCORES),
        ("forest", "all", "all"),
        ("forest", "all", "3"),
        ("forest", "all", "4"),
        ("linear", "all", "all"),
        ("forest", "5", "all"),
        ("linear", "5", "all"),
        ("forest", "other classes", "3"),
        ("forest", "other classes", "4"),
    }
    assert len(found) == len(keys)


def test_what_saw_a_novel_label_is_marked_oracle():
    found = table()
    assert (found["oracle"] == (found["labels"] != "none")).all()
    assert (table(representation(is_oracle=True))["oracle"] == 1).all()


def test_row_holds_the_measures_of_its_score():
    given = representation()
    found = row(table(given), "max_logit", "none")
    score = given.scores["test"]["max_logit"]
    assert found["auroc"] == statistics.delong_auroc(NOVEL, score).estimate
    assert found["average_precision"] == detection.average_precision(NOVEL, score)
    assert found["fpr_at_95_tpr"] == detection.false_positive_rate(NOVEL, score)
    assert found["oscr"] == detection.oscr(NOVEL, score, given.correct)
    assert found["closed_set_accuracy"] == given.correct[~NOVEL].mean()
    on_validation = given.scores["validation"]["max_logit"]
    novel = VALIDATION["novel"].to_numpy() == 1
    assert found["validation_auroc"] == statistics.delong_auroc(novel, on_validation).estimate


def test_only_detectors_without_labels_have_an_auroc_to_choose_by():
    found = table()
    assert (found["validation_auroc"].notna() == (found["labels"] == "none")).all()


def test_scores_of_the_test_images_are_those_that_the_table_measures():
    found = examined()
    assert set(found.scores) == {*scores.LOGIT_SCORES, "forest", "linear"}
    for detector, score in found.scores.items():
        labels = "all" if detector in oracles.ORACLES else "none"
        auroc = statistics.delong_auroc(NOVEL, score).estimate
        assert row(found.table, detector, labels)["auroc"] == auroc


def test_forest_of_a_held_out_class_is_measured_on_that_class_alone():
    given = representation()
    found = row(table(given), "forest", "other classes", "3")
    seen = VALIDATION["label"].to_numpy() != 3
    score = oracles.forest_oracle(
        given.features["validation"][seen], VALIDATION["novel"].to_numpy()[seen] == 1,
        given.features["test"], trees=10, seed=0,
    )  # fmt: skip
    kept = ~NOVEL | (TEST["label"].to_numpy() == 3)
    assert found["auroc"] == statistics.delong_auroc(NOVEL[kept], score[kept]).estimate
    assert found["auroc"] < row(table(given), "forest", "all", "3")["auroc"]


def test_without_a_classifier_there_is_no_oscr():
    found = table(representation(correct=None, scores={"validation": {}, "test": {}}))
    assert found["oscr"].isna().all()
    assert "none" not in set(found["labels"])


def test_novel_images_are_never_classified_correctly():
    assert not representation().correct[NOVEL].any()
    assert representation().correct[~NOVEL].mean() > 0.7


def test_headline_has_the_aurocs_and_the_means_over_classes():
    given = representation()
    found = table(given)
    headline = representations.headline(found)["nominal"]
    assert headline["energy"]["auroc"]["estimate"] == row(found, "energy", "none")["auroc"]
    unseen = [row(found, "forest", "other classes", c)["auroc"] for c in ("3", "4")]
    assert headline["forest_on_an_unseen_class"]["auroc"] == pytest.approx(np.mean(unseen))
    assert headline["closed_set_accuracy"] == given.correct[~NOVEL].mean()


def test_network_that_saw_novel_classes_has_no_score_of_its_own():
    found = representations.of_network("all_classes", outputs(), TEST, sees_novel=True)
    assert found.is_oracle
    assert found.correct is None
    assert not found.scores["test"]


def test_network_has_every_score_that_its_outputs_allow():
    assert set(representation().scores["test"]) == set(scores.LOGIT_SCORES)
    code = {part: {"z": values["z"]} for part, values in outputs().items()}
    assert not representations.of_network("autoencoder", code, TEST).scores["test"]


def test_ensemble_joins_the_representations_and_averages_the_probabilities():
    members = [outputs(), outputs(logits=np.zeros((len(TEST), 3)))]
    members[1]["validation"]["logits"] = np.zeros((len(VALIDATION), 3))
    joined = representations.joined(members)
    assert joined["test"]["z"].shape == (len(TEST), 10)
    np.testing.assert_array_equal(
        joined["test"]["member_logits"][:, 0], members[0]["test"]["logits"]
    )
    ensemble = representations.of_network("ensemble", joined, TEST)
    # A member that is always undecided changes no decision.
    np.testing.assert_array_equal(ensemble.correct, representation().correct)
    assert "mutual_information" in ensemble.scores["test"]


def test_pixels_are_scored_by_their_distance_to_the_mean_training_image():
    generator = np.random.default_rng(0)
    images = {
        part: generator.integers(0, 256, (count, 1, 2, 2)).astype(np.uint8)
        for part, count in (("train", 50), ("validation", len(VALIDATION)), ("test", len(TEST)))
    }
    found = representations.of_pixels(images)
    unit = {part: array.reshape(-1, 4) / 255 for part, array in images.items()}
    expected = [((row - unit["train"].mean(axis=0)) ** 2).mean() for row in unit["test"]]
    np.testing.assert_allclose(found.scores["test"]["distance_to_mean"], expected)
    assert found.features["test"].shape == (len(TEST), 4)


def test_few_labels_are_those_of_so_many_anomalies_and_of_all_normal_images():
    given = representation()
    found = row(table(given), "linear", "5")
    novel = VALIDATION["novel"].to_numpy() == 1
    rows = oracles.labelled_subset(novel, anomalies=5, generator=np.random.default_rng([0, 5]))
    score = oracles.linear_oracle(
        given.features["validation"][rows], novel[rows], given.features["test"], seed=0
    )
    assert found["auroc"] == statistics.delong_auroc(NOVEL, score).estimate


def test_shown_score_comes_first():
    found = representations.of_network("jem", outputs(), TEST, shown="energy")
    assert next(iter(found.scores["test"])) == "energy"
    assert set(found.scores["test"]) == set(scores.LOGIT_SCORES)


def test_score_that_is_not_finite_is_left_out_and_named(monkeypatch):
    def undefined(z):
        return np.full(len(z), np.nan)

    monkeypatch.setitem(scores.SCORES, "undefined", scores.Score(undefined, ("z",)))
    found = representations.of_network("nominal", outputs(), TEST)
    assert found.undefined == ("undefined",)
    assert set(found.scores["validation"]) == set(scores.LOGIT_SCORES)
