"""The nulls against every order of the pixels and every other image."""

import numpy as np
import pytest
from oracles import slow_metrics
from oracles.nulls import all_null_steps

from novelty_maps.agreement.null import null_agreements
from novelty_maps.maps.ranking import top_pixels

NOVEL = np.array([False, True, False, True, False, False])
DRAWS = 2000


def maps_of(seed):
    """r of no relation to d, and both terms, of six images of 2×3 pixels."""
    maps = np.random.default_rng(seed).normal(size=(3, 6, 2, 3)).astype(np.float32)
    maps[2] *= np.linspace(0.2, 3, 6, dtype=np.float32)[:, None, None]  # unequal shares
    return np.abs(maps[0]), maps[1], maps[2]


def nulls(error, direct, indirect, novel, k, generator=None):
    generator = generator or np.random.default_rng(0)
    steps = all_null_steps(top_pixels(error), direct, indirect, novel, generator=generator)
    return null_agreements(steps, novel, k=k)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_mean_of_many_draws_is_that_over_all_that_can_be_drawn(k):
    error, direct, indirect = maps = maps_of(k)
    generator = np.random.default_rng(0)
    draws = [nulls(error, direct, indirect, NOVEL, k, generator) for _ in range(DRAWS)]
    for place, row in enumerate((sum(draws) / DRAWS).itertuples()):
        for found, every in (
            (
                row.shuffled_agreement,
                slow_metrics.shuffled_agreements(*(values[place] for values in maps), k),
            ),
            (
                row.other_image_agreement,
                slow_metrics.other_image_agreements(place, NOVEL.tolist(), *maps, k),
            ),
        ):
            error = np.std(every) / np.sqrt(DRAWS)
            assert found == pytest.approx(np.mean(every), abs=4 * error + 1e-12)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_with_two_images_of_a_kind_the_other_one_is_certain(k):
    maps = [values[:4] for values in maps_of(9)]
    found = nulls(*maps, NOVEL[:4], k)["other_image_agreement"]
    expected = [
        slow_metrics.other_image_agreements(place, NOVEL[:4].tolist(), *maps, k)
        for place in range(4)
    ]
    assert found.tolist() == [value for (value,) in expected]


@pytest.mark.parametrize("k", [1, 3, 5])
def test_term_of_equal_pixels_is_shuffled_into_itself(k):
    error, direct, _ = maps_of(3)
    indirect = np.full_like(direct, 0.7)
    found = nulls(error, direct, indirect, NOVEL, k)["shuffled_agreement"]
    gradient = np.abs(direct + indirect)
    expected = [slow_metrics.agreement(r, s, k) for r, s in zip(error, gradient, strict=True)]
    assert found.tolist() == expected
