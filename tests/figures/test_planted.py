"""The contact sheet of planted novelties: which images stand where, and what is outlined."""

import numpy as np
import pytest
from oracles.planted_digits import digits, plant, with_masks

from novelty_maps.figures.planted import contact_sheet
from novelty_maps.planting.planted import Planted


def places(axis):
    """Row and column of each pair to its images, the one before first."""
    ys, xs = axis.get_yticks(), axis.get_xticks()
    found = {}
    for image in axis.images:
        left, right, bottom, top = image.get_extent()
        row, column = (
            np.abs(ys - (top + bottom) / 2).argmin(),
            np.abs(xs - (left + right) / 2).argmin(),
        )
        found.setdefault((row, column), []).append(image)
    for pair in found.values():
        pair.sort(key=lambda image: image.get_extent()[0])
    return found


def labels(texts):
    return [text.get_text() for text in texts]


@pytest.mark.parametrize("channels", [1, 3])
def test_contact_sheet_has_a_pair_for_each_kind_size_and_intensity(channels):
    planted = plant(*digits(channels=channels), kinds=["disk", "swelling"], count=8)
    both = with_masks(planted, mask_rows=[0]) if channels == 1 else planted
    (axis,) = contact_sheet(both).axes
    names = ["disk", "swelling", *["class 0\n(unpaired)"] * (channels == 1)]
    assert labels(axis.get_yticklabels()) == names
    assert labels(axis.get_xticklabels())[1] == "size 0.25\nintensity 1"
    shown = [(row, column) for row in range(2) for column in range(4)] + [(2, 0)] * (channels == 1)
    assert sorted(places(axis)) == shown
    assert {len(pair) for pair in places(axis).values()} == {2}


def test_names_of_kinds_are_no_formulas():
    planted = plant(kinds=["disk"], sizes=[0.25], count=1)
    planted = planted._replace(table=planted.table.assign(kind="a_$^^$b"))
    figure = contact_sheet(planted)
    figure.draw_without_rendering()
    assert labels(figure.axes[0].get_yticklabels()) == [r"a \$^^\$b"]


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
    (axis,) = contact_sheet(planted).axes
    strengths = [(size, intensity) for size in (0.25, 0.5) for intensity in (0.5, 1)]
    titles = [f"size {size:g}\nintensity {intensity:g}" for size, intensity in strengths]
    assert labels(axis.get_xticklabels()) == titles
    rows = planted.table.set_index(["kind", "size", "intensity"])["row"]
    shown = places(axis)
    outlines = np.array([c.get_segments()[0].min(axis=0) for c in axis.collections])
    for i, kind in enumerate(["disk", "swelling"]):
        for j, strength in enumerate(strengths):
            left, right = shown.pop((i, j))
            place = rows[(kind, *strength)]
            np.testing.assert_array_equal(left.get_array()[..., 0], planted.before[place, 0])
            np.testing.assert_array_equal(right.get_array()[..., 0], planted.after[place, 0])
            start, end, bottom, top = right.get_extent()
            inside = (outlines >= (start, top)) & (outlines <= (end, bottom))
            assert inside.all(axis=1).sum() == 1  # an outline on each image after
    assert not shown


def test_first_image_of_a_strength_is_shown_and_a_missing_one_leaves_a_gap():
    planted = plant(kinds=["disk", "swelling"], sizes=[0.25, 0.5], intensities=[1.0], count=6)
    shown = places(contact_sheet(planted).axes[0])
    first = planted.table.drop_duplicates(["kind", "size"]).sort_values(["kind", "size"])
    for place, row in zip(sorted(shown), first["row"], strict=True):
        np.testing.assert_array_equal(shown[place][1].get_array()[..., 0], planted.after[row, 0])
    fewer = Planted(*(part[:3] for part in planted))  # one of swelling
    assert sorted(places(contact_sheet(fewer).axes[0])) == [(0, 0), (0, 1), (1, 1)]


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
