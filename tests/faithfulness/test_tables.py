"""Tables of deletion, insertion and randomization: what is averaged over which images."""

import numpy as np
import pandas as pd
import pytest

from novelty_maps.faithfulness.deletion import Curves
from novelty_maps.faithfulness.randomization import Cascade, Draws
from novelty_maps.faithfulness.tables import (
    deletion_table,
    randomization_table,
    reinitialised_table,
    summarise,
)
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


def draws_of(trained, average_precision, *, spearman=0.5):
    precision = np.asarray(average_precision, np.float64)
    return Draws(np.asarray(trained, np.float64), precision, np.full(precision.shape, spearman))


def reinitialised(draws, *, samples=500, seed=0):
    return reinitialised_table(draws, samples=samples, generator=np.random.default_rng(seed))


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


def test_single_image_has_no_interval():
    table = table_of([0.3, np.nan], [0.7, 0.7])
    np.testing.assert_allclose(table["area"], [0.3, 1.3, 0.7, 1.7])
    assert (
        table[["area_low", "area_high"]].isna().to_numpy().tolist()
        == [[True] * 2] * 2 + [[False] * 2] * 2
    )


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
    table = randomization_table(cascades)
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


def test_images_without_a_similarity_or_precision_are_left_out():
    cascade = cascade_of([[0.5, 0.7, np.nan], [0.2, 0.4, np.nan]])
    cascade.spearman[1, 0] = np.nan
    cascade.ssim[1] = np.nan
    row = randomization_table({"saliency": cascade}).iloc[1]
    assert row["spearman"] == 0.5
    assert np.isnan(row["ssim"])
    assert row["average_precision"] == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("empty", "full"),
    [
        (randomization_table({}), randomization_table({"saliency": cascade_of([[0.5], [0.2]])})),
        (reinitialised({}), reinitialised({"saliency": draws_of([0.5], [[0.2]])})),
    ],
)
def test_network_without_layers_leaves_the_columns_of_the_table(tmp_path, empty, full):
    assert len(empty) == 0
    assert empty.columns.tolist() == full.columns.tolist()
    formats.write_table(tmp_path / "table.csv", empty)
    found = formats.read_table(tmp_path / "table.csv", columns=list(full), made_by="faithfulness")
    assert len(found) == 0


# --- all layers fresh


def test_a_row_per_map_with_means_over_draws_and_images():
    generator = np.random.default_rng(0)
    draws = {name: Draws(*(generator.random(s) for s in (4, (3, 4), (3, 4)))) for name in AREAS}
    table = reinitialised(draws).set_index("method")
    assert table.index.tolist() == list(AREAS)
    assert (table["draws"] == 3).all()
    assert (table["images"] == 4).all()
    for name, found in draws.items():
        row = table.loc[name]
        assert row["spearman"] == pytest.approx(found.spearman.mean())
        assert row["average_precision"] == pytest.approx(found.trained.mean())
        fresh = found.average_precision.mean()
        assert row["reinitialised_average_precision"] == pytest.approx(fresh)
        assert row["average_precision_drop"] == pytest.approx(found.trained.mean() - fresh)


def test_interval_of_a_drop_of_equal_images_is_students_over_the_draws():
    """Drops of 0.1, 0.2, 0.6 in every image: mean 0.3, s² = 0.07, t(2 degrees) = 4.302653."""
    trained = np.linspace(0.7, 0.9, 8)
    fresh = trained - np.array([[0.1], [0.2], [0.6]])
    (row,) = reinitialised({"saliency": draws_of(trained, fresh)}).to_dict("records")
    half_width = 4.302653 * np.sqrt(0.07 / 3)
    assert row["average_precision_drop"] == pytest.approx(0.3)
    assert row["average_precision_drop_low"] == pytest.approx(0.3 - half_width, rel=1e-6)
    assert row["average_precision_drop_high"] == pytest.approx(0.3 + half_width, rel=1e-6)


def test_interval_of_a_drop_of_equal_draws_is_that_of_the_images():
    """Images differ far more than what each of them loses: the loss is of the same image."""
    generator = np.random.default_rng(2)
    trained, lost = generator.random(400), generator.normal(0.2, 0.1, 400)
    table = reinitialised({"saliency": draws_of(trained, [trained - lost] * 5)}, samples=4000)
    (row,) = table.to_dict("records")
    assert row["average_precision_drop"] == pytest.approx(lost.mean())
    # 4,000 samples tell a standard deviation to some 1 %.
    half_width = 1.96 * lost.std() / 20
    low, high = row["average_precision_drop_low"], row["average_precision_drop_high"]
    assert lost.mean() - low == pytest.approx(half_width, rel=0.05)
    assert high - lost.mean() == pytest.approx(half_width, rel=0.05)


def test_half_widths_of_draws_and_images_are_joined_as_squares():
    generator = np.random.default_rng(3)
    images, shifts = generator.normal(0.2, 0.3, 60), np.array([-0.1, 0.0, 0.1])
    of_images, of_draws, of_both = (
        reinitialised({"saliency": draws_of(np.ones(60), 1 - lost)}).iloc[0]
        for lost in (
            np.tile(images, (3, 1)),
            np.full((3, 60), images.mean()) + shifts[:, None],
            images + shifts[:, None],
        )
    )
    parts = [
        row["average_precision_drop_high"] - row["average_precision_drop_low"]
        for row in (of_images, of_draws, of_both)
    ]
    assert min(parts[:2]) > 0.01
    assert parts[2] == pytest.approx(np.hypot(*parts[:2]))


