"""Oracles on representations whose answer is known."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_info, threadpool_limits

from novelty_maps.pipeline.errors import InputError
from novelty_maps.representation import oracles
from novelty_maps.representation.oracles import (
    all_oracles,
    forest_oracle,
    held_out_scores,
    labelled_subset,
)
from novelty_maps.statistics.auroc import delong_auroc

ORACLES = all_oracles(trees=200)


def blobs(count=300, *, seed=0, gap=3.0):
    """Normal classes 0, 1 and novel classes 2, 3 on two axes of their own."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 4
    features = generator.normal(size=(count, 5))
    features[labels == 2, 0] += gap
    features[labels == 3, 1] += gap
    return features, labels, labels >= 2


@pytest.mark.parametrize("name", ORACLES)
def test_oracle_scores_novel_images_higher(name):
    features, _, novel = blobs()
    test, _, test_novel = blobs(seed=1)
    score = ORACLES[name](features, novel, test, seed=0)
    assert score.shape == (300,)
    assert ((score >= 0) & (score <= 1)).all()
    assert delong_auroc(test_novel, score).low > 0.85


@pytest.mark.parametrize(("shape", "threads"), [((40, 300), 1), ((600, 100), 1), ((600, 300), 2)])
def test_only_much_is_multiplied_in_several_threads(monkeypatch, shape, threads):
    seen = []

    class Watched(LogisticRegression):
        def fit(self, *arguments, **keywords):
            pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
            seen.append(max(pool["num_threads"] for pool in pools))
            return super().fit(*arguments, **keywords)

    monkeypatch.setattr(oracles, "LogisticRegression", Watched)
    features = np.random.default_rng(0).normal(size=shape)
    with threadpool_limits(2, user_api="blas"):
        ORACLES["linear"](features, features[:, 0] > 0, features, seed=0)
    assert seen == [threads]


def test_forest_finds_what_no_line_separates():
    generator = np.random.default_rng(2)
    features, test = generator.uniform(-1, 1, (2, 600, 2))
    novel, test_novel = ((f[:, 0] * f[:, 1] > 0) for f in (features, test))
    forest = forest_oracle(features, novel, test, trees=100, seed=0)
    linear = ORACLES["linear"](features, novel, test, seed=0)
    assert delong_auroc(test_novel, forest).low > 0.95
    assert delong_auroc(test_novel, linear).high < 0.65


def test_perceptron_finds_what_no_line_separates():
    generator = np.random.default_rng(2)
    features, test = generator.uniform(-1, 1, (2, 600, 2))
    novel, test_novel = ((f[:, 0] * f[:, 1] > 0) for f in (features, test))
    score = ORACLES["mlp"](features, novel, test, seed=0)
    assert delong_auroc(test_novel, score).low > 0.95


@pytest.mark.parametrize("name", ["linear", "mlp"])
def test_balanced_loss_calls_half_novel_where_nothing_is_to_be_known(name):
    features = np.zeros((200, 3))
    novel = np.arange(200) < 10
    for balanced, expected in ((False, 0.05), (True, 0.5)):
        score = ORACLES[name](features, novel, features[:1], seed=0, balanced=balanced)
        assert score[0] == pytest.approx(expected, abs=0.04)


def test_balanced_forest_scores_few_anomalies_without_ties_at_zero():
    features, _, novel = blobs(1200)
    test, _, test_novel = blobs(seed=1)
    rows = labelled_subset(novel, anomalies=5, generator=np.random.default_rng(0))
    plain, balanced = (
        forest_oracle(features[rows], novel[rows], test, trees=200, seed=0, balanced=value)
        for value in (False, True)
    )
    assert (plain == 0).mean() > 0.3
    assert (balanced == 0).mean() < 0.01
    assert len(np.unique(balanced)) > len(np.unique(plain))
    assert delong_auroc(test_novel, balanced).estimate > delong_auroc(test_novel, plain).estimate


def test_tree_of_a_balanced_forest_is_grown_on_as_many_of_each_kind():
    novel, trees = np.arange(100) < 4, 500
    score = forest_oracle(
        np.zeros((100, 2)), novel, np.zeros((1, 2)), trees=trees, seed=0, balanced=True
    )
    # A tree that cannot split says the share of novel images among its eight draws.
    assert score[0] == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 8 / trees))


