"""Classifiers as they were after single epochs, examined as the finished ones are."""

from collections.abc import Callable, Mapping

import pandas as pd
import torch

from novelty_maps.classifiers import objectives
from novelty_maps.classifiers.files import kept_path, read_kept
from novelty_maps.classifiers.plain import classes_seen
from novelty_maps.networks.outputs import embed
from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.pipeline.rows import Images
from novelty_maps.representation.examine import examine_at_once
from novelty_maps.representation.files import BY_EPOCH
from novelty_maps.representation.representations import of_network

PARTS = ("validation", "test")


def examine_kept(
    name: str,
    classifier: ClassifierParams,
    images: Mapping[str, Images],
    rows: Mapping[str, pd.DataFrame],
    *,
    trees: int,
    device: torch.device,
    on_epoch: Callable[[int], object] = lambda epoch: None,
) -> pd.DataFrame:
    """A classifier after each epoch whose weights were kept.

    Scores that compare an image with the training images are left out.

    Args:
        name: One of `classifier.variants`.
        classifier: The variants and their backbone.
        images: "validation" and "test" to (N, C, H, W).
        rows: "train", "validation" and "test" to `label` and `novel` of their images.
        trees: Trees of the forest oracle.
        device: Where to compute.
        on_epoch: Called with each epoch that is done.

    Returns:
        A row per epoch and detector; columns are `files.BY_EPOCH`, as of `examine`.

    Raises:
        InputError: A file is missing or damaged, or belongs to another network.
    """
    variant = classifier.variant(name)
    tables = []
    for epoch, weights in read_kept(name).items():
        network = objectives.network_of(
            weights,
            classifier.backbone,
            variant.objective,
            variant.own(),
            image_shape=tuple(images["test"].shape[1:]),
            classes=classes_seen(rows["train"])[variant.sees_novel],
            source=str(kept_path(name)),
        )
        outputs = {
            part: embed(network, images[part], batch_size=256, device=device) for part in PARTS
        }
        representation = of_network(name, outputs, rows["test"], sees_novel=variant.sees_novel)
        table = examine_at_once(representation, rows["validation"], rows["test"], trees=trees)
        tables.append(table.assign(epoch=epoch)[BY_EPOCH])
        on_epoch(epoch)
    return pd.concat(tables) if tables else pd.DataFrame(columns=BY_EPOCH)
