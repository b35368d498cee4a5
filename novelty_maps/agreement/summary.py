"""The headline numbers of agreement."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.agreement.curves import chance_agreement, chance_distance
from novelty_maps.agreement.kinds import normal_and_novel
from novelty_maps.agreement.tables import MEASURES
from novelty_maps.statistics.auroc import delong_auroc
from novelty_maps.statistics.groups import group_means, groups_of
from novelty_maps.statistics.intervals import bootstrap_means, percentile_interval, with_ends
from novelty_maps.statistics.rank_tests import mann_whitney

_CHANCE_SAMPLES = 2000


def summarise(
    table: pd.DataFrame,
    *,
    k: int,
    image_shape: tuple[int, int],
    samples: int,
    generator: np.random.Generator,
) -> dict[str, Any]:
    """Headline numbers, under keys that contain no parameter's value.

    Args:
        table: A row per image: `MEASURES`, `tied_*`, `novel` (0 or 1), `reconstruction_loss`, and
            `group` where images share one.
        k: The K that the table was made with.
        image_shape: Height and width.
        samples: Bootstrap samples.
        generator: Source of randomness.

    Returns:
        Nested dict: normal, novel, normal_minus_novel, chance, detection.
    """
    groups = normal_and_novel(table)
    result: dict[str, Any] = {"k": k}
    replicates = {}
    for name, group in groups.items():
        values = group[MEASURES].astype(np.float64)
        values["majority_agreement"] = 2 * values["agreement"] > k
        values["majority_missed"] = 2 * values["agreement"] < k
        replicates[name] = bootstrap_means(
            values.to_numpy(np.float64),
            samples=samples,
            generator=generator,
            groups=groups_of(group),
        )
        result[name] = _group_summary(values, replicates[name], group)
    result["normal_minus_novel"] = _differences(groups, replicates)
    result["chance"] = _chance(image_shape, k, generator)
    auroc = delong_auroc(
        table["novel"].to_numpy() == 1,
        table["reconstruction_loss"].to_numpy(),
        groups_of(table),
    )
    result["detection"] = {"image_auroc": auroc._asdict()}
    return result


def at_a_glance(numbers: dict[str, Any]) -> dict[str, float]:
    """Of what `summarise` returns the few numbers that DVC shows, without their intervals.

    Returns:
        `k`; `normal_agreement` and `novel_agreement`, means over images in pixels; `error_auroc`,
        that of the reconstruction loss.
    """
    return {
        "k": numbers["k"],
        "normal_agreement": numbers["normal"]["agreement"]["estimate"],
        "novel_agreement": numbers["novel"]["agreement"]["estimate"],
        "error_auroc": numbers["detection"]["image_auroc"]["estimate"],
    }


def _group_summary(
    values: pd.DataFrame, replicates: NDArray[np.float64], group: pd.DataFrame
) -> dict[str, Any]:
    """The means of one kind of image, with what they leave out and what was a choice."""
    ends = percentile_interval(replicates)
    means = values.mean()  # of the defined values; NaN if there are none
    summary: dict[str, Any] = {"images": len(group)}
    for i, name in enumerate(values.columns):
        summary[name] = with_ends(means[name], ends[:, i])
    summary["agreement"]["most_frequent"] = int(np.bincount(group["agreement"]).argmax())
    summary["undefined_scaled_maps"] = {
        "images": int(values.isna().any(axis=1).sum()),
        "reason": "a map that is zero everywhere has no scaled map",
    }
    summary["ties_at_k"] = {
        "reconstruction_error": int(group["tied_reconstruction_error"].sum()),
        "saliency": int(group["tied_saliency"].sum()),
    }
    return summary


def _differences(
    groups: dict[str, pd.DataFrame], replicates: dict[str, NDArray[np.float64]]
) -> dict[str, Any]:
    """Normal minus novel in each measure: the means, their interval, and a test of the ranks.

    The test is of the means of groups, where images share one. A group with images of both kinds is
    drawn for each kind by itself, which makes the interval no narrower if they are alike.
    """
    ends = percentile_interval(replicates["normal"] - replicates["novel"])
    differences = {}
    for i, measure in enumerate(MEASURES):
        normal, novel = groups["normal"][measure], groups["novel"][measure]
        observed = [group_means(kind[measure], groups_of(kind)) for kind in groups.values()]
        differences[measure] = {
            **with_ends(normal.mean() - novel.mean(), ends[:, i]),
            **mann_whitney(*observed)._asdict(),
        }
    return differences


def _chance(
    image_shape: tuple[int, int], k: int, generator: np.random.Generator
) -> dict[str, float]:
    """What two random top Ks give."""
    distance = chance_distance(image_shape, k, samples=_CHANCE_SAMPLES, generator=generator)
    return {
        "agreement": float(chance_agreement(image_shape[0] * image_shape[1])[k - 1]),
        "max_distance": float(distance.maximum[-1]),
        "mean_distance": float(distance.mean[-1]),
    }
