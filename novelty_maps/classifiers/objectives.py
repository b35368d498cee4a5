"""The ways to train a classifier, one line each: its network and its loss.

Another way is a module with the network and the loss, a line here, and a class in
`params.classifier`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from novelty_maps.classifiers import generalized_odin, hybrid, jem, small_csi, svgd, transformation
from novelty_maps.classifiers.base import Classifier
from novelty_maps.classifiers.plain import classification_loss, error_rate
from novelty_maps.networks.inputs import BatchLoss, ValidationLoss
from novelty_maps.networks.weights import load_weights
from novelty_maps.params.classifier import SmallCsiVariant, Variant

Settings = Mapping[str, Any]


class Objective(NamedTuple):
    """A way to train a classifier.

    Attributes:
        network: (backbone, own settings, image_shape=, classes=) to the network.
        loss: (network, number of training images, own settings) to its training loss.
        validation_loss: (images, targets, batch_size=, device=) to the loss that stops training.
        accuracy: What 1 − that loss is called.
        evaluated: Images (N, C, H, W) uint8 to such as the network is evaluated on, for batch norm.
    """

    network: Callable[..., nn.Module]
    loss: Callable[[nn.Module, int, Settings], BatchLoss]
    validation_loss: Callable[..., ValidationLoss] = error_rate
    accuracy: str = "validation_accuracy"
    evaluated: Callable[[Tensor], Tensor] = lambda images: images


def _classifier(backbone: str, own: Settings, **shape: Any) -> nn.Module:
    return Classifier(backbone, **shape)


def _cross_entropy(network: nn.Module, count: int, own: Settings) -> BatchLoss:
    return classification_loss()


def _with_task(task: transformation.Task) -> Objective:
    """A classifier with an auxiliary task."""
    return Objective(
        lambda backbone, own, **shape: transformation.TransformationClassifier(
            backbone, task, **shape
        ),
        lambda network, count, own: transformation.transformation_loss(
            task=task, weight=own[f"{task.name}_weight"]
        ),
        evaluated=partial(transformation.beside_in_turn, task=task),
    )


OBJECTIVES = {
    "nominal": Objective(_classifier, _cross_entropy),
    "all_classes": Objective(_classifier, _cross_entropy),
    "hybrid": Objective(
        lambda backbone, own, **shape: hybrid.HybridClassifier(backbone, **shape),
        lambda network, count, own: hybrid.hybrid_loss(**own),
    ),
    "generalized_odin": Objective(
        lambda backbone, own, **shape: generalized_odin.GeneralizedOdin(backbone, **own, **shape),
        _cross_entropy,
    ),
    "rotation": _with_task(transformation.ROTATION),
    "recolouring": _with_task(transformation.RECOLOURING),
    "sobel": _with_task(transformation.SOBEL),
    "jem": Objective(
        lambda backbone, own, **shape: jem.JointEnergyModel(backbone, **shape),
        lambda network, count, own: jem.jem_loss(network, **own),
    ),
    "small_csi": Objective(
        lambda backbone, own, **shape: small_csi.SmallCsi(backbone, **own, **shape),
        lambda network, count, own: small_csi.small_csi_loss(**own),
        validation_loss=small_csi.rotation_error_rate,
        accuracy="validation_rotation_accuracy",
        evaluated=partial(transformation.in_turn, task=transformation.ROTATION),
    ),
    "svgd": Objective(
        lambda backbone, own, **shape: svgd.SvgdEnsemble(backbone, members=own["members"], **shape),
        lambda network, count, own: svgd.svgd_loss(repulsion=own["repulsion"]),
    ),
}
_WITHOUT_SHIFTS = OBJECTIVES["small_csi"]._replace(
    validation_loss=small_csi.view_error_rate,
    accuracy="validation_view_accuracy",
    evaluated=lambda images: images,
)


def objective_of(variant: Variant) -> Objective:
    """How a variant is trained; `small_csi` without shifts is stopped by another task."""
    without = isinstance(variant, SmallCsiVariant) and not variant.shifts
    return _WITHOUT_SHIFTS if without else OBJECTIVES[variant.objective]


def seeded_network(
    seed: int,
    backbone: str,
    objective: str,
    own: Settings,
    *,
    image_shape: tuple[int, ...],
    classes: int,
) -> nn.Module:
    """A freshly initialised network; the global random state is left as it was.

    Args:
        seed: Seed of the weights.
        backbone: One of `base.BACKBONES`.
        objective: One of `OBJECTIVES`.
        own: The settings that this objective alone has.
        image_shape: (C, H, W) of the images.
        classes: Number of classes that it is trained on.
    """
    build = OBJECTIVES[objective].network
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build(backbone, own, image_shape=image_shape, classes=classes)


def network_of(
    weights: Mapping[str, Any],
    backbone: str,
    objective: str,
    own: Settings,
    *,
    image_shape: tuple[int, ...],
    classes: int,
    source: str,
) -> nn.Module:
    """The network with these weights, in evaluation mode; arguments as of `seeded_network`.

    Raises:
        InputError: The weights belong to another network.
    """
    build = OBJECTIVES[objective].network
    network = build(backbone, own, image_shape=image_shape, classes=classes)
    load_weights(network, weights, source=source)
    return network.eval()
