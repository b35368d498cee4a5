"""Whether maps are true to the network: deletion, insertion and randomization in tables."""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps import statistics
from novelty_maps.faithfulness.deletion import Curves, area
from novelty_maps.faithfulness.randomization import Cascade
from novelty_maps.maps.names import REFERENCE


def deletion_table(
    curves: Mapping[str, Mapping[str, Curves]], *, samples: int, generator: np.random.Generator
) -> pd.DataFrame:
    """Areas under each map's curves.

    Args:
        curves: Method to baseline to its curves, as `deletion.deletion_curves` returns them.
        samples: Bootstrap samples of the images.
        generator: Source of randomness.

    Returns:
        A row per method, measure and baseline: `method`, `measure` (deletion or insertion),
        `baseline`, mean `area` with the ends of its 95% interval, `images` on which it is defined.
    """
    rows = []
    for method, measure in itertools.product(curves, Curves._fields):
        for baseline, both in curves[method].items():
            areas = area(getattr(both, measure))
            row: dict[str, Any] = {"method": method, "measure": measure, "baseline": baseline}
            row |= _mean(areas, "area", samples=samples, generator=generator)
            rows.append(row | {"images": int(np.isfinite(areas).sum())})
    return pd.DataFrame(rows)


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
    """The numbers of r and s for `metrics/faithfulness.json`, nested by method.

    Args:
        deletion: As `deletion_table` returns it.
        randomization: As `randomization_table` returns it.
    """
    drop = "average_precision_drop"
    numbers: dict[str, Any] = {}
    for method in (REFERENCE, "saliency"):
        own: dict[str, Any] = {}
        for _, row in deletion[deletion["method"] == method].iterrows():
            own.setdefault(row["measure"], {})[row["baseline"]] = row["area"]
        steps = randomization[randomization["method"] == method]
        if len(steps):
            last = steps.iloc[-1]
            ends = np.array([last[f"{drop}_low"], last[f"{drop}_high"]])
            own["randomized"] = {
                "spearman": last["spearman"],
                "ssim": last["ssim"],
                drop: statistics.with_ends(last[drop], ends),
            }
        numbers[method] = own
    return numbers


def _mean(
    values: NDArray[np.float64], name: str, *, samples: int, generator: np.random.Generator
) -> dict[str, float]:
    """Mean over the images where it is defined, and its 95% interval."""
    low, high = statistics.bootstrap_interval(values[:, None], samples=samples, generator=generator)
    mean = float(pd.Series(values).mean())
    return {name: mean, f"{name}_low": float(low[0]), f"{name}_high": float(high[0])}
