"""Stage `ranks`: the maps are ordered once, and metrics of any K come from that."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracles import slow_metrics
from oracles.small_run import COUNT, METRICS, assert_needs_no_torch

from novelty_maps.agreement.files import load_ranks, rank_paths
from novelty_maps.maps.files import map_path
from novelty_maps.pipeline.errors import InputError
from stages import metrics, ranks


def test_ranks_are_those_of_the_maps(finished_agreement, monkeypatch):
    monkeypatch.chdir(finished_agreement)
    places, images = load_ranks(rank_paths(), COUNT, 64)
    error, saliency = (np.load(map_path(name)) for name in ("reconstruction_error", "saliency"))
    for k in (1, 5, 64):
        expected = [slow_metrics.agreement(r, s, k) for r, s in zip(error, saliency, strict=True)]
        assert places["agreement"][:, :k].sum(axis=1).tolist() == expected
    np.testing.assert_allclose(images["reconstruction_loss"], error.mean(axis=(1, 2)), rtol=1e-6)


@pytest.mark.parametrize("k", [1, 12, 64])
def test_metrics_of_any_k_need_no_maps(agreement_workspace, k):
    shutil.rmtree("data/maps")
    metrics.main(METRICS.model_copy(update={"k": k}))
    table = pd.read_csv("metrics/per_image.csv")
    by_k = pd.read_csv("metrics/agreement_by_k.csv").set_index("k")
    means = table.groupby("novel")["agreement"].mean()
    assert by_k.loc[k, "normal_agreement"] == pytest.approx(means[0], rel=1e-8)
    assert by_k.loc[k, "novel_agreement"] == pytest.approx(means[1], rel=1e-8)


def test_ranks_refuse_maps_of_other_images_and_keep_what_was_there(agreement_workspace):
    before = [path.read_bytes() for path in rank_paths()]
    np.save(map_path("saliency"), np.load(map_path("saliency"))[1:])
    with pytest.raises(InputError, match=r"saliency.npy holds float32 29×8×8, not float32 30×8×8"):
        ranks.main(METRICS)
    assert [path.read_bytes() for path in rank_paths()] == before
    assert not list(Path("data/ranks").glob(".*"))


def test_ranks_need_no_torch(agreement_workspace):
    assert_needs_no_torch("ranks", METRICS)
