"""The stages as a person runs them: real processes in a tiny workspace of their own."""

import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
WARM_PYTHON = Path(__file__).with_name("warm_python.py")
STAGES = ["check", "fetch", "split", "train", "maps", "metrics", "trajectory", "plots"]
STAGES += ["plant", "planted_maps", "localize", "faithfulness", "localization_plots"]
STAGES += ["classify", "embed", "detect", "detection_plots"]
VARIANTS = ("nominal", "all_classes", "hybrid")
OUTPUTS = ("data", "metrics", "plots")
TERMS = ["direct_term", "indirect_term"]
LOCALIZED = ["reconstruction_error", "saliency", "squared_saliency", *TERMS]
LOCALIZED += ["uniform", "sobel", "mask"]
TINY = {
    "image_size: 28": "image_size: 8",
    "code_length: 64": "code_length: 4",
    "epochs: 60": "epochs: 2",
    "bootstrap_samples: 2000": "bootstrap_samples: 100",
    "k: 10 ": "k: 5 ",
    "dpi: 150": "dpi: 40",
    "epochs: 12 ": "epochs: 2 ",
    "  trees: 1000": "  trees: 5",
    "control_trees: 100": "control_trees: 5",
    "    generalized_odin: {objective: generalized_odin}\n": "",
    "    rotation: {objective: rotation, rotation_weight: 0.5}\n": "",
    "foreign_patch, erased_stroke, swelling, disk, square, stripe, dotted_line, zigzag,\n"
    "    rotated_patch, shuffled_patch, second_object]": "foreign_patch, disk, square]",
    "sizes: [0.2, 0.35, 0.5]": "sizes: [0.6]",
    "intensities: [0.3, 0.6, 1.0]": "intensities: [1.0]",
    "validation_images: 33": "validation_images: 6",
    "test_images: 99": "test_images: 9",
    # Without the maps of Captum, which takes seconds to import.
    "    smoothgrad, integrated_gradients_black, integrated_gradients_mean,\n": "",
    "    integrated_gradients_reconstruction, input_x_gradient, guided_backpropagation, occlusion,"
    "\n    uniform, input_magnitude, sobel, distance_to_mean, mask]": "    uniform, sobel, mask]",
    "    smoothgrad, integrated_gradients_black, input_x_gradient, guided_backpropagation, sobel,"
    " uniform]": "    sobel]",
    "images: 18 ": "images: 4 ",
    "steps: 10 ": "steps: 2 ",
}


def environment(workspace: Path, **more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "DATASETS_ROOT"}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "XDG_CACHE_HOME": str(workspace / "cache"),
        "OMP_NUM_THREADS": "1",
        **more,
    }


