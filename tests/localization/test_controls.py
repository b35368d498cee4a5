"""What is said where a control beats maps of the network."""

import numpy as np
from oracles.localization_tables import localization

from novelty_maps.localization.controls import beaten_by_control, network_beaten

SKILL = {"saliency": 0.2, "occlusion": 0.4, "uniform": 0.1, "sobel": 0.3, "mask": 1.0}


def test_maps_below_the_best_control_are_named_with_it():
    said = beaten_by_control(localization(SKILL), ["occlusion", "saliency", "uniform", "sobel"])
    assert said == (
        "Sobel, a control without a network, has a higher average precision (0.300) than"
        " saliency (0.200), uniform (0.100)"
    )


def test_nothing_is_said_where_no_map_is_beaten_or_nothing_is_known():
    assert beaten_by_control(localization(SKILL), ["occlusion", "not_there"]) is None
    assert beaten_by_control(localization({"saliency": 0.1, "mask": 1.0}), ["saliency"]) is None
    undefined = localization(SKILL | {"sobel": np.nan, "uniform": np.nan})
    assert beaten_by_control(undefined, ["saliency"]) is None


def test_network_is_beaten_where_its_best_map_is_whatever_a_detector_finds():
    assert network_beaten(localization(SKILL)) is None
    said = network_beaten(localization(SKILL | {"occlusion": 0.25, "patchcore": 0.9}))
    assert said is not None
    assert said.endswith("than occlusion (0.250)")
    assert network_beaten(localization({"sobel": 0.1})) is None
