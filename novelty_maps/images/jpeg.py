"""A JPEG file, whose pixels are read without what is said about them: profiles, comments, EXIF."""

import io
from collections.abc import Iterator

from novelty_maps.images.picture import Picture, exif_orientation, from_pillow

SIGNATURE = b"\xff\xd8\xff"
_START, _LENGTH = b"\xff\xd8", 2  # before the segments; of the length at the start of each
_SCAN, _COMMENT, _APPLICATIONS = 0xDA, 0xFE, range(0xE0, 0xF0)
_EXIF = b"Exif\0\0"
# Whose segments decide how colours are stored: marker, first bytes, and how many there must be.
_OF_COLOURS = ((0xE0, b"JFIF\0", 14), (0xEE, b"Adobe", 12))


def read_jpeg(content: bytes, *, alpha: bool = False) -> Picture:
    """Read a JPEG file, as it is stored.

    Args:
        content: The file.
        alpha: As of `png.read_png`; a JPEG file has none.

    Raises:
        Exception: Of any type, if it is damaged.
    """
    from PIL import Image

    kept, exif = [_START], b""
    for marker, segment in _segments(content):
        data = segment[2 + _LENGTH :]
        if marker == _APPLICATIONS[1] and data.startswith(_EXIF):
            exif += data.removeprefix(_EXIF)  # more than one is one that was divided
        if _is_of_pixels(marker, data):
            kept.append(segment)
    with Image.open(io.BytesIO(b"".join(kept)), formats=["JPEG"]) as image:
        pixels, opacity = from_pillow(image, alpha=alpha)
    return Picture(pixels, opacity, exif_orientation(exif), lossy=True)


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and all bytes of each segment; the last is what follows from the first scan on."""
    start = len(_START)
    while len(content) > start + 1 and content[start] == 0xFF:
        marker = content[start + 1]
        if marker == 0xFF:  # padding
            start += 1
            continue
        if marker == _SCAN:
            break
        length = int.from_bytes(content[start + 2 : start + 2 + _LENGTH])
        end = start + 2 + max(length, _LENGTH)
        yield marker, content[start:end]
        start = end
    yield _SCAN, content[start:]


def _is_of_pixels(marker: int, data: bytes) -> bool:
    if marker in _APPLICATIONS or marker == _COMMENT:
        return any(
            marker == known and data.startswith(name) and len(data) >= length
            for known, name, length in _OF_COLOURS
        )
    return True
