"""What every autoencoder is: f, g, a loss, and a state dict that says which network it is."""

from typing import Any

from torch import Tensor, nn

from novelty_maps.autoencoders.losses import reconstruction_loss
from novelty_maps.networks.inputs import BatchLoss
from novelty_maps.networks.losses import image_losses


class Autoencoder(nn.Module):
    """h = g∘f: images (N, C, H, W) to codes (N, code_length) to reconstructions.

    Its state dict says which network it is, so that a file of weights is enough to build it.

    Args:
        image_shape: (C, H, W) of the images, H = W.
        code_length: Length of the latent code.

    Attributes:
        name: Its name in `train.network`.
        encoder: f.
        decoder: g, to the shape of the images, unbounded.
        loss: What it is trained by, one of `networks.losses.DEVIATIONS`.
    """

    name: str
    loss: str = "mse"
    encoder: nn.Module
    decoder: nn.Module

    def __init__(self, *, image_shape: tuple[int, ...], code_length: int) -> None:
        super().__init__()
        self.image_shape = tuple(image_shape)
        self.code_length = code_length

    def encode(self, x: Tensor) -> Tensor:
        """Latent codes of images, (N, code_length)."""
        z: Tensor = self.encoder(x)
        return z

    def decode(self, z: Tensor) -> Tensor:
        """Reconstructions from latent codes, (N, C, H, W)."""
        reconstruction: Tensor = self.decoder(z)
        return reconstruction

    def forward(self, x: Tensor) -> Any:
        """Reconstruction h(x) of images (N, C, H, W), float32 in [0, 1]; same shape, unbounded."""
        return self.decode(self.encode(x))

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """What is kept of each image: `z`, its code, and its `reconstruction_error` L.

        L is the loss that the network is trained by.
        """
        z = self.encode(x)
        return {"z": z, "reconstruction_error": image_losses(self, x, self.decode(z))}

    def batch_loss(self, *, noise_std: float) -> BatchLoss:
        """Training loss, as `loop.train` takes it; noise_std > 0 makes a denoising network."""
        return reconstruction_loss(noise_std, self.loss)

    def get_extra_state(self) -> dict[str, Any]:
        """What it takes to build this network again."""
        shape = {"image_shape": list(self.image_shape), "code_length": self.code_length}
        loss = {} if self.loss == "mse" else {"loss": self.loss}
        return {"network": self.name, **shape, **loss}

    def set_extra_state(self, state: Any) -> None:
        """Nothing to do: `load_weights` has compared it."""
