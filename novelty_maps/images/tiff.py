"""A TIFF file, whose tags say what its values mean.

tifffile reads the tags, and the values where they are stored as numpy has them. Pillow has a codec
for each compression, but no mode for many kinds of values, and takes some for others.
"""

import io
import logging
import math
import struct
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from novelty_maps.images.picture import Picture, from_pillow, known_orientation, to_bytes

if TYPE_CHECKING:
    from tifffile import TiffPage

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

# Tags that say where the values are and what they mean; others could only stop a decoder.
_OF_PIXELS = {
    *(254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320),
    *(322, 323, 324, 325, 332, 338, 339, 347, *range(512, 522), 529, 530, 531, 532),
}
_ORIENTATION = 274
_PLAIN = _WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_NAMES = {_UNSIGNED: "unsigned integers", _SIGNED: "signed integers", _FLOAT: "floats"}
_READ = {(_UNSIGNED, bits) for bits in (1, 2, 4, 8, 12, 16)} | {
    (_FLOAT, bits) for bits in (16, 32, 64)
}
_NONE, _DEFLATE, _DEFLATE_BEFORE = 1, 8, 32946
_LOSSY = (6, 7, 50001)  # JPEG, old and new, and WebP
_MULTIPLIED, _ALPHA = 1, 2  # an alpha channel that colours are multiplied by, and one they are not


def read_tiff(content: bytes, *, alpha: bool = False) -> Picture:
    """Read the first frame of a TIFF file, as it is stored.

    Unsigned integers count from 0 to the highest of their bits, floats from 0 to 1.

    Args:
        content: The file.
        alpha: Whether its alpha channel is asked for.

    Raises:
        ValueError: It is not clear what its values mean, which is told with bits and channels.
        Exception: Of any type, if it is damaged.
    """
    from tifffile import TiffFile

    logging.getLogger("tifffile").disabled = True  # it names bad tags on standard error
    with TiffFile(io.BytesIO(content)) as file:
        page = file.pages.first
        _require_clear(page)
        if page.imagewidth < 6 and len(file.pages) > 1:
            raise ValueError(
                f"it has {len(file.pages)} frames of {page.imagelength}×{page.imagewidth} pixels,"
                " as if rows were written as frames and channels as columns"
            )
        if _is_plain(page):
            pixels, opacity = _by_tifffile(page)
        else:
            pixels, opacity = _by_pillow(content, page, alpha=alpha)
        orientation = known_orientation(page.tags.valueof(_ORIENTATION))
    return Picture(pixels, opacity if alpha else None, orientation, page.compression in _LOSSY)


def _require_clear(page: "TiffPage") -> None:
    if not page.imagewidth or not page.imagelength:
        raise ValueError("it has no pixels")
    if (page.sampleformat, page.bitspersample) not in _READ:
        raise ValueError(f"it has {_described(page)}, whose range is unknown")
    channels = page.samplesperpixel
    if page.photometric == _RGB:
        is_clear = channels >= 3
    else:
        is_clear = channels == 1 or (channels == 2 and _has_alpha(page))
    if not is_clear and page.photometric in _PLAIN:
        raise ValueError(f"it has {_described(page)}, which are not just grey or colours and alpha")


def _described(page: "TiffPage") -> str:
    count = page.samplesperpixel
    return (
        f"{_NAMES.get(page.sampleformat, 'values of another kind')} of {page.bitspersample} bits"
        f" in {count} channel{'s' * (count > 1)}"
    )


def _has_alpha(page: "TiffPage") -> bool:
    if page.extrasamples:
        return page.extrasamples[0] in (_MULTIPLIED, _ALPHA)
    return page.photometric == _RGB and page.samplesperpixel == 4


def _is_plain(page: "TiffPage") -> bool:
    """Whether tifffile needs no codec for it that is not Python's."""
    return (
        page.photometric in _PLAIN
        and page.bitspersample % 8 == 0
        and page.compression in (_NONE, _DEFLATE, _DEFLATE_BEFORE)
        and page.predictor in (1, 2)
        and page.fillorder == 1
    )


def _by_tifffile(page: "TiffPage") -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """`pixels` and `alpha`, as of `Picture`."""
    from PIL import Image

    size = page.imagelength, page.imagewidth
    if Image.MAX_IMAGE_PIXELS and math.prod(size) > 2 * Image.MAX_IMAGE_PIXELS:
        raise ValueError(f"its {size[0]}×{size[1]} pixels could be a decompression bomb")
    if 0 in page.databytecounts or len(page.dataoffsets) < math.prod(page.chunked):
        raise ValueError("a part of its pixels is missing")  # tifffile would take them as 0
    # Its axes are planes, depth, height, width and samples; there is one plane or one sample.
    stored = page.asarray(squeeze=False)[:, 0].transpose(0, 3, 1, 2).reshape(-1, *size)
    white = 1 if page.sampleformat == _FLOAT else 2**page.bitspersample - 1
    colours, rest = np.split(stored, [3 if page.photometric == _RGB else 1])
    alpha = to_bytes(rest[0], white) if _has_alpha(page) else None
    if alpha is not None and page.extrasamples[:1] == (_MULTIPLIED,):
        share = rest[0] / white
        whole = np.divide(colours, share, out=np.zeros(colours.shape), where=share > 0)
        colours = np.minimum(whole, white)
    pixels = to_bytes(colours, white)
    return 255 - pixels if page.photometric == _WHITE_IS_ZERO else pixels, alpha


def _by_pillow(
    content: bytes, page: "TiffPage", *, alpha: bool
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """`pixels` and `alpha`, as of `Picture`."""
    from PIL import Image, UnidentifiedImageError

    not_read = (
        f"it has {_described(page)}, compression {int(page.compression)} and photometric"
        f" interpretation {int(page.photometric)}, which are not read together"
    )
    if page.sampleformat == _FLOAT and page.parent.byteorder == ">":
        raise ValueError(not_read)  # Pillow takes them for the other byte order
    try:
        image = Image.open(io.BytesIO(_without_metadata(content, page)), formats=["TIFF"])
    except UnidentifiedImageError:
        raise ValueError(not_read) from None
    with image:
        pixels, opacity = from_pillow(image, alpha=alpha, white=2**page.bitspersample - 1)
        not_inverted = image.mode == "F" or image.mode.startswith("I;16")
    if page.photometric == _WHITE_IS_ZERO and not_inverted:
        pixels = 255 - pixels
    return pixels, opacity


def _without_metadata(content: bytes, page: "TiffPage") -> bytes:
    """The file with this page alone, and of its tags only those that pixels depend on."""
    layout = page.parent.tiff
    kept = [
        content[tag.offset : tag.offset + layout.tagsize]
        for tag in page.tags
        if tag.code in _OF_PIXELS
    ]
    directory = struct.pack(layout.tagnoformat, len(kept)) + b"".join(kept)
    directory += bytes(layout.offsetsize)
    return content[: page.offset] + directory + content[page.offset + len(directory) :]
