"""Stage `metrics`: its tables and numbers tell the same, and belong to the images."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracles.small_run import COUNT, METRICS, assert_needs_no_torch

from novelty_maps.agreement.files import rank_paths
from novelty_maps.pipeline.errors import InputError
from stages import metrics

ROOT = Path(__file__).resolve().parents[2]


def test_metrics_writes_tables_histograms_and_numbers(finished_agreement):
    folder = finished_agreement / "metrics"
    per_image = pd.read_csv(folder / "per_image.csv")
    numbers = json.loads((folder / "agreement.json").read_text())
    assert len(per_image) == COUNT
    assert numbers["k"] == 5
    by_k = pd.read_csv(folder / "agreement_by_k.csv")
    assert by_k["k"].tolist() == list(range(1, 65))
    assert pd.read_csv(folder / "by_class.csv")["label"].tolist() == [0, 1, 2, 3]
    agreements = pd.read_csv(folder / "agreement_histogram.csv")
    for novel, kind in enumerate(("normal", "novel")):
        rows = per_image[per_image["novel"] == novel]
        mean = rows["agreement"].mean()
        assert numbers[kind]["agreement"]["estimate"] == pytest.approx(mean, rel=1e-8)
        assert (agreements["agreement"] * agreements[kind]).sum() == pytest.approx(mean, rel=1e-8)
        assert by_k[f"{kind}_agreement"][4] == pytest.approx(mean, rel=1e-8)
    assert len(agreements) == 6
    distances = pd.read_csv(folder / "distance_histogram.csv")
    assert distances[["normal", "novel"]].sum().tolist() == pytest.approx([1, 1], rel=1e-8)
    glance = json.loads((folder / "glance/agreement.json").read_text())
    assert glance == {
        "k": 5,
        "normal_agreement": numbers["normal"]["agreement"]["estimate"],
        "novel_agreement": numbers["novel"]["agreement"]["estimate"],
        "error_auroc": numbers["detection"]["image_auroc"]["estimate"],
    }
    explanation = json.loads((folder / "explanation.json").read_text())
    for measure in ("indirect_share", "shuffled_agreement", "other_image_agreement"):
        mean = per_image.groupby("novel")[measure].mean()
        assert explanation["novel"][measure]["estimate"] == pytest.approx(mean[1], rel=1e-8)


def test_metrics_refuses_ranks_of_other_images_and_keeps_its_results(agreement_workspace):
    before = Path("metrics/agreement.json").read_bytes()
    places, _ = rank_paths()
    np.save(places, np.load(places)[1:])
    with pytest.raises(InputError, match=r"places.npy holds .* 29×64, not .* 30×64: .*ranks`"):
        metrics.main(METRICS)
    assert Path("metrics/agreement.json").read_bytes() == before


def test_metrics_need_no_torch(agreement_workspace):
    assert_needs_no_torch("metrics", METRICS)
