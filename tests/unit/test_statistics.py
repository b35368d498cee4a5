"""What is left out, what is undefined, and what is exact."""

import numpy as np
import pytest

from stages.lib import statistics

NAN = np.nan


def bootstrap(columns, *, samples=300, seed=0):
    return statistics.bootstrap_means(
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
    np.testing.assert_array_equal(statistics.percentile_interval(replicates), [[NAN, 1], [NAN, 1]])


def test_bootstrap_leaves_the_values_as_they_were():
    values = np.array([[1.0], [NAN]])
    statistics.bootstrap_means(values, samples=5, generator=np.random.default_rng(0))
    np.testing.assert_array_equal(values, [[1.0], [NAN]])


def test_interval_leaves_nan_replicates_out():
    replicates = np.concatenate([np.full(50, NAN), np.arange(201.0)])[:, None]
    assert statistics.percentile_interval(replicates).ravel().tolist() == [5.0, 195.0]


def test_effect_size_is_one_if_every_first_value_is_larger():
    assert statistics.mann_whitney([4, 5, 6], [1, 2, 3]).effect_size == 1
    assert statistics.mann_whitney([1, 2, 3], [4, 5, 6]).effect_size == -1
    assert statistics.mann_whitney([1, 4], [2, 3]).effect_size == 0


def test_p_value_is_small_for_separated_and_large_for_mixed_samples():
    assert statistics.mann_whitney(range(30), range(30, 60)).p_value < 1e-6
    assert statistics.mann_whitney(range(0, 60, 2), range(1, 61, 2)).p_value > 0.5


def test_mann_whitney_leaves_nan_out():
    clean = statistics.mann_whitney([1, 3, 5], [2, 2, 4, 7])
    assert statistics.mann_whitney([NAN, 1, 3, 5], [2, 2, NAN, 4, 7, NAN]) == clean


@pytest.mark.parametrize(("first", "second"), [([], [1.0]), ([1.0], []), ([NAN], [1.0, 2.0])])
def test_empty_sample_has_no_test(first, second):
    assert np.isnan(statistics.mann_whitney(first, second)).all()


def test_equal_values_have_no_p_value_and_no_effect():
    p_value, effect_size = statistics.mann_whitney([2, 2], [2, 2, 2])
    assert np.isnan(p_value)
    assert effect_size == 0


def test_separable_scores_have_auroc_one_and_no_uncertainty():
    novel = np.array([False, False, True, True])
    assert statistics.delong_auroc(novel, np.array([1.0, 2, 3, 4])) == (1, 1, 1)
    assert statistics.delong_auroc(novel, np.array([4.0, 3, 2, 1])) == (0, 0, 0)


def test_equal_scores_have_auroc_one_half():
    novel = np.array([False, False, True, True, True])
    assert statistics.delong_auroc(novel, np.ones(5)).estimate == 0.5


def test_auroc_by_hand():
    novel = np.array([True, False, True, False])
    # Pairs (3, 1), (3, 2), (2, 1) won, (2, 2) tied.
    assert statistics.delong_auroc(novel, np.array([3.0, 1, 2, 2])).estimate == 3.5 / 4


@pytest.mark.parametrize("novel", [[0, 0, 0, 1], [1, 1, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]])
def test_class_of_fewer_than_two_images_has_no_auroc(novel):
    result = statistics.delong_auroc(np.array(novel) == 1, np.arange(4.0))
    assert np.isnan(result).all()
