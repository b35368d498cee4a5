"""What maps need of the normal training images is loaded where a map needs it, and only there."""

import numpy as np
import pandas as pd
import pytest
import torch
from oracles.parameters import section

from novelty_maps.detectors import fit
from novelty_maps.maps import fitted
from novelty_maps.maps.names import CONTROLS, DETECTORS
from novelty_maps.params.detectors import DetectorsParams

PARAMS = section(DetectorsParams, "detectors")
CPU = torch.device("cpu")
BOXES = [[0, 1, 4, 3]] * 3
MEAN, IMAGES = np.zeros((1, 4, 4), np.float32), np.zeros((3, 1, 4, 4), np.uint8)


@pytest.fixture(autouse=True)
def loads(monkeypatch):
    """What is loaded, by name."""
    done = []

    def load_part(part, *, novel):
        done.append((part, novel))
        return IMAGES, pd.DataFrame()

    monkeypatch.setattr(fitted, "load_part", load_part)
    monkeypatch.setattr(fitted, "load_boxes", lambda rows: BOXES)
    return done


def test_maps_of_the_network_alone_need_nothing(loads):
    assert fitted.load_needed(["saliency", "reconstruction_error"], PARAMS, device=CPU) == {}
    assert loads == []


def test_mean_image_is_made_for_the_map_that_needs_it(loads):
    (made,) = fitted.load_needed(CONTROLS, PARAMS, device=CPU).values()
    np.testing.assert_array_equal(made, MEAN)
    assert loads == [("train", False)]


def test_detectors_are_fitted_on_normal_training_images(loads, monkeypatch):
    asked = []
    monkeypatch.setattr(
        fit,
        "fit_detectors",
        lambda *given, device, boxes: asked.append((*given, device, boxes)) or "fitted",
    )
    methods = ["saliency", *DETECTORS]
    assert fitted.load_needed(methods, PARAMS, device=CPU) == {"detectors": "fitted"}
    assert asked == [(methods, IMAGES, PARAMS, CPU, BOXES)]
    assert loads == [("train", False)]
