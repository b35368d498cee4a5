"""Intervals and tests against pair counting, textbook formulas and other libraries."""

import math
from collections import Counter

import numpy as np
import pytest
from oracles import slow_metrics
from scipy import stats
from sklearn.metrics import roc_auc_score

from novelty_maps.statistics.auroc import delong_auroc
from novelty_maps.statistics.correlation import spearman
from novelty_maps.statistics.intervals import bootstrap_means, percentile_interval
from novelty_maps.statistics.over_runs import interval_over_runs
from novelty_maps.statistics.rank_tests import mann_whitney

# A few float64 operations a value, fewer than a hundred values a sum.
ROUNDING = 1e-13


def scores(seed, *, count=60, levels=12):
    """Labels and scores with many ties; novel ones are higher on the whole."""
    generator = np.random.default_rng(seed)
    novel = generator.random(count) < 0.4
    score = generator.integers(0, levels, count) + 3 * novel
    return novel, score.astype(np.float64)


def test_bootstrap_interval_is_that_of_scipy():
    values = np.random.default_rng(0).exponential(size=(40, 2))
    samples = 20_000
    replicates = bootstrap_means(values, samples=samples, generator=np.random.default_rng(1))
    low_high = percentile_interval(replicates)
    for column in range(2):
        result = stats.bootstrap(
            (values[:, column],),
            np.mean,
            n_resamples=samples,
            method="percentile",
            rng=np.random.default_rng(2),
        )
        # The 2.5% quantile of B normal draws has the standard error √(p(1 − p)/B)/φ(z); the two
        # intervals are independent; four standard errors of their difference.
        density = stats.norm.pdf(stats.norm.ppf(0.025))
        error = math.sqrt(2 * 0.025 * 0.975 / samples) / density * replicates[:, column].std()
        interval = result.confidence_interval
        assert low_high[:, column] == pytest.approx([interval.low, interval.high], abs=4 * error)


def test_bootstrap_means_are_those_of_the_rows_drawn_at_once():
    values = np.random.default_rng(0).exponential(size=(40, 2))
    generator, again = np.random.default_rng(1), np.random.default_rng(1)
    found = bootstrap_means(values, samples=600, generator=generator)
    drawn = again.integers(0, 40, (600, 40))
    np.testing.assert_allclose(found, values[drawn].mean(axis=1), rtol=ROUNDING)
    assert generator.random() == again.random()  # and no more is drawn


def test_bootstrap_means_spread_like_the_standard_error():
    values = np.random.default_rng(3).normal(size=(50, 1))
    samples = 20_000
    replicates = bootstrap_means(values, samples=samples, generator=np.random.default_rng(4))
    expected = values.std() / math.sqrt(len(values))
    # A standard deviation of B normal draws has the relative standard error 1/√(2B); times four.
    assert replicates.std() == pytest.approx(expected, rel=4 / math.sqrt(2 * samples))
    assert replicates.mean() == pytest.approx(values.mean(), abs=4 * expected / math.sqrt(samples))


def test_percentile_interval_is_the_quantile_of_the_sorted_replicates():
    replicates = np.random.default_rng(5).permutation(np.arange(201.0))[:, None]
    assert percentile_interval(replicates).ravel().tolist() == [5.0, 195.0]


@pytest.mark.parametrize("seed", range(4))
def test_effect_size_is_counted_over_pairs(seed):
    generator = np.random.default_rng(seed)
    first, second = generator.integers(0, 6, 30), generator.integers(1, 8, 17)
    result = mann_whitney(first, second)
    expected = slow_metrics.rank_biserial(first.tolist(), second.tolist())
    assert result.effect_size == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize("seed", range(4))
def test_mann_whitney_is_that_of_scipy(seed):
    generator = np.random.default_rng(seed)
    first, second = generator.integers(0, 6, 30).astype(float), generator.normal(3, 1, 17)
    first[3], second[5] = np.nan, np.nan
    expected = stats.mannwhitneyu(first, second, method="asymptotic", nan_policy="omit")
    p_value = mann_whitney(first, second).p_value
    assert p_value == pytest.approx(float(expected.pvalue), rel=ROUNDING)


@pytest.mark.parametrize(
    ("first", "second"),
    [([1, 2, 2, 3, 5, 5, 5], [2, 3, 3, 4, 5, 6, 6, 6]), ([1, 2, 4, 7], [3, 5, 6, 8, 9])],
)
def test_mann_whitney_p_value_is_the_textbook_normal_approximation(first, second):
    m, n = len(first), len(second)
    wins = sum((a > b) + 0.5 * (a == b) for a in first for b in second)
    ties = sum(t**3 - t for t in Counter(first + second).values())
    sigma = math.sqrt(m * n / 12 * (m + n + 1 - ties / ((m + n) * (m + n - 1))))
    z = (abs(wins - m * n / 2) - 0.5) / sigma  # with continuity correction
    expected = math.erfc(z / math.sqrt(2))
    assert mann_whitney(first, second).p_value == pytest.approx(expected, rel=ROUNDING)