def test_map_that_ignores_the_network_loses_exactly_nothing():
    found = np.random.default_rng(4).random(30)
    (row,) = reinitialised({"sobel": draws_of(found, [found] * 10)}).to_dict("records")
    assert [row[f"average_precision_drop{end}"] for end in ENDS] == [0, 0, 0]


def test_one_draw_has_the_interval_of_the_images_alone():
    lost = np.random.default_rng(5).random(50)
    once, often = (
        reinitialised({"saliency": draws_of(np.ones(50), [1 - lost] * draws)}).iloc[0]
        for draws in (1, 4)
    )
    assert once["draws"] == 1
    for end in ENDS:
        name = f"average_precision_drop{end}"
        assert once[name] == pytest.approx(often[name])


def test_same_losses_have_the_same_interval_whatever_the_map():
    """Images are resampled for all maps together."""
    found = draws_of(np.ones(20), np.random.default_rng(6).random((3, 20)))
    table = reinitialised({"saliency": found, "squared_saliency": found}).drop(columns="method")
    pd.testing.assert_series_equal(table.loc[0], table.loc[1], check_names=False)


def test_images_in_which_nothing_can_be_found_are_left_out_and_the_others_counted():
    fresh = [[0.3, np.nan, 0.5, np.nan], [0.1, np.nan, 0.5, np.nan]]
    found = draws_of([0.6, np.nan, 1.0, np.nan], fresh)
    found.spearman[:] = [[0.2, 0.4, np.nan, np.nan], [np.nan] * 4]
    (row,) = reinitialised({"saliency": found}).to_dict("records")
    assert row["images"] == 2
    assert row["spearman"] == pytest.approx(0.3)
    assert row["average_precision"] == pytest.approx(0.8)
    assert row["reinitialised_average_precision"] == pytest.approx(0.35)
    assert row["average_precision_drop"] == pytest.approx(0.45)
    assert row["average_precision_drop_low"] < 0.45 < row["average_precision_drop_high"]


def test_drop_of_a_single_image_has_no_interval():
    found = draws_of([0.6, np.nan], [[0.3, np.nan], [0.1, np.nan]])
    (row,) = reinitialised({"saliency": found}).to_dict("records")
    assert row["average_precision_drop"] == pytest.approx(0.4)
    assert np.isnan([row["average_precision_drop_low"], row["average_precision_drop_high"]]).all()


def test_no_image_in_which_anything_can_be_found_has_no_drop():
    found = draws_of([np.nan] * 3, np.full((2, 3), np.nan))
    (row,) = reinitialised({"saliency": found}).to_dict("records")
    assert row["images"] == 0
    assert np.isnan([row[f"average_precision_drop{end}"] for end in ENDS]).all()


def test_tables_are_functions_of_the_generator():
    areas = np.random.default_rng(0).random(30)
    draws = {"saliency": draws_of(areas, [areas**2, areas**3])}
    pd.testing.assert_frame_equal(table_of(areas, areas), table_of(areas, areas))
    assert (table_of(areas, areas)["area_low"] != table_of(areas, areas, seed=1)["area_low"]).any()
    pd.testing.assert_frame_equal(reinitialised(draws), reinitialised(draws))
    name = "average_precision_drop_low"
    assert (reinitialised(draws)[name] != reinitialised(draws, seed=1)[name]).any()


# --- headline


def test_summary_nests_the_numbers_of_both_maps():
    deletion = pd.concat(
        [
            table_of([area] * 3, [area + 0.05] * 3).assign(method=name)
            for name, area in AREAS.items()
        ]
    )
    cascades = {name: cascade_of([[0.9] * 3, [0.5] * 3, [0.4] * 3]) for name in AREAS}
    draws = {name: draws_of([0.9] * 3, [[0.3] * 3] * 2) for name in AREAS}
    numbers = summarise(deletion, randomization_table(cascades), reinitialised(draws))
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
    deletion = table_of([0.2, 0.4], [0.5, 0.5])
    numbers = summarise(deletion, randomization_table({}), reinitialised({}))
    assert numbers["saliency"].keys() == {"deletion", "insertion"}
    assert numbers["reconstruction_error"] == {}


def test_images_twice_in_groups_have_the_intervals_of_images_once():
    areas, twice = np.array([0.2, 0.4, 0.9, 0.5]), np.arange(4).repeat(2)
    settings = {"samples": 100, "generator": None}

    def deleted(rows, groups):
        curves = {"saliency": {"black": Curves(lines(areas[rows]), lines(areas[rows]))}}
        settings["generator"] = np.random.default_rng(0)
        return deletion_table(curves, groups=groups, **settings).drop(columns="images")

    # Curves are of the first images, groups of all.
    pd.testing.assert_frame_equal(
        deleted(twice, np.append(twice, [0, 9])), deleted(slice(None), None)
    )
    trained, fresh = np.array([0.9, 0.8, 0.5, 0.7]), np.array([[0.1, 0.4, 0.2, 0.3]] * 2) / 2

    def renewed(rows, groups):
        settings["generator"] = np.random.default_rng(0)
        draws = {"saliency": draws_of(trained[rows], fresh[:, rows])}
        return reinitialised_table(draws, groups=groups, **settings).drop(columns="images")

    once = renewed(slice(None), None)
    pd.testing.assert_frame_equal(renewed(twice, twice), once)
    naive = renewed(twice, None)
    drop = "average_precision_drop"
    assert naive[f"{drop}_high"][0] < once[f"{drop}_high"][0]
