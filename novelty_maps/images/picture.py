"""What is read from an image file, and its samples of any kind as bytes."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image


class Picture(NamedTuple):
    """An image.

    Attributes:
        pixels: (1, H, W) of grey, (3, H, W) of colours; uint8.
        alpha: (H, W) uint8, 0 where it is transparent; None if it has no alpha or it was not asked
            for.
        orientation: 1..8 as in EXIF; 1 is as stored.
        lossy: Whether it was compressed with losses, so that levels next to edges mean nothing.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None
    orientation: int
    lossy: bool


def turned(picture: Picture) -> Picture:
    """The picture as its orientation says it is to be seen."""

    def turn(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if picture.orientation >= 5:
            pixels = pixels.swapaxes(-1, -2)
        if picture.orientation in (2, 3, 6, 7):
            pixels = pixels[..., ::-1]
        if picture.orientation in (3, 4, 7, 8):
            pixels = pixels[..., ::-1, :]
        return np.ascontiguousarray(pixels)

    alpha = None if picture.alpha is None else turn(picture.alpha)
    return picture._replace(pixels=turn(picture.pixels), alpha=alpha)


def known_orientation(value: Any) -> int:
    """The value of an orientation tag, or 1 if it is none of 1..8."""
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def exif_orientation(exif: bytes | None) -> int:
    """The orientation in a block of EXIF; 1 if there is none that can be read."""
    from PIL import Image

    found = Image.Exif()
    try:
        found.load(exif or b"")
        return known_orientation(found.get(0x0112))
    except Exception:  # of a damaged block, whose picture may be good
        return 1


def from_pillow(
    image: "Image.Image", *, alpha: bool, white: int = 65535
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """`pixels` and `alpha`, as of `Picture`, of an open image in any of Pillow's modes.

    Args:
        image: The image.
        alpha: Whether alpha is asked for. What a transparent colour hides is read as it is.
        white: Value of white in grey of more than 8 bits.
    """
    if image.mode in ("La", "RGBa"):  # colours multiplied by alpha
        image = image.convert(image.mode.upper())
    opacity = None
    if alpha and image.has_transparency_data:
        opacity = np.array(image.convert("RGBA").getchannel("A"))
    # Older versions of Pillow open a PNG of 16 bits as I.
    if image.mode.startswith("I"):
        return to_bytes(np.asarray(image), white)[None], opacity
    if image.mode == "F":
        return to_bytes(np.asarray(image), 1)[None], opacity
    if image.mode in ("1", "L", "LA"):
        return np.array(image.convert("L"))[None], opacity
    if image.mode == "P":
        image = image.convert("RGBA")  # a palette may have transparent colours
    colours = np.array(image.convert("RGB"))
    return np.ascontiguousarray(colours.transpose(2, 0, 1)), opacity


def to_bytes(values: NDArray[Any], white: int) -> NDArray[np.uint8]:
    """Values from 0..white as 0..255.

    Raises:
        ValueError: Floating-point values are NaN or lie outside 0..white.
    """
    if values.dtype == np.uint8 and white == 255:
        return values
    if values.dtype.kind != "f":
        return np.round(values / (white / 255)).astype(np.uint8)
    if np.isnan(values).any():
        raise ValueError("it has NaN")
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > white:
        raise ValueError(f"its values reach from {low:g} to {high:g}, outside 0..{white}")
    precise = np.promote_types(values.dtype, np.float32)
    return np.round(values.astype(precise) * (255 / white)).astype(np.uint8)
