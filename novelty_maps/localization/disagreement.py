"""Whether disagreement of r and s on an image tells that a map fails to find the novelty in it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.agreement.curves import agreement_curve
from novelty_maps.localization.files import COMPARED, GROUPINGS, image_columns
from novelty_maps.maps.names import CHALLENGER, REFERENCE
from novelty_maps.maps.ranking import top_pixels
from novelty_maps.pipeline.boxes import Boxes, real_pixels
from novelty_maps.statistics.auroc import delong_auroc
from novelty_maps.statistics.correlation import spearman
from novelty_maps.statistics.groups import groups_of


def image_table(
    table: pd.DataFrame,
    found: pd.DataFrame,
    maps: Mapping[str, NDArray[np.float32]],
    *,
    k: int,
    boxes: Boxes | None = None,
) -> pd.DataFrame:
    """Per planted image: how r and s agree, the loss, and how well r and s find the novelty.

    Args:
        table: (N) rows with kind, size, intensity, and group where images share one.
        found: (N) rows, as `files.load_compared` returns them.
        maps: The maps, not blurred, of the novel images, (N, H, W); r and s are among them.
        k: K of the top-K agreement.
        boxes: (N, 4) of the novel images, where some are padded.
    """
    error = maps[REFERENCE]
    top = [top_pixels(np.ascontiguousarray(maps[method]), k) for method in COMPARED]
    agreed = agreement_curve(top[0], top[1], error[0].size)[:, -1]
    real = real_pixels(boxes, error.shape[1:])
    loss = error.mean(axis=(1, 2), dtype=np.float64, where=True if real is None else real)
    return image_columns(table).assign(agreement=agreed, loss=loss).join(found)


def disagreement(images: pd.DataFrame) -> dict[str, Any]:
    """Whether agreement of r and s, or the loss, tells on which images a map finds the novelty.

    Rank correlations with the average precision of r, that of s and s less r take out kind, size
    and intensity, on which both sides depend. `failure_auroc` tells images that r fails on, its
    highest pixel outside the mask, from the others by their disagreement, `saliency_failure_auroc`
    those that s fails on; nothing is taken out of them.

    Args:
        images: As `image_table` returns it.
    """
    error, saliency = (images[f"{method}_average_precision"] for method in COMPARED)
    given, groups = [images[factor] for factor in GROUPINGS], groups_of(images)
    correlated = {
        "agreement_correlation": ("agreement", error),
        "agreement_saliency_correlation": ("agreement", saliency),
        "agreement_gain_correlation": ("agreement", saliency - error),
        "loss_correlation": ("loss", error),
    }
    found: dict[str, Any] = {
        name: spearman(images[column], precision, given=given, groups=groups)._asdict()
        for name, (column, precision) in correlated.items()
    }
    score = -images["agreement"].to_numpy(np.float64)
    for prefix, method in (("", REFERENCE), ("saliency_", CHALLENGER)):
        failed = images[f"{method}_pointing_game"].to_numpy() < 0.5
        found[f"{prefix}failure_auroc"] = delong_auroc(failed, score, groups)._asdict()
        found[f"{prefix}failed"] = float(failed.mean())
    return found
