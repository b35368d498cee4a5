"""A PNG file, whose pixels are read without what is said about them: text, profiles, EXIF."""

import io
import zlib
from collections.abc import Iterator

from novelty_maps.images.picture import Picture, exif_orientation, from_pillow

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EXIF_AS_TEXT = b"Raw profile type exif\0"  # as ImageMagick wrote it before there was eXIf
_GREY_AND_ALPHA_OF_16_BITS = b"\x10\x04"


def read_png(content: bytes, *, alpha: bool = False) -> Picture:
    """Read a PNG file, as it is stored.

    Args:
        content: The file.
        alpha: Whether alpha is asked for, its channel or the transparency of a colour.

    Raises:
        Exception: Of any type, if it is damaged.
    """
    from PIL import Image

    # A decoder must know the chunks that start with a capital letter, and may leave others.
    bare = SIGNATURE + b"".join(
        chunk
        for kind, chunk in _chunks(content)
        if not kind[:1].islower() or (alpha and kind == b"tRNS")
    )
    with Image.open(io.BytesIO(bare), formats=["PNG"]) as image:
        # Pillow opens these as RGBA.
        is_grey = bare[24:26] == _GREY_AND_ALPHA_OF_16_BITS
        pixels, opacity = from_pillow(image.convert("LA") if is_grey else image, alpha=alpha)
    return Picture(pixels, opacity, _orientation(content), lossy=False)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and bytes, with length, kind and checksum, of each chunk."""
    start = len(SIGNATURE)
    while start < len(content):
        end = start + 12 + int.from_bytes(content[start : start + 4])
        yield content[start + 4 : start + 8], content[start:end]
        start = end


def _orientation(content: bytes) -> int:
    """The orientation in EXIF, 1..8; 1 if there is none that can be read."""
    for kind, chunk in _chunks(content):
        data, checksum = chunk[8:-4], int.from_bytes(chunk[-4:])
        is_text = data.startswith(_EXIF_AS_TEXT)
        if (kind == b"eXIf" or is_text) and zlib.crc32(kind + data) == checksum:
            return exif_orientation(_exif_in_text(kind, data) if is_text else data)
    return 1


def _exif_in_text(kind: bytes, text: bytes) -> bytes | None:
    """EXIF written as lines: empty, its name, its length, and hexadecimal digits."""
    text = text.removeprefix(_EXIF_AS_TEXT)
    try:
        if kind == b"zTXt":
            text = zlib.decompressobj().decompress(text[1:], 2**24)
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode())
    except (ValueError, zlib.error):
        return None
