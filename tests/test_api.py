"""The measures as functions of arrays: right, light to import, and as their examples say."""

import doctest

import numpy as np
import pytest
import torch
from oracles import slow_metrics
from oracles.without_torch import runs_without_torch
from torch import nn

from novelty_maps import api, map_metric
from novelty_maps.localization.aupro import aupro
from novelty_maps.pipeline.errors import InputError


def random_maps(seed, *shape, dtype=np.float64):
    return np.random.default_rng(seed).random(shape).astype(dtype)


@pytest.mark.parametrize("module", [api, map_metric], ids=lambda module: module.__name__)
def test_examples_are_what_python_prints(module):
    failed, tried = doctest.testmod(module)
    assert tried > 2
    assert not failed


def test_every_name_that_is_offered_is_there():
    assert all(callable(getattr(api, name)) for name in api.__all__)


def test_pytorch_waits_until_a_network_is_asked():
    assert runs_without_torch("import novelty_maps.api") == ""


@pytest.mark.parametrize("k", [1, 4, 30])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_agreement_and_distance_are_those_of_the_definition(k, dtype):
    a, b = random_maps(0, 7, 5, 6, dtype=dtype), random_maps(1, 7, 5, 6, dtype=dtype)
    before = a.copy(), b.copy()
    agreement, distance = api.top_k_agreement(a, b, k), api.distance_to_best_match(a, b, k)
    assert agreement.tolist() == [
        slow_metrics.agreement(*pair, k) for pair in zip(a, b, strict=True)
    ]
    expected = np.array([slow_metrics.distances(*pair, k) for pair in zip(a, b, strict=True)])
    np.testing.assert_allclose(np.stack(distance, axis=1), expected, rtol=1e-6)
    for array, kept in zip((a, b), before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_a_map_agrees_with_itself_whatever_its_scale():
    a = random_maps(0, 3, 4, 5)
    assert api.top_k_agreement(a, np.exp(3 * a), 6).tolist() == [6] * 3
    assert not np.any(api.distance_to_best_match(a, np.exp(3 * a), 6))


@pytest.mark.parametrize("measure", [api.top_k_agreement, api.distance_to_best_match])
def test_maps_that_are_no_pairs_or_have_no_top_k_are_an_error(measure):
    a = random_maps(0, 3, 4, 5)
    with pytest.raises(InputError, match=r"shapes \(3, 4, 5\) and \(3, 5, 4\)"):
        measure(a, a.transpose(0, 2, 1), 2)
    with pytest.raises(InputError, match="K is 21: an image has 20 pixels"):
        measure(a, a, 21)
    with pytest.raises(InputError, match=r"should have \(N, H, W\)"):
        measure(a[0], a[0], 2)
    with pytest.raises(TypeError, match="int64"):
        measure(a.astype(np.int64), a, 2)


def test_maps_of_a_network_of_ones_own_have_a_closed_form():
    images = np.array([[[[0, 51], [102, 255]]], [[[255, 0], [0, 0]]]], np.uint8)
    half = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.constant_(half.weight, 0.5)
    found = api.pixel_maps(half.train(), images)
    x = images[:, 0] / 255
    np.testing.assert_allclose(found["reconstruction_error"], (x / 2) ** 2, rtol=1e-6)
    np.testing.assert_allclose(found["saliency"], x / 8, rtol=1e-6)  # of mean (x/2)² over 4 pixels
    assert half.training
    (map_,) = api.pixel_maps(half, images, ["distance_to_mean"], mean_image=x[:1] * 0).values()
    np.testing.assert_allclose(map_, x, rtol=1e-6)


# Metrics over batches.


def masked(seed=0, count=6):
    masks = np.zeros((count, 5, 6), bool)
    masks[1:, :2, 1:3] = True
    return random_maps(seed, count, 5, 6), masks


@pytest.mark.parametrize("size", [1, 4, 6])
def test_metric_of_batches_is_that_of_all_images_together(size):
    maps, masks = masked()
    metric = api.MapMetric(aupro)
    for start in range(0, len(maps), size):
        metric.update(maps[start : start + size], masks[start : start + size])
    assert metric.compute() == aupro(maps, masks)
    assert metric.compute() == aupro(maps, masks)  # again


def test_metric_takes_what_anomaly_detectors_put_out():
    maps, masks = masked()
    metric = api.MapMetric(api.pointing_game)
    batch = (
        torch.from_numpy(maps)[:, None].requires_grad_(),
        torch.from_numpy(masks).to(torch.uint8),
    )
    np.testing.assert_array_equal(metric(*batch), api.pointing_game(maps, masks))
    metric.update(maps.tolist(), 255 * masks.astype(np.int64)[:, None])
    np.testing.assert_array_equal(metric.compute(), np.tile(api.pointing_game(maps, masks), 2))


def test_metric_that_is_called_says_what_the_batch_alone_has_and_keeps_it():
    maps, masks = masked()
    metric = api.MapMetric(aupro)
    assert metric(maps[:3], masks[:3]) == aupro(maps[:3], masks[:3])
    assert metric(maps[3:], masks[3:]) == aupro(maps[3:], masks[3:])
    assert metric.compute() == aupro(maps, masks)


def test_metric_forgets_when_it_is_reset_and_then_has_nothing_to_say():
    maps, masks = masked()
    metric = api.MapMetric(aupro)
    metric.update(maps, masks)
    metric.reset()
    with pytest.raises(InputError, match="call update first"):
        metric.compute()
    metric.update(maps[:2], masks[:2])
    assert metric.compute() == aupro(maps[:2], masks[:2])


def test_batch_that_cannot_be_measured_is_an_error_at_once_and_is_not_kept():
    maps, masks = masked()
    metric = api.MapMetric(aupro)
    for bad in ((maps, masks[:, :4]), (maps * np.nan, masks)):
        with pytest.raises(InputError):
            metric.update(*bad)
    with pytest.raises(TypeError, match="masks are float64"):
        metric.update(maps, masks.astype(float))
    metric.update(maps, masks)
    assert metric.compute() == aupro(maps, masks)
