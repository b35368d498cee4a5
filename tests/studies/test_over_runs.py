"""What holds over runs, against hand-made tables and the committed results."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracles.study_tables import PRECISION, detectors, maps, runs_of_maps

from novelty_maps.statistics.over_runs import interval_over_runs
from studies import tables
from studies.over_runs import each_detector, each_map, each_number
from studies.paths import RESULTS

RESULTS = Path(__file__).resolve().parents[2] / RESULTS

SPLITS = pd.DataFrame(
    {
        "run": ["a", "b", "c"],
        "split.normal_classes": ["[0]", "[1]", "[0]"],
        "classifier.epochs": ["6", "6", "12"],
    }
)

RUNS = pd.DataFrame(
    {
        "run": ["a", "b", "c"],
        "train.learning_rate": ["0.1", "0.1", "0.2"],
        "train.seed": ["0", "1", "0"],
        "agreement": [4.0, 5.0, 7.0],
        "agreement_low": [3.8, 4.8, 6.8],
        "agreement_high": [4.2, 5.2, 7.2],
        "loss": [0.1, 0.3, 0.2],
    }
)


def test_runs_that_differ_in_the_seed_alone_are_one_configuration():
    table = each_number(RUNS)
    rows = table[table["metric"] == "agreement"].set_index("train.learning_rate")
    assert rows.loc["0.1", ["estimate", "runs"]].tolist() == [4.5, 2]
    expected = interval_over_runs([4.0, 5.0], (0.2 / 1.959964) ** 2)
    assert rows.loc["0.1", ["low", "high", "sd"]].tolist() == pytest.approx(
        [expected.low, expected.high, expected.sd]
    )
    assert rows.loc["0.2", "runs"] == 1
    assert rows.loc["0.2", "high"] == pytest.approx(7.2)  # of the images alone
    assert np.isnan(rows.loc["0.2", "sd"])


def test_number_without_an_interval_varies_with_the_runs_alone():
    table = each_number(RUNS)
    row = table[(table["metric"] == "loss") & (table["runs"] == 2)].iloc[0]
    expected = interval_over_runs([0.1, 0.3])
    assert row[["estimate", "low", "high", "sd"]].tolist() == pytest.approx(list(expected[:4]))


def test_repetitions_alone_are_one_configuration_without_settings():
    table = each_number(RUNS[:2].drop(columns="train.learning_rate"))
    assert table["metric"].tolist() == ["agreement", "loss"]
    assert set(table["runs"]) == {2}
    assert list(table) == ["metric", "estimate", "low", "high", "sd", "runs"]


def test_splits_and_seeds_are_repetitions_and_other_settings_are_not():
    found = [detectors(auroc=value) for value in (0.64, 0.66, 0.7)]
    summary = each_detector(tables.detectors(SPLITS, found))
    score = summary[summary["detector"] == "max_logit"].set_index("classifier.epochs")
    expected = interval_over_runs([0.64, 0.66], (0.02 / 1.959964) ** 2)
    row = score.loc["6", ["auroc", "auroc_low", "auroc_high", "auroc_sd", "runs"]]
    assert row.tolist() == pytest.approx(list(expected))
    assert score.loc["12", "runs"] == 1
    assert score.loc["6", "oscr"] == pytest.approx(0.325)
    assert score.loc["6", "oscr_sd"] == pytest.approx(np.std([0.32, 0.33], ddof=1))
    assert "split.normal_classes" not in summary


def test_spread_over_draws_is_kept_apart_from_that_over_runs():
    found = []
    for auroc, spread in ((0.6, 0.03), (0.7, 0.05)):
        table = detectors(auroc=auroc).assign(equal_error_rate=1 - auroc, draws=1)
        few = table.iloc[[0]].assign(detector="forest", labels="5", oracle=1, draws=10)
        few["auroc_draws_sd"] = spread
        found.append(pd.concat([table, few]))
    runs = tables.detectors(SPLITS[:2], found)
    assert runs["draws"].tolist() == [1, 10, 1, 1, 10, 1]
    assert pd.api.types.is_integer_dtype(runs["draws"])
    summary = each_detector(runs).set_index(["detector", "labels"])
    few = summary.loc[("forest", "5")]
    assert few["auroc_draws_sd"] == pytest.approx(0.04)
    assert few["auroc_sd"] == pytest.approx(np.std([0.6, 0.7], ddof=1))
    assert few["draws"] == 10
    assert few["equal_error_rate"] == pytest.approx(0.35)
    assert few["equal_error_rate_sd"] == pytest.approx(np.std([0.3, 0.4], ddof=1))
    assert np.isnan(summary.loc[("max_logit", "none"), "auroc_draws_sd"])


def test_table_older_than_the_draws_is_summarised_without_them():
    summary = each_detector(tables.detectors(SPLITS, [detectors(auroc=0.6)] * 3))
    assert not {"draws", "auroc_draws_sd", "equal_error_rate"} & set(summary)


def test_interval_stays_between_zero_and_one_and_is_unknown_for_one_runs_mean_of_classes():
    found = [detectors(auroc=value) for value in (0.5, 0.8, 0.6)]
    summary = each_detector(tables.detectors(SPLITS, found))
    assert summary["auroc_low"].min() >= 0
    assert summary["auroc_high"].max() == 1
    alone = summary[(summary["classifier.epochs"] == "12") & (summary["novel_class"] == "each")]
    assert alone[["auroc_low", "auroc_high"]].isna().all(axis=None)


def test_representation_without_an_objective_survives_the_file_that_it_comes_from(tmp_path):
    table = detectors(auroc=0.6, representation="raw_pixels").assign(objective="")
    table.to_csv(tmp_path / "detection.csv", index=False)
    read = pd.read_csv(tmp_path / "detection.csv")
    runs = tables.detectors(SPLITS[:1], [read])
    assert "each" in set(runs["novel_class"])
    assert "each" in set(each_detector(runs)["novel_class"])


def test_detector_that_only_some_runs_have_is_summarised_over_those():
    found = [detectors(auroc=0.6), detectors(auroc=0.7, representation="hybrid")]
    summary = each_detector(tables.detectors(SPLITS[:2], found))
    runs = summary[summary["detector"] == "max_logit"].set_index("representation")["runs"]
    assert runs.to_dict() == {"nominal": 1, "hybrid": 1}


def test_interval_over_seeds_joins_their_spread_and_the_images():
    found = [maps({**PRECISION, "saliency": value}) for value in (0.5, 0.6, 0.7)]
    summary = each_map(runs_of_maps(found))
    row = summary[(summary["method"] == "saliency") & (summary["group"] == "all")].iloc[0]
    expected = interval_over_runs([0.5, 0.6, 0.7], (0.02 / (2 * 1.959964)) ** 2)
    got = row[["average_precision", "average_precision_low", "average_precision_high"]]
    np.testing.assert_allclose(got.astype(float), expected[:3])
    assert row["runs"] == 3
    assert row["images"] == 9


GAINS = [
    f"{measure}_{gain}"
    for measure in ("average_precision", "aupro")
    for gain in ("gain", "gain_over_absolute_error")
]


@pytest.mark.parametrize("column", GAINS)
def test_gain_over_each_error_map_is_summarised_over_the_runs(column):
    reference = "absolute_error" if column.endswith("absolute_error") else "reconstruction_error"
    found = [maps({**PRECISION, "saliency": value}) for value in (0.5, 0.7)]
    summary = each_map(runs_of_maps(found)).set_index(["group", "method"])
    names = [f"{column}{end}" for end in ("", "_low", "_high", "_sd")]
    gains = [value - PRECISION[reference] for value in (0.5, 0.7)]
    expected = interval_over_runs(gains, (0.02 / (2 * 1.959964)) ** 2)
    for group in ("all", "stripe"):
        row = summary.loc[(group, "saliency"), names].astype(float)
        assert row.tolist() == pytest.approx(list(expected[:4]))
    assert summary.loc[("all", reference), names].isna().all()  # of itself there is none


def test_table_older_than_a_gain_is_summarised_without_it():
    runs = runs_of_maps([maps(PRECISION), maps(PRECISION, width=0.04)])
    later = [name for name in runs if "gain_over_absolute_error" in name]
    whole, older = each_map(runs), each_map(runs.drop(columns=later))
    assert [name for name in whole if name not in older] == [
        f"{measure}_gain_over_absolute_error{end}"
        for measure in ("average_precision", "aupro")
        for end in ("", "_low", "_high", "_sd")
    ]
    pd.testing.assert_frame_equal(older, whole[list(older)])


def test_p_value_over_seeds_is_the_largest():
    runs = runs_of_maps([maps(PRECISION, width=width) for width in (0.01, 0.05)])
    assert each_map(runs)["p_holm"].unique() == [0.08]
    runs.loc[runs.index[-1], "effect_size"] *= -1  # the seeds contradict each other
    assert each_map(runs)["p_holm"].iloc[-1] == 1


STUDIES = sorted({file.parent.name for file in RESULTS.glob("*/*summary.csv")})
SUMMARIES = (
    ("runs", "summary", each_number),
    ("localization", "localization_summary", each_map),
    ("detection", "detection_summary", each_detector),
)


@pytest.mark.parametrize("study", STUDIES)
def test_committed_summary_follows_from_the_committed_runs(study):
    ((runs, summary, over),) = (
        each for each in SUMMARIES if (RESULTS / study / f"{each[0]}.csv").exists()
    )
    found = over(pd.read_csv(RESULTS / study / f"{runs}.csv", dtype={"labels": str, "group": str}))
    committed = pd.read_csv(RESULTS / study / f"{summary}.csv", dtype={"labels": str, "group": str})
    # The table of runs is rounded to nine digits.
    pd.testing.assert_frame_equal(found, committed, check_dtype=False, rtol=1e-6, atol=1e-7)
