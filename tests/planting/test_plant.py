"""How a planted set is drawn: its design, its masks, and what cannot be planted."""

import numpy as np
import pytest
from oracles.planted_digits import FOREIGN, NORMAL, ROWS, digits, full_change, plant

from novelty_maps.pipeline.boxes import real_pixels
from novelty_maps.pipeline.errors import InputError
from novelty_maps.planting.ground_truth import GROUND_TRUTH
from novelty_maps.planting.kinds import KINDS, OF_FOREIGN
from novelty_maps.planting.plant import (
    MIN_PIXELS,
    TAU,
    applied,
    design,
    require_foreign,
    require_kinds,
)

WHOLE = np.tile([0, 0, 32, 32], (len(FOREIGN), 1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 25), (1, 36)])
def test_a_kind_takes_images_of_any_shape(kind, channels, side):
    normal, foreign = digits(channels=channels, side=side)
    planted = plant(normal, foreign, kinds=[kind], sizes=[0.6], intensities=[1.0], count=4)
    assert planted.before.shape == planted.after.shape == (4, channels, side, side)
    assert planted.before.dtype == planted.after.dtype == np.uint8
    assert planted.mask.shape == (4, side, side)
    assert planted.mask.dtype == np.bool_


def test_mask_is_where_the_change_exceeds_tau():
    planted = plant(*digits(channels=3))
    change = np.abs(planted.after.astype(float) - planted.before).max(axis=1)
    np.testing.assert_array_equal(planted.mask, change > TAU * 255)
    pixels = planted.mask.sum(axis=(1, 2))
    np.testing.assert_array_equal(planted.table["mask_pixels"], pixels)
    assert pixels.min() >= MIN_PIXELS
    assert pixels.max() <= planted.mask[0].size / 2


def test_images_before_are_the_normal_ones_that_the_table_names_each_once():
    images, foreign = NORMAL.copy(), FOREIGN.copy()
    planted = plant(images, foreign)
    np.testing.assert_array_equal(images, NORMAL)
    np.testing.assert_array_equal(foreign, FOREIGN)
    table = planted.table
    design_columns = ["kind", "size", "intensity", "mask_pixels", "paired"]
    assert table.columns.tolist() == ["row", "base_row", "label", *design_columns]
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


def test_kinds_take_turns_each_a_strength_ahead_of_the_one_before():
    assert design(["a", "b", "c"], [0.2, 0.5], [1.0]) == [
        ("a", 0.2, 1.0),
        ("b", 0.5, 1.0),
        ("c", 0.2, 1.0),
        ("a", 0.5, 1.0),
        ("b", 0.2, 1.0),
        ("c", 0.5, 1.0),
    ]
    strengths = [one[1:] for one in design(["a"], [0.2, 0.5], [0.3, 1.0])]
    assert strengths == [(0.2, 0.3), (0.2, 1.0), (0.5, 0.3), (0.5, 1.0)]
    assert [one[:2] for one in design(["a", "b"], [0.2, 0.3, 0.5], [1.0])] == [
        ("a", 0.2),
        ("b", 0.3),
        ("a", 0.3),
        ("b", 0.5),
        ("a", 0.5),
        ("b", 0.2),
    ]


def test_there_are_no_more_images_than_normal_ones():
    planted = plant(NORMAL[:30])
    assert sorted(planted.table["base_row"]) == ROWS["row"][:30].tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_intensity_is_the_share_of_the_change(kind):
    for row in range(5):
        image, full = full_change(kind, row)
        whole, mask = applied(image.astype(np.uint8), full, 1.0)
        np.testing.assert_allclose(whole, full, rtol=0, atol=0.5 + 1e-9)
        half, fewer = applied(image.astype(np.uint8), full, 0.5)
        np.testing.assert_allclose(half - image, (full - image) / 2, rtol=0, atol=0.5 + 1e-9)
        assert not (fewer & ~mask).any()


@pytest.mark.parametrize("kind", KINDS)
def test_larger_sizes_have_larger_masks(kind):
    planted = plant(kinds=[kind], sizes=[0.15, 0.3, 0.6], intensities=[1.0], count=60)
    means = planted.table.groupby("size")["mask_pixels"].mean()
    assert means.is_monotonic_increasing


