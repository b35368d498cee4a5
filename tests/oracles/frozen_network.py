"""A trunk whose features are known, in the place of a network trained on ImageNet."""

import numpy as np
import torch
from torch import nn

from novelty_maps.detectors.features import PatchFeatures
from novelty_maps.detectors.imagenet import ImageNetNetwork

CPU = torch.device("cpu")


class Pooled(nn.Module):
    """Means of 8×8 pixels and of 16×16 pixels of the three channels, the latter times a factor."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        finer = torch.nn.functional.avg_pool2d(x, 8)
        return finer, self.factor * torch.nn.functional.avg_pool2d(finer, 2)


def pooled_network(factor=1.0):
    """The trunk, with images taken as they are."""
    return ImageNetNetwork(Pooled(factor), (0.0,) * 3, (1.0,) * 3)


def noise(count, channels=3, size=32, seed=0):
    """Images of noise, (count, channels, size, size) uint8, none of it black."""
    generator = np.random.default_rng(seed)
    return generator.integers(1, 256, (count, channels, size, size)).astype(np.uint8)


def pooled_features(images, factor=1.0, image_size=32):
    """Patch features by this trunk, scaled on these images."""
    return PatchFeatures(pooled_network(factor), images, image_size=image_size, device=CPU)
