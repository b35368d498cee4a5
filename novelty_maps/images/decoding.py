"""An image file as uint8 pixels."""

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from novelty_maps.pipeline.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")


def read_image(path: Path) -> tuple[NDArray[np.uint8], str]:
    """Read an image file.

    Grey of 16 bits is scaled from 0..65535, and floating-point grey from 0..1, to 0..255. An alpha
    channel is dropped, the orientation in EXIF is applied, and of several frames the first is
    taken. Whether an image is grey is a matter of its pixel format, not of its content.

    Args:
        path: A file in one of the formats above; its content counts, not its suffix.

    Returns:
        Pixels, (1, H, W) of a grey image and (3, H, W) of any other, uint8; and the SHA-256 of
        the file in hexadecimal.

    Raises:
        InputError: The file is missing, damaged, in another format or too large to be honest, or
            its values cannot be brought to 0..255.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        content = path.read_bytes()
        if not content:
            raise ValueError("the file is empty")
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            ImageOps.exif_transpose(image, in_place=True)
            pixels = _channels_first(image)
    except Exception as error:  # damaged bytes make a decoder raise anything
        reason = str(error) or type(error).__name__
        if isinstance(error, UnidentifiedImageError):
            reason = f"damaged, or none of {', '.join(_FORMATS)}"
        elif isinstance(error, OSError) and error.strerror:
            reason = error.strerror
        raise InputError(
            f"{path} cannot be read as an image ({reason}): replace it or remove it"
        ) from None
    return pixels, hashlib.sha256(content).hexdigest()


def _channels_first(image: "Image.Image") -> NDArray[np.uint8]:
    """Pixels of an open image as (1, H, W) if it is grey, (3, H, W) otherwise."""
    if image.mode in ("1", "L", "LA"):
        return np.array(image if image.mode == "L" else image.convert("L"))[None]
    # Older versions of Pillow open a PNG of 16 bits as I.
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        return np.round(np.asarray(image) / 257).astype(np.uint8)[None]
    if image.mode == "I":
        raise ValueError("it has integers of 32 bits, whose range is unknown; 8 or 16 are")
    if image.mode == "F":
        return _grey_of_floats(np.asarray(image))[None]
    if image.mode == "P":
        image = image.convert("RGBA")  # a palette may have transparent colours
    pixels = np.array(image if image.mode == "RGB" else image.convert("RGB"))
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _grey_of_floats(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    if np.isnan(values).any():
        raise ValueError("it has NaN")
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 1:
        raise ValueError(f"its values reach from {low:g} to {high:g}, outside 0..1")
    return np.round(values * 255).astype(np.uint8)
