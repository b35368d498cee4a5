"""Tables of deletion, insertion and randomization: what is averaged over which images."""

import numpy as np
import pandas as pd
import pytest

from novelty_maps.faithfulness.deletion import Curves
from novelty_maps.faithfulness.randomization import Cascade
from novelty_maps.faithfulness.tables import deletion_table, randomization_table, summarise
from novelty_maps.pipeline import formats

STEPS = 4
ENDS = ("", "_low", "_high")
AREAS = {"reconstruction_error": 0.2, "saliency": 0.4, "sobel": 0.9}


def lines(areas):
    """Curves from 1 on, straight, with these areas under them."""
    ends = 2 * np.asarray(areas, np.float64) - 1
    return 1 + (ends[:, None] - 1) * np.linspace(0, 1, STEPS + 1)


def table_of(deletion, insertion, *, samples=500, seed=0):
    curves = {
        name: Curves(lines(deletion) + shift, lines(insertion) + shift)
        for name, shift in (("black", 0), ("mean", 1))
    }
    return deletion_table(
        {"saliency": curves}, samples=samples, generator=np.random.default_rng(seed)
    )


def cascade_of(precision, *, spearman=0.5, ssim=0.25):
    precision = np.asarray(precision, np.float64)
    similar = np.ones(precision.shape)
    similar[1:] = 0
    layers = ["", *(f"layer{step}" for step in range(1, len(precision)))]
    return Cascade(layers, similar + spearman, similar + ssim, precision)


def randomized(cascades, *, samples=500, seed=0):
    return randomization_table(cascades, samples=samples, generator=np.random.default_rng(seed))


# --- deletion and insertion


def test_rows_are_a_measure_and_a_baseline_each():
    table = table_of([0.2, 0.4], [0.7, 0.7])
    assert (table["method"] == "saliency").all()
    found = table[["measure", "baseline"]].to_numpy().tolist()
    assert found == [[m, b] for m in ("deletion", "insertion") for b in ("black", "mean")]
    np.testing.assert_allclose(table["area"], [0.3, 1.3, 0.7, 1.7])
    assert (table["images"] == 2).all()


def test_maps_follow_each_other_in_their_order():
    curves = {name: Curves(lines([area]), lines([area])) for name, area in AREAS.items()}
    table = deletion_table(
        {name: {"black": both} for name, both in curves.items()},
        samples=100,
        generator=np.random.default_rng(0),
    )
    assert table["method"].tolist() == [name for name in AREAS for _ in range(2)]
    np.testing.assert_allclose(table["area"], np.repeat(list(AREAS.values()), 2))


def test_equal_areas_have_an_interval_of_no_width():
    table = table_of([0.25] * 6, [0.5] * 6)
    for end in ENDS:
        np.testing.assert_allclose(table[f"area{end}"], [0.25, 1.25, 0.5, 1.5], rtol=1e-12)


def test_interval_of_an_area_is_that_of_its_mean():
    areas = np.random.default_rng(1).normal(0.4, 0.1, 200)
    row = table_of(areas, areas).iloc[0]
    # Mean ± 1.96 standard errors; 500 samples tell the quantiles to some 10 %.
    half_width = 1.96 * areas.std() / np.sqrt(200)
    assert row["area"] == pytest.approx(areas.mean(), rel=1e-12)
    np.testing.assert_allclose(row["area"] - row["area_low"], half_width, rtol=0.2)
    np.testing.assert_allclose(row["area_high"] - row["area"], half_width, rtol=0.2)


def test_undefined_areas_are_left_out_and_the_others_counted():
    table = table_of([np.nan, 0.2, 0.4, np.nan], [0.5, 0.5, 0.5, np.nan])
    assert table["images"].tolist() == [2, 2, 3, 3]
    np.testing.assert_allclose(table["area"], [0.3, 1.3, 0.5, 1.5])
    assert table["area_low"].iloc[0] == pytest.approx(0.2)
    assert table["area_high"].iloc[0] == pytest.approx(0.4)
    np.testing.assert_allclose(table[["area_low", "area_high"]].iloc[2], 0.5)


def test_no_defined_area_is_no_area():
    table = table_of([np.nan, np.nan], [0.5, 0.5])
    assert table["images"].tolist() == [0, 0, 2, 2]
    assert table[["area", "area_low", "area_high"]].iloc[:2].isna().all(axis=None)


# --- randomization


