"""The networks whose outputs are kept, and of which parts of the images."""

from collections.abc import Callable, Collection, Mapping

import numpy as np
from numpy.typing import NDArray
from torch import nn

from novelty_maps.autoencoders.trained import load_autoencoder
from novelty_maps.classifiers import objectives
from novelty_maps.classifiers.files import classifier_path, read_classifier
from novelty_maps.classifiers.jem import JointEnergyModel
from novelty_maps.classifiers.small_csi import SmallCsi
from novelty_maps.detectors.pooled import pooled_network
from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.params.detectors import DetectorsParams

_SAMPLES = 64


def embedders(
    classifier: ClassifierParams,
    others: Collection[str],
    frozen: DetectorsParams,
    *,
    image_shape: tuple[int, ...],
    classes: Mapping[bool, int],
) -> dict[str, nn.Module]:
    """Representation to its network in evaluation mode: all but the ensembles and raw pixels.

    They are the trained classifiers and, as asked for, the autoencoder, a classifier with its
    initial weights, and the network trained on ImageNet.

    Args:
        classifier: The variants, their backbone, and the seed of the untrained one.
        others: As of `params.representation`.
        frozen: The network trained on ImageNet.
        image_shape: (C, H, W) of the images.
        classes: As of `classes_seen`.

    Raises:
        InputError: A network's file is missing or damaged, or belongs to another network, or as of
            `pooled_network`.
    """
    networks: dict[str, nn.Module] = {}
    for name, variant in classifier.variants.items():
        networks[name] = objectives.network_of(
            read_classifier(name),
            classifier.backbone,
            variant.objective,
            variant.own(),
            image_shape=image_shape,
            classes=classes[variant.sees_novel],
            source=str(classifier_path(name)),
        )
    made: dict[str, Callable[[], nn.Module]] = {
        "autoencoder": lambda: load_autoencoder(image_shape),
        "untrained": lambda: objectives.seeded_network(
            classifier.seed,
            classifier.backbone,
            "nominal",
            {},
            image_shape=image_shape,
            classes=classes[False],
        ).eval(),
        "imagenet": lambda: pooled_network(frozen),
    }
    return networks | {name: made[name]() for name in others if name in made}


def logits_origin(network: nn.Module) -> NDArray[np.float64] | None:
    """The place in z nearest to 0 where all logits W z + b are 0 or closest to it: −W⁺ b, (D,).

    None of a network whose logits are not linear in z, or of no classes.
    """
    head = getattr(network, "head", None)
    if not isinstance(head, nn.Linear) or isinstance(network, SmallCsi):
        return None
    weight, bias = (each.detach().cpu().double().numpy() for each in (head.weight, head.bias))
    origin: NDArray[np.float64] = -np.linalg.pinv(weight) @ bias
    return origin


def embedded_parts(classifier: ClassifierParams, others: Collection[str]) -> list[tuple[str, str]]:
    """The representations and, of each, the parts whose outputs are kept.

    They are the validation and test parts, and the normal training images, with which scores
    compare, but for networks that were trained on novel classes: those have no scores.

    Args:
        classifier: The variants.
        others: As of `params.representation`.
    """
    saw = {name: variant.sees_novel for name, variant in classifier.variants.items()}
    names = saw | {name: False for name in others if name != "raw_pixels"}
    parts = [(name, part) for name in names for part in ("validation", "test")]
    return parts + [(name, "train") for name in names if not names[name]]


def samples_of(networks: Mapping[str, nn.Module]) -> dict[str, NDArray[np.float32]]:
    """The first samples, at most 64, of the networks that draw some: name to (N, C, H, W)."""
    return {
        name: network.replay[:_SAMPLES].cpu().numpy()
        for name, network in networks.items()
        if isinstance(network, JointEnergyModel)
    }
