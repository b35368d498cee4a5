"""What the values of a TIFF file mean is read from its tags, or asked for."""

import io
import itertools
import struct
from typing import Any

import numpy as np
import pytest
import tifffile
from oracles.image_folders import pixels_of
from PIL import Image

from novelty_maps.images.tiff import read_tiff

GREY = pixels_of(0, 5, 7)
COLOURS = pixels_of(1, 5, 7, 3)
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr")
WHITE = {np.uint8: 255, np.uint16: 65535, np.float16: 1, np.float32: 1, np.float64: 1}


def tiff_of(values: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    options.setdefault("photometric", "minisblack" if values.ndim == 2 else "rgb")
    tifffile.imwrite(file, values, metadata=None, **options)
    return file.getvalue()


def packed(values: np.ndarray, *, order: str = "<", **options: Any) -> bytes:
    """A file compressed by PackBits, for which tifffile has no encoder: runs of bytes as they are.

    It is written as one of Deflate with these bytes, and called one of PackBits then.
    """
    data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    runs = [data[start : start + 128] for start in range(0, len(data), 128)]
    strip = b"".join(bytes([len(run) - 1]) + run for run in runs)
    file = io.BytesIO()
    with tifffile.TiffWriter(file, byteorder=order) as writer:
        shape, kind = values.shape, values.dtype
        options.setdefault("photometric", "minisblack" if values.ndim == 2 else "rgb")
        writer.write(
            iter([strip]), shape=shape, dtype=kind, compression="zlib", metadata=None, **options
        )
    return with_tag(file.getvalue(), 259, 32773, order=order)


def with_tag(content: bytes, code: int, value: int, *, order: str = "<") -> bytes:
    """The file with another number in a tag."""
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        place = file.pages.first.tags[code].valueoffset
    return content[:place] + struct.pack(order + "H", value) + content[place + 2 :]


def scaled(bytes_: np.ndarray, kind: type) -> np.ndarray:
    values = bytes_ * (WHITE[kind] / 255)
    return (values if WHITE[kind] == 1 else values.round()).astype(kind)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("options", [{}, {"compression": "zlib", "predictor": True}])
@pytest.mark.parametrize("kind", WHITE)
def test_grey_reaches_from_black_to_white(kind, options, order):
    if options and np.issubdtype(kind, np.floating):
        options = {"compression": "zlib"}
    values = scaled(GREY, kind)
    found = read_tiff(tiff_of(values, byteorder=order, **options))
    np.testing.assert_array_equal(found.pixels, GREY[None])
    assert found.pixels.dtype == np.uint8
    inverted = read_tiff(tiff_of(values, byteorder=order, photometric="miniswhite", **options))
    np.testing.assert_array_equal(inverted.pixels, 255 - GREY[None])


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("kind", WHITE)
def test_colours_are_those_before_any_other_channel(kind, planar, order):
    for others in ([], ["unassalpha"], ["unspecified"], ["unspecified", "unspecified"]):
        values = pixels_of(2, 5, 7, 3 + len(others))
        values[..., :3] = COLOURS
        stored = scaled(values, kind)
        stored = np.moveaxis(stored, -1, 0) if planar == "separate" else stored
        content = tiff_of(
            stored, planarconfig=planar, byteorder=order, photometric="rgb", extrasamples=others
        )
        found = read_tiff(content, alpha=True)
        np.testing.assert_array_equal(found.pixels, COLOURS.transpose(2, 0, 1))
        if others == ["unassalpha"]:
            np.testing.assert_array_equal(found.alpha, values[..., 3])
            assert read_tiff(content).alpha is None
        else:
            assert found.alpha is None


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", WHITE)
def test_grey_with_alpha_is_grey(kind, order):
    both = pixels_of(3, 5, 7, 2)
    content = tiff_of(
        scaled(both, kind),
        photometric="minisblack",
        planarconfig="contig",
        extrasamples=["unassalpha"],
        byteorder=order,
    )
    found = read_tiff(content, alpha=True)
    np.testing.assert_array_equal(found.pixels, both[None, ..., 0])
    np.testing.assert_array_equal(found.alpha, both[..., 1])


def test_colours_multiplied_by_alpha_are_what_they_were():
    grey = np.array([[0, 65535, 1000, 7], [0, 65535, 2000, 0]], np.uint16).T[None]
    for values, name in ((grey, "minisblack"), (np.repeat(grey, [3, 1], 2), "rgb")):
        content = tiff_of(
            values, photometric=name, planarconfig="contig", extrasamples=["assocalpha"]
        )
        found = read_tiff(content)
        assert found.pixels[:, 0].tolist() == [[0, 255, 128, 0]] * len(found.pixels)


@pytest.mark.parametrize("order", "<>")
def test_compressed_files_are_read_as_those_that_are_not(order):
    for kind in (np.uint8, np.uint16):
        content = packed(scaled(GREY, kind), order=order)
        np.testing.assert_array_equal(read_tiff(content).pixels, GREY[None])
        content = packed(scaled(COLOURS, kind), order=order)
        np.testing.assert_array_equal(read_tiff(content).pixels, COLOURS.transpose(2, 0, 1))


def test_white_may_be_zero_in_compressed_files():
    for kind in (np.uint8, np.uint16, np.float32):
        found = read_tiff(packed(scaled(GREY, kind), photometric="miniswhite"))
        np.testing.assert_array_equal(found.pixels, 255 - GREY[None])


@pytest.mark.parametrize(
    ("mode", "compression"),
    [
        *itertools.product(MODES, [None, "tiff_lzw"]),
        *itertools.product(sorted({*MODES} - {"1", "P"}), ["jpeg"]),
        ("1", "group4"),
    ],
)
def test_files_of_pillow_are_read_as_pillow_does(mode, compression):
    file = io.BytesIO()
    Image.fromarray(COLOURS).convert(mode).save(file, "TIFF", compression=compression)
    image = Image.open(file)
    expected = np.array(image.convert("L" if mode in ("1", "L", "LA") else "RGB"))
    found = read_tiff(file.getvalue())
    np.testing.assert_array_equal(found.pixels, np.atleast_3d(expected).transpose(2, 0, 1))
    assert found.lossy == (compression == "jpeg")


def test_twelve_bits_are_scaled_from_0_to_4095():
    # Two values are three bytes.
    pairs = bytes([0x00, 0x0F, 0xFF, 0x80, 0x80, 0x08])
    stored = np.frombuffer(pairs, np.uint8)[None]
    content = with_tag(with_tag(tiff_of(stored), 256, 4), 258, 12)
    assert read_tiff(content).pixels.tolist() == [[[0, 255, 128, 0]]]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((5, 7), np.int8), "signed integers of 8 bits in 1 channel,"),
        (np.zeros((5, 7), np.int16), "signed integers of 16 bits in 1 channel,"),
        (np.zeros((5, 7), np.uint32), "unsigned integers of 32 bits in 1 channel,"),
        (np.zeros((5, 7), np.complex64), "of 64 bits in 1 channel,"),
        (np.zeros((5, 7, 3), np.int16), "signed integers of 16 bits in 3 channels,"),
    ],
    ids=lambda value: None if isinstance(value, str) else f"{value.dtype}{value.ndim}",
)
def test_values_of_unknown_range_are_named(values, reason):
    for order, compression in itertools.product("<>", [None, "zlib"]):
        with pytest.raises(ValueError, match=f"{reason} whose range is unknown"):
            read_tiff(tiff_of(values, byteorder=order, compression=compression))


