"""Spearman's rank correlation."""

from collections.abc import Sequence

import numpy as np
import scipy  # its stats, which take a second to load, come when they are first used
from numpy.typing import ArrayLike, NDArray

from novelty_maps.statistics.groups import shared
from novelty_maps.statistics.intervals import Interval


def spearman(
    x: ArrayLike,
    y: ArrayLike,
    *,
    given: Sequence[ArrayLike] = (),
    groups: NDArray[np.int64] | None = None,
) -> Interval:
    """Spearman's rank correlation, or the partial one given categorical variables.

    Ranks (midranks for ties) are taken over all rows. What the categories explain of them, each
    variable adding its part, is taken out of both by least squares before they are correlated.

    Args:
        x: (N,).
        y: (N,).
        given: Categorical variables, (N,) each.
        groups: (N,) the group of each row.

    Returns:
        The correlation and its 95% interval by Fisher's transform with the standard error of
        Bonett & Wright (2000), one degree of freedom less for each category beyond the first; with
        groups, with that of the jackknife that leaves out a group at a time (Efron & Tibshirani
        1993, chapter 11) and Student's quantile. Rows with NaN are left out; NaN where nothing
        varies, the interval also where nothing does without some group.
    """
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    defined = ~(np.isnan(a) | np.isnan(b))
    values = np.stack([a[defined], b[defined]])
    rows = values.shape[1]
    design = [np.ones((rows, 1))]
    for variable in given:
        member = np.unique(np.asarray(variable)[defined], return_inverse=True)[1]
        design.append(np.eye(int(member.max(initial=0)) + 1)[member])
    explaining = np.concatenate(design, axis=1)
    rho, freedom = _partial_correlation(values, explaining)
    if np.isnan(rho):
        return Interval(np.nan, np.nan, np.nan)
    numbers = None if groups is None else shared(groups[defined], rows)
    if numbers is None:
        half_width = scipy.stats.norm.ppf(0.975) * np.sqrt((1 + rho**2 / 2) / freedom)
    else:
        half_width = _jackknife_half_width(rho, values, explaining, numbers)
    with np.errstate(divide="ignore"):
        z = np.arctanh(rho)
    return Interval(rho, float(np.tanh(z - half_width)), float(np.tanh(z + half_width)))


def _partial_correlation(
    values: NDArray[np.float64], explaining: NDArray[np.float64]
) -> tuple[float, int]:
    """Correlation of the ranks of (2, N) values given (N, P), NaN if none; degrees of freedom."""
    ranks = scipy.stats.rankdata(values, axis=1)
    coefficients, _, rank, _ = np.linalg.lstsq(explaining, ranks.T)
    residuals = (ranks.T - explaining @ coefficients).T
    norms = [float(np.linalg.norm(row)) for row in residuals]
    freedom = values.shape[1] - 3 - (int(rank) - 1)
    if freedom < 1 or min(norms) <= 1e-9 * float(np.linalg.norm(ranks)):
        return np.nan, freedom
    return float(np.clip(residuals[0] @ residuals[1] / (norms[0] * norms[1]), -1, 1)), freedom


def _jackknife_half_width(
    rho: float,
    values: NDArray[np.float64],
    explaining: NDArray[np.float64],
    numbers: NDArray[np.intp],
) -> float:
    """Half-width of the interval of Fisher's z, from correlations that leave out a group each."""
    if abs(rho) == 1:
        return 0.0
    count = int(numbers.max()) + 1
    without = [
        _partial_correlation(values[:, numbers != group], explaining[numbers != group])[0]
        for group in range(count)
    ]
    error = np.sqrt(count - 1) * np.std(without)
    return float(scipy.stats.t.ppf(0.975, count - 1) * error / (1 - rho**2))
