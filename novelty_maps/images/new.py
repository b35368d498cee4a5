"""Images that are no part of the data set: found, named, and brought to a network's shape."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from novelty_maps.images.decoding import SUFFIXES, read_image
from novelty_maps.images.fit import Fit, boxes_of_sizes, fit_image
from novelty_maps.images.listing import images_below
from novelty_maps.pipeline.boxes import Boxes
from novelty_maps.pipeline.errors import InputError

# ITU-R BT.601. Pillow's convert("L") has the same weights in whole numbers, which gives one colour
# in 1,800 the next grey level.
_LUMA = np.array([0.299, 0.587, 0.114])


SCORES = "scores.csv"  # the table of the scores, by which a folder of results is known
_COLUMNS = b"file,novelty_score,p_value"  # with which it begins
# Bytes. Results add .MAP.mask.png, and more while they are written, to at most 255.
_LONGEST_NAME = 190


def find_images(given: Sequence[Path], *, output: Path) -> dict[str, Path]:
    """Image files, and those of folders and the folders in them, in sorted order.

    Args:
        given: Files and folders; in folders, results, hidden files and files without an image's
            suffix are passed over, as of `listing.images_below`.
        output: Folder for the results, which may lie in a folder of images, not images in it.

    Returns:
        Name for the results, the path below the folder given without its suffix, to file.

    Raises:
        InputError: A path does not exist or holds results, there is no image, two have the same
            name, or one has a name too long.
    """
    found: dict[str, Path] = {}
    for path in given:
        _require_no_results(path, output)
        if path.is_dir():
            named = [(file.relative_to(path), file) for file in _images_in(path, output)]
        elif path.is_file():
            named = [(Path(path.name), path)]
        else:
            raise InputError(f"{path} does not exist: give image files or folders of them")
        for name, file in named:
            key = name.with_suffix("").as_posix()
            if key in found:
                raise InputError(
                    f"{found[key]} and {file} would have results of the same name ({key}): score"
                    " them one after the other, with another --output"
                )
            if len(os.fsencode(name.stem)) > _LONGEST_NAME:
                raise InputError(
                    f"{file} has a name too long for results that are named after it: shorten it to"
                    f" {_LONGEST_NAME} bytes"
                )
            found[key] = file
    return found


def find_normal(folder: Path, *, output: Path) -> list[Path]:
    """Image files of a folder of normal images, sorted, as `find_images` finds them.

    Raises:
        InputError: There is no such folder, or no image in it, or it holds results.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give one of normal images")
    _require_no_results(folder, output)
    return _images_in(folder, output)


def _images_in(folder: Path, output: Path) -> list[Path]:
    """Image files in a folder and those in it, but for folders of results."""
    found = list(images_below(folder, left_out=lambda inside: _has_results(inside, output)))
    if not found:
        raise InputError(f"{folder} holds no images ({', '.join(SUFFIXES)}): give another folder")
    return found


def _require_no_results(path: Path, output: Path) -> None:
    place, results = path.resolve(), output.resolve()
    if results in (place, *place.parents):
        raise InputError(
            f"{path} is in the folder for the results ({output}), where results and images would"
            " mix: give another --output"
        )
    if _has_results(path, output):
        raise InputError(
            f"{path} holds results of an earlier run beside {SCORES}: give a folder of images alone"
        )


def _has_results(folder: Path, output: Path) -> bool:
    """Whether a folder is the one for the results, or holds those of an earlier run."""
    try:
        with (folder / SCORES).open("rb") as file:
            earlier = file.read(len(_COLUMNS)) == _COLUMNS
    except OSError:
        earlier = False
    return earlier or folder.resolve() == output.resolve()


def read_images(
    files: Iterable[Path], shape: tuple[int, ...], fit: Fit
) -> tuple[NDArray[np.uint8], Boxes | None]:
    """Images of any size as (N, C, H, W) uint8; colour becomes grey for one channel.

    Args:
        files: Image files.
        shape: (C, H, H) that they are brought to.
        fit: How those that are not square are, as of `fit`.

    Returns:
        The images; and their boxes, None if none is padded.

    Raises:
        InputError: A file cannot be read.
    """
    channels, side = shape[0], shape[1]
    images, sizes = [], []
    for file in files:
        pixels, _ = read_image(file)
        if channels == 1 and len(pixels) == 3:
            pixels = np.round(np.tensordot(_LUMA, pixels, 1)).astype(np.uint8)[None]
        elif channels == 3 and len(pixels) == 1:
            pixels = pixels.repeat(3, axis=0)
        images.append(fit_image(pixels, side, fit))
        sizes.append(pixels.shape[1:])
    return np.stack(images), boxes_of_sizes(sizes, side, fit)
