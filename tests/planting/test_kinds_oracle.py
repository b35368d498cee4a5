"""Each kind of novelty against its slow second implementation, with the same draws."""

import numpy as np
import pytest
from oracles import slow_kinds
from oracles.planted_digits import digits

from novelty_maps.planting.kinds import KINDS, Scene


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("channels", "side", "inverted"), [(1, 24, False), (3, 17, True)])
def test_kind_is_that_of_the_loops(kind, channels, side, inverted):
    normal, foreign = digits(channels=channels, side=side)
    if inverted:
        normal, foreign = 255 - normal, 255 - foreign
    for row, size in enumerate([2, 3, 5, 8, 10, 14, 16, 17]):
        image = normal[row].astype(np.float64)
        expected = getattr(slow_kinds, kind)(
            image.copy(), foreign, size, np.random.default_rng(row)
        )
        found = KINDS[kind](Scene(image, foreign, size), np.random.default_rng(row))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_kind_in_an_oblong_image_is_that_of_the_loops(kind):
    normal, foreign = digits(side=24)
    for row in range(6):
        image, other = normal[row, :, 2:19].astype(np.float64), foreign[:20, :, 2:19]
        if row % 2:
            image, other = image.swapaxes(1, 2), other.swapaxes(2, 3)
        expected = getattr(slow_kinds, kind)(image.copy(), other, 9, np.random.default_rng(row))
        found = KINDS[kind](Scene(image, other, 9), np.random.default_rng(row))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
