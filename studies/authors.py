"""The authors' own networks beside ours in their setting: a row a network, a run after an epoch.

Feeney & Hughes published weights of three runs, as files that are named after the run and the
epoch; ours are named by their seed. Tables of studies come in, their settings in JSON.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

import pandas as pd

SOURCES = ("authors", "ours")
MAIN = "authors, plain a, 500"  # the network that pages and figures show at length
RUN = ["source", "training", "run"]  # the columns that tell runs apart
_TRAININGS = {"plain": "plain", "noisy": "denoising"}
_NEIGHBOURS = 1  # epochs before and after one that are averaged with it,
_LATE = 10  # from this one on: in the first epochs a network changes much in each


class Network(NamedTuple):
    """Which network a row is of.

    Attributes:
        source: One of `SOURCES`.
        training: "plain" or "denoising".
        run: What tells it from others of that source and training, such as "a" or "seed 0".
        epoch: After which its weights were taken.
    """

    source: str
    training: str
    run: str
    epoch: int

    @property
    def name(self) -> str:
        """Of the source, training and run, and the epoch last."""
        return ", ".join((self.source, f"{self.training} {self.run}".rstrip(), str(self.epoch)))


def network_of(row: "Mapping[str, Any] | pd.Series[Any]") -> Network:
    """The network of a row of a study's table, from its settings and its column `epoch`."""
    published = _setting(row, "train.from_checkpoint", None)
    if published is not None:
        name, *run, epoch = PurePath(published).stem.split("-")
        return Network("authors", _TRAININGS[name], " ".join(run), int(epoch))
    training = "denoising" if _setting(row, "train.noise_std", 0.0) else "plain"
    epoch = _setting(row, "localization.epoch", None)
    seed = int(_setting(row, "train.seed", 0))  # an integer is a float beside empty cells
    return Network("ours", training, f"seed {seed}", int(row["epoch"] if epoch is None else epoch))


def settings_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Of each row of a study's table its settings, in JSON, and its `epoch` if it has one."""
    named = [name for name in map(str, table) if "." in name or name == "epoch"]
    return [
        {str(name): value for name, value in row.items()} for row in table[named].to_dict("records")
    ]


def with_networks(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the columns of `Network` before its own, and without those of settings."""
    others = [name for name in map(str, table) if "." not in name]
    networks = pd.DataFrame([network_of(row) for row in settings_of(table)])
    own = table[others].drop(columns=["run", "epoch"], errors="ignore")
    return networks.join(own.reset_index(drop=True))


def last_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the last epoch of each run: runs are counted, not their epochs.

    Args:
        table: As `with_networks` returns it.
    """
    last = table.groupby(RUN, sort=False)["epoch"].transform("max")
    return table[table["epoch"] == last].reset_index(drop=True)


def near(table: pd.DataFrame, epoch: int, run: Sequence[str] = RUN) -> pd.DataFrame:
    """A row for every run that was evaluated at an epoch, neighbouring epochs averaged.

    A single epoch moves as much as a seed. The authors published none of its neighbours. Before
    epoch 10 nothing is averaged.

    Args:
        table: As `with_networks` returns it.
        epoch: The epoch; runs that were not evaluated there are left out.
        run: Columns that tell runs apart.
    """
    run = list(run)
    there = table[table["epoch"] == epoch][run]
    reach = _NEIGHBOURS if epoch >= _LATE else 0
    around = table[(table["epoch"] - epoch).abs() <= reach]
    around = around[pd.MultiIndex.from_frame(around[run]).isin(pd.MultiIndex.from_frame(there))]
    means = around.groupby(run, sort=False).mean(numeric_only=True).assign(epoch=epoch)
    return means.copy().reset_index()  # the copy is one block, to which columns are added fast


def _setting(row: "Mapping[str, Any] | pd.Series[Any]", key: str, default: Any) -> Any:
    """A setting of a row, or what it is where the rows do not differ in it."""
    text = row.get(key)
    return default if text is None or pd.isna(text) else json.loads(str(text))
