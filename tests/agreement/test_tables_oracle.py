"""The table of images against slow definitions, on maps that are not square and full of ties."""

import numpy as np
import pytest
from oracles import slow_metrics
from oracles.comparable_maps import K, maps_of

from novelty_maps.agreement.tables import compare_maps


@pytest.mark.parametrize("k", [1, K])
def test_each_column_is_its_definition_on_every_image(k):
    r, s = maps_of(1), maps_of(2)
    table, curves = compare_maps(r, s, k=k)
    for row, error, saliency in zip(table.itertuples(), r, s, strict=True):
        assert row.agreement == slow_metrics.agreement(error, saliency, k)
        maximum, mean = slow_metrics.distances(saliency, error, k)
        assert row.max_distance_saliency_to_error == pytest.approx(maximum, rel=1e-6)
        assert row.mean_distance_saliency_to_error == pytest.approx(mean, rel=1e-6)
        maximum, mean = slow_metrics.distances(error, saliency, k)
        assert row.max_distance_error_to_saliency == pytest.approx(maximum, rel=1e-6)
        assert row.mean_distance_error_to_saliency == pytest.approx(mean, rel=1e-6)
        plain, squared = slow_metrics.scaled_map_errors(error, saliency)
        assert row.scaled_map_error == pytest.approx(plain, rel=1e-12)
        assert row.scaled_map_error_squared == pytest.approx(squared, rel=1e-12)
        assert row.tied_reconstruction_error == slow_metrics.tied_at(error, k)
        assert row.tied_saliency == slow_metrics.tied_at(saliency, k)
    for other in (1, 12, 30):
        expected = [slow_metrics.agreement(a, b, other) for a, b in zip(r, s, strict=True)]
        np.testing.assert_array_equal(curves["agreement"][:, other - 1], expected)
        expected = [slow_metrics.distances(b, a, other)[0] for a, b in zip(r, s, strict=True)]
        np.testing.assert_allclose(curves["max_distance"][:, other - 1], expected, rtol=1e-6)
