"""Speed and memory of AUPRO: ours, anomalib's, a sort of all pixels, and a loop over thresholds.

    python -m benchmarks.aupro
    python -m benchmarks.aupro --count 200 --size 128

All sides see the same maps in turns, and their results are compared. Memory is the peak of a
fresh process over what it held before the call. anomalib is no dependency of the project: where
it is not installed, its side is left out. With `--record` it gives the values that
tests/localization/test_aupro_oracle.py keeps.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Annotated

import numpy as np
import typer
from scipy import ndimage

from novelty_maps.localization import aupro

LIMIT = 0.3
THRESHOLDS = 200  # of the loop, as in widely copied evaluation code


def ours(maps: np.ndarray, masks: np.ndarray) -> float:
    """This project's."""
    return aupro.aupro(maps, masks, LIMIT)


def anomalib(maps: np.ndarray, masks: np.ndarray) -> float:
    """The metric of the library anomalib, all images in one batch."""
    import torch

    from novelty_maps.machine.torchvision_import import load_torchvision

    load_torchvision()
    from anomalib.metrics import AUPRO

    metric = AUPRO(fields=("maps", "masks"), fpr_limit=LIMIT)
    metric.update(SimpleNamespace(maps=torch.from_numpy(maps), masks=torch.from_numpy(masks)))
    return float(metric.compute())


def sort_all(maps: np.ndarray, masks: np.ndarray) -> float:
    """All pixels sorted, and cumulative sums, as in MVTec's evaluation code."""
    weight = np.zeros(maps.shape)
    count = 0
    for image, mask in enumerate(masks):
        labels, regions = ndimage.label(mask, np.ones((3, 3)))
        count += regions
        for region in range(1, regions + 1):
            inside = labels == region
            weight[image][inside] = 1 / inside.sum()
    order = np.argsort(-maps.ravel())
    values = maps.ravel()[order]
    last = np.append(values[:-1] != values[1:], True)
    rate = np.cumsum(~masks.ravel()[order])[last] / (~masks).sum()
    pro = np.cumsum(weight.ravel()[order])[last] / count
    return area(rate, pro)


def loop(maps: np.ndarray, masks: np.ndarray) -> float:
    """200 thresholds between the lowest and the highest value, region by region."""
    regions = []
    for image, mask in enumerate(masks):
        labels, count = ndimage.label(mask, np.ones((3, 3)))
        regions += [(image, labels == region) for region in range(1, count + 1)]
    normal = ~masks
    rate, pro = [], []
    for threshold in np.linspace(maps.max(), maps.min(), THRESHOLDS):
        found = maps >= threshold
        rate.append((found & normal).sum() / normal.sum())
        pro.append(np.mean([found[image][region].mean() for image, region in regions]))
    return area(np.array(rate), np.array(pro))


def area(rate: np.ndarray, pro: np.ndarray) -> float:
    """Area under the curve from (0, 0) to the limit, over the limit."""
    rate, pro = np.append(0, rate), np.append(0, pro)
    inside = rate < LIMIT
    end = np.interp(LIMIT, rate, pro)
    return float(np.trapezoid(np.append(pro[inside], end), np.append(rate[inside], LIMIT)) / LIMIT)


SIDES = {"ours": ours, "anomalib": anomalib, "sort of all pixels": sort_all, "loop": loop}


def data(count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Smooth noise, raised in the two rectangles that mark every other image."""
    generator = np.random.default_rng(0)
    maps = ndimage.gaussian_filter(generator.random((count, size, size)), (0, 1, 1))
    masks = np.zeros(maps.shape, bool)
    for mask in masks[::2]:
        for row, column in generator.integers(0, size - size // 4, (2, 2)):
            mask[row : row + size // 5, column : column + size // 6] = True
    return (maps + 0.2 * masks).astype(np.float32), masks


def recorded_cases() -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, maps and masks of the sets whose values the tests keep; integers, thus full of ties."""
    for name, levels, lift, share in (
        ("many ties", 12, 3, 0.2),
        ("few ties", 10_000, 2_500, 0.2),
        ("lower inside", 200, -40, 0.1),
        ("large regions", 500, 200, 0.6),
    ):
        generator = np.random.default_rng(levels)
        masks = generator.random((12, 16, 14)) < share
        masks[::3] = False
        maps = generator.integers(0, levels, masks.shape) + lift * masks
        yield name, maps.astype(np.float32), masks


def seconds(function: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def peak_memory(side: str, count: int, size: int) -> float:
    """MiB that a call holds at its peak beyond what there was before it; Linux only."""
    few = data(2, size)
    SIDES[side](*few)  # libraries are loaded
    maps, masks = data(count, size)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = _memory("VmRSS")
    SIDES[side](maps, masks)
    return _memory("VmHWM") - before


def _memory(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def main(
    count: Annotated[int, typer.Option(help="Number of images.")] = 2000,
    size: Annotated[int, typer.Option(help="Height and width of an image.")] = 28,
    repeats: Annotated[int, typer.Option(help="Turns of each side.")] = 5,
    memory: Annotated[str | None, typer.Option(help="Print this side's memory only.")] = None,
    record: Annotated[bool, typer.Option(help="Print anomalib's values for the tests.")] = False,
) -> None:
    """Print images per second, ratio to ours, memory and result of each side."""
    if record:
        for name, maps, masks in recorded_cases():
            print(f'"{name}": {anomalib(maps, masks)!r},')
        return
    if memory is not None:
        print(peak_memory(memory, count, size))
        return
    sides = dict(SIDES)
    if find_spec("anomalib") is None:
        print("anomalib is not installed: its side is left out")
        del sides["anomalib"]
    command = [sys.executable, "-m", "benchmarks.aupro", "--count", str(count)]
    command += ["--size", str(size), "--memory"]
    # Every large array is a mapping of its own, so that memory set free is no longer held.
    allocator = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"}
    peaks = {
        name: float(
            subprocess.run(
                [*command, name], check=True, stdout=subprocess.PIPE, env=allocator
            ).stdout
        )
        for name in sides
    }
    maps, masks = data(count, size)
    results = {name: side(maps, masks) for name, side in sides.items()}
    np.testing.assert_allclose(results["sort of all pixels"], results["ours"], rtol=1e-9)
    turns = [
        {name: seconds(lambda side=side: side(maps, masks)) for name, side in sides.items()}
        for _ in range(repeats)
    ]
    print(f"{count} images of {size}×{size}, {repeats} turns")
    for name in sides:
        ratios = [turn[name] / turn["ours"] for turn in turns]
        print(
            f"{name:>18}: {count / median(turn[name] for turn in turns):8.0f} images/s,"
            f" time over ours {median(ratios):6.1f} (from {min(ratios):.1f} to {max(ratios):.1f}),"
            f" memory {peaks[name]:6.1f} MiB, AUPRO {results[name]:.7f}"
        )


if __name__ == "__main__":
    typer.run(main)
