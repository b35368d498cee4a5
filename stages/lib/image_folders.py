"""A folder of image files as a data set. Its layout is one of two, and is found out by looking.

Class folders hold `train/<class>/*` and, where there is an official test part, `test/<class>/*`.
MVTec AD (Bergmann et al., CVPR 2019) holds `train/good/*`, `test/<kind>/*` and the masks
`ground_truth/<kind>/NAME_mask.png`, one for each test image that is not good, white where the image
is novel and black elsewhere.
"""

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.lib.errors import InputError
from stages.lib.image_files import SUFFIXES, read_image

if TYPE_CHECKING:
    from stages.lib.datasets import Dataset

_LEFT_BY_WINDOWS = {"thumbs.db", "desktop.ini"}
_MASKS = "ground_truth"


class ImageFile(NamedTuple):
    """An image file that is not read yet.

    Attributes:
        path: The file.
        label: Place of its class among the names of the classes.
        official_part: "train" or "test", or "none" where there is no folder `test`.
        mask: File of its ground-truth mask, where the layout has one for it.
    """

    path: Path
    label: int
    official_part: str
    mask: Path | None


class Listing(NamedTuple):
    """What a folder holds, by the names of its files.

    Attributes:
        folder: The folder.
        classes: Names in label order: sorted, but `good` first where training has only that.
        files: The images: train before test, then by label, then by file name.
    """

    folder: Path
    classes: list[str]
    files: list[ImageFile]


def list_images(path: str) -> Listing:
    """Classes and image files of a folder, without opening a file.

    Hidden files, Thumbs.db and desktop.ini are passed over.

    Args:
        path: The folder; `~` is the home folder.

    Raises:
        InputError: The folder is missing or in neither layout, it has one class only, a class
            folder is empty or holds another file than an image, or a mask is missing.
    """
    folder = Path(os.path.expanduser(path))  # noqa: PTH111  (Path's own raises for ~nobody)
    _require_layout(folder)
    class_folders = {
        part: _class_folders(folder / part)
        for part in ("train", "test")
        if (folder / part).is_dir()
    }
    classes = sorted({entry.name for entries in class_folders.values() for entry in entries})
    if len(classes) < 2:
        raise InputError(
            f"{folder} has one class only ({classes[0]}), so nothing in it is novel:"
            " add a folder of another class"
        )
    masks = folder / _MASKS if (folder / _MASKS).is_dir() else None
    trained = [entry.name for entry in class_folders["train"]]
    if trained == ["good"]:
        classes = ["good", *(name for name in classes if name != "good")]
    elif masks is not None:
        other = next(name for name in trained if name != "good")
        raise InputError(
            f"{folder / 'train' / other} is a training class beside masks in {masks}, where all"
            " training images are in train/good: move one of the two away"
        )
    label = {name: place for place, name in enumerate(classes)}
    files = [
        ImageFile(
            path=image,
            label=label[entry.name],
            official_part=part if "test" in class_folders else "none",
            mask=_mask_of(image, masks) if part == "test" and entry.name != "good" else None,
        )
        for part, entries in class_folders.items()
        for entry in sorted(entries, key=lambda entry: label[entry.name])
        for image in _images(entry)
    ]
    return Listing(folder, classes, files)


def load_folder(path: str, image_size: int) -> "Dataset":
    """Read the images of a folder, each brought to image_size × image_size as it is read.

    Images of that size are taken as they are; others are resized as `datasets.resize` does, and
    lose their proportions if they are not square. They have one channel if every file is grey, and
    are RGB otherwise. Grey values above 127 of a mask are novel; it is resized as
    `datasets.resize_mask` does.

    Args:
        path: The folder, in one of the layouts above.
        image_size: Side length in pixels.

    Returns:
        The data set; images (N, C, image_size, image_size) uint8 in the order of `list_images`,
        and masks (M, image_size, image_size) in the same order.
        Its one checksum is the SHA-256 of what `sha256sum` prints for the images and masks,
        sorted by their names in the folder.

    Raises:
        InputError: As of `list_images`; or an image cannot be read, or a mask is empty or has
            another size than its image.
    """
    from tqdm import tqdm

    from stages.lib.datasets import Dataset, resize, resize_mask

    folder, classes, files = list_images(path)
    images = np.empty((len(files), 1, image_size, image_size), np.uint8)
    with_mask = np.array([file.mask is not None for file in files])
    masks = np.empty((with_mask.sum(), image_size, image_size), np.bool_)
    mask_rows = np.where(with_mask, with_mask.cumsum() - 1, -1)
    digests: dict[Path, str] = {}
    sizes: set[tuple[int, int]] = set()
    with tqdm(files, unit="img", mininterval=0.5 if sys.stderr.isatty() else 10) as bar:
        for row, file in enumerate(bar):
            pixels, digests[file.path] = read_image(file.path)
            sizes.add((pixels.shape[1], pixels.shape[2]))
            if file.mask is not None:
                mask, digests[file.mask] = read_image(file.mask)
                _require_same_size(file, mask, pixels)
                masks[mask_rows[row]] = resize_mask(_novel_pixels(file, mask), image_size)
            if len(pixels) > images.shape[1]:  # the first image in colour
                images = np.repeat(images, len(pixels), axis=1)
            images[row] = resize(pixels[None], image_size)[0]
    return Dataset(
        images=images,
        labels=np.array([file.label for file in files], np.int64),
        official_part=np.array([file.official_part for file in files]),
        files={folder.resolve().name: f"sha256:{_checksum(folder, digests)}"},
        source="images of a folder",
        classes=classes,
        native_size=_describe_sizes(sizes),
        masks=masks,
        mask_rows=mask_rows,
    )


