"""The detectors by the names of their maps, fitted on normal training images."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn import functional

from novelty_maps.detectors.features import BATCH, PatchFeatures, real_patches
from novelty_maps.detectors.imagenet import imagenet_network
from novelty_maps.detectors.padim import PaDiM
from novelty_maps.detectors.patchcore import PatchCore
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.pipeline.boxes import Boxes
from novelty_maps.pipeline.rows import Images

# Images (N, C, H, W) float32 in [0, 1], and their boxes (N, 4) where some are padded, to maps
# (N, H, W) float32, on one device.
Detector = Callable[[Tensor, Boxes | None], Tensor]

_KINDS: dict[str, Callable[[PatchFeatures, Images, Boxes | None], Callable[[Tensor], Tensor]]] = {
    "patchcore": PatchCore,
    "padim": PaDiM,
}
_SIGMA = 4 / 224  # of the blur, as a share of the image's side


def fit_detectors(
    methods: Sequence[str],
    images: Images,
    params: DetectorsParams,
    *,
    device: torch.device,
    boxes: Boxes | None = None,
) -> dict[str, Detector]:
    """The detectors among some maps, fitted.

    Args:
        methods: Names of maps; those of no detector are passed over.
        images: Normal training images (N, C, H, W) uint8, of which a few are read at a time.
        params: The frozen network.
        device: Where to compute.
        boxes: (N, 4) of the images, where some are padded.

    Raises:
        InputError: As of `imagenet_network`.
    """
    features = PatchFeatures(
        imagenet_network(params),
        images,
        image_size=params.image_size,
        device=device,
        boxes=boxes,
    )
    return {
        name: partial(detector_map, _KINDS[name](features, images, boxes))
        for name in methods
        if name in _KINDS
    }


def detector_map(
    distances: Callable[[Tensor], Tensor], images: Tensor, boxes: Boxes | None = None
) -> Tensor:
    """The map of each image: distances of its patches, enlarged and blurred.

    Bilinear, then a Gaussian of 4 pixels in 224 (Roth et al. 2022, section 3.3; Defard et al. 2021,
    section IV-C). In padding a distance is that of the nearest real patch, so that what lies there
    does not reach the image.

    Args:
        distances: Images to distances (n, h, w), asked of a few images at a time.
        images: (N, C, H, W) float32 in [0, 1].
        boxes: (N, 4), where some are padded.

    Returns:
        (N, H, W) float32.
    """
    size = images.shape[2:]
    found = torch.cat([distances(few) for few in images.split(BATCH)])
    if boxes is not None:
        real = real_patches(boxes, images, found)
        found = torch.stack([_continued(*each) for each in zip(found, real, strict=True)])
    maps = functional.interpolate(found[:, None], size, mode="bilinear")[:, 0]
    blurred = gaussian_filter(maps.cpu().numpy(), [0.0, *(_SIGMA * side for side in size)])
    return torch.from_numpy(blurred).to(images.device)


def _continued(distances: Tensor, real: Tensor) -> Tensor:
    """Distances (h, w) with those of the real patches, a rectangle, continued beyond its edges."""
    rows, columns = (real.any(dim).nonzero()[:, 0] for dim in (1, 0))
    if not len(rows):  # the image is thinner than a patch
        return distances
    across, down = (
        torch.arange(count, device=real.device).clamp(int(own[0]), int(own[-1]))
        for count, own in ((real.shape[1], columns), (real.shape[0], rows))
    )
    return distances[down][:, across]
