"""What the figures of agreement show, read from the figures themselves."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from scipy import stats

from novelty_maps.figures.style import NORMAL, NOVEL
from studies.figures import agreement


def test_bars_are_means_over_seeds_normal_and_novel_in_their_colours():
    table = pd.DataFrame(
        {
            "run": ["a", "a", "b", "b"],
            "agreement": [0, 1, 0, 1],
            "normal": [0.2, 0.8, 0.4, 0.6],
            "novel": [0.5, 0.5, 0.9, 0.1],
            "chance": [0.7, 0.3, 0.7, 0.3],
        }
    )
    paper = {"agreement_most_frequent": {"10": {"normal": 4, "novel": 2}}}
    (axis,) = agreement.agreement_over_seeds(table, paper).axes
    bars = {c.get_label(): c for c in axis.containers if hasattr(c, "patches") and c.patches}
    for group, color, heights in (
        ("normal", NORMAL, [0.3, 0.7]),
        ("novel", NOVEL, [0.7, 0.3]),
    ):
        assert [bar.get_height() for bar in bars[group]] == pytest.approx(heights)
        assert {to_hex(bar.get_facecolor()).upper() for bar in bars[group]} == {color}
        ends = bars[group].errorbar.lines[2][0].get_segments()
        half = [(end[1, 1] - end[0, 1]) / 2 for end in ends]
        sd = table.groupby("agreement")[group].std()
        assert half == pytest.approx(sd.tolist())
    marks = [line for line in axis.lines if line.get_marker() == "v" and len(line.get_xdata())]
    assert [mark.get_xdata()[0] for mark in marks] == pytest.approx([3.8, 2.2])
    (chance,) = (line for line in axis.lines if line.get_label() == "chance")
    assert chance.get_ydata().tolist() == [0.7, 0.3]


def test_long_runs_are_named_by_rate_and_noise_in_the_order_of_the_table():
    table = pd.DataFrame(
        {
            "run": ["long", "long", "fast", "noisy"],
            "train.learning_rate": [0.003, 0.003, 0.01, 0.003],
            "train.noise_std": [0.0, 0.0, 0.0, 0.2],
        }
    )
    columns = agreement.trajectory_columns(table)
    assert list(columns) == [
        "learning rate 0.003",
        "learning rate 0.01",
        "learning rate 0.003\nnoise 0.2",
    ]
    assert [len(rows) for rows in columns.values()] == [2, 1, 1]


NETWORKS = pd.DataFrame(
    {
        "normal_agreement": [5.0, 6.0],
        "novel_agreement": [4.0, 7.0],
        "normal_minus_novel_agreement": [1.0, -1.0],
        "normal_indirect_share": [0.2, 0.3],
        "novel_indirect_share": [0.6, 0.4],
        "normal_gradient_error_cosine": [0.9, 0.8],
        "novel_gradient_error_cosine": [0.5, 0.7],
    }
)


def points(collection):
    return np.asarray(collection.get_offsets()).tolist()


def test_difference_is_drawn_over_training_at_the_epochs_that_all_runs_have_and_over_the_share():
    name = "normal_minus_novel_agreement"
    rows = [("a", 0.1, 1, 1.0), ("a", 0.1, 2, 1.5), ("a", 0.1, 7, 9.0)]
    rows += [("b", 0.2, 1, -1.0), ("b", 0.2, 2, -0.5)]
    table = pd.DataFrame(rows, columns=["run", "train.learning_rate", "epoch", name])
    table[f"{name}_low"], table[f"{name}_high"] = table[name] - 0.1, table[name] + 0.2
    left, right = agreement.difference_figure(table, NETWORKS).axes
    lines = {line.get_label(): line for line in left.lines if line.get_marker() == "o"}
    assert lines["0.1"].get_xydata().tolist() == [[1, 1], [2, 1.5]]
    assert lines["0.2"].get_xydata().tolist() == [[1, -1], [2, -0.5]]
    band = left.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((0.9, 1.7))
    assert points(right.collections[0]) == pytest.approx(np.array([[0.4, 1], [0.1, -1]]))
    assert "normal − novel" in left.get_ylabel()
    assert "novel − normal" in right.get_xlabel()


def test_share_and_cosine_are_drawn_against_agreement_of_the_same_kind_of_image():
    left, right = agreement.share_and_agreement(NETWORKS).axes
    for axis, measure in ((left, "indirect_share"), (right, "gradient_error_cosine")):
        drawn = {c.get_label(): c for c in axis.collections}
        for group, color in (("normal", NORMAL), ("novel", NOVEL)):
            expected = NETWORKS[[f"{group}_{measure}", f"{group}_agreement"]].to_numpy()
            assert points(drawn[group]) == expected.tolist()
            assert to_hex(drawn[group].get_edgecolor()[0]).upper() == color


def test_digits_are_drawn_after_the_mean_of_their_run_is_taken_out():
    table = pd.DataFrame(
        {
            "run": ["a", "a", "b", "b"],
            "label": [0, 1, 0, 1],
            "novel": [0, 1, 0, 1],
            "agreement": [5.0, 3.0, 9.0, 5.0],
        }
    )
    (axis,) = agreement.role_figure(table).axes
    drawn = {c.get_label(): c for c in axis.containers}
    for group, place, mean in (("normal", -0.12, 1.5), ("novel", 1.12, -1.5)):
        line, _, (bars,) = drawn[group].lines
        assert line.get_xydata().tolist() == [pytest.approx([place, mean])]
        low, high = bars.get_segments()[0][:, 1]
        half = stats.t.ppf(0.975, 1) * 0.5
        assert [low, high] == pytest.approx([mean - half, mean + half])
