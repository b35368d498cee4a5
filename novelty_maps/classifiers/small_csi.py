"""A small contrastive novelty detector after CSI (Tack et al. 2020); it never sees the classes.

Like CSI it learns to tell an image's second random view from all other images, an image rotated by
90, 180 or 270 degrees being another image, and also to tell the rotations apart. A novel image is
unlike all training images and its rotation hard to tell. A digit that looks the same upside down
(0, 1, 8) or like another (6, 9) contradicts both tasks.

Without shifts it is SimCLR (Chen et al. 2020) with CSI's plain score, what CSI is compared with.

It is small: the views are crops of at least half the image without changes of colour or mirroring,
the networks and batches are those of the other classifiers, and one view, the image itself, is
scored; CSI averages over 10 random views.
"""

from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample, normalize

from novelty_maps.classifiers.base import Classifier
from novelty_maps.classifiers.plain import error_rate
from novelty_maps.classifiers.transformation import ROTATIONS, rotate
from novelty_maps.networks.inputs import (
    BatchLoss,
    Forward,
    ValidationLoss,
    as_input,
    seeded_generator,
)
from novelty_maps.training.augmentation import shifted

TEMPERATURE = 0.5  # CSI's
LEAST_AREA = 0.5  # of a crop, as a share of the image; CSI's is 0.08
JITTER = 0.4  # contrast and brightness are multiplied by 0.6 to 1.4, as in CSI
_VIEWS = 0  # seed of the views of validation images


