"""The page of photos that were scored, without a pipeline: each of them, and its maps."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.maps.names import short_name
from novelty_maps.page import charts
from novelty_maps.page.images import described
from novelty_maps.page.sprites import eight_bit, fitting_side, reduced, sheet
from novelty_maps.page.tables import Cell, Table

SHOWN = 500  # photos at most, the most novel ones
LOW = 0.05  # p-values up to here are marked
_PIXELS = 2_000_000  # of a sheet at most


class Pictures(Protocol):
    """Pictures, (H, W) or (H, W, 3) each: an array of them, a list, or what reads files."""

    def __len__(self) -> int: ...
    def __getitem__(self, place: int, /) -> NDArray[np.uint8]: ...


class ScoredPage(NamedTuple):
    """All that the page of scored photos shows.

    Attributes:
        facts: What it is of, in words.
        images: As of `images.described`, with rows, sheets and `total`.
        chart: Score against the share that the first map marks.
        table: Every photo.
    """

    facts: Mapping[str, str]
    images: dict[str, Any]
    chart: dict[str, Any]
    table: Table

    @property
    def template(self) -> str:
        """As of `render.Page`."""
        return "scored.html"

    def held(self) -> dict[str, Any]:
        """As of `render.Page`."""
        return {"images": self.images, "charts": {"images": self.chart}, "rows": {}}


def scored_page(
    table: pd.DataFrame,
    photos: Pictures,
    overlays: Mapping[str, Pictures],
) -> ScoredPage:
    """The page of photos and of what was found of them; `render.page_html` writes it.

    Args:
        table: A row a photo: `file`, `novelty_score`, `p_value`, and NAME`_marked`, the share of
            its pixels that a map marks, as of `localization.scoring.score_images`.
        photos: (H, W) or (H, W, 3) each, square.
        overlays: Map to its picture over each photo, (H', W', 3), as of `figures.overlay.overlay`;
            the first one gives the scores.
    """
    ranks = table["novelty_score"].rank(ascending=False, method="first").astype(int)
    shown = np.sort(np.argsort(ranks.to_numpy(), kind="stable")[:SHOWN])
    rows = _rows(table, ranks, list(overlays)).iloc[shown]
    first = next(iter(overlays))
    pictures = {"input": photos, **overlays}
    images = {
        "rows": rows.to_dict(orient="records"),
        "total": len(table),
        "sheets": {name: _sheet(given, shown) for name, given in pictures.items()},
        **_in_list(list(overlays), len(table)),
    }
    low = int((table["p_value"] <= LOW).sum())
    return ScoredPage(
        facts={
            "photos": str(len(table)),
            "maps": ", ".join(map(short_name, overlays)),
            f"p ≤ {LOW}": f"{low} of {len(table)}",
            "lowest p": f"{table['p_value'].min():.3g}",
        },
        images=images,
        chart=charts.scores_chart(rows, of=short_name(first)),
        table=_table(table, list(overlays)),
    )


def _in_list(methods: list[str], count: int) -> dict[str, Any]:
    """What is said of a photo."""
    return described(
        pictures=[("input", "photo"), *((name, short_name(name)) for name in methods)],
        numbers=[
            ("score", "score", ""),
            ("rank", "rank", f"of {count}"),
            ("p", "p", ""),
            *((f"{name}_marked", f"{short_name(name)} marks", "%") for name in methods),
        ],
        orders=[
            ("score", "novelty score, highest first", "score", -1),
            ("score-up", "novelty score, lowest first", "score", 1),
            ("row", "file", "row", 1),
        ],
        ranges=[("score", "novelty score"), ("p", "p")],
        kinds={"normal": f"p > {LOW}", "novel": f"p ≤ {LOW}"},
        noun="",
    )


def _rows(table: pd.DataFrame, ranks: "pd.Series[int]", methods: list[str]) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "row": np.arange(len(table)),
            "name": _short(table["file"].astype(str).tolist()),
            "kind": np.where(table["p_value"] <= LOW, "novel", "normal"),
            "score": table["novelty_score"],
            "rank": ranks,
            "p": table["p_value"],
        }
    )
    for name in methods:
        rows[f"{name}_marked"] = 100 * table[f"{name}_marked"]
    return rows.assign(marked=rows[f"{methods[0]}_marked"])


def _short(files: list[str]) -> list[str]:
    """Names of files below the folder that all of them are in."""
    whole = [os.path.abspath(file) for file in files]  # noqa: PTH100
    above = os.path.commonpath([os.path.dirname(file) for file in whole])  # noqa: PTH120
    return [os.path.relpath(file, above) for file in whole]


def _sheet(pictures: Pictures, shown: NDArray[np.intp]) -> dict[str, Any]:
    """One sheet of those that are shown, of which memory holds one in full size."""
    side = fitting_side(len(shown), len(pictures[shown[0]]), pixels=_PIXELS)
    small = [eight_bit(reduced(pictures[row][None] / np.float32(255), side))[0] for row in shown]
    return sheet(np.stack(small), photos=True)


def _table(table: pd.DataFrame, methods: list[str]) -> Table:
    rows = table.sort_values("novelty_score", ascending=False, kind="stable")
    columns = {"novelty_score": "novelty score", "p_value": "p"}
    columns |= {f"{name}_marked": f"marked by {short_name(name)}" for name in methods}
    return Table(
        "scores",
        "Photos, the most novel first: score, p-value, and the share of pixels that a map marks",
        ["file", *columns.values()],
        [
            [
                Cell(str(row["file"])),
                *(Cell(f"{row[name]:.4g}", float(row[name])) for name in columns),
            ]
            for _, row in rows.iterrows()
        ],
    )
