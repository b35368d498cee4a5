"""A table of localization in which no two numbers are alike, so that none stands for another."""

import itertools

import numpy as np
import pandas as pd

from novelty_maps.maps.names import CONTROLS

KINDS = ["disk", "erased_stroke", "square"]
# Average precision over all images.
SKILL = {
    "reconstruction_error": 0.4,
    "absolute_error": 0.38,
    "saliency": 0.35,
    "squared_saliency": 0.36,
    "direct_term": 0.9,
    "smoothgrad": 0.3,
    "occlusion": 0.5,
    "uniform": 0.1,
    "sobel": 0.2,
    "mask": 1.0,
}
MEASURES = ("average_precision", "aupro")


def localization(skill=SKILL, kinds=KINDS):
    """As `metrics/localization.csv`, with the skill of each map over all images."""
    groups = [("all", "all"), *(("kind", kind) for kind in kinds)]
    groups += [("size", "0.2"), ("size", "0.5"), ("intensity", "1.0"), ("intensity", "0.3")]
    generator = np.random.default_rng(0)
    rows = []
    for (grouping, group), (method, value) in itertools.product(groups, skill.items()):
        row = {"grouping": grouping, "group": group, "method": method}
        row["control"] = int(method in CONTROLS)
        off = 0 if grouping == "all" else generator.uniform(0.005, 0.045)
        gain = np.nan if method == "reconstruction_error" else value - 0.4 + off
        other = np.nan if method == "absolute_error" else value - 0.38 + off
        for name, shift in (("average_precision", 0.0), ("aupro", -0.05)):
            for measure, center in (
                (name, value + off + shift),
                (f"{name}_gain", gain + shift),
                (f"{name}_gain_over_absolute_error", other + shift),
            ):
                below, above = generator.uniform(0.05, 0.15, 2)
                row |= {measure: center, f"{measure}_low": center - below}
                row |= {f"{measure}_high": center + above}
        rows.append(row)
    return pd.DataFrame(rows)
