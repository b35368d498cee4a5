"""State dicts: which network one belongs to, and how it is loaded or refused."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from novelty_maps.pipeline.errors import InputError

# PyTorch's name for what a module adds to its state dict beside tensors.
_DESCRIPTION = "_extra_state"


def weights_file(name: str) -> Path:
    """Where a file of published weights lies.

    Args:
        name: A path, ~ for the home folder. A relative one that does not exist is looked for in
            the folder of the environment variable DATASETS_ROOT, so that a setting can be the same
            on every machine, and in the folders in which DVC runs experiments.
    """
    path, root = Path(name).expanduser(), os.environ.get("DATASETS_ROOT")
    found = Path(root) / path if root else path
    return found if found.exists() and not path.exists() else path


def description_of(weights: Mapping[str, Any]) -> dict[str, Any] | None:
    """What an autoencoder's state dict says of its network; None if it says nothing."""
    description = weights.get(_DESCRIPTION)
    return description if isinstance(description, dict) else None


def load_weights(network: nn.Module, weights: Mapping[str, Any], *, source: str) -> None:
    """Fill a network with a state dict, in place.

    Keys of the LSA density estimator (`estimator.*`) are ignored, and a shape mismatch is as
    much an error as a missing key. Published checkpoints do not say which network they belong to;
    where a state dict does, that is compared first.

    Args:
        network: The network to fill.
        weights: State dict.
        source: Where it comes from, for the error.

    Raises:
        InputError: The weights belong to another network; names the keys that differ.
    """
    if not all(isinstance(key, str) for key in weights):
        raise InputError(f"{source} is no state dict: its keys are not parameter names")
    given = {key: value for key, value in weights.items() if not key.startswith("estimator.")}
    expected = network.state_dict()
    described, wanted = given.pop(_DESCRIPTION, None), expected.pop(_DESCRIPTION, None)
    # Checkpoints older than batch norm's step counter lack it; evaluation does not use it.
    for key in expected.keys() - given.keys():
        if key.endswith("num_batches_tracked"):
            given[key] = expected[key]
    problems = _differences(given, expected)
    if None not in (described, wanted) and described != wanted:
        problems.insert(0, f"{_in_words(described)} instead of {_in_words(wanted)}")
    if problems:
        shown = "; ".join(problems[:6])
        more = f"; and {len(problems) - 6} more" if len(problems) > 6 else ""
        raise InputError(
            f"{source} holds the weights of another network: {shown}{more}."
            " Give a state dict of this network for images of this size and channels"
        )
    nonfinite = [k for k, v in given.items() if not torch.isfinite(v).all()]
    if nonfinite:
        raise InputError(f"{source}: {nonfinite[0]} holds NaN or infinity: take another checkpoint")
    extra = {} if wanted is None else {_DESCRIPTION: wanted}
    network.load_state_dict(given | extra)


def _differences(given: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """What makes one state dict not fit where the other one does, an entry each."""
    problems = [f"{key} is missing" for key in expected if key not in given]
    problems += [f"{key} is unknown" for key in given if key not in expected]
    problems += [
        f"{key} is {_shape(given[key])} instead of {_shape(expected[key])}"
        for key in expected
        if key in given and _shape(given[key]) != _shape(expected[key])
    ]
    return problems


def _in_words(description: Any) -> str:
    if not isinstance(description, dict):
        return "an unknown network"
    return ", ".join(f"{key} {value}" for key, value in description.items())


def _shape(value: Any) -> str:
    return "×".join(map(str, value.shape)) or "scalar" if isinstance(value, Tensor) else "no tensor"
