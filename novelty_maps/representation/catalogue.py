"""Which representations are examined, and how the network of each was trained."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.representation.files import read_outputs
from novelty_maps.representation.representations import (
    Representation,
    joined,
    of_network,
    of_pixels,
)
from novelty_maps.representation.scores import SHOWN


def every_representation(
    classifier: ClassifierParams, images: Mapping[str, NDArray[np.uint8]], test: pd.DataFrame
) -> Iterator[Representation]:
    """Classifiers, deep ensembles of them, autoencoder, an untrained network and raw pixels.

    Ensembles are of classifiers that put out `logits`.

    Args:
        classifier: The variants; those that differ in the seed alone form an ensemble.
        images: Part to (N, C, H, W); "train" has the normal training images.
        test: `label` and `novel` of the test images.

    Raises:
        InputError: What was kept of a network is missing or damaged, or belongs to other images.
    """
    counts = {part: len(array) for part, array in images.items()}
    for name, variant in classifier.variants.items():
        yield of_network(
            name,
            read_outputs(name, counts),
            test,
            sees_novel=variant.sees_novel,
            shown=SHOWN.get(variant.objective),
        )
    for name, members in classifier.ensembles().items():
        each = [read_outputs(member, counts) for member in members]
        if "logits" in each[0]["test"]:
            saw = classifier.variant(members[0]).sees_novel
            yield of_network(name, joined(each), test, sees_novel=saw)
    for name in ("autoencoder", "untrained"):
        yield of_network(name, read_outputs(name, counts), test)
    yield of_pixels(images)


def with_training(table: pd.DataFrame, classifier: ClassifierParams) -> pd.DataFrame:
    """The table with two columns more behind `representation`, which tell it from others like it.

    `objective` is how the network was trained, "ensemble", or empty where it is no classifier;
    `settings` are the objective's own but for defaults, those of its members for an ensemble, as
    JSON.

    Args:
        table: As `examine` returns it, for any representations.
        classifier: The variants.
    """
    kinds: dict[Any, tuple[str, str]] = {
        name: (variant.objective, json.dumps(variant.told()))
        for name, variant in classifier.variants.items()
    }
    for name, members in classifier.ensembles().items():
        kinds[name] = ("ensemble", kinds[members[0]][1])
    kind = [kinds.get(name, ("", "{}")) for name in table["representation"]]
    table = table.copy()
    table.insert(1, "objective", [objective for objective, _ in kind])
    table.insert(2, "settings", [settings for _, settings in kind])
    return table
