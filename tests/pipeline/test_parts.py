"""The images of one part, their rows, and their masks, or an error where files do not fit."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from novelty_maps.images.splits import one_class_split
from novelty_maps.pipeline import arrays, formats
from novelty_maps.pipeline.boxes import box_columns
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.parts import (
    load_boxes,
    load_masks,
    load_mean_image,
    load_part,
    load_rows,
    mean_image,
)
from novelty_maps.pipeline.paths import RAW_IMAGES, RAW_LABELS, RAW_MASKS, SPLIT

LABELS = np.repeat([0, 1, 0, 1, 2], [20, 4, 3, 3, 3])
PARTS = np.repeat(["train", "test"], [24, 9])
WITH_MASK = (PARTS == "test") & (LABELS > 0)
MASK_ROWS = np.where(WITH_MASK, np.cumsum(WITH_MASK) - 1, -1)
IMAGES = np.random.default_rng(0).integers(0, 256, (33, 1, 8, 8), np.uint8)
MASKS = np.random.default_rng(1).random((6, 8, 8)) < 0.3


@pytest.fixture(autouse=True)
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `fetch` and `split` leave."""
    monkeypatch.chdir(tmp_path)
    arrays.write_array(RAW_IMAGES, IMAGES)
    arrays.write_array(RAW_MASKS, MASKS)
    formats.write_table(
        RAW_LABELS, pd.DataFrame({"label": LABELS, "official_part": PARTS, "mask": MASK_ROWS})
    )
    split = one_class_split(
        LABELS,
        PARTS,
        normal_classes=[0],
        validation_fraction=0.25,
        test_fraction=0.5,
        seed=0,
    )
    formats.write_table(SPLIT, split)


@pytest.mark.parametrize("novel", [True, False])
@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_part_has_its_images_in_the_order_of_the_index_table(part: str, novel: bool) -> None:
    images, rows = load_part(part, novel=novel)
    expected = pd.read_csv(SPLIT).query("part == @part")
    if not novel:
        expected = expected[expected["novel"] == 0]
    assert rows.index.tolist() == list(range(len(expected)))
    pd.testing.assert_frame_equal(rows, expected.reset_index(drop=True))
    np.testing.assert_array_equal(images, IMAGES[expected["source_row"]])
    pd.testing.assert_frame_equal(load_rows(part, novel=novel), rows)


def test_every_row_of_the_index_table_finds_its_mask() -> None:
    rows = load_rows("test")
    masks, place = load_masks(rows)
    assert masks.dtype == np.bool_
    np.testing.assert_array_equal(masks, MASKS)
    np.testing.assert_array_equal(place, MASK_ROWS[rows["source_row"]])
    assert set(load_masks(load_rows("train"))[1]) == {-1}
    shuffled = rows.sample(frac=1, random_state=0)
    np.testing.assert_array_equal(load_masks(shuffled)[1], place[shuffled["row"]])


def test_mean_image_is_that_of_the_normal_training_images() -> None:
    rows = pd.read_csv(SPLIT).query("part == 'train' and novel == 0")
    expected = IMAGES[rows["source_row"]].astype(np.float64).mean(axis=0) / 255
    np.testing.assert_allclose(load_mean_image(), expected, rtol=1e-6)
    assert load_mean_image().dtype == np.float32


def test_mean_image_is_in_zero_to_one() -> None:
    images = np.array([[[[0, 255]]], [[[51, 255]]]], np.uint8)
    assert mean_image(images).dtype == np.float32
    np.testing.assert_allclose(mean_image(images), [[[0.1, 1.0]]], rtol=2**-23)


def test_split_of_other_images_is_named_with_the_stage_that_makes_it() -> None:
    arrays.write_array(RAW_IMAGES, IMAGES[1:])
    with pytest.raises(
        InputError, match=r"split\.csv indexes 33 images, data/raw/images\.npy has 32"
    ):
        load_rows("test")
    pd.read_csv(SPLIT).replace({"source_row": {0: 1}}).to_csv(SPLIT, index=False)
    arrays.write_array(RAW_IMAGES, IMAGES)
    with pytest.raises(InputError, match=r"again with `python -m stages\.split`"):
        load_part("test")


def edit_masks(change: Callable[[np.ndarray], np.ndarray]) -> None:
    np.save(RAW_MASKS, change(np.load(RAW_MASKS)))


def edit_labels(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    change(pd.read_csv(RAW_LABELS)).to_csv(RAW_LABELS, index=False)


BAD_MASKS = {
    "missing": (RAW_MASKS.unlink, "masks.npy does not exist"),
    "truncated": (
        lambda: RAW_MASKS.write_bytes(RAW_MASKS.read_bytes()[:-1]),
        "masks.npy is truncated",
    ),
    "of another type": (lambda: edit_masks(lambda m: m.astype(np.uint8)), "holds uint8 6×8×8"),
    "of another size": (lambda: edit_masks(lambda m: m[:, :4]), "holds bool 6×4×8"),
    "one too few": (lambda: edit_masks(lambda m: m[1:]), "do not belong together"),
    "of other images": (lambda: edit_labels(lambda t: t[1:]), "do not belong together"),
    "used twice": (lambda: edit_labels(lambda t: t.replace({"mask": 0}, 1)), "do not belong"),
    "without a column": (lambda: edit_labels(lambda t: t.drop(columns="mask")), "column mask"),
}


@pytest.mark.parametrize(("spoil", "named"), BAD_MASKS.values(), ids=BAD_MASKS)
def test_masks_that_do_not_fit_are_named_with_the_stage_that_makes_them(
    spoil: Callable[[], None], named: str
) -> None:
    rows = load_rows("test")
    spoil()
    with pytest.raises(InputError) as caught:
        load_masks(rows)
    assert named in str(caught.value)
    assert "python -m stages.fetch" in str(caught.value)


def test_boxes_are_those_of_the_rows_and_none_where_nothing_is_padded() -> None:
    rows = load_rows("test")
    assert load_boxes(rows) is None
    boxes = np.random.default_rng(2).integers(0, 8, (33, 4))
    table = formats.read_table(RAW_LABELS, columns=[], made_by="fetch")
    formats.write_table(RAW_LABELS, table.assign(**box_columns(boxes)))
    np.testing.assert_array_equal(load_boxes(rows), boxes[rows["source_row"]])


def test_boxes_of_other_images_are_an_error() -> None:
    table = formats.read_table(RAW_LABELS, columns=[], made_by="fetch")
    formats.write_table(RAW_LABELS, table.iloc[1:])
    with pytest.raises(InputError, match=r"labels\.csv has 32 rows, but .*images\.npy 33"):
        load_boxes(load_rows("test"))