def test_a_row_per_step_and_map_with_means_over_the_images():
    generator = np.random.default_rng(0)
    cascades = {
        method: Cascade(["", "last", "first"], *generator.random((3, 3, 5)))
        for method in ("saliency", "sobel")
    }
    table = randomized(cascades)
    assert table[["step", "layer", "method"]].to_numpy().tolist() == [
        [step, layer, method]
        for method in cascades
        for step, layer in enumerate(["", "last", "first"])
    ]
    for measure in ("spearman", "ssim", "average_precision"):
        expected = [
            getattr(c, measure)[step].mean() for c in cascades.values() for step in range(3)
        ]
        np.testing.assert_allclose(table[measure], expected, rtol=1e-12)


def test_drop_is_what_is_lost_on_the_same_image():
    """Images differ far more than what each of them loses."""
    before = np.linspace(0.3, 0.9, 40)
    table = randomized({"saliency": cascade_of([before, before - 0.1, before + 0.05])})
    for end in ENDS:
        np.testing.assert_allclose(table[f"average_precision_drop{end}"], [0, 0.1, -0.05])
    assert (table.loc[0].filter(like="drop") == 0).all()


def test_interval_of_a_drop_is_that_of_its_mean():
    lost = np.random.default_rng(2).normal(0.2, 0.1, 200)
    row = randomized({"saliency": cascade_of([np.ones(200), 1 - lost])}).iloc[1]
    half_width = 1.96 * lost.std() / np.sqrt(200)
    assert row["average_precision_drop"] == pytest.approx(lost.mean())
    width = row["average_precision_drop_high"] - row["average_precision_drop_low"]
    np.testing.assert_allclose(width / 2, half_width, rtol=0.2)


def test_images_without_a_similarity_or_precision_are_left_out():
    cascade = cascade_of([[0.5, 0.7, np.nan], [0.2, 0.4, np.nan]])
    cascade.spearman[1, 0] = np.nan
    cascade.ssim[1] = np.nan
    row = randomized({"saliency": cascade}).iloc[1]
    assert row["spearman"] == 0.5
    assert np.isnan(row["ssim"])
    assert row["average_precision"] == pytest.approx(0.3)
    assert row["average_precision_drop"] == pytest.approx(0.3)
    np.testing.assert_allclose(row["average_precision_drop_low"], 0.3)


def test_no_cascade_leaves_the_columns_of_the_table(tmp_path):
    empty, full = randomized({}), randomized({"saliency": cascade_of([[0.5], [0.2]])})
    assert len(empty) == 0
    assert empty.columns.tolist() == full.columns.tolist()
    formats.write_table(tmp_path / "table.csv", empty)
    found = formats.read_table(tmp_path / "table.csv", columns=list(full), made_by="faithfulness")
    assert len(found) == 0


def test_tables_are_functions_of_the_generator():
    areas = np.random.default_rng(0).random(30)
    cascades = {"saliency": cascade_of([areas, areas**2])}
    pd.testing.assert_frame_equal(table_of(areas, areas), table_of(areas, areas))
    assert (table_of(areas, areas)["area_low"] != table_of(areas, areas, seed=1)["area_low"]).any()
    pd.testing.assert_frame_equal(randomized(cascades), randomized(cascades))


# --- headline


def test_summary_nests_the_numbers_of_both_maps():
    deletion = pd.concat(
        [
            table_of([area] * 3, [area + 0.05] * 3).assign(method=name)
            for name, area in AREAS.items()
        ]
    )
    cascades = {name: cascade_of([[0.9] * 3, [0.5] * 3, [0.3] * 3]) for name in AREAS}
    numbers = summarise(deletion, randomized(cascades))
    assert numbers.keys() == {"reconstruction_error", "saliency"}
    for name, own in numbers.items():
        assert own.keys() == {"deletion", "insertion", "randomized"}
        assert own["deletion"] == pytest.approx({"black": AREAS[name], "mean": AREAS[name] + 1})
        assert own["insertion"]["black"] == pytest.approx(AREAS[name] + 0.05)
        last = own["randomized"]
        assert (last["spearman"], last["ssim"]) == (0.5, 0.25)
        drop = {"estimate": 0.6, "low": 0.6, "high": 0.6}
        assert last["average_precision_drop"] == pytest.approx(drop)


def test_summary_without_layers_or_without_a_map_leaves_them_out():
    numbers = summarise(table_of([0.2, 0.4], [0.5, 0.5]), randomized({}))
    assert numbers["saliency"].keys() == {"deletion", "insertion"}
    assert numbers["reconstruction_error"] == {}
