"""The comparison along training."""

import numpy as np
import pandas as pd
import pytest
from oracles.small_autoencoder import maps_of_images

from novelty_maps.agreement import trajectory
from novelty_maps.agreement.ranks import rank_maps
from novelty_maps.agreement.summary import summarise
from novelty_maps.agreement.tables import image_table
from novelty_maps.agreement.terms import explain_agreement
from novelty_maps.pipeline import formats

ROWS = pd.DataFrame(
    {
        "row": np.arange(24),
        "source_row": np.arange(24),
        "label": np.arange(24) % 4,
        "novel": np.arange(24) % 4 // 2,
    }
)


def table_of(maps):
    ranks = rank_maps(maps, ROWS["novel"].to_numpy() == 1, generator=np.random.default_rng(1))
    return image_table(ranks, ROWS, k=5, width=8)


def row_of(maps):
    generator, shape = np.random.default_rng(0), maps["saliency"].shape[1:]
    settings = {"k": 5, "image_shape": shape, "samples": 100, "generator": generator}
    return trajectory.summary_row(table_of(maps), **settings)


def test_row_is_the_mean_over_the_images():
    maps = maps_of_images()
    table = table_of(maps)
    row = row_of(maps)
    for measure in ("agreement", "scaled_map_error", "indirect_share", "shuffled_agreement"):
        means = table.groupby("novel")[measure].mean()
        assert row[f"normal_{measure}"] == pytest.approx(means[0])
        assert row[f"novel_{measure}"] == pytest.approx(means[1])
    assert row["normal_images"] == row["novel_images"] == 12
    assert row["k"] == 5


def test_row_is_the_summary_and_the_explanation_one_after_the_other():
    maps = {name: values[:, :6] for name, values in maps_of_images().items()}  # not square
    generator = np.random.default_rng(0)
    table = table_of(maps)
    numbers = summarise(table, k=5, image_shape=(6, 8), samples=100, generator=generator)
    explanation = explain_agreement(table, samples=100, generator=generator)
    assert row_of(maps) == formats.flatten(numbers) | formats.flatten(explanation)


def test_batch_size_changes_no_agreement():
    assert (
        row_of(maps_of_images(5))["novel_agreement"] == row_of(maps_of_images())["novel_agreement"]
    )
