"""The pixels of a PNG file, whatever is said about them."""

import io
import zlib

import numpy as np
import pytest
from oracles.image_folders import exif_of, pixels_of
from PIL import Image

from novelty_maps.images.png import SIGNATURE, read_png

COLOURS = pixels_of(0, 4, 6, 3)
EXIF = exif_of(6).removeprefix(b"Exif\0\0")  # the top of the scene is at the right of the image
TURNED = np.rot90(COLOURS, -1).transpose(2, 0, 1)


def chunk(kind: bytes, data: bytes, *, checksum: int | None = None) -> bytes:
    checksum = zlib.crc32(kind + data) if checksum is None else checksum
    return len(data).to_bytes(4) + kind + data + checksum.to_bytes(4)


def png_of(*extra: bytes, last: bytes = b"", image: Image.Image | None = None) -> bytes:
    """A PNG file with chunks after its header, and before its end."""
    file = io.BytesIO()
    (image or Image.fromarray(COLOURS)).save(file, "PNG")
    content = file.getvalue()
    return content[:33] + b"".join(extra) + content[33:-12] + last + content[-12:]


def raw_png(bits: int, kind: int, row: bytes, *extra: bytes, width: int) -> bytes:
    """A PNG file of one row of bytes."""
    header = width.to_bytes(4) + (1).to_bytes(4) + bytes([bits, kind, 0, 0, 0])
    pixels = chunk(b"IDAT", zlib.compress(b"\0" + row))
    return SIGNATURE + chunk(b"IHDR", header) + b"".join(extra) + pixels + chunk(b"IEND", b"")


LARGE = bytes(2**21)  # more than a decoder takes
METADATA = {
    "EXIF without a header": chunk(b"eXIf", b"Exif in name only"),
    "EXIF with a wrong checksum": chunk(b"eXIf", EXIF, checksum=1),
    "empty EXIF": chunk(b"eXIf", b""),
    "large profile": chunk(b"iCCP", b"name\0\0" + zlib.compress(LARGE)),
    "profile of another compression": chunk(b"iCCP", b"name\0\1abc"),
    "large text": chunk(b"zTXt", b"name\0\0" + zlib.compress(LARGE)),
    "large text of Unicode": chunk(b"iTXt", b"name\0\1\0\0\0" + zlib.compress(LARGE)),
    "text with a wrong checksum": chunk(b"tEXt", b"name\0text", checksum=1),
    "text without an end": chunk(b"iTXt", b"name"),
    "EXIF as text without digits": chunk(b"tEXt", b"Raw profile type exif\0\nexif\n4\nno digits"),
    "EXIF as text that is not compressed": chunk(b"zTXt", b"Raw profile type exif\0\0abc"),
    "short resolution": chunk(b"pHYs", b"abc"),
    "short gamma": chunk(b"gAMA", b"a"),
    "animation without frames": chunk(b"acTL", bytes(8)),
    "transparent colour of another kind": chunk(b"tRNS", b"a"),
    "unknown": chunk(b"quUx", b"abc", checksum=3),
    "XMP with an orientation": chunk(
        b"iTXt", b'XML:com.adobe.xmp\0\0\0\0\0<rdf tiff:Orientation="6"/>'
    ),
}


@pytest.mark.parametrize("extra", METADATA.values(), ids=METADATA)
def test_metadata_changes_nothing(extra):
    for content in (png_of(extra), png_of(last=extra)):
        found = read_png(content)
        np.testing.assert_array_equal(found.pixels, COLOURS.transpose(2, 0, 1))
        assert found.orientation == 1


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"eXIf", EXIF),
        chunk(b"tEXt", b"Raw profile type exif\0\nexif\n   26\n" + EXIF.hex().encode() + b"\n"),
        chunk(
            b"zTXt",
            b"Raw profile type exif\0\0"
            + zlib.compress(b"\nexif\n   26\n" + (b"Exif\0\0" + EXIF).hex().encode() + b"\n"),
        ),
    ],
    ids=["chunk", "text", "compressed text"],
)
def test_orientation_is_found_beside_damaged_metadata(extra):
    damaged = METADATA["large profile"], METADATA["text with a wrong checksum"]
    for content in (png_of(*damaged, extra), png_of(*damaged, last=extra)):
        assert read_png(content).orientation == 6


def test_grey_with_alpha_of_sixteen_bits_is_grey():
    row = np.array([0, 65535, 200 * 257, 100 * 257], ">u2").tobytes()
    found = read_png(raw_png(16, 4, row, width=2), alpha=True)
    assert found.pixels.tolist() == [[[0, 200]]]
    assert found.alpha.tolist() == [[255, 100]]


@pytest.mark.parametrize(
    ("bits", "kind", "row", "expected"),
    [
        (1, 0, b"\x40", [0, 255]),
        (2, 0, b"\x60", [85, 170]),
        (4, 0, b"\x1f", [17, 255]),
        (8, 0, b"\x07\xff", [7, 255]),
        (16, 0, b"\x07\x07\xff\xff", [7, 255]),
    ],
)
def test_grey_of_any_bits_reaches_from_0_to_255(bits, kind, row, expected):
    assert read_png(raw_png(bits, kind, row, width=2)).pixels.tolist() == [[expected]]


def test_transparent_colour_is_alpha():
    key = chunk(b"tRNS", b"\0\xff")
    found = read_png(raw_png(8, 0, b"\x07\xff", key, width=2), alpha=True)
    assert found.pixels.tolist() == [[[7, 255]]]
    assert found.alpha.tolist() == [[255, 0]]
    assert read_png(raw_png(8, 0, b"\x07\xff", key, width=2)).alpha is None


@pytest.mark.parametrize("cut", range(8, 130, 7))
def test_file_that_is_cut_off_before_its_pixels_end_is_an_error(cut):
    content = png_of(METADATA["unknown"])
    assert cut < len(content) - 20
    with pytest.raises((OSError, SyntaxError)):
        read_png(content[:cut])