@pytest.mark.parametrize("seed", range(6))
def test_auroc_is_counted_over_pairs_and_that_of_scikit_learn(seed):
    novel, score = scores(seed)
    estimate = delong_auroc(novel, score).estimate
    assert estimate == pytest.approx(slow_metrics.auroc(novel, score), abs=ROUNDING)
    assert estimate == pytest.approx(roc_auc_score(novel, score), abs=ROUNDING)


@pytest.mark.parametrize("seed", range(6))
def test_delong_interval_is_that_of_the_structural_components(seed):
    novel, score = scores(seed)
    estimate, low, high = delong_auroc(novel, score)
    half = 1.959963984540054 * math.sqrt(slow_metrics.delong_variance(novel, score))
    assert low == pytest.approx(max(0.0, estimate - half), abs=ROUNDING)
    assert high == pytest.approx(min(1.0, estimate + half), abs=ROUNDING)


def test_delong_interval_is_cut_at_one():
    novel = np.array([True] * 4 + [False] * 4)
    score = np.array([9.0, 8, 7, 3, 4, 2, 1, 0])
    estimate, low, high = delong_auroc(novel, score)
    half = 1.959963984540054 * math.sqrt(slow_metrics.delong_variance(novel, score))
    assert estimate + half > 1
    assert (estimate, high) == (15 / 16, 1.0)
    assert low == pytest.approx(estimate - half, abs=ROUNDING)


def test_spearman_is_scipys_with_ties_and_without():
    generator = np.random.default_rng(5)
    for levels in (3, 1000):
        x = generator.integers(0, levels, 200)
        y = x + generator.integers(0, levels, 200)
        expected = stats.spearmanr(x, y)
        assert spearman(x, y).estimate == pytest.approx(expected.statistic, abs=1e-12)


def test_partial_spearman_is_the_correlation_of_regression_residuals():
    generator = np.random.default_rng(6)
    strata = generator.integers(0, 4, 150)
    x = generator.normal(size=150) + strata
    y = generator.normal(size=150) + 0.5 * x - 2 * strata
    design = np.eye(4)[strata]
    residuals = []
    for values in (x, y):
        ranks = stats.rankdata(values)
        residuals.append(ranks - design @ np.linalg.lstsq(design, ranks, rcond=None)[0])
    expected = np.corrcoef(*residuals)[0, 1]
    found = spearman(x, y, given=[strata])
    assert found.estimate == pytest.approx(expected, abs=1e-12)
    assert found.low < expected < found.high


def test_partial_spearman_takes_out_the_sum_of_several_variables():
    generator = np.random.default_rng(9)
    kind, size = generator.integers(0, 5, 200), generator.integers(0, 3, 200)
    x = generator.normal(size=200) + kind + 3 * size
    y = generator.normal(size=200) - kind + 2 * size
    design = np.hstack([np.eye(5)[kind], np.eye(3)[size][:, 1:]])
    ranks = np.stack([stats.rankdata(x), stats.rankdata(y)], axis=1)
    hat = design @ np.linalg.inv(design.T @ design) @ design.T
    expected = np.corrcoef((ranks - hat @ ranks).T)[0, 1]
    names = np.array(["disk", "square", "stripe", "zigzag", "dots"])[kind]
    found = spearman(x, y, given=[names, np.array([0.2, np.nan, 0.5])[size]])
    assert found.estimate == pytest.approx(expected, abs=1e-12)
    half_width = stats.norm.ppf(0.975) * np.sqrt((1 + expected**2 / 2) / (200 - 3 - 6))
    assert np.arctanh(found.high) == pytest.approx(np.arctanh(expected) + half_width)


def test_spearman_leaves_nan_out_and_has_no_value_where_nothing_varies():
    x, y = np.arange(10.0), np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3])
    with_nan = spearman(np.append(x, [np.nan, 1]), np.append(y, [1, np.nan]))
    assert with_nan == spearman(x, y)
    assert np.isnan(spearman(x, np.ones(10))).all()
    assert np.isnan(spearman(x, y, given=[np.arange(10)])).all()
    assert np.isnan(spearman(x[:3], y[:3])).all()
    assert np.isnan(spearman([np.nan], [1], given=[["disk"]])).all()
    many = np.repeat(np.arange(40.0), 100)
    noise = np.random.default_rng(0).random(4000)
    assert np.isnan(spearman(many, noise, given=[many])).all()


