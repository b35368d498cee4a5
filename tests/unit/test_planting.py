"""Planted novelties: what each kind does, where its mask is, and how a planted set is drawn."""

import functools

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from stages.lib import artifacts, novelties, paths, planted_figures, planting
from stages.lib.errors import InputError
from stages.lib.planted import Planted, load_planted, with_ground_truth

KINDS = list(novelties.KINDS)
ON_CONTENT = ["erased_stroke", "swelling", "rotated_patch", "shuffled_patch"]
IN_A_DISC = ["erased_stroke", "swelling", "rotated_patch", "disk", "stripe", "zigzag"]


@functools.cache
def digits(*, channels=1, side=32):
    """Normal and novel images: bundled digits of any side, each channel in another shade."""
    bunch = load_digits()
    places = np.arange(side) * 8 // side
    grey = bunch.images[:, None, places[:, None], places] * (255 / 16)
    images = np.round(grey * np.linspace(1, 0.5, channels)[:, None, None]).astype(np.uint8)
    return images[bunch.target < 5], images[bunch.target >= 5]


NORMAL, FOREIGN = digits()
ROWS = pd.DataFrame({"row": 3 * np.arange(len(NORMAL)), "label": np.arange(len(NORMAL)) % 7})


def plant(images=NORMAL, foreign=FOREIGN, *, seed=0, **changed):
    settings = {"kinds": KINDS, "sizes": [0.25, 0.5], "intensities": [0.5, 1.0], "count": 88}
    return planting.plant(
        images,
        ROWS[: len(images)],
        foreign,
        generator=np.random.default_rng(seed),
        **{**settings, **changed},
    )


def full_change(kind, row, *, size=12, images=NORMAL, foreign=FOREIGN):
    image = images[row].astype(np.float64)
    scene = novelties.Scene(image, foreign, size)
    full = novelties.KINDS[kind](scene, np.random.default_rng(row))
    np.testing.assert_array_equal(image, images[row])  # is left as it was
    return image, full


def extent(marked):
    """Rows and columns from the first to the last marked pixel."""
    return tuple(np.ptp(places) + 1 for places in np.nonzero(marked))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 25), (1, 36)])
def test_a_kind_takes_images_of_any_shape(kind, channels, side):
    normal, foreign = digits(channels=channels, side=side)
    planted = plant(normal, foreign, kinds=[kind], sizes=[0.6], intensities=[1.0], count=4)
    assert planted.before.shape == planted.after.shape == (4, channels, side, side)
    assert planted.before.dtype == planted.after.dtype == np.uint8
    assert planted.mask.shape == (4, side, side)
    assert planted.mask.dtype == np.bool_


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_lies_in_a_square_of_the_size_and_in_the_range(kind):
    for row, size in enumerate([*range(2, 9), *range(2, 9), 15, 24]):
        image, full = full_change(kind, row, size=size)
        assert full.min() >= 0
        assert full.max() <= 255 + 1e-9
        changed = (image != full).any(axis=0)
        if changed.any():
            assert max(extent(changed)) <= size


def test_mask_is_where_the_change_exceeds_tau():
    planted = plant(*digits(channels=3))
    change = np.abs(planted.after.astype(float) - planted.before).max(axis=1)
    np.testing.assert_array_equal(planted.mask, change > planting.TAU * 255)
    pixels = planted.mask.sum(axis=(1, 2))
    np.testing.assert_array_equal(planted.table["mask_pixels"], pixels)
    assert pixels.min() >= planting.MIN_PIXELS
    assert pixels.max() <= planted.mask[0].size / 2


def test_images_before_are_the_normal_ones_that_the_table_names_each_once():
    images, foreign = NORMAL.copy(), FOREIGN.copy()
    planted = plant(images, foreign)
    np.testing.assert_array_equal(images, NORMAL)
    np.testing.assert_array_equal(foreign, FOREIGN)
    table = planted.table
    assert table["base_row"].is_unique
    place = table["base_row"].to_numpy() // 3
    np.testing.assert_array_equal(planted.before, NORMAL[place])
    np.testing.assert_array_equal(table["label"], place % 7)
    assert table["row"].tolist() == list(range(88))
    assert (table["paired"] == 1).all()
    assert not (place == np.sort(place)).all()


def test_draws_are_those_of_the_seed():
    first, again, other = plant(), plant(), plant(seed=1)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (first.after != other.after).any()


def test_an_image_is_the_same_however_many_are_asked_for():
    np.testing.assert_array_equal(plant(count=50).after, plant(count=88).after[:50])


