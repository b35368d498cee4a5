"""Images that show the same thing: as many observations as there are groups, not images."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import slow_groups
from scipy import stats

from novelty_maps.statistics.auroc import delong_auroc
from novelty_maps.statistics.correlation import spearman
from novelty_maps.statistics.groups import group_means, group_numbers, groups_of
from novelty_maps.statistics.intervals import (
    bootstrap_interval,
    bootstrap_means,
    percentile_interval,
)
from novelty_maps.statistics.rank_tests import mann_whitney, signed_rank

NAN = np.nan
GROUPS = np.array([7, 7, 3, 9, 3, 7, 1, 9])
VALUES = np.array([[1, 2, NAN, 4, 5, 6, 7, 8], [3, 1, 4, 1, 5, 9, 2, 6]], np.float64).T
NOVEL = np.array([0, 1, 0, 1, 0, 1, 0, 1], bool)  # group 7 has both kinds
SCORE = np.array([2, 3, 1, 5, 3, 2, 4, 4], np.float64)


def means_of(values, groups=None, *, samples=300, seed=0):
    generator = np.random.default_rng(seed)
    return bootstrap_means(values, samples=samples, generator=generator, groups=groups)


def pairs(count, seed=0):
    """Made-up pairs: values of single images, and each of them twice with the pair as its group."""
    single = np.random.default_rng(seed).normal(size=(count, 2))
    return single, single.repeat(2, axis=0), np.arange(count).repeat(2)


# --- made-up pairs


def test_pairs_have_the_interval_of_the_single_images():
    single, both, pair = pairs(30)
    np.testing.assert_allclose(means_of(both, pair), means_of(single), atol=1e-15)
    novel, score = single[:, 0] > 0, single[:, 1]
    clustered = delong_auroc(novel.repeat(2), score.repeat(2), pair)
    np.testing.assert_allclose(clustered, delong_auroc(novel, score), rtol=1e-12)


def test_pairs_taken_for_different_images_have_intervals_too_narrow_by_the_root_of_two():
    single, both, pair = pairs(200)
    grouped, naive = (
        np.diff(percentile_interval(means_of(both, groups, samples=3000)), axis=0)
        for groups in (pair, None)
    )
    np.testing.assert_allclose(grouped / naive, np.sqrt(2), rtol=0.06)
    novel = single[:, 0] > 0
    for measured in (
        partial(delong_auroc, novel.repeat(2), both[:, 1]),
        partial(spearman, both[:, 0], both[:, 1]),
    ):
        grouped, naive = (measured(groups=groups) for groups in (pair, None))
        assert grouped.estimate == naive.estimate
        ratio = (grouped.high - grouped.low) / (naive.high - naive.low)
        assert ratio == pytest.approx(np.sqrt(2), rel=0.1)


def test_tests_of_pairs_are_those_of_the_single_images_and_else_too_sure():
    single, both, pair = pairs(25, seed=4)
    first, second = single[:12, 0] + 0.8, single[12:, 0]
    doubled = [(both[:24, 0] + 0.8, pair[:24]), (both[24:, 0], pair[24:])]
    found = mann_whitney(*(group_means(*each) for each in doubled))
    assert found == mann_whitney(first, second)
    assert mann_whitney(*(values for values, _ in doubled)).p_value < found.p_value
    differences = single[:, 0] + 0.3
    found = signed_rank(group_means(differences.repeat(2), pair))
    assert found == signed_rank(differences)
    assert signed_rank(differences.repeat(2)).p_value < found.p_value


def test_groups_cover_where_images_do_not():
    generator = np.random.default_rng(0)
    truth = {"mean": 0.0, "auroc": stats.norm.cdf(1 / np.sqrt(2)), "spearman": 0.0}
    runs, held = 200, {name: np.zeros(2) for name in truth}
    pair = np.arange(60).repeat(2)
    for _ in range(runs):
        x, y = generator.normal(size=(2, 60)).repeat(2, axis=1)  # each image twice
        novel = pair % 2 == 1
        for i, groups in enumerate((pair, None)):
            low, high = bootstrap_interval(
                x[:, None], samples=300, generator=generator, groups=groups
            )[:, 0]
            found = {"mean": (low, high)}
            found["auroc"] = delong_auroc(novel, x + novel, groups)[1:]
            found["spearman"] = spearman(x, y, groups=groups)[1:]
            for name, (low, high) in found.items():
                held[name][i] += low <= truth[name] <= high
    for name, (grouped, naive) in held.items():
        assert grouped / runs > 0.9, name
        assert naive / runs < 0.88, name  # at the same level


# --- against slow twins


def test_bootstrap_takes_the_images_of_each_drawn_group():
    found = means_of(VALUES, GROUPS, samples=40)
    drawn = np.random.default_rng(0).integers(0, 4, (40, 4))
    expected = [slow_groups.means_of_drawn_groups(VALUES, GROUPS, row) for row in drawn]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("seed", range(6))
def test_interval_of_the_auroc_is_obuchowskis(seed):
    generator = np.random.default_rng(seed)
    novel, score = generator.random(20) < 0.5, generator.integers(0, 6, 20).astype(np.float64)
    groups = generator.integers(0, 8, 20)
    found = delong_auroc(novel, score, groups)
    half = 1.959963984540054 * slow_groups.obuchowski_variance(novel, score, groups) ** 0.5
    ends = np.clip([found.estimate - half, found.estimate + half], 0, 1)
    np.testing.assert_allclose(found[1:], ends, rtol=1e-10)


@pytest.mark.parametrize("given_class", [False, True])
def test_interval_of_the_correlation_is_the_jackknifes(given_class):
    generator = np.random.default_rng(1)
    groups = generator.integers(0, 12, 40)
    x, y = generator.normal(size=(2, 40))
    y = np.round(y + x)
    given = [groups % 3] if given_class else []
    found = spearman(x, y, given=given, groups=groups)
    assert found.estimate == spearman(x, y, given=given).estimate

    def without(rows):
        if not given_class:
            return stats.spearmanr(x[rows], y[rows]).statistic
        return spearman(x[rows], y[rows], given=[groups[rows] % 3]).estimate

    error = slow_groups.jackknife_error(without, groups) / (1 - found.estimate**2)
    half = stats.t.ppf(0.975, len(set(groups.tolist())) - 1) * error
    expected = np.tanh(np.arctanh(found.estimate) + np.array([-half, half]))
    np.testing.assert_allclose(found[1:], expected, rtol=1e-9)


def test_means_of_groups_are_those_of_their_defined_values():
    values = VALUES[:, 0].copy()
    values[[3, 7]] = NAN  # all of group 9
    expected = pd.Series(values).groupby(GROUPS, sort=False).mean()
    np.testing.assert_array_equal(group_means(values, GROUPS), expected)


# --- what is undefined


def test_one_group_has_no_interval_however_many_images_it_has():
    same = np.zeros(8, int)
    assert np.isnan(means_of(VALUES, same)).all()
    found = delong_auroc(NOVEL, SCORE, np.where(NOVEL, 1, 0))
    assert found.estimate == delong_auroc(NOVEL, SCORE).estimate
    assert np.isnan(found[1:]).all()
    found = spearman(VALUES[:, 0], VALUES[:, 1], groups=same)
    assert np.isnan(found[1:]).all()


def test_column_that_one_group_alone_defines_has_no_interval():
    values = np.where(GROUPS[:, None] == 7, [[1.0, 2.0]], [[NAN, 3.0]])
    found = means_of(values, GROUPS)
    assert np.isnan(found[:, 0]).all()
    assert np.isfinite(found[:, 1]).all()


def test_perfect_correlation_of_groups_is_certain():
    x = GROUPS + np.arange(8) / 10
    assert spearman(x, 2 * x, groups=GROUPS) == (1, 1, 1)


# --- properties

ANY_GROUPS = st.lists(st.integers(0, 9), min_size=8, max_size=8).map(np.array)


def everything(groups):
    """All that depends on groups, of the same images."""
    return [
        means_of(VALUES, groups, samples=20),
        delong_auroc(NOVEL, SCORE, groups),
        spearman(VALUES[:, 1], SCORE, groups=groups),
        spearman(VALUES[:, 0], SCORE, given=[NOVEL], groups=groups),
        group_means(VALUES[:, 0], groups),
    ]


@given(st.permutations(range(8)), st.integers(-9, 9))
def test_images_of_a_group_each_are_images_without_groups(order, start):
    for found, expected in zip(everything(np.array(order) + start), everything(None), strict=True):
        np.testing.assert_array_equal(found, expected)


@given(ANY_GROUPS, st.permutations(range(10)))
def test_names_of_groups_change_nothing(groups, names):
    for found, expected in zip(
        everything(np.array(names)[groups]), everything(groups), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


@given(ANY_GROUPS)
def test_numbers_of_groups_count_in_the_order_of_the_images(groups):
    order = slow_groups.first_come(groups)
    assert [order[number] for number in group_numbers(groups, 8)] == groups.tolist()


def test_groups_are_a_column_of_a_table_or_none():
    table = pd.DataFrame({"novel": [0, 1]})
    assert groups_of(table) is None
    np.testing.assert_array_equal(groups_of(table.assign(group=[5, 4])), [5, 4])
