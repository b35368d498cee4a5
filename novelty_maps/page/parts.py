"""What each question brings to the page, and the page as a whole."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.page import charts
from novelty_maps.page.answers import (
    Answer,
    agreement_answer,
    localization_answer,
    representation_answer,
)
from novelty_maps.page.images import DRAWN, drawn_rows, point_rows, shown_images
from novelty_maps.page.novelties import shown_novelties
from novelty_maps.page.tables import Table, detectors_table, maps_table
from novelty_maps.pipeline.rows import Images
from novelty_maps.planting.planted import Planted

LOSS = "autoencoder/reconstruction_error"  # the score that agreement draws as its own


class Part(NamedTuple):
    """One question on the page.

    Attributes:
        answers: What it answers.
        images: As of `images.shown_images`, with `total`, the number of test images.
        novelties: As of `novelties.shown_novelties`.
        charts: Name to its specification, but for ROC curves.
        rows: Name to the rows that charts take, beside those of `images`.
        scores: ROC curves of scores, as of `charts.roc_rows`.
        oracles: Those of what was told of novel images.
        tables: What readers sort.
    """

    answers: list[Answer]
    images: dict[str, Any] | None = None
    novelties: dict[str, Any] | None = None
    charts: Mapping[str, dict[str, Any]] = {}
    rows: Mapping[str, pd.DataFrame] = {}
    scores: pd.DataFrame | None = None
    oracles: pd.DataFrame | None = None
    tables: Sequence[Table] = ()


def agreement_part(
    metrics: Mapping[str, Any],
    per_image: pd.DataFrame,
    by_k: pd.DataFrame,
    images: Images,
    reconstructions: NDArray[np.float32],
    maps: Mapping[str, NDArray[np.float32]],
    *,
    classes: Sequence[str],
    colormap: str,
    seed: int,
) -> Part:
    """What agreement brings.

    Args:
        metrics: `metrics/agreement.json`.
        per_image: `metrics/per_image.csv`.
        by_k: `metrics/agreement_by_k.csv`.
        images: (N, C, H, W), the test images.
        reconstructions: (N, C, H, W).
        maps: Each of `examples.MARKED_MAPS`, (N, H, W).
        classes: Name of each class, in label order.
        colormap: matplotlib colour map of one-channel images.
        seed: Draws which images are shown, where there are too many.
    """
    k = int(metrics["k"])
    drawn = drawn_rows(len(images), DRAWN, seed=seed)
    points = point_rows(per_image, classes=classes).iloc[drawn]
    shown = shown_images(
        points,
        images,
        reconstructions,
        maps,
        drawn=drawn,
        k=k,
        colormap=colormap,
    )
    auroc = metrics["detection"]["image_auroc"]["estimate"]
    name = "reconstruction loss" + ("" if auroc is None else f" ({auroc:.3f})")
    both = per_image["novel"].nunique() == 2
    return Part(
        answers=[agreement_answer(metrics)],
        images=shown | {"total": len(images)},
        charts={
            "images": charts.images_chart(points, k=k),
            "by_k": charts.by_k_chart(k=k, pixels=int(by_k["k"].max())),
        },
        rows={"by_k": charts.by_k_rows(by_k)},
        scores=charts.roc_rows(per_image, {"reconstruction_loss": name}) if both else None,
    )


def localization_part(
    table: pd.DataFrame,
    found: pd.DataFrame,
    planted: Planted,
    maps: Mapping[str, NDArray[np.floating]],
    *,
    colormap: str,
    seed: int,
) -> Part:
    """What localization brings.

    Args:
        table: `metrics/localization.csv`.
        found: `data/localized_images.csv`.
        planted: The planted test images.
        maps: Map to its values on them, (N, H, W), of which the absolute ones are shown.
        colormap: matplotlib colour map of one-channel images.
        seed: Draws which images are shown, where there are too many.
    """
    return Part(
        answers=[localization_answer(table)],
        novelties=shown_novelties(planted, maps, found, colormap=colormap, seed=seed),
        tables=[maps_table(table)],
    )


def representation_part(table: pd.DataFrame, scores: pd.DataFrame) -> Part:
    """What representation brings.

    Args:
        table: `metrics/detection.csv`.
        scores: `data/scores.csv`.
    """
    drawn = {
        column: name for column, name in charts.drawn_detectors(table).items() if column in scores
    }
    forests = {column: name for column, name in drawn.items() if column.endswith("/forest")}
    own = {
        column: name for column, name in drawn.items() if column not in forests and column != LOSS
    }
    return Part(
        answers=[representation_answer(table)],
        scores=charts.roc_rows(scores, own),
        oracles=charts.roc_rows(scores, forests),
        tables=[detectors_table(table)],
    )


class RunPage(NamedTuple):
    """All that the page of a run shows.

    Attributes:
        facts: What the run is of, in words.
        answers: What it answers.
        left_out: A sentence for each question that was not asked.
        images: Of the first part that has some.
        novelties: Of the first part that has some.
        charts: Name to its specification.
        rows: Name to the rows that charts take.
        tables: What readers sort.
        settings: Sections of params.yaml.
    """

    facts: Mapping[str, str]
    answers: list[Answer]
    left_out: list[str]
    images: dict[str, Any] | None
    novelties: dict[str, Any] | None
    charts: dict[str, dict[str, Any]]
    rows: dict[str, list[dict[Any, Any]]]
    tables: list[Table]
    settings: Mapping[str, Any]

    @property
    def template(self) -> str:
        """As of `render.Page`."""
        return "run.html"

    def held(self) -> dict[str, Any]:
        """As of `render.Page`."""
        names = ("images", "novelties", "charts", "rows")
        return {name: getattr(self, name) for name in names}


def whole_page(
    parts: Mapping[str, Part | None], *, facts: Mapping[str, str], settings: Mapping[str, Any]
) -> RunPage:
    """The page of some questions.

    Args:
        parts: Question to what it brings; None if it was not asked.
        facts: What the run is of, in words.
        settings: Sections of params.yaml.
    """
    asked = [part for part in parts.values() if part]
    drawn = {name: chart for part in asked for name, chart in part.charts.items()}
    rows = {name: table for part in asked for name, table in part.rows.items()}
    curves = []
    for name, legend, found in (
        ("roc_scores", "scores (AUROC)", [part.scores for part in asked]),
        (
            "roc_forests",
            "forest on a representation (AUROC)",
            [part.oracles for part in asked],
        ),
    ):
        given = [table for table in found if table is not None and len(table)]
        if given:
            names = [str(detector) for table in given for detector in table["detector"].unique()]
            drawn[name] = charts.roc_chart(names, legend=legend)
            curves += given
    if curves:
        rows["roc"] = pd.concat(curves, ignore_index=True)
    return RunPage(
        facts=facts,
        answers=[answer for part in asked for answer in part.answers],
        left_out=[
            f"There are no results of {question} for this split."
            for question in parts
            if not parts[question]
        ],
        images=_first(part.images for part in asked),
        novelties=_first(part.novelties for part in asked),
        charts=drawn,
        rows={name: table.to_dict(orient="records") for name, table in rows.items()},
        tables=[table for part in asked for table in part.tables],
        settings=settings,
    )


def _first(found: Iterable[dict[str, Any] | None]) -> dict[str, Any] | None:
    return next((each for each in found if each is not None), None)
