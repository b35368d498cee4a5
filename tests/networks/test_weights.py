"""The weights that a network takes, and those that it refuses."""

import itertools

import pytest
import torch
from torch import nn

from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.networks.weights import description_of, load_weights, unwrapped
from novelty_maps.pipeline.errors import InputError

SMALL = {"image_shape": (1, 8, 8), "code_length": 5}


def small(seed, **changes):
    return seeded_autoencoder(seed, **{**SMALL, **changes})


def tensors_of(network):
    """What a published checkpoint holds: the state dict without a description."""
    entries = network.state_dict().items()
    return {name: value.clone() for name, value in entries if isinstance(value, torch.Tensor)}


def assert_same_weights(a, b):
    a, b = tensors_of(a), tensors_of(b)
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def without(weights, *endings):
    return {name: value for name, value in weights.items() if not name.endswith(endings)}


def refusal(network, weights):
    """The message with which a network refuses weights, left as it was."""
    before = tensors_of(network)
    with pytest.raises(InputError) as caught:
        load_weights(network, weights, source="x.pt")
    after = tensors_of(network)
    assert all(torch.equal(before[name], after[name]) for name in before)
    return str(caught.value)


def test_loaded_weights_replace_all_of_the_network():
    source, target = small(1), small(2)
    load_weights(target, source.state_dict(), source="x.pt")
    assert_same_weights(source, target)


def test_published_weights_do_not_say_what_network_they_belong_to():
    source, target = small(1), small(2)
    weights = tensors_of(source)
    assert description_of(weights) is None
    load_weights(target, weights, source="x.pt")
    assert_same_weights(source, target)
    assert description_of(target.state_dict()) == {
        "network": "lsa",
        "image_shape": [1, 8, 8],
        "code_length": 5,
    }


def test_estimator_entries_are_ignored():
    source, target = small(1), small(2)
    weights = {**source.state_dict(), "estimator.layers.0.weight": torch.full((3,), torch.nan)}
    load_weights(target, weights, source="x.pt")
    assert_same_weights(source, target)


def test_missing_step_counters_are_no_error():
    source, target = small(1), small(2)
    load_weights(target, without(source.state_dict(), "num_batches_tracked"), source="x.pt")
    assert_same_weights(source, target)


def test_weights_of_another_network_are_refused_naming_the_entries_that_differ():
    weights = dict(small(2).state_dict())
    weights["encoder.extra"] = weights.pop("encoder.fc.0.bias")
    weights["encoder.fc.3.bias"] = torch.zeros(7)
    weights["decoder.fc.0.bias"] = "text"
    message = refusal(small(1), weights)
    assert message.startswith("x.pt holds the weights of another network: ")
    assert "encoder.fc.0.bias is missing" in message
    assert "encoder.extra is unknown" in message
    assert "encoder.fc.3.bias is 7 instead of 5" in message
    assert "decoder.fc.0.bias is no tensor instead of 64" in message


@pytest.mark.parametrize(
    ("changes", "given"),
    [
        ({"network": "dense"}, "network dense, image_shape [1, 8, 8], code_length 5"),
        ({"network": "vae"}, "network vae, image_shape [1, 8, 8], code_length 5"),
        ({"code_length": 6}, "network lsa, image_shape [1, 8, 8], code_length 6"),
        ({"image_shape": (3, 8, 8)}, "network lsa, image_shape [3, 8, 8], code_length 5"),
    ],
)
def test_weights_that_describe_another_network_are_refused_naming_it_first(changes, given):
    message = refusal(small(1), small(2, **changes).state_dict())
    wanted = "network lsa, image_shape [1, 8, 8], code_length 5"
    assert message.startswith(
        f"x.pt holds the weights of another network: {given} instead of {wanted}; "
    )


def test_fitting_weights_of_a_network_of_another_name_are_refused():
    weights = small(2).state_dict()
    weights["_extra_state"] = {**weights["_extra_state"], "network": "dense"}
    assert "network dense, " in refusal(small(1), weights)
    weights["_extra_state"] = torch.zeros(3)
    assert "an unknown network instead of network lsa" in refusal(small(1), weights)


