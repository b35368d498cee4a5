"""What the pages say in words, as functions of the tables: a rerun can turn each of them.

Tables have a row a network with the columns of `authors.Network`, and measures with 95% intervals
over test images, `_low` and `_high`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from novelty_maps.statistics.over_runs import RunsInterval
from studies.authors import RUN, near


class Counted(NamedTuple):
    """How many rows have a measure surely on one side of a value.

    Attributes:
        above: Rows whose interval lies above it.
        below: Rows whose interval lies below it.
        rows: All rows.
    """

    above: int
    below: int
    rows: int


def counted(table: pd.DataFrame, measure: str, value: float = 0.0) -> Counted:
    """How many rows have a measure surely above or below a value."""
    return Counted(
        above=int((table[f"{measure}_low"] > value).sum()),
        below=int((table[f"{measure}_high"] < value).sum()),
        rows=len(table),
    )


def share(part: RunsInterval, whole: RunsInterval) -> float | None:
    """The share of a whole that a part is, None unless the whole is surely above 0 and larger."""
    if whole.low > 0 and 0 <= part.estimate <= whole.estimate:
        return part.estimate / whole.estimate
    return None


def fallen(by_epoch: pd.DataFrame, detector: str) -> int | None:
    """The epoch whose AUROC was the highest, if it was surely above that of the last; else None.

    Args:
        by_epoch: Rows of one representation, with `epoch`, `detector`, `auroc` and its interval.
        detector: Its name.
    """
    rows = by_epoch[by_epoch["detector"] == detector].sort_values("epoch").reset_index(drop=True)
    best = rows.iloc[int(rows["auroc"].argmax())]
    return int(best["epoch"]) if best["auroc_low"] > rows["auroc_high"].iloc[-1] else None


def settled(networks: pd.DataFrame, measure: str) -> int | None:
    """The first epoch from which on a measure is surely above 0 in every network of every run.

    Args:
        networks: The networks.
        measure: Name of a column.

    Returns:
        The epoch, one at which some run was evaluated; None if there is none up to the last epoch
        of every run, as where a run's last network is not surely above 0.
    """
    not_above = networks[~(networks[f"{measure}_low"] > 0)]
    last = networks.groupby(RUN)["epoch"].max().min()
    after = networks[networks["epoch"] > not_above["epoch"].max()] if len(not_above) else networks
    first = int(after["epoch"].min()) if len(after) else None
    return first if first is not None and first <= last else None


def falls(networks: pd.DataFrame, measure: str) -> bool:
    """Whether a measure is lower after each epoch of every run than after the one before."""
    steps = networks.sort_values("epoch").groupby(RUN)[measure].diff().dropna()
    return bool(len(steps)) and bool((steps < 0).all())


class Compared(NamedTuple):
    """A measure of the authors' runs beside ours after the same number of epochs.

    Attributes:
        authors: Of each of their runs.
        ours: Of each of ours.
        apart: How far the two means are apart.
        spread: The largest difference of two runs of the same source; NaN if neither has two.
    """

    authors: list[float]
    ours: list[float]
    apart: float
    spread: float

    @property
    def within(self) -> bool:
        """Whether the two sources differ by no more than runs of one source do."""
        return self.apart <= self.spread


def compared(networks: pd.DataFrame, measure: str, epoch: int, training: str) -> Compared:
    """The authors' runs and ours after an epoch, of ours the neighbouring epochs averaged."""
    needed = networks.loc[networks["training"] == training, [*RUN, "epoch", measure]]
    rows = near(needed, epoch)
    values = {source: own[measure] for source, own in rows.groupby("source")}
    authors, ours = (values.get(source, pd.Series(dtype=float)) for source in ("authors", "ours"))
    spreads = [own.max() - own.min() for own in (authors, ours) if len(own) > 1]
    return Compared(
        authors=authors.tolist(),
        ours=ours.tolist(),
        apart=abs(authors.mean() - ours.mean()),
        spread=max(spreads, default=float("nan")),
    )


def below_null(networks: pd.DataFrame) -> bool:
    """Whether agreement lies surely below what another image's term leaves, in every network."""
    return all(
        counted(networks, f"{kind}_excess_over_other_image").below == len(networks)
        for kind in ("normal", "novel")
    )


def mechanical(networks: pd.DataFrame, measure: str, null: str) -> bool:
    """Whether a correlation under a null is at least nine tenths of the true one, everywhere.

    Args:
        networks: The networks.
        measure: Column of the true correlation.
        null: Column of that under the null.
    """
    return bool((networks[null].abs() >= 0.9 * networks[measure].abs()).all())


def covered(networks: pd.DataFrame, measure: str, published: Mapping[str, float]) -> bool:
    """Whether the paper's numbers lie in the range of the networks, of both kinds of image.

    Args:
        networks: The networks.
        measure: The measure, a column with the kind before its name.
        published: The paper's number, for normal and for novel.
    """
    return all(
        networks[f"{kind}_{measure}"].min() <= value <= networks[f"{kind}_{measure}"].max()
        for kind, value in published.items()
    )
