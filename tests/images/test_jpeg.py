"""The pixels of a JPEG file, whatever is said about them."""

import io

import numpy as np
import pytest
from oracles.image_folders import exif_of
from PIL import Image

from novelty_maps.images.jpeg import read_jpeg

GREY = np.linspace(0, 255, 48, dtype=np.uint8).reshape(6, 8)
COLOURS = np.stack([GREY, 255 - GREY, GREY // 2], axis=2)


def jpeg_of(values, *extra: bytes) -> bytes:
    """A JPEG file with segments at its start."""
    file = io.BytesIO()
    image = values if isinstance(values, Image.Image) else Image.fromarray(values)
    image.save(file, "JPEG", quality=100)
    return file.getvalue()[:2] + b"".join(extra) + file.getvalue()[2:]


def segment(marker: int, data: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + (len(data) + 2).to_bytes(2) + data


METADATA = {
    "JFIF cut off": segment(0xE0, b"JFIF\0"),
    "EXIF without a header": segment(0xE1, b"Exif\0\0in name only"),
    "profile without its parts": segment(0xE2, b"ICC_PROFILE\0"),
    "profile of many parts": segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(65000)) * 40,
    "frames that are not there": segment(0xE2, b"MPF\0II*\0\x08\0\0\0\xff\xff"),
    "settings of Photoshop cut off": segment(0xED, b"Photoshop 3.0\x008BIM\x04"),
    "transform of Adobe cut off": segment(0xEE, b"Adobe"),
    "comment": segment(0xFE, b"\xff\xfe"),
    "padding": b"\xff" * 5,
    "segment without a length": b"\xff\xe5\0\0",
}


@pytest.mark.parametrize("extra", METADATA.values(), ids=METADATA)
@pytest.mark.parametrize("values", [GREY, COLOURS], ids=["grey", "colours"])
def test_metadata_neither_change_nor_refuse_pixels(values, extra):
    expected = read_jpeg(jpeg_of(values)).pixels
    assert len(expected) == (1 if values is GREY else 3)
    found = read_jpeg(jpeg_of(values, extra))
    assert (found.pixels == expected).all()
    assert found.orientation == 1
    assert found.lossy


def test_segments_that_say_how_colours_are_stored_are_kept():
    for image in (Image.fromarray(COLOURS).convert("CMYK"), Image.fromarray(COLOURS)):
        expected = np.asarray(Image.open(io.BytesIO(jpeg_of(image))).convert("RGB"))
        assert (read_jpeg(jpeg_of(image)).pixels == expected.transpose(2, 0, 1)).all()


def test_colours_stored_as_they_are_differ_from_luma_and_chroma():
    """An Adobe segment of transform 0 without a JFIF segment."""
    content = jpeg_of(COLOURS)
    without_jfif = content[:2] + content[20:]
    adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0\0")
    plain = read_jpeg(without_jfif).pixels
    stored = read_jpeg(without_jfif[:2] + adobe + without_jfif[2:]).pixels
    assert (plain != stored).any()


def test_orientation_is_that_of_exif_also_where_it_is_divided():
    whole = exif_of(6)
    assert read_jpeg(jpeg_of(GREY, segment(0xE1, whole))).orientation == 6
    exif = whole.removeprefix(b"Exif\0\0")
    parts = [segment(0xE1, b"Exif\0\0" + part) for part in (exif[:11], exif[11:])]
    assert read_jpeg(jpeg_of(GREY, *parts)).orientation == 6


@pytest.mark.parametrize("length", [0, 2, 3, 4, 5, 20, 100, 400])
def test_damaged_file_is_an_error_at_any_length(length):
    with pytest.raises(Exception, match=r"."):
        read_jpeg(jpeg_of(COLOURS)[:length])
