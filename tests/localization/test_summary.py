"""The headline numbers of localization, on data whose answer is known."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from novelty_maps import statistics
from novelty_maps.localization.measures import image_separation, pointing_game
from novelty_maps.localization.summary import disagreement, image_table, summarise, threshold_rates
from novelty_maps.localization.tables import find
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


# --- per image


def test_image_table_has_agreement_loss_and_success_of_both_maps():
    error, saliency = maps_of(0), maps_of(1)
    found = {
        "reconstruction_error": find(maps_of(2), error, MASKS, sigma=1),
        "saliency": find(maps_of(3), saliency, MASKS, sigma=0),
    }
    k = 20
    table = image_table(TABLE, found, dict(zip(METHODS, (error, saliency), strict=True)), k=k)
    top = [[set(map_.ravel().argsort()[-k:]) for map_ in maps] for maps in (error, saliency)]
    assert table["agreement"].tolist() == [len(a & b) for a, b in zip(*top, strict=True)]
    np.testing.assert_allclose(table["loss"], error.reshape(6, -1).mean(axis=1))
    assert table["loss"].dtype == np.float64
    for method, result in found.items():
        for measure in ("average_precision", "pointing_game"):
            expected = {
                "average_precision": image_separation(result.after, MASKS).average_precision,
                "pointing_game": pointing_game(result.after, MASKS),
            }[measure]
            np.testing.assert_array_equal(table[f"{method}_{measure}"], expected)
    assert not [column for column in table if column.startswith("absolute_error")]
    pd.testing.assert_frame_equal(table[TABLE.columns[:-1]], TABLE[TABLE.columns[:-1]])


@pytest.mark.parametrize("k", [1, 49])
def test_a_map_agrees_with_itself_on_k_pixels(k):
    maps = maps_of(0)
    found = dict.fromkeys(METHODS, find(maps, maps, MASKS, sigma=0))
    table = image_table(TABLE, found, dict.fromkeys(METHODS, maps), k=k)
    assert (table["agreement"] == k).all()


# --- disagreement


def images_of(
    agreement, precision, *, loss=None, pointing=None, saliency=None, pointed=None, **factors
):
    """As `image_table` returns it; of s, `saliency` is the precision, `pointed` the pointing."""
    precision = np.asarray(precision, np.float64)
    saliency = precision[::-1] ** 2 if saliency is None else np.asarray(saliency, np.float64)
    return pd.DataFrame(
        {
            "kind": "disk",
            "size": 0.2,
            "intensity": 1.0,
            **factors,
            "agreement": agreement,
            "loss": precision if loss is None else loss,
            "reconstruction_error_average_precision": precision,
            "reconstruction_error_pointing_game": precision > 0.4 if pointing is None else pointing,
            "saliency_average_precision": saliency,
            "saliency_pointing_game": saliency > 0.7 if pointed is None else pointed,
        }
    )


def test_signs_say_with_what_failure_goes():
    precision = np.linspace(0, 1, 10)
    with_agreement = disagreement(images_of(np.arange(10), precision, loss=-precision))
    assert with_agreement["agreement_correlation"]["estimate"] == pytest.approx(1)
    assert with_agreement["loss_correlation"]["estimate"] == pytest.approx(-1)
    assert with_agreement["failure_auroc"]["estimate"] == 1
    assert with_agreement["failed"] == 0.4
    against_it = disagreement(images_of(np.arange(10)[::-1], precision, loss=precision))
    assert against_it["agreement_correlation"]["estimate"] == pytest.approx(-1)
    assert against_it["loss_correlation"]["estimate"] == pytest.approx(1)
    assert against_it["failure_auroc"]["estimate"] == 0


def test_agreement_is_held_against_s_and_against_its_gain_as_well():
    """Precision of r rises with agreement, that of s more slowly, so that its gain falls."""
    precision = np.linspace(0, 1, 10)
    found = disagreement(images_of(np.arange(10), precision, saliency=0.5 + precision / 2))
    assert found["agreement_correlation"]["estimate"] == pytest.approx(1)
    assert found["agreement_saliency_correlation"]["estimate"] == pytest.approx(1)
    assert found["agreement_gain_correlation"]["estimate"] == pytest.approx(-1)
    falling = disagreement(images_of(np.arange(10), precision, saliency=1 - precision))
    assert falling["agreement_correlation"]["estimate"] == pytest.approx(1)
    assert falling["agreement_saliency_correlation"]["estimate"] == pytest.approx(-1)


def test_correlations_are_those_of_scipy_where_nothing_is_taken_out():
    agreement, error, saliency = np.random.default_rng(0).random((3, 50))
    found = disagreement(images_of(agreement, error, saliency=saliency))
    for name, values in (("", error), ("saliency_", saliency), ("gain_", saliency - error)):
        expected = stats.spearmanr(agreement, values).statistic
        estimate = found[f"agreement_{name}correlation"]["estimate"]
        assert estimate == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("factor", ["kind", "size", "intensity"])
def test_correlations_are_within_a_kind_size_and_intensity(factor):
    """One group has low agreement and is found easily; within both it is the other way round."""
    agreement, precision = np.arange(6.0), np.arange(6.0) / 100
    precision = np.concatenate([precision + 0.9, precision])
    images = images_of(
        np.concatenate([agreement, agreement + 50]),
        precision,
        saliency=2 * precision,
        **{factor: np.repeat([0.2, 0.5], 6)},
    )
    found = disagreement(images)
    for name in ("", "saliency_", "gain_"):
        assert found[f"agreement_{name}correlation"]["estimate"] == pytest.approx(1)


def test_failures_of_s_are_told_apart_by_the_agreement_as_those_of_r_are():
    pointing, pointed = np.ones(10), np.ones(10)
    pointing[:4] = 0  # r fails where agreement is low
    pointed[7:] = 1 / 3  # s where it is high
    images = images_of(np.arange(10), np.linspace(0, 1, 10), pointing=pointing, pointed=pointed)
    found = disagreement(images)
    assert (found["failed"], found["saliency_failed"]) == (0.4, 0.3)
    assert found["failure_auroc"]["estimate"] == 1
    assert found["saliency_failure_auroc"]["estimate"] == 0
    score = -images["agreement"].to_numpy(np.float64)
    for prefix, wrong in (("", pointing < 0.5), ("saliency_", pointed < 0.5)):
        expected = statistics.delong_auroc(wrong, score)._asdict()
        assert found[f"{prefix}failure_auroc"] == expected


@pytest.mark.parametrize("failing", [0, 1])
def test_without_failing_images_they_cannot_be_told_by_their_agreement(failing):
    pointing = np.ones(10)
    pointing[:failing] = 0
    found = disagreement(images_of(np.arange(10), np.linspace(0, 1, 10), pointing=pointing))
    assert found["failed"] == failing / 10
    assert np.isnan(list(found["failure_auroc"].values())).all()
    assert found["agreement_correlation"]["estimate"] == pytest.approx(1)


def test_image_fails_if_less_than_half_of_its_highest_pixels_are_novel():
    pointing = np.repeat([1, 0.5, 1 / 3, 0], [4, 3, 2, 1])
    found = disagreement(images_of(np.arange(10), np.linspace(0, 1, 10), pointing=pointing))
    assert found["failed"] == 0.3


def test_same_agreement_everywhere_correlates_with_nothing():
    found = disagreement(images_of(np.full(10, 5), np.linspace(0, 1, 10)))
    assert np.isnan(list(found["agreement_correlation"].values())).all()
    assert found["failure_auroc"]["estimate"] == 0.5


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
    images = images_of(np.arange(10), np.linspace(0, 1, 10))
    numbers = summarise(localized(GAINS), images, THRESHOLDS)
    gains = ("saliency_gain", "saliency_gain_over_absolute_error")
    assert list(numbers) == ["images", *HEADLINE, *gains, "disagreement"]
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
    assert numbers["disagreement"] == disagreement(images)


def test_kinds_count_as_above_or_below_if_both_measures_are():
    images = images_of(np.arange(10), np.linspace(0, 1, 10))
    numbers = summarise(localized(GAINS), images, THRESHOLDS)
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
    images = images_of(np.arange(10), np.linspace(0, 1, 10))
    gain = summarise(localized(gains), images, THRESHOLDS)["saliency_gain"]
    assert gain["kinds_above"] == gain["kinds_below"] == 0


def test_headline_is_json_with_null_for_what_is_undefined(tmp_path):
    images = images_of(np.arange(10), np.linspace(0, 1, 10), pointing=np.ones(10))
    numbers = summarise(localized(GAINS), images, THRESHOLDS)
    formats.write_json(tmp_path / "numbers.json", numbers)
    found = json.loads((tmp_path / "numbers.json").read_text())["disagreement"]
    assert found["failure_auroc"] == {"estimate": None, "low": None, "high": None}
    assert found["failed"] == 0
