"""Figure of what a model of images takes for images: samples that it has drawn itself."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from novelty_maps.figures.style import STYLE, in_words

_ACROSS = 8  # images in a row


def samples_figure(samples: Mapping[str, NDArray[np.floating]]) -> Figure:
    """A sheet of samples a network, side by side.

    Args:
        samples: Network to (N, C, H, W) in [0, 1], C 1 or 3.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.2 * len(samples), 3.4))
        for axis, (name, images) in zip(
            figure.subplots(1, len(samples), squeeze=False).flat, samples.items(), strict=True
        ):
            axis.imshow(sheet(images), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            axis.set(title=in_words(name), xticks=[], yticks=[])
    return figure


def sheet(images: NDArray[np.floating]) -> NDArray[np.floating]:
    """Images (N, C, H, W) in rows of eight, white lines of a pixel between them.

    Returns:
        (rows · (H + 1), 8 · (W + 1)), or (..., 3) of images in colour; the last row is filled up
        with white.
    """
    rows = -(-len(images) // _ACROSS)
    places = [(0, rows * _ACROSS - len(images)), (0, 0), (0, 1), (0, 1)]
    _, channels, height, width = (padded := np.pad(images, places, constant_values=1)).shape
    grid = padded.reshape(rows, _ACROSS, channels, height, width).transpose(0, 3, 1, 4, 2)
    whole: NDArray[np.floating] = grid.reshape(rows * height, _ACROSS * width, channels)
    return whole[..., 0] if channels == 1 else whole
