"""From maps to the reported table and numbers."""

import math

import numpy as np
import pytest

from stages.lib import summary
from stages.lib.errors import InputError

SHAPE = (6, 5)
COUNT = 40
NOVEL = np.arange(COUNT) % 4 == 0
K = 7


def maps_of(seed, levels=9):
    """Maps with ties, none of them all zero."""
    maps = np.random.default_rng(seed).integers(0, levels, (COUNT, *SHAPE)).astype(np.float32)
    maps[:, 2, 3] += 1
    return maps


def table_of(r, s, *, k=K):
    table, _ = summary.compare_maps(r, s, k=k)
    return table.assign(novel=NOVEL.astype(int), reconstruction_loss=summary.reconstruction_loss(r))


def summarised(table, *, k=K):
    return summary.summarise(
        table, k=k, image_shape=SHAPE, samples=200, generator=np.random.default_rng(0)
    )


def keys_of(values):
    """All keys of a nested dict, dotted."""
    for key, value in values.items():
        yield from (
            (f"{key}.{rest}" for rest in keys_of(value)) if isinstance(value, dict) else [key]
        )


def test_table_has_a_row_per_image_and_the_measures_as_columns():
    table, curves = summary.compare_maps(maps_of(1), maps_of(2), k=K)
    assert len(table) == COUNT
    assert list(table) == [*summary.MEASURES, "tied_reconstruction_error", "tied_saliency"]
    assert curves["agreement"].shape == curves["max_distance"].shape == (COUNT, 30)


def test_table_is_the_curves_at_k():
    table, curves = summary.compare_maps(maps_of(1), maps_of(2), k=K)
    np.testing.assert_array_equal(table["agreement"], curves["agreement"][:, K - 1])
    np.testing.assert_array_equal(
        table["max_distance_saliency_to_error"], curves["max_distance"][:, K - 1]
    )


def test_swapping_the_maps_swaps_the_directions():
    forth, _ = summary.compare_maps(maps_of(1), maps_of(2), k=K)
    back, _ = summary.compare_maps(maps_of(2), maps_of(1), k=K)
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
    table, curves = summary.compare_maps(maps_of(1), maps_of(1), k=K)
    assert (table["agreement"] == K).all()
    assert not table.filter(like="distance").to_numpy().any()
    assert not table["scaled_map_error"].any()
    np.testing.assert_array_equal(curves["agreement"], np.tile(np.arange(1, 31), (COUNT, 1)))


def test_distance_curve_ends_at_its_limit_or_at_the_headline_k():
    maps = np.random.default_rng(0).random((2, 12, 12), dtype=np.float32)
    lengths = [
        summary.compare_maps(maps, maps, k=k)[1]["max_distance"].shape[1] for k in (5, 100, 120)
    ]
    assert lengths == [summary.DISTANCE_K_MAX, summary.DISTANCE_K_MAX, 120]


@pytest.mark.parametrize("k", [0, 31])
def test_impossible_k_is_an_input_error(k):
    with pytest.raises(InputError, match=f"K is {k}"):
        summary.compare_maps(maps_of(1), maps_of(2), k=k)


def test_nan_map_is_an_input_error():
    broken = maps_of(1)
    broken[12, 0, 0] = np.nan
    with pytest.raises(InputError, match="map 12 "):
        summary.compare_maps(maps_of(2), broken, k=K)


def test_reconstruction_loss_is_the_mean_of_the_map_in_float64():
    maps = np.array([[[1, 2], [3, 6]], [[0, 0], [0, 2**-30]]], np.float32)
    loss = summary.reconstruction_loss(maps)
    assert loss.tolist() == [3.0, 2**-32]
    assert loss.dtype == np.float64


def test_keys_contain_no_value_of_a_parameter():
    r, s = maps_of(1), maps_of(2)
    keys = {k: list(keys_of(summarised(table_of(r, s, k=k), k=k))) for k in (3, 7)}
    assert keys[3] == keys[7]
    assert not any(character.isdigit() for key in keys[3] for character in key)


def test_headline_numbers_are_the_means_of_the_groups():
    table = table_of(maps_of(1), maps_of(2))
    result = summarised(table)
    assert result["k"] == K
    for name, member in (("normal", ~NOVEL), ("novel", NOVEL)):
        group = table[member]
        assert result[name]["images"] == member.sum()
        for measure in summary.MEASURES:
            # The same values may be added in another order.
            expected = pytest.approx(group[measure].astype(float).mean(), rel=1e-14)
            interval = result[name][measure]
            assert interval["estimate"] == expected
            assert interval["low"] < interval["estimate"] < interval["high"]
        majority = sum(value > K / 2 for value in group["agreement"]) / len(group)
        assert result[name]["majority_agreement"]["estimate"] == majority
        counts = [(group["agreement"] == value).sum() for value in range(K + 1)]
        assert result[name]["agreement"]["most_frequent"] == np.argmax(counts)
        assert result[name]["ties_at_k"] == {
            "reconstruction_error": group["tied_reconstruction_error"].sum(),
            "saliency": group["tied_saliency"].sum(),
        }


