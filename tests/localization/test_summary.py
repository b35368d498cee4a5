"""The headline numbers of localization, on data whose answer is known."""

import json

import numpy as np
import pandas as pd
import pytest

from novelty_maps.localization.found import find
from novelty_maps.localization.summary import at_a_glance, summarise, threshold_rates
from novelty_maps.pipeline import formats

METHODS = ("reconstruction_error", "saliency")
HEADLINE = ("reconstruction_error", "absolute_error", "saliency")
SHAPE = (6, 7, 7)
MASKS = np.zeros(SHAPE, bool)
MASKS[:, 2:4, 3:5] = True
TABLE = pd.DataFrame(
    {"row": range(6), "kind": ["disk", "crack"] * 3, "size": 0.5, "intensity": 1.0, "label": 3}
)


def maps_of(seed):
    return np.random.default_rng(seed).permutation(MASKS.size).reshape(SHAPE).astype(np.float32)


# --- thresholds


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("sigma", [0, 1])
def test_validation_images_have_the_target_rate_up_to_a_pixel(rate, sigma):
    validation = maps_of(0)
    found = find(validation, maps_of(1), MASKS, sigma=sigma)
    rates = threshold_rates(found, validation, MASKS, false_positive_rate=rate)
    assert rates["target"] == rate
    assert rate - 1 / MASKS.size < rates["normal_images"] <= rate


def test_rates_are_shares_of_the_pixels_above_the_threshold():
    before, after = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    validation = np.linspace(0, 1, MASKS.size, dtype=np.float32).reshape(SHAPE)
    after[:3][MASKS[:3]] = 2  # three of six novelties are found
    after[0, 0, :5] = 2
    after[4][MASKS[4]] = validation.ravel()[-1 - int(0.05 * MASKS.size)]  # the threshold itself
    before[0, 0, :3] = 2
    found = find(before, after, MASKS, sigma=0)
    rates = threshold_rates(found, validation, MASKS, false_positive_rate=0.05)
    assert rates["recall"] == 0.5
    assert rates["novel_images"] == pytest.approx(5 / (~MASKS).sum())
    assert rates["normal_images"] == pytest.approx(3 / MASKS.size)


def test_lower_target_marks_fewer_pixels():
    found = find(maps_of(0), maps_of(1), MASKS, sigma=0)
    rates = [
        threshold_rates(found, maps_of(2), MASKS, false_positive_rate=rate)
        for rate in (0.02, 0.1, 0.3)
    ]
    for name in ("normal_images", "novel_images", "recall", "recall_at_target"):
        values = [rate[name] for rate in rates]
        assert values == sorted(values)


def test_more_normal_images_than_planted_ones_set_the_threshold():
    """Half of them are low: the threshold is that of a doubled share of the others."""
    found = find(maps_of(0), maps_of(1), MASKS, sigma=0)
    normal = maps_of(2)
    more = np.concatenate([normal, np.zeros_like(normal)])
    rates = threshold_rates(found, more, MASKS, false_positive_rate=0.05)
    alone = threshold_rates(found, normal, MASKS, false_positive_rate=0.1)
    for name in ("normal_images", "novel_images", "recall"):
        assert rates[name] == alone[name]


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("sigma", [0, 1])
def test_recall_at_target_is_that_where_so_many_normal_pixels_of_the_test_are_marked(rate, sigma):
    found = find(maps_of(0), maps_of(1), MASKS, sigma=sigma)
    rates = threshold_rates(found, maps_of(2) * 100, MASKS, false_positive_rate=rate)
    pixels = sorted(found.before.ravel().tolist(), reverse=True)
    threshold = pixels[int(rate * len(pixels))]  # so many are higher: no two are equal
    inside = found.after[MASKS].tolist()
    assert rates["recall_at_target"] == sum(value > threshold for value in inside) / len(inside)
    assert rates["recall"] == rates["normal_images"] == 0  # another threshold altogether


def test_recall_at_target_is_that_of_the_order_of_the_pixels_alone():
    """A map and its square mark the same pixels, wherever the validation images lie."""
    before, after = maps_of(0), maps_of(1)
    recalls = {
        threshold_rates(
            find(before**power, after**power, MASKS, sigma=0),
            maps_of(2),
            MASKS,
            false_positive_rate=0.2,
        )["recall_at_target"]
        for power in (1, 2)
    }
    assert len(recalls) == 1
    assert 0 < recalls.pop() < 1


# --- headline


