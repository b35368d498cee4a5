"""Deletion and insertion: what the network itself says of a map (Petsiuk et al. 2018, "RISE").

Pixels are replaced by a baseline in the order of the map, highest first, and the reconstruction
loss L of the changed image, which is input and target alike, is followed on the way. A map that
names the pixels behind a high loss makes it fall early: a small area under the deletion curve. Put
back onto the baseline, the same pixels make it rise early: a large area under the insertion curve.

Petsiuk et al. follow a class probability; here it is L over that of the unchanged image. No
baseline is neutral: black deletes nothing from a black background, and every baseline can make an
image that the network reconstructs worse. So there are several, and a curve may leave [0, 1].
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from novelty_maps.maps.ranking import top_pixels
from novelty_maps.networks.inputs import MEMORY_FORMAT, as_input, batch_of
from novelty_maps.networks.losses import image_losses
from novelty_maps.networks.outputs import evaluated
from novelty_maps.pipeline.boxes import Boxes, real_pixels, window
from novelty_maps.pipeline.errors import InputError

BASELINES = ("black", "mean", "reconstruction", "blurred")


class Curves(NamedTuple):
    """L over that of the unchanged image, after each step; (N, steps + 1) float64 each.

    Attributes:
        deletion: From the image to the baseline; column 0 is 1.
        insertion: From the baseline to the image; the last column is 1.
    """

    deletion: NDArray[np.float64]
    insertion: NDArray[np.float64]


def area(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area under curves (N, steps + 1) over the fraction of pixels, by trapezoids; (N,)."""
    areas: NDArray[np.float64] = np.trapezoid(curves, dx=1 / (curves.shape[1] - 1), axis=1)
    return areas


@torch.no_grad()
def baselines(
    network: nn.Module,
    images: NDArray[np.uint8],
    *,
    mean_image: NDArray[np.float32],
    batch_size: int,
    device: torch.device,
    boxes: Boxes | None = None,
) -> dict[str, NDArray[np.float32]]:
    """What pixels are replaced by, for each of `BASELINES`.

    Args:
        network: Autoencoder; it is copied, and the copy evaluated.
        images: (N, C, H, W) uint8.
        mean_image: Mean of the normal training images, (C, H, W) float32 in [0, 1].
        batch_size: Images at a time, fewer of large ones as of `batch_of`.
        device: Where to compute.
        boxes: (N, 4) of padded images; what is in a box is blurred by itself.

    Returns:
        Float32 in units of the pixel range: "black" and "mean" (C, H, W), the same for all images;
        "reconstruction" h(x), unbounded, and "blurred", the image after a Gaussian filter with a
        sixth of its side as standard deviation, (N, C, H, W).
    """
    network = evaluated(network, device)
    batch_size = batch_of(batch_size, images.shape[1:], device)
    reconstruction = np.empty(images.shape, np.float32)
    for start in range(0, len(images), batch_size):
        batch = torch.from_numpy(np.array(images[start : start + batch_size]))
        reconstruction[start : start + batch_size] = network(as_input(batch.to(device))).cpu()
    black = np.zeros(images.shape[1:], np.float32)
    values = (black, mean_image, reconstruction, _blurred(images / np.float32(255), boxes))
    return dict(zip(BASELINES, values, strict=True))


def _blurred(images: NDArray[np.floating], boxes: Boxes | None) -> NDArray[np.float32]:
    """Images (N, C, H, W) after a Gaussian with a sixth of their sides, or those of their boxes."""
    if boxes is None:
        height, width = images.shape[2:]
        return np.asarray(gaussian_filter(images, (0, 0, height / 6, width / 6)))
    blurred = images.copy()
    for image, box in zip(blurred, boxes, strict=True):
        place = slice(None), *window(box)
        image[place] = _blurred(image[place][None], None)[0]
    return blurred


