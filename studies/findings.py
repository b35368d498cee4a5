"""The findings of Feeney & Hughes as claims that a trained network meets or does not meet.

The paper states its findings in words and for one network. Each becomes a criterion on the
numbers of one network, so that it can be asked of many: other seeds, learning rates and epochs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd


class Finding(NamedTuple):
    """A claim of the paper.

    Attributes:
        number: The paper's number of the finding.
        claim: What it says, shortened.
        criterion: What is asked of a network, in words.
        is_met: The same as a function of a row of `metrics/trajectory.csv`.
    """

    number: int
    claim: str
    criterion: str
    is_met: "Callable[[pd.Series[Any]], bool]"


def _both(row: "pd.Series[Any]", measure: str, condition: Callable[[float], bool]) -> bool:
    return condition(row[f"normal_{measure}"]) and condition(row[f"novel_{measure}"])


def _novel_corresponds_less(row: "pd.Series[Any]") -> bool:
    return bool(
        row["normal_minus_novel_agreement_low"] > 0
        and row["normal_minus_novel_max_distance_saliency_to_error_high"] < 0
        and row["normal_minus_novel_scaled_map_error_squared_high"] < 0
    )


FINDINGS = (
    Finding(
        1,
        "the error map often misses key salient pixels",
        "more than half of the ten most salient pixels are missed (agreement below 5) in more than"
        " half of the images, normal and novel",
        lambda row: _both(row, "majority_missed_low", lambda share: share > 0.5),
    ),
    Finding(
        2,
        "the two maps correspond less for novel images",
        "agreement is lower, distance and scaled-map error (to s²) are higher for novel images,"
        " each interval of the difference without 0",
        _novel_corresponds_less,
    ),
    Finding(
        3,
        "top-10 agreement is low, 4 (normal) and 2 (novel) most often",
        "the most frequent agreement is at most 5 of 10 for normal and for novel images",
        lambda row: _both(row, "agreement_most_frequent", lambda count: count <= 5),
    ),
    Finding(
        4,
        "novel images agree less",
        "mean agreement of novel images is lower, the interval of the difference without 0",
        lambda row: bool(row["normal_minus_novel_agreement_low"] > 0),
    ),
    Finding(
        5,
        "at least one salient pixel is far from any high error",
        "the mean maximum distance is above 2 pixels, more than a neighbour away, for both",
        lambda row: _both(row, "max_distance_saliency_to_error_low", lambda pixels: pixels > 2),
    ),
    Finding(
        6,
        "squared saliency is closer to the error map",
        "the scaled-map error to s² is lower than that to s, for both, intervals apart",
        lambda row: all(
            row[f"{group}_scaled_map_error_squared_high"] < row[f"{group}_scaled_map_error_low"]
            for group in ("normal", "novel")
        ),
    ),
)


class Verdict(NamedTuple):
    """How many networks meet a finding's criterion, and what follows.

    Attributes:
        finding: The finding.
        met: Networks that meet it.
        networks: Networks asked.
        word: "holds" if all meet it, "does not hold" if none does, "depends" otherwise.
    """

    finding: Finding
    met: int
    networks: int
    word: str


def judge(networks: pd.DataFrame) -> list[Verdict]:
    """A verdict on each finding.

    Args:
        networks: A row per trained network, columns as in `metrics/trajectory.csv` at K = 10.
    """
    verdicts = []
    for finding in FINDINGS:
        met = sum(finding.is_met(row) for _, row in networks.iterrows())
        word = {0: "does not hold", len(networks): "holds"}.get(met, "depends")
        verdicts.append(Verdict(finding, met, len(networks), word))
    return verdicts
