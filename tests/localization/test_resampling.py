"""What is resampled, and whether intervals hold what they should where normal images repeat."""

import numpy as np
import pandas as pd
import pytest

from novelty_maps.localization.aupro import aupro, pro_profile, pro_thresholds
from novelty_maps.localization.resampling import ends, replicates, resampled, units_of

SIDE, SAMPLES = 8, 200


def counts_of(table, *, seed=0):
    """The units, and how often images after and before count, (B, N) each."""
    units = units_of(table)
    random = np.random.default_rng(seed)
    weights = resampled(units, samples=SAMPLES, generator=random).astype(int)
    return units, weights[:, : len(table)], weights[:, len(table) :]


def test_pairs_are_drawn_as_one():
    table = pd.DataFrame({"paired": 1, "base_row": [4, 2, 9]})
    units, after, before = counts_of(table)
    assert units.counts == (0, 3)
    np.testing.assert_array_equal(after, before)
    assert (after.sum(axis=1) == 3).all()
    drawn = np.random.default_rng(0).multinomial(3, np.full(3, 1 / 3), size=SAMPLES)
    np.testing.assert_array_equal(after, drawn)


def test_defects_and_the_images_beside_them_are_drawn_apart_and_an_image_wherever_it_stands():
    table = pd.DataFrame({"paired": [1, 1, 0, 0, 0], "base_row": [4, 2, 2, 7, 7]})
    units, after, before = counts_of(table)
    assert units.counts == (3, 3)
    assert (after[:, 2:].sum(axis=1) == 3).all()
    np.testing.assert_array_equal(before[:, 1], before[:, 2])
    np.testing.assert_array_equal(before[:, 3], before[:, 4])
    np.testing.assert_array_equal(after[:, :2], before[:, :2])
    assert (before[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert abs(np.corrcoef(after[:, 2], before[:, 2])[0, 1]) < 0.3
    assert abs(np.corrcoef(after[:, 3], before[:, 3])[0, 1]) < 0.3


def test_groups_are_drawn_in_the_place_of_images():
    table = pd.DataFrame({"paired": [1, 1, 0, 0, 0], "base_row": range(5)})
    table["group"], table["base_group"] = [8, 8, 1, 1, 8], [8, 8, 3, 8, 6]
    units, after, before = counts_of(table)
    assert units.counts == (2, 3)
    np.testing.assert_array_equal(after[:, 2], after[:, 3])
    for place in (before[:, 1], before[:, 3], after[:, 0], after[:, 1]):
        np.testing.assert_array_equal(place, before[:, 0])
    assert (after[:, 4] != before[:, 0]).any()  # of the same group, but a defect


@pytest.mark.parametrize(
    ("base_rows", "defined"), [([1, 1, 1], (True, False)), ([1, 2, 2], (True, True))]
)
def test_one_image_beside_all_defects_leaves_aupro_without_an_interval(base_rows, defined):
    table = pd.DataFrame({"paired": 0, "base_row": base_rows})
    maps, masks, _ = drawn_maps(np.random.default_rng(0), 3)
    profile = pro_profile(maps, masks, pro_thresholds(maps, masks))
    units, after, before = counts_of(table)
    weights = np.concatenate([after, before], axis=1).astype(float)
    found = replicates(np.array([0.1, 0.2, 0.3]), profile, weights, units)
    names = ("average_precision", "aupro")
    assert tuple(bool(np.isfinite(found[name]).all()) for name in names) == defined


# --- coverage


def drawn_maps(random, defects, photos=None):
    """Maps of defects and of the normal images beside them, which are as bright as their photo."""
    base = np.arange(defects) if photos is None else random.integers(0, photos, defects)
    maps = random.random((2 * defects, SIDE, SIDE))
    maps[:defects] *= np.exp(random.normal(0, 0.3, defects))[:, None, None]
    noise = random.random((base.max() + 1, SIDE, SIDE))
    level = np.exp(random.normal(0, 0.6, base.max() + 1))[:, None, None]
    maps[defects:] = (level * noise)[base]
    masks = np.zeros(maps.shape, bool)
    masks[:defects, 2:5, 2:5] = True
    maps[masks] += random.normal(0.8, 0.4, (defects, 9)).ravel()
    return maps.astype(np.float32), masks, base


def test_interval_of_aupro_holds_the_value_of_all_defects_and_photos_where_photos_repeat():
    """Of 63 defects beside 20 photos, as in MVTec AD's bottle; drawn as pairs it is too narrow."""
    maps, masks, _ = drawn_maps(np.random.default_rng(0), 5000)
    truth = aupro(maps, masks)
    held = np.zeros(2)
    draws = 150
    for seed in range(1, draws + 1):
        random = np.random.default_rng(seed)
        maps, masks, base = drawn_maps(random, 63, 20)
        profile = pro_profile(maps, masks, pro_thresholds(maps, masks, count=60))
        tables = (
            pd.DataFrame({"paired": 0, "base_row": base}),
            pd.DataFrame({"paired": 1, "base_row": range(63)}),
        )
        for place, table in enumerate(tables):
            units = units_of(table)
            weights = resampled(units, samples=SAMPLES, generator=random)
            found = ends(replicates(np.zeros(63), profile, weights, units))
            held[place] += found["aupro_low"] <= truth <= found["aupro_high"]
    apart, as_pairs = held / draws
    assert apart > 0.85
    assert as_pairs < apart - 0.15
