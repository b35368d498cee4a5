"""PatchCore against slow twins: the greedy choice, and the nearest patches."""

import numpy as np
import pytest
import torch
from oracles.frozen_network import noise, pooled_features

from novelty_maps.detectors import patchcore
from novelty_maps.detectors.patchcore import PatchCore, greedy_coreset


def patches_of(count, width, seed=0):
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def chosen(patches, count, seed=0):
    found = greedy_coreset(patches, count, generator=torch.Generator().manual_seed(seed))
    return found.tolist()


def slow_choice(patches, count):
    rows = [0]
    while len(rows) < min(count, len(patches)):
        left = [row for row in range(len(patches)) if row not in rows]
        distance = {
            row: min(np.linalg.norm(patches[row] - patches[kept]) for kept in rows) for row in left
        }
        rows.append(max(left, key=distance.__getitem__))
    return rows


def test_coreset_is_the_slow_choice_on_the_projections():
    patches = patches_of(60, 5)
    projection = torch.randn(5, 64, generator=torch.Generator().manual_seed(3))
    assert chosen(patches, 20, seed=3) == slow_choice((patches @ projection).numpy(), 20)


def test_coreset_takes_one_of_each_cluster_before_a_second():
    clusters = 100 * patches_of(7, 30)
    patches = clusters.repeat_interleave(9, dim=0) + 0.01 * patches_of(7 * 9, 30, seed=1)
    assert {row // 9 for row in chosen(patches, 7)} == set(range(7))


def test_equal_patches_are_all_chosen_and_none_twice():
    assert sorted(chosen(torch.ones(6, 4), 9)) == list(range(6))


def test_distances_are_the_means_over_the_five_nearest_normal_patches():
    normal, new = noise(9), noise(3, seed=1)
    features = pooled_features(normal)
    found = PatchCore(features, normal)(torch.from_numpy(new) / 255)
    bank, asked = (
        torch.cat(list(features.of_images(each))).permute(0, 2, 3, 1).reshape(-1, 6).double()
        for each in (normal, new)
    )
    every = np.linalg.norm(asked.numpy()[:, None] - bank.numpy(), axis=2)
    expected = np.sort(every, axis=1)[:, :5].mean(axis=1).reshape(3, 4, 4)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_patches_that_are_kept_are_of_all_images_and_as_many_as_are_allowed(monkeypatch):
    monkeypatch.setattr(patchcore, "_CANDIDATES", 50)
    images = noise(40)
    features = pooled_features(images)
    generator = torch.Generator().manual_seed(0)
    drawn = patchcore._drawn(features, images, generator=generator)
    every = torch.cat(list(features.of_images(images))).flatten(2).mT.flatten(0, 1)
    rows = [int((every == patch).all(1).nonzero()) for patch in drawn]
    assert len(set(rows)) == 50
    assert rows == sorted(rows)
    assert np.histogram(rows, bins=4, range=(0, len(every)))[0].min() >= 5


def test_the_same_images_give_the_same_distances():
    images = noise(12)
    first, second = (
        PatchCore(pooled_features(images), images)(torch.from_numpy(images) / 255) for _ in range(2)
    )
    assert torch.equal(first, second)


def test_a_patch_unlike_the_normal_ones_is_farther_than_all_others():
    normal = 120 + noise(20) // 20
    new = 120 + noise(1, seed=9) // 20
    new[:, 0, 8:16, 16:24] = 255
    new[:, 1:, 8:16, 16:24] = 0
    found = PatchCore(pooled_features(normal), normal)(torch.from_numpy(new) / 255)
    row, column = divmod(int(found.argmax()), 4)
    assert max(abs(row - 1), abs(column - 2)) <= 1  # the mean over neighbours spreads it
    assert found.max() > 3 * found[0, 3, 0] > 0


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_training_images_are_enough(count):
    images = noise(count, size=16)
    detector = PatchCore(pooled_features(images, image_size=16), images)
    assert torch.isfinite(detector(torch.from_numpy(images) / 255)).all()


def test_only_real_patches_are_drawn_of_all_that_there_are():
    images = noise(11)
    boxes = np.array([[0, 0, 32, 32] if row % 2 else [0, 8, 32, 24] for row in range(11)])
    features = pooled_features(images)
    drawn = patchcore._drawn(features, images, boxes, generator=torch.Generator().manual_seed(0))
    every = torch.cat(list(features.of_images(images))).permute(0, 2, 3, 1)
    expected = [each if row % 2 else each[:, 1:3] for row, each in enumerate(every)]
    assert torch.equal(drawn, torch.cat([each.reshape(-1, 6) for each in expected]))
