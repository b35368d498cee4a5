"""The table of maps, and which of them may be asked for where."""

import pytest
import torch
from torch import nn

from novelty_maps.maps.methods import (
    MAGNITUDES,
    MAP_METHODS,
    MapContext,
    needs_detectors,
    needs_mean_image,
    require_magnitudes,
)
from novelty_maps.maps.names import (
    COMPARED_MAPS,
    CONTROLS,
    DETECTORS,
    HEADLINE_MAPS,
    LOSS_MAPS,
    PERFECT,
    SHORT_NAMES,
    require_of_network,
)
from novelty_maps.networks.losses import DEVIATIONS, image_losses
from novelty_maps.pipeline.errors import InputError

ALL = list(MAP_METHODS)


def test_noise_of_two_methods_is_not_the_same():
    context = MapContext(nn.Identity(), torch.zeros(1, 1, 2, 2), rows=[0])
    streams = [torch.rand(9, generator=context.generators(name)[0]) for name in ("a", "b", "a")]
    assert not torch.equal(streams[0], streams[1])
    assert torch.equal(streams[0], streams[2])


def test_magnitudes_are_all_but_the_terms_and_the_mask():
    assert set(ALL) - set(MAGNITUDES) == {"direct_term", "indirect_term", "mask"}
    require_magnitudes(MAGNITUDES)
    for method in ("direct_term", "mask"):
        with pytest.raises(InputError, match=f"'{method}' is no map to score with: use recon"):
            require_magnitudes(["saliency", method])
    with pytest.raises(InputError, match="there is no map 'salience'; did you mean saliency"):
        require_magnitudes(["salience"])


def test_every_map_has_a_label_and_every_named_map_exists():
    assert SHORT_NAMES.keys() == MAP_METHODS.keys()
    assert len(set(SHORT_NAMES.values())) == len(SHORT_NAMES)
    assert {*COMPARED_MAPS, *HEADLINE_MAPS, *CONTROLS} <= MAP_METHODS.keys()
    assert [name for name in ALL if MAP_METHODS[name].needs == "masks"] == [PERFECT]


@pytest.mark.parametrize("loss", LOSS_MAPS)
def test_the_mean_of_the_map_of_a_loss_is_that_loss(loss):
    network, x = nn.Conv2d(3, 3, 3, padding=1), torch.rand(2, 3, 8, 8)
    network.loss = loss
    context = MapContext(network, x, rows=[0, 1])
    found = MAP_METHODS[LOSS_MAPS[loss]].compute(context).mean(dim=(1, 2))
    torch.testing.assert_close(found, image_losses(network, x, network(x)).detach())
    assert LOSS_MAPS.keys() == DEVIATIONS.keys()


def test_maps_that_need_the_mean_image_say_so():
    needing = {method for method in ALL if needs_mean_image([method])}
    assert needing == {"integrated_gradients_mean", "occlusion", "distance_to_mean"}
    assert needs_mean_image(["saliency", "occlusion"])
    assert not needs_mean_image([])


def test_detectors_are_scored_by_their_maximum_and_are_no_maps_of_the_network():
    assert {method for method in ALL if needs_detectors([method])} == set(DETECTORS)
    assert {method for method in ALL if MAP_METHODS[method].score == "max"} == set(DETECTORS)
    require_of_network(["saliency", "sobel"], key="faithfulness.methods")
    with pytest.raises(InputError, match=r"faithfulness\.methods has padim, which never looks at"):
        require_of_network(["saliency", "padim"], key="faithfulness.methods")
    with pytest.raises(InputError, match=r"faithfulness\.methods: there is no map 'salience'"):
        require_of_network(["salience"], key="faithfulness.methods")
