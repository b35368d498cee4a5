"""Where a trivial control, which never looks at the network, finds novelty better than maps do."""

from collections.abc import Sequence

import pandas as pd

from novelty_maps.maps.names import CONTROLS, DETECTORS, PERFECT, short_name


def beaten_by_control(table: pd.DataFrame, methods: Sequence[str]) -> str | None:
    """A sentence on the best control and the maps that it beats in mean average precision.

    Args:
        table: `metrics/localization.csv`.
        methods: The maps that are asked about; those that the table lacks are passed over.

    Returns:
        None if it beats none of them, or the table has no control.
    """
    precision = _average_precision(table)
    controls = precision[precision.index.isin(CONTROLS) & (precision.index != PERFECT)]
    if controls.empty:
        return None
    best, highest = controls.idxmax(), controls.max()
    beaten = [name for name in methods if name != best and precision.get(name, highest) < highest]
    if not beaten:
        return None
    lower = ", ".join(f"{short_name(name)} ({precision[name]:.3f})" for name in beaten)
    return (
        f"{short_name(str(best))}, a control without a network, has a higher average precision"
        f" ({highest:.3f}) than {lower}"
    )


def network_beaten(table: pd.DataFrame) -> str | None:
    """The sentence of `beaten_by_control` on the best map of the network; None if it is not beaten.

    Args:
        table: `metrics/localization.csv`.
    """
    precision = _average_precision(table)
    rivals = precision[~precision.index.isin([*CONTROLS, *DETECTORS])]
    return None if rivals.empty else beaten_by_control(table, [str(rivals.idxmax())])


def _average_precision(table: pd.DataFrame) -> "pd.Series[float]":
    """Mean average precision by map, where it is defined: over own defects if there are any."""
    own = table[(table["grouping"] == "origin") & (table["group"] == "own")]
    rows = own if len(own) else table[table["grouping"] == "all"]
    return rows.set_index("method")["average_precision"].dropna()