@pytest.mark.parametrize("count", [2, 3, 4, 5])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_channels_of_unknown_meaning_are_named(count, planar):
    shape = (5, 7, count) if planar == "contig" else (count, 5, 7)
    for kind, name in ((np.uint8, "8"), (np.uint16, "16"), (np.float32, "32")):
        content = tiff_of(np.zeros(shape, kind), photometric="minisblack", planarconfig=planar)
        with pytest.raises(ValueError, match=f"of {name} bits in {count} channels, which are not"):
            read_tiff(content)


def test_channels_written_as_columns_of_frames_are_named():
    for count in (2, 5):
        file = io.BytesIO()
        tifffile.imwrite(file, np.zeros((20, 24, count), np.uint8))
        with pytest.raises(ValueError, match=f"20 frames of 24×{count} pixels"):
            read_tiff(file.getvalue())


def test_compressed_values_that_no_library_reads_are_named():
    for content in (
        packed(scaled(GREY, np.float64)),
        packed(scaled(GREY, np.float16)),
        packed(scaled(GREY, np.float32), order=">"),
        packed(scaled(GREY, np.uint16), order=">", photometric="miniswhite"),
    ):
        with pytest.raises(ValueError, match="in 1 channel, compression 32773 and photometric"):
            read_tiff(content)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("write", [tiff_of, packed])
