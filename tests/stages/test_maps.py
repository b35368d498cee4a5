"""Stage `maps`: what it leaves, and what it refuses."""

import numpy as np
import pytest
from oracles.small_run import COUNT, DETECTORS, MAPS

from novelty_maps.maps.files import map_path
from novelty_maps.pipeline.errors import InputError
from stages import maps


def test_maps_are_those_asked_for_and_the_reconstruction_and_no_others(agreement_workspace):
    assert np.load(map_path("saliency")).shape == (COUNT, 8, 8)
    maps.main(MAPS.model_copy(update={"methods": ["sobel", "distance_to_mean"]}), DETECTORS)
    kept = {path.name for path in map_path("sobel").parent.iterdir()}
    assert kept == {"sobel.npy", "distance_to_mean.npy", "reconstruction.npy"}


def test_unknown_map_is_refused_by_its_key(agreement_workspace):
    with pytest.raises(InputError, match=r"maps\.methods: there is no map 'sobl'"):
        maps.main(MAPS.model_copy(update={"methods": ["sobl"]}), DETECTORS)
