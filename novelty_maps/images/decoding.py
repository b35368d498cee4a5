"""An image file as uint8 pixels."""

import hashlib
import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from novelty_maps.images import jpeg, png, tiff
from novelty_maps.images.picture import Picture, exif_orientation, from_pillow, turned
from novelty_maps.pipeline.errors import InputError

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")


def read_image(path: Path) -> tuple[NDArray[np.uint8], str]:
    """Pixels (C, H, W) uint8 of an image file, and its SHA-256, as of `read_picture`."""
    picture, digest = read_picture(path)
    return picture.pixels, digest


def read_picture(path: Path, *, alpha: bool = False) -> tuple[Picture, str]:
    """Read an image file.

    Grey of 16 bits is scaled from 0..65535, and floats from 0..1, to 0..255. Of several frames the
    first is taken. Whether an image is grey is a matter of its pixel format, not of its content. Of
    what is said about the pixels only the orientation in EXIF is used; nothing else there, nor
    damage to it, changes or refuses them.

    Args:
        path: A file in one of the formats above; its content counts, not its suffix.
        alpha: Whether alpha is asked for.

    Returns:
        The picture, turned by its orientation; and the SHA-256 of the file in hexadecimal.

    Raises:
        InputError: The file is missing, damaged, in another format or too large to be honest, or
            its values cannot be brought to 0..255.
    """
    from PIL import UnidentifiedImageError

    try:
        content = path.read_bytes()
        if not content:
            raise ValueError("the file is empty")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about metadata
            picture = turned(_decode(content, alpha=alpha))
    except Exception as error:  # damaged bytes make a decoder raise anything
        reason = str(error) or type(error).__name__
        if isinstance(error, UnidentifiedImageError | LookupError):
            reason = f"damaged, or none of {', '.join(_FORMATS)}"
        elif isinstance(error, OSError) and error.strerror:
            reason = error.strerror
        raise InputError(
            f"{path} cannot be read as an image ({reason}): replace it or remove it"
        ) from None
    if not picture.pixels.size:
        raise InputError(f"{path} has no pixels: replace it or remove it")
    return picture, hashlib.sha256(content).hexdigest()


def _decode(content: bytes, *, alpha: bool) -> Picture:
    from PIL import Image

    if content.startswith(tiff.SIGNATURES):
        return tiff.read_tiff(content, alpha=alpha)
    if content.startswith(png.SIGNATURE):
        return png.read_png(content, alpha=alpha)
    if content.startswith(jpeg.SIGNATURE):
        return jpeg.read_jpeg(content, alpha=alpha)
    with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
        pixels, opacity = from_pillow(image, alpha=alpha)
        orientation = exif_orientation(image.info.get("exif"))
        lossy = image.format == "WEBP" and b"VP8L" not in content
    return Picture(pixels, opacity, orientation, lossy)
