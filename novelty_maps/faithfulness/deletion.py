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
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from novelty_maps.maps.ranking import top_pixels
from novelty_maps.networks.inputs import MEMORY_FORMAT, as_input
from novelty_maps.networks.losses import image_losses
from novelty_maps.networks.outputs import evaluated
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
) -> dict[str, NDArray[np.float32]]:
    """What pixels are replaced by, for each of `BASELINES`.

    Args:
        network: Autoencoder; it is copied, and the copy evaluated.
        images: (N, C, H, W) uint8.
        mean_image: Mean of the normal training images, (C, H, W) float32 in [0, 1].
        batch_size: Images at a time.
        device: Where to compute.

    Returns:
        Float32 in units of the pixel range: "black" and "mean" (C, H, W), the same for all images;
        "reconstruction" h(x), unbounded, and "blurred", the image after a Gaussian filter with a
        sixth of its side as standard deviation, (N, C, H, W).
    """
    network = evaluated(network, device)
    reconstruction = np.empty(images.shape, np.float32)
    for start in range(0, len(images), batch_size):
        batch = torch.from_numpy(np.array(images[start : start + batch_size]))
        reconstruction[start : start + batch_size] = network(as_input(batch.to(device))).cpu()
    height, width = images.shape[2:]
    blurred = gaussian_filter(images / np.float32(255), (0, 0, height / 6, width / 6))
    black = np.zeros(images.shape[1:], np.float32)
    values = (black, mean_image, reconstruction, blurred)
    return dict(zip(BASELINES, values, strict=True))


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
    on_batch: Callable[[int], object] = lambda count: None,
) -> dict[str, Curves]:
    """Deletion and insertion curves of one map for every image and baseline.

    Step k has k/steps of the pixels replaced, to the nearest whole pixel; a pixel's channels go
    together, and equal pixels go by lowest flat index. The batch size changes nothing but float32
    rounding.

    Args:
        network: Autoencoder; it is copied, and the copy evaluated.
        images: (N, C, H, W) uint8.
        maps: (N, H, W) float32, higher = earlier.
        baselines: Name to replacements, (N, C, H, W) or (C, H, W) float32.
        steps: Number of steps.
        batch_size: Changed images at a time.
        device: Where to compute.
        on_batch: Called with the number of images done.

    Returns:
        Name of the baseline to its curves; NaN for an image whose own loss is 0.

    Raises:
        InputError: More steps than pixels or none, or a map holds NaN or infinity.
    """
    pixels = maps.shape[1] * maps.shape[2]
    if not 1 <= steps <= pixels:
        raise InputError(
            f"faithfulness.steps is {steps}: an image has {pixels} pixels, so use 1..{pixels}"
        )
    network = evaluated(network, device)
    replacements = {name: np.broadcast_to(b, images.shape) for name, b in baselines.items()}
    counts = torch.from_numpy(np.rint(np.linspace(0, pixels, steps + 1)).astype(np.int32))
    counts = counts.to(device)
    curves = {name: np.empty((2, len(images), steps + 1)) for name in baselines}
    for start in range(0, len(images), batch_size):
        rows = slice(start, start + batch_size)
        x = as_input(torch.from_numpy(np.array(images[rows])).to(device))
        place = torch.from_numpy(_places(maps[rows])).to(device).unsqueeze(1)
        unchanged = _losses(network, x)[None]
        scale = torch.where(unchanged > 0, unchanged, torch.nan)
        for name, replacement in replacements.items():
            b = torch.from_numpy(np.array(replacement[rows])).to(device)
            deleted = _path(network, x, b, place, counts[1:], batch_size)
            # Before the k first pixels are put back, the n − k last ones are replaced.
            inserted = _path(network, x, b, pixels - 1 - place, pixels - counts[1:-1], batch_size)
            deletion = torch.cat([unchanged, deleted]) / scale
            insertion = torch.cat([deleted[-1:], inserted, unchanged]) / scale
            curves[name][:, rows] = torch.stack([deletion.T, insertion.T]).cpu()
        on_batch(len(x))
    return {name: Curves(*both) for name, both in curves.items()}


def _places(maps: NDArray[np.float32]) -> NDArray[np.int32]:
    """Place of each pixel in the order of its map, 0 for the highest; (N, H, W) int32."""
    order = top_pixels(maps)
    places = np.empty_like(order)
    in_order = np.arange(order.shape[1], dtype=np.int32)[None]
    np.put_along_axis(places, order.astype(np.intp), in_order, axis=1)
    return places.reshape(maps.shape)


def _path(
    network: nn.Module,
    x: Tensor,
    replacement: Tensor,
    place: Tensor,
    counts: Tensor,
    batch_size: int,
) -> Tensor:
    """L of n images with their first pixels replaced, for each count of these; (counts, n)."""
    losses = [x.new_empty(0, len(x), dtype=torch.float64)]
    for several in counts.split(max(1, batch_size // len(x))):
        replaced = place < several.view(-1, 1, 1, 1, 1)
        changed = torch.where(replaced, replacement, x).flatten(0, 1)
        losses.append(_losses(network, changed).view(len(several), len(x)))
    return torch.cat(losses)


def _losses(network: nn.Module, x: Tensor) -> Tensor:
    """Reconstruction loss of each image, that which the network is trained by; (N,) float64."""
    x = x.contiguous(memory_format=MEMORY_FORMAT)
    return image_losses(network, x, network(x)).double()
