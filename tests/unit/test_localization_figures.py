"""Figures of localization and faithfulness: what is drawn is what the table says."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer

from stages.lib import faithfulness_figures, localization_figures, shown_maps
from stages.lib.maps import CONTROLS, MAP_METHODS

KINDS = ["disk", "erased_stroke", "square"]
# Average precision over all images.
SKILL = {
    "reconstruction_error": 0.4,
    "saliency": 0.35,
    "squared_saliency": 0.36,
    "direct_term": 0.9,
    "smoothgrad": 0.3,
    "occlusion": 0.5,
    "uniform": 0.1,
    "sobel": 0.2,
    "mask": 1.0,
}


def localization(skill=SKILL, kinds=KINDS):
    groups = [("all", "all"), *(("kind", kind) for kind in kinds)]
    groups += [("size", "0.2"), ("size", "0.5"), ("intensity", "1.0")]
    rows = []
    for (grouping, group), (method, value) in itertools.product(groups, skill.items()):
        row = {"grouping": grouping, "group": group, "method": method}
        row["control"] = int(method in CONTROLS)
        gain = np.nan if method == "reconstruction_error" else value - 0.4
        for name, shift in (("average_precision", 0.0), ("aupro", -0.05)):
            for measure, center in ((name, value + shift), (f"{name}_gain", gain)):
                row |= {measure: center, f"{measure}_low": center - 0.1}
                row |= {f"{measure}_high": center + 0.1}
        rows.append(row)
    return pd.DataFrame(rows)


def randomization(layers, methods=("saliency", "sobel")):
    rows = [
        {"step": step, "layer": layer, "method": method, "spearman": 1 - step / 100}
        | {"ssim": 1 - step / 50, "average_precision": 0.5 - step / 200}
        for step, layer in enumerate([np.nan, *layers])
        for method in methods
    ]
    columns = ["step", "layer", "method", "spearman", "ssim", "average_precision"]
    return pd.DataFrame(rows, columns=columns)


def ticks(axis):
    return [label.get_text() for label in axis.get_xticklabels()]


def rows_of(axis):
    return [label.get_text() for label in axis.get_yticklabels()]


def dots(axis):
    return [each for each in axis.containers if isinstance(each, ErrorbarContainer)]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def assert_texts_are_apart(figure, texts):
    """No two texts overlap, and none leaves the figure."""
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    for box in boxes:
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1


# --- what is shown


def test_every_map_has_a_short_name_and_a_look_of_its_own():
    assert set(shown_maps.SHORT_NAMES) == set(MAP_METHODS)
    looks = [localization_figures.line_look(method) for method in MAP_METHODS]
    assert len({look["label"] for look in looks}) == len(MAP_METHODS)
    assert len({(look["color"], look["ls"], look["marker"]) for look in looks}) == len(MAP_METHODS)
    assert shown_maps.short_name("another_map") == "another map"


def test_shown_are_the_three_maps_the_best_other_and_the_best_control():
    assert shown_maps.shown_methods(localization()) == [
        "reconstruction_error",
        "saliency",
        "squared_saliency",
        "occlusion",
        "sobel",
    ]


@pytest.mark.parametrize(
    ("skill", "shown"),
    [
        ({"reconstruction_error": 0.4, "saliency": 0.3}, ["reconstruction_error", "saliency"]),
        ({"saliency": 0.3, "mask": 1.0, "direct_term": 0.9}, ["saliency"]),
        ({"saliency": 0.3, "smoothgrad": np.nan, "uniform": 0.1}, ["saliency", "uniform"]),
    ],
)
def test_shown_maps_are_in_the_table(skill, shown):
    assert shown_maps.shown_methods(localization(skill)) == shown


def test_drawn_images_are_of_the_highest_intensity_and_then_size():
    table = pd.DataFrame(
        {
            "row": range(7),
            "kind": ["disk"] * 4 + ["scratch"] * 2 + ["square"],
            "size": [0.5, 0.2, 0.35, 0.35, np.nan, np.nan, 0.2],
            "intensity": [0.3, 1.0, 1.0, 1.0, np.nan, np.nan, 0.3],
        }
    )
    drawn = {
        tuple(shown_maps.drawn_of_each_kind(table, generator=np.random.default_rng(seed)))
        for seed in range(30)
    }
    assert drawn == {(disk, scratch, 6) for disk in (2, 3) for scratch in (4, 5)}


# --- localization


@pytest.mark.parametrize("count", [3, 14])
def test_there_is_a_bar_a_kind_and_map_with_its_interval(count):
    kinds = [f"kind_of_{i}" for i in range(count)]
    table = localization(kinds=kinds)
    methods = shown_maps.shown_methods(table)
    figure = localization_figures.kinds_figure(table, methods)
    precision, aupro = figure.axes
    for axis in (precision, aupro):
        assert len(axis.patches) == (count + 1) * len(methods)
        assert len(dots(axis)) == len(methods)
    assert [bar.get_height() for bar in precision.patches[: count + 1]] == [0.4] * (count + 1)
    assert aupro.patches[0].get_height() == pytest.approx(0.35)
    assert ticks(aupro) == ["all images", *(kind.replace("_", " ") for kind in kinds)]
    assert legend(figure) == ["recon. error", "saliency", "saliency²", "occlusion", "Sobel"]
    assert_texts_are_apart(figure, figure.legends[0].get_texts())


def test_kind_without_a_value_and_a_missing_map_leave_gaps():
    table = localization()
    table.loc[table["group"] == "disk", "average_precision"] = np.nan
    table = table[(table["group"] != "square") | (table["method"] != "saliency")]
    figure = localization_figures.kinds_figure(table, ["saliency", "sobel"])
    figure.draw_without_rendering()
    assert len(figure.axes[0].patches) == 4 + 3


def test_interval_that_rounding_takes_off_its_estimate_is_drawn():
    table = localization().assign(aupro_low=lambda rows: rows["aupro"] + 1e-12)
    lengths = localization_figures.error_lengths(table, "aupro")
    assert (lengths[0] == 0).all()
    assert lengths[1] == pytest.approx(np.full(len(table), 0.1))


def test_gains_are_sorted_with_the_controls_below():
    figure = localization_figures.gain_figure(localization())
    left, right = figure.axes
    assert rows_of(left) == [
        "direct term",
        "occlusion",
        "saliency²",
        "saliency",
        "SmoothGrad",
        "Sobel",
        "uniform",
    ]
    attributions, controls = (each[0].get_data() for each in dots(left))
    assert list(attributions[0]) == pytest.approx([0.5, 0.1, -0.04, -0.05, -0.1])
    assert list(controls[0]) == pytest.approx([-0.2, -0.3])
    assert min(attributions[1]) > max(controls[1])
    assert left.get_title() == "0 = recon. error (0.400)"
    assert right.get_xlabel() == "gain in AUPRO"


def test_gains_of_the_reference_alone_are_an_empty_figure():
    table = localization({"reconstruction_error": 0.4})
    localization_figures.gain_figure(table).draw_without_rendering()


def test_lines_lie_over_size_and_intensity():
    figure = localization_figures.size_figure(localization(), ["saliency", "sobel"])
    size, intensity = figure.axes
    assert ticks(size) == ["0.2", "0.5"]
    assert ticks(intensity) == ["1"]
    assert [len(dots(axis)) for axis in (size, intensity)] == [2, 2]
    assert list(dots(size)[1][0].get_ydata()) == pytest.approx([0.15, 0.15])
    assert legend(figure) == ["saliency", "Sobel"]


def test_novelties_without_a_size_are_told_of():
    table = localization()
    table = table[~table["grouping"].isin(["size", "intensity"])]
    figure = localization_figures.size_figure(table, ["saliency"])
    figure.draw_without_rendering()
    said = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert said == ["no novelty has a known size", "no novelty has a known intensity"]


def test_maps_are_a_row_a_kind_and_a_column_a_map():
    grey, colored = np.zeros((2, 8, 8)), np.zeros((2, 8, 8, 3))
    maps = dict.fromkeys([method for method in MAP_METHODS if method != "mask"], grey)
    maps["uniform"] = np.full((2, 8, 8), np.nan)  # a map that is all zero
    figure = localization_figures.maps_figure(
        {"before": colored, "planted": colored, "mask": grey},
        maps,
        kinds=["disk", "erased_stroke"],
        colormap="gray",
    )
    columns = 3 + len(maps)
    assert len(figure.axes) == 2 * columns
    titles = [axis.texts[0] for axis in figure.axes[:columns]]
    assert [title.get_text() for title in titles[:4]] == [
        "before",
        "planted",
        "mask",
        "recon. error",
    ]
    labels = [axis.yaxis.label for axis in figure.axes[::columns]]
    assert [label.get_text() for label in labels] == ["disk", "erased stroke"]
    assert_texts_are_apart(figure, labels)
    extents = [title.get_window_extent() for title in titles]
    assert max(box.x1 for box in extents) <= figure.bbox.x1
    assert max(box.y1 for box in extents) <= figure.bbox.y1


# --- faithfulness


def test_few_layers_are_named_from_the_trained_network_on():
    table = randomization(["decoder.1", "decoder.0", "encoder.0"])
    figure = faithfulness_figures.randomization_figure(table)
    assert [axis.get_ylabel() for axis in figure.axes] == [
        "Spearman's ρ",
        "SSIM",
        "average precision",
    ]
    assert ticks(figure.axes[-1]) == ["trained", "decoder.1", "decoder.0", "encoder.0"]
    line = figure.axes[1].lines[0]
    assert line.get_label() == "saliency"
    assert list(line.get_ydata()) == pytest.approx([1, 0.98, 0.96, 0.94])
    assert legend(figure) == ["saliency", "Sobel"]
    assert_texts_are_apart(figure, figure.axes[-1].get_xticklabels())


def test_many_layers_are_counted_and_their_parts_named():
    layers = [f"{part}.{i}" for part in ("decoder", "encoder") for i in range(15)]
    figure = faithfulness_figures.randomization_figure(randomization(layers))
    figure.draw_without_rendering()
    assert not any("." in text for text in ticks(figure.axes[-1]))
    assert {text.get_text(): text.xy[0] for text in figure.axes[0].texts} == {
        " decoder": 0.5,
        " encoder": 15.5,
    }


def test_network_without_layers_is_told_of():
    figure = faithfulness_figures.randomization_figure(randomization([]).iloc[:0])
    figure.draw_without_rendering()
    (axis,) = figure.axes
    assert "no layers" in axis.texts[0].get_text()


def test_areas_are_dots_by_measure_and_baseline():
    table = pd.DataFrame(
        itertools.product(["saliency", "sobel"], ["deletion", "insertion"], ["black", "mean"]),
        columns=["method", "measure", "baseline"],
    )
    table["area"] = np.arange(8.0)
    table["area_low"], table["area_high"] = table["area"] - 0.5, table["area"] + 0.5
    table = table.drop(index=7)  # insertion of Sobel into the mean
    figure = faithfulness_figures.deletion_figure(table)
    figure.draw_without_rendering()
    assert [axis.get_title() for axis in figure.axes] == ["black", "mean", "", ""]
    assert [axis.get_ylabel() for axis in figure.axes] == [
        "deletion (lower is better)",
        "",
        "insertion (higher is better)",
        "",
    ]
    assert rows_of(figure.axes[0]) == ["Sobel", "saliency"]
    areas = [[x for each in dots(axis) for x in each[0].get_xdata()] for axis in figure.axes]
    assert areas == [[4, 0], [5, 1], [6, 2], [3]]