@pytest.mark.parametrize("kind", ["disk", "square", "stripe", "dotted_line", "zigzag"])
def test_kinds_that_are_not_about_content_reach_every_corner(kind):
    planted = plant(kinds=[kind], sizes=[0.2], intensities=[1.0], count=500)
    covered = planted.mask.any(axis=0)
    for corner in (covered, covered[::-1], covered[:, ::-1], covered[::-1, ::-1]):
        assert corner[:4, :4].any()
    assert covered[4:-4, 4:-4].mean() > 0.95


def test_constant_images_are_a_clear_error_of_the_kinds_about_content():
    constant = np.full((30, 1, 16, 16), 9, np.uint8)
    with pytest.raises(
        InputError, match=r"plant.kinds has swelling, .* fewer than 4 pixels: .*larg"
    ):
        plant(constant, kinds=["disk", "swelling"])
    assert len(plant(constant, kinds=["disk", "stripe"]).table) == 30


def test_too_weak_and_too_large_novelties_are_clear_errors():
    larger = r"larger plant\.sizes or plant\.intensities$"
    with pytest.raises(
        InputError, match=f"disk, which at size 0.25 and intensity 0.01 .* {larger}"
    ):
        plant(kinds=["disk"], intensities=[0.01])
    with pytest.raises(InputError, match=r"square, .* half of the image: .* smaller plant\.sizes$"):
        plant(kinds=["square"], sizes=[0.9], intensities=[1.0])


def test_another_image_takes_the_turn_of_one_that_does_not_fit():
    images = NORMAL[:20].copy()
    images[:5] = 0
    planted = plant(images, kinds=["erased_stroke"], intensities=[1.0], count=15)
    assert sorted(planted.table["base_row"]) == ROWS["row"][5:20].tolist()


def test_unknown_kind_is_an_error_that_names_a_near_one_or_all():
    require_kinds([*KINDS, GROUND_TRUTH])
    with pytest.raises(InputError, match=r"'strip', which is no kind: did you mean stripe\?$"):
        require_kinds(["disk", "strip"])
    with pytest.raises(InputError, match=r"'xyz', .*: known kinds: foreign.*zigzag, ground_truth$"):
        require_kinds(["xyz"])


def test_own_masks_alone_are_nothing_to_plant():
    with pytest.raises(
        InputError, match=r"^plant\.kinds names nothing .*: add a kind such as foreign_patch$"
    ):
        require_kinds([GROUND_TRUTH])


def test_kinds_made_from_novel_images_need_some():
    require_foreign(["disk"], 0, part="validation")
    require_foreign(KINDS, 1, part="validation")
    remedy = r"from plant\.kinds or use split\.protocol open_60_20_20$"
    both = "foreign_patch and second_object,.* the validation part has none: remove them"
    with pytest.raises(InputError, match=f"{both} {remedy}"):
        require_foreign(KINDS, 0, part="validation")
    one = "has second_object, .* the test part has none: remove it"
    with pytest.raises(InputError, match=f"{one} {remedy}"):
        require_foreign(["second_object"], 0, part="test")


def test_thirty_places_in_each_of_twenty_images_are_tried(monkeypatch):
    tried = []

    def nothing(scene, generator):
        tried.append(scene.image[0, 0, 0])
        return scene.image

    monkeypatch.setitem(KINDS, "disk", nothing)
    images = np.zeros((40, 1, 8, 8), np.uint8) + np.arange(40, dtype=np.uint8)[:, None, None, None]
    with pytest.raises(InputError, match="fewer than 4 pixels"):
        plant(images, kinds=["disk"])
    order = np.random.default_rng(0).permutation(40)
    assert tried == [base for base in order[:20] for _ in range(30)]


@pytest.mark.parametrize(("changed", "fits"), [(3, False), (4, True), (32, True), (33, False)])
def test_a_mask_has_four_pixels_to_half_of_the_image(monkeypatch, changed, fits):
    def some(scene, generator):
        planted = scene.image.copy()
        planted[0].flat[:changed] = 255
        return planted

    monkeypatch.setitem(KINDS, "disk", some)
    images = np.zeros((5, 1, 8, 8), np.uint8)
    if fits:
        planted = plant(images, kinds=["disk"], intensities=[1.0], count=2)
        assert planted.table["mask_pixels"].tolist() == [changed] * 2
    else:
        with pytest.raises(InputError, match="disk"):
            plant(images, kinds=["disk"], intensities=[1.0])


