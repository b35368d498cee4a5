"""Tables as one run of each question leaves them, in short."""

import json

import numpy as np
import pandas as pd

from studies.localization import LocalizationStudy
from studies.over_runs import each_map

KINDS = ("disk", "stripe", "zigzag")
METHODS = {"reconstruction_error": 0, "saliency": 0, "sobel": 1, "mask": 1}
PRECISION = {"reconstruction_error": 0.4, "saliency": 0.6, "sobel": 0.2, "mask": 1.0}


def detectors(*, auroc, representation="nominal"):
    """`metrics/detection.csv` of one run: a score, and a forest on two novel classes."""
    rows = [
        ("max_logit", "none", "all", 0, auroc),
        ("forest", "all", "7", 1, auroc + 0.1),
        ("forest", "all", "8", 1, auroc + 0.2),
    ]
    table = pd.DataFrame(rows, columns=["detector", "labels", "novel_class", "oracle", "auroc"])
    table = table.assign(representation=representation, objective=representation, settings="{}")
    table["auroc_low"], table["auroc_high"] = table["auroc"] - 0.02, table["auroc"] + 0.02
    for name in ("average_precision", "fpr_at_95_tpr", "oscr", "closed_set_accuracy"):
        table[name] = auroc / 2
    return table.assign(validation_auroc=np.nan)


def maps(precision, *, width=0.02):
    """`metrics/localization.csv` of a run in which every interval has the same width."""
    rows = []
    for grouping, group in [("all", "all"), *(("kind", kind) for kind in KINDS)]:
        for method in precision:
            value = precision[method] + (0.01 if group == "disk" else 0)
            gain = value - precision["reconstruction_error"]
            row = {"grouping": grouping, "group": group, "images": 9, "method": method}
            row |= {
                "control": METHODS.get(method, 0),
                "blur": 1.0,
                "p_holm": 0.03 + width,
                "effect_size": 0.1,
            }
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


def runs_of_maps(tables, *, network="lsa", noise=0.0):
    """Their tables with settings, as they are compared."""
    parts = []
    for seed, table in enumerate(tables):
        settings = {"run": f"{network}-{seed}", "train.network": json.dumps(network)}
        settings |= {"train.noise_std": json.dumps(noise), "train.seed": json.dumps(seed)}
        parts.append(pd.DataFrame([settings]).merge(table, how="cross"))
    return pd.concat(parts, ignore_index=True)


def localization_study(tmp_path, *, saliency=0.6, sobel=0.2, drop=0.3, layers=True):
    """A study of three runs of one network, in a folder, and its reader."""
    precision = {**PRECISION, "saliency": saliency, "sobel": sobel}
    runs = runs_of_maps([maps(precision) for _ in range(3)])
    each_map(runs).to_csv(tmp_path / "localization_summary.csv", index=False)
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