@torch.no_grad()
def deletion_curves(
    network: nn.Module,
    images: NDArray[np.uint8],
    maps: NDArray[np.float32],
    baselines: Mapping[str, NDArray[np.float32]],
    *,
    steps: int,
    batch_size: int,
    device: torch.device,
    boxes: Boxes | None = None,
    on_batch: Callable[[int], object] = lambda count: None,
) -> dict[str, Curves]:
    """Deletion and insertion curves of one map for every image and baseline.

    Step k has k/steps of the pixels replaced, to the nearest whole pixel; a pixel's channels go
    together, and equal pixels go by lowest flat index. Padding is neither replaced nor part of the
    loss. The batch size changes nothing but float32 rounding.

    Args:
        network: Autoencoder; it is copied, and the copy evaluated.
        images: (N, C, H, W) uint8.
        maps: (N, H, W) float32, higher = earlier.
        baselines: Name to replacements, (N, C, H, W) or (C, H, W) float32.
        steps: Number of steps.
        batch_size: Changed images at a time, fewer of large ones as of `batch_of`.
        device: Where to compute.
        boxes: (N, 4) of padded images.
        on_batch: Called with the number of images done.

    Returns:
        Name of the baseline to its curves; NaN for an image whose own loss is 0.

    Raises:
        InputError: More steps than pixels or none, or a map holds NaN or infinity.
    """
    real = _real(boxes, maps.shape)
    every = _counts(real, steps)
    network = evaluated(network, device)
    batch_size = batch_of(batch_size, images.shape[1:], device)
    replacements = {name: np.broadcast_to(b, images.shape) for name, b in baselines.items()}
    curves = {name: np.empty((2, len(images), steps + 1)) for name in baselines}
    for start in range(0, len(images), batch_size):
        rows = slice(start, start + batch_size)
        x = as_input(torch.from_numpy(np.array(images[rows])).to(device))
        counted = None if boxes is None else torch.from_numpy(real[rows]).to(device)
        first, last = (place.to(device) for place in _places(maps[rows], real[rows]))
        counts = every[:, rows].to(device)
        unchanged = _losses(network, x, counted)[None]
        scale = torch.where(unchanged > 0, unchanged, torch.nan)
        for name, replacement in replacements.items():
            b = torch.from_numpy(np.array(replacement[rows])).to(device)
            path = partial(_path, network, x, b, real=counted, batch_size=batch_size)
            deleted = path(first, counts[1:])
            # Before the k first pixels are put back, the n − k last ones are replaced.
            inserted = path(last, counts[-1] - counts[1:-1])
            deletion = torch.cat([unchanged, deleted]) / scale
            insertion = torch.cat([deleted[-1:], inserted, unchanged]) / scale
            curves[name][:, rows] = torch.stack([deletion.T, insertion.T]).cpu()
        on_batch(len(x))
    return {name: Curves(*both) for name, both in curves.items()}


def _real(boxes: Boxes | None, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    real = real_pixels(boxes, shape[1:])
    return np.ones(shape, np.bool_) if real is None else real


def _counts(real: NDArray[np.bool_], steps: int) -> Tensor:
    """How many pixels of each image are replaced after each step, (steps + 1, N) int32."""
    pixels = real.sum(axis=(1, 2))
    least = int(pixels.min())
    if not 1 <= steps <= least:
        raise InputError(
            f"faithfulness.steps is {steps}: an image has {least} pixels, so use 1..{least}"
        )
    return torch.from_numpy(np.rint(np.linspace(0, pixels, steps + 1)).astype(np.int32))


def _places(maps: NDArray[np.float32], real: NDArray[np.bool_]) -> tuple[Tensor, Tensor]:
    """Place of each pixel in the order of its map and in the reverse; (N, 1, H, W) int32 each.

    The first has place 0. Padding comes after all places that there are.
    """
    order = top_pixels(maps).astype(np.intp)
    counts = np.take_along_axis(real.reshape(order.shape), order, axis=1)
    forwards = counts.cumsum(axis=1, dtype=np.int32) - 1
    found = []
    for in_order in (forwards, forwards[:, -1:] - forwards):
        places = np.empty_like(in_order)
        np.put_along_axis(places, order, np.where(counts, in_order, order.shape[1]), axis=1)
        found.append(torch.from_numpy(places.reshape(maps.shape)).unsqueeze(1))
    return found[0], found[1]


def _path(
    network: nn.Module,
    x: Tensor,
    replacement: Tensor,
    place: Tensor,
    counts: Tensor,
    *,
    real: Tensor | None,
    batch_size: int,
) -> Tensor:
    """L of n images with their first pixels replaced, for each of their counts (k, n); (k, n)."""
    losses = [x.new_empty(0, len(x), dtype=torch.float64)]
    for several in counts.split(max(1, batch_size // len(x))):
        replaced = place < several[:, :, None, None, None]
        changed = torch.where(replaced, replacement, x).flatten(0, 1)
        own = None if real is None else real.repeat(len(several), 1, 1)
        losses.append(_losses(network, changed, own).view(len(several), len(x)))
    return torch.cat(losses)


def _losses(network: nn.Module, x: Tensor, real: Tensor | None) -> Tensor:
    """Reconstruction loss of each image, that which the network is trained by; (N,) float64."""
    x = x.contiguous(memory_format=MEMORY_FORMAT)
    return image_losses(network, x, network(x), real).double()
