"""Deletion and insertion curves: closed forms, and what they may not depend on."""

import numpy as np
import pytest
import torch
from torch import nn

from novelty_maps.faithfulness.deletion import BASELINES, area, baselines, deletion_curves
from novelty_maps.networks.losses import mean_loss
from novelty_maps.pipeline.errors import InputError

CPU = torch.device("cpu")
SIDE = 8
PIXELS = SIDE**2


class Constant(nn.Module):
    """h(x) = value, whatever x."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return torch.full_like(x, self.value)


def convolution(channels):
    """A network in which every pixel's reconstruction depends on its neighbours."""
    with torch.random.fork_rng():
        torch.manual_seed(channels)
        return nn.Conv2d(channels, channels, 3, padding=1)


def images_of(channels, count=7):
    generator = np.random.default_rng(channels)
    return generator.integers(1, 256, (count, channels, SIDE, SIDE), dtype=np.uint8)


def maps_of(count=7, seed=0):
    return np.random.default_rng(seed).random((count, SIDE, SIDE), dtype=np.float32)


def black_of(channels):
    return {"black": np.zeros((channels, SIDE, SIDE), np.float32)}


def curves_of(network, images, maps, replacements, *, steps=16, batch_size=50):
    return deletion_curves(
        network, images, maps, replacements, steps=steps, batch_size=batch_size, device=CPU
    )


def all_baselines(network, images, batch_size=3):
    mean_image = np.full(images.shape[1:], 0.25, np.float32)
    return baselines(network, images, mean_image=mean_image, batch_size=batch_size, device=CPU)


def in_order(values, maps):
    """Values (N, H, W) in the order of the maps, (N, n)."""
    order = np.argsort(-maps.reshape(len(maps), -1), axis=1, kind="stable")
    return np.take_along_axis(values.reshape(len(values), -1), order, axis=1)


@pytest.mark.parametrize("channels", [1, 3])
def test_with_zero_output_the_loss_is_that_of_the_pixels_left(channels):
    images, maps = images_of(channels), maps_of()
    curves = curves_of(Constant(0.0), images, maps, black_of(channels))["black"]
    squares = in_order(((images / 255) ** 2).sum(axis=1), maps)
    gone = np.concatenate([np.zeros((7, 1)), squares.cumsum(axis=1)], axis=1)[:, ::4]
    share = gone / gone[:, -1:]
    # Sums of at most 192 float32 squares, all positive.
    np.testing.assert_allclose(curves.deletion, 1 - share, rtol=0, atol=1e-5)
    np.testing.assert_allclose(curves.insertion, share, rtol=0, atol=1e-5)


