"""Whether maps are true to the network: deletion, insertion and randomization in tables."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.lib import statistics
from stages.lib.deletion import Curves, area
from stages.lib.randomization import Cascade


def deletion_rows(
    method: str, curves: Mapping[str, Curves], *, samples: int, generator: np.random.Generator
) -> list[dict[str, Any]]:
    """Areas under a map's curves: a row per measure and baseline.

    Args:
        method: The map.
        curves: Baseline to its curves, as `deletion.deletion_curves` returns them.
        samples: Bootstrap samples of the images.
        generator: Source of randomness.

    Returns:
        `method`, `measure` (deletion or insertion), `baseline`, mean `area` with the ends of its
        95% interval, `images` on which it is defined.
    """
    rows = []
    for measure in Curves._fields:
        for baseline, both in curves.items():
            areas = area(getattr(both, measure))
            row: dict[str, Any] = {"method": method, "measure": measure, "baseline": baseline}
            row |= _mean(areas, "area", samples=samples, generator=generator)
            rows.append(row | {"images": int(np.isfinite(areas).sum())})
    return rows


def randomization_table(
    cascades: Mapping[str, Cascade], *, samples: int, generator: np.random.Generator
) -> pd.DataFrame:
    """Means over the images along the cascade, and what a map loses of its average precision.

    A map whose loss at the last step is 0 finds the novelty just as well without anything learned.

    Args:
        cascades: Method to its cascade, as `randomization.along_cascade` returns it.
        samples: Bootstrap samples of the images.
        generator: Source of randomness.

    Returns:
        A row per step and method: `step`, `layer`, `method`, `spearman`, `ssim`,
        `average_precision`, `average_precision_drop` with the ends of its 95% interval; without
        cascades only the columns.
    """
    columns = ["step", "layer", "method", "spearman", "ssim", "average_precision"]
    drop = "average_precision_drop"
    rows = []
    for method, cascade in cascades.items():
        for step, layer in enumerate(cascade.layers):
            row: dict[str, Any] = {"step": step, "layer": layer, "method": method}
            for name in ("spearman", "ssim", "average_precision"):
                row[name] = pd.Series(getattr(cascade, name)[step]).mean()
            lost = cascade.average_precision[0] - cascade.average_precision[step]
            rows.append(row | _mean(lost, drop, samples=samples, generator=generator))
    return pd.DataFrame(rows, columns=[*columns, drop, f"{drop}_low", f"{drop}_high"])


def summarise(deletion: pd.DataFrame, randomization: pd.DataFrame) -> dict[str, Any]:
    """The numbers of r and s for `metrics/faithfulness.json`, nested by method."""
    numbers: dict[str, Any] = {}
    for method in ("reconstruction_error", "saliency"):
        own: dict[str, Any] = {}
        for _, row in deletion[deletion["method"] == method].iterrows():
            own.setdefault(row["measure"], {})[row["baseline"]] = row["area"]
        steps = randomization[randomization["method"] == method]
        if len(steps):
            last = steps.iloc[-1]
            drop = "average_precision_drop"
            own["randomized"] = {
                "spearman": last["spearman"],
                "ssim": last["ssim"],
                drop: {
                    "estimate": last[drop],
                    "low": last[f"{drop}_low"],
                    "high": last[f"{drop}_high"],
                },
            }
        numbers[method] = own
    return numbers


def _mean(
    values: NDArray[np.float64], name: str, *, samples: int, generator: np.random.Generator
) -> dict[str, float]:
    """Mean over the images where it is defined, and its 95% interval."""
    replicates = statistics.bootstrap_means(values[:, None], samples=samples, generator=generator)
    low, high = statistics.percentile_interval(replicates)[:, 0]
    mean = float(pd.Series(values).mean())
    return {name: mean, f"{name}_low": float(low), f"{name}_high": float(high)}
