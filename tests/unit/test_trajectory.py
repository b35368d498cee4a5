"""The comparison along training."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from stages.lib import agreement, summary, trajectory
from stages.lib.autoencoders import seeded_autoencoder
from stages.lib.maps import compute_maps

CPU = torch.device("cpu")
IMAGES = np.random.default_rng(0).integers(0, 256, (24, 1, 8, 8), dtype=np.uint8)
ROWS = pd.DataFrame(
    {
        "row": np.arange(24),
        "source_row": np.arange(24),
        "label": np.arange(24) % 4,
        "novel": np.arange(24) % 4 // 2,
    }
)


def network():
    """A network whose batch norm statistics are those of the images, so that Jᵀe is not tiny."""
    network = seeded_autoencoder(0, image_shape=(1, 8, 8), code_length=4)
    with torch.no_grad():
        for _ in range(20):
            network(torch.from_numpy(IMAGES) / 255)
    return network.eval()


def evaluated(batch_size=24):
    return trajectory.evaluate_network(
        network(),
        IMAGES,
        ROWS,
        k=5,
        samples=100,
        generator=np.random.default_rng(0),
        batch_size=batch_size,
        device=CPU,
    )


@pytest.mark.parametrize(
    ("keep", "last", "best", "expected"),
    [
        ([1, 5, 10], 7, 6, [1, 5, 6]),  # 10 was not reached
        ([5, 1], 10, 5, [1, 5]),  # each once, in order
        ([], 3, 2, [2]),
        ([1, 2], 0, 0, [0]),  # weights from elsewhere
    ],
)
def test_epochs_are_the_kept_ones_that_were_reached_and_the_best(keep, last, best, expected):
    assert trajectory.epochs_to_evaluate(keep, last=last, best=best) == expected


def test_row_is_the_mean_over_the_images():
    maps = {
        method: np.concatenate(parts)
        for method, parts in _collected(agreement.COMPARED_MAPS).items()
    }
    table, _ = summary.image_table(maps, ROWS, k=5)
    row = evaluated()
    for measure in ("agreement", "scaled_map_error", "indirect_share"):
        means = table.groupby("novel")[measure].mean()
        assert row[f"normal_{measure}"] == pytest.approx(means[0])
        assert row[f"novel_{measure}"] == pytest.approx(means[1])
    assert row["normal_images"] == row["novel_images"] == 12


def _collected(methods):
    batches = compute_maps(network(), IMAGES, methods=methods, batch_size=24, device=CPU)
    return {method: [batch[method]] for batch in batches for method in methods}


def test_batch_size_changes_no_agreement():
    assert evaluated(5)["novel_agreement"] == evaluated()["novel_agreement"]


def test_terms_add_up_to_the_gradient_of_autograd():
    assert 0 < evaluated()["gradient_residual"] < 1e-5


def test_terms_that_do_not_add_up_are_seen():
    terms = {name: parts[0] for name, parts in _collected(agreement.COMPARED_MAPS).items()}
    terms["indirect_term"] = -terms["indirect_term"]
    assert trajectory.gradient_residual(network(), IMAGES, terms) > 0.01


def test_flat_row_names_intervals_and_drops_texts():
    numbers = {
        "k": 3,
        "normal": {"agreement": {"estimate": 1.0, "low": 0.5, "high": 2.0}, "reason": "text"},
    }
    assert summary.flatten(numbers) == {
        "k": 3,
        "normal_agreement": 1.0,
        "normal_agreement_low": 0.5,
        "normal_agreement_high": 2.0,
    }
    json.dumps(summary.flatten(numbers))
