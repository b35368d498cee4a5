"""What a data set turns out to be once all of it has been read and split, in a few numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from novelty_maps.images.base import Dataset
from novelty_maps.pipeline import formats
from novelty_maps.pipeline.errors import InputError, make_again
from novelty_maps.pipeline.paths import SURVEY


class Survey(NamedTuple):
    """What the stages after `fetch` and `split` will find.

    Attributes:
        name: Name of the data set in `data.name`.
        channels: Of its images.
        normal: Number of normal images in each part, "train", "validation" and "test".
        novel: Number of novel images in each.
        masked: Names of the novel classes of test images that have masks.
    """

    name: str
    channels: int
    normal: Mapping[str, int]
    novel: Mapping[str, int]
    masked: Sequence[str]


def survey_of(dataset: Dataset, table: pd.DataFrame, *, name: str) -> dict[str, Any]:
    """The attributes of a `Survey`, as JSON has them.

    Args:
        dataset: The data set.
        table: Its index table, as of `splits.split_table`.
        name: Its name in `data.name`.
    """
    counts = pd.crosstab(table["part"], table["novel"]).reindex(columns=[0, 1], fill_value=0)
    masked: set[int] = set()
    if len(dataset.masks):
        tested = table[(table["part"] == "test") & (table["novel"] == 1)]
        with_mask = dataset.mask_rows[tested["source_row"]] >= 0
        masked = set(tested["label"][with_mask])
    return {
        "name": name,
        "channels": dataset.images.shape[1],
        "normal": counts[0].to_dict(),
        "novel": counts[1].to_dict(),
        "masked": [dataset.classes[label] for label in sorted(masked)],
    }


def read_survey(name: str | None = None) -> Survey:
    """The survey that the stage of this name has left.

    Args:
        name: Name of the data set that is asked about; None for whatever it is.

    Raises:
        InputError: The file is missing or damaged, or of another data set.
    """
    keys = list(Survey._fields)
    values = formats.read_json(SURVEY, keys=keys, made_by="survey")
    if name not in (None, values["name"]):
        raise InputError(
            f"{SURVEY} is of {values['name']}, but data.name is {name}: {make_again('survey')}"
        )
    return Survey(**{key: values[key] for key in keys})
