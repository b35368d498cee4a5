"""Images that are no part of the data set: found, named, and brought to a network's shape."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from novelty_maps.images.decoding import SUFFIXES, read_image
from novelty_maps.images.resize import resize
from novelty_maps.pipeline.errors import InputError

# ITU-R BT.601. Pillow's convert("L") has the same weights in whole numbers, which gives one colour
# in 1,800 the next grey level.
_LUMA = np.array([0.299, 0.587, 0.114])


def find_images(given: Sequence[Path]) -> dict[str, Path]:
    """Image files, and those of folders and the folders in them, in sorted order.

    Args:
        given: Files and folders; in folders, files without an image's suffix are passed over.

    Returns:
        Name for the results, the path below the folder given without its suffix, to file.

    Raises:
        InputError: A path does not exist, there is no image, or two have the same name.
    """
    found: dict[str, Path] = {}
    for path in given:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
            named = [(file.relative_to(path), file) for file in inside]
        elif path.is_file():
            named = [(Path(path.name), path)]
        else:
            raise InputError(f"{path} does not exist: give image files or folders of them")
        if not named:
            raise InputError(f"{path} holds no images ({', '.join(SUFFIXES)}): give another folder")
        for name, file in named:
            key = name.with_suffix("").as_posix()
            if key in found:
                raise InputError(
                    f"{found[key]} and {file} would have results of the same name ({key}): score"
                    " them one after the other, with another --output"
                )
            found[key] = file
    return found


def read_images(files: Iterable[Path], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Images of any size as (N, C, H, W) uint8, resized; colour becomes grey for one channel.

    Args:
        files: Image files.
        shape: (C, H, H) that they are brought to.

    Raises:
        InputError: A file cannot be read.
    """
    channels, side = shape[0], shape[1]
    images = []
    for file in files:
        pixels, _ = read_image(file)
        if channels == 1 and len(pixels) == 3:
            pixels = np.round(np.tensordot(_LUMA, pixels, 1)).astype(np.uint8)[None]
        elif channels == 3 and len(pixels) == 1:
            pixels = pixels.repeat(3, axis=0)
        images.append(resize(pixels[None], side)[0])
    return np.stack(images)
