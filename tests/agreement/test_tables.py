"""From maps to the reported tables."""

import numpy as np
import pandas as pd
import pytest
from oracles import slow_metrics
from oracles.comparable_maps import COUNT, NOVEL, SHAPE, K, maps_of, ranks_of, rows_of, table_of

from novelty_maps.agreement import null, tables, terms
from novelty_maps.agreement.ranks import IMAGE_MEASURES
from novelty_maps.agreement.summary import summarise
from novelty_maps.agreement.tables import DISTANCE_K_MAX, MEASURES, by_k, image_table
from novelty_maps.pipeline.errors import InputError


def test_table_has_index_loss_measures_terms_and_nulls():
    table = table_of(maps_of(1), maps_of(2))
    index = ["row", "source_row", "label", "novel"]
    compared = [*MEASURES, "tied_reconstruction_error", "tied_saliency"]
    assert list(table) == [
        *index,
        "reconstruction_loss",
        *compared,
        *terms.MEASURES,
        *null.NULLS,
    ]
    pd.testing.assert_frame_equal(table[index], rows_of()[index])
    ranks = ranks_of(maps_of(1), maps_of(2))
    for name in IMAGE_MEASURES:
        pd.testing.assert_series_equal(table[name], ranks.images[name])
    steps = {name: ranks.places[name] for name in null.NULLS}
    pd.testing.assert_frame_equal(table[null.NULLS], null.null_agreements(steps, NOVEL, k=K))


def test_only_image_of_its_kind_has_no_null_of_another():
    ranks, rows = ranks_of(maps_of(1), maps_of(2)), rows_of()
    rows["novel"] = (rows["row"] == 11).astype(int)
    table = image_table(ranks, rows, k=K, width=SHAPE[1])
    assert table["other_image_agreement"].isna().tolist() == (rows["row"] == 11).tolist()


def test_swapping_the_maps_swaps_the_directions():
    forth = table_of(maps_of(1), maps_of(2))
    back = table_of(maps_of(2), maps_of(1))
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


@pytest.mark.parametrize("k", [1, K, 30])
def test_map_agrees_fully_with_itself_at_distance_zero(k):
    table = table_of(maps_of(1), maps_of(1), k=k)
    assert (table["agreement"] == k).all()
    assert not table.filter(like="distance").to_numpy().any()
    assert not table["scaled_map_error"].any()


@pytest.mark.parametrize("k", [0, 31])
def test_impossible_k_is_an_input_error(k):
    with pytest.raises(InputError, match=f"K is {k}"):
        table_of(maps_of(1), maps_of(2), k=k)


def test_a_single_image_is_compared_too():
    table = table_of(maps_of(1)[:1], maps_of(2)[:1])
    assert len(table) == 1
    assert table["agreement"].between(0, K).all()


def test_k_beyond_the_curve_of_distances_is_measured_all_the_same():
    maps = np.random.default_rng(0).random((2, COUNT, 12, 12), dtype=np.float32)
    table = table_of(*maps, k=DISTANCE_K_MAX + 20)
    for row, r, s in zip(table.itertuples(), *maps, strict=True):
        maximum, mean = slow_metrics.distances(s, r, DISTANCE_K_MAX + 20)
        assert row.max_distance_saliency_to_error == pytest.approx(maximum, rel=1e-6)
        assert row.mean_distance_saliency_to_error == pytest.approx(mean, rel=1e-6)


def curve_table(r, s):
    generator = np.random.default_rng(0)
    return by_k(ranks_of(r, s), NOVEL, width=r.shape[2], samples=200, generator=generator)


@pytest.mark.parametrize("k", [6, 7])  # an even K can agree on exactly half
def test_row_k_of_the_curve_is_the_headline(k):
    r, s = maps_of(1), maps_of(2)
    row = curve_table(r, s).set_index("k").loc[k]
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
    table = curve_table(maps, maps[::-1].copy())
    assert DISTANCE_K_MAX == 100
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


def test_group_of_an_image_stands_beside_it_where_there_are_groups():
    ranks = ranks_of(maps_of(1), maps_of(2))
    rows = rows_of().assign(group=np.arange(COUNT) // 2)
    grouped = image_table(ranks, rows, k=K, width=SHAPE[1])
    assert list(grouped)[:5] == ["row", "source_row", "label", "novel", "group"]
    plain = image_table(ranks, rows_of(), k=K, width=SHAPE[1])
    pd.testing.assert_frame_equal(grouped.drop(columns="group"), plain)


def test_images_twice_in_groups_have_the_curves_and_classes_of_images_once():
    ranks, twice = ranks_of(maps_of(1), maps_of(2)), np.arange(COUNT).repeat(2)
    doubled = ranks._replace(places=ranks.places[twice])
    settings = {"width": SHAPE[1], "samples": 50}
    once, grouped, naive = (
        by_k(*case, generator=np.random.default_rng(0), groups=groups, **settings)
        for case, groups in (
            ((ranks, NOVEL), None),
            ((doubled, NOVEL[twice]), twice),
            ((doubled, NOVEL[twice]), None),
        )
    )
    pd.testing.assert_frame_equal(grouped, once)
    assert not naive.equals(once)
    table = table_of(maps_of(1), maps_of(2))
    both = table.loc[twice].assign(group=twice).reset_index(drop=True)
    once, grouped = (
        tables.by_class(each, k=K, samples=50, generator=np.random.default_rng(0))
        for each in (table, both)
    )
    np.testing.assert_array_equal(grouped["images"], 2 * once["images"])
    pd.testing.assert_frame_equal(grouped.drop(columns="images"), once.drop(columns="images"))
