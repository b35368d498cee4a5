"""Small classifiers of every objective, and images to give them."""

import torch

from novelty_maps.classifiers import objectives

OWN = {
    "nominal": {},
    "all_classes": {},
    "hybrid": {"reconstruction_weight": 0.01},
    "generalized_odin": {"decay_h": False},
    "rotation": {"rotation_weight": 0.5},
    "sobel": {"sobel_weight": 0.5},
}


def small_classifier(objective, *, seed=0, size=8, channels=1, classes=3):
    """A network of an objective with its initial weights."""
    return objectives.seeded_network(
        seed,
        "small_resnet",
        objective,
        OWN[objective],
        image_shape=(channels, size, size),
        classes=classes,
    )


def random_images(count=6, *, size=8, channels=1, seed=0):
    """Noise, (count, channels, size, size) uint8."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, channels, size, size), generator=generator).byte()


def generator(seed=0):
    """The source of randomness that a loss is given."""
    return torch.Generator().manual_seed(seed)
