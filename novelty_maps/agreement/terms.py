"""Why the two maps disagree: the two terms of the saliency map's gradient, image by image.

∇L = 2e/n − (2/n) Jᵀe (`maps.loss_gradient`). The first, direct term is a multiple of the error e
itself, so its magnitude has the top K of the reconstruction-error map exactly. All disagreement
between the two maps comes from the second, indirect term, which vanishes where the autoencoder
projects its input orthogonally onto what it can reconstruct (Jᵀe = 0). How large the indirect term
is, and which way it turns the gradient, should therefore tell how far an image's maps disagree.
How much of that any term of the same size would do, wherever it lies, is what the nulls say
(`null`); the excess of agreement over a null is what the place of the indirect term adds.

Of a network that is trained by another loss than the mean squared error the terms are those of its
own loss. The measures keep their meaning with d for e; but d does not rank pixels as e² does, so
that the error map may disagree with saliency without any indirect term.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.agreement.kinds import normal_and_novel
from novelty_maps.agreement.null import NULLS
from novelty_maps.statistics.correlation import spearman
from novelty_maps.statistics.groups import groups_of
from novelty_maps.statistics.intervals import bootstrap_interval, with_ends

MEASURES = ["indirect_share", "gradient_error_cosine"]
EXCESSES = ["excess_over_shuffled", "excess_over_other_image"]  # agreement less each of `NULLS`
_CHUNK = 1024  # images at a time; bounds memory


def term_measures(
    direct_term: NDArray[np.float32], indirect_term: NDArray[np.float32]
) -> pd.DataFrame:
    """Size and direction of the indirect term of each image.

    Args:
        direct_term: d = 2e/n, (N, H, W) float32.
        indirect_term: i = −(2/n) Jᵀe, (N, H, W) float32.

    Returns:
        A row per image, both NaN where they are undefined because a norm is zero:
        `indirect_share`, ‖i‖ / (‖d‖ + ‖i‖) in [0, 1], 0 without an indirect term;
        `gradient_error_cosine`, the cosine of the angle between ∇L = d + i and e, or d where that
        is no multiple of e; in [−1, 1], 1 where the gradient points along it.
    """
    columns = np.empty((2, len(direct_term)))
    for start in range(0, len(direct_term), _CHUNK):
        rows = slice(start, start + _CHUNK)
        d = direct_term[rows].reshape(len(direct_term[rows]), -1).astype(np.float64)
        i = indirect_term[rows].reshape(d.shape).astype(np.float64)
        gradient = d + i
        norm_d, norm_i, norm = (np.linalg.norm(v, axis=1) for v in (d, i, gradient))
        with np.errstate(invalid="ignore"):
            columns[0, rows] = norm_i / (norm_d + norm_i)
            columns[1, rows] = (gradient * d).sum(axis=1) / (norm * norm_d)
    return pd.DataFrame(dict(zip(MEASURES, columns, strict=True)))


def explain_agreement(
    table: pd.DataFrame, *, samples: int, generator: np.random.Generator
) -> dict[str, Any]:
    """Whether the size and the direction of the indirect term explain top-K agreement.

    Args:
        table: A row per image: `agreement`, `novel` (0 or 1), `label`, `MEASURES` and `NULLS`,
            and `group` where images share one.
        samples: Bootstrap samples behind the intervals of the means.
        generator: Source of randomness.

    Returns:
        For normal and novel images the means of `MEASURES`, `NULLS` and `EXCESSES` with their
        intervals, and Spearman correlations: of `MEASURES` with agreement, of `NULLS` and
        `EXCESSES` with `indirect_share`. Under `all` these correlations over all images, under
        `all_given_class` the partial ones, with the image's class taken out.
    """
    for excess, null in zip(EXCESSES, NULLS, strict=True):
        table = table.assign(**{excess: table["agreement"] - table[null]})
    beside = [*NULLS, *EXCESSES]
    result: dict[str, Any] = {}
    groups = normal_and_novel(table)
    for name, group in groups.items():
        ends = bootstrap_interval(
            group[[*MEASURES, *beside]].to_numpy(np.float64),
            samples=samples,
            generator=generator,
            groups=groups_of(group),
        )
        result[name] = {
            measure: with_ends(group[measure].mean(), ends[:, i])
            for i, measure in enumerate([*MEASURES, *beside])
        }
        result[name]["undefined_images"] = int(group[MEASURES].isna().any(axis=1).sum())
    for name, part, given in (
        ("normal", groups["normal"], []),
        ("novel", groups["novel"], []),
        ("all", table, []),
        ("all_given_class", table, [table["label"]]),
    ):
        numbers, shared = result.setdefault(name, {}), groups_of(part)
        for measured, other in ((MEASURES, "agreement"), (beside, "indirect_share")):
            numbers[f"rank_correlation_with_{other}"] = {
                measure: spearman(part[measure], part[other], given=given, groups=shared)._asdict()
                for measure in measured
            }
    return result
