"""State dicts: which network one belongs to, and how it is loaded or refused."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from novelty_maps.pipeline import formats
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.outside import outside_path

# PyTorch's name for what a module adds to its state dict beside tensors.
_DESCRIPTION = "_extra_state"
_STATE_DICTS = ("state_dict", "model_state_dict")
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_WRAPPERS = ("module.", "_orig_mod.", "model.")


def load_published_weights(network: nn.Module, name: str) -> None:
    """Fill a network with the weights of a file from elsewhere, in place.

    Args:
        network: The network to fill.
        name: The file, as of `outside.outside_path`; it holds what `unwrapped` takes.

    Raises:
        InputError: The file is missing or cannot be read, or as of `load_weights`.
    """
    weights = formats.read_torch(
        outside_path(name),
        remedy="give a state dict saved by torch.save, or set DATASETS_ROOT to its folder",
    )
    load_weights(network, unwrapped(weights), source=name)


def unwrapped(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state dict in what a training script has saved.

    Args:
        values: A state dict, or one under the key state_dict or model_state_dict, or under another
            if there is no other one; all its keys may have the prefixes of wrappers: module.
            (DataParallel), _orig_mod. (torch.compile) and model. (Lightning).
    """
    while inner := {key: value for key, value in values.items() if _is_state_dict(value)}:
        named = [key for key in _STATE_DICTS if key in inner]
        if not named and (len(inner) > 1 or _has_tensors(values)):
            break
        values = inner[named[0] if named else next(iter(inner))]
    for prefix in _WRAPPERS * len(_WRAPPERS):  # in whatever order they stand
        if values and all(str(key).startswith(prefix) for key in values):
            values = {str(key).removeprefix(prefix): value for key, value in values.items()}
    return values


def _is_state_dict(value: Any) -> bool:
    """Whether it has names of tensors, or of other state dicts."""
    return (
        isinstance(value, Mapping)
        and all(isinstance(key, str) for key in value)
        and (_has_tensors(value) or any(map(_is_state_dict, value.values())))
    )


def _has_tensors(values: Mapping[str, Any]) -> bool:
    return any(isinstance(value, Tensor) for value in values.values())


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
        InputError: The weights belong to another network, which names the keys that differ; or
            they are no ordinary, finite floats.
    """
    if not all(isinstance(key, str) for key in weights):
        raise InputError(f"{source} is no state dict: its keys are not parameter names")
    if not _has_tensors(weights):
        raise InputError(
            f"{source} is no state dict: it holds {', '.join(list(weights)[:8]) or 'nothing'},"
            " and none of it is a tensor: save the state_dict() of the network alone"
        )
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
    _require_ordinary(given, expected, source=source)
    extra = {} if wanted is None else {_DESCRIPTION: wanted}
    network.load_state_dict(given | extra)


def _require_ordinary(
    given: Mapping[str, Tensor], expected: Mapping[str, Tensor], *, source: str
) -> None:
    for key, value in given.items():
        if value.is_meta or value.layout != torch.strided or value.is_quantized:
            kind = "meta" if value.is_meta else "quantized" if value.is_quantized else "sparse"
            raise InputError(f"{source}: {key} is a {kind} tensor: save ordinary ones")
        if expected[key].is_floating_point() and value.dtype not in _FLOATS:
            raise InputError(f"{source}: {key} is of {value.dtype}: save it as torch.float32")
        if not torch.isfinite(value).all():
            raise InputError(f"{source}: {key} holds NaN or infinity: take another checkpoint")


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
