"""A small autoencoder, images that it was shown, and its compared maps of them."""

import numpy as np
import torch

from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.maps.compute import gather_maps
from novelty_maps.maps.names import COMPARED_MAPS

CPU = torch.device("cpu")
IMAGES = np.random.default_rng(0).integers(0, 256, (24, 1, 8, 8), dtype=np.uint8)


def network():
    """A network whose batch norm statistics are those of the images, so that Jᵀe is not tiny."""
    network = seeded_autoencoder(0, image_shape=(1, 8, 8), code_length=4)
    with torch.no_grad():
        for _ in range(20):
            network(torch.from_numpy(IMAGES) / 255)
    return network.eval()


def maps_of_images(batch_size=24):
    return gather_maps(network(), IMAGES, methods=COMPARED_MAPS, batch_size=batch_size, device=CPU)
