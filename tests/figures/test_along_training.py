"""The figure of representations along training: what stands where."""

import pandas as pd
import pytest

from novelty_maps.figures.along_training import along_training_figure


def table():
    rows = [
        (name, epoch, detector, level + more + epoch / 100, accuracy + epoch / 50)
        for name, level, accuracy in (("nominal", 0.6, 0.5), ("hybrid", 0.7, 0.4))
        for epoch in (1, 4)
        for detector, more in (("max_logit", 0.0), ("linear", 0.1), ("energy", 0.2))
    ]
    columns = ["representation", "epoch", "detector", "auroc", "closed_set_accuracy"]
    found = pd.DataFrame(rows, columns=columns)
    return found.assign(auroc_low=found["auroc"] - 0.01, auroc_high=found["auroc"] + 0.01)


def test_each_network_has_a_panel_with_its_detectors_and_its_accuracy():
    figure = along_training_figure(table())
    first, second = figure.axes
    assert [axis.get_title() for axis in figure.axes] == ["nominal", "hybrid"]
    drawn = {bars.get_label(): bars.lines[0].get_ydata().tolist() for bars in first.containers}
    assert drawn["max logit"] == pytest.approx([0.61, 0.64])
    assert [round(value, 6) for value in drawn["linear"]] == [0.71, 0.74]
    assert drawn.keys() == {"max logit", "linear", "forest"}
    (accuracy,) = [line for line in second.lines if line.get_linestyle() == ":"]
    assert accuracy.get_ydata().tolist() == pytest.approx([0.42, 0.48])
    assert first.get_xticks().tolist() == [1, 4]