def test_spearman_of_equal_orders_is_no_further_from_zero_than_one():
    for count in range(4, 100):
        x = np.arange(float(count))
        for sign in (1, -1):
            found = np.array(spearman(x, sign * x))
            assert np.abs(found).max() <= 1
            np.testing.assert_allclose(found, sign, rtol=1e-6)


def test_spearman_interval_covers_the_true_value_as_often_as_it_says():
    generator = np.random.default_rng(7)
    rho = 0.6
    truth = 6 / np.pi * np.arcsin(rho / 2)  # of a bivariate normal distribution
    draws = generator.multivariate_normal([0, 0], [[1, rho], [rho, 1]], (2000, 80))
    intervals = [spearman(*draw.T) for draw in draws]
    coverage = np.mean([i.low <= truth <= i.high for i in intervals])
    assert coverage == pytest.approx(0.95, abs=0.02)  # 4 standard errors of 2,000 draws


def runs_and_images(generator, *, runs, images=200, seed_sd=1.0, image_sd=5.0):
    """Means over shared images of a quantity with a run effect, and their image variance."""
    values = generator.normal(size=(runs, 1)) * seed_sd + generator.normal(size=images) * image_sd
    return values.mean(axis=1), values.mean(axis=0).var(ddof=1) / images


@pytest.mark.parametrize("runs", [2, 3, 5])
@pytest.mark.parametrize("image_sd", [1.0, 5.0, 20.0])
def test_interval_over_runs_covers_the_truth(runs, image_sd):
    generator = np.random.default_rng(8)
    covered = []
    for _ in range(2000):
        means, image_variance = runs_and_images(generator, runs=runs, image_sd=image_sd)
        interval = interval_over_runs(means, image_variance)
        covered.append(interval.low <= 0 <= interval.high)
    assert np.mean(covered) >= 0.94  # 2 standard errors of 2,000 draws


def test_bootstrap_over_few_runs_falls_short():
    generator = np.random.default_rng(8)
    covered = []
    for _ in range(2000):
        means, _ = runs_and_images(generator, runs=5)
        drawn = generator.choice(means, (200, len(means))).mean(axis=1)
        low, high = np.quantile(drawn, [0.025, 0.975])
        covered.append(low <= 0 <= high)
    assert np.mean(covered) < 0.85


def test_interval_over_runs_is_as_wide_as_that_of_its_larger_part_and_no_wider_than_their_sum():
    of_seeds = interval_over_runs([1.0, 2.0, 4.0])
    for variance in (1e-4, 1.0, 1e4):
        joint = interval_over_runs([1.0, 2.0, 4.0], variance)
        parts = np.array([of_seeds.high - of_seeds.estimate, 1.959964 * variance**0.5])
        assert parts.max() <= joint.high - joint.estimate <= parts.sum()
    same = interval_over_runs([3.0, 3.0, 3.0], 0.25)  # then it is the images' alone
    assert (same.low, same.high) == pytest.approx((3 - 0.98, 3 + 0.98), abs=1e-4)


def test_interval_over_runs_is_students_without_image_variance():
    values = [1.0, 2.0, 4.0, 4.5]
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    interval = interval_over_runs(values)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))
    assert interval.sd == pytest.approx(np.std(values, ddof=1))
    assert interval.runs == 4


def test_interval_of_a_single_run_is_that_of_its_images():
    interval = interval_over_runs([3.0, np.nan], image_variance=0.25)
    assert (interval.estimate, interval.runs) == (3.0, 1)
    assert interval.high - 3.0 == pytest.approx(stats.norm.ppf(0.975) * 0.5)
    assert np.isnan(interval.sd)


@pytest.mark.parametrize("estimates", [[], [np.nan, np.nan]])
def test_no_run_has_no_interval(estimates):
    *numbers, runs = interval_over_runs(estimates, image_variance=0.25)
    assert np.isnan(numbers).all()
    assert runs == 0


def test_spearman_of_four_rows_is_the_least_that_has_an_interval():
    rho, low, high = spearman([1, 2, 3, 4], [1, 3, 2, 4])
    assert rho == pytest.approx(0.8)
    half_width = stats.norm.ppf(0.975) * np.sqrt(1 + 0.8**2 / 2)
    ends = np.tanh(np.arctanh(0.8) + np.array([-half_width, half_width]))
    assert (low, high) == pytest.approx(tuple(ends))
    assert np.isnan(spearman([1, 2, 3, 4], [1, 3, 2, 4], given=[[0, 0, 1, 1]])).all()


def test_spearman_counts_what_little_the_categories_leave():
    pairs = np.repeat(np.arange(100.0), 2)
    x, y = pairs.copy(), pairs[::-1].copy()
    x[0], y[0] = x[0] - 0.1, y[0] - 0.1  # the only pair in which anything varies
    found = spearman(x, y, given=[pairs])
    assert found.estimate == pytest.approx(1)
