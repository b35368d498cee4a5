"""What memory depends on: a batch, not how many images there are.

NumPy's own count of its arrays (tracemalloc) while many images are worked on, against that of a
few. Batches are made small, so that both are many batches.
"""

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracles.image_folders import save
from oracles.parameters import section

from novelty_maps.agreement import files, ranks, tables
from novelty_maps.images import resize
from novelty_maps.maps.names import COMPARED_MAPS
from novelty_maps.params.data import DataParams
from novelty_maps.pipeline import arrays, formats, rows
from novelty_maps.pipeline.parts import load_part, mean_image
from novelty_maps.pipeline.paths import RAW_IMAGES, SPLIT
from novelty_maps.statistics import intervals
from stages import fetch

SIDE = 64
FEW, MANY = 64, 192


@pytest.fixture(autouse=True)
def small_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for module in (resize, rows):
        monkeypatch.setattr(module, "_BATCH", 8)
    monkeypatch.setattr(ranks, "_PIXELS", 8 * SIDE**2)
    monkeypatch.setattr(intervals, "_VALUES", 2**14)
    monkeypatch.setattr(arrays, "_IN_MEMORY", 8 * SIDE**2)


def growth(work: Callable[[int], object]) -> float:
    """Bytes a pixel by which the peak grows from few images to many."""
    work(FEW)  # what is made once
    peaks = []
    for count in (FEW, MANY):
        tracemalloc.start()
        work(count)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return (peaks[1] - peaks[0]) / ((MANY - FEW) * SIDE**2)


def in_batches(count: int) -> Iterator[np.ndarray]:
    """So many random images, made and thrown away."""
    generator = np.random.default_rng(0)
    return (generator.random((8, SIDE, SIDE), dtype=np.float32) for _ in range(0, count, 8))


def test_growth_is_seen_where_there_is_one() -> None:
    assert growth(lambda count: np.concatenate([*in_batches(count)])) > 4
    assert abs(growth(lambda count: [batch.sum() for batch in in_batches(count)])) < 0.1


@pytest.mark.parametrize("size", [SIDE, SIDE // 2])
def test_fetch_holds_no_more_for_more_images(size: int, tmp_path: Path) -> None:
    for count in (FEW, MANY):
        for number in range(count):
            pixels = np.full((SIDE, SIDE), number, np.uint8)
            save(tmp_path / str(count) / "train" / str(number % 2) / f"{number}.png", pixels)

    def fetched(count: int) -> None:
        path = str(tmp_path / str(count))
        fetch.main(section(DataParams, "data", name="folder", path=path, image_size=size))

    assert growth(fetched) < 0.4  # an image has a byte a pixel; its name and checksum count here


def test_images_of_a_part_are_read_by_the_batch() -> None:
    def read(count: int) -> None:
        with arrays.stream_array(RAW_IMAGES, (count, 1, SIDE, SIDE), np.uint8) as stream:
            for batch in in_batches(count):
                stream.append((255 * batch[:, None]).astype(np.uint8))
        row = np.arange(count)
        table = pd.DataFrame({"row": row, "source_row": row[::-1], "label": 0, "novel": 0})
        formats.write_table(SPLIT, table.assign(part="train"))
        images, _ = load_part("train", novel=False)
        mean_image(images)
        images.in_order()

    assert growth(read) < 0.1


def test_maps_are_compared_by_the_batch() -> None:
    def compared(count: int) -> None:
        maps = {}
        for name in COMPARED_MAPS:
            spool = arrays.Spool((SIDE, SIDE), np.float32)
            for batch in in_batches(count):
                spool.extend(batch)
            maps[name] = spool.array()
        novel = np.arange(count) % 2 == 1
        drawn = np.random.default_rng(0)
        found = ranks.rank_maps(maps, novel, generator=drawn)
        tables.by_k(found, novel, width=SIDE, samples=20, generator=drawn)
        files.write_ranks(found, files.rank_paths())
        kept = files.load_ranks(files.rank_paths(), count, SIDE**2)
        row = np.arange(count)
        index = pd.DataFrame({"row": row, "source_row": row, "label": 0, "novel": novel * 1})
        tables.image_table(kept, index, k=10, width=SIDE)

    # The first 100 places of both maps, which distances are of, are a fortieth of the pixels.
    assert growth(compared) < 1
