"""Is "novel images agree less" a fact about novelty, or about the digits that were novel?"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats


class RoleEffect(NamedTuple):
    """What being novel does to an image's agreement, apart from which digit it is.

    Attributes:
        raw: Mean difference novel − normal over the runs.
        effect: The same at equal digit.
        low: Lower end of its 95% interval.
        high: Upper end.
        digit_sd: Standard deviation of the digits' own effects, for comparison.
        runs: Sets of normal classes.
    """

    raw: float
    effect: float
    low: float
    high: float
    digit_sd: float
    runs: int


def role_effect(by_class: pd.DataFrame, measure: str = "agreement") -> RoleEffect:
    """Separate the effect of being novel from that of the digit, over many sets of normal classes.

    Least squares on the mean of each digit in each run: run effect + digit effect + novel · role
    effect. Every digit is normal in some runs and novel in others, which tells the two apart. The
    interval is a jackknife over runs, with Student's t.

    Args:
        by_class: Columns run, label, novel and the measure; a row per run and digit.
        measure: What is explained.
    """
    of_digits, of_runs = (
        pd.get_dummies(by_class[key]).to_numpy(np.float64) for key in ("label", "run")
    )
    design = np.column_stack([by_class["novel"], of_digits[:, 1:], of_runs])
    values = by_class[measure].to_numpy(np.float64)

    def fit(rows: NDArray[np.bool_]) -> NDArray[Any]:
        there = design[rows]
        effects: NDArray[Any] = np.linalg.lstsq(there, values[rows], rcond=None)[0]
        return effects

    full = fit(np.ones(len(values), np.bool_))
    left_out = np.array([fit(run == 0)[0] for run in of_runs.T])
    count = len(left_out)
    variance = (count - 1) / count * ((left_out - left_out.mean()) ** 2).sum()
    half = float(stats.t.ppf(0.975, count - 1) * np.sqrt(variance))
    means = by_class.pivot_table(measure, index="run", columns="novel")
    digits = np.append(0.0, full[1 : by_class["label"].nunique()])
    return RoleEffect(
        raw=float((means[1] - means[0]).mean()),
        effect=float(full[0]),
        low=float(full[0]) - half,
        high=float(full[0]) + half,
        digit_sd=float(digits.std(ddof=1)),
        runs=count,
    )
