"""The three questions and what this run answers, with intervals."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from novelty_maps.figures.representation import own_score
from novelty_maps.figures.shown import over_all, shown_methods
from novelty_maps.figures.style import KINDS, in_words
from novelty_maps.localization.controls import network_beaten
from novelty_maps.maps.names import ABSOLUTE_REFERENCE, CHALLENGER, CONTROLS, DETECTORS, short_name


class Number(NamedTuple):
    """A number with its interval, NaN where it has none.

    Attributes:
        label: What it is of.
        value: The estimate.
        low: Lower end of its 95% interval.
        high: Upper end.
        role: How it is coloured: normal, novel, chance, network, control or oracle.
    """

    label: str
    value: float
    low: float
    high: float
    role: str


class Answer(NamedTuple):
    """A question and its answer in this run.

    Attributes:
        question: As a heading.
        answer: One sentence.
        measure: What the numbers are, with their unit or range.
        numbers: Those behind it.
        limits: What the axis of the numbers begins and ends with.
    """

    question: str
    answer: str
    measure: str
    numbers: list[Number]
    limits: tuple[float, float]


def agreement_answer(metrics: Mapping[str, Any]) -> Answer:
    """Whether both maps choose the same pixels, from `metrics/agreement.json`."""
    k = metrics["k"]
    numbers = [_estimate(kind, metrics[kind]["agreement"], kind) for kind, _ in KINDS]
    chance = metrics["chance"]["agreement"]
    numbers.append(Number("chance", chance, np.nan, np.nan, "chance"))
    gap = metrics["normal_minus_novel"]["agreement"]
    said = _side(gap["low"], gap["high"])
    words = {
        1: "fewer than on normal ones",
        -1: "more than on normal ones",
        0: "no clear difference",
    }
    novel = metrics["novel"]["agreement"]["estimate"]
    ends = [number.high for number in numbers] + [number.value for number in numbers]
    return Answer(
        question="Do error and saliency choose the same pixels?",
        answer=f"{novel:.2f} of {k} on novel images: {words[said]}.",
        measure=f"pixels in the top {k} of both maps, mean over test images",
        numbers=numbers,
        limits=(0.0, min(float(k), 1.15 * float(np.nanmax(np.array(ends, float))))),
    )


def localization_answer(table: pd.DataFrame) -> Answer:
    """Which map finds a novelty, from `metrics/localization.csv`."""
    rows = {str(row["method"]): row for _, row in over_all(table).iterrows()}
    numbers = [
        _measured(short_name(method), rows[method], "average_precision", map_role(method))
        for method in shown_methods(table)
    ]
    words = {
        1: "Saliency finds novelties better than the absolute error.",
        -1: "The absolute error finds novelties better than saliency.",
        0: "No clear difference between saliency and the absolute error.",
    }
    gain = f"average_precision_gain_over_{ABSOLUTE_REFERENCE}"
    said = "These are the maps that were compared."
    if {ABSOLUTE_REFERENCE, CHALLENGER} <= rows.keys():
        challenger = rows[CHALLENGER]
        said = words[_side(challenger[f"{gain}_low"], challenger[f"{gain}_high"])]
    beaten = network_beaten(table)
    return Answer(
        question="Which map finds a novelty?",
        answer=f"{said} {beaten[0].upper()}{beaten[1:]}." if beaten else said,
        measure="average precision of the pixels, 0 to 1, mean over images",
        numbers=numbers,
        limits=(0.0, 1.0),
    )


def representation_answer(table: pd.DataFrame) -> Answer:
    """Whether scores say all that a network knows, from `metrics/detection.csv`."""
    whole = table[(table["novel_class"] == "all") & table["labels"].isin(["none", "all"])]
    names = list(dict.fromkeys(whole["representation"]))
    first = next((name for name in names if own_score(whole, name)), names[0])
    own, forest = (first, own_score(whole, first)), (first, "forest")
    rows = {(row["representation"], row["detector"]): row for _, row in whole.iterrows()}
    keys = dict.fromkeys([own, forest, ("all_classes", "forest")])
    numbers = {key: _detected(rows[key]) for key in keys if key in rows}
    ends = [end for number in numbers.values() for end in (number.value, number.low)]
    low = min([0.9, *(end for end in ends if end == end)])
    return Answer(
        question="Do scores say all that a network knows?",
        answer=_against_forest(numbers.get(own), numbers.get(forest)),
        measure="AUROC, normal against novel test images",
        numbers=list(numbers.values()),
        limits=(max(0.0, np.floor(10 * (low - 0.05)) / 10), 1.0),
    )


def _against_forest(score: Number | None, forest: Number | None) -> str:
    """What a network's own score and a forest told of novel images say, or which is absent."""
    absent = {
        "no network has a score of its own task": score is None,
        "there is no forest told of novel images": forest is None,
    }
    if score is None or forest is None:
        return f"No answer: {'; '.join(words for words, is_ in absent.items() if is_)}."
    if forest.low > score.high:
        return "Not all: a forest told of novel images tells more apart."
    if forest.high < score.low:
        return "A forest told of novel images tells fewer apart."
    return "No clear difference from a forest told of novel images."


def _estimate(label: str, ends: Mapping[str, float | None], role: str) -> Number:
    value, low, high = (
        np.nan if ends[end] is None else float(ends[end] or 0)
        for end in ("estimate", "low", "high")
    )
    return Number(label, value, low, high, role)


def _measured(label: str, row: "pd.Series[Any]", measure: str, role: str) -> Number:
    value, low, high = (float(row[f"{measure}{end}"]) for end in ("", "_low", "_high"))
    return Number(label, value, low, high, role)


def _detected(row: "pd.Series[Any]") -> Number:
    label = f"{in_words(row['representation'])}: {in_words(row['detector'])}"
    return _measured(label, row, "auroc", "oracle" if row["oracle"] == 1 else "network")


def map_role(method: str) -> str:
    """How a map is coloured: network, control or oracle."""
    return "control" if method in CONTROLS else "oracle" if method in DETECTORS else "network"


def _side(low: float | None, high: float | None) -> int:
    """1 if an interval lies above 0, −1 below, 0 if it holds it or is undefined."""
    if low is None or high is None:
        return 0
    return int(low > 0) - int(high < 0)
