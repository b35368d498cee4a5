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


def representation(**changes):
    logits = features(TEST, 3)[:, :3]
    correct = representations.predicted_correctly(logits, TEST)
    values = {
        "name": "nominal",
        "validation": features(VALIDATION, 2),
        "test": features(TEST, 3),
        "scores": representations.classifier_scores(logits),
        "correct": correct,
        "is_oracle": False,
    }
    return representations.Representation(**{**values, **changes})


def table(given=None, **changes):
    settings = {"trees": 20, "labelled_anomalies": [5], "seed": 0, **changes}
    return representations.detection_table(
        representation() if given is None else given, VALIDATION, TEST, **settings
    )


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
    score = given.scores["max_logit"]
    assert found["auroc"] == statistics.delong_auroc(NOVEL, score).estimate
    assert found["average_precision"] == detection.average_precision(NOVEL, score)
    assert found["fpr_at_95_tpr"] == detection.false_positive_rate(NOVEL, score)
    assert found["oscr"] == detection.oscr(NOVEL, score, given.correct)


def test_forest_of_a_held_out_class_is_measured_on_that_class_alone():
    given = representation()
    found = row(table(given), "forest", "other classes", "3")
    seen = VALIDATION["label"].to_numpy() != 3
    score = oracles.forest_oracle(
        given.validation[seen], VALIDATION["novel"].to_numpy()[seen] == 1, given.test,
        trees=20, seed=0,
    )  # fmt: skip
    kept = ~NOVEL | (TEST["label"].to_numpy() == 3)
    assert found["auroc"] == statistics.delong_auroc(NOVEL[kept], score[kept]).estimate
    assert found["auroc"] < row(table(given), "forest", "all", "3")["auroc"]


def test_without_a_classifier_there_is_no_oscr():
    found = table(representation(correct=None, scores={}))
    assert found["oscr"].isna().all()
    assert "none" not in set(found["labels"])


def test_novel_images_are_never_classified_correctly():
    assert not representation().correct[NOVEL].any()
    assert representation().correct[~NOVEL].mean() > 0.7


def test_headline_has_the_aurocs_and_the_means_over_classes():
    given = representation()
    found = table(given)
    headline = representations.headline(found, [given], NOVEL)["nominal"]
    assert headline["energy"]["auroc"]["estimate"] == row(found, "energy", "none")["auroc"]
    unseen = [row(found, "forest", "other classes", c)["auroc"] for c in ("3", "4")]
    assert headline["forest_on_an_unseen_class"]["auroc"] == pytest.approx(np.mean(unseen))
    assert headline["closed_set_accuracy"] == given.correct[~NOVEL].mean()