def test_steps_that_do_not_divide_the_pixels_replace_the_nearest_whole_number():
    images = np.full((1, 1, SIDE, SIDE), 255, np.uint8)
    curves = curves_of(Constant(0.0), images, maps_of(1), black_of(1), steps=5)["black"]
    # 64/5 = 12.8, 25.6, 38.4, 51.2
    expected = 1 - np.array([0, 13, 26, 38, 51, 64]) / PIXELS
    np.testing.assert_allclose(curves.deletion[0], expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(curves.insertion[0], 1 - expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("trained_by", ["mse", "ssim"])
@pytest.mark.parametrize("channels", [1, 3])
def test_each_step_is_the_loss_of_the_changed_image(channels, trained_by):
    """Pixel by pixel, all channels together, against a loop."""
    network, images, maps = convolution(channels), images_of(channels, 2), maps_of(2)
    network.loss = trained_by
    replacements = all_baselines(network, images)
    curves = curves_of(network, images, maps, replacements, steps=PIXELS)
    order = np.argsort(-maps.reshape(2, -1), axis=1, kind="stable")

    def loss(x):
        x = torch.from_numpy(x)[None]
        return float(mean_loss(trained_by, network(x), x))

    with torch.no_grad():
        for name, replacement in replacements.items():
            for i, x in enumerate(images / np.float32(255)):
                baseline = np.broadcast_to(replacement, images.shape)[i]
                deleted, inserted = x.copy(), baseline.copy()
                expected = []
                for pixel in order[i]:
                    at = (slice(None), *np.unravel_index(pixel, (SIDE, SIDE)))
                    deleted[at], inserted[at] = baseline[at], x[at]
                    expected.append((loss(deleted), loss(inserted)))
                found = np.stack([curves[name].deletion[i, 1:], curves[name].insertion[i, 1:]], 1)
                # Float32 rounding of a sum of some hundred terms.
                np.testing.assert_allclose(
                    found, np.array(expected) / loss(x), rtol=1e-4, atol=1e-6
                )


def test_curves_begin_and_end_at_the_image_and_the_baseline():
    network, images = convolution(3), images_of(3)
    curves = curves_of(network, images, maps_of(), all_baselines(network, images))
    assert tuple(curves) == BASELINES
    for deletion, insertion in curves.values():
        assert deletion.shape == insertion.shape == (7, 17)
        assert deletion.dtype == insertion.dtype == np.float64
        assert (deletion[:, 0] == 1).all()
        assert (insertion[:, -1] == 1).all()
        np.testing.assert_array_equal(deletion[:, -1], insertion[:, 0])


def test_deletion_is_insertion_of_the_reversed_order_backwards():
    network, images, maps = convolution(1), images_of(1), maps_of()
    replacements = all_baselines(network, images)
    curves = curves_of(network, images, maps, replacements)
    reverse = curves_of(network, images, -maps, replacements)
    for name in BASELINES:
        np.testing.assert_allclose(
            curves[name].deletion, reverse[name].insertion[:, ::-1], rtol=1e-5
        )


def test_black_deletes_nothing_from_black():
    images, maps = images_of(1), maps_of()
    images[:, :, :, :4] = 0
    maps[:, :, :4] += 1  # the black half comes first
    deletion = curves_of(convolution(1), images, maps, black_of(1))["black"].deletion
    np.testing.assert_allclose(deletion[:, :9], 1, rtol=1e-6)
    assert (np.abs(deletion[:, 9:] - 1) > 1e-3).any(axis=1).all()


def test_equal_pixels_go_by_lowest_flat_index():
    images = images_of(1)
    flat = np.zeros((7, SIDE, SIDE), np.float32)
    by_index = np.broadcast_to(-np.arange(PIXELS, dtype=np.float32), (7, PIXELS))
    for curve, expected in zip(
        curves_of(convolution(1), images, flat, black_of(1))["black"],
        curves_of(convolution(1), images, by_index.reshape(flat.shape), black_of(1))["black"],
        strict=True,
    ):
        np.testing.assert_array_equal(curve, expected)


@pytest.mark.parametrize("seed", range(5))
def test_no_order_deletes_a_constant_networks_loss_faster_than_its_error_map(seed):
    """Each pixel that is replaced by h(x) takes its own e² away, and no other."""
    network, images = Constant(0.5), images_of(3)
    replacement = {"reconstruction": all_baselines(network, images)["reconstruction"]}
    error_map = ((images / np.float32(255) - np.float32(0.5)) ** 2).mean(axis=1)
    best = curves_of(network, images, error_map, replacement)["reconstruction"]
    other = curves_of(network, images, maps_of(seed=seed), replacement)["reconstruction"]
    assert (area(best.deletion) < area(other.deletion)).all()
    assert (area(best.insertion) > area(other.insertion)).all()
    np.testing.assert_allclose(best.deletion[:, -1], 0, atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 4, 7, 10_000])
def test_batch_size_changes_nothing_but_rounding(batch_size):
    network, images, maps = convolution(3), images_of(3), maps_of()
    replacements = all_baselines(network, images, batch_size)
    for name, replacement in all_baselines(network, images).items():
        np.testing.assert_allclose(replacements[name], replacement, rtol=0, atol=1e-6)
    expected = curves_of(network, images, maps, replacements)
    curves = curves_of(network, images, maps, replacements, batch_size=batch_size)
    for name in BASELINES:
        for curve, same in zip(curves[name], expected[name], strict=True):
            np.testing.assert_allclose(curve, same, rtol=1e-5)


BOXES = np.array([[1, 0, 7, 8], [0, 2, 8, 6], [0, 0, 8, 8], [2, 3, 8, 8]])


@pytest.mark.parametrize("channels", [1, 3])
def test_curves_of_a_padded_image_are_those_of_what_its_box_holds(channels):
    """With a network that looks at each pixel alone."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Conv2d(channels, channels, 1)
    images, maps = images_of(channels, 4), maps_of(4)
    maps[:, 0] = maps[:, -1] = 1  # mostly padding, and first by the map if it counted
    mean = np.random.default_rng(3).random(images.shape[1:], np.float32)
    settings = {"batch_size": 3, "device": CPU}
    replacements = baselines(network, images, mean_image=mean, boxes=BOXES, **settings)
    found = deletion_curves(network, images, maps, replacements, steps=7, boxes=BOXES, **settings)
    for row, (top, left, bottom, right) in enumerate(BOXES):
        cut = slice(top, bottom), slice(left, right)
        image, own_mean = images[row : row + 1, :, *cut], mean[:, *cut]
        own = baselines(network, image, mean_image=own_mean, **settings)
        expected = curves_of(network, image, maps[row : row + 1, *cut], own, steps=7)
        for name in BASELINES:
            for curve, same in zip(found[name], expected[name], strict=True):
                np.testing.assert_allclose(curve[row], same[0], rtol=1e-5)


def test_boxes_of_the_whole_image_are_no_padding():
    network, images, maps = convolution(1), images_of(1), maps_of()
    whole = np.tile([0, 0, SIDE, SIDE], (7, 1))
    replacements = all_baselines(network, images)
    found = deletion_curves(
        network, images, maps, replacements, steps=5, batch_size=50, device=CPU, boxes=whole
    )
    for name, both in curves_of(network, images, maps, replacements, steps=5).items():
        for curve, same in zip(found[name], both, strict=True):
            np.testing.assert_allclose(curve, same, rtol=1e-5)


def test_steps_are_no_more_than_the_pixels_of_the_smallest_box():
    images, maps = images_of(1, 4), maps_of(4)
    with pytest.raises(InputError, match=r"steps is 31: an image has 30 pixels, so use 1\.\.30$"):
        deletion_curves(
            Constant(0.0), images, maps, {}, steps=31, batch_size=2, device=CPU, boxes=BOXES
        )


def test_an_image_without_loss_has_no_curve():
    images = images_of(1)
    images[2] = 0
    curves = curves_of(Constant(0.0), images, maps_of(), black_of(1))["black"]
    for curve in curves:
        assert np.isnan(curve[2]).all()
        assert np.isfinite(np.delete(curve, 2, axis=0)).all()
        assert np.isnan(area(curve)).tolist() == [False, False, True, *[False] * 4]


def test_an_image_without_loss_has_no_curve_though_its_baseline_has_a_loss():
    images = np.zeros((1, 1, SIDE, SIDE), np.uint8)
    white = {"white": np.ones((1, SIDE, SIDE), np.float32)}
    for curve in curves_of(Constant(0.0), images, maps_of(1), white)["white"]:
        assert np.isnan(curve).all()


def test_one_step_is_the_image_and_the_baseline():
    curves = curves_of(Constant(0.0), images_of(1), maps_of(), black_of(1), steps=1)["black"]
    np.testing.assert_array_equal(curves.deletion, [[1, 0]] * 7)
    np.testing.assert_array_equal(curves.insertion, [[0, 1]] * 7)


@pytest.mark.parametrize("steps", [0, PIXELS + 1])
def test_impossible_steps_are_an_input_error(steps):
    with pytest.raises(InputError, match=r"steps is \d+: an image has 64 pixels"):
        curves_of(Constant(0.0), images_of(1), maps_of(), black_of(1), steps=steps)


def test_an_oblong_image_has_a_step_for_each_pixel():
    images, maps = images_of(1)[:, :, :6], maps_of()[:, :6]
    black = {"black": np.zeros((1, 6, SIDE), np.float32)}
    curves = curves_of(Constant(0.0), images, maps, black, steps=48)["black"]
    squares = in_order((images[:, 0] / 255) ** 2, maps)
    left = squares[:, ::-1].cumsum(axis=1)[:, ::-1] / squares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(curves.deletion[:, :-1], left, rtol=0, atol=1e-5)
    with pytest.raises(InputError, match="48 pixels"):
        curves_of(Constant(0.0), images, maps, black, steps=49)


def test_area_of_a_straight_line_is_one_half():
    np.testing.assert_allclose(area(np.array([[1, 0.75, 0.5, 0.25, 0], [1] * 5])), [0.5, 1])


def test_baselines_are_what_they_are_called():
    network, images = convolution(3), images_of(3)
    replacements = all_baselines(network, images)
    x = torch.from_numpy(images / np.float32(255))
    assert {b.dtype for b in replacements.values()} == {np.dtype(np.float32)}
    assert not replacements["black"].any()
    assert (replacements["mean"] == 0.25).all()
    with torch.no_grad():
        np.testing.assert_allclose(replacements["reconstruction"], network(x), atol=1e-6)
    blurred = replacements["blurred"]
    means = images.mean(axis=(2, 3)) / 255
    np.testing.assert_allclose(blurred.mean(axis=(2, 3)), means, rtol=1e-5)  # each channel's own
    assert (blurred.std(axis=(2, 3)) < 0.4 * (images / 255).std(axis=(2, 3))).all()


def test_network_and_images_are_left_as_they_were():
    network, images = nn.Sequential(convolution(1), nn.BatchNorm2d(1)).train(), images_of(1)
    images.flags.writeable = False
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    curves_of(network, images, maps_of(), all_baselines(network, images))
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(weights[name], v) for name, v in network.state_dict().items())


def test_images_done_are_told():
    done = []
    deletion_curves(
        Constant(0.0),
        images_of(1),
        maps_of(),
        black_of(1),
        steps=2,
        batch_size=3,
        device=CPU,
        on_batch=done.append,
    )
    assert done == [3, 3, 1]
