"""What a folder of own images holds, by names alone. Its layout is one of three, found by looking.

Class folders hold `train/<class>/*` and, where there is an official test part, `test/<class>/*`.
MVTec AD (Bergmann et al., CVPR 2019) holds `train/good/*`, `test/<kind>/*` and the masks
`ground_truth/<kind>/NAME_mask.png`, one for each test image that is not good, white where the image
is novel and black elsewhere.

VisA (Zou et al., ECCV 2022) holds `Images/Normal/*` and `Images/Anomaly/*` and the masks
`Masks/Anomaly/NAME.png` of the latter, all in a folder `Data` or not. There is no official split.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from novelty_maps.images.decoding import SUFFIXES
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.outside import outside_path

_LEFT_BEHIND = {"thumbs.db", "desktop.ini", "@eadir", "__macosx"}  # by file managers, archivers
_MASKS = "ground_truth"
_VISA = ("Normal", "Anomaly")  # its classes, in label order


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
        classes: Names, as of `as_text`, in label order: sorted, but `good` first where training
            has only that, and Normal before Anomaly.
        files: The images: train before test, then by label, then by file name.
    """

    folder: Path
    classes: list[str]
    files: list[ImageFile]


def list_images(path: str) -> Listing:
    """Classes and image files of a folder, without opening a file.

    What is not `visible` is passed over.

    Args:
        path: The folder, as of `outside.outside_path`.

    Raises:
        InputError: The folder is missing or in none of the layouts, it has one class only, a class
            folder is empty or holds another file than an image, or a mask is missing.
    """
    folder = outside_path(path)
    if images := _visa_images(folder):
        return Listing(folder, list(_VISA), _visa_files(images))
    _require_layout(folder)
    class_folders = {
        part: _class_folders(folder / part)
        for part in ("train", "test")
        if (folder / part).is_dir()
    }
    masks = folder / _MASKS if (folder / _MASKS).is_dir() else None
    classes = _class_names(folder, class_folders, masks)
    label = {name: place for place, name in enumerate(classes)}
    files = [
        ImageFile(
            path=image,
            label=label[entry.name],
            official_part=part if "test" in class_folders else "none",
            mask=_mask_of(image, masks, f"{entry.name}/{image.stem}_mask.png")
            if part == "test" and entry.name != "good"
            else None,
        )
        for part, entries in class_folders.items()
        for entry in sorted(entries, key=lambda entry: label[entry.name])
        for image in _images(entry)
    ]
    return Listing(folder, [as_text(name) for name in classes], files)


def as_text(name: str | Path) -> str:
    r"""A file's name as text that any file can hold: bytes that are no UTF-8 become \x escapes."""
    return os.fsencode(name).decode(errors="backslashreplace")


def images_below(
    folder: Path, *, left_out: Callable[[Path], bool], above: frozenset[Path] = frozenset()
) -> Iterator[Path]:
    """Image files in a folder and in the folders in it, in the order of their paths.

    What is not `visible` is passed over, and so is every other file. Links are followed, but not
    back into a folder above.

    Args:
        folder: The folder.
        left_out: Whether a folder in it is passed over.
        above: Real paths of the folders that it was reached through.
    """
    above |= {folder.resolve()}
    for entry in visible(folder):
        if entry.is_dir():
            if entry.resolve() not in above and not left_out(entry):
                yield from images_below(entry, left_out=left_out, above=above)
        elif entry.suffix.lower() in SUFFIXES:
            yield entry


def _require_layout(folder: Path) -> None:
    if not folder.is_dir():
        hint = (
            "give the absolute path of a folder with train/<class>/ in it"
            if folder.is_absolute()
            else "give an absolute path, because DVC may run a stage in a folder of its own, or set"
            " DATASETS_ROOT to the folder that it is in"
        )
        raise InputError(
            f"data.path is {folder}, which is no folder (seen from {Path.cwd()}): {hint}"
        )
    entries = visible(folder)
    if not (folder / "train").is_dir():
        inner = [e for e in entries if (e / "train").is_dir() or _visa_images(e)]
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


def visible(folder: Path) -> list[Path]:
    """What a folder holds, sorted by name, without what is hidden or left by other programs.

    Hidden is what begins with a dot; left are Thumbs.db, desktop.ini, @eaDir and __MACOSX.
    """
    entries = [
        entry
        for entry in folder.iterdir()
        if not entry.name.startswith(".") and entry.name.lower() not in _LEFT_BEHIND
    ]
    return sorted(entries, key=lambda entry: entry.name)


def _class_folders(part: Path) -> list[Path]:
    entries = visible(part)
    if not entries:
        raise InputError(f"{part} has no class folders: put one into it for each class")
    for entry in entries:
        if not entry.is_dir():
            raise InputError(f"{entry} is in no class folder: move it into one or remove it")
    return entries


def _class_names(
    folder: Path, class_folders: Mapping[str, Sequence[Path]], masks: Path | None
) -> list[str]:
    """Names in label order, as of `Listing`."""
    names = sorted({entry.name for entries in class_folders.values() for entry in entries})
    if len(names) < 2:
        raise InputError(
            f"{folder} has one class only ({names[0]}), so nothing in it is novel:"
            " add a folder of another class"
        )
    trained = [entry.name for entry in class_folders["train"]]
    if trained == ["good"]:
        return ["good", *(name for name in names if name != "good")]
    if masks is not None:
        other = next(name for name in trained if name != "good")
        raise InputError(
            f"{folder / 'train' / other} is a training class beside masks in {masks}, where all"
            " training images are in train/good: move one of the two away"
        )
    return names


def _images(class_folder: Path) -> list[Path]:
    entries = visible(class_folder)
    if not entries:
        raise InputError(f"{class_folder} has no images: add some or remove the folder")
    for entry in entries:
        if entry.suffix.lower() not in SUFFIXES:
            raise InputError(
                f"{entry} is no image ({', '.join(SUFFIXES)}): convert it or move it away"
            )
    return entries


def _visa_images(folder: Path) -> Path | None:
    """The folder `Images` of VisA's layout, if a folder is in that."""
    places = (folder / "Data" / "Images", folder / "Images")
    found = (place for place in places if (place / _VISA[0]).is_dir())
    return None if (folder / "train").is_dir() else next(found, None)


def _visa_files(images: Path) -> list[ImageFile]:
    for entry in visible(images):
        if entry.name not in _VISA:
            raise InputError(
                f"{entry} lies beside the folder {_VISA[0]}, where only {_VISA[1]} is read:"
                " put its images into one of them or move it away"
            )
    masks = images.parent / "Masks"
    of_anomalies = masks / _VISA[1] if masks.is_dir() else None
    if not (images / _VISA[1]).is_dir():
        raise InputError(f"{images} has no folder {_VISA[1]}, so nothing in it is novel: add one")
    return [
        ImageFile(image, label, "none", _mask_of(image, of_anomalies if label else None, name))
        for label, kind in enumerate(_VISA)
        for image in _images(images / kind)
        for name in [f"{image.stem}.png"]
    ]


def _mask_of(image: Path, masks: Path | None, name: str) -> Path | None:
    if masks is None:
        return None
    mask = masks / name
    if not mask.is_file():
        raise InputError(
            f"{mask} does not exist: add this mask of {image},"
            f" or move {masks} away to go without masks"
        )
    return mask
