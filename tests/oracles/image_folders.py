"""Folders of small random images in the layouts: class folders, MVTec AD and VisA."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZE = 8


def pixels_of(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def exif_of(orientation: int) -> bytes:
    """EXIF that says how an image is to be turned, 1..8."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def save(path: Path, pixels: np.ndarray | None = None, **options: Any) -> np.ndarray:
    """Write an image, by default of random colours; returns its pixels (H, W) or (H, W, 3)."""
    if pixels is None:
        pixels = pixels_of(len(path.as_posix()) + sum(path.name.encode()), SIZE, SIZE, 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return pixels


def class_folders(folder: Path) -> Path:
    """Class folders: two classes of three training images and two test images each."""
    for part, count in (("train", 3), ("test", 2)):
        for name in ("dog", "cat"):
            for number in range(count):
                save(folder / part / name / f"{number}.png")
    return folder


def defect(row: int, column: int) -> np.ndarray:
    """Mask of one square of two pixels a side."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[row : row + 2, column : column + 2] = 255
    return mask


def mvtec(folder: Path) -> Path:
    """MVTec AD: forty good images for training; good ones and two kinds of anomaly for test."""
    for number in range(40):
        save(folder / "train/good" / f"{number:03}.png")
    for kind in ("good", "contamination", "broken"):
        for number in range(3):
            save(folder / "test" / kind / f"{number:03}.png")
            if kind != "good":
                mask = defect(number, 2 if kind == "broken" else 5)
                save(folder / "ground_truth" / kind / f"{number:03}_mask.png", mask)
    (folder / "license.txt").write_text("CC BY-NC-SA 4.0")
    return folder


def visa(folder: Path) -> Path:
    """VisA: twenty normal images, and ten anomalies with masks whose levels are labels."""
    for number in range(20):
        save(folder / "Data/Images/Normal" / f"{number:04}.png")
    for number in range(10):
        save(folder / "Data/Images/Anomaly" / f"{number:03}.png")
        mask = defect(number % 6, 2) // 255 * (1 + number % 3)
        mask[number % 6, 5] = 7
        save(folder / "Data/Masks/Anomaly" / f"{number:03}.png", mask)
    (folder / "image_anno.csv").write_text("image,label,mask\n")
    return folder
