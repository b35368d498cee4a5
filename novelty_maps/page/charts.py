"""The charts of the page, as Vega-Lite specifications made by Altair.

A chart takes its rows from the page by name, so that they stand there once: `images` those of
`images.point_rows`, `by_k` and `roc` what is returned here.
"""

from typing import Any, Literal

import altair as alt
import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from novelty_maps.figures.representation import own_score
from novelty_maps.figures.style import KINDS, in_words

_ROC_POINTS = 300  # of a curve at most
_DECIMALS = 5  # of a curve, which is drawn
_MARKED = {"normal": "circle", "novel": "triangle-up"}  # beside the colour
_SERIES = [f"var(--series-{place})" for place in range(8)]
_DASHES = [[1, 0], [6, 3], [2, 2]]  # for what comes after eight colours

SELECTION = "brush"


def _kinds(*names: str) -> alt.Scale:
    return alt.Scale(domain=list(names), range=[f"var(--{name})" for name in names])


def _above() -> alt.Legend:
    """A legend without a title, over the chart, so that the chart has all of the width."""
    return alt.Legend(title=None, orient="top")


def _specification(
    chart: alt.Chart | alt.LayerChart | alt.FacetChart, *, height: int, says: str
) -> dict[str, Any]:
    """A chart as wide as its place; screen readers say what it shows."""
    whole = chart.properties(
        width="container",
        height=height,
        description=says,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )
    specification: dict[str, Any] = whole.to_dict()
    del specification["config"]  # the page's own
    return specification


def images_chart(points: pd.DataFrame, *, k: int) -> dict[str, Any]:
    """Every test image as a point: score against agreement; an area can be selected.

    Args:
        points: As `images.point_rows` returns them.
        k: The K of the agreement.
    """
    y = (
        alt.Y("spread:Q", title=f"pixels in the top {k} of both maps")
        .scale(domain=[-0.6, float(points["agreement"].max()) + 0.6], nice=False)
        .axis(tickMinStep=1, format="d")
    )
    return _specification(
        _points(points, y, score="novelty score (reconstruction loss)"),
        height=400,
        says=f"A point for each of {len(points)} test images: novelty score against agreement."
        " The list of images below has the same images for the keyboard.",
    )


def scores_chart(points: pd.DataFrame, *, of: str) -> dict[str, Any]:
    """Every photo as a point: score against the share that a map marks.

    Args:
        points: `row`, `score`, `kind` and `marked`, in percent, of each photo.
        of: What the map is called.
    """
    y = alt.Y("marked:Q", title=f"% of pixels that {of} marks").scale(domainMin=0)
    return _specification(
        _points(points, y, score="novelty score", legend=False),
        height=340,
        says=f"A point for each of {len(points)} photos: novelty score against the share of pixels"
        f" that {of} marks. The list below has the same photos for the keyboard.",
    )


def _points(points: pd.DataFrame, y: alt.Y, *, score: str, legend: bool = True) -> alt.Chart:
    """A point an image over its score, in the colour and mark of its kind; areas can be chosen."""
    kinds = [kind for kind, _ in KINDS]
    scale: Literal["log", "linear"] = "log" if (points["score"] > 0).all() else "linear"
    shown = _above() if legend else None
    chart: alt.Chart = (
        alt.Chart(alt.NamedData("images"))
        .mark_point(filled=True, size=55, opacity=0.75)
        .encode(
            x=alt.X("score:Q", title=score)
            .scale(type=scale, nice=False, padding=8)
            .axis(grid=False, format="~g", tickCount=6),
            y=y,
            color=alt.Color("kind:N", scale=_kinds(*kinds), legend=shown),
            shape=alt.Shape("kind:N", legend=shown).scale(
                domain=kinds, range=[_MARKED[kind] for kind in kinds]
            ),
            tooltip="row:Q",
        )
        .add_params(alt.selection_interval(name=SELECTION))
    )
    return chart


def by_k_rows(curve: pd.DataFrame) -> pd.DataFrame:
    """Agreement as a share of K: `k`, `of`, `share`, `low`, `high`, a row a K and a line.

    Args:
        curve: `metrics/agreement_by_k.csv`.
    """
    lines = [
        pd.DataFrame(
            {"k": curve["k"], "of": kind}
            | {
                name: curve[f"{kind}_agreement{end}"] / curve["k"]
                for name, end in (("share", ""), ("low", "_low"), ("high", "_high"))
            }
        )
        for kind, _ in KINDS
    ]
    chance = curve["chance_agreement"] / curve["k"]
    lines.append(pd.DataFrame({"k": curve["k"], "of": "chance", "share": chance}))
    return pd.concat(lines, ignore_index=True).round(_DECIMALS)


