"""What is left out, what is undefined, and what is exact."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from novelty_maps.statistics import intervals
from novelty_maps.statistics.auroc import delong_auroc
from novelty_maps.statistics.correlation import spearman
from novelty_maps.statistics.intervals import (
    bootstrap_interval,
    bootstrap_means,
    percentile_interval,
    with_ends,
)
from novelty_maps.statistics.over_runs import interval_over_runs
from novelty_maps.statistics.rank_tests import holm, mann_whitney, signed_rank

NAN = np.nan


def bootstrap(columns, *, samples=300, seed=0):
    return bootstrap_means(
        np.array(columns, np.float64).T, samples=samples, generator=np.random.default_rng(seed)
    )


def test_bootstrap_has_a_row_per_sample_beyond_one_chunk():
    replicates = bootstrap([[1, 2, 3], [4, 5, 6]], samples=600)
    assert replicates.shape == (600, 2)
    assert replicates.dtype == np.float64
    assert np.isfinite(replicates).all()


def test_bootstrap_is_a_function_of_the_generator():
    columns = [np.arange(20.0)]
    np.testing.assert_array_equal(bootstrap(columns, seed=1), bootstrap(columns, seed=1))
    assert (bootstrap(columns, seed=1) != bootstrap(columns, seed=2)).any()


def test_columns_are_resampled_together():
    values = np.arange(10.0)
    replicates = bootstrap([values, 4 * values])
    np.testing.assert_array_equal(replicates[:, 1], 4 * replicates[:, 0])


def test_bootstrap_draws_with_replacement():
    replicates = bootstrap([[0.0, 1.0]], samples=400)
    assert set(replicates.ravel().tolist()) == {0.0, 0.5, 1.0}


def test_bootstrap_leaves_nan_out_of_its_column_only():
    replicates = bootstrap([[1, 1, NAN, 1], [1, 2, 3, 4]])
    defined = replicates[~np.isnan(replicates[:, 0])]
    assert len(defined) > 250  # undefined only if NaN is drawn four times: one in 256
    assert (defined[:, 0] == 1).all()
    assert np.isfinite(replicates[:, 1]).all()
    np.testing.assert_array_equal(replicates[:, 1], bootstrap([[1, 2, 3, 4]])[:, 0])


def test_column_of_nan_has_nan_means_and_interval():
    replicates = bootstrap([[NAN, NAN], [1, 1]])
    assert np.isnan(replicates[:, 0]).all()
    np.testing.assert_array_equal(percentile_interval(replicates), [[NAN, 1], [NAN, 1]])


def test_single_value_has_no_interval():
    replicates = bootstrap([[3, NAN, NAN], [1, 2, NAN]])
    low, high = percentile_interval(replicates)
    assert np.isnan([low[0], high[0]]).all()
    assert low[1] == 1
    assert high[1] == 2
    assert np.isnan(bootstrap([[5]])).all()


def test_bootstrap_does_not_depend_on_how_much_is_in_memory(monkeypatch):
    values = np.random.default_rng(0).normal(size=(30, 7))
    values[:29, 2] = values[3, 4] = NAN
    groups = np.arange(30) // 2
    asked = {"samples": 50, "groups": groups}
    whole = [
        function(values, generator=np.random.default_rng(1), **asked)
        for function in (bootstrap_means, bootstrap_interval)
    ]
    for values_at_a_time in (1, 60, 100):
        monkeypatch.setattr(intervals, "_VALUES", values_at_a_time)
        for function, expected in zip((bootstrap_means, bootstrap_interval), whole, strict=True):
            generator, again = np.random.default_rng(1), np.random.default_rng(1)
            found = function(values, generator=generator, **asked)
            np.testing.assert_allclose(found, expected, rtol=1e-12)
            again.integers(0, 15, (50, 15))
            assert generator.random() == again.random()


def test_numbers_of_any_type_are_resampled_as_float64():
    values = np.random.default_rng(0).integers(0, 2, (3, 30))
    for kind in (bool, np.uint8, np.int64, np.float32):
        drawn = np.random.default_rng(0)
        means = bootstrap_means(values.T.astype(kind), samples=300, generator=drawn)
        np.testing.assert_array_equal(means, bootstrap(values))


def test_bootstrap_leaves_the_values_as_they_were():
    values = np.array([[1.0], [NAN]])
    bootstrap_means(values, samples=5, generator=np.random.default_rng(0))
    np.testing.assert_array_equal(values, [[1.0], [NAN]])


def test_interval_leaves_nan_replicates_out():
    replicates = np.concatenate([np.full(50, NAN), np.arange(201.0)])[:, None]
    assert percentile_interval(replicates).ravel().tolist() == [5.0, 195.0]


def test_bootstrap_interval_holds_95_percent_of_the_resampled_means():
    values = np.array([[1.0, NAN], [2.0, 5.0], [4.0, 7.0], [8.0, 6.0]])
    found = bootstrap_interval(values, samples=400, generator=np.random.default_rng(3))
    means = bootstrap_means(values, samples=400, generator=np.random.default_rng(3))
    np.testing.assert_array_equal(found, np.nanquantile(means, [0.025, 0.975], axis=0))


def test_estimate_and_ends_go_under_their_names_as_plain_numbers():
    found = with_ends(np.float32(0.5), np.array([0.25, 0.75]))
    assert found == {"estimate": 0.5, "low": 0.25, "high": 0.75}
    assert {type(value) for value in found.values()} == {float}


def test_effect_size_is_one_if_every_first_value_is_larger():
    assert mann_whitney([4, 5, 6], [1, 2, 3]).effect_size == 1
    assert mann_whitney([1, 2, 3], [4, 5, 6]).effect_size == -1
    assert mann_whitney([1, 4], [2, 3]).effect_size == 0


def test_p_value_is_small_for_separated_and_large_for_mixed_samples():
    assert mann_whitney(range(30), range(30, 60)).p_value < 1e-6
    assert mann_whitney(range(0, 60, 2), range(1, 61, 2)).p_value > 0.5


def test_mann_whitney_leaves_nan_out():
    clean = mann_whitney([1, 3, 5], [2, 2, 4, 7])
    assert mann_whitney([NAN, 1, 3, 5], [2, 2, NAN, 4, 7, NAN]) == clean


@pytest.mark.parametrize(("first", "second"), [([], [1.0]), ([1.0], []), ([NAN], [1.0, 2.0])])
def test_empty_sample_has_no_test(first, second):
    assert np.isnan(mann_whitney(first, second)).all()


def test_equal_values_have_no_p_value_and_no_effect():
    p_value, effect_size = mann_whitney([2, 2], [2, 2, 2])
    assert np.isnan(p_value)
    assert effect_size == 0


def test_separable_scores_have_auroc_one_and_no_uncertainty():
    novel = np.array([False, False, True, True])
    assert delong_auroc(novel, np.array([1.0, 2, 3, 4])) == (1, 1, 1)
    assert delong_auroc(novel, np.array([4.0, 3, 2, 1])) == (0, 0, 0)


def test_equal_scores_have_auroc_one_half():
    novel = np.array([False, False, True, True, True])
    assert delong_auroc(novel, np.ones(5)).estimate == 0.5


def test_auroc_by_hand():
    novel = np.array([True, False, True, False])
    # Pairs (3, 1), (3, 2), (2, 1) won, (2, 2) tied.
    assert delong_auroc(novel, np.array([3.0, 1, 2, 2])).estimate == 3.5 / 4


@pytest.mark.parametrize("novel", [[0, 0, 0, 0], [1, 1, 1, 1]])
def test_class_without_images_has_no_auroc(novel):
    result = delong_auroc(np.array(novel) == 1, np.arange(4.0))
    assert np.isnan(result).all()


@pytest.mark.parametrize(
    ("novel", "auroc"),
    [([0, 0, 0, 1], 1.0), ([0, 1, 0, 0], 1 / 3), ([1, 1, 1, 0], 0.0), ([1, 0, 1, 1], 2 / 3)],
)
def test_class_of_a_single_image_has_an_auroc_without_an_interval(novel, auroc):
    result = delong_auroc(np.array(novel) == 1, np.arange(4.0))
    assert result.estimate == pytest.approx(auroc)
    assert np.isnan([result.low, result.high]).all()


def differences(seed, *, count=40, levels=None):
    """Paired differences, with ties and zeros if there are few levels."""
    values = np.random.default_rng(seed).normal(0.3, 1, count)
    return values if levels is None else np.round(values * levels) / levels


def slow_effect_size(values):
    """Rank-biserial correlation, ranks counted pair by pair."""
    sizes = [abs(value) for value in values if value != 0]
    ranks = [
        Fraction(sum(other < size for other in sizes))
        + Fraction(sum(other == size for other in sizes) + 1, 2)
        for size in sizes
    ]
    signs = [1 if value > 0 else -1 for value in values if value != 0]
    return float(sum(s * r for s, r in zip(signs, ranks, strict=True)) / sum(ranks))


@pytest.mark.parametrize("levels", [None, 1, 4])
@pytest.mark.parametrize("seed", range(4))
def test_signed_rank_is_that_of_scipy_and_its_effect_that_of_counting(seed, levels):
    values = differences(seed, levels=levels)
    found = signed_rank(values)
    expected = stats.wilcoxon(values, zero_method="wilcox", correction=False, method="asymptotic")
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-12)
    assert found.effect_size == pytest.approx(slow_effect_size(values), rel=1e-12)


def test_signed_rank_by_hand():
    found = signed_rank([1, -2, 3, 4])
    assert found.effect_size == (1 - 2 + 3 + 4) / 10
    z = (8 - 4 * 5 / 4) / np.sqrt(4 * 5 * 9 / 24)  # rank sum, its mean and spread
    assert found.p_value == pytest.approx(2 * stats.norm.sf(z))


@pytest.mark.parametrize("seed", range(4))
def test_signed_rank_is_near_its_exact_distribution(seed):
    values = differences(seed)
    exact = stats.wilcoxon(values, method="exact").pvalue
    assert signed_rank(values).p_value == pytest.approx(exact, abs=0.01)


def test_opposite_differences_have_the_opposite_effect():
    values = differences(0, levels=3)
    there, back = signed_rank(values), signed_rank(-values)
    assert back == (there.p_value, -there.effect_size)
    assert signed_rank(np.abs(values)).effect_size == 1


def test_zeros_and_nan_are_left_out_of_signed_ranks():
    values = differences(1)
    padded = np.concatenate([[0, NAN, -0.0], values, [NAN, 0]])
    assert signed_rank(padded) == signed_rank(values)


@pytest.mark.parametrize("values", [[], [0.0, 0, -0.0], [NAN], [0, NAN]])
def test_no_difference_is_no_effect(values):
    assert signed_rank(values) == (1, 0)


def slow_holm(p_values):
    """Step down from the least: reject while p ≤ level / (number left); where each one falls."""
    left = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, level = [0.0] * len(left), 0.0
    while left:
        level = max(level, p_values[left[0]] * len(left))  # the level that rejects this one too
        adjusted[left.pop(0)] = min(level, 1.0)
    return adjusted


def test_holm_by_hand():
    np.testing.assert_allclose(
        holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02], rtol=1e-12
    )
    assert holm([0.02]).tolist() == [0.02]
    assert holm([0.7, 0.6]).tolist() == [1, 1]
    assert holm([]).tolist() == []


@pytest.mark.parametrize("seed", range(5))
def test_holm_is_stepping_down_and_keeps_the_order(seed):
    generator = np.random.default_rng(seed)
    p = np.round(generator.random(12) ** 3, 2)  # with ties
    adjusted = holm(p)
    np.testing.assert_allclose(adjusted, slow_holm(p.tolist()), rtol=1e-12)
    assert (np.diff(adjusted[p.argsort()]) >= 0).all()
    assert (p <= adjusted).all()
    assert (adjusted <= np.minimum(1, 12 * p)).all()  # never stricter than Bonferroni
    order = generator.permutation(12)
    np.testing.assert_array_equal(holm(p[order]), adjusted[order])


def test_holm_does_not_count_nan_and_keeps_it():
    p = np.array([NAN, 0.01, 0.04, NAN, 0.03])
    adjusted = holm(p)
    assert np.isnan(adjusted).tolist() == np.isnan(p).tolist()
    np.testing.assert_array_equal(adjusted[[1, 2, 4]], holm(p[[1, 2, 4]]))
    np.testing.assert_array_equal(holm([NAN, NAN]), [NAN, NAN])


@pytest.mark.parametrize(
    "function",
    [
        lambda values: mann_whitney(values[:20], values[20:]),
        lambda values: spearman(values[:20], values[20:]),
        interval_over_runs,
        signed_rank,
        lambda values: holm(np.abs(values) / 64),
    ],
)
def test_float32_is_reckoned_in_float64(function):
    values = np.random.default_rng(0).normal(size=40).astype(np.float32)
    found = np.array(function(values))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, function(values.astype(np.float64)))
