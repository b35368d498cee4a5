"""Which representations are examined, and how the network of each was trained."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.pipeline.rows import Images
from novelty_maps.representation.files import read_outputs
from novelty_maps.representation.latent_scores import Classes
from novelty_maps.representation.representations import (
    Representation,
    joined,
    of_network,
    of_pixels,
)
from novelty_maps.representation.scores import SHOWN


def every_representation(
    classifier: ClassifierParams,
    images: Mapping[str, Images],
    rows: Mapping[str, pd.DataFrame],
    *,
    others: Collection[str],
) -> Iterator[Representation]:
    """Classifiers, deep ensembles of them, and others.

    Ensembles are of classifiers that put out `logits`. Networks that put out logits know the
    classes, and so does that of ImageNet.

    Args:
        classifier: The variants; those that differ in the seed alone form an ensemble.
        images: Part to (N, C, H, W); "train" has the normal training images.
        rows: Part to `label` and `novel` of its images.
        others: As of `params.representation`.

    Raises:
        InputError: What was kept of a network is missing or damaged, or belongs to other images.
    """
    counts = {part: len(array) for part, array in images.items()}
    labelled = {part: counts[part] for part in ("validation", "test")}
    test, classes = rows["test"], _classes(rows)
    for name, variant in classifier.variants.items():
        outputs = read_outputs(name, labelled if variant.sees_novel else counts)
        yield of_network(
            name,
            outputs,
            test,
            sees_novel=variant.sees_novel,
            shown=SHOWN.get(variant.objective),
            classes=classes if {"logits", "member_logits"} & outputs["test"].keys() else None,
        )
    for name, members in classifier.ensembles().items():
        saw = classifier.variant(members[0]).sees_novel
        each = [read_outputs(member, labelled if saw else counts) for member in members]
        if "logits" in each[0]["test"]:
            yield of_network(name, joined(each), test, sees_novel=saw, classes=classes)
    for name in others:
        if name == "raw_pixels":
            yield of_pixels(images)
        else:
            known = None if name == "autoencoder" else classes
            yield of_network(name, read_outputs(name, counts), test, classes=known)


def _classes(rows: Mapping[str, pd.DataFrame]) -> dict[str, Classes]:
    """Class of each normal training image and of each validation image, −1 for novel ones."""
    return {
        part: rows[part]["label"].where(rows[part]["novel"] == 0, -1).to_numpy(np.int64)
        for part in ("train", "validation")
    }


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