def by_k_chart(*, k: int, pixels: int) -> dict[str, Any]:
    """Agreement over K with its intervals, and chance.

    Args:
        k: The headline K, which is marked.
        pixels: Of an image, the highest K.
    """
    names = [*(kind for kind, _ in KINDS), "chance"]
    color = alt.Color("of:N", scale=_kinds(*names), legend=_above())
    base = alt.Chart(alt.NamedData("by_k")).encode(
        x=alt.X("k:Q", title="K (pixels)")
        .scale(type="log", domain=[1, pixels])
        .axis(grid=False, format="d", values=[1, 3, 10, 30, 100, 300, 1000, 3000, 10000])
    )
    share = alt.Y("share:Q", title="agreement / K").scale(domain=[0, 1])
    chart = alt.layer(
        base.mark_area(opacity=0.2).encode(y="low:Q", y2="high:Q", color=color),
        base.mark_line(strokeWidth=2).encode(
            y=share,
            color=color,
            strokeDash=alt.StrokeDash("of:N", legend=_above()).scale(
                domain=names, range=[[1, 0], [1, 0], [5, 4]]
            ),
            tooltip=["of:N", "k:Q", alt.Tooltip("share:Q", format=".3f")],
        ),
        alt.Chart(alt.InlineData([{"k": k}]))
        .mark_rule(strokeDash=[2, 3], color="var(--muted)")
        .encode(x="k:Q"),
    )
    return _specification(
        chart,
        height=300,
        says=f"Mean agreement as a share of K over K, normal, novel and chance; K = {k} is marked.",
    )


def roc_rows(scores: pd.DataFrame, detectors: dict[str, str]) -> pd.DataFrame:
    """ROC curves: `detector`, `false` and `true` positive rate, a row a point; none of no detector.

    Args:
        scores: `novel` of each test image, and a column a score.
        detectors: Column to what it is called.
    """
    curves = []
    novel = scores["novel"].to_numpy() == 1
    for column, name in detectors.items():
        false, true, _ = roc_curve(novel, scores[column])
        kept = np.unique(np.linspace(0, len(false) - 1, _ROC_POINTS).round().astype(int))
        curves.append(pd.DataFrame({"detector": name, "false": false[kept], "true": true[kept]}))
    if not curves:
        return pd.DataFrame(columns=["detector", "false", "true"])
    return pd.concat(curves, ignore_index=True).round(_DECIMALS)


def drawn_detectors(table: pd.DataFrame) -> dict[str, str]:
    """Own score and forest of each representation: column of the scores, and what it is called.

    Args:
        table: `metrics/detection.csv`.
    """
    found = {}
    whole = table[table["novel_class"] == "all"]
    for name in dict.fromkeys(whole["representation"]):
        for detector in (own_score(whole, name), "forest"):
            labels = "all" if detector == "forest" else "none"
            row = whole[
                (whole["representation"] == name)
                & (whole["detector"] == detector)
                & (whole["labels"] == labels)
            ]
            for auroc in row["auroc"]:
                label = f"{in_words(name)}: {in_words(str(detector))} ({auroc:.3f})"
                found[f"{name}/{detector}"] = label
    return found


def roc_chart(names: list[str], *, legend: str) -> dict[str, Any]:
    """ROC curves of these detectors; one chosen in the legend stands out.

    Args:
        names: As `roc_rows` calls them, in order.
        legend: Its title.
    """
    chosen = alt.selection_point(fields=["detector"], bind="legend")
    colors = [_SERIES[place % len(_SERIES)] for place in range(len(names))]
    dashes = [_DASHES[place // len(_SERIES) % len(_DASHES)] for place in range(len(names))]
    title = alt.Legend(
        title=legend, orient="bottom", columns=1, labelLimit=400, symbolType="stroke"
    )
    curves = (
        alt.Chart(alt.NamedData("roc"))
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("false:Q", title="false positive rate (normal images)")
            .scale(domain=[0, 1])
            .axis(grid=False, tickCount=5),
            y=alt.Y("true:Q", title="true positive rate (novel images)")
            .scale(domain=[0, 1])
            .axis(tickCount=5),
            color=alt.Color(
                "detector:N", scale=alt.Scale(domain=names, range=colors), legend=title
            ),
            strokeDash=alt.StrokeDash("detector:N", legend=title).scale(domain=names, range=dashes),
            order=alt.Order("false:Q"),
            opacity=alt.condition(chosen, alt.value(1), alt.value(0.12)),
            tooltip="detector:N",
        )
        .transform_filter(alt.FieldOneOfPredicate(field="detector", oneOf=names))
        .add_params(chosen)
    )
    ends = alt.InlineData([{"false": 0, "true": 0}, {"false": 1, "true": 1}])
    chance = (
        alt.Chart(ends)
        .mark_line(strokeDash=[4, 4], strokeWidth=1, color="var(--muted)")
        .encode(x="false:Q", y="true:Q")
    )
    return _specification(
        alt.layer(chance, curves), height=300, says=f"ROC curves, {legend}: {', '.join(names)}."
    )
