"""Random changes of training images."""

import numpy as np
import torch
from oracles.small_classifiers import generator, random_images

from novelty_maps.training.augmentation import SHIFT, augmented, cropped, flipped, shifted


def test_shift_moves_every_image_by_its_own_offset_and_fills_with_black():
    x = random_images(40, channels=3) // 2 + 1  # nothing is black before
    moved = shifted(x, generator())
    assert moved.dtype == x.dtype
    assert moved.shape == x.shape
    padded = np.pad(x.numpy(), ((0, 0), (0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)))
    offsets = set()
    for i in range(len(x)):
        fits = [
            (down, right)
            for down in range(2 * SHIFT + 1)
            for right in range(2 * SHIFT + 1)
            if (padded[i, :, down : down + 8, right : right + 8] == moved[i].numpy()).all()
        ]
        assert len(fits) == 1
        offsets |= set(fits)
    assert len(offsets) > 20


def test_crop_moves_every_image_by_its_own_offset_and_repeats_its_edge():
    x = random_images(40, channels=3, size=16)
    moved = cropped(x, generator())
    assert moved.dtype == x.dtype
    assert moved.shape == x.shape
    padded = np.pad(x.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)), mode="edge")
    offsets = set()
    for image, found in zip(padded, moved.numpy(), strict=True):
        fits = [
            (down, right)
            for down in range(5)
            for right in range(5)
            if (image[:, down : down + 16, right : right + 16] == found).all()
        ]
        assert len(fits) == 1
        offsets |= set(fits)
    assert len(offsets) > 15  # of 25


def test_flip_mirrors_about_half_of_the_images():
    x = random_images(400)
    found = flipped(x, generator())
    mirrored = (found == x.flip(3)).flatten(1).all(dim=1)
    kept = (found == x).flatten(1).all(dim=1)
    assert (mirrored ^ kept).all()
    assert 160 < int(mirrored.sum()) < 240


def test_augmentation_changes_the_images_that_the_loss_sees_and_nothing_else():
    seen = []

    def loss(forward, generator, batch):
        seen.append(batch)
        return torch.zeros(())

    x, y = random_images(20), torch.arange(20)
    for augmentation in ("none", "shift", "shift_and_flip", "flip"):
        augmented(loss, augmentation)(None, generator(), (x, y))
    assert torch.equal(seen[0][0], x)
    assert all(torch.equal(batch[1], y) for batch in seen)
    assert not torch.equal(seen[1][0], x)
    assert not torch.equal(seen[2][0], seen[1][0])
    assert torch.equal(seen[3][0], flipped(x, generator()))
    augmented(loss, "shift", photos=True)(None, generator(), (x, y))
    assert torch.equal(seen[4][0], cropped(x, generator()))
    assert not torch.equal(seen[4][0], seen[1][0])
