"""What the figure of several networks shows, read from the figure itself."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracles.drawn import bars_of
from oracles.study_tables import maps, runs_of_maps

from studies.figures.localization import localization_figures, network_figure
from studies.localization import EachRun, LocalizationStudy
from studies.over_runs import each_map
from studies.paths import RESULTS

ROOT = Path(__file__).resolve().parents[3]

METHODS = (
    "reconstruction_error",
    "absolute_error",
    "saliency",
    "input_x_gradient",
    "input_magnitude",
)


@pytest.fixture
def study(tmp_path):
    """Two networks on which each map has a precision of its own."""
    parts = [
        runs_of_maps(
            [maps({method: base + i / 10 for i, method in enumerate(METHODS)})], network=network
        )
        for network, base in (("vae", 0.1), ("dense", 0.2))
    ]
    runs = pd.concat(parts)
    runs["aupro"] += 0.05
    each_map(runs).to_csv(tmp_path / "localization_summary.csv", index=False)
    for name in ("faithfulness", "randomization", "numbers"):
        pd.DataFrame({"train.network": ['"vae"']}).to_csv(tmp_path / f"{name}.csv", index=False)
    return LocalizationStudy(tmp_path)


def test_every_network_is_a_row_and_every_map_a_mark_at_its_measure(study):
    panels = network_figure(study).axes
    for axis, label, more in ((panels[0], "average precision", 0), (panels[1], "AUPRO", 0.05)):
        assert axis.get_xlabel() == label
        drawn = [container.lines[0] for container in axis.containers]
        assert len(drawn) == len(METHODS)
        for i, line in enumerate(drawn):
            expected = [0.1 + i / 10 + more, 0.2 + i / 10 + more]
            assert line.get_xdata() == pytest.approx(expected)
            assert [round(y) for y in line.get_ydata()] == [0, 1]
    assert [text.get_text() for text in panels[0].get_yticklabels()] == ["VAE", "dense"]
    assert panels[0].yaxis_inverted()
    assert panels[0].containers[0].get_label() == "recon. error"


def test_maps_are_shown_of_the_authors_first_network_after_500_epochs(study):
    folder = ROOT / RESULTS / "localization-published"
    figures = localization_figures(EachRun(folder), study)
    table = pd.read_csv(folder / "localization.csv")
    own = table[table["train.from_checkpoint"].str.contains("plain-a-500")]
    saliency = own[(own["method"] == "saliency") & own["grouping"].isin(["all", "kind"])]
    for axis, measure in zip(
        figures["localization"].axes, ("average_precision", "aupro"), strict=True
    ):
        _, heights, _ = bars_of(axis)["saliency"]
        np.testing.assert_allclose(heights, saliency[measure])
    others = figures["localization_networks"].axes[0]
    assert [text.get_text() for text in others.get_yticklabels()] == ["VAE", "dense"]