@pytest.mark.parametrize("name", ORACLES)
def test_one_labelled_anomaly_is_enough_to_find_others_of_its_class(name):
    features, labels, novel = blobs(100, gap=6.0)
    rows = labelled_subset(novel, anomalies=1, generator=np.random.default_rng(0))
    score = ORACLES[name](features[rows], novel[rows], features, seed=0, balanced=True)
    (label,) = labels[rows[novel[rows]]]
    kept = ~novel | (labels == label)
    assert delong_auroc(novel[kept], score[kept]).low > 0.8


def test_forest_is_a_function_of_its_seed():
    features, _, novel = blobs()
    scores = [forest_oracle(features, novel, features, trees=20, seed=s) for s in (0, 0, 1)]
    np.testing.assert_array_equal(scores[0], scores[1])
    assert (scores[0] != scores[2]).any()


@pytest.mark.parametrize("threads", [1, 2])
def test_forest_is_that_of_scikit_learn(threads, monkeypatch):
    features, _, novel = blobs()
    monkeypatch.setattr(oracles, "_FEW", features.size - (threads > 1))
    plain = RandomForestClassifier(30, max_samples=300, class_weight="balanced", random_state=5)
    expected = plain.fit(features, novel).predict_proba(features)[:, 1]
    score = forest_oracle(features, novel, features, trees=30, seed=5, balanced=True)
    np.testing.assert_array_equal(score, expected)


def test_forest_has_so_many_trees():
    features, _, novel = blobs()
    test, _, _ = blobs(seed=1)
    score = all_oracles(trees=4)["forest"](features, novel, test, seed=0)
    # Each tree is grown until its leaves are of one kind, so that it votes 0 or 1.
    assert set(np.unique(4 * score)) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("name", ["linear", "mlp"])
def test_oracle_of_sums_does_not_see_the_units_of_a_feature(name):
    features, _, novel = blobs()
    units = np.array([1, 1000, 0.001, 1, 1])
    score, scaled = (ORACLES[name](x, novel, x, seed=0) for x in (features, features * units))
    np.testing.assert_allclose(score, scaled, atol=1e-3)


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize(("value", "kind"), [(True, "novel"), (False, "normal")])
def test_one_kind_alone_is_an_error(name, value, kind):
    features, _, novel = blobs()
    with pytest.raises(InputError, match=f"all 300 labelled validation images are {kind}"):
        ORACLES[name](features, np.full_like(novel, value), features, seed=0)


def test_subset_has_all_normal_images_and_so_many_novel_ones():
    _, _, novel = blobs()
    rows = labelled_subset(novel, anomalies=7, generator=np.random.default_rng(0))
    assert novel[rows].sum() == 7
    assert (~novel[rows]).sum() == (~novel).sum()
    assert (np.diff(rows) > 0).all()
    with pytest.raises(ValueError, match="there are 150 novel images, fewer than 151"):
        labelled_subset(novel, anomalies=151, generator=np.random.default_rng(0))


def test_fewer_anomalies_of_one_draw_are_among_more_and_draws_differ():
    _, _, novel = blobs()

    def drawn(count, draw):
        generator = np.random.default_rng([0, draw])
        rows = labelled_subset(novel, anomalies=count, generator=generator)
        return set(rows[novel[rows]])

    assert drawn(5, 0) < drawn(25, 0) < drawn(150, 0)
    assert drawn(5, 0) != drawn(5, 1)
    assert drawn(150, 0) == drawn(150, 1)


def test_held_out_class_is_not_seen_and_not_found():
    features, labels, novel = blobs(2000)
    test, test_labels, _ = blobs(2000, seed=1)
    seen = []

    def oracle(rows):
        seen.append(set(labels[rows]))
        return ORACLES["linear"](features[rows], novel[rows], test, seed=0)

    scores = held_out_scores(oracle, labels, novel)
    assert seen == [{0, 1, 3}, {0, 1, 2}]
    full = ORACLES["linear"](features, novel, test, seed=0)
    rows = test_labels != 3
    assert delong_auroc(test_labels[rows] == 2, full[rows]).low > 0.8
    held_out = delong_auroc(test_labels[rows] == 2, scores[2][rows])
    assert held_out.high < 0.65


def test_single_novel_class_cannot_be_held_out():
    features, labels, novel = blobs()
    assert held_out_scores(lambda rows: features[rows, 0], labels, novel & (labels == 2)) == {}
