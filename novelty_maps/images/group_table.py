"""The table beside own images that says which of them show the same thing."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from novelty_maps.images.listing import as_text
from novelty_maps.pipeline.cache import file_digest
from novelty_maps.pipeline.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

_REMEDY = "correct data.groups, which is TABLE or TABLE:COLUMN of a CSV file in the folder"
GROUPS = "groups.csv"  # looked for in the folder; its column is `group`


class Groups(NamedTuple):
    """Which images show the same thing; empty where each image is a group of its own.

    Attributes:
        numbers: (N,) int64, the place of each image's group among the names.
        names: Name of each group, in the order in which the images come to them.
        table: Name of the table and "sha256:..." of its content.
    """

    numbers: NDArray[np.int64]
    names: list[str]
    table: dict[str, str]


def find_table(folder: Path, groups: str | None) -> tuple[Path, str] | None:
    """The table's file and the column of the groups in it; None where there is no table.

    Args:
        folder: The folder of the images.
        groups: `data.groups`: TABLE or TABLE:COLUMN, or None for `GROUPS` if the folder has it.

    Raises:
        InputError: The table is not in the folder.
    """
    if groups is None:
        return (folder / GROUPS, "group") if (folder / GROUPS).is_file() else None
    table, _, column = groups.partition(":")
    if Path(table).is_absolute() or ".." in Path(table).parts:
        raise InputError(f"data.groups is {groups!r}: {_REMEDY}")
    return folder / table, column or "group"


def read_groups(folder: Path, files: Sequence[Path], groups: str | None) -> Groups:
    """The group of each image, as a table has them if there is one.

    Rows of files that are no images of the data set are passed over.

    Args:
        folder: As of `find_table`.
        files: (N) images in it.
        groups: As of `find_table`.

    Raises:
        InputError: The table or a column is missing, or an image has no group in it, or two.
    """
    found = find_table(folder, groups)
    if found is None:
        return Groups(np.empty(0, np.int64), [], {})
    import pandas as pd

    path, column = found
    table = _read_columns(path, column).drop_duplicates()
    names = [as_text(file.relative_to(folder).as_posix()) for file in files]
    twice = table.loc[table["file"].duplicated() & table["file"].isin(names), "file"]
    if len(twice):
        file = twice.iloc[0]
        one, other = table.loc[table["file"] == file, column].iloc[:2]
        raise InputError(
            f"{path} puts {file} into two groups, {one!r} and {other!r}: remove one of the rows"
        )
    group_of = dict(zip(table["file"], table[column], strict=True))
    for name in names:
        if not group_of.get(name):
            raise InputError(
                f"{path} has no {column} for the image {name}: add a row with its path below the"
                " folder, one of a group of its own if nothing else shows the same"
            )
    numbers, unique = pd.factorize(np.array([group_of[name] for name in names], object))
    digest = {as_text(path.name): f"sha256:{file_digest(path)}"}
    return Groups(numbers.astype(np.int64), [str(name) for name in unique], digest)


def _read_columns(path: Path, column: str) -> "pd.DataFrame":
    """The columns `file` and `column` of a table, as text."""
    import pandas as pd

    try:
        table = pd.read_csv(
            path, dtype=str, keep_default_na=False, index_col=False, encoding="utf-8-sig"
        )
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): {_REMEDY}") from None
    except ValueError as error:  # no UTF-8, or no table
        raise InputError(f"{path} is no CSV table in UTF-8 ({error}): save it as one") from None
    for name in ("file", column):
        if name not in table:
            hint = did_you_mean(name, map(str, table), what="columns")
            raise InputError(f"{path} has no column {name}; {hint}, or {_REMEDY}")
    return table[["file", column]]
