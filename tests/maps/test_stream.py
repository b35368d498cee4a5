"""Maps streamed into files: the same as those that are gathered in memory."""

import numpy as np
import pytest
import torch
from torch import nn

from novelty_maps.maps.compute import compute_maps, gather_maps
from novelty_maps.maps.stream import stream_maps
from novelty_maps.pipeline.errors import InputError

SETTINGS = {"batch_size": 3, "device": torch.device("cpu")}
METHODS = ["saliency", "uniform", "mask"]


def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Conv2d(2, 2, 3, padding=1)


def images_of(count=7):
    return np.random.default_rng(0).integers(0, 256, (count, 2, 6, 5), dtype=np.uint8)


MASKS = np.random.default_rng(1).random((7, 6, 5)) < 0.5


def test_files_hold_the_maps_that_are_gathered_in_memory(tmp_path):
    done = []
    targets = {name: tmp_path / f"{name}.npy" for name in [*METHODS, "reconstruction"]}
    stream_maps(network(), images_of(), targets, masks=MASKS, on_batch=done.append, **SETTINGS)
    expected = gather_maps(network(), images_of(), methods=METHODS, masks=MASKS, **SETTINGS)
    batches = compute_maps(network(), images_of(), methods=[], **SETTINGS)
    expected["reconstruction"] = np.concatenate([batch["reconstruction"] for batch in batches])
    for name, path in targets.items():
        found = np.load(path)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected[name])
    assert done == [3, 3, 1]


def test_only_the_targets_are_written(tmp_path):
    stream_maps(network(), images_of(), {"saliency": tmp_path / "s.npy"}, **SETTINGS)
    assert [file.name for file in tmp_path.iterdir()] == ["s.npy"]


def test_map_that_cannot_be_made_leaves_no_file(tmp_path):
    targets = {"saliency": tmp_path / "s.npy", "mask": tmp_path / "m.npy"}
    with pytest.raises(InputError, match="mask needs masks"):
        stream_maps(network(), images_of(), targets, **SETTINGS)
    assert not list(tmp_path.iterdir())
