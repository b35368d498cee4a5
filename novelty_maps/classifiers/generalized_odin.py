"""Generalized ODIN (Hsu et al. 2020): logits divided into h, the class, and g, the confidence.

p(y | x) is modelled as p(y, d | x) / p(d | x) with d "x is from the training distribution": logits
f = h / g, where h is the cosine of z with each class's weights and g in (0, 1) depends on z alone.
Their perturbation of the input is left out. They exempt h from weight decay.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from novelty_maps.classifiers.base import Classifier


class DividedHead(nn.Module):
    """Representation z (N, D) to h (N, K) and g (N, 1).

    Args:
        length: D.
        classes: K.
    """

    def __init__(self, length: int, classes: int) -> None:
        super().__init__()
        self.class_weights = nn.Parameter(torch.empty(classes, length))
        nn.init.kaiming_normal_(self.class_weights, nonlinearity="relu")
        self.confidence = nn.Sequential(nn.Linear(length, 1), nn.BatchNorm1d(1), nn.Sigmoid())

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """h, the cosine of z and each class's weights, and g, the sigmoid of a scaled distance."""
        h = normalize(z, dim=1) @ normalize(self.class_weights, dim=1).T
        return h, self.confidence(z)


class GeneralizedOdin(Classifier):
    """Classifier with logits f = h / g.

    Args:
        backbone: One of `BACKBONES`.
        decay_h: Whether the class weights of h decay where weights do; theirs do not.
        image_shape: (C, H, W) of the images.
        classes: Number of classes K.

    Attributes:
        undecayed: Names of the parameters that no weight decay changes.
    """

    def __init__(
        self, backbone: str, *, decay_h: bool, image_shape: tuple[int, ...], classes: int
    ) -> None:
        super().__init__(backbone, image_shape=image_shape, classes=classes)
        self.head = DividedHead(self.length, classes)
        self.undecayed = () if decay_h else ("head.class_weights",)

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """`z` (N, D), `logits` f (N, K), `h` (N, K) and `g` (N,)."""
        z = self.represent(x)
        h, g = self.head(z)
        return {"z": z, "logits": h / g, "h": h, "g": g[:, 0]}

    def logits(self, x: Tensor) -> Tensor:
        """Logits f = h / g, (N, K)."""
        h, g = self.head(self.represent(x))
        logits: Tensor = h / g
        return logits