@pytest.mark.parametrize(("size", "pixels"), [(0.01, 2), (0.2, 3), (0.25, 4), (0.5, 8), (1.0, 16)])
def test_size_is_a_share_of_the_shorter_side_and_at_least_two_pixels(monkeypatch, size, pixels):
    seen = []

    def seeing(scene, generator):
        seen.append(scene.size)
        return 255 - scene.image * np.array([1, 0]).repeat(8)[:, None]

    monkeypatch.setitem(KINDS, "disk", seeing)
    images = np.full((1, 1, 16, 20), 255, np.uint8)
    plant(images, kinds=["disk"], sizes=[size], intensities=[1.0], count=1)
    assert set(seen) == {pixels}


@pytest.mark.parametrize(("change", "shows"), [(12, False), (13, True)])
def test_a_twentieth_of_the_range_shows(change, shows):
    image = np.full((2, 1, 1), 100, np.uint8)
    full = image.astype(np.float64)
    full[1] -= change
    after, mask = applied(image, full, 1.0)
    assert mask.item() == shows
    assert after.ravel().tolist() == [100, 100 - change]


def test_planted_image_has_the_group_of_the_one_it_is_made_from():
    rows = ROWS.assign(group=np.arange(len(ROWS)) // 4 + 50)
    planted = plant(rows=rows, count=12)
    expected = rows["group"].to_numpy()[planted.table["base_row"] // 3]
    np.testing.assert_array_equal(planted.table["group"], expected)
    plain = plant(count=12)
    np.testing.assert_array_equal(planted.after, plain.after)
    assert planted.table.drop(columns="group").equals(plain.table)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_planted_into_padding(kind):
    boxes = np.array([[0, row % 4, 28 - row % 7, 25] for row in range(len(NORMAL))])
    given = {"kinds": [kind], "sizes": [0.5], "intensities": [1.0], "count": 20}
    planted = plant(**given, boxes=(boxes, WHOLE))
    used = boxes[planted.table["base_row"] // 3]
    for own in planted.boxes:
        np.testing.assert_array_equal(own, used)
    outside = ~real_pixels(used, planted.mask.shape[1:])
    assert not (planted.mask & outside).any()
    changed = (planted.before != planted.after).any(axis=1)
    assert not (changed & outside).any()
    assert changed.any(axis=(1, 2)).all()


def test_what_is_planted_into_a_box_is_what_is_planted_into_the_image_that_it_holds():
    box = np.tile([2, 3, 28, 22], (len(NORMAL), 1))
    kinds = ["disk", "swelling", "rotated_patch", "zigzag"]
    padded = plant(kinds=kinds, boxes=(box, WHOLE), count=30)
    cut = plant(NORMAL[:, :, 2:28, 3:22], kinds=kinds, count=30)
    np.testing.assert_array_equal(padded.after[:, :, 2:28, 3:22], cut.after)
    np.testing.assert_array_equal(padded.mask[:, 2:28, 3:22], cut.mask)
    columns = cut.table.columns
    np.testing.assert_array_equal(padded.table[columns].astype(str), cut.table.astype(str))
    assert cut.boxes is None


@pytest.mark.parametrize("kind", OF_FOREIGN)
def test_no_padding_of_novel_images_is_planted(kind):
    """It is brighter here than anything else."""
    boxes = np.array([[row % 5, 9, 32 - row % 4, 20 + row % 3] for row in range(40)])
    foreign = FOREIGN[:40] // 2
    foreign[~real_pixels(boxes, (32, 32))[:, None]] = 255
    own = np.tile([0, 0, 32, 32], (len(NORMAL), 1))
    settings = {"kinds": [kind], "sizes": [0.3, 0.6], "intensities": [1.0], "count": 20}
    for given, expected in (((own, boxes), False), (None, True)):
        planted = plant(NORMAL // 2, foreign, boxes=given, **settings)
        assert (planted.after > 127).any() == expected


def test_foreign_patch_is_no_larger_than_its_novel_image():
    boxes = np.tile([0, 0, 32, 32], (len(NORMAL), 1)), np.tile([0, 9, 32, 20], (len(FOREIGN), 1))
    settings = {"sizes": [0.9], "intensities": [1.0], "count": 5}
    planted = plant(kinds=["foreign_patch"], boxes=boxes, **settings)
    rows, columns = (planted.mask.any(axis=axis) for axis in (2, 1))
    assert max(*rows.sum(axis=1), *columns.sum(axis=1)) <= 11
