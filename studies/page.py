"""The page of several experiments: settings that differ, numbers, the same image under each.

Experiments are read as `experiments` finds them. Of a study whose experiments are not here the
tables in `results` are shown, without images.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from novelty_maps.page.compared import ComparedPage, labels, settings_table
from novelty_maps.page.run_numbers import (
    Compared,
    compared_agreement,
    compared_localization,
    compared_representation,
)
from novelty_maps.pipeline import formats
from novelty_maps.pipeline.errors import InputError
from studies.definition import Question
from studies.experiments import Experiment, varied_settings
from studies.same_images import images_of_agreement, images_of_representation
from studies.same_novelties import images_of_localization
from studies.tables import GATHER

# Of each question the tables of runs and of configurations, and what shows them.
_SHOWN: dict[Question, tuple[str, str, Callable[[pd.DataFrame, pd.DataFrame], Compared]]] = {
    "agreement": ("runs", "summary", compared_agreement),
    "localization": ("localization", "localization_summary", compared_localization),
    "representation": ("detection", "detection_summary", compared_representation),
}

_IMAGES: dict[
    Question, Callable[[Sequence[Experiment], Sequence[str], str | None], dict[str, Any]]
] = {
    "agreement": images_of_agreement,
    "localization": images_of_localization,
    "representation": images_of_representation,
}


def page_of_experiments(
    found: Sequence[Experiment], *, question: Question, title: str, remote: str | None = None
) -> ComparedPage:
    """The page of some experiments.

    Args:
        found: The experiments.
        question: Which tables.
        title: What is asked.
        remote: DVC remote of the images, as of `KeptFiles`.
    """
    tables, _ = GATHER[question](found)
    settings = varied_settings(found)
    images, left_out = None, []
    try:
        images = _IMAGES[question](found, labels(settings).tolist(), remote)
    except InputError as error:
        left_out.append(f"No images are shown: {error}.")
    return _page(
        tables, settings, question, title, images=images, left_out=left_out, shared=_shared(found)
    )


def page_of_results(folder: Path, *, question: Question, title: str) -> ComparedPage:
    """The page of the tables of a study.

    Args:
        folder: With the tables.
        question: Which tables.
        title: What is asked.

    Raises:
        InputError: There are none about that question.
    """
    tables = {}
    for name in _SHOWN[question][:2]:
        try:
            tables[name] = formats.read_table(folder / f"{name}.csv", columns=[], made_by="")
        except InputError:
            raise InputError(
                f"{folder} has no table {name}.csv about {question}: give another --question, or"
                " none for that of the study"
            ) from None
    runs = tables[_SHOWN[question][0]]
    columns = [name for name in runs if name == "run" or "." in str(name)]
    return _page(
        tables,
        runs[columns].drop_duplicates(),
        question,
        title,
        left_out=[f"No images are shown: these are the tables in {folder}, without experiments."],
    )


def _page(
    tables: Mapping[str, pd.DataFrame],
    settings: pd.DataFrame,
    question: Question,
    title: str,
    *,
    images: dict[str, Any] | None = None,
    left_out: Sequence[str] = (),
    shared: Mapping[str, Mapping[str, Any]] | None = None,
) -> ComparedPage:
    runs, summary, compared = _SHOWN[question]
    said = compared(tables[runs], tables[summary])
    facts = {"runs": f"{len(settings)} {'runs' if len(settings) > 1 else 'run'}"}
    facts["question"] = question
    for name, key in (("data set", "data.name"), ("autoencoder", "train.network")):
        section, _, last = key.partition(".")
        if shared and last in shared.get(section, {}):
            facts[name] = str(shared[section][last])
    return ComparedPage(
        title=title,
        facts=facts,
        settings=settings_table(settings),
        answers=said.answers,
        left_out=list(left_out),
        images=images,
        tables=said.tables,
        shared=shared or {},
    )


def _shared(found: Sequence[Experiment]) -> dict[str, dict[str, Any]]:
    """The settings that all experiments have, by section."""
    shared: dict[str, dict[str, Any]] = {}
    for key, value in found[0].settings.items():
        if all(json.dumps(each.settings.get(key)) == json.dumps(value) for each in found):
            section, _, last = key.partition(".")
            shared.setdefault(section, {})[last] = value
    return shared