def test_majority_needs_more_than_half_of_k():
    table = table_of(maps_of(1), maps_of(2), k=6)
    table["agreement"] = 3
    assert summarised(table, k=6)["normal"]["majority_agreement"]["estimate"] == 0
    table["agreement"] = 4
    assert summarised(table, k=6)["normal"]["majority_agreement"]["estimate"] == 1


def test_differences_are_normal_minus_novel():
    table = table_of(maps_of(1), maps_of(2))
    table["agreement"] = np.where(NOVEL, 2, 5)
    difference = summarised(table)["normal_minus_novel"]["agreement"]
    assert (difference["estimate"], difference["low"], difference["high"]) == (3, 3, 3)
    assert difference["effect_size"] == 1
    assert difference["p_value"] < 1e-6


def test_chance_level_is_that_of_random_sets():
    chance = summarised(table_of(maps_of(1), maps_of(2)))["chance"]
    assert chance["agreement"] == K**2 / 30
    assert 0 < chance["mean_distance"] < chance["max_distance"] < math.hypot(5, 4)


def test_undefined_scaled_maps_are_counted_and_left_out():
    r, s = maps_of(1), maps_of(2)
    defined = summarised(table_of(r, s))
    r[1] = 0  # normal
    s[[4, 8]] = 0  # novel
    table = table_of(r, s)
    result = summarised(table)
    assert defined["normal"]["undefined_scaled_maps"]["images"] == 0
    assert result["normal"]["undefined_scaled_maps"]["images"] == 1
    assert result["novel"]["undefined_scaled_maps"]["images"] == 2
    assert "scaled map" in result["novel"]["undefined_scaled_maps"]["reason"]
    rest = table[NOVEL & ~np.isin(np.arange(COUNT), [4, 8])]["scaled_map_error"]
    estimate = result["novel"]["scaled_map_error"]["estimate"]
    assert estimate == pytest.approx(rest.mean(), rel=1e-14)


def test_measure_that_is_undefined_for_all_images_is_nan():
    result = summarised(table_of(np.zeros_like(maps_of(1)), maps_of(2)))
    assert result["novel"]["undefined_scaled_maps"]["images"] == NOVEL.sum()
    for part in ("normal", "novel", "normal_minus_novel"):
        assert all(np.isnan(value) for value in result[part]["scaled_map_error"].values())
    assert not np.isnan(result["novel"]["agreement"]["estimate"])


def test_separable_loss_detects_every_novel_image():
    r = maps_of(1)
    r[NOVEL] += 100
    auroc = summarised(table_of(r, maps_of(2)))["detection"]["image_auroc"]
    assert auroc == {"estimate": 1, "low": 1, "high": 1}


def test_lower_loss_of_novel_images_detects_none_of_them():
    r = maps_of(1)
    r[~NOVEL] += 100
    auroc = summarised(table_of(r, maps_of(2)))["detection"]["image_auroc"]
    assert auroc["estimate"] == 0


def test_summary_is_a_function_of_the_generator():
    table = table_of(maps_of(1), maps_of(2))
    assert summarised(table) == summarised(table)


def curve_table(r, s, *, k=K):
    _, curves = summary.compare_maps(r, s, k=k)
    return summary.by_k(curves, NOVEL, samples=200, generator=np.random.default_rng(0))


@pytest.mark.parametrize("k", [6, 7])  # an even K can agree on exactly half
def test_row_k_of_the_curve_is_the_headline(k):
    r, s = maps_of(1), maps_of(2)
    row = curve_table(r, s, k=k).set_index("k").loc[k]
    result = summarised(table_of(r, s, k=k), k=k)
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
    beyond = table["k"] > summary.DISTANCE_K_MAX
    for suffix in ("", "_low", "_high"):
        column = table[f"novel_max_distance{suffix}"]
        assert column[beyond].isna().all()
        assert column[~beyond].notna().all()
    assert table["novel_agreement"].notna().all()


def test_class_table_has_the_means_of_each_class():
    table = table_of(maps_of(1), maps_of(2)).assign(
        label=np.arange(COUNT) % 8,
        indirect_share=np.linspace(0, 1, COUNT),
        gradient_error_cosine=np.linspace(1, -1, COUNT),
    )
    by_class = summary.by_class(table, k=K, samples=200, generator=np.random.default_rng(0))
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
