"""Folders of images, small enough to be made for each test."""

from pathlib import Path

import pytest
from oracles.image_folders import class_folders, mvtec, visa


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Class folders of cats and dogs."""
    return class_folders(tmp_path / "pets")


@pytest.fixture
def bottle(tmp_path: Path) -> Path:
    """The layout of MVTec AD."""
    return mvtec(tmp_path / "bottle")


@pytest.fixture
def candle(tmp_path: Path) -> Path:
    """A small folder in the layout of VisA."""
    return visa(tmp_path / "candle")
