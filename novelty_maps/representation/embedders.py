"""The networks whose outputs are kept, and of which parts of the images."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from novelty_maps.autoencoders.trained import load_autoencoder
from novelty_maps.classifiers import objectives
from novelty_maps.classifiers.files import classifier_path, read_classifier
from novelty_maps.classifiers.jem import JointEnergyModel
from novelty_maps.params.classifier import ClassifierParams

_SAMPLES = 64


def classes_seen(training: pd.DataFrame) -> dict[bool, int]:
    """How many classes a classifier is trained on, by whether it sees the novel ones.

    Args:
        training: `label` and `novel` of the images of the training part.
    """
    return {
        sees_novel: training.loc[training["novel"] <= sees_novel, "label"].nunique()
        for sees_novel in (False, True)
    }


def embedders(
    classifier: ClassifierParams, *, image_shape: tuple[int, ...], classes: Mapping[bool, int]
) -> dict[str, nn.Module]:
    """Representation to its network in evaluation mode: all but the ensembles and raw pixels.

    They are the trained classifiers, the autoencoder, and a classifier with its initial weights.

    Args:
        classifier: The variants, their backbone, and the seed of the untrained one.
        image_shape: (C, H, W) of the images.
        classes: As of `classes_seen`.

    Raises:
        InputError: A network's file is missing or damaged, or belongs to another network.
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
    networks["autoencoder"] = load_autoencoder(image_shape)
    networks["untrained"] = objectives.seeded_network(
        classifier.seed,
        classifier.backbone,
        "nominal",
        {},
        image_shape=image_shape,
        classes=classes[False],
    ).eval()
    return networks


def embedded_parts(classifier: ClassifierParams) -> list[tuple[str, str]]:
    """The representations and, of each, the parts whose outputs are kept.

    They are the validation and test parts, and the normal training images where a score compares
    with them.
    """
    names = [*classifier.variants, "autoencoder", "untrained"]
    with_training = [
        (name, "train")
        for name, variant in classifier.variants.items()
        if objectives.objective_of(variant).embeds_training
    ]
    return [(name, part) for name in names for part in ("validation", "test")] + with_training


def samples_of(networks: Mapping[str, nn.Module]) -> dict[str, NDArray[np.float32]]:
    """The first samples, at most 64, of the networks that draw some: name to (N, C, H, W)."""
    return {
        name: network.replay[:_SAMPLES].cpu().numpy()
        for name, network in networks.items()
        if isinstance(network, JointEnergyModel)
    }