@pytest.mark.parametrize("count", [22, 44, 61, 88])
def test_design_is_balanced(count):
    table = plant(count=count).table
    combinations = table.groupby(["kind", "size", "intensity"]).size()
    assert len(combinations) == min(count, 44)
    assert combinations.max() - combinations.min() <= (count % 44 > 0)
    assert np.ptp(table["kind"].value_counts()) <= (count % 11 > 0)
    strengths = table.groupby(["size", "intensity"]).size()
    assert len(strengths) == 4
    assert np.ptp(strengths) <= 2


def test_there_are_no_more_images_than_normal_ones():
    planted = plant(NORMAL[:30])
    assert sorted(planted.table["base_row"]) == ROWS["row"][:30].tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_intensity_is_the_share_of_the_change(kind):
    for row in range(5):
        image, full = full_change(kind, row)
        whole, mask = planting.applied(image.astype(np.uint8), full, 1.0)
        np.testing.assert_allclose(whole, full, rtol=0, atol=0.5 + 1e-9)
        half, fewer = planting.applied(image.astype(np.uint8), full, 0.5)
        np.testing.assert_allclose(half - image, (full - image) / 2, rtol=0, atol=0.5 + 1e-9)
        assert not (fewer & ~mask).any()


@pytest.mark.parametrize("kind", KINDS)
def test_larger_sizes_have_larger_masks(kind):
    planted = plant(kinds=[kind], sizes=[0.15, 0.3, 0.6], intensities=[1.0], count=60)
    means = planted.table.groupby("size")["mask_pixels"].mean()
    assert means.is_monotonic_increasing


@pytest.mark.parametrize("kind", IN_A_DISC)
@pytest.mark.parametrize("size", [7, 12])
def test_round_kinds_lie_within_a_disc(kind, size):
    for row in range(10):
        image, full = full_change(kind, row, size=size)
        places = np.argwhere((image != full).any(axis=0))
        apart = np.linalg.norm(places[:, None] - places[None], axis=2)
        assert apart.max(initial=0) <= size


@pytest.mark.parametrize("size", [2, 3, 4, 15, 24])
def test_disk_has_the_pixels_whose_centre_is_within_half_the_diameter(size):
    black = np.zeros((1, 1, 32, 32), np.uint8)
    image, full = full_change("disk", 0, size=size, images=black)
    changed = (image != full)[0]
    assert (full[0][changed] == 255).all()
    assert extent(changed) == (size, size)
    offset = range(1 - size, size, 2)  # in half pixels
    assert changed.sum() == sum(y**2 + x**2 <= size**2 for y in offset for x in offset)


@pytest.mark.parametrize("kind", ["disk", "square", "stripe", "dotted_line", "zigzag"])
@pytest.mark.parametrize(("level", "drawn"), [(90, 255), (160, 0)])
def test_drawn_kinds_are_black_or_white_whichever_differs_more(kind, level, drawn):
    uniform = np.full((1, 3, 32, 32), level, np.uint8)
    image, full = full_change(kind, 0, images=uniform)
    assert set(full[image != full]) == {drawn}


@pytest.mark.parametrize("kind", ["disk", "square", "stripe", "dotted_line", "zigzag"])
def test_kinds_that_are_not_about_content_reach_every_corner(kind):
    planted = plant(kinds=[kind], sizes=[0.2], intensities=[1.0], count=500)
    covered = planted.mask.any(axis=0)
    for corner in (covered, covered[::-1], covered[:, ::-1], covered[::-1, ::-1]):
        assert corner[:4, :4].any()
    assert covered[4:-4, 4:-4].mean() > 0.95


def test_stripe_is_straight_and_thin_and_the_dotted_line_has_gaps():
    black = np.zeros((20, 1, 40, 40), np.uint8)
    for row in range(20):
        for kind, thickest in (("stripe", 1.5), ("dotted_line", 1.5), ("zigzag", 3.5)):
            image, full = full_change(kind, row, size=20, images=black)
            places = np.argwhere((image != full)[0])
            spread = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
            across, along = np.sort(spread / np.sqrt(len(places)))
            assert across < thickest
            assert along > 4
    lengths = {
        kind: (full_change(kind, 0, size=20, images=black)[1] > 0).sum()
        for kind in ("stripe", "dotted_line", "zigzag")
    }
    assert lengths["dotted_line"] < lengths["stripe"] < lengths["zigzag"]


