"""Agreement against what r and s find, on data whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from novelty_maps.localization.disagreement import disagreement, image_table
from novelty_maps.localization.files import COMPARED_MEASURES
from novelty_maps.statistics.auroc import delong_auroc

METHODS = ("reconstruction_error", "saliency")
SHAPE = (6, 7, 7)
TABLE = pd.DataFrame(
    {"row": range(6), "kind": ["disk", "crack"] * 3, "size": 0.5, "intensity": 1.0, "label": 3}
)


def maps_of(seed):
    return np.random.default_rng(seed).permutation(np.prod(SHAPE)).reshape(SHAPE).astype(np.float32)


FOUND = pd.DataFrame(
    np.random.default_rng(9).random((6, len(COMPARED_MEASURES))), columns=COMPARED_MEASURES
)


def test_image_table_has_agreement_loss_and_success_of_both_maps():
    error, saliency = maps_of(0), maps_of(1)
    k = 20
    table = image_table(TABLE, FOUND, dict(zip(METHODS, (error, saliency), strict=True)), k=k)
    top = [[set(map_.ravel().argsort()[-k:]) for map_ in maps] for maps in (error, saliency)]
    assert table["agreement"].tolist() == [len(a & b) for a, b in zip(*top, strict=True)]
    np.testing.assert_allclose(table["loss"], error.reshape(6, -1).mean(axis=1))
    assert table["loss"].dtype == np.float64
    pd.testing.assert_frame_equal(table[COMPARED_MEASURES], FOUND)
    pd.testing.assert_frame_equal(table[TABLE.columns[:-1]], TABLE[TABLE.columns[:-1]])


@pytest.mark.parametrize("k", [1, 49])
def test_a_map_agrees_with_itself_on_k_pixels(k):
    table = image_table(TABLE, FOUND, dict.fromkeys(METHODS, maps_of(0)), k=k)
    assert (table["agreement"] == k).all()


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
        expected = delong_auroc(wrong, score)._asdict()
        assert found[f"{prefix}failure_auroc"] == expected


@pytest.mark.parametrize("failing", [0, 1])
def test_without_failing_images_they_cannot_be_told_by_their_agreement(failing):
    pointing = np.ones(10)
    pointing[:failing] = 0
    found = disagreement(images_of(np.arange(10), np.linspace(0, 1, 10), pointing=pointing))
    assert found["failed"] == failing / 10
    auroc = found["failure_auroc"]
    assert np.isnan([auroc["low"], auroc["high"]]).all()
    assert np.isnan(auroc["estimate"]) == (failing == 0)
    assert found["agreement_correlation"]["estimate"] == pytest.approx(1)


def test_image_fails_if_less_than_half_of_its_highest_pixels_are_novel():
    pointing = np.repeat([1, 0.5, 1 / 3, 0], [4, 3, 2, 1])
    found = disagreement(images_of(np.arange(10), np.linspace(0, 1, 10), pointing=pointing))
    assert found["failed"] == 0.3


def test_same_agreement_everywhere_correlates_with_nothing():
    found = disagreement(images_of(np.full(10, 5), np.linspace(0, 1, 10)))
    assert np.isnan(list(found["agreement_correlation"].values())).all()
    assert found["failure_auroc"]["estimate"] == 0.5


def test_images_twice_in_groups_are_as_many_observations_as_once():
    generator = np.random.default_rng(0)
    images = images_of(generator.integers(0, 9, 80), generator.random(80))
    twice = images.loc[images.index.repeat(2)]
    grouped, naive = disagreement(twice.assign(group=twice.index)), disagreement(twice)
    once = disagreement(images)
    for name in ("failure_auroc", "saliency_failure_auroc"):
        assert grouped[name] == pytest.approx(once[name])
    for name in ("agreement_correlation", "loss_correlation"):
        assert grouped[name]["estimate"] == naive[name]["estimate"]
    found, expected = grouped["agreement_correlation"], once["agreement_correlation"]
    width = expected["high"] - expected["low"]
    assert found["high"] - found["low"] == pytest.approx(width, rel=0.25)


def test_group_of_an_image_stands_beside_it():
    table = image_table(
        TABLE.assign(group=[1, 1, 2, 2, 3, 4]), FOUND, dict.fromkeys(METHODS, maps_of(0)), k=3
    )
    assert table["group"].tolist() == [1, 1, 2, 2, 3, 4]