def test_many_differences_are_cut_short_and_counted():
    network = small(1)
    entries = len(without(tensors_of(network), "num_batches_tracked"))
    assert f"and {entries + 1 - 6} more" in refusal(network, {"other": torch.ones(1)})


def test_file_whose_keys_are_no_names_is_refused():
    assert "x.pt is no state dict" in refusal(small(1), {0: torch.zeros(2)})


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite_are_refused(value):
    weights = tensors_of(small(2))
    weights["decoder.fc.3.weight"][0, 0] = value
    assert "x.pt: decoder.fc.3.weight holds NaN or infinity" in refusal(small(1), weights)


def test_network_that_describes_nothing_is_loaded_as_well():
    source, target = nn.Linear(2, 3), nn.Linear(2, 3)
    load_weights(target, source.state_dict(), source="x.pt")
    assert_same_weights(source, target)


WRAPPERS = ("module.", "_orig_mod.", "model.")


@pytest.mark.parametrize("prefix", ["", *WRAPPERS, *map("".join, itertools.permutations(WRAPPERS))])
@pytest.mark.parametrize("key", [None, "state_dict", "model_state_dict"])
def test_weights_are_unwrapped_from_what_training_scripts_save(prefix, key):
    source, target = small(1), small(2)
    values = {f"{prefix}{name}": value for name, value in tensors_of(source).items()}
    saved = values if key is None else {key: values, "epoch": 3}
    load_weights(target, unwrapped(saved), source="x.pt")
    assert_same_weights(source, target)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda weights: {"model": weights, "epoch": 3},
        lambda weights: {"net": weights, "optimizer": {"state": {0: {"step": torch.ones(1)}}}},
        lambda weights: {"state_dict": weights, "best": torch.ones(1)},
        lambda weights: {"ema": weights, "state_dict": {"state_dict": weights}},
    ],
)
def test_state_dict_is_found_under_another_key_if_it_is_the_only_one(wrap):
    source, target = small(1), small(2)
    load_weights(target, unwrapped(wrap(tensors_of(source))), source="x.pt")
    assert_same_weights(source, target)


@pytest.mark.parametrize(
    ("values", "held"),
    [
        ({}, "nothing"),
        ({"state_dict": None, "epoch": 3}, "state_dict, epoch"),
        ({"model": {"w": torch.ones(1)}, "ema": {"w": torch.ones(1)}}, "model, ema"),
        ({"state": {0: {"step": torch.ones(1)}}, "param_groups": []}, "state, param_groups"),
    ],
)
def test_file_without_one_state_dict_is_told_by_what_it_holds(values, held):
    message = refusal(small(1), unwrapped(values))
    assert message.startswith(f"x.pt is no state dict: it holds {held}, and none of it is a tensor")


def test_prefix_that_only_some_keys_have_is_no_wrapper():
    weights = {"module.a": torch.ones(1), "b": torch.ones(1)}
    assert unwrapped(weights) == weights
    assert unwrapped({}) == {}


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("meta", lambda value: value.to("meta")),
        ("sparse", lambda value: value.to_sparse()),
    ],
)
def test_tensors_without_ordinary_values_are_named(kind, changed):
    weights = tensors_of(small(2))
    name = "encoder.fc.0.weight"
    weights[name] = changed(weights[name])
    message = refusal(small(1), weights)
    assert message == f"x.pt: {name} is a {kind} tensor: save ordinary ones"


@pytest.mark.parametrize("kind", [torch.int32, torch.complex64, torch.float8_e4m3fn, torch.bool])
def test_weights_that_are_no_ordinary_floats_are_named(kind):
    weights = tensors_of(small(2))
    name = "encoder.fc.0.weight"
    weights[name] = weights[name].to(kind)
    assert refusal(small(1), weights) == f"x.pt: {name} is of {kind}: save it as torch.float32"


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_floats_of_another_precision_are_loaded(kind):
    source, target = small(1), small(2)
    weights = {k: v.to(kind) if v.is_floating_point() else v for k, v in tensors_of(source).items()}
    load_weights(target, weights, source="x.pt")
    found = target.state_dict()["encoder.fc.0.weight"]
    assert found.dtype == torch.float32
    assert torch.equal(found, weights["encoder.fc.0.weight"].float())
