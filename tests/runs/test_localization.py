"""Localization from the stages as a person runs them: planted novelties and own defects."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from runs.workspace import LOCALIZED


def test_planted_images_differ_within_their_masks_and_their_maps_are_measured(finished):
    before, after, mask = (
        np.load(finished / f"data/planted/test.{name}.npy") for name in ("before", "after", "mask")
    )
    table = pd.read_csv(finished / "data/planted/test.csv")
    assert before.shape == after.shape == (9, 1, 8, 8)
    assert table["kind"].tolist() == ["foreign_patch", "disk", "square"] * 3
    assert table["mask_pixels"].tolist() == mask.sum(axis=(1, 2)).tolist()
    change = np.abs(after[:, 0].astype(int) - before[:, 0])
    np.testing.assert_array_equal(mask, change > 0.05 * 255)
    split = pd.read_csv(finished / "data/split.csv").query("part == 'test'").set_index("row")
    images = np.load(finished / "data/raw/images.npy")
    rows = split.loc[table["base_row"]]
    assert not rows["novel"].any()
    np.testing.assert_array_equal(images[rows["source_row"]], before)
    measured = pd.read_csv(finished / "metrics/localization.csv").set_index("method")
    overall = measured[measured["grouping"] == "all"]
    assert overall.index.tolist() == LOCALIZED
    assert (overall.loc["mask", ["average_precision", "aupro"]] == 1).all()
    assert (overall["images"] == 9).all()
    images = pd.read_csv(finished / "data/localized_images.csv")
    means = images.groupby("method")["average_precision"].mean()
    np.testing.assert_allclose(overall["average_precision"], means[LOCALIZED], rtol=1e-6)
    randomized = pd.read_csv(finished / "metrics/randomization.csv")
    assert (randomized.query("step == 0 and method != 'sobel'")["spearman"] == 1).all()
    reinitialised = pd.read_csv(finished / "metrics/reinitialised.csv").set_index("method")
    assert (reinitialised[["draws", "images"]] == [2, 9]).all(axis=None)
    assert reinitialised.loc["sobel", "average_precision_drop"] == 0
    assert reinitialised.loc["saliency", "average_precision_drop"] != 0


def own_images(root: Path, layout: str) -> Path:
    """A folder of small colour images: class folders, or MVTec AD's layout with its masks."""
    generator = np.random.default_rng(3)
    normal, novel = ("good", "crack") if layout == "mvtec" else ("cat", "dog")
    for part, name, count in (
        ("train", normal, 30), ("train", novel, 6), ("test", normal, 12), ("test", novel, 6)
    ):  # fmt: skip
        if layout == "mvtec" and (part, name) == ("train", "crack"):
            continue
        for number in range(count):
            pixels = generator.integers(60, 90, (12, 12, 3), dtype=np.uint8)
            mask = np.zeros((12, 12), np.uint8)
            if name == novel:
                row, column = generator.integers(1, 8, 2)
                mask[row : row + 3, column : column + 3] = 255
                pixels[mask > 0] = (250, 200, 20)
            folder = root / part / name
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / f"{number:02}.png")
            if layout == "mvtec" and name == novel:
                masks = root / "ground_truth" / name
                masks.mkdir(parents=True, exist_ok=True)
                Image.fromarray(mask).save(masks / f"{number:02}_mask.png")
    return root


@pytest.mark.parametrize("layout", ["classes", "mvtec"])
def test_own_images_go_through_to_the_figures_of_localization(workspace, tmp_path, layout):
    folder = own_images(tmp_path / "own", layout)
    kind = "ground_truth" if layout == "mvtec" else "foreign_patch"
    workspace.change("data", name="folder", path=str(folder))
    workspace.change("split", normal_classes=[0], validation_fraction=0.3)
    workspace.change("plant", kinds=[kind, "disk"])
    workspace.run_all(stop="representation_check")
    table = pd.read_csv(workspace / "metrics/localization.csv")
    error = table[(table["method"] == "reconstruction_error") & (table["grouping"] == "kind")]
    assert set(error["group"]) == (
        {"crack", "disk"} if layout == "mvtec" else {"foreign_patch", "disk"}
    )
    masks = np.load(workspace / "data/planted/test.mask.npy")
    planted = pd.read_csv(workspace / "data/planted/test.csv")
    if layout == "mvtec":
        cracks = masks[(planted["kind"] == "crack").to_numpy()]
        assert len(cracks) == 6
        assert ((cracks.sum(axis=(1, 2)) >= 4) & (cracks.sum(axis=(1, 2)) <= 16)).all()
    saliency = np.load(workspace / "data/planted_maps/test.after.saliency.npy")
    assert saliency.shape == masks.shape
    assert (workspace / "plots/localization/planted.png").stat().st_size > 1000
