"""From maps to the reported tables."""

import numpy as np
import pandas as pd
import pytest
from oracles.comparable_maps import COUNT, NOVEL, SHAPE, K, maps_of, table_of

from novelty_maps.agreement import null, tables, terms
from novelty_maps.agreement.summary import summarise
from novelty_maps.agreement.tables import (
    DISTANCE_K_MAX,
    MEASURES,
    by_k,
    compare_maps,
    reconstruction_loss,
)
from novelty_maps.pipeline.errors import InputError


def test_table_has_a_row_per_image_and_the_measures_as_columns():
    table, curves = compare_maps(maps_of(1), maps_of(2), k=K)
    assert len(table) == COUNT
    assert list(table) == [*MEASURES, "tied_reconstruction_error", "tied_saliency"]
    assert curves["agreement"].shape == curves["max_distance"].shape == (COUNT, 30)


def test_table_is_the_curves_at_k():
    table, curves = compare_maps(maps_of(1), maps_of(2), k=K)
    np.testing.assert_array_equal(table["agreement"], curves["agreement"][:, K - 1])
    np.testing.assert_array_equal(
        table["max_distance_saliency_to_error"], curves["max_distance"][:, K - 1]
    )


def test_swapping_the_maps_swaps_the_directions():
    forth, _ = compare_maps(maps_of(1), maps_of(2), k=K)
    back, _ = compare_maps(maps_of(2), maps_of(1), k=K)
    for summarising in ("max", "mean"):
        np.testing.assert_array_equal(
            forth[f"{summarising}_distance_saliency_to_error"],
            back[f"{summarising}_distance_error_to_saliency"],
        )
        assert (
            forth[f"{summarising}_distance_saliency_to_error"]
            != forth[f"{summarising}_distance_error_to_saliency"]
        ).any()
    np.testing.assert_array_equal(forth["tied_saliency"], back["tied_reconstruction_error"])
    np.testing.assert_array_equal(forth["agreement"], back["agreement"])


def test_map_agrees_fully_with_itself_at_distance_zero():
    table, curves = compare_maps(maps_of(1), maps_of(1), k=K)
    assert (table["agreement"] == K).all()
    assert not table.filter(like="distance").to_numpy().any()
    assert not table["scaled_map_error"].any()
    np.testing.assert_array_equal(curves["agreement"], np.tile(np.arange(1, 31), (COUNT, 1)))


def test_distance_curve_ends_at_its_limit_or_at_the_headline_k():
    maps = np.random.default_rng(0).random((2, 12, 12), dtype=np.float32)
    lengths = [compare_maps(maps, maps, k=k)[1]["max_distance"].shape[1] for k in (5, 100, 120)]
    assert lengths == [100, 100, 120]
    assert DISTANCE_K_MAX == 100


@pytest.mark.parametrize("k", [0, 31])
def test_impossible_k_is_an_input_error(k):
    with pytest.raises(InputError, match=f"K is {k}"):
        compare_maps(maps_of(1), maps_of(2), k=k)


def test_nan_map_is_an_input_error():
    broken = maps_of(1)
    broken[12, 0, 0] = np.nan
    with pytest.raises(InputError, match="map 12 "):
        compare_maps(maps_of(2), broken, k=K)


def test_a_single_image_is_compared_too():
    table, curves = compare_maps(maps_of(1)[:1], maps_of(2)[:1], k=K)
    assert (len(table), curves["agreement"].shape) == (1, (1, 30))


def test_image_table_has_index_loss_comparison_terms_and_nulls():
    names = ("reconstruction_error", "saliency", "direct_term", "indirect_term")
    maps = {name: maps_of(seed) for seed, name in enumerate(names)}
    rows = pd.DataFrame(
        {
            "part": "test",
            "row": np.arange(COUNT),
            "source_row": np.arange(COUNT) + 100,
            "label": np.arange(COUNT) % 8,
            "novel": NOVEL.astype(int),
        }
    )
    table, curves = tables.image_table(maps, rows, k=K, generator=np.random.default_rng(3))
    compared, expected_curves = compare_maps(maps["reconstruction_error"], maps["saliency"], k=K)
    index = ["row", "source_row", "label", "novel"]
    measures = [*terms.MEASURES, *null.NULLS]
    assert list(table) == [*index, "reconstruction_loss", *compared, *measures]
    pd.testing.assert_frame_equal(table[index], rows[index])
    pd.testing.assert_frame_equal(table[list(compared)], compared)
    measured = terms.term_measures(maps["direct_term"], maps["indirect_term"])
    pd.testing.assert_frame_equal(table[terms.MEASURES], measured)
    nulls = null.null_agreements(
        *(maps[name] for name in ("reconstruction_error", "direct_term", "indirect_term")),
        NOVEL,
        k=K,
        generator=np.random.default_rng(3),
    )
    pd.testing.assert_frame_equal(table[null.NULLS], nulls)
    loss = reconstruction_loss(maps["reconstruction_error"])
    np.testing.assert_array_equal(table["reconstruction_loss"], loss)
    assert curves.keys() == expected_curves.keys() == {"agreement", "max_distance"}
    for name, curve in expected_curves.items():
        np.testing.assert_array_equal(curves[name], curve)


