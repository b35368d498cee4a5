"""An auxiliary rotation task: a classifier that also tells by how much an image was rotated.

Hendrycks et al. (2019) train it beside classification; the score is that of GEOM (Golan & El-Yaniv
2018). A digit that looks the same upside down (0, 1, 8) or like another (6, 9) has no right answer.
"""

from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy

from novelty_maps.classifiers.base import Classifier
from novelty_maps.networks.inputs import MEMORY_FORMAT, BatchLoss, Forward, as_input

ROTATIONS = 4  # by 0, 90, 180 and 270 degrees


class RotationClassifier(Classifier):
    """Classifier with a second head that tells the four rotations apart."""

    def __init__(self, backbone: str, *, image_shape: tuple[int, ...], classes: int) -> None:
        super().__init__(backbone, image_shape=image_shape, classes=classes)
        self.rotation_head = nn.Linear(self.length, ROTATIONS)

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """`z` (N, D), `logits` (N, K) and `rotation_logits` (N, 4, 4).

        Entry [i, j] of the last are the logits of image i rotated j times by 90 degrees.
        """
        rotated = [self.represent(rotate(x, turns)) for turns in range(ROTATIONS)]
        logits = torch.stack([self.rotation_head(z) for z in rotated], dim=1)
        return {"z": rotated[0], "logits": self.head(rotated[0]), "rotation_logits": logits}

    def forward(self, x: Tensor) -> Any:
        """Class logits (N, K) and rotation logits (N, 4)."""
        z = self.represent(x)
        return self.head(z), self.rotation_head(z)


def rotate(x: Tensor, turns: int) -> Tensor:
    """Square images (N, C, H, H) rotated so many times by 90 degrees, channels last in memory."""
    return torch.rot90(x, turns, (2, 3)).contiguous(memory_format=MEMORY_FORMAT)


def turned_in_turn(images: Tensor) -> Tensor:
    """Square images (N, C, H, H), of which the i-th is rotated i mod 4 times by 90 degrees."""
    turned = images.clone()
    for turn in range(1, ROTATIONS):
        turned[turn::ROTATIONS] = torch.rot90(images[turn::ROTATIONS], turn, (2, 3))
    return turned


def rotation_loss(*, rotation_weight: float) -> BatchLoss:
    """Cross-entropy of the class + weight · cross-entropy of the rotation, each image turned once.

    Every image is seen upright and, for the rotation task, in one of the four rotations drawn at
    random; the upright copy is for the class alone.

    Args:
        rotation_weight: Weight of the rotation task.
    """

    def loss(forward: Forward, generator: Generator, batch: tuple[Tensor, ...]) -> Tensor:
        images, targets = batch
        x = as_input(images)
        turns = torch.randint(ROTATIONS, (len(x),), generator=generator).to(x.device)
        turned = x.clone()
        for turn in range(1, ROTATIONS):
            turned[turns == turn] = rotate(x[turns == turn], turn)
        class_logits, rotation_logits = forward(torch.cat([x, turned]))
        of_class = cross_entropy(class_logits[: len(x)].float(), targets)
        of_rotation = cross_entropy(rotation_logits[len(x) :].float(), turns)
        total: Tensor = of_class + rotation_weight * of_rotation
        return total

    return loss