def test_orientation_is_that_of_its_tag_and_pixels_are_as_stored(write, orientation):
    content = write(COLOURS, extratags=[(274, 3, 1, orientation, True)])
    found = read_tiff(content)
    assert found.orientation == orientation
    np.testing.assert_array_equal(found.pixels, COLOURS.transpose(2, 0, 1))


@pytest.mark.parametrize("write", [tiff_of, packed])
@pytest.mark.parametrize(
    "tag",
    [
        (700, 2, 36, '<rdf tiff:Orientation="6"/> and so on', True),  # XMP
        (700, 4, 3, (1, 2, 3), True),
        (34665, 4, 1, 2**31, True),  # EXIF behind the end of the file
        (34853, 4, 1, 3, True),  # GPS in the header
        (34675, 3, 2, (1, 2), True),  # a colour profile
        (33432, 1, 3, b"abc", True),
        (282, 5, 1, (0, 0), True),
        (274, 2, 4, "top", True),
    ],
    ids=lambda tag: str(tag[0]) if isinstance(tag, tuple) else None,
)
def test_metadata_changes_nothing(write, tag, capfd, recwarn):
    found = read_tiff(write(COLOURS, extratags=[tag], software=""))
    np.testing.assert_array_equal(found.pixels, COLOURS.transpose(2, 0, 1))
    assert found.orientation == 1
    assert capfd.readouterr().err == ""
    assert not recwarn.list


@pytest.mark.parametrize("write", [tiff_of, packed])
def test_missing_pixels_are_an_error(write):
    content = write(COLOURS)
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        start = file.pages.first.dataoffsets[0]
    for damaged in (content[: start + 20], with_tag(content, 257, 50), with_tag(content, 257, 0)):
        with pytest.raises((OSError, ValueError)):
            read_tiff(damaged)


def test_strip_without_bytes_is_an_error():
    content = tiff_of(pixels_of(5, 10, 7), rowsperstrip=5, compression="zlib")
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        sizes = file.pages.first.tags[279].valueoffset
    with pytest.raises(ValueError, match="a part of its pixels is missing"):
        read_tiff(content[:sizes] + bytes(2) + content[sizes + 2 :])


def test_claim_of_too_many_pixels_is_an_error():
    content = tiff_of(GREY, compression="zlib")
    with pytest.raises(ValueError, match="60000×60000 pixels could be a decompression bomb"):
        read_tiff(with_tag(with_tag(content, 256, 60000), 257, 60000))


def test_large_files_of_the_other_kind_are_read_too():
    found = read_tiff(tiff_of(GREY, bigtiff=True))
    np.testing.assert_array_equal(found.pixels, GREY[None])
    found = read_tiff(packed(COLOURS))
    np.testing.assert_array_equal(found.pixels, COLOURS.transpose(2, 0, 1))


def test_tiles_are_read_like_strips():
    grey = pixels_of(4, 40, 50)
    found = read_tiff(tiff_of(scaled(grey, np.uint16), tile=(16, 16)))
    np.testing.assert_array_equal(found.pixels, grey[None])
