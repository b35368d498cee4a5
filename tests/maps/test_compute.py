"""Maps of a whole set of images: their form, and what they may not depend on."""

import numpy as np
import pytest
import torch
from torch import nn

from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.maps.compute import compute_maps, gather_maps
from novelty_maps.maps.methods import MAGNITUDES, MAP_METHODS, needs_mean_image
from novelty_maps.maps.names import CONTROLS, DETECTORS, require_methods
from novelty_maps.maps.ranking import top_pixels
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.parts import mean_image

CPU = torch.device("cpu")
METHODS = ["reconstruction_error", "saliency", "guided_backpropagation"]
ALL = list(MAP_METHODS)


def images_of(channels, count=11):
    generator = np.random.default_rng(channels)
    return generator.integers(0, 256, (count, channels, 8, 8), dtype=np.uint8)


def network_of(channels):
    """A network whose batch norm statistics are those of the images, in evaluation mode."""
    network = seeded_autoencoder(0, image_shape=(channels, 8, 8), code_length=4)
    with torch.no_grad():
        for _ in range(20):
            network(torch.from_numpy(images_of(channels)).float() / 255)
    return network.eval()


def small_network(channels):
    """A smooth network, quick enough for all methods.

    On the paths of integrated gradients some pre-activation is always so close to zero that
    rounding would push it over the kink of a ReLU.
    """
    with torch.random.fork_rng():
        torch.manual_seed(channels)
        return nn.Sequential(
            nn.Conv2d(channels, 4, 3, stride=2, padding=1),
            nn.Tanh(),
            nn.ConvTranspose2d(4, channels, 4, stride=2, padding=1),
        )


def masks_of(images):
    """Ground truth: the bright pixels, a different set in each image."""
    return images[:, 0] > 200


def detectors_of():
    """In place of detectors, maps of the images alone."""
    return {"patchcore": lambda x, boxes: x.amax(1), "padim": lambda x, boxes: x.mean(1)}


def maps_of(network, images, *, batch_size=4, methods=METHODS, **settings):
    """All batches joined; mean image and masks are given to all."""
    batches = list(
        compute_maps(
            network,
            images,
            methods=methods,
            batch_size=batch_size,
            device=CPU,
            mean_image=mean_image(images_of(images.shape[1])),
            masks=masks_of(images),
            detectors=detectors_of(),
            **settings,
        )
    )
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def assert_equal_but_for_rounding(a, b):
    """Within float32 rounding of some twenty layers with up to a thousand terms a sum."""
    loss = a["reconstruction_error"].mean(axis=(1, 2)).max()
    for name in a:
        scale = loss if name == "occlusion" else np.abs(a[name]).max()  # a difference of losses
        assert scale > 0
        np.testing.assert_allclose(a[name], b[name], rtol=0, atol=32 * 2**-23 * scale)


@pytest.mark.parametrize("channels", [1, 3])
def test_maps_are_float32_with_one_finite_value_a_pixel(channels):
    maps = maps_of(small_network(channels), images_of(channels, 5), methods=ALL)
    assert maps.keys() == {"reconstruction", *ALL}
    assert maps.pop("reconstruction").shape == (5, channels, 8, 8)
    assert {map_.shape for map_ in maps.values()} == {(5, 8, 8)}
    assert {map_.dtype for map_ in maps.values()} == {np.dtype(np.float32)}
    assert all(np.isfinite(map_).all() for map_ in maps.values())
    assert all(np.ptp(map_) > 0 for map_ in maps.values())
    assert all(maps[method].min() >= 0 for method in MAGNITUDES)


def test_batches_come_in_order_and_the_last_one_is_the_rest():
    batches = compute_maps(
        network_of(1), images_of(1), methods=["saliency"], batch_size=4, device=CPU
    )
    assert [len(batch["saliency"]) for batch in batches] == [4, 4, 3]


def test_a_map_is_the_same_alone_and_among_all_others():
    network, images = small_network(1), images_of(1, 3)
    together = maps_of(network, images, methods=ALL[::-1])
    for method in ALL:
        alone = maps_of(network, images, methods=[method])
        assert alone.keys() == {"reconstruction", method}
        np.testing.assert_array_equal(alone[method], together[method])