def localized(gains):
    """A table of three maps in which s has these intervals of its gains over r on four kinds.

    Its gains over |e| are those of the kinds in the reverse order, with the sign turned.
    """
    rows = []
    turned = dict(zip(gains, reversed(gains.values()), strict=True))
    for group in ("all", *gains):
        for method, offset in zip(HEADLINE, (0.5, 0.7, 0.6), strict=True):
            row = {"grouping": "all" if group == "all" else "kind", "group": group}
            row |= {"method": method, "blur": 10 * offset, "p_value": np.nan}
            row |= dict.fromkeys(("auroc", "pointing_game", "relevance_rank_accuracy"), offset)
            for measure in ("average_precision", "aupro"):
                ends = {"": 0, "_low": -0.1, "_high": 0.1}
                row |= {f"{measure}{end}": offset + by for end, by in ends.items()}
                if method == "saliency":
                    low, high = gains.get(group, {}).get(measure, (0.05, 0.15))
                    row |= {f"{measure}_gain_low": low, f"{measure}_gain_high": high}
                    row |= {f"{measure}_gain": (low + high) / 2, "p_value": 0.01}
                    low, high = turned.get(group, {}).get(measure, (0.05, 0.25))
                    ends = {"": -(low + high) / 2, "_low": -high, "_high": -low}
                    name = f"{measure}_gain_over_absolute_error"
                    row |= {f"{name}{end}": value for end, value in ends.items()}
            rows.append(row)
    return pd.DataFrame(rows)


GAINS = {
    "disk": {"average_precision": (0.1, 0.2), "aupro": (0.1, 0.3)},
    "square": {"average_precision": (0.1, 0.2), "aupro": (-0.1, 0.3)},
    "stripe": {"average_precision": (-0.2, -0.1), "aupro": (-0.3, -0.2)},
    "zigzag": {"average_precision": (0.1, 0.2), "aupro": (0.2, 0.3)},
}
THRESHOLDS = {method: {"target": 0.01, "recall": 0.7 + i / 10} for i, method in enumerate(HEADLINE)}


def test_headline_has_three_maps_and_the_gains():
    numbers = summarise(localized(GAINS), 10, THRESHOLDS)
    gains = ("saliency_gain", "saliency_gain_over_absolute_error")
    assert list(numbers) == ["images", *HEADLINE, *gains]
    assert numbers["images"] == 10
    for method, value in zip(HEADLINE, (0.5, 0.7, 0.6), strict=True):
        own = numbers[method]
        for measure in ("average_precision", "aupro"):
            assert own[measure] == pytest.approx(
                {"estimate": value, "low": value - 0.1, "high": value + 0.1}
            )
        for name in ("auroc", "pointing_game", "relevance_rank_accuracy"):
            assert own[name] == value
        assert own["blur"] == 10 * value
        assert own["threshold"] == THRESHOLDS[method]
    gain = numbers["saliency_gain"]
    assert gain["aupro"] == pytest.approx({"estimate": 0.1, "low": 0.05, "high": 0.15})
    assert gain["p_value"] == 0.01
    over_absolute = numbers["saliency_gain_over_absolute_error"]
    assert over_absolute.keys() == gain.keys() - {"p_value"}
    for measure in ("average_precision", "aupro"):
        assert over_absolute[measure] == pytest.approx(
            {"estimate": -0.15, "low": -0.25, "high": -0.05}
        )


def test_kinds_count_as_above_or_below_if_both_measures_are():
    numbers = summarise(localized(GAINS), 10, THRESHOLDS)
    for gain, (above, below) in (
        ("saliency_gain", (0.5, 0.25)),
        ("saliency_gain_over_absolute_error", (0.25, 0.5)),
    ):
        assert numbers[gain]["kinds_above"] == above
        assert numbers[gain]["kinds_below"] == below


def test_kind_whose_interval_ends_at_0_is_neither_above_nor_below():
    gains = {
        "disk": {"average_precision": (0, 0.2), "aupro": (0.1, 0.3)},
        "stripe": {"average_precision": (-0.2, -0.1), "aupro": (-0.3, 0)},
    }
    gain = summarise(localized(gains), 10, THRESHOLDS)["saliency_gain"]
    assert gain["kinds_above"] == gain["kinds_below"] == 0


def test_headline_is_json_with_null_for_what_is_undefined(tmp_path):
    nothing_found = {**THRESHOLDS, "saliency": {"recall": np.nan}}
    numbers = summarise(localized(GAINS), 10, nothing_found)
    formats.write_json(tmp_path / "numbers.json", numbers)
    found = json.loads((tmp_path / "numbers.json").read_text())
    assert found["saliency"]["threshold"] == {"recall": None}


def test_glance_has_the_average_precision_of_absolute_error_and_saliency():
    numbers = summarise(localized(GAINS), 10, THRESHOLDS)
    error, saliency = (numbers[name]["average_precision"] for name in HEADLINE[1:])
    assert error != saliency
    assert at_a_glance(numbers) == {
        "error_ap": error["estimate"],
        "saliency_ap": saliency["estimate"],
    }