def test_reconstruction_loss_is_the_mean_of_the_map_in_float64():
    maps = np.array([[[1, 2], [3, 6]], [[0, 0], [0, 2**-30]]], np.float32)
    loss = reconstruction_loss(maps)
    assert loss.tolist() == [3.0, 2**-32]
    assert loss.dtype == np.float64


def curve_table(r, s, *, k=K):
    _, curves = compare_maps(r, s, k=k)
    return by_k(curves, NOVEL, samples=200, generator=np.random.default_rng(0))


@pytest.mark.parametrize("k", [6, 7])  # an even K can agree on exactly half
def test_row_k_of_the_curve_is_the_headline(k):
    r, s = maps_of(1), maps_of(2)
    row = curve_table(r, s, k=k).set_index("k").loc[k]
    result = summarise(
        table_of(r, s, k=k), k=k, image_shape=SHAPE, samples=100, generator=np.random.default_rng(0)
    )
    for group in ("normal", "novel"):
        for column, measure in (
            ("agreement", "agreement"),
            ("majority_agreement", "majority_agreement"),
            ("max_distance", "max_distance_saliency_to_error"),
        ):
            # The same values may be added in another order.
            expected = pytest.approx(result[group][measure]["estimate"], rel=1e-14)
            assert row[f"{group}_{column}"] == expected
    assert row["chance_agreement"] == result["chance"]["agreement"]


def test_curve_of_agreement_grows_to_n():
    table = curve_table(maps_of(1), maps_of(2))
    assert table["k"].tolist() == list(range(1, 31))
    for group in ("normal", "novel"):
        assert (table[f"{group}_agreement"].diff().dropna() >= 0).all()
        assert table[f"{group}_agreement"].iloc[-1] == 30
        assert table[f"{group}_majority_agreement"].iloc[-1] == 1
        assert table[f"{group}_max_distance"].iloc[-1] == 0


def test_curve_lies_within_its_interval():
    table = curve_table(maps_of(1), maps_of(2))
    for name in ("normal_agreement", "novel_agreement", "normal_max_distance"):
        assert (table[f"{name}_low"] <= table[name]).all()
        assert (table[name] <= table[f"{name}_high"]).all()
        assert (table[f"{name}_low"] < table[f"{name}_high"]).any()


def test_distance_is_empty_beyond_the_end_of_its_curve():
    maps = np.random.default_rng(0).random((COUNT, 12, 12), dtype=np.float32)
    table = curve_table(maps, maps[::-1].copy(), k=5)
    beyond = table["k"] > DISTANCE_K_MAX
    for suffix in ("", "_low", "_high"):
        column = table[f"novel_max_distance{suffix}"]
        assert column[beyond].isna().all()
        assert column[~beyond].notna().all()
    assert table["novel_agreement"].notna().all()
    assert (table.drop(columns="k").dtypes == np.float64).all()


def test_class_table_has_the_means_of_each_class():
    table = table_of(maps_of(1), maps_of(2)).assign(
        label=np.arange(COUNT) % 8,
        indirect_share=np.linspace(0, 1, COUNT),
        gradient_error_cosine=np.linspace(1, -1, COUNT),
    )
    by_class = tables.by_class(table, k=K, samples=200, generator=np.random.default_rng(0))
    assert by_class["label"].tolist() == list(range(8))
    assert by_class["novel"].tolist() == [1, 0, 0, 0, 1, 0, 0, 0]
    assert set(by_class["images"]) == {COUNT // 8}
    for measure in ("agreement", "indirect_share"):
        expected = table.groupby("label")[measure].mean()
        np.testing.assert_allclose(by_class[measure], expected, rtol=1e-12)
        assert (by_class[f"{measure}_low"] <= by_class[measure]).all()
        assert (by_class[measure] <= by_class[f"{measure}_high"]).all()
    majority = (table["agreement"] >= 4).groupby(table["label"]).mean()
    np.testing.assert_allclose(by_class["majority_agreement"], majority, rtol=1e-12)


def test_majority_of_a_class_needs_more_than_half_of_an_even_k():
    table = table_of(maps_of(1), maps_of(2), k=6).assign(
        label=0, indirect_share=0.5, gradient_error_cosine=0.5
    )
    table["agreement"] = np.where(NOVEL, 3, 4)
    by_class = tables.by_class(table, k=6, samples=100, generator=np.random.default_rng(0))
    assert by_class["novel"].tolist() == [0, 1]
    assert by_class["majority_agreement"].tolist() == [1, 0]
