"""The study of natural defects, as its page cites it: photos of a data set under a loss.

In photos as in digits novelties are planted too, so that it can be asked whether the order of maps
on these predicts their order on the defects.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from novelty_maps.maps.names import CONTROLS, DETECTORS, PERFECT
from novelty_maps.planting.kinds import KINDS
from novelty_maps.statistics.correlation import spearman
from novelty_maps.statistics.intervals import Interval
from studies.localization import LocalizationStudy

# Of a data set's folder and of a loss, as the page names them.
_WORDS = {"mvtec-bottle": "bottle", "magnetic-tile": "magnetic tile", "mse": "MSE", "ssim": "SSIM"}


class PhotoStudy(LocalizationStudy):
    """Networks trained on photos, named by data set and loss: `bottle, MSE`."""

    @staticmethod
    def name_of(row: Mapping[str, Any]) -> str:
        """The name of the network of a row."""
        names = PurePath(json.loads(row["data.path"])).name, json.loads(row["train.loss"])
        return ", ".join(_WORDS.get(name, name) for name in names)

    def kinds(self, network: str) -> list[str]:
        """As of `LocalizationStudy`: the kinds of defects of a network's data set."""
        table = self.table(network)
        kinds = dict.fromkeys(table.loc[table["grouping"] == "kind", "group"])
        return [kind for kind in kinds if kind not in KINDS]

    @property
    def whole(self) -> dict[str, str]:
        """As of `LocalizationStudy`: the defects."""
        return {"grouping": "origin", "group": "own"}

    def maps(self, network: str) -> list[str]:
        """All maps but the mask, those with the highest average precision on defects first."""
        table = self.table(network)
        own = table[(table["group"] == "own") & (table["method"] != PERFECT)]
        return own.sort_values("average_precision", ascending=False)["method"].tolist()

    def best(self, network: str, *, control: bool) -> str:
        """The control, or the map of the network itself, that finds defects best."""
        return next(
            name
            for name in self.maps(network)
            if name not in DETECTORS and (name in CONTROLS) == control
        )


class Prediction(NamedTuple):
    """Whether the order of maps on planted novelties is that on defects.

    Attributes:
        maps: How many there are.
        correlation: Spearman's of both mean average precisions.
    """

    maps: int
    correlation: Interval


def prediction(study: PhotoStudy, network: str, *, without: Sequence[str] = ()) -> Prediction:
    """How well planted novelties predict the order of maps on the defects of the same photos.

    Args:
        study: The study.
        network: Of it.
        without: Maps that are left out.
    """
    maps = [name for name in study.maps(network) if name not in without]
    planted, own = (
        [study.row(network, name, "origin", group)["average_precision"] for name in maps]
        for group in ("planted", "own")
    )
    return Prediction(len(maps), spearman(planted, own))


def from_digits(
    study: PhotoStudy, network: str, digits: LocalizationStudy, of_digits: str
) -> Prediction:
    """The same of planted novelties in digits, by the maps that both studies ask.

    Args:
        study: The study of photos.
        network: Of it.
        digits: A study of digits.
        of_digits: A network of that.
    """
    asked = digits.methods(of_digits, control=False) + digits.methods(of_digits, control=True)
    maps = [name for name in study.maps(network) if name in asked]
    planted = [digits.row(of_digits, name)["average_precision"] for name in maps]
    own = [study.row(network, name, "origin", "own")["average_precision"] for name in maps]
    return Prediction(len(maps), spearman(planted, own))