def stage(
    workspace: Path,
    name: str,
    *options: str,
    preexec: Callable[[], None] | None = None,
    **more: str,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", str(WARM_PYTHON), "-m", f"stages.{name}", *options],
        cwd=workspace,
        env=environment(workspace, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=preexec,
    )


def snapshot(workspace: Path, *folders: str) -> dict[str, str]:
    """Checksum of every file below the folders, all outputs by default."""
    return {
        str(path.relative_to(workspace)): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders or OUTPUTS
        for path in sorted((workspace / folder).rglob("*"))
        if path.is_file()
    }


def write_params(workspace: Path, changes: dict[str, str]) -> None:
    text = (workspace / "params.yaml").read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (workspace / "params.yaml").write_text(text)


def run_stages(workspace: Path, commands: list[str]) -> None:
    for command in commands:
        done = stage(workspace, *command.split())
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A workspace in which every stage has run once; not to be changed."""
    workspace = tmp_path_factory.mktemp("finished")
    shutil.copy(ROOT / "params.yaml", workspace)
    write_params(workspace, TINY)
    classify = [f"classify {variant}" for variant in VARIANTS]
    at = STAGES.index("classify")
    run_stages(workspace, [*STAGES[:at], *classify, *STAGES[at + 1 :]])
    return workspace


@pytest.fixture
def workspace(finished, tmp_path):
    """A copy of the finished workspace that a test may spoil."""
    return Path(shutil.copytree(finished, tmp_path / "workspace"))


def refuses(workspace: Path, name: str, *options: str, bar: bool = False, **more: str) -> str:
    """The one line with which a stage refuses its input, leaving every output as it was.

    Args:
        workspace: Where it runs.
        name: The stage.
        *options: Command line.
        bar: Whether a progress bar may precede the line.
        **more: Environment.
    """
    before = snapshot(workspace)
    done = stage(workspace, name, *options, **more)
    return refusal(workspace, before, done, bar=bar)


def refusal(
    workspace: Path,
    before: dict[str, str],
    done: subprocess.CompletedProcess[str],
    *,
    bar: bool = False,
) -> str:
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    if bar:
        lines = [line for line in lines if line and "img/s" not in line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    assert snapshot(workspace) == before
    return lines[0]


# --- all is well


def test_pipeline_writes_every_declared_output_and_nothing_else(finished):
    assert set(snapshot(finished)) == {
        "data/params_checked.txt",
        "data/raw/images.npy",
        "data/raw/labels.csv",
        "data/raw/masks.npy",
        "data/raw/provenance.json",
        "data/split.csv",
        "data/model/autoencoder.pt",
        "data/model/epochs/epoch_0001.pt",
        "data/model/epochs/epoch_0002.pt",
        "data/maps/direct_term.npy",
        "data/maps/indirect_term.npy",
        "data/maps/reconstruction.npy",
        "data/maps/reconstruction_error.npy",
        "data/maps/saliency.npy",
        "metrics/training.csv",
        "metrics/training.json",
        "metrics/agreement.json",
        "metrics/agreement_by_k.csv",
        "metrics/by_class.csv",
        "metrics/explanation.json",
        "metrics/per_image.csv",
        "metrics/trajectory.csv",
        *(f"data/classifiers/{variant}.pt" for variant in VARIANTS),
        *(f"metrics/classifiers/{variant}.csv" for variant in VARIANTS),
        *(f"metrics/classifiers/{variant}.json" for variant in VARIANTS),
        *(
            f"data/embeddings/{representation}.{part}.{output}.npy"
            for representation, outputs in {
                "nominal": ("z", "logits"),
                "all_classes": ("z", "logits"),
                "hybrid": ("z", "logits", "reconstruction_error"),
                "untrained": ("z", "logits"),
                "autoencoder": ("z", "reconstruction_error"),
            }.items()
            for part in ("validation", "test")
            for output in outputs
        ),
        *(
            f"data/planted/{part}.{file}"
            for part in ("validation", "test")
            for file in ("before.npy", "after.npy", "mask.npy", "csv")
        ),
        *(
            f"data/planted_maps/{part}.{moment}.{method}.npy"
            for part in ("validation", "test")
            for moment in ("before", "after")
            for method in LOCALIZED
        ),
        "data/localized_images.csv",
        "metrics/localization.csv",
        "metrics/localization.json",
        "metrics/faithfulness.csv",
        "metrics/faithfulness.json",
        "metrics/randomization.csv",
        "plots/planted.png",
        "plots/localization.png",
        "plots/localization_gain.png",
        "plots/localization_maps.png",
        "plots/localization_size.png",
        "plots/randomization.png",
        "plots/deletion.png",
        "data/scores.csv",
        "metrics/detection.csv",
        "metrics/detection.json",
        "plots/representations.png",
        "plots/roc.png",
        "plots/reconstruction_weight.png",
        "plots/labelled_anomalies.png",
        "plots/held_out_classes.png",
        "plots/explanation.png",
        "plots/trajectory.png",
        "plots/maps.png",
        "plots/agreement.png",
        "plots/agreement_by_k.png",
        "plots/training.png",
        "plots/distances.png",
        "plots/agreement_histogram.csv",
        "plots/distance_histogram.csv",
    }


def test_maps_have_a_row_per_test_image_and_belong_to_its_reconstruction(finished):
    images = np.load(finished / "data/raw/images.npy")
    split = pd.read_csv(finished / "data/split.csv")
    test = split[split["part"] == "test"]
    x = images[test["source_row"]] / np.float32(255)
    reconstruction = np.load(finished / "data/maps/reconstruction.npy")
    error = np.load(finished / "data/maps/reconstruction_error.npy")
    assert reconstruction.shape == x.shape == (len(test), 1, 8, 8)
    np.testing.assert_allclose(error, ((x - reconstruction) ** 2)[:, 0], atol=1e-6)
    assert np.load(finished / "data/maps/saliency.npy").shape == error.shape


@pytest.mark.parametrize("name", ["maps", "metrics", "plant"])
def test_second_run_gives_the_same_bytes(workspace, name):
    before = snapshot(workspace)
    written = {path: (workspace / path).stat().st_mtime_ns for path in before}
    done = stage(workspace, name)
    assert done.returncode == 0, done.stderr
    assert snapshot(workspace) == before
    assert any((workspace / path).stat().st_mtime_ns > written[path] for path in before)


def test_finished_training_leaves_no_checkpoint(finished):
    folder = finished / "cache/novelty-maps/checkpoints"
    assert folder.is_dir()
    assert list(folder.iterdir()) == []


def test_batch_size_changes_maps_by_no_more_than_rounding(workspace):
    folder = workspace / "data/maps"
    before = {path.name: np.load(path) for path in folder.iterdir()}
    done = stage(workspace, "maps", "--batch-size", "1")
    assert done.returncode == 0, done.stderr
    assert set(before) == {path.name for path in folder.iterdir()}
    for name, maps in before.items():
        np.testing.assert_allclose(np.load(folder / name), maps, rtol=1e-4, atol=1e-6)


def test_maps_that_are_no_longer_asked_for_are_removed(workspace):
    assert stage(workspace, "maps", "--methods", "saliency").returncode == 0
    kept = {path.name for path in (workspace / "data/maps").iterdir()}
    assert kept == {"saliency.npy", "reconstruction.npy"}
    assert "reconstruction_error.npy does not exist" in refuses(workspace, "metrics")


def test_check_refuses_to_leave_out_a_map_that_metrics_reads(workspace):
    write_params(workspace, {"saliency, direct_term, ": "saliency, "})
    message = refuses(workspace, "check")
    assert "maps.methods lacks direct_term, which the metrics stage reads: add it" in message


def test_last_row_of_the_trajectory_is_the_run_itself(workspace):
    trajectory = pd.read_csv(workspace / "metrics/trajectory.csv")
    best = trajectory[trajectory["best"] == 1].iloc[0]
    numbers = json.loads((workspace / "metrics/agreement.json").read_text())
    training = json.loads((workspace / "metrics/training.json").read_text())
    assert trajectory["epoch"].tolist() == [1, 2]
    assert best["epoch"] == training["best_epoch"]
    for group in ("normal", "novel"):
        for measure in ("agreement", "max_distance_saliency_to_error"):
            assert best[f"{group}_{measure}"] == numbers[group][measure]["estimate"]
    assert (trajectory["gradient_residual"] < 1e-5).all()


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
    assert (randomized.query("method == 'sobel'")["average_precision_drop"] == 0).all()


def test_principal_components_agree_everywhere_and_have_no_layers_to_randomize(workspace):
    write_params(workspace, {"network: lsa ": "network: pca "})
    branches = STAGES[STAGES.index("train") : STAGES.index("classify")]
    run_stages(workspace, [name for name in branches if name != "plant"])
    per_image = pd.read_csv(workspace / "metrics/per_image.csv")
    assert (per_image["agreement"] == 5).all()  # K: saliency orders the pixels as the error does
    assert len(pd.read_csv(workspace / "metrics/randomization.csv")) == 0
    numbers = json.loads((workspace / "metrics/faithfulness.json").read_text())
    assert numbers["saliency"].keys() == {"deletion", "insertion"}
    assert list((workspace / "data/model/epochs").iterdir()) == []
    assert pd.read_csv(workspace / "metrics/trajectory.csv")["epoch"].tolist() == [0]


def test_epochs_that_training_did_not_reach_are_left_out_of_the_trajectory(workspace):
    write_params(workspace, {"keep_epochs: [1, 2,": "keep_epochs: [1, 7,"})
    assert stage(workspace, "train").returncode == 0
    assert stage(workspace, "trajectory").returncode == 0
    trajectory = pd.read_csv(workspace / "metrics/trajectory.csv")
    assert set(trajectory["epoch"]) <= {1, 2}


def test_trajectory_refuses_a_missing_epoch_and_keeps_the_old_table(workspace):
    best = json.loads((workspace / "metrics/training.json").read_text())["best_epoch"]
    other = 3 - best
    (workspace / f"data/model/epochs/epoch_{other:04d}.pt").unlink()
    message = refuses(workspace, "trajectory", bar=True)
    assert f"epoch_{other:04d}.pt does not exist: train again" in message


def test_unknown_variant_is_refused(workspace):
    message = refuses(workspace, "classify", "nominall")
    assert "classifier.variants has no nominall (there: nominal, all_classes, hybrid" in message


def test_option_of_the_command_line_overrides_a_variants_own_setting(workspace):
    weights = []
    for line in ("{objective: nominal}", "{objective: nominal, seed: 7}"):
        write_params(workspace, {"nominal: {objective: nominal}": f"nominal: {line}"})
        assert stage(workspace, "classify", "nominal", "--seed", "3").returncode == 0
        weights.append((workspace / "data/classifiers/nominal.pt").read_bytes())
    assert weights[0] == weights[1]


def test_embed_refuses_a_missing_classifier_and_one_of_another_network(workspace):
    write_params(workspace, {"backbone: small_resnet ": "backbone: resnet34 "})
    assert "holds the weights of another network" in refuses(workspace, "embed")
    (workspace / "data/classifiers/nominal.pt").unlink()
    message = refuses(workspace, "embed")
    assert "nominal.pt does not exist: train again with `python -m stages.classify" in message


def test_further_objectives_pass_through_the_pipeline(workspace):
    added = {
        "generalized_odin": "{objective: generalized_odin}",
        "rotation": "{objective: rotation, rotation_weight: 0.5}",
        "svgd": "{objective: svgd, members: 2}",
        "jem": "{objective: jem, steps: 1, learning_rate: 0.0001}",
        "small_csi": "{objective: small_csi}",
    }
    lines = "".join(f"\n    {name}: {settings}" for name, settings in added.items())
    write_params(workspace, {"{objective: nominal} ": "{objective: nominal}" + lines + " "})
    for name, *options in (*(("classify", name) for name in added), ("embed",), ("detect",)):
        done = stage(workspace, name, *options)
        assert done.returncode == 0, done.stderr
    table = pd.read_csv(workspace / "metrics/detection.csv")
    found = table[table["labels"] == "none"].groupby("representation")["detector"].first()
    assert found["generalized_odin"] == "generalized_odin_h"
    assert found["rotation"] == "rotation"
    assert found["svgd"] == "ensemble_max_logit"
    assert found["jem"] == "energy"
    assert (workspace / "data/embeddings/small_csi.train.projection.npy").exists()
    assert "small_csi" in set(table["representation"])  # its score may be undefined so early
    metrics = json.loads((workspace / "metrics/classifiers/small_csi.json").read_text())
    assert "validation_rotation_accuracy" in metrics


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
    kinds = "ground_truth, disk" if layout == "mvtec" else "foreign_patch, disk"
    write_params(
        workspace,
        {
            "name: digits ": "name: folder ",
            "path: null": f"path: {folder}",
            "normal_classes: [0, 1, 2, 3, 4]": "normal_classes: [0]",
            "[foreign_patch, disk, square]": f"[{kinds}]",
            "validation_fraction: 0.1": "validation_fraction: 0.3",
        },
    )
    branches = STAGES[: STAGES.index("classify")]
    run_stages(workspace, [name for name in branches if name != "trajectory"])
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
    assert (workspace / "plots/planted.png").stat().st_size > 1000


def test_detect_leaves_out_more_labelled_anomalies_than_there_are_and_says_so(workspace):
    done = stage(workspace, "detect", "--labelled-anomalies", "3,1000")
    assert done.returncode == 0, done.stderr
    assert "the validation part has 63 anomalies: oracles see [3] and all" in done.stdout
    labels = pd.read_csv(workspace / "metrics/detection.csv")["labels"]
    assert set(labels) == {"none", "all", "3", "other classes"}


def test_detection_with_a_single_novel_class_has_no_class_to_hold_out(workspace):
    text = (workspace / "params.yaml").read_text()
    others = [
        line for line in text.splitlines(True) if "{objective: " in line and " nominal:" not in line
    ]
    write_params(workspace, dict.fromkeys(others, ""))
    for name, *options in (
        ("split", "--normal-classes", "0,1,2,3,4,5,6,7,8"),
        ("classify", "nominal"),
        ("embed",),
        ("detect",),
        ("detection_plots",),
    ):
        done = stage(workspace, name, *options)
        assert done.returncode == 0, done.stderr
    detection = json.loads((workspace / "metrics/detection.json").read_text())
    assert detection["nominal"]["forest_on_an_unseen_class"]["auroc"] is None
    assert detection["nominal"]["forest_on_a_seen_class"]["auroc"] is not None


def test_detect_refuses_embeddings_of_other_images(workspace):
    file = workspace / "data/embeddings/nominal.test.z.npy"
    np.save(file, np.load(file)[1:])
    assert "make it again with `python -m stages.embed`" in refuses(workspace, "detect")


def test_embedding_is_that_of_the_kept_classifier_and_detection_follows_it(workspace):
    before = pd.read_csv(workspace / "metrics/detection.csv")
    z = np.load(workspace / "data/embeddings/nominal.test.z.npy")
    assert z.dtype == np.float32
    assert z.shape[1] == 64
    assert stage(workspace, "classify", "nominal", "--seed", "5").returncode == 0
    assert stage(workspace, "embed").returncode == 0
    assert stage(workspace, "detect").returncode == 0
    assert (np.load(workspace / "data/embeddings/nominal.test.z.npy") != z).any()
    after = pd.read_csv(workspace / "metrics/detection.csv")
    changed = (before["auroc"] != after["auroc"]).groupby(before["representation"]).any()
    assert changed["nominal"]
    assert not changed[["all_classes", "autoencoder", "untrained", "raw_pixels"]].any()


def test_plots_follow_the_k_that_the_metrics_were_made_with(workspace):
    assert stage(workspace, "metrics", "--k", "12").returncode == 0
    done = stage(workspace, "plots")
    assert done.returncode == 0, done.stderr
    histogram = pd.read_csv(workspace / "plots/agreement_histogram.csv")
    assert histogram["agreement"].tolist() == list(range(13))
    np.testing.assert_allclose(histogram[["normal", "novel", "chance"]].sum(), 1, rtol=1e-6)


def test_second_training_gives_the_same_bytes_and_the_kept_epochs_beside_them(workspace):
    before = snapshot(workspace)
    done = stage(workspace, "train", "--keep-epochs", "1,2")
    assert done.returncode == 0, done.stderr
    after = snapshot(workspace)
    assert {path: after[path] for path in before} == before
    files = sorted((workspace / "data/model/epochs").iterdir())
    assert [file.name for file in files] == ["epoch_0001.pt", "epoch_0002.pt"]
    first, last = map(torch.load, files)
    assert not torch.equal(first["encoder.fc.0.weight"], last["encoder.fc.0.weight"])


# --- help


HELP_WITHOUT_SCIENCE = """
import runpy, sys
sys.argv = ["stages.{name}", "--help"]
try:
    runpy.run_module("stages.{name}", run_name="__main__", alter_sys=True)
finally:
    loaded = {{"torch", "pandas", "sklearn", "scipy", "numpy", "matplotlib"}} & set(sys.modules)
    print("loaded:", *sorted(loaded), file=sys.stderr)
"""


@pytest.mark.parametrize("name", STAGES)
def test_help_explains_every_option_and_loads_nothing_heavy(tmp_path, name):
    done = subprocess.run(
        [sys.executable, "-c", HELP_WITHOUT_SCIENCE.format(name=name)],
        cwd=tmp_path,
        env=environment(tmp_path, COLUMNS="200", TERMINAL_WIDTH="200"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == "loaded:\n"
    options = re.findall(r"^  (--[\w-]+)(.*)$", done.stdout, flags=re.MULTILINE)
    assert {"--params", "--help"} <= {option for option, _ in options}
    for option, rest in options:
        assert re.search(r"[A-Za-z]{2,}.*[A-Za-z]{2,}", rest.split("  ", 1)[-1]), option
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["split", "train", "maps", "metrics", "plots", "plant"])
def test_every_parameter_of_a_stage_is_an_option(name):
    done = stage(ROOT, name, "--help", COLUMNS="200")
    from ruamel.yaml import YAML

    section = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")[name]
    for key in section:
        assert f"--{key.replace('_', '-')} " in done.stdout


def test_unknown_option_is_a_usage_error(workspace):
    before = snapshot(workspace)
    done = stage(workspace, "metrics", "--kk", "3")
    assert done.returncode == 2
    assert "--kk" in done.stderr
    assert "Traceback" not in done.stderr
    assert snapshot(workspace) == before


# --- bad parameters


BAD_PARAMS = {
    "unknown key": ({"  dpi: 40": "  dpi: 40\n  dpj: 40"}, "plots.dpj; did you mean dpi?"),
    "wrong type": (
        {"learning_rate: 0.001": "learning_rate: fast"},
        "train.learning_rate is 'fast'",
    ),
    "K of 0": ({"k: 5 ": "k: 0 "}, "metrics.k is 0"),
    "K above pixels": ({"k: 5 ": "k: 65 "}, "64 pixels"),
    "class out of range": ({"[0, 1, 2, 3, 4]": "[0, 12]"}, "split.normal_classes has 12"),
    "all classes": ({"[0, 1, 2, 3, 4]": "[0,1,2,3,4,5,6,7,8,9]"}, "nothing is novel"),
    "unknown kind of novelty": ({"patch, disk,": "patch, disc,"}, "did you mean disk?"),
    "key twice": ({"k: 5 ": "k: 5\n  k: 6 "}, "duplicate key"),
}


@pytest.mark.parametrize(("changes", "named"), BAD_PARAMS.values(), ids=BAD_PARAMS)
def test_bad_parameter_stops_the_check_with_one_line(workspace, changes, named):
    write_params(workspace, changes)
    assert named in refuses(workspace, "check")


def test_misspelt_key_of_another_section_stops_every_stage(workspace):
    write_params(workspace, {"  dpi: 40": "  dpi: 40\n  dpj: 40"})
    assert "plots.dpj" in refuses(workspace, "metrics")


def test_misspelt_key_is_told_by_its_misspelling(workspace):
    write_params(workspace, {"  dpi: 40": "  dpj: 40"})
    assert "plots.dpj; did you mean dpi?" in refuses(workspace, "check")


def test_missing_parameter_file_is_named_with_the_remedy(workspace):
    (workspace / "params.yaml").unlink()
    found = refuses(workspace, "check")
    assert "params.yaml does not exist" in found
    assert "--params" in found


BAD_OPTIONS = {
    "K of 0": ("metrics", ["--k", "0"], "metrics.k is 0"),
    "K above pixels": ("metrics", ["--k", "65"], "64 pixels"),
    "class out of range": ("split", ["--normal-classes", "0,12"], "has 12"),
    "all classes": ("split", ["--normal-classes", "0,1,2,3,4,5,6,7,8,9"], "nothing is novel"),
    "classes in words": ("split", ["--normal-classes", "zero"], "'zero' is no list of integers"),
    "no room for test": (
        "split",
        ["--test-fraction", "0.001"],
        "split.test_fraction takes a share of 0.001",
    ),
    "unknown kind of novelty": (
        "plant",
        ["--kinds", "square,disc"],
        "plant.kinds has 'disc', which is no kind: did you mean disk?",
    ),
    "change too small": ("plant", ["--intensities", "0.01"], "changes fewer than 4 pixels"),
    "unknown colormap": ("plots", ["--colormap", "greyish"], "'greyish'"),
    "other parameter file": ("metrics", ["--params", "other.yaml"], "other.yaml does not exist"),
}


@pytest.mark.parametrize(("name", "options", "named"), BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_bad_option_is_one_line_naming_the_value(workspace, name, options, named):
    assert named in refuses(workspace, name, *options)


def test_diverging_training_is_one_line_naming_the_learning_rate(workspace):
    assert "1e+30" in refuses(workspace, "train", "--learning-rate", "1e30", bar=True)


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is available here")
def test_cuda_where_there_is_none_is_refused(workspace):
    assert "cuda" in refuses(workspace, "maps", "--device", "cuda")


def test_data_folder_that_does_not_exist_is_named(workspace):
    folder = str(workspace / "nowhere")
    found = refuses(workspace, "fetch", "--name", "mnist", DATASETS_ROOT=folder)
    assert "DATASETS_ROOT" in found
    assert folder in found


# --- bad files


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
BAD_FILES = {
    "truncated images": ("metrics", "data/raw/images.npy", cut),
    "truncated map": ("metrics", SALIENCY, cut),
    "map of another type": ("metrics", SALIENCY, lambda p: edit_array(p, np.float64)),
    "map with too few rows": ("metrics", SALIENCY, lambda p: edit_array(p, lambda m: m[:5])),
    "map of another size": ("metrics", SALIENCY, lambda p: edit_array(p, lambda m: m[:, :4, :4])),
    "map that is no array": ("metrics", SALIENCY, lambda p: p.write_bytes(b"PK\x03\x04 no")),
    "missing map": ("metrics", SALIENCY, Path.unlink),
    "split of other data": ("metrics", "data/split.csv", first_rows),
    "split without columns": ("metrics", "data/split.csv", lambda p: p.write_text("a,b\n1,2\n")),
    "missing labels": ("split", "data/raw/labels.csv", Path.unlink),
    "map with too few rows to draw": ("plots", SALIENCY, lambda p: edit_array(p, lambda m: m[:5])),
    "missing history": ("plots", "metrics/training.csv", Path.unlink),
    "truncated planted images": ("planted_maps", "data/planted/test.after.npy", cut),
    "missing map of planted images": ("localize", PLANTED_SALIENCY, Path.unlink),
    "damaged metrics": ("plots", "metrics/agreement.json", lambda p: p.write_text("{")),
}


@pytest.mark.parametrize(("name", "file", "spoil"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_file_is_one_line_naming_the_file_and_the_stage_that_makes_it(
    workspace, name, file, spoil
):
    spoil(workspace / file)
    found = refuses(workspace, name)
    assert file in found
    makers = "fetch|split|train|maps|metrics|plant|planted_maps"
    assert re.search(rf"python -m stages\.({makers})`", found)


def test_kind_made_from_novel_images_needs_some_in_each_part(workspace):
    path = workspace / "data/split.csv"
    split = pd.read_csv(path)
    split.loc[(split["part"] == "validation") & (split["novel"] == 1), "part"] = "train"
    split.to_csv(path, index=False)
    message = refuses(workspace, "plant")
    assert "foreign_patch, made from novel images, but the validation part has none" in message


def test_map_with_nan_is_refused_with_its_row(workspace):
    edit_array(workspace / SALIENCY, with_nan)
    assert "map 7 holds NaN" in refuses(workspace, "metrics")


def test_label_that_is_no_number_is_one_line(workspace):
    path = workspace / "data/raw/labels.csv"
    path.write_text(path.read_text().replace("\n0,none", "\nzero,none", 1))
    assert "data/raw/labels.csv" in refuses(workspace, "split")


def test_metrics_file_without_k_is_one_line(workspace):
    (workspace / "metrics/agreement.json").write_text("{}")
    assert "metrics/agreement.json" in refuses(workspace, "plots")


# --- checkpoints from elsewhere


def published(workspace: Path) -> dict[str, torch.Tensor]:
    """Weights as they are published: with a density estimator, without step counters."""
    weights = torch.load(workspace / "data/model/autoencoder.pt")
    weights = {
        key: value + 0.01
        for key, value in weights.items()
        if isinstance(value, torch.Tensor) and "num_batches" not in key
    }
    return {**weights, "estimator.layers.0.weight": torch.ones(4, 4)}


def test_published_weights_are_taken_instead_of_training(workspace):
    weights = published(workspace)
    torch.save(weights, workspace / "published.pt")
    done = stage(workspace, "train", "--from-checkpoint", "published.pt")
    assert done.returncode == 0, done.stderr
    found = torch.load(workspace / "data/model/autoencoder.pt")
    assert not any(key.startswith("estimator.") for key in found)
    for key in weights.keys() & found.keys():
        assert torch.equal(found[key], weights[key])
    assert weights.keys() - found.keys() == {"estimator.layers.0.weight"}
    history = pd.read_csv(workspace / "metrics/training.csv")
    assert history["epoch"].tolist() == [0]
    assert history["train_loss"].isna().all()
    metrics = json.loads((workspace / "metrics/training.json").read_text())
    assert metrics["epochs"] == metrics["best_epoch"] == 0
    assert metrics["validation_loss"] == pytest.approx(history["validation_loss"][0])


def test_weights_of_another_network_are_refused_with_their_keys(workspace):
    torch.save(torch.nn.Linear(2, 3).state_dict(), workspace / "linear.pt")
    found = refuses(workspace, "train", "--from-checkpoint", "linear.pt")
    assert "linear.pt" in found
    assert "encoder.conv.0.conv1a.weight is missing" in found


def test_weights_under_integer_keys_are_refused(workspace):
    torch.save({0: torch.ones(2)}, workspace / "numbered.pt")
    assert "numbered.pt" in refuses(workspace, "train", "--from-checkpoint", "numbered.pt")


def test_model_of_another_network_has_no_maps(workspace):
    path = workspace / "data/model/autoencoder.pt"
    torch.save(torch.nn.Linear(2, 3).state_dict(), path)
    assert "weights of another network" in refuses(workspace, "maps")


def test_model_for_another_image_size_has_no_maps(workspace):
    edit_array(workspace / "data/raw/images.npy", lambda images: np.pad(images, 2)[2:-2, 2:-2])
    found = refuses(workspace, "maps")
    assert "(1, 8, 8)" in found
    assert "(1, 12, 12)" in found
    assert "python -m stages.train" in found


# --- full disk


def small_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        pytest.param(
            "fetch",
            "data/raw/images.npy",
        ),
        ("split", "data/split.csv"),
        ("maps", "data/maps/"),
        ("metrics", "metrics/per_image.csv"),
        ("plots", "plots/maps.png"),
    ],
)
def test_full_disk_is_one_line_naming_file_and_remedy(workspace, name, file):
    before = snapshot(workspace)
    options = ["--dpi", "100"] if name == "plots" else []
    found = refusal(
        workspace, before, stage(workspace, name, *options, preexec=small_files), bar=True
    )
    assert f"error: {file}" in found
    assert "free some space" in found


def test_full_disk_stops_a_taken_checkpoint_with_one_line(workspace):
    before = snapshot(workspace)
    shutil.copy(workspace / "data/model/autoencoder.pt", workspace / "given.pt")
    options = ["--from-checkpoint", "given.pt"]
    done = stage(workspace, "train", *options, preexec=small_files)
    found = refusal(workspace, before, done)
    assert "data/model/autoencoder.pt" in found
    assert "free some space" in found


def test_full_disk_stops_a_training_with_one_line_and_leaves_no_checkpoint(workspace):
    before = snapshot(workspace)
    done = stage(workspace, "train", preexec=small_files)
    assert list((workspace / "cache/novelty-maps/checkpoints").iterdir()) == []
    assert "free some space" in refusal(workspace, before, done, bar=True)


def test_full_disk_while_drawing_changes_no_table(workspace):
    write_params(workspace, {"k: 5 ": "k: 6 "})
    assert stage(workspace, "metrics").returncode == 0
    before = snapshot(workspace)
    done = stage(workspace, "plots", "--dpi", "100", preexec=small_files)
    assert done.returncode == 1
    assert snapshot(workspace) == before


# --- new images


def digit_files(workspace, count=3):
    """Test images as PNG files, and their place in the test part."""
    images = np.load(workspace / "data/raw/images.npy")
    split = pd.read_csv(workspace / "data/split.csv").query("part == 'test'")
    folder = workspace / "new"
    folder.mkdir()
    for _, row in split.head(count).iterrows():
        Image.fromarray(images[row["source_row"], 0]).save(folder / f"{row['row']}.png")
    return folder


def test_new_images_have_the_scores_and_maps_that_the_pipeline_gives_them(workspace):
    folder = digit_files(workspace)
    done = stage(workspace, "score", "new", "--false-positive-rate", "0.05")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(workspace / "scores/scores.csv", index_col="file")
    maps = {
        name: np.load(workspace / f"data/maps/{name}.npy")
        for name in ("reconstruction_error", "saliency")
    }
    for row, file in enumerate(sorted(folder.iterdir())):
        found = table.loc[f"new/{file.name}"]
        for name, values in maps.items():
            kept = np.load(workspace / f"scores/{file.stem}.{name}.npy")
            np.testing.assert_allclose(kept, values[row], rtol=1e-4, atol=1e-7)
            assert (workspace / f"scores/{file.stem}.{name}.png").stat().st_size > 0
            assert (workspace / f"scores/{file.stem}.{name}.mask.png").stat().st_size > 0
        expected = maps["reconstruction_error"][row].mean()
        assert found["novelty_score"] == pytest.approx(expected, rel=1e-4)
        assert 0 < found["p_value"] <= 1


def test_full_disk_leaves_earlier_scores_and_maps_as_they_were(workspace):
    digit_files(workspace, count=60)
    assert stage(workspace, "score", "new").returncode == 0
    before = snapshot(workspace, "scores")
    table = workspace / "scores/scores.csv"
    room = table.stat().st_size - 1  # for every map, and not for the table, which is written last
    others = [path for path in (workspace / "scores").iterdir() if path != table]
    assert max(path.stat().st_size for path in others) < room

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    done = stage(workspace, "score", "new", "--false-positive-rate", "0.2", preexec=limit)
    assert done.returncode == 1
    assert "scores/scores.csv" in done.stderr
    assert snapshot(workspace, "scores") == before


def test_score_refuses_what_is_no_image_and_writes_nothing(workspace):
    folder = digit_files(workspace)
    (folder / "broken.png").write_bytes(b"no image")
    message = refuses(workspace, "score", "new")
    assert "new/broken.png cannot be read as an image" in message
    assert not (workspace / "scores").exists()
    assert "use reconstruction_error or saliency" in refuses(
        workspace, "score", "new", "--method", "direct_term"
    )
    assert "give a share between 0 and 1" in refuses(
        workspace, "score", "new", "--false-positive-rate", "1"
    )
    (workspace / "data/model/autoencoder.pt").unlink()
    (folder / "broken.png").unlink()
    assert "train again with" in refuses(workspace, "score", "new")


# --- interruption


LONG = ["--epochs", "12", "--patience", "1000", "--batch-size", "512"]


def epoch_of(checkpoint: Path) -> int:
    return int(torch.load(checkpoint)["epoch"])


def interrupt(workspace: Path, command: tuple[str, ...], number: signal.Signals) -> dict:
    """Start a long training, end it by a signal once it has saved an epoch more; what it said."""
    folder = workspace / "cache/novelty-maps/checkpoints"
    earlier = {path.stat().st_mtime_ns for path in folder.glob("*.pt")}
    process = subprocess.Popen(
        [sys.executable, "-m", f"stages.{command[0]}", *command[1:], *LONG],
        cwd=workspace,
        env=environment(workspace),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 50
        while process.poll() is None and time.monotonic() < deadline:
            if {path.stat().st_mtime_ns for path in folder.glob("[!.]*.pt")} - earlier:
                break
            time.sleep(0.005)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=20)
    finally:
        process.kill()
    (checkpoint,) = folder.glob("[!.]*.pt")
    return {
        "code": process.returncode,
        "stderr": stderr,
        "outputs": snapshot(workspace),
        "epoch": epoch_of(checkpoint),
    }


@pytest.fixture(scope="module")
def interrupted(finished, tmp_path_factory):
    """A training ended by three signals in turn and then run to its end, and one left alone."""
    command = ("train",)
    alone, disturbed = (
        Path(shutil.copytree(finished, tmp_path_factory.mktemp(name) / "workspace"))
        for name in ("alone", "disturbed")
    )
    first = stage(alone, *command, *LONG)
    assert first.returncode == 0, first.stderr
    runs = {
        number.name: interrupt(disturbed, command, number)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)
    }
    runs["last"] = {"done": stage(disturbed, *command, *LONG)}
    return alone, disturbed, runs


@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGKILL", -9)])
def test_interrupted_training_ends_with_the_code_of_its_signal(interrupted, number, code):
    run = interrupted[2][number]
    assert run["code"] == code
    assert "Traceback" not in run["stderr"]


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_interrupted_training_says_so(interrupted, number):
    assert f"interrupted by {number}" in interrupted[2][number]["stderr"]


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_interrupted_training_leaves_the_earlier_outputs(interrupted, finished, number):
    assert interrupted[2][number]["outputs"] == snapshot(finished)


@pytest.mark.parametrize(
    ("number", "following"), [("SIGTERM", "SIGINT"), ("SIGINT", "SIGKILL"), ("SIGKILL", "last")]
)
def test_same_command_goes_on_after_the_last_finished_epoch(interrupted, number, following):
    runs = interrupted[2]
    stderr = runs[following]["done"].stderr if following == "last" else runs[following]["stderr"]
    assert 1 <= runs[number]["epoch"] < 12
    assert f"going on after epoch {runs[number]['epoch']} " in stderr


def test_resumed_training_gives_the_bytes_of_the_uninterrupted_one(interrupted, finished):
    alone, disturbed, runs = interrupted
    assert runs["last"]["done"].returncode == 0
    assert snapshot(disturbed) == snapshot(alone)
    assert snapshot(disturbed) != snapshot(finished)


def test_resumed_training_removes_its_checkpoint(interrupted):
    folder = interrupted[1] / "cache/novelty-maps/checkpoints"
    assert list(folder.glob("[!.]*")) == []


def test_interrupted_classifier_goes_on_and_ends_with_the_same_bytes(finished, tmp_path):
    alone, disturbed = (
        Path(shutil.copytree(finished, tmp_path / name)) for name in ("alone", "disturbed")
    )
    command = ("classify", "hybrid")
    assert stage(alone, *command, *LONG).returncode == 0
    run = interrupt(disturbed, command, signal.SIGKILL)
    assert run["outputs"] == snapshot(finished)
    last = stage(disturbed, *command, *LONG)
    assert f"going on after epoch {run['epoch']} " in last.stderr
    assert snapshot(disturbed) == snapshot(alone) != snapshot(finished)