def _require_layout(folder: Path) -> None:
    if not folder.is_dir():
        hint = (
            "give the absolute path of a folder with train/<class>/ in it"
            if folder.is_absolute()
            else "give an absolute path, because DVC may run a stage in a folder of its own"
        )
        raise InputError(
            f"data.path is {folder}, which is no folder (seen from {Path.cwd()}): {hint}"
        )
    entries = _visible(folder)
    if not (folder / "train").is_dir():
        inner = [entry for entry in entries if (entry / "train").is_dir()]
        hint = f"take a folder in it, such as {inner[0]}, or " if inner else ""
        raise InputError(
            f"{folder} has no folder train: {hint}put the images in train/<class>/ and"
            " test/<class>/"
        )
    for entry in entries:
        known = entry.name in ("train", "test", _MASKS)
        if entry.suffix.lower() in SUFFIXES or (entry.is_dir() and not known):
            raise InputError(
                f"{entry} lies beside the folders train and test, where nothing is read:"
                " put its images into them or move it away"
            )


def _visible(folder: Path) -> list[Path]:
    """What a folder holds, sorted by name, without what file managers leave behind."""
    entries = [
        entry
        for entry in folder.iterdir()
        if not entry.name.startswith(".") and entry.name.lower() not in _LEFT_BY_WINDOWS
    ]
    return sorted(entries, key=lambda entry: entry.name)


def _class_folders(part: Path) -> list[Path]:
    entries = _visible(part)
    if not entries:
        raise InputError(f"{part} has no class folders: put one into it for each class")
    for entry in entries:
        if not entry.is_dir():
            raise InputError(f"{entry} is in no class folder: move it into one or remove it")
    return entries


def _images(class_folder: Path) -> list[Path]:
    entries = _visible(class_folder)
    if not entries:
        raise InputError(f"{class_folder} has no images: add some or remove the folder")
    for entry in entries:
        if entry.suffix.lower() not in SUFFIXES:
            raise InputError(
                f"{entry} is no image ({', '.join(SUFFIXES)}): convert it or move it away"
            )
    return entries


def _mask_of(image: Path, masks: Path | None) -> Path | None:
    if masks is None:
        return None
    mask = masks / image.parent.name / f"{image.stem}_mask.png"
    if not mask.is_file():
        raise InputError(
            f"{mask} does not exist: add this mask of {image},"
            f" or move {masks} away to go without masks"
        )
    return mask


def _require_same_size(file: ImageFile, mask: NDArray[np.uint8], pixels: NDArray[np.uint8]) -> None:
    if mask.shape[1:] != pixels.shape[1:]:
        found, wanted = ("×".join(map(str, array.shape[1:])) for array in (mask, pixels))
        raise InputError(
            f"{file.mask} has {found} pixels, but its image {file.path} has {wanted}:"
            " make the mask as large as the image"
        )


def _novel_pixels(file: ImageFile, mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where a mask (C, H, W) is rather white than black in some channel, (H, W)."""
    novel: NDArray[np.bool_] = mask.max(axis=0) > 127
    if not novel.any():
        raise InputError(
            f"{file.mask} marks nothing in {file.path}, no value in it is above 127:"
            " make what is novel white, or move image and mask away"
        )
    return novel


def _describe_sizes(sizes: set[tuple[int, int]]) -> str:
    """Height×width of images; of the smallest and the largest if they differ."""
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    ends = dict.fromkeys((ordered[0], ordered[-1]))
    return " to ".join(f"{height}×{width}" for height, width in ends)


def _checksum(folder: Path, digests: Mapping[Path, str]) -> str:
    """SHA-256 of the lines of `sha256sum`, so of names in the folder and contents alone."""
    lines = sorted(
        (os.fsencode(path.relative_to(folder).as_posix()), digest.encode())
        for path, digest in digests.items()
    )
    return hashlib.sha256(
        b"".join(b"%b  %b\n" % (digest, name) for name, digest in lines)
    ).hexdigest()
