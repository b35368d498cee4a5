"""From the table of images to the headline numbers."""

import math

import numpy as np
import pytest
from oracles import slow_metrics
from oracles.comparable_maps import COUNT, NOVEL, SHAPE, K, maps_of, table_of

from novelty_maps.agreement.curves import chance_distance
from novelty_maps.agreement.summary import summarise
from novelty_maps.agreement.tables import MEASURES
from novelty_maps.statistics.intervals import bootstrap_interval


def summarised(table, *, k=K):
    return summarise(table, k=k, image_shape=SHAPE, samples=200, generator=np.random.default_rng(0))


def keys_of(values):
    """All keys of a nested dict, dotted."""
    for key, value in values.items():
        yield from (
            (f"{key}.{rest}" for rest in keys_of(value)) if isinstance(value, dict) else [key]
        )


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
        for measure in MEASURES:
            # The same values may be added in another order.
            expected = pytest.approx(group[measure].astype(float).mean(), rel=1e-14)
            interval = result[name][measure]
            assert interval["estimate"] == expected
            assert interval["low"] < interval["estimate"] < interval["high"]
        majority = sum(value > K / 2 for value in group["agreement"]) / len(group)
        assert result[name]["majority_agreement"]["estimate"] == majority
        missed = sum(value < K / 2 for value in group["agreement"]) / len(group)
        assert result[name]["majority_missed"]["estimate"] == missed
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


@pytest.mark.parametrize(("agreement", "missed"), [(2, 1), (3, 0), (4, 0)])
def test_majority_is_missed_where_more_than_half_of_k_are(agreement, missed):
    table = table_of(maps_of(1), maps_of(2), k=6)
    table["agreement"] = agreement
    expected = {"estimate": missed, "low": missed, "high": missed}
    assert summarised(table, k=6)["novel"]["majority_missed"] == expected


def test_majority_of_an_odd_k_agrees_or_is_missed():
    result = summarised(table_of(maps_of(1), maps_of(2)))
    for kind in ("normal", "novel"):
        agreed, missed = (result[kind][f"majority_{name}"] for name in ("agreement", "missed"))
        assert agreed["estimate"] + missed["estimate"] == pytest.approx(1)
        assert agreed["low"] + missed["high"] == pytest.approx(1)  # the same resamplings
        assert 0 < missed["estimate"] < 1


def test_differences_are_normal_minus_novel():
    table = table_of(maps_of(1), maps_of(2))
    table["agreement"] = np.where(NOVEL, 2, 5)
    difference = summarised(table)["normal_minus_novel"]["agreement"]
    assert (difference["estimate"], difference["low"], difference["high"]) == (3, 3, 3)
    assert difference["effect_size"] == 1
    assert difference["p_value"] < 1e-6


def test_each_difference_is_that_of_the_means_and_of_the_ranks():
    table = table_of(maps_of(1), maps_of(2))
    differences = summarised(table)["normal_minus_novel"]
    assert list(differences) == MEASURES
    for measure, difference in differences.items():
        normal, novel = (
            table.loc[table["novel"] == flag, measure].astype(float) for flag in (0, 1)
        )
        expected = normal.mean() - novel.mean()
        assert difference["estimate"] == pytest.approx(expected, abs=1e-6)  # float32 columns
        half = 1.96 * np.hypot(normal.sem(), novel.sem())
        assert difference["low"] == pytest.approx(expected - half, abs=0.4 * half)
        assert difference["high"] == pytest.approx(expected + half, abs=0.4 * half)
        effect = slow_metrics.rank_biserial(normal.tolist(), novel.tolist())
        assert difference["effect_size"] == pytest.approx(effect, abs=1e-12)


def test_randomness_goes_to_normal_images_then_novel_ones_then_chance():
    table = table_of(maps_of(1), maps_of(2))
    generator = np.random.default_rng(0)
    for flag, name in enumerate(("normal", "novel")):
        agreements = table.loc[table["novel"] == flag, ["agreement"]].to_numpy(np.float64)
        low, high = bootstrap_interval(agreements, samples=200, generator=generator)
        interval = summarised(table)[name]["agreement"]
        assert (interval["low"], interval["high"]) == (low[0], high[0])
    expected = chance_distance(SHAPE, K, samples=2000, generator=generator)
    chance = summarised(table)["chance"]
    assert chance["max_distance"] == expected.maximum[K - 1]
    assert chance["mean_distance"] == expected.mean[K - 1]


def test_chance_level_is_that_of_random_sets():
    chance = summarised(table_of(maps_of(1), maps_of(2)))["chance"]
    assert chance["agreement"] == K**2 / 30
    assert 0 < chance["mean_distance"] < chance["max_distance"] < math.hypot(5, 4)


@pytest.mark.parametrize("k", [2, 7, 20])
def test_chance_distances_are_those_of_random_sets_of_k(k):
    chance = summarised(table_of(maps_of(1), maps_of(2), k=k), k=k)["chance"]
    generator = np.random.default_rng(5)
    drawn = [
        slow_metrics.set_distances(
            *(generator.permutation(30)[:k].tolist() for _ in range(2)), width=SHAPE[1]
        )
        for _ in range(2000)
    ]
    maximum, mean = np.array(drawn).T
    for name, values in (("max_distance", maximum), ("mean_distance", mean)):
        # Four standard errors of the difference of two simulations of 2000 pairs.
        tolerance = 4 * values.std() * np.sqrt(2 / 2000)
        assert chance[name] == pytest.approx(values.mean(), abs=tolerance)


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
    reason = result["novel"]["undefined_scaled_maps"]["reason"]
    assert reason == "a map that is zero everywhere has no scaled map"
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


def test_images_twice_in_groups_have_the_intervals_of_images_once():
    table = table_of(maps_of(1), maps_of(2))
    twice = table.loc[table.index.repeat(2)].reset_index(drop=True)
    once, grouped = summarised(table), summarised(twice.assign(group=twice["row"]))
    for kind in ("normal", "novel"):
        for measure in (*MEASURES, "majority_agreement"):
            found, expected = grouped[kind][measure], once[kind][measure]
            assert found == pytest.approx(expected, nan_ok=True)
    naive = summarised(twice)["normal_minus_novel"]
    for measure, expected in once["normal_minus_novel"].items():
        found = grouped["normal_minus_novel"][measure]
        assert found == pytest.approx(expected, rel=1e-4)  # means of float32
        width = naive[measure]["high"] - naive[measure]["low"]
        assert width < 0.9 * (expected["high"] - expected["low"])
    auroc = once["detection"]["image_auroc"]
    assert grouped["detection"]["image_auroc"] == pytest.approx(auroc)
