"""The table of images against slow definitions, on maps that are not square and full of ties."""

import pytest
from oracles import slow_metrics
from oracles.comparable_maps import K, maps_of, table_of


@pytest.mark.parametrize("k", [1, 2, K, 12, 29, 30])
def test_each_column_is_its_definition_on_every_image(k):
    r, s = maps_of(1), maps_of(2)
    table = table_of(r, s, k=k)
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
