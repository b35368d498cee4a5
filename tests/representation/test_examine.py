"""The table of detectors and representations."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from oracles.hasty_perceptron import hasty
from oracles.once import once
from oracles.slow_neighbours import slow_choice
from oracles.toy_representations import TEST, TRAIN, VALIDATION, features, outputs, representation
from scipy import stats

from novelty_maps.representation import examine, oracles, scores
from novelty_maps.representation.measures import (
    average_precision,
    equal_error_rate,
    false_positive_rate,
    oscr,
)
from novelty_maps.representation.representations import of_network
from novelty_maps.statistics.auroc import delong_auroc

NOVEL = TEST["novel"].to_numpy() == 1
NAMES = list(oracles.all_oracles(trees=1))
FEW = {"labelled_anomalies": (), "held_out_classes": False}  # detectors, for what others hide


@pytest.fixture(autouse=True)
def _hasty_perceptron(monkeypatch):
    monkeypatch.setattr(oracles, "MLPClassifier", hasty)


def examined(given=None, test=None, **changes):
    if given is None and test is None:
        plain = examined_plainly(**changes)
        return plain._replace(table=plain.table.copy(), scores=dict(plain.scores))
    settings = {"trees": 20, "labelled_anomalies": (5,), "draws": 1, "held_out_classes": True}
    return examine.examine(
        representation() if given is None else given,
        VALIDATION,
        TEST if test is None else test,
        **settings | changes,
    )


@once
def examined_plainly(**changes):
    return examined(representation(), **changes)


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
        ("mlp", "all", "all"),
        ("mlp", "5", "all"),
        ("forest", "other classes", "3"),
        ("forest", "other classes", "4"),
    }
    assert len(found) == len(keys)


def test_every_oracle_has_the_same_trees_and_that_of_all_labels_is_fitted_once(monkeypatch):
    seen = []

    def oracle(features, novel, test, *, trees, seed, balanced=False):
        seen.append((len(novel), trees, seed, balanced))
        return np.linspace(0, 1, len(test))

    monkeypatch.setattr(
        oracles, "all_oracles", lambda trees: {"forest": partial(oracle, trees=trees)}
    )
    monkeypatch.setattr(oracles, "forest_oracle", oracle)
    examined(draws=2)
    everything, *few, third, fourth = seen
    assert everything == (200, 20, 0, False)
    assert few == [(120 + 5, 20, draw, True) for draw in (0, 1)]  # all normal and five novel
    assert third == fourth == (160, 20, 0, False)  # without the 40 images of one novel class


def test_forest_by_class_is_that_of_all_classes():
    found = examined()
    kept = ~NOVEL | (TEST["label"].to_numpy() == 4)
    expected = delong_auroc(NOVEL[kept], found.scores["forest"][kept])
    by_class = row(found.table, "forest", "all", "4")
    assert tuple(by_class[["auroc", "auroc_low", "auroc_high"]]) == expected


def test_what_saw_a_novel_label_is_marked_oracle():
    found = table()
    assert (found["oracle"] == (found["labels"] != "none")).all()
    assert (table(representation(is_oracle=True))["oracle"] == 1).all()


def test_row_holds_the_measures_of_its_score():
    given = representation()
    found = row(table(given), "max_logit", "none")
    score = given.scores["test"]["max_logit"]
    assert found["auroc"] == delong_auroc(NOVEL, score).estimate
    assert found["average_precision"] == average_precision(NOVEL, score)
    assert found["fpr_at_95_tpr"] == false_positive_rate(NOVEL, score)
    assert found["equal_error_rate"] == equal_error_rate(NOVEL, score)
    assert found["oscr"] == oscr(NOVEL, score, given.correct)
    assert found["closed_set_accuracy"] == given.correct[~NOVEL].mean()
    on_validation = given.scores["validation"]["max_logit"]
    novel = VALIDATION["novel"].to_numpy() == 1
    assert found["validation_auroc"] == delong_auroc(novel, on_validation).estimate


def test_only_detectors_without_labels_have_an_auroc_to_choose_by():
    found = table()
    assert (found["validation_auroc"].notna() == (found["labels"] == "none")).all()


def test_scores_of_the_test_images_are_those_that_the_table_measures():
    found = examined()
    assert set(found.scores) == {*scores.LOGIT_SCORES, "forest", "linear", "mlp"}
    for detector, score in found.scores.items():
        labels = "all" if detector in NAMES else "none"
        auroc = delong_auroc(NOVEL, score).estimate
        assert row(found.table, detector, labels)["auroc"] == auroc


def test_forest_of_a_held_out_class_is_measured_on_that_class_alone():
    given = representation()
    found = row(table(given), "forest", "other classes", "3")
    seen = VALIDATION["label"].to_numpy() != 3
    score = oracles.forest_oracle(
        given.features["validation"][seen], VALIDATION["novel"].to_numpy()[seen] == 1,
        given.features["test"], trees=20, seed=0,
    )  # fmt: skip
    kept = ~NOVEL | (TEST["label"].to_numpy() == 3)
    assert found["auroc"] == delong_auroc(NOVEL[kept], score[kept]).estimate
    assert found["auroc"] < row(table(given), "forest", "all", "3")["auroc"]


def test_without_held_out_classes_every_other_row_is_the_same():
    whole, without = table(), table(held_out_classes=False)
    kept = whole[whole["labels"] != "other classes"]
    pd.testing.assert_frame_equal(without, kept.reset_index(drop=True))
    assert len(whole) - len(kept) == 2
    (headline,) = examine.headline({"a": examined(held_out_classes=False)}).values()
    assert np.isnan(headline["forest_on_an_unseen_class"]["auroc"])


def test_scores_are_a_column_each_beside_the_test_images():
    given = {"a": examined(), "b": examined()._replace(scores={"energy": np.arange(300.0)})}
    found = examine.score_table(TEST, given)
    columns = [f"a/{detector}" for detector in given["a"].scores]
    assert list(found.columns) == ["row", "label", "novel", *columns, "b/energy"]
    np.testing.assert_array_equal(found["b/energy"], np.arange(300))
    np.testing.assert_array_equal(found["label"], TEST["label"])


def test_without_a_classifier_there_is_no_oscr():
    found = table(representation(correct=None, scores={"validation": {}, "test": {}}))
    for column in ("oscr", "closed_set_accuracy", "validation_auroc"):
        assert found[column].isna().all()
        assert found[column].dtype == np.float64
    assert "none" not in set(found["labels"])


def test_headline_has_the_aurocs_and_the_means_over_classes():
    given = representation()
    result = examined(given)
    found, headline = result.table, examine.headline({"nominal": result})["nominal"]
    assert headline["energy"]["auroc"]["estimate"] == row(found, "energy", "none")["auroc"]
    unseen = [row(found, "forest", "other classes", c)["auroc"] for c in ("3", "4")]
    assert headline["forest_on_an_unseen_class"]["auroc"] == pytest.approx(np.mean(unseen))
    assert headline["closed_set_accuracy"] == given.correct[~NOVEL].mean()


def test_headline_has_every_score_and_each_oracle_with_all_labels_and_nothing_else():
    found = table()
    headline = examine.headline({"nominal": examined()})
    assert list(headline) == ["nominal"]
    detectors = {*scores.LOGIT_SCORES, *NAMES}
    assert headline["nominal"].keys() == detectors | {
        "forest_on_a_seen_class",
        "forest_on_an_unseen_class",
        "closed_set_accuracy",
    }
    for detector in detectors:
        whole = row(found, detector, "all" if detector in NAMES else "none")
        assert headline["nominal"][detector]["auroc"] == {
            "estimate": whole["auroc"],
            "low": whole["auroc_low"],
            "high": whole["auroc_high"],
        }
    seen = [row(found, "forest", "all", c)["auroc"] for c in ("3", "4")]
    assert headline["nominal"]["forest_on_a_seen_class"]["auroc"] == pytest.approx(np.mean(seen))


def test_headline_keeps_the_order_of_the_representations():
    found = {name: examined(representation(name=name), **FEW) for name in "bca"}
    assert list(examine.headline(found)) == ["b", "c", "a"]


def test_headline_names_the_neighbours_of_their_score_alone():
    normal, training = VALIDATION["novel"] == 0, features(TRAIN, 4)
    kept = outputs() | {"train": {"z": training, "logits": training[:, :3]}}
    labels = VALIDATION["label"].where(normal, -1).to_numpy()
    given = of_network(
        "nominal", kept, TEST, classes={"train": TRAIN["label"].to_numpy(), "validation": labels}
    )
    expected = slow_choice(
        kept["validation"]["z"][normal], labels[normal], training, TRAIN["label"].to_numpy()
    )
    (headline,) = examine.headline({"nominal": examined(given, **FEW)}).values()
    (without,) = examine.headline({"nominal": examined(**FEW)}).values()
    assert headline["nearest_neighbours"]["neighbours"] == expected > 1
    named = [key for key, value in headline.items() if "neighbours" in str(value)]
    assert named == ["nearest_neighbours"]
    assert "nearest_neighbours" not in without


def test_headline_without_a_classifier_or_a_second_novel_class_says_so():
    found = examined(representation(correct=None), held_out_classes=False)
    headline = examine.headline({"nominal": found})["nominal"]
    assert "closed_set_accuracy" not in headline
    assert np.isnan(headline["forest_on_an_unseen_class"]["auroc"])


def test_glance_is_of_the_first_network_that_has_a_score():
    told, plain, last = (table(representation(name=name), **FEW) for name in ("told", "plain", "z"))
    found = pd.concat([told[told["labels"] != "none"], plain, last])
    assert examine.at_a_glance(found) == {
        "score_auroc": plain.loc[plain["labels"] == "none", "auroc"].iloc[0],
        "forest_auroc": row(plain, "forest", "all")["auroc"],
    }


def few_scores(oracle, *, draws):
    """Scores of the test images for each draw of five labelled anomalies, (D, M)."""
    given = representation()
    novel = VALIDATION["novel"].to_numpy() == 1
    scores = []
    for draw in range(draws):
        generator = np.random.default_rng([0, draw])
        rows = oracles.labelled_subset(novel, anomalies=5, generator=generator)
        features = given.features["validation"][rows]
        test = given.features["test"]
        scores.append(oracle(features, novel[rows], test, seed=draw, balanced=True))
    return np.stack(scores)


def test_few_labels_are_those_of_so_many_anomalies_and_of_all_normal_images():
    (score,) = few_scores(oracles.linear_oracle, draws=1)
    found = row(table(), "linear", "5")
    ends = tuple(found[["auroc", "auroc_low", "auroc_high"]])
    assert ends == delong_auroc(NOVEL, score)
    assert found["draws"] == 1
    assert np.isnan(found["auroc_draws_sd"])


def test_row_of_few_labels_is_the_mean_over_draws_and_says_their_spread():
    whole, correct = table(draws=3), representation().correct
    for name, oracle in oracles.all_oracles(trees=20).items():
        scores, found = few_scores(oracle, draws=3), row(whole, name, "5")
        aurocs = [delong_auroc(NOVEL, score).estimate for score in scores]
        assert found["draws"] == 3
        assert found["auroc"] == pytest.approx(np.mean(aurocs))
        assert found["auroc_draws_sd"] == pytest.approx(np.std(aurocs, ddof=1))
        for column, measure in (
            ("average_precision", average_precision),
            ("equal_error_rate", equal_error_rate),
            ("fpr_at_95_tpr", false_positive_rate),
        ):
            assert found[column] == pytest.approx(np.mean([measure(NOVEL, s) for s in scores]))
        assert found["oscr"] == pytest.approx(np.mean([oscr(NOVEL, s, correct) for s in scores]))
    drawn = whole["labels"] == "5"
    assert (whole["draws"] == np.where(drawn, 3, 1)).all()
    assert (whole["auroc_draws_sd"].notna() == drawn).all()


def test_interval_over_draws_has_their_part_and_that_of_the_images():
    generator = np.random.default_rng(0)
    novel = np.arange(400) % 2 == 0
    scores = novel + generator.normal(size=(4, 400))
    scores[2] += novel
    found = examine.measures(novel, scores, None)
    each = np.array([delong_auroc(novel, score) for score in scores])
    of_draws = stats.t.ppf(0.975, 3) * each[:, 0].std(ddof=1) / 2
    of_images = np.sqrt(((each[:, 0] - each[:, 1]) ** 2).mean())
    half_width = np.hypot(of_draws, of_images)
    assert found["auroc_low"] == pytest.approx(found["auroc"] - half_width, abs=1e-7)
    assert found["auroc_high"] == pytest.approx(min(1, found["auroc"] + half_width), abs=1e-7)


def test_interval_over_equal_draws_is_that_of_one_though_cut_at_one():
    novel = np.arange(40) >= 20
    score = np.arange(40.0)
    score[19] = 20.5
    one, more = (examine.measures(novel, np.stack([score] * n), None) for n in (1, 3))
    assert one["auroc_high"] == 1
    for end in ("auroc", "auroc_low", "auroc_high"):
        assert more[end] == pytest.approx(one[end], abs=1e-7)
    assert more["auroc_draws_sd"] == 0


def test_interval_over_draws_stays_in_range_and_is_unknown_for_a_single_image():
    novel = np.arange(20) >= 10
    scores = np.stack([novel * 1.0, novel + np.arange(20) / 15])
    scores[1, 0] = 3
    found = examine.measures(novel, scores, None)
    assert 0 <= found["auroc_low"] < found["auroc"] < found["auroc_high"] == 1
    single = examine.measures(np.arange(20) == 19, scores, None)
    assert np.isnan([single["auroc_low"], single["auroc_high"]]).all()
    assert not np.isnan(single["auroc"])


def test_groups_of_the_test_images_widen_every_interval_of_auroc():
    plain = table()
    group = np.arange(len(TEST)) // 4
    grouped = examined(test=TEST.assign(group=group)).table
    pd.testing.assert_series_equal(grouped["auroc"], plain["auroc"])
    score = examined().scores["forest"]
    novel = TEST["novel"].to_numpy() == 1
    found = row(grouped, "forest", "all")
    expected = delong_auroc(novel, score, group)
    assert (found["auroc_low"], found["auroc_high"]) == expected[1:]
    alone = examined(test=TEST.assign(group=np.arange(len(TEST)))).table
    pd.testing.assert_frame_equal(alone, plain)
