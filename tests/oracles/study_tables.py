"""Tables as one run of each question leaves them, in short."""

import json

import numpy as np
import pandas as pd

from novelty_maps.maps.names import GAINS
from studies.localization import LocalizationStudy
from studies.over_runs import each_map

KINDS = ("disk", "stripe", "zigzag")
CONTROLS = ("sobel", "mask")
CHALLENGERS = ("saliency", "squared_saliency", "integrated_gradients_reconstruction")
PRECISION = {
    "reconstruction_error": 0.4,
    "absolute_error": 0.45,
    **dict.fromkeys(CHALLENGERS, 0.6),
    "sobel": 0.2,
    "mask": 1.0,
}


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
    """`metrics/localization.csv` of a run in which every interval has the same width.

    Gains over a map that is not among them have no columns, as in tables older than that map.
    """
    rows = []
    for grouping, group in [("all", "all"), *(("kind", kind) for kind in KINDS)]:
        of_kind = 0.01 if group == "disk" else 0
        for method in precision:
            value = precision[method] + of_kind
            row = {"grouping": grouping, "group": group, "images": 9, "method": method}
            row |= {"control": int(method in CONTROLS), "blur": 1.0}
            row |= {"p_holm": 0.03 + width, "effect_size": 0.1}
            numbers = {"average_precision": value, "aupro": value}
            for gain, reference in GAINS.items():
                if reference in precision:
                    more = value - precision[reference] - of_kind
                    more = np.nan if method == reference else more
                    numbers |= {f"average_precision_{gain}": more, f"aupro_{gain}": more}
            for name, number in numbers.items():
                row |= {name: number, f"{name}_low": number - width / 2}
                row |= {f"{name}_high": number + width / 2}
            for name in ("auroc", "pooled_average_precision", "pooled_auroc"):
                row[name] = value
            rows.append(row | {"pointing_game": value, "relevance_rank_accuracy": value})
    return pd.DataFrame(rows)


def of_run(table, **settings):
    """A run's table after its settings, as it is compared; `.` of a setting's name is `__`."""
    cells = {name.replace("__", "."): json.dumps(value) for name, value in settings.items()}
    return pd.DataFrame([cells]).merge(table, how="cross")


def runs_of_maps(tables, *, network="lsa", noise=0.0):
    """Their tables with settings, as they are compared."""
    parts = []
    for seed, table in enumerate(tables):
        settings = {"train__network": network, "train__noise_std": noise, "train__seed": seed}
        part = of_run(table, **settings)
        part.insert(0, "run", f"{network}-{seed}")
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def reinitialised(drop):
    """`metrics/reinitialised.csv` of a run: the maps that see the network lose `drop`."""
    methods = [name for name in PRECISION if name != "mask"]
    lost = np.array([0.0 if name in CONTROLS else drop for name in methods])
    trained = np.array([PRECISION[name] for name in methods])
    name = "average_precision_drop"
    return pd.DataFrame(
        {
            "method": methods,
            "draws": 10,
            "images": 9,
            "spearman": 0.5,
            "average_precision": trained,
            "reinitialised_average_precision": trained - lost,
            name: lost,
            f"{name}_low": lost - 0.01,
            f"{name}_high": lost + 0.01,
        }
    )


def localization_study(tmp_path, *, drop=0.3, layers=True, **precision):
    """A study of three runs of one network, in a folder, and its reader.

    Args:
        tmp_path: The folder.
        drop: Fall of average precision when all layers are re-initialised.
        layers: Whether there are layers to re-initialise.
        **precision: Average precision and AUPRO of maps, instead of those of `PRECISION`.
    """
    runs = runs_of_maps([maps(PRECISION | precision) for _ in range(3)])
    settings = runs.groupby("run").first().reset_index()
    settings = settings[["run", "train.network", "train.noise_std", "train.seed"]]
    areas = pd.DataFrame({"method": ["saliency"], "measure": "deletion", "baseline": "black"})
    steps = pd.DataFrame({"step": range(3), "layer": "f", "method": "saliency", "spearman": 0.5})
    numbers = settings.iloc[:1].drop(columns=["run", "train.seed"])
    tables = {
        "localization_summary": each_map(runs),
        "faithfulness": settings.merge(areas.assign(area=[0.5]), how="cross"),
        "randomization": settings.merge(steps if layers else steps.iloc[:0], how="cross"),
        "reinitialised": settings.merge(reinitialised(drop).iloc[: None if layers else 0], "cross"),
        "numbers": numbers.assign(metric="loss", estimate=1.0, low=0.5, high=1.5, sd=0.1, runs=3),
    }
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    return LocalizationStudy(tmp_path)
