"""Localization over seeds, and the rule of the page about it."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.lib import localization_runs, statistics
from stages.lib.errors import InputError
from stages.lib.localization_study import LocalizationStudy

KINDS = ("disk", "stripe", "zigzag")
METHODS = {"reconstruction_error": 0, "saliency": 0, "sobel": 1, "mask": 1}


def run_table(precision, *, width=0.02):
    """`metrics/localization.csv` of a run in which every interval has the same width."""
    rows = []
    for grouping, group in [("all", "all"), *(("kind", kind) for kind in KINDS)]:
        for method, control in METHODS.items():
            value = precision[method] + (0.01 if group == "disk" else 0)
            gain = value - precision["reconstruction_error"]
            row = {"grouping": grouping, "group": group, "images": 9, "method": method}
            row |= {"control": control, "blur": 1.0, "p_holm": 0.03 + width, "effect_size": 0.1}
            for name, number in (
                ("average_precision", value),
                ("aupro", value),
                ("average_precision_gain", gain),
                ("aupro_gain", gain),
            ):
                half = width / 2
                row |= {name: number, f"{name}_low": number - half, f"{name}_high": number + half}
            for name in ("auroc", "pooled_average_precision", "pooled_auroc"):
                row[name] = value
            rows.append(row | {"pointing_game": value, "relevance_rank_accuracy": value})
    return pd.DataFrame(rows)


def runs_of(tables, *, network="lsa", noise=0.0):
    """Their tables with settings, as they are compared."""
    parts = []
    for seed, table in enumerate(tables):
        settings = {"run": f"{network}-{seed}", "train.network": json.dumps(network)}
        settings |= {"train.noise_std": json.dumps(noise), "train.seed": json.dumps(seed)}
        parts.append(pd.DataFrame([settings]).merge(table, how="cross"))
    return pd.concat(parts, ignore_index=True)


PRECISION = {"reconstruction_error": 0.4, "saliency": 0.6, "sobel": 0.2, "mask": 1.0}


def study_of(tmp_path, *, saliency=0.6, sobel=0.2, drop=0.3, layers=True):
    precision = {**PRECISION, "saliency": saliency, "sobel": sobel}
    runs = runs_of([run_table(precision) for _ in range(3)])
    localization_runs.over_seeds(runs).to_csv(tmp_path / "localization_summary.csv", index=False)
    settings = runs.groupby("run").first().reset_index()
    settings = settings[["run", "train.network", "train.noise_std", "train.seed"]]
    drop_name = "average_precision_drop"
    last = pd.DataFrame(
        [
            {
                "step": step,
                "layer": "f",
                "method": "saliency",
                "average_precision_drop": drop * step,
            }
            for step in range(3)
        ]
    )
    for end, sign in (("low", -1), ("high", 1)):
        last[f"{drop_name}_{end}"] = last[drop_name] + 0.01 * sign
    randomization = settings.merge(last if layers else last.iloc[:0], how="cross")
    randomization.to_csv(tmp_path / "randomization.csv", index=False)
    areas = pd.DataFrame({"method": ["saliency"], "measure": "deletion", "baseline": "black"})
    settings.merge(areas.assign(area=[0.5]), how="cross").to_csv(
        tmp_path / "faithfulness.csv", index=False
    )
    numbers = settings.iloc[:1].drop(columns=["run", "train.seed"])
    numbers = numbers.assign(metric="loss", estimate=1.0, low=0.5, high=1.5, sd=0.1, runs=3)
    numbers.to_csv(tmp_path / "numbers.csv", index=False)
    return LocalizationStudy(tmp_path)


def test_interval_over_seeds_joins_their_spread_and_the_images():
    tables = [run_table({**PRECISION, "saliency": value}) for value in (0.5, 0.6, 0.7)]
    summary = localization_runs.over_seeds(runs_of(tables))
    row = summary[(summary["method"] == "saliency") & (summary["group"] == "all")].iloc[0]
    expected = statistics.interval_over_runs([0.5, 0.6, 0.7], (0.02 / (2 * 1.959964)) ** 2)
    found = row[["average_precision", "average_precision_low", "average_precision_high"]]
    np.testing.assert_allclose(found.astype(float), expected[:3])
    assert row["runs"] == 3
    assert row["images"] == 9


def test_p_value_over_seeds_is_the_largest():
    runs = runs_of([run_table(PRECISION, width=width) for width in (0.01, 0.05)])
    assert localization_runs.over_seeds(runs)["p_holm"].unique() == [0.08]
    runs.loc[runs.index[-1], "effect_size"] *= -1  # the seeds contradict each other
    assert localization_runs.over_seeds(runs)["p_holm"].iloc[-1] == 1


def test_networks_are_configurations_and_a_denoising_one_is_named_so(tmp_path):
    study_of(tmp_path)
    runs = pd.concat([runs_of([run_table(PRECISION)]), runs_of([run_table(PRECISION)], noise=0.2)])
    localization_runs.over_seeds(runs).to_csv(tmp_path / "localization_summary.csv", index=False)
    study = LocalizationStudy(tmp_path)
    assert study.networks() == ["lsa", "lsa, denoising"]
    assert study.runs("lsa, denoising") == 1


def test_map_that_meets_every_condition_replaces_the_error_map(tmp_path):
    verdict = study_of(tmp_path).verdict("lsa", "saliency")
    assert verdict.above == list(KINDS)
    assert verdict.below == []
    assert verdict.beats_controls
    assert verdict.replaces


@pytest.mark.parametrize(
    "failing",
    [
        {"saliency": 0.39},
        {"saliency": 0.402},
        {"sobel": 0.595},
        {"drop": 0.0},
        {"layers": False},
    ],
)
def test_map_that_fails_one_condition_does_not(tmp_path, failing):
    assert not study_of(tmp_path, **failing).verdict("lsa", "saliency").replaces


def test_worse_kinds_are_named(tmp_path):
    verdict = study_of(tmp_path, saliency=0.3).verdict("lsa", "saliency")
    assert (verdict.above, verdict.below) == ([], list(KINDS))


def test_mask_is_no_control_to_beat(tmp_path):
    study = study_of(tmp_path)
    assert "mask" in study.methods("lsa", control=True)
    assert study.number("lsa", "mask", "average_precision").estimate == 1
    assert study.verdict("lsa", "saliency").beats_controls


def test_numbers_are_looked_up_by_group_and_metric(tmp_path):
    study = study_of(tmp_path)
    disk = study.number("lsa", "saliency", "aupro", grouping="kind", group="disk")
    assert disk.estimate == pytest.approx(0.61)
    assert study.headline("lsa", "loss").high == 1.5
    with pytest.raises(InputError, match="0 rows are lsa, saliency, kind blob"):
        study.number("lsa", "saliency", "aupro", grouping="kind", group="blob")
    with pytest.raises(InputError, match="0 rows of numbers are lsa, gain"):
        study.headline("lsa", "gain")


def test_study_that_was_not_run_says_how_to(tmp_path):
    with pytest.raises(InputError, match=f"run `make {tmp_path.name}`"):
        LocalizationStudy(tmp_path)