class SmallCsi(Classifier):
    """Backbone with two heads: which rotation, and a projection p that tells images apart.

    The four rotations are its classes, so that `logits` and the head are those of the rotation.

    Args:
        backbone: One of `BACKBONES`.
        shifts: Whether images are rotated; without, R = 1, and the head is not trained.
        image_shape: (C, H, W) of the images, H = W.
        classes: Not used: the network does not see the classes.
    """

    def __init__(
        self, backbone: str, *, shifts: bool, image_shape: tuple[int, ...], classes: int
    ) -> None:
        super().__init__(backbone, image_shape=image_shape, classes=ROTATIONS)
        self.rotations = ROTATIONS if shifts else 1
        self.projection = nn.Sequential(
            nn.Linear(self.length, self.length),
            nn.ReLU(),
            nn.Linear(self.length, self.length // 2),
        )

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """`z` (N, D), `projection` (N, R, P) and, with shifts, `shift_logits` (N, 4, 4).

        Entry [i, j] of the last two is of image i rotated j times by 90 degrees; z is of the image
        as it is.
        """
        rotated = [self.represent(rotate(x, turns)) for turns in range(self.rotations)]
        projection = torch.stack([self.projection(z) for z in rotated], dim=1)
        outputs = {"z": rotated[0], "projection": projection}
        if self.rotations > 1:
            outputs["shift_logits"] = torch.stack([self.head(z) for z in rotated], dim=1)
        return outputs

    def forward(self, x: Tensor) -> Any:
        """Projection (N, P), not normalised, and logits of the rotation (N, 4)."""
        z = self.represent(x)
        return self.projection(z), self.head(z)


def small_csi_loss(*, shifts: bool) -> BatchLoss:
    """Contrastive loss of two views of each rotated image + cross-entropy of the rotation, in nats.

    A batch of N images (the targets are not looked at) becomes 8N, so that a step takes about eight
    times as long as a classifier's.

    Args:
        shifts: Whether there are rotations; without, the loss is NT-Xent alone, of 2N views.
    """
    rotations = ROTATIONS if shifts else 1

    def loss(forward: Forward, generator: Generator, batch: tuple[Tensor, ...]) -> Tensor:
        images = batch[0]
        instances = torch.cat([rotate(images, turns) for turns in range(rotations)])
        projection, logits = forward(random_view(instances.repeat(2, 1, 1, 1), generator))
        contrastive = nt_xent(projection)
        if not shifts:
            return contrastive
        turns = torch.arange(ROTATIONS, device=images.device).repeat_interleave(len(images))
        return contrastive + cross_entropy(logits.float(), turns.repeat(2))

    return loss


def nt_xent(projection: Tensor, *, temperature: float = TEMPERATURE) -> Tensor:
    """Normalised temperature-scaled cross-entropy of SimCLR (Chen et al. 2020, eq. 1), a scalar.

    The mean over all 2M views of −log of the softmax, over all other views, of cosine / temperature
    at the view of the same instance.

    Args:
        projection: (2M, P); rows i and M + i are views of instance i.
        temperature: Divisor of the cosines.
    """
    return cross_entropy(*_likeness(projection, temperature))


def _likeness(projection: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Logits (2M, 2M) of which other view each view is like, and the places of the right ones."""
    count = len(projection)
    # Autocast would round the cosines to 8 bits.
    with torch.autocast(projection.device.type, enabled=False):
        unit = normalize(projection.float(), dim=1)
        similarity = unit @ unit.T / temperature
    similarity = similarity.masked_fill(
        torch.eye(count, dtype=torch.bool, device=unit.device), -torch.inf
    )
    return similarity, torch.arange(count, device=unit.device).roll(count // 2)


def random_view(images: Tensor, generator: Generator) -> Tensor:
    """A random view of each image: moved, cropped and resized, of other contrast and brightness.

    Args:
        images: (N, C, H, W) uint8.
        generator: CPU generator.

    Returns:
        (N, C, H, W) float32 in [0, 1].
    """
    return _jittered(_cropped(as_input(shifted(images, generator)), generator), generator)


def _cropped(x: Tensor, generator: Generator) -> Tensor:
    """A square part of each image, a share of 0.5 to 1 of its area, brought to the same size."""
    share, right, down = torch.rand(3, len(x), generator=generator)
    side = (LEAST_AREA + (1 - LEAST_AREA) * share).sqrt()
    # The image reaches from −1 to 1, so a crop's centre can lie up to 1 − side from 0.
    zero = torch.zeros_like(side)
    rows = (side, zero, (1 - side) * (2 * right - 1)), (zero, side, (1 - side) * (2 * down - 1))
    theta = torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)
    grid = affine_grid(theta.to(x.device), list(x.shape), align_corners=False)
    return grid_sample(x, grid, align_corners=False, padding_mode="border")


def _jittered(x: Tensor, generator: Generator) -> Tensor:
    """Each image with its own contrast, about its mean, and brightness; clamped to [0, 1]."""
    factors = 1 + JITTER * (2 * torch.rand(2, len(x), 1, 1, 1, generator=generator) - 1)
    contrast, brightness = factors.to(x.device)
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    changed: Tensor = (mean + contrast * (x - mean)) * brightness
    return changed.clamp(0, 1)


def rotation_error_rate(
    images: Tensor, targets: Tensor, *, batch_size: int, device: torch.device
) -> ValidationLoss:
    """Validation loss: the share of rotated images whose rotation is told wrongly, in float32.

    Every image counts four times, once in each rotation, as it is and not as a random view.
    Stopping looks at the rotation head alone: NT-Xent depends on the batch.

    Args:
        images: (N, C, H, H) uint8.
        targets: Not looked at: the network does not see the classes.
        batch_size: Images at a time.
        device: Where to compute.
    """
    rotated = torch.cat([rotate(images, turns) for turns in range(ROTATIONS)])
    turns = torch.arange(ROTATIONS).repeat_interleave(len(images))
    return error_rate(rotated, turns, batch_size=batch_size, device=device)


def view_error_rate(
    images: Tensor, targets: Tensor, *, batch_size: int, device: torch.device
) -> ValidationLoss:
    """Validation loss without shifts: the share of views that are most like another image's view.

    Two random views of each image, always the same, are compared within batches. The task is harder
    among more images, and the last batch may have fewer.

    Args:
        images: (N, C, H, W) uint8.
        targets: Not looked at.
        batch_size: Images at a time.
        device: Where to compute.
    """
    generator = seeded_generator(_VIEWS)
    views = [random_view(images, generator) for _ in range(2)]

    @torch.no_grad()
    def loss(network: nn.Module) -> float:
        wrong = 0
        for pair in zip(*(view.split(batch_size) for view in views), strict=True):
            projection, _ = network(torch.cat(pair).to(device))
            similarity, partner = _likeness(projection, TEMPERATURE)
            wrong += int((similarity.argmax(dim=1) != partner).sum())
        return wrong / (2 * len(images))

    return loss
