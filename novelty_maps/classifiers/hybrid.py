"""The hybrid network of Dietterich et al.: a classifier that also reconstructs the image from z.

To reconstruct, z must keep what tells images of one class apart, and perhaps what tells a novel
image from a normal one, which classification alone has no reason to keep.
"""

from typing import Any

from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from novelty_maps.classifiers.base import Classifier
from novelty_maps.networks.blocks import Decoder
from novelty_maps.networks.inputs import BatchLoss, Forward, as_input


class HybridClassifier(Classifier):
    """Classifier with a reconstruction head: the decoder of the LSA autoencoder on z."""

    def __init__(self, backbone: str, *, image_shape: tuple[int, ...], classes: int) -> None:
        super().__init__(backbone, image_shape=image_shape, classes=classes)
        channels, side = image_shape[0], image_shape[1]
        self.decoder = Decoder(channels=channels, image_size=side, code_length=self.length)

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """`z` (N, D), `logits` (N, K) and `reconstruction_error` (N,), the mean over the values."""
        z = self.represent(x)
        error = (x - self.decoder(z)).square().mean(dim=(1, 2, 3))
        return {"z": z, "logits": self.head(z), "reconstruction_error": error}

    def forward(self, x: Tensor) -> Any:
        """Logits (N, K) and reconstruction (N, C, H, W)."""
        z = self.represent(x)
        return self.head(z), self.decoder(z)


def hybrid_loss(*, reconstruction_weight: float) -> BatchLoss:
    """Cross-entropy + λ · the sum of the squared errors of an image's values, mean over the batch.

    The slides do not say whether they sum or average over the values: of n values, a λ of the mean
    is λ/n here.

    Args:
        reconstruction_weight: λ, the weight of each value's squared error.
    """

    def loss(forward: Forward, generator: Generator, batch: tuple[Tensor, ...]) -> Tensor:
        images, targets = batch
        x = as_input(images)
        logits, reconstruction = forward(x)
        error = (reconstruction.float() - x).square().sum(dim=(1, 2, 3))
        total: Tensor = (
            cross_entropy(logits.float(), targets) + reconstruction_weight * error.mean()
        )
        return total

    return loss
