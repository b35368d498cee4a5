"""Which image is normal or novel, and which part it belongs to, by the protocol of either paper."""

import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.images.draws import OPEN, draw, require_apart
from novelty_maps.params.known_splits import normal_labels
from novelty_maps.pipeline.errors import InputError, did_you_mean

_MORE = "change the fractions or take more images"
_SPELLING = "add some, or rename its folder if it is spelt differently there"

PARTS = ("train", "validation", "test")


def class_labels(normal_classes: Sequence[int | str] | str, names: Sequence[str]) -> list[int]:
    """Labels of the normal classes, some of which may be given by name.

    Args:
        normal_classes: Label or name of each; or the name of a known split.
        names: Name of every class, in label order; letters with accents may be one character, or
            two as in names of macOS.

    Raises:
        InputError: There is no class of a name, or one is named twice; or no split of that name.
    """
    if isinstance(normal_classes, str):
        return normal_labels(normal_classes, names)
    labels = []
    known = [unicodedata.normalize("NFC", name) for name in names]
    for given in normal_classes:
        wanted = unicodedata.normalize("NFC", given) if isinstance(given, str) else given
        if isinstance(wanted, str) and wanted not in known:
            hint = did_you_mean(wanted, known, what="classes")
            raise InputError(f"split.normal_classes has {given!r}, which is no class; {hint}")
        labels.append(known.index(wanted) if isinstance(wanted, str) else wanted)
        if labels[-1] in labels[:-1]:
            raise InputError(
                f"split.normal_classes has class {labels[-1]} twice, last as {given!r}"
            )
    return labels


def require_classes(normal_classes: Sequence[int], classes: int) -> None:
    """Raise InputError unless the normal classes exist and leave a novel one."""
    for label in normal_classes:
        if not 0 <= label < classes:
            raise InputError(
                f"split.normal_classes has {label}, but the classes are 0..{classes - 1}: remove it"
            )
    if not normal_classes:
        raise InputError("split.normal_classes names no class, so nothing is normal: add one")
    if len(set(normal_classes)) == classes:
        raise InputError(
            f"split.normal_classes names all {classes} classes, so nothing is novel: remove one"
        )


def split_table(
    labels: NDArray[np.int64],
    official_part: NDArray[np.str_],
    *,
    protocol: str,
    normal_classes: Sequence[int],
    validation_fraction: float,
    test_fraction: float,
    seed: int,
    names: Sequence[str] = (),
    groups: NDArray[np.int64] | None = None,
    group_names: Sequence[str] = (),
) -> pd.DataFrame:
    """The index table by one of the protocols: `one_class_split` or `open_split`.

    Args:
        labels: (N,) class of each image.
        official_part: (N,) as of `one_class_split`.
        protocol: "one_class" or "open_60_20_20", which merges the parts and knows no fractions.
        normal_classes: As of both.
        validation_fraction: As of `one_class_split`.
        test_fraction: As of `one_class_split`.
        seed: Seed of the draws.
        names: Name of every class in label order, for errors.
        groups: (N,) group of each image, where images share one.
        group_names: As of `one_class_split`.
    """
    if protocol == "open_60_20_20":
        return open_split(
            labels, normal_classes=normal_classes, seed=seed, names=names, groups=groups
        )
    return one_class_split(
        labels,
        official_part,
        normal_classes=normal_classes,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        seed=seed,
        names=names,
        groups=groups,
        group_names=group_names,
    )


