"""What goes into a network: pixels as it takes them, noise, the losses that it is trained by."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

# The network as the training passes call it, compiled or not.
Forward = Callable[..., Any]
# The mean loss of a batch, a scalar; noise is drawn from the CPU generator.
BatchLoss = Callable[[Forward, torch.Generator, tuple[Tensor, ...]], Tensor]
# The loss of a network in evaluation mode that stops its training.
ValidationLoss = Callable[[nn.Module], float]

# How tensors lie in memory. Convolutions are faster with the channels last, but without AVX-512 the
# backward pass of a strided 1×1 convolution then crashes in oneDNN 3.12, that of PyTorch 2.13.
MEMORY_FORMAT = (
    torch.channels_last
    if torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    else torch.contiguous_format
)


_VALUES = 2**22  # of the images of a batch, where the processor's memory is the limit


def batch_of(
    size: int, shape: Sequence[int], device: torch.device, *, gradient: bool = False
) -> int:
    """How many images of a shape (C, H, W) are asked of a network at a time, without training it.

    As many as are wanted, but on the processor no more than have four million values, or two with
    gradients, so that a batch of photos takes little more memory than one of small images. Through
    the LSA autoencoder a value takes about 400 bytes with its gradients.

    Args:
        size: How many are wanted.
        shape: Of an image.
        device: Where to compute.
        gradient: Whether gradients are taken, for which all that is computed is kept.
    """
    most = (_VALUES // 2 if gradient else _VALUES) // math.prod(shape)
    return max(1, min(size, most)) if device.type == "cpu" else size


def as_input(images: Tensor) -> Tensor:
    """Images (N, C, H, W) uint8 in 0..255 as float32 in [0, 1], laid out as `MEMORY_FORMAT`."""
    return images.to(torch.float32, memory_format=MEMORY_FORMAT).div_(255)


def seeded_generator(*words: int) -> torch.Generator:
    """CPU generator that is a function of some words, not negative, alone."""
    (word,) = np.random.SeedSequence(words).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(word >> np.uint64(1)))