@pytest.mark.parametrize("kind", ON_CONTENT)
def test_kinds_about_content_change_nothing_where_there_is_none(kind):
    uniform = np.full((1, 1, 32, 32), 70, np.uint8)
    image, full = full_change(kind, 0, images=uniform)
    np.testing.assert_array_equal(image, full)


def test_erasing_removes_content_and_swelling_adds_some():
    for row in range(40):
        for kind, sign in (("erased_stroke", -1), ("swelling", 1)):
            image, full = full_change(kind, row)
            level = novelties.background(image)
            change = np.abs(full - level) - np.abs(image - level)
            assert (sign * change >= 0).all()
            assert sign * change.sum() > 0


def test_swelling_of_dark_content_on_a_light_background_is_dark():
    image, full = full_change("swelling", 0, images=255 - NORMAL)
    assert (full <= image).all()
    assert full.mean() < image.mean()


def test_foreign_patch_is_cut_from_a_foreign_image():
    foreign = np.arange(32 * 32, dtype=np.uint16).reshape(1, 1, 32, 32)  # every pixel its own value
    image, full = full_change("foreign_patch", 0, foreign=foreign)
    rows, columns = np.nonzero((image != full)[0])
    source = np.stack(np.divmod(full[0, rows, columns], 32))
    offset = source - [rows, columns]
    assert (offset == offset[:, :1]).all()


def test_second_object_is_a_shrunk_foreign_object_in_front():
    foreign = np.zeros((1, 1, 32, 32), np.uint8)
    foreign[0, 0, 4:20, 10:22] = 200
    black = np.zeros((1, 1, 32, 32), np.uint8)
    image, full = full_change("second_object", 0, size=8, images=black, foreign=foreign)
    assert extent((image != full)[0]) == (8, 6)
    assert full.max() == pytest.approx(200)
    for row in range(10):
        image, full = full_change("second_object", row)
        level = novelties.background(image)
        assert (np.abs(full - level) >= np.abs(image - level)).all()


@pytest.mark.parametrize("kind", ["rotated_patch", "shuffled_patch"])
def test_moved_pixels_keep_their_values(kind):
    for row in range(20):
        for size in (2, 4, 9, 14):
            image, full = full_change(kind, row, size=size)
            np.testing.assert_array_equal(np.sort(image, axis=None), np.sort(full, axis=None))


def test_constant_images_are_a_clear_error_of_the_kinds_about_content():
    constant = np.full((30, 1, 16, 16), 9, np.uint8)
    with pytest.raises(
        InputError, match=r"plant.kinds has swelling, .* fewer than 4 pixels: .*larg"
    ):
        plant(constant, kinds=["disk", "swelling"])
    assert len(plant(constant, kinds=["disk", "stripe"]).table) == 30


def test_too_weak_and_too_large_novelties_are_clear_errors():
    with pytest.raises(InputError, match=r"disk, which at size 0.25 and intensity 0.01 .* larger"):
        plant(kinds=["disk"], intensities=[0.01])
    with pytest.raises(InputError, match=r"square, .* more than half of the image: .* smaller"):
        plant(kinds=["square"], sizes=[0.9], intensities=[1.0])


def test_another_image_takes_the_turn_of_one_that_does_not_fit():
    images = NORMAL[:20].copy()
    images[:5] = 0
    planted = plant(images, kinds=["erased_stroke"], intensities=[1.0], count=15)
    assert sorted(planted.table["base_row"]) == ROWS["row"][5:20].tolist()


def test_kinds_are_checked():
    planting.require_kinds([*KINDS, planting.GROUND_TRUTH])
    with pytest.raises(
        InputError, match=r"'strip', which is no kind: did you mean stripe\?.*zigzag"
    ):
        planting.require_kinds(["disk", "strip"])
    with pytest.raises(InputError, match="names nothing to plant"):
        planting.require_kinds([planting.GROUND_TRUTH])
    planting.require_foreign(["disk"], 0, part="validation")
    planting.require_foreign(KINDS, 1, part="validation")
    planting.require_masks(["disk"], False)
    planting.require_masks(["disk", planting.GROUND_TRUTH], True)
    with pytest.raises(InputError, match="has ground_truth, but the data set has no masks"):
        planting.require_masks(["disk", planting.GROUND_TRUTH], False)
    with pytest.raises(InputError, match=r"foreign_patch and second_object.*the validation part"):
        planting.require_foreign(KINDS, 0, part="validation")


