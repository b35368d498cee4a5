"""The contact sheet of planted novelties: which images stand where, and what is outlined."""

import numpy as np
import pytest
from oracles.planted_digits import digits, plant, with_masks

from novelty_maps.figures.planted import contact_sheet
from novelty_maps.planting.planted import Planted


@pytest.mark.parametrize("channels", [1, 3])
def test_contact_sheet_has_a_pair_for_each_kind_size_and_intensity(channels):
    planted = plant(*digits(channels=channels), kinds=["disk", "swelling"], count=8)
    both = with_masks(planted, mask_rows=[0]) if channels == 1 else planted
    axes = contact_sheet(both).axes
    labels = ["disk", "swelling", *["class 0\n(unpaired)"] * (channels == 1)]
    assert len(axes) == 4 * len(labels)
    assert [axis.get_ylabel() for axis in axes[::4]] == labels
    assert axes[1].get_title() == "size 0.25\nintensity 1"
    assert [len(axis.images) for axis in axes[:8]] == [2] * 8
    assert [len(axis.images) for axis in axes[8:]] == [2, 0, 0, 0][: len(axes[8:])]


def test_names_of_kinds_are_no_formulas():
    planted = plant(kinds=["disk"], sizes=[0.25], count=1)
    planted = planted._replace(table=planted.table.assign(kind="a_$^^$b"))
    figure = contact_sheet(planted)
    figure.draw_without_rendering()
    assert figure.axes[0].get_ylabel() == r"a \$^^\$b"


def test_contact_sheet_shows_the_image_and_outlines_its_mask():
    planted = Planted(*(part[:1] for part in plant(kinds=["square"], sizes=[0.25], count=1)))
    (axis,) = contact_sheet(planted).axes
    for shown, image in zip(axis.images, (planted.before, planted.after), strict=True):
        np.testing.assert_array_equal(shown.get_array()[..., 1], image[0, 0])
    edges = np.array(axis.collections[0].get_segments())
    np.testing.assert_allclose(np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1), 1)
    low, high = edges.min(axis=(0, 1)), edges.max(axis=(0, 1))
    rows, columns = np.nonzero(planted.mask[0])
    np.testing.assert_allclose(low, [columns.min() + 1.1 * 32, rows.min()])
    np.testing.assert_allclose(high, [columns.max() + 1 + 1.1 * 32, rows.max() + 1])


def test_each_pair_stands_in_the_row_of_its_kind_and_the_column_of_its_strength():
    planted = plant(kinds=["disk", "swelling"], count=8)
    axes = np.reshape(contact_sheet(planted).axes, (2, 4))
    strengths = [(size, intensity) for size in (0.25, 0.5) for intensity in (0.5, 1)]
    titles = [f"size {size:g}\nintensity {intensity:g}" for size, intensity in strengths]
    assert [axis.get_title() for axis in axes[0]] == titles
    places = planted.table.set_index(["kind", "size", "intensity"])["row"]
    for kind, row_axes in zip(["disk", "swelling"], axes, strict=True):
        for strength, axis in zip(strengths, row_axes, strict=True):
            place = places[(kind, *strength)]
            left, right = sorted(axis.images, key=lambda image: image.get_extent()[0])
            np.testing.assert_array_equal(left.get_array()[..., 0], planted.before[place, 0])
            np.testing.assert_array_equal(right.get_array()[..., 0], planted.after[place, 0])


def test_first_image_of_a_strength_is_shown_and_a_missing_one_leaves_a_gap():
    planted = plant(kinds=["disk", "swelling"], sizes=[0.25, 0.5], intensities=[1.0], count=6)
    axes = contact_sheet(planted).axes
    first = planted.table.drop_duplicates(["kind", "size"]).sort_values(["kind", "size"])
    for axis, row in zip(axes, first["row"], strict=True):
        np.testing.assert_array_equal(axis.images[1].get_array()[..., 0], planted.after[row, 0])
    fewer = Planted(*(part[:3] for part in planted))  # one of swelling
    assert [len(axis.images) for axis in contact_sheet(fewer).axes] == [2, 2, 0, 2]


def test_outline_follows_every_edge_of_the_mask():
    planted = Planted(*(part[:1] for part in plant(kinds=["zigzag"], sizes=[0.5], count=1)))
    (axis,) = contact_sheet(planted).axes
    edges = np.array(axis.collections[0].get_segments()) - [1.1 * 32, 0]
    padded = np.pad(planted.mask[0], 1).astype(int)
    assert len(edges) == sum(np.abs(np.diff(padded, axis=side)).sum() for side in (0, 1))
    for (x0, y0), (x1, y1) in edges.round().astype(int):
        along = y0 == y1  # neighbours are above and below, or left and right
        one, other = ((y0, x0 + 1), (y0 + 1, x0 + 1)) if along else ((y0 + 1, x0), (y0 + 1, x0 + 1))
        assert padded[one] != padded[other]
        assert (x1 - x0, y1 - y0) == ((1, 0) if along else (0, 1))