@pytest.mark.parametrize("channels", [1, 3])
def test_error_map_is_the_squared_difference_of_image_and_reconstruction(channels):
    images = images_of(channels)
    maps = maps_of(network_of(channels), images)
    error = images / np.float32(255) - maps["reconstruction"]
    # A subtraction, a square and a mean of three.
    np.testing.assert_allclose(
        maps["reconstruction_error"], (error**2).mean(axis=1), rtol=8 * 2**-23
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_folding_batch_norm_changes_nothing_but_rounding(channels, monkeypatch):
    network, images = network_of(channels), images_of(channels)
    maps = maps_of(network, images)
    monkeypatch.setattr("novelty_maps.maps.compute.folded", lambda network: network)
    plain = maps_of(network, images)
    assert_equal_but_for_rounding(maps, plain)
    assert any((maps[name] != plain[name]).any() for name in maps)  # but that it does


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 3, 11, 100])
def test_batch_size_changes_nothing_but_rounding(channels, batch_size):
    network, images = network_of(channels), images_of(channels)
    assert_equal_but_for_rounding(
        maps_of(network, images), maps_of(network, images, batch_size=batch_size)
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_batch_size_and_order_change_nothing_but_rounding_in_any_method(channels):
    network, images = small_network(channels), images_of(channels, 3)
    order = np.array([2, 0, 1])
    maps = maps_of(network, images, methods=ALL)
    assert_equal_but_for_rounding(maps, maps_of(network, images, methods=ALL, batch_size=2))
    assert_equal_but_for_rounding(
        {name: map_[order] for name, map_ in maps.items()},
        maps_of(network, images[order], methods=ALL, rows=order),
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_permuting_the_images_permutes_the_maps(channels):
    network, images = network_of(channels), images_of(channels)
    order = np.random.default_rng(1).permutation(len(images))
    expected = {name: map_[order] for name, map_ in maps_of(network, images).items()}
    assert_equal_but_for_rounding(expected, maps_of(network, images[order]))


@pytest.mark.parametrize("method", ["uniform", "smoothgrad"])
def test_noise_is_a_function_of_seed_and_row(method):
    network, images = small_network(1), np.repeat(images_of(1)[:1], 3, axis=0)

    def noisy(**settings):
        return maps_of(network, images, methods=[method], **settings)[method]

    first, second, third = noisy(rows=[5, 6, 5])
    np.testing.assert_allclose(first, third, rtol=1e-4)
    assert not np.allclose(first, second, rtol=1e-4)
    assert not np.allclose(first, noisy(rows=[5, 6, 5], seed=1)[0], rtol=1e-4)
    np.testing.assert_array_equal(noisy(), noisy(rows=[0, 1, 2], seed=0))


def test_images_and_network_are_left_as_they_were():
    network, images = network_of(1), images_of(1, 2)
    weights = [value.clone() for value in (*network.parameters(), *network.buffers())]
    pixels = images.copy()
    network.train()
    random_state = torch.random.get_rng_state()
    maps_of(network, images, methods=ALL)
    assert torch.equal(torch.random.get_rng_state(), random_state)
    assert network.training
    assert not any(
        module._forward_hooks or module._forward_pre_hooks for module in network.modules()
    )
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(parameter.grad is None for parameter in network.parameters())
    for before, now in zip(weights, (*network.parameters(), *network.buffers()), strict=True):
        assert torch.equal(before, now)
    np.testing.assert_array_equal(images, pixels)


def test_gathered_maps_are_the_batches_joined_and_no_reconstruction():
    network, images = network_of(1), images_of(1)
    done: list[int] = []
    gathered = gather_maps(
        network, images, methods=METHODS, batch_size=4, device=CPU, on_batch=done.append
    )
    assert list(gathered) == METHODS
    for name, expected in maps_of(network, images).items():
        if name in METHODS:
            np.testing.assert_array_equal(gathered[name], expected)
    assert done == [4, 4, 3]


def test_read_only_images_are_taken():
    images = images_of(1)
    images.flags.writeable = False
    assert len(maps_of(network_of(1), images)["saliency"]) == len(images)


def test_network_in_training_mode_is_evaluated_all_the_same():
    network, images = network_of(1), images_of(1)
    expected = maps_of(network, images)
    maps = maps_of(network.train(), images)
    for name in expected:
        np.testing.assert_array_equal(maps[name], expected[name])


def test_gradients_are_computed_where_they_are_switched_off():
    network, images = small_network(1), images_of(1, 3)
    expected = maps_of(network, images, methods=ALL)
    with torch.no_grad():
        maps = maps_of(network, images, methods=ALL)
    for name in expected:
        np.testing.assert_array_equal(maps[name], expected[name])


def test_batches_need_not_be_kept_for_the_next():
    batches = compute_maps(
        network_of(1), images_of(1), methods=["saliency"], batch_size=4, device=CPU
    )
    first = next(batches)["saliency"]
    kept = first.copy()
    next(batches)
    np.testing.assert_array_equal(first, kept)


def test_perfect_reconstruction_has_all_zero_maps():
    maps = maps_of(nn.Identity(), images_of(1))
    assert (maps["reconstruction"] == images_of(1) / np.float32(255)).all()
    assert not maps["reconstruction_error"].any()
    assert not maps["saliency"].any()


def test_controls_do_not_depend_on_the_network():
    images = images_of(3, 4)
    here, there = (
        maps_of(network, images, methods=ALL) for network in (small_network(3), nn.Identity())
    )
    same = {method for method in ALL if np.array_equal(here[method], there[method])}
    assert same == {*CONTROLS, *DETECTORS}


def test_unknown_method_is_an_error_before_anything_is_computed():
    require_methods(ALL)
    with pytest.raises(InputError, match="there is no map 'x'; known: reconstruction_error, sal"):
        require_methods(["saliency", "x"])
    with pytest.raises(InputError, match="did you mean smoothgrad"):
        compute_maps(None, images_of(1), methods=["smooth_grad"], batch_size=4, device=CPU)


@pytest.mark.parametrize("method", ["occlusion", "integrated_gradients_mean", "distance_to_mean"])
def test_method_without_its_mean_image_is_an_error(method):
    assert needs_mean_image(["saliency", method])
    with pytest.raises(InputError, match=f"{method} needs the mean training image: leave it out"):
        compute_maps(network_of(1), images_of(1), methods=[method], batch_size=4, device=CPU)


def test_mask_without_masks_is_an_error():
    assert not needs_mean_image(["saliency", "mask"])
    with pytest.raises(InputError, match="the map mask needs masks of what is novel"):
        compute_maps(network_of(1), images_of(1), methods=["mask"], batch_size=4, device=CPU)


@pytest.mark.parametrize("fitted", [None, {"padim": lambda x, boxes: x[:, 0]}])
def test_detector_that_is_not_fitted_is_an_error(fitted):
    with pytest.raises(InputError, match="the map patchcore needs a fitted detector: leave it out"):
        compute_maps(
            network_of(1),
            images_of(1),
            methods=["patchcore"],
            batch_size=4,
            device=CPU,
            detectors=fitted,
        )


def test_mean_image_is_in_the_unit_range():
    images = np.array([[[[0, 255]]], [[[51, 255]]]], np.uint8)
    assert mean_image(images).dtype == np.float32
    np.testing.assert_allclose(mean_image(images), [[[0.1, 1.0]]], rtol=2**-23)


@pytest.mark.parametrize("channels", [1, 3])
def test_maps_are_zero_in_padding_and_elsewhere_as_they_are(channels):
    images = images_of(channels)
    boxes = np.array([[0, row % 3, 8 - row % 4, 8] for row in range(len(images))])
    methods = ["reconstruction_error", "saliency", "indirect_term"]
    settings = {"methods": methods, "batch_size": 4, "device": CPU}
    whole = gather_maps(network_of(channels), images, **settings)
    padded = gather_maps(network_of(channels), images, boxes=boxes, **settings)
    for method in methods:
        for row, (top, left, bottom, right) in enumerate(boxes):
            expected = np.zeros((8, 8), np.float32)
            expected[top:bottom, left:right] = whole[method][row, top:bottom, left:right]
            np.testing.assert_array_equal(padded[method][row], expected)


def test_no_pixel_of_padding_is_among_the_highest():
    images = images_of(1)
    boxes = np.tile([3, 0, 8, 8], (len(images), 1))
    settings = {"methods": METHODS, "batch_size": 4, "device": CPU}
    for maps in gather_maps(network_of(1), images, boxes=boxes, **settings).values():
        assert (top_pixels(maps, 10) >= 3 * 8).all()


def test_detectors_are_told_the_boxes_of_their_images():
    images = images_of(1)
    boxes = np.array([[0, 0, 8, 8 - row % 3] for row in range(len(images))])
    told = []
    settings = {"methods": ["padim"], "batch_size": 4, "device": CPU, "boxes": boxes}
    fitted = {"padim": lambda x, own: told.append(own) or x[:, 0]}
    gather_maps(network_of(1), images, detectors=fitted, **settings)
    np.testing.assert_array_equal(np.concatenate(told), boxes)
    assert len(told) > 1
