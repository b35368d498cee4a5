"""Figure 1: which images are shown, and their maps side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from novelty_maps.figures.style import KINDS, ORANGE, SKY_BLUE, STYLE, in_words
from novelty_maps.maps.ranking import scaled_map, top_pixels

MARKED_MAPS = ("reconstruction_error", "saliency")  # whose top K are marked


def draw_examples(
    novel: NDArray[np.bool_], *, count: int, generator: np.random.Generator
) -> NDArray[np.intp]:
    """Rows to show: up to `count` normal ones, then up to `count` novel ones, at random."""
    kinds = (np.flatnonzero(~novel), np.flatnonzero(novel))
    return np.concatenate(
        [generator.choice(rows, min(count, len(rows)), replace=False) for rows in kinds]
    )


def for_display(images: NDArray[np.floating]) -> NDArray[np.floating]:
    """Images (N, C, H, W) as matplotlib takes them, (N, H, W) or (N, H, W, 3), cut to [0, 1]."""
    channels_last: NDArray[np.floating] = np.clip(images, 0, 1).transpose(0, 2, 3, 1)
    return channels_last[..., 0] if channels_last.shape[-1] == 1 else channels_last


def shown_columns(
    images: NDArray[np.uint8],
    reconstructions: NDArray[np.float32],
    maps: Mapping[str, NDArray[np.float32]],
) -> dict[str, NDArray[np.floating]]:
    """What `maps_figure` shows of each image.

    Args:
        images: (rows, C, H, W) uint8.
        reconstructions: (rows, C, H, W) float32.
        maps: Each of `MARKED_MAPS`, (rows, H, W) float32.

    Returns:
        Title to images, (rows, H, W) or (rows, H, W, 3) in [0, 1]; the input is the first.
    """
    saliency = scaled_map(maps["saliency"])
    return {
        "input": for_display(images / 255),
        "reconstruction": for_display(reconstructions),
        "saliency": saliency,
        "squared saliency": saliency**2,
        "recon. error": scaled_map(maps["reconstruction_error"]),
    }


def maps_figure(
    columns: Mapping[str, NDArray[np.floating]],
    maps: Mapping[str, NDArray[np.float32]],
    rows: pd.DataFrame,
    *,
    classes: Sequence[str],
    k: int,
    colormap: str,
) -> Figure:
    """Figure 1 of the paper, and one column more: the top K of both maps on the input.

    Args:
        columns: As `shown_columns` returns them.
        maps: Each of `MARKED_MAPS`, (rows, H, W) float32.
        rows: The images' rows of the index table: label, novel.
        classes: Name of each class, in label order.
        k: The K.
        colormap: matplotlib colour map of one-channel images.
    """
    first = next(iter(columns.values()))
    size = (1.1 * (len(columns) + 1) + 0.5, 1.1 * len(rows) + 0.75)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size)
        axes = figure.subplots(len(rows), len(columns) + 1, squeeze=False)
        for column, images in zip(axes.T, columns.values(), strict=False):
            for axis, image in zip(column, images, strict=True):
                _show(axis, image, colormap=colormap)
        for axis, label, novel in zip(axes[:, 0], rows["label"], rows["novel"], strict=True):
            kind, color = KINDS[novel]
            name = in_words(classes[label])
            axis.set_ylabel((" " if len(name) < 3 else "\n").join((kind, name)), color=color)
        for row, axis in enumerate(axes[:, -1]):
            _show(axis, first[row], colormap=colormap, alpha=0.45)
            _mark_pixels(axis, {name: maps[name][row] for name in MARKED_MAPS}, k)
        for axis, title in zip(axes[0], [*columns, f"top {k} of both"], strict=True):
            axis.set_title(title)
        figure.legend(*axes[0, -1].get_legend_handles_labels(), loc="outside lower right", ncols=2)
    return figure


def _show(axis: Axes, image: NDArray[np.floating], *, colormap: str, alpha: float = 1.0) -> None:
    axis.imshow(image, cmap=colormap, vmin=0, vmax=1, alpha=alpha, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def _mark_pixels(axis: Axes, maps: Mapping[str, NDArray[np.float32]], k: int) -> None:
    """Mark the K highest pixels of each map (H, W)."""
    looks: dict[str, dict[str, Any]] = {
        "reconstruction_error": {"marker": "s", "facecolors": "none", "edgecolors": ORANGE},
        "saliency": {"marker": "x", "color": SKY_BLUE},
    }
    for name, map_ in maps.items():
        height, width = map_.shape
        rows, columns = np.divmod(top_pixels(map_[None], k)[0], width)
        label = name.replace("_", " ")
        axis.scatter(columns, rows, s=16, linewidths=1.1, label=label, **looks[name])
        axis.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