def with_masks(planted, *, mask_rows):
    masks = np.zeros((3, 32, 32), np.bool_)
    masks[0, 2:5, 3:7] = masks[2, 10, 10] = True
    return with_ground_truth(
        planted,
        (NORMAL, ROWS),
        (FOREIGN[: len(mask_rows)], np.array([f"class {i}" for i in range(len(mask_rows))])),
        masks,
        np.array(mask_rows),
        generator=np.random.default_rng(0),
    )


def test_novel_images_with_a_mask_follow_the_planted_ones():
    planted = plant(count=5)
    both = with_masks(planted, mask_rows=[-1, 2, 1, 0, -1])  # mask 1 is empty
    assert len(both.before) == len(both.after) == len(both.mask) == len(both.table) == 7
    pd.testing.assert_frame_equal(both.table[:5], planted.table)
    added = both.table[5:]
    assert added["kind"].tolist() == ["class 1", "class 3"]
    assert added["row"].tolist() == [5, 6]
    assert added["mask_pixels"].tolist() == both.mask[5:].sum(axis=(1, 2)).tolist() == [1, 12]
    assert (added["paired"] == 0).all()
    assert added[["size", "intensity"]].isna().all(axis=None)
    np.testing.assert_array_equal(both.after[5:], FOREIGN[[1, 3]])
    np.testing.assert_array_equal(both.before[5:], NORMAL[added["base_row"] // 3])


def test_ground_truth_without_masks_is_an_error():
    with pytest.raises(InputError, match="has ground_truth, but no novel test image has a mask"):
        with_masks(plant(count=5), mask_rows=[-1, 1])


def test_class_that_is_named_like_a_planted_kind_is_an_error():
    planted = plant(count=5)
    renamed = planted._replace(table=planted.table.assign(kind="class 0"))
    with pytest.raises(InputError, match="class 0 is a kind of novelty to plant and a class of"):
        with_masks(renamed, mask_rows=[0])


def write(planted):
    for name in ("before", "after", "mask"):
        artifacts.write_array(paths.planted_path("test", f"{name}.npy"), getattr(planted, name))
    artifacts.write_table(paths.planted_path("test", "csv"), planted.table)


def test_what_is_written_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    planted = with_masks(plant(count=5), mask_rows=[0])
    write(planted)
    found = load_planted("test")
    for name in ("before", "after", "mask"):
        np.testing.assert_array_equal(getattr(found, name), getattr(planted, name))
    pd.testing.assert_frame_equal(found.table, planted.table)
    assert isinstance(found.after, np.memmap)


def test_files_that_do_not_belong_together_are_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    planted = plant(count=5)
    write(planted._replace(table=planted.table[:4]))
    with pytest.raises(InputError, match="has not the 5 rows"):
        load_planted("test")
    write(planted._replace(after=planted.after[:4]))
    with pytest.raises(InputError, match=r"after.npy holds uint8 4×.*stages.plant"):
        load_planted("test")


@pytest.mark.parametrize("channels", [1, 3])
def test_contact_sheet_has_a_pair_for_each_kind_size_and_intensity(channels):
    planted = plant(*digits(channels=channels), kinds=["disk", "swelling"], count=8)
    both = with_masks(planted, mask_rows=[0]) if channels == 1 else planted
    axes = planted_figures.contact_sheet(both).axes
    labels = ["disk", "swelling", *["class 0\n(unpaired)"] * (channels == 1)]
    assert len(axes) == 4 * len(labels)
    assert [axis.get_ylabel() for axis in axes[::4]] == labels
    assert axes[1].get_title() == "size 0.25\nintensity 1"
    assert [len(axis.images) for axis in axes[:8]] == [2] * 8
    assert [len(axis.images) for axis in axes[8:]] == [2, 0, 0, 0][: len(axes[8:])]


def test_contact_sheet_shows_the_image_and_outlines_its_mask():
    planted = Planted(*(part[:1] for part in plant(kinds=["square"], sizes=[0.25], count=1)))
    (axis,) = planted_figures.contact_sheet(planted).axes
    for shown, image in zip(axis.images, (planted.before, planted.after), strict=True):
        np.testing.assert_array_equal(shown.get_array()[..., 1], image[0, 0])
    edges = np.array(axis.collections[0].get_segments())
    np.testing.assert_allclose(np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1), 1)
    low, high = edges.min(axis=(0, 1)), edges.max(axis=(0, 1))
    rows, columns = np.nonzero(planted.mask[0])
    np.testing.assert_allclose(low, [columns.min() + 1.1 * 32, rows.min()])
    np.testing.assert_allclose(high, [columns.max() + 1 + 1.1 * 32, rows.max() + 1])
