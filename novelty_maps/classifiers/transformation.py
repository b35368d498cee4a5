"""An auxiliary task: a classifier that also tells by which transformation an image was changed.

Hendrycks et al. (2019) train such a task beside classification; the score is that of GEOM (Golan &
El-Yaniv 2018). The three tasks are those of Dietterich et al., whose slides name them and say no
more: rotation (Gidaris et al. 2018), recolouring, and Sobel edges. A digit that looks the same
upside down (0, 1, 8) or like another (6, 9) has no right rotation.
"""

from collections.abc import Callable
from itertools import permutations
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import conv2d, cross_entropy, pad

from novelty_maps.classifiers.base import Classifier
from novelty_maps.networks.inputs import MEMORY_FORMAT, BatchLoss, Forward, as_input

ROTATIONS = 4  # by 0, 90, 180 and 270 degrees
_ORDERS = tuple(permutations(range(3)))  # of red, green and blue; the first leaves them


class Task(NamedTuple):
    """Transformations to tell apart.

    Attributes:
        name: Of the objective.
        size: Number R of the transformations; the first leaves an image as it is.
        apply: Images (N, C, H, H), and the number of a transformation, to the transformed images.
            Those in [0, 1] stay there.
    """

    name: str
    size: int
    apply: Callable[[Tensor, int], Tensor]


def rotate(x: Tensor, turns: int) -> Tensor:
    """Square images (N, C, H, H) rotated so many times by 90 degrees, channels last in memory."""
    return torch.rot90(x, turns, (2, 3)).contiguous(memory_format=MEMORY_FORMAT)


def recolour(x: Tensor, order: int) -> Tensor:
    """Images (N, 3, H, W) with their channels in another of the six orders, 0 for their own."""
    return x[:, _ORDERS[order]].contiguous(memory_format=MEMORY_FORMAT)


def sobel(x: Tensor, edges: int) -> Tensor:
    """Images (N, C, H, W) float32 as they are (0), or the Sobel magnitude of each channel (1).

    Pixels beyond the edge are those of the edge. The magnitude is √((g² + h²) / 2) of the gradients
    down and right, each with weights whose positive ones sum to 1: 0 to 1 for images in [0, 1].
    """
    if not edges:
        return x
    smooth, slope = x.new_tensor([1, 2, 1]) / 4, x.new_tensor([-1, 0, 1])
    kernels = torch.stack([slope[:, None] * smooth, smooth[:, None] * slope])[:, None]
    each = pad(x, (1, 1, 1, 1), mode="replicate").flatten(0, 1)[:, None]
    with torch.autocast(x.device.type, enabled=False):
        magnitude = conv2d(each, kernels).square().mean(dim=1).sqrt()
    return magnitude.view(x.shape).contiguous(memory_format=MEMORY_FORMAT)


ROTATION = Task("rotation", ROTATIONS, rotate)
RECOLOURING = Task("recolouring", len(_ORDERS), recolour)
SOBEL = Task("sobel", 2, sobel)


class TransformationClassifier(Classifier):
    """Classifier with a second head, `<task>_head`, that tells the transformations apart.

    Args:
        backbone: One of `BACKBONES`.
        task: What is told apart.
        image_shape: (C, H, W) of the images, H = W.
        classes: Number of classes K.
    """

    def __init__(
        self, backbone: str, task: Task, *, image_shape: tuple[int, ...], classes: int
    ) -> None:
        super().__init__(backbone, image_shape=image_shape, classes=classes)
        self.task = task
        self.add_module(f"{task.name}_head", nn.Linear(self.length, task.size))

    def transformation_logits(self, z: Tensor) -> Tensor:
        """Logits (N, R) of which transformation the image has had."""
        logits: Tensor = self.get_submodule(f"{self.task.name}_head")(z)
        return logits

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """`z` (N, D), `logits` (N, K) and `<task>_logits` (N, R, R).

        Entry [i, j] of the last are the logits of image i in transformation j.
        """
        z, *changed = [self.represent(self.task.apply(x, kind)) for kind in range(self.task.size)]
        logits = torch.stack([self.transformation_logits(each) for each in (z, *changed)], dim=1)
        return {"z": z, "logits": self.head(z), f"{self.task.name}_logits": logits}

    def forward(self, x: Tensor) -> Any:
        """Class logits (N, K) and transformation logits (N, R)."""
        z = self.represent(x)
        return self.head(z), self.transformation_logits(z)


def in_turn(images: Tensor, *, task: Task) -> Tensor:
    """Square images (N, C, H, H) uint8, of which the i-th is in transformation i mod R."""
    changed = images.clone()
    for kind in range(1, task.size):
        x = task.apply(as_input(images[kind :: task.size]), kind)
        changed[kind :: task.size] = (255 * x).round().to(torch.uint8)
    return changed


def beside_in_turn(images: Tensor, *, task: Task) -> Tensor:
    """Each image, followed by the same as of `in_turn`: as in training, (2N, C, H, H)."""
    return torch.stack([images, in_turn(images, task=task)], dim=1).flatten(0, 1)


def transformation_loss(*, task: Task, weight: float) -> BatchLoss:
    """Cross-entropy of the class + weight · that of the transformation, each image changed once.

    Every image is seen as it is and, for the task, in one of the transformations drawn at random;
    the first copy is for the class alone.

    Args:
        task: What is told apart.
        weight: Weight of the task.
    """

    def loss(forward: Forward, generator: Generator, batch: tuple[Tensor, ...]) -> Tensor:
        images, targets = batch
        x = as_input(images)
        kinds = torch.randint(task.size, (len(x),), generator=generator).to(x.device)
        changed = x.clone()
        for kind in range(1, task.size):
            changed[kinds == kind] = task.apply(x[kinds == kind], kind)
        class_logits, task_logits = forward(torch.cat([x, changed]))
        of_class = cross_entropy(class_logits[: len(x)].float(), targets)
        of_task = cross_entropy(task_logits[len(x) :].float(), kinds)
        total: Tensor = of_class + weight * of_task
        return total

    return loss
