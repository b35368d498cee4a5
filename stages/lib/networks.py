"""What the networks share: how an autoencoder is put together, and how weights are loaded."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from stages.lib.errors import InputError
from stages.lib.training import BatchLoss, reconstruction_loss

# PyTorch's name for what a module adds to its state dict beside tensors.
_DESCRIPTION = "_extra_state"


class LeakyReLU(nn.ReLU):
    """Leaky ReLU of slope 0.01 that is known as a ReLU to what changes the gradient of ReLUs.

    Captum's guided backpropagation looks for modules of that class, each used once.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (...) to the same shape."""
        return nn.functional.leaky_relu(x)


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
    """

    name: str
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
        """What detection keeps of each image: `z`, its code, and its `reconstruction_error` L."""
        z = self.encode(x)
        error = (x - self.decode(z)).square().mean(dim=(1, 2, 3))
        return {"z": z, "reconstruction_error": error}

    def batch_loss(self, *, noise_std: float) -> BatchLoss:
        """Training loss, as `training.train` takes it; noise_std > 0 makes a denoising network."""
        return reconstruction_loss(noise_std)

    def get_extra_state(self) -> dict[str, Any]:
        """What it takes to build this network again."""
        shape = {"image_shape": list(self.image_shape), "code_length": self.code_length}
        return {"network": self.name, **shape}

    def set_extra_state(self, state: Any) -> None:
        """Nothing to do: `load_weights` has compared it."""


def description_of(weights: Mapping[str, Any]) -> dict[str, Any] | None:
    """What an autoencoder's state dict says of its network; None if it says nothing."""
    description = weights.get(_DESCRIPTION)
    return description if isinstance(description, dict) else None


def load_weights(network: nn.Module, weights: Mapping[str, Any], *, source: str) -> None:
    """Fill a network with a state dict, in place.

    Keys of the LSA density estimator (`estimator.*`) are ignored, and a shape mismatch is as
    much an error as a missing key. Published checkpoints do not say which network they belong to;
    where a state dict does, that is compared first.

    Args:
        network: The network to fill.
        weights: State dict.
        source: Where it comes from, for the error.

    Raises:
        InputError: The weights belong to another network; names the keys that differ.
    """
    if not all(isinstance(key, str) for key in weights):
        raise InputError(f"{source} is no state dict: its keys are not parameter names")
    given = {key: value for key, value in weights.items() if not key.startswith("estimator.")}
    expected = network.state_dict()
    described, wanted = given.pop(_DESCRIPTION, None), expected.pop(_DESCRIPTION, None)
    # Checkpoints older than batch norm's step counter lack it; evaluation does not use it.
    for key in expected.keys() - given.keys():
        if key.endswith("num_batches_tracked"):
            given[key] = expected[key]
    problems = []
    if None not in (described, wanted) and described != wanted:
        problems = [f"{_in_words(described)} instead of {_in_words(wanted)}"]
    problems += [f"{key} is missing" for key in expected if key not in given]
    problems += [f"{key} is unknown" for key in given if key not in expected]
    problems += [
        f"{key} is {_shape(given[key])} instead of {_shape(expected[key])}"
        for key in expected
        if key in given and _shape(given[key]) != _shape(expected[key])
    ]
    if problems:
        shown = "; ".join(problems[:6])
        more = f"; and {len(problems) - 6} more" if len(problems) > 6 else ""
        raise InputError(
            f"{source} holds the weights of another network: {shown}{more}."
            " Give a state dict of this network for images of this size and channels"
        )
    nonfinite = [k for k, v in given.items() if not torch.isfinite(v).all()]
    if nonfinite:
        raise InputError(f"{source}: {nonfinite[0]} holds NaN or infinity: take another checkpoint")
    extra = {} if wanted is None else {_DESCRIPTION: wanted}
    network.load_state_dict(given | extra)


def _in_words(description: Any) -> str:
    if not isinstance(description, dict):
        return "an unknown network"
    return ", ".join(f"{key} {value}" for key, value in description.items())


def _shape(value: Any) -> str:
    return "×".join(map(str, value.shape)) or "scalar" if isinstance(value, Tensor) else "no tensor"
