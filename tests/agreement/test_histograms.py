"""The tables behind the figures."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from novelty_maps.agreement import histograms

PER_IMAGE = pd.DataFrame(
    {
        "agreement": [0, 1, 1, 3, 2, 2],
        "max_distance_saliency_to_error": np.array([0, 0.5, 1, 3.9, 2, 2], np.float32),
        "novel": [0, 0, 0, 0, 1, 1],
    }
)
EPS = float(np.finfo(np.float64).eps)


def test_agreement_histogram_is_the_share_of_each_agreement():
    table = histograms.agreement_histogram(PER_IMAGE, k=4, pixels=9)
    assert table["agreement"].tolist() == [0, 1, 2, 3, 4]
    assert table["normal"].tolist() == [0.25, 0.5, 0, 0.25, 0]
    assert table["novel"].tolist() == [0, 0, 1, 0, 0]


def test_chance_is_the_share_over_all_pairs_of_sets():
    table = histograms.agreement_histogram(PER_IMAGE, k=3, pixels=6)
    sets = [set(chosen) for chosen in combinations(range(6), 3)]
    counts = np.bincount([len(a & b) for a in sets for b in sets])
    # The density is a product of a few beta functions.
    np.testing.assert_allclose(table["chance"], counts / counts.sum(), rtol=64 * EPS)


def test_columns_of_the_agreement_histogram_sum_to_one():
    table = histograms.agreement_histogram(PER_IMAGE, k=4, pixels=784)
    for column in ("normal", "novel", "chance"):
        assert table[column].sum() == pytest.approx(1, abs=64 * EPS)


def test_distance_bins_are_one_pixel_wide_from_their_left_edge():
    table = histograms.distance_histogram(PER_IMAGE)
    assert table["distance"].tolist() == [0, 1, 2, 3]
    assert table["normal"].tolist() == [0.5, 0.25, 0, 0.25]
    assert table["novel"].tolist() == [0, 0, 1, 0]


def test_largest_distance_has_a_bin_of_its_own_if_it_is_whole():
    distances = {"max_distance_saliency_to_error": [2.0, 3.0], "novel": [0, 1]}
    table = histograms.distance_histogram(pd.DataFrame(distances))
    assert table["distance"].tolist() == [0, 1, 2, 3]
    assert table["normal"].tolist() == [0, 0, 1, 0]
    assert table["novel"].tolist() == [0, 0, 0, 1]


def test_distances_of_zero_are_one_bin():
    distances = {"max_distance_saliency_to_error": [0.0, 0.0], "novel": [0, 1]}
    table = histograms.distance_histogram(pd.DataFrame(distances))
    assert table.to_dict("list") == {"distance": [0], "normal": [1.0], "novel": [1.0]}


def test_deciles_hold_a_tenth_of_each_kind_each_in_order():
    generator = np.random.default_rng(0)
    share = generator.permutation(np.arange(200.0))
    table = pd.DataFrame(
        {"novel": np.arange(200) % 2, "indirect_share": share, "agreement": 2 * share}
    )
    deciles = histograms.agreement_by_decile(table, "indirect_share")
    assert deciles.groupby("novel").size().tolist() == [10, 10]
    np.testing.assert_allclose(deciles["agreement"], 2 * deciles["indirect_share"])
    for novel, rows in deciles.groupby("novel"):
        values = np.sort(share[np.arange(200) % 2 == novel]).reshape(10, 10)
        np.testing.assert_allclose(rows["indirect_share"], values.mean(axis=1))
        half = 1.96 * (2 * values).std(axis=1, ddof=1) / np.sqrt(10)
        np.testing.assert_allclose(rows["agreement"] - rows["agreement_low"], half)
        np.testing.assert_allclose(rows["agreement_high"] - rows["agreement"], half)


def test_deciles_leave_undefined_images_out_and_cope_with_few():
    table = pd.DataFrame(
        {
            "novel": [0, 0, 1, 1],
            "indirect_share": [0.1, np.nan, 0.3, 0.2],
            "agreement": [1, 2, 3, 4],
            "gradient_error_cosine": [np.nan, 1, 1, 1],  # another measure than the one asked for
        }
    )
    deciles = histograms.agreement_by_decile(table, "indirect_share")
    assert deciles["agreement"].tolist() == [1, 4, 3]
    assert deciles["novel"].tolist() == [0, 1, 1]
    assert deciles[["agreement_low", "agreement_high"]].isna().all(axis=None)


def test_images_of_equal_value_stay_in_their_order():
    share, agreement = np.random.default_rng(0).integers(0, 5, (2, 400))
    table = pd.DataFrame({"novel": 0, "indirect_share": share, "agreement": agreement})
    deciles = histograms.agreement_by_decile(table, "indirect_share")
    in_order = agreement[sorted(range(400), key=lambda i: share[i])].reshape(10, 40)
    np.testing.assert_allclose(deciles["agreement"], in_order.mean(axis=1))


def test_deciles_of_two_images_have_an_interval():
    table = pd.DataFrame(
        {"novel": [0] * 20, "indirect_share": np.arange(20.0), "agreement": [1, 3] * 10}
    )
    deciles = histograms.agreement_by_decile(table, "indirect_share")
    np.testing.assert_allclose(deciles["agreement"], 2)
    np.testing.assert_allclose(deciles["agreement_low"], 2 - 1.96)  # of 1 and 3 the error is 1
    np.testing.assert_allclose(deciles["agreement_high"], 2 + 1.96)
