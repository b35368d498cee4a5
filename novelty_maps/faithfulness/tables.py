"""Whether maps are true to the network: deletion, insertion and randomization in tables."""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.faithfulness.deletion import Curves, area
from novelty_maps.faithfulness.randomization import Cascade, Draws
from novelty_maps.maps.names import REFERENCE
from novelty_maps.statistics.intervals import bootstrap_interval, bootstrap_means, with_ends
from novelty_maps.statistics.over_runs import interval_over_runs


def deletion_table(
    curves: Mapping[str, Mapping[str, Curves]],
    *,
    samples: int,
    generator: np.random.Generator,
    groups: NDArray[np.int64] | None = None,
) -> pd.DataFrame:
    """Areas under each map's curves.

    Args:
        curves: Method to baseline to its curves, as `deletion.deletion_curves` returns them.
        samples: Bootstrap samples of the images.
        generator: Source of randomness.
        groups: The group of each image, where images share one; curves are of the first of them.

    Returns:
        A row per method, measure and baseline: `method`, `measure` (deletion or insertion),
        `baseline`, mean `area` with the ends of its 95% interval, `images` on which it is defined.
    """
    rows = []
    for method, measure in itertools.product(curves, Curves._fields):
        for baseline, both in curves[method].items():
            areas = area(getattr(both, measure))
            row: dict[str, Any] = {"method": method, "measure": measure, "baseline": baseline}
            low, high = bootstrap_interval(
                areas[:, None],
                samples=samples,
                generator=generator,
                groups=None if groups is None else groups[: len(areas)],
            )[:, 0]
            row |= {"area": pd.Series(areas).mean(), "area_low": low, "area_high": high}
            rows.append(row | {"images": int(np.isfinite(areas).sum())})
    return pd.DataFrame(rows)


def randomization_table(cascades: Mapping[str, Cascade]) -> pd.DataFrame:
    """Means over the images along the cascade.

    Args:
        cascades: Method to its cascade, as `randomization.along_cascade` returns it.

    Returns:
        A row per step and method: `step`, `layer`, `method`, `spearman`, `ssim`,
        `average_precision`; without cascades only the columns.
    """
    measures = ["spearman", "ssim", "average_precision"]
    rows = []
    for method, cascade in cascades.items():
        for step, layer in enumerate(cascade.layers):
            row: dict[str, Any] = {"step": step, "layer": layer, "method": method}
            rows.append(row | {m: pd.Series(getattr(cascade, m)[step]).mean() for m in measures})
    return pd.DataFrame(rows, columns=["step", "layer", "method", *measures])


def reinitialised_table(
    draws: Mapping[str, Draws],
    *,
    samples: int,
    generator: np.random.Generator,
    groups: NDArray[np.int64] | None = None,
) -> pd.DataFrame:
    """What a map loses of its average precision when the network has learned nothing.

    The interval is for new weights and new images alike (`statistics.over_runs`): the part of the
    draws by Student's t, that of the images by a bootstrap of each image's mean loss over the
    draws. A map whose loss is 0 finds the novelty just as well without anything learned.

    Args:
        draws: Method to its draws, as `randomization.over_draws` returns them.
        samples: Bootstrap samples of the images.
        generator: Source of randomness.
        groups: (N,) the group of each image, where images share one.

    Returns:
        A row per method: `method`, `draws`, `images` in which the novelty can be found, means of
        `spearman`, of `average_precision` (of the trained network) and of
        `reinitialised_average_precision`, `average_precision_drop` with the ends of its 95%
        interval; without draws only the columns.
    """
    drop, fresh = "average_precision_drop", "reinitialised_average_precision"
    columns = ["method", "draws", "images", "spearman", "average_precision", fresh]
    columns += [drop, f"{drop}_low", f"{drop}_high"]
    if not draws:
        return pd.DataFrame(columns=columns)
    lost = {method: found.trained - found.average_precision for method, found in draws.items()}
    of_images = np.stack([values.mean(axis=0) for values in lost.values()], axis=1)
    means = bootstrap_means(of_images, samples=samples, generator=generator, groups=groups)
    rows = []
    for (method, found), variance in zip(draws.items(), pd.DataFrame(means).var(), strict=True):
        row: dict[str, Any] = {"method": method, "draws": len(found.spearman)}
        row["images"] = int(np.isfinite(found.trained).sum())
        row["spearman"] = pd.Series(found.spearman.ravel()).mean()
        row["average_precision"] = pd.Series(found.trained).mean()
        row[fresh] = pd.Series(found.average_precision.ravel()).mean()
        fall = interval_over_runs(pd.DataFrame(lost[method]).mean(axis=1), variance)
        rows.append(row | {drop: fall.estimate, f"{drop}_low": fall.low, f"{drop}_high": fall.high})
    return pd.DataFrame(rows, columns=columns)


def summarise(
    deletion: pd.DataFrame, randomization: pd.DataFrame, reinitialised: pd.DataFrame
) -> dict[str, Any]:
    """The numbers of r and s for `metrics/faithfulness.json`, nested by method.

    Args:
        deletion: As `deletion_table` returns it.
        randomization: As `randomization_table` returns it.
        reinitialised: As `reinitialised_table` returns it, of the same methods.
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
            (fresh,) = reinitialised[reinitialised["method"] == method].to_dict("records")
            ends = np.array([fresh[f"{drop}_low"], fresh[f"{drop}_high"]])
            own["randomized"] = {
                "spearman": last["spearman"],
                "ssim": last["ssim"],
                drop: with_ends(fresh[drop], ends),
            }
        numbers[method] = own
    return numbers
