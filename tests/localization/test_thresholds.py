"""P-values and thresholds among normal images that were not trained on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from novelty_maps.localization.thresholds import p_values, pixel_threshold

SCORES = hnp.arrays(np.float64, st.integers(1, 20), elements=st.integers(0, 5).map(float))


@given(SCORES, SCORES)
def test_p_value_counts_the_normal_images_that_score_at_least_as_high(scores, normal):
    found = p_values(scores, normal)
    for score, p in zip(scores, found, strict=True):
        assert p == (1 + sum(other >= score for other in normal)) / (1 + len(normal))


def test_p_values_of_normal_images_are_valid():
    generator = np.random.default_rng(0)
    below = [
        (p_values(generator.gamma(2, size=50), generator.gamma(2, size=99)) <= 0.1).mean()
        for _ in range(400)
    ]
    assert np.mean(below) == pytest.approx(0.1, abs=0.01)


@given(
    hnp.arrays(np.float32, (3, 4, 4), elements=st.integers(0, 6).map(float)),
    st.floats(0.01, 0.99),
)
def test_threshold_is_the_lowest_that_keeps_the_rate(maps, rate):
    threshold = pixel_threshold(maps, false_positive_rate=rate)
    assert (maps > threshold).mean() <= rate + 1e-9
    lower = maps[maps < threshold]
    if lower.size:
        assert (maps > lower.max()).mean() > rate