def one_class_split(
    labels: NDArray[np.int64],
    official_part: NDArray[np.str_],
    *,
    normal_classes: Sequence[int],
    validation_fraction: float,
    test_fraction: float,
    seed: int,
    names: Sequence[str] = (),
    groups: NDArray[np.int64] | None = None,
    group_names: Sequence[str] = (),
) -> pd.DataFrame:
    """Index table of the paper's protocol.

    The official training part is divided into training and validation, the official test part is
    the test part. Without an official split the test part is drawn first. Draws are stratified by
    label and do not depend on which classes are normal. All classes are in all parts, except novel
    ones that the official training part lacks (the anomalies of MVTec AD); training takes the
    normal rows only.

    Args:
        labels: (N,) class of each image.
        official_part: (N,) "train", "test", or "none" where there is no official split.
        normal_classes: Classes that are normal; all others are novel.
        validation_fraction: Share of the non-test images that go to validation.
        test_fraction: Share of the images that go to test, where there is no official split.
        seed: Seed of the draws.
        names: Name of every class in label order, for errors.
        groups: (N,) group of each image, all of whose images go to one part; None where each image
            is a group of its own.
        group_names: Name of each group, for messages.

    Returns:
        A row per image, ordered by part, then by source row: `part`, `row` (counts within the
        part; row i of the part's arrays is this image), `source_row` (row in the fetched arrays),
        `label`, `novel` (0 or 1), and `group` where there are groups.

    Raises:
        InputError: A part would lack a class or normal images, a normal class does not exist, or
            a group lies in both official parts.
    """
    require_classes(normal_classes, int(labels.max()) + 1)
    rows = np.arange(len(labels))
    test = rows[official_part == "test"]
    rest = rows[official_part != "test"]
    test_only = np.setdiff1d(labels[test], labels[rest])
    in_one_alone = np.setxor1d(labels[test], labels[rest]) if test.size else test
    if groups is not None:
        require_apart(groups, official_part, group_names)
    if not test.size:
        rest, test = draw(rest, labels, groups, test_fraction, seed, "split.test_fraction")
    train, validation = draw(
        rest, labels, groups, validation_fraction, seed, "split.validation_fraction"
    )
    table = _index_table((train, validation, test), labels, groups, normal_classes)
    _require_parts(
        table,
        names,
        test_only=np.setdiff1d(test_only, normal_classes),
        in_one_alone=in_one_alone,
    )
    return table


def open_split(
    labels: NDArray[np.int64],
    *,
    normal_classes: Sequence[int],
    seed: int,
    names: Sequence[str] = (),
    groups: NDArray[np.int64] | None = None,
) -> pd.DataFrame:
    """Index table of Dietterich et al.: 60% training, 20% validation, 20% test of all images.

    Official parts, if there are any, are merged first. Draws are stratified by label and do not
    depend on which classes are normal. Networks take the normal rows of training and validation;
    the novel ones of validation are what oracles learn from.

    Args:
        labels: (N,) class of each image.
        normal_classes: Classes that are normal; all others are novel.
        seed: Seed of the draws.
        names: Name of every class in label order, for errors.
        groups: As of `one_class_split`.

    Returns:
        The table, as of `one_class_split`.

    Raises:
        InputError: A part would lack a class, or a normal class does not exist.
    """
    require_classes(normal_classes, int(labels.max()) + 1)
    rest, test = draw(np.arange(len(labels)), labels, groups, 0.2, seed, OPEN)
    train, validation = draw(rest, labels, groups, 0.25, seed, OPEN)
    table = _index_table((train, validation, test), labels, groups, normal_classes)
    _require_parts(table, names)
    return table


def _index_table(
    parts: tuple[NDArray[np.intp], ...],
    labels: NDArray[np.int64],
    groups: NDArray[np.int64] | None,
    normal_classes: Sequence[int],
) -> pd.DataFrame:
    table = pd.concat(
        pd.DataFrame({"part": part, "row": np.arange(len(chosen)), "source_row": np.sort(chosen)})
        for part, chosen in zip(PARTS, parts, strict=True)
    )
    table["label"] = labels[table["source_row"]]
    table["novel"] = (~table["label"].isin(list(normal_classes))).astype(int)
    if groups is not None:
        table["group"] = groups[table["source_row"]]
    return table.reset_index(drop=True)


def _require_parts(
    table: pd.DataFrame,
    names: Sequence[str],
    *,
    test_only: NDArray[np.int64] | Sequence[int] = (),
    in_one_alone: NDArray[np.int64] | Sequence[int] = (),
) -> None:
    """Raise InputError unless every part has images of the classes that it needs.

    Args:
        table: The index table.
        names: Name of every class, or none.
        test_only: Classes that only the test part must have.
        in_one_alone: Classes that one of the official parts lacks.
    """
    counts = pd.crosstab(table["label"], table["part"]).reindex(columns=PARTS, fill_value=0)
    expected = counts[~counts.index.isin(test_only)]
    for part in PARTS:
        absent = expected.index[expected[part] == 0]
        if len(absent):
            name = repr(names[absent[0]]) if names else absent[0]
            remedy = _SPELLING if absent[0] in in_one_alone else _MORE
            if "group" in table:
                remedy += "; no group is divided between parts"
            raise InputError(f"class {name} would have no images in the {part} part: {remedy}")
