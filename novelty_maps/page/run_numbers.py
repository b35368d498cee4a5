"""The numbers of several runs side by side.

Tables are as `studies.over_runs` makes them: settings are the columns with a dot in their names.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from novelty_maps.figures.representation import own_score
from novelty_maps.figures.shown import over_all, shown_methods
from novelty_maps.figures.style import in_words
from novelty_maps.maps.names import ABSOLUTE_REFERENCE, CHALLENGER, short_name
from novelty_maps.page.answers import Answer, Number, map_role
from novelty_maps.page.compared import labels
from novelty_maps.page.tables import (
    Cell,
    Table,
    detectors_table,
    interval_cell,
    maps_table,
    run_cells,
    run_columns,
)

# Numbers of agreement that are drawn: their heading, what they are, and their colour.
_OF_TOP_K = "pixels in the top K of both maps, mean over test images"
_OF_AGREEMENT = {
    "normal_agreement": ("Agreement on normal images", _OF_TOP_K, "normal"),
    "novel_agreement": ("Agreement on novel images", _OF_TOP_K, "novel"),
    "normal_minus_novel_agreement": ("Agreement, normal minus novel", _OF_TOP_K, "network"),
    "detection_image_auroc": (
        "Novel images by their loss",
        "AUROC of the reconstruction loss",
        "network",
    ),
    "validation_loss": ("Loss", "mean over normal validation images", "network"),
}
_BOUNDED = {"detection_image_auroc"}  # those of them that lie between 0 and 1


class Compared(NamedTuple):
    """What tables of several runs say.

    Attributes:
        answers: A number of each configuration.
        tables: What readers sort.
    """

    answers: list[Answer]
    tables: list[Table]


def compared_agreement(runs: pd.DataFrame, summary: pd.DataFrame) -> Compared:
    """Numbers of agreement.

    Args:
        runs: `runs` of `studies.tables.agreement_tables`.
        summary: `summary` of it.
    """
    shown = {name: words for name, words in _OF_AGREEMENT.items() if name in runs}
    labelled = summary.assign(label=labels(summary))
    answers = []
    for name, (heading, measure, role) in shown.items():
        rows = labelled[labelled["metric"] == name]
        ends = ("low", "high")
        answers.append(
            _answer(heading, measure, rows, "estimate", ends, role, bounded=name in _BOUNDED)
        )
    known = run_columns(runs)
    tables = [
        Table(
            "runs",
            "Runs, with 95% intervals over test images",
            [*known, *(heading for heading, _, _ in shown.values())],
            [
                [
                    *run_cells(row, known),
                    *(interval_cell(row, name, bounded=name in _BOUNDED) for name in shown),
                ]
                for _, row in runs.iterrows()
            ],
        )
    ]
    if summary["runs"].max() > 1:
        tables.append(_numbers_table(summary))
    return Compared(answers, tables)


def compared_localization(runs: pd.DataFrame, summary: pd.DataFrame) -> Compared:
    """Numbers of localization.

    Args:
        runs: `localization` of `studies.tables.localization_tables`.
        summary: `localization_summary` of it.
    """
    whole = over_all(summary)
    whole = whole.assign(label=labels(whole))
    measure = "average precision of the pixels, mean over images"
    answers = []
    gain = f"average_precision_gain_over_{ABSOLUTE_REFERENCE}"
    challenger = whole[whole["method"] == CHALLENGER]
    if gain in whole and challenger[gain].notna().any():
        heading = f"{short_name(CHALLENGER)} minus {short_name(ABSOLUTE_REFERENCE)}"
        answers.append(_answer(heading, measure, challenger, gain, role="network"))
    for method in shown_methods(summary):
        rows = whole[whole["method"] == method]
        answers.append(
            _answer(
                short_name(method),
                measure,
                rows,
                "average_precision",
                role=map_role(method),
                bounded=True,
            )
        )
    return Compared(answers, _both(maps_table, runs, summary))


def compared_representation(runs: pd.DataFrame, summary: pd.DataFrame) -> Compared:
    """Numbers of representation.

    Args:
        runs: `detection` of `studies.tables.representation_tables`.
        summary: `detection_summary` of it.
    """
    whole = summary[(summary["novel_class"] == "all") & summary["labels"].isin(["none", "all"])]
    settings = labels(whole)
    names = whole["representation"].map(in_words)
    whole = whole.assign(label=names.where(settings == "", names + ", " + settings))
    scores = {name: own_score(whole, name) for name in whole["representation"].unique()}
    own = whole["detector"] == whole["representation"].map(scores)
    measure = "AUROC, normal against novel test images"
    answers = [
        _answer(heading, measure, whole[chosen], "auroc", role=role, bounded=True)
        for heading, chosen, role in (
            ("A network’s own score", own, "network"),
            (
                "Distance to nearest neighbours",
                whole["detector"] == "nearest_neighbours",
                "network",
            ),
            (
                "A forest told of novel images",
                (whole["detector"] == "forest") & (whole["labels"] == "all"),
                "oracle",
            ),
        )
        if chosen.any()
    ]
    return Compared(answers, _both(detectors_table, runs, summary))


def _both(
    table: Callable[[pd.DataFrame], Table], runs: pd.DataFrame, summary: pd.DataFrame
) -> list[Table]:
    """The table of configurations, if some have several runs, and that of runs."""
    single = table(runs)._replace(name="runs")
    if summary["runs"].max() == 1:
        return [single]
    whole = table(summary)
    caption = f"{whole.caption}; means over runs, with intervals over runs and images"
    return [whole._replace(name="configurations", caption=caption), single]


def _numbers_table(summary: pd.DataFrame) -> Table:
    names = run_columns(summary)
    rows = summary.rename(columns={"low": "estimate_low", "high": "estimate_high"})
    return Table(
        "configurations",
        "All numbers: means over runs that differ in a seed alone, with 95% intervals",
        ["number", *names, "mean", "standard deviation", "runs"],
        [
            [
                Cell(in_words(row["metric"])),
                *run_cells(row, names),
                interval_cell(row, "estimate", bounded=row["metric"] in _BOUNDED),
                interval_cell(row, "sd"),
                Cell(str(row["runs"]), float(row["runs"])),
            ]
            for _, row in rows.iterrows()
        ],
    )


def _answer(
    heading: str,
    measure: str,
    rows: pd.DataFrame,
    column: str,
    ends: Sequence[str] | None = None,
    role: str = "network",
    *,
    bounded: bool = False,
) -> Answer:
    """One number of each configuration, and between which two it lies.

    Intervals of one that is bounded by 0 and 1, as `interval_cell` has them, end there.
    """
    low, high = ends or (f"{column}_low", f"{column}_high")
    numbers = []
    for _, row in rows.iterrows():
        value, least, most = (round(float(row[name]), 7) + 0.0 for name in (column, low, high))
        if bounded:
            least, most = (float(np.clip(end, 0, 1)) for end in (least, most))
        if least == most:  # no interval is known
            least = most = np.nan
        numbers.append(Number(row["label"] or "every run", value, least, most, role))
    said = _range(numbers)
    counts = [f" · {count} runs" if count > 1 else "" for count in rows["runs"]]
    numbers = [
        each._replace(label=each.label + count) for each, count in zip(numbers, counts, strict=True)
    ]
    return Answer(heading, said, measure, numbers, _limits(numbers, bounded=bounded))


def _range(numbers: list[Number]) -> str:
    """The lowest and the highest of them, and what has it."""
    known = sorted((each for each in numbers if each.value == each.value), key=lambda n: n.value)
    if not known:
        return "Undefined."
    low, high = (f"{each.value:.3g}" for each in (known[0], known[-1]))
    if low == high:
        return f"{low}, everywhere." if len(known) > 1 else f"{low}."
    return f"{low} ({known[0].label}) to {high} ({known[-1].label})."


def _limits(numbers: list[Number], *, bounded: bool) -> tuple[float, float]:
    """Ends of the axis: with 0, but for what is bounded by 1, which ends there."""
    ends = [end for each in numbers for end in (each.value, each.low, each.high) if end == end]
    if bounded:
        return max(0.0, float(np.floor(10 * (min([0.9, *ends]) - 0.05)) / 10)), 1.0
    low, high = min([0.0, *ends]), max([0.0, *ends])
    room = 0.05 * ((high - low) or 1)
    return (low - room if low < 0 else 0.0), (high + room if high > 0 else 0.0)
