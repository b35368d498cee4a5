"""A file that is missing, damaged or of other images: one line, and nothing lost."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


def edit_array(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    np.save(path, change(np.load(path)))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def with_nan(maps: np.ndarray) -> np.ndarray:
    maps[7, 3, 3] = np.nan
    return maps


def first_rows(path: Path) -> None:
    pd.read_csv(path).iloc[:-1].to_csv(path, index=False)


SALIENCY = "data/maps/saliency.npy"
PLANTED_SALIENCY = "data/planted_maps/test.after.saliency.npy"
NORMAL_SALIENCY = "data/planted_maps/validation.normal.saliency.npy"
PLACES, MEASURED = "data/ranks/places.npy", "data/ranks/images.npy"
EPOCH_PLACES = "data/trajectory_ranks/epoch_{other}.places.npy"
HEADLINE = "data/localized/headline.json"
BAD_FILES = {
    "truncated images": ("metrics", "data/raw/images.npy", cut),
    "truncated map": ("ranks", SALIENCY, cut),
    "map of another type": ("ranks", SALIENCY, lambda p: edit_array(p, np.float64)),
    "map with too few rows": ("ranks", SALIENCY, lambda p: edit_array(p, lambda m: m[:5])),
    "map of another size": ("ranks", SALIENCY, lambda p: edit_array(p, lambda m: m[:, :4, :4])),
    "map that is no array": ("ranks", SALIENCY, lambda p: p.write_bytes(b"PK\x03\x04 no")),
    "missing map": ("ranks", SALIENCY, Path.unlink),
    "truncated places": ("metrics", PLACES, cut),
    "places of fewer images": ("metrics", PLACES, lambda p: edit_array(p, lambda m: m[:5])),
    "places of another size": ("metrics", PLACES, lambda p: edit_array(p, lambda m: m[:, :9])),
    "missing places": ("metrics", PLACES, Path.unlink),
    "measures of other images": ("metrics", MEASURED, lambda p: edit_array(p, lambda m: m[:5])),
    "truncated places of an epoch": ("trajectory", EPOCH_PLACES, cut),
    "missing networks": ("trajectory", "data/trajectory_ranks/networks.csv", Path.unlink),
    "split of other data": ("metrics", "data/split.csv", first_rows),
    "split without columns": ("metrics", "data/split.csv", lambda p: p.write_text("a,b\n1,2\n")),
    "missing labels": ("split", "data/raw/labels.csv", Path.unlink),
    "map with too few rows to draw": ("plots", SALIENCY, lambda p: edit_array(p, lambda m: m[:5])),
    "missing history": ("plots", "metrics/training.csv", Path.unlink),
    "truncated planted images": ("localization.maps", "data/planted/test.after.npy", cut),
    "missing map of planted images": ("localization.measures", PLANTED_SALIENCY, Path.unlink),
    "missing map of normal images": ("localization.measures", NORMAL_SALIENCY, Path.unlink),
    "missing map of what is planted": ("localization.metrics", PLANTED_SALIENCY, Path.unlink),
    "truncated finds": ("localization.metrics", "data/localized/images.npy", cut),
    "damaged headline": ("localization.metrics", HEADLINE, lambda p: p.write_text("{")),
    "damaged metrics": ("plots", "metrics/agreement.json", lambda p: p.write_text("{")),
}


@pytest.mark.parametrize(("name", "file", "spoil"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_file_is_one_line_naming_the_file_and_the_stage_that_makes_it(
    workspace, name, file, spoil
):
    best = workspace.json("metrics/training.json")["best_epoch"]
    file = file.format(other=f"{3 - best:04d}")
    spoil(workspace / file)
    found = workspace.refuses(name)
    assert file in found
    makers = "fetch|split|train|maps|(trajectory_)?ranks|metrics"
    makers += "|localization.plant|localization.maps|localization.measures"
    assert re.search(rf"python -m stages\.({makers})`", found)


def test_kind_made_from_novel_images_needs_some_in_each_part(workspace):
    path = workspace / "data/split.csv"
    split = pd.read_csv(path)
    split.loc[(split["part"] == "validation") & (split["novel"] == 1), "part"] = "train"
    split.to_csv(path, index=False)
    message = workspace.refuses("localization.plant")
    assert "foreign_patch, made from novel images, but the validation part has none" in message


def test_map_with_nan_is_refused_with_its_row(workspace):
    edit_array(workspace / SALIENCY, with_nan)
    assert "map 7 holds NaN" in workspace.refuses("ranks")


def test_label_that_is_no_number_is_one_line(workspace):
    path = workspace / "data/raw/labels.csv"
    path.write_text(path.read_text().replace("\n0,none", "\nzero,none", 1))
    assert "data/raw/labels.csv" in workspace.refuses("split")


def test_metrics_file_without_k_is_one_line(workspace):
    (workspace / "metrics/agreement.json").write_text("{}")
    assert "metrics/agreement.json" in workspace.refuses("plots")
