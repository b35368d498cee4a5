"""Real `dvc repro` runs on tiny images: what reruns when something changes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
WARM_PYTHON = Path(__file__).with_name("warm_python.py")
TINY = {
    "data": {"image_size": 8},
    "train": {"epochs": 2, "code_length": 4},
    "metrics": {"k": 3, "bootstrap_samples": 100},
    "plant": {
        "kinds": ["foreign_patch", "disk", "square"],
        "sizes": [0.6],
        "intensities": [1.0],
        "validation_images": 6,
        "test_images": 9,
    },
    "localize": {"methods": ["reconstruction_error", "saliency", "uniform", "mask"], "blurs": [0]},
    "faithfulness": {"methods": ["reconstruction_error", "saliency"], "images": 2, "steps": 2},
    "classifier": {
        "epochs": 2,
        "variants": {
            "nominal": {"objective": "nominal"},
            "hybrid": {"objective": "hybrid", "reconstruction_weight": 0.9, "reduction": "mean"},
        },
    },
    "detect": {"trees": 5, "control_trees": 5, "labelled_anomalies": [3]},
    "plots": {"examples": 1, "dpi": 30},
}
CLASSIFIERS = {"classify@nominal", "classify@hybrid"}
DETECTION = {"detect", "detection_plots"}
LOCALIZATION = {"planted_maps", "localize", "faithfulness", "localization_plots"}
DOWNSTREAM_OF_SPLIT = (
    {"split", "train", "maps", "metrics", "trajectory", "plots", "plant", "embed"}
    | CLASSIFIERS
    | DETECTION
    | LOCALIZATION
)
DEFINED_PLOTS = {"loss", "agreement", "agreement_by_k", "distance", "trajectory"}


class Workspace:
    """A git repository with the pipeline in it."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "PATH": f"{cache}:{BIN}:{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(cache),
            "GIT_CONFIG_GLOBAL": str(cache / "gitconfig"),
        }
        self.environment.pop("DATASETS_ROOT", None)
        cache.mkdir(exist_ok=True)
        for name, arguments in (("python", ""), ("dvc", "-m dvc")):
            command = cache / name
            command.write_text(
                f'#!/bin/sh\nexec {sys.executable} -S {WARM_PYTHON} {arguments} "$@"\n'
            )
            command.chmod(0o755)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        program, *rest = arguments
        program = shutil.which(program, path=self.environment["PATH"]) or program
        return subprocess.run(
            [program, *rest], cwd=self.folder, env=self.environment, capture_output=True, text=True
        )

    def check(self, *arguments: str) -> str:
        result = self.command(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def change(self, section: str, **values: Any) -> None:
        yaml = YAML()
        params = yaml.load(self.folder / "params.yaml")
        params[section].update(values)
        yaml.dump(params, self.folder / "params.yaml")

    def reproduce(self, *options: str) -> set[str]:
        """Run `dvc repro`; return the stages whose command was executed."""
        return set(re.findall(r"Running stage '([\w@]+)'", self.check("dvc", "repro", *options)))

    def metrics(self) -> dict[str, Any]:
        return json.loads((self.folder / "metrics/agreement.json").read_text())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace in which the pipeline has run once and been committed."""
    folder = tmp_path_factory.mktemp("finished") / "project"
    cache = tmp_path_factory.mktemp("cache")
    (cache / "gitconfig").write_text("[user]\nname = Test\nemail = test@example.org\n")
    folder.mkdir()
    shutil.copytree(ROOT / "stages", folder / "stages", ignore=shutil.ignore_patterns("*.pyc"))
    (folder / ".dvc").mkdir()
    for name in ("dvc.yaml", "params.yaml", ".dvcignore", ".gitignore", ".dvc/config"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copy(ROOT / ".dvc/.gitignore", folder / ".dvc/.gitignore")
    for name in ("data", "metrics", "plots"):
        (folder / name).mkdir()
    workspace = Workspace(folder, cache)
    for section, values in TINY.items():
        workspace.change(section, **values)
    workspace.check("git", "init", "-q")
    assert workspace.reproduce() == {"check", "fetch"} | DOWNSTREAM_OF_SPLIT
    workspace.check("git", "add", ".")
    workspace.check("git", "commit", "-qm", "first run")
    return workspace


@pytest.fixture
def workspace(finished: Workspace, tmp_path: Path) -> Workspace:
    """The finished workspace for one test alone."""
    folder = tmp_path / "project"
    shutil.copytree(finished.folder, folder, symlinks=True)
    copy = Workspace(folder, tmp_path / "cache")
    copy.environment["GIT_CONFIG_GLOBAL"] = finished.environment["GIT_CONFIG_GLOBAL"]
    return copy


def test_nothing_changed_runs_nothing(workspace: Workspace) -> None:
    assert workspace.reproduce() == set()


def test_k_reruns_metrics_and_plots_and_its_revert_runs_nothing(workspace: Workspace) -> None:
    before = workspace.metrics()
    workspace.change("metrics", k=5)
    assert workspace.reproduce() == {"check", "metrics", "trajectory", "plots", "localize"}
    assert workspace.metrics()["k"] == 5
    workspace.change("metrics", k=3)
    assert workspace.reproduce() == set()  # restored from the run cache
    assert workspace.metrics() == before


def test_blurs_rerun_localization_from_the_kept_maps(workspace: Workspace) -> None:
    workspace.change("localize", blurs=[1])
    assert workspace.reproduce("localize") == {"check", "localize"}
    assert workspace.reproduce("--dry") == {"localization_plots"}
    blur = pd.read_csv(workspace.folder / "metrics/localization.csv")["blur"]
    assert (blur == 1).all()


def test_planted_novelties_rerun_what_is_measured_on_them_and_train_nothing(
    workspace: Workspace,
) -> None:
    workspace.change("plant", kinds=["disk", "square"])
    assert workspace.reproduce("plant") == {"check", "plant"}
    assert workspace.reproduce("--dry") == LOCALIZATION


def test_number_of_trees_reruns_detection_and_retrains_nothing(workspace: Workspace) -> None:
    workspace.change("detect", trees=7)
    assert workspace.reproduce("detect") == {"check", "detect"}
    assert workspace.reproduce("--dry") == {"detection_plots"}


def test_setting_of_the_classifiers_leaves_the_maps_alone(workspace: Workspace) -> None:
    workspace.change("classifier", learning_rate=0.01)
    assert workspace.reproduce("--dry") == {"check"} | CLASSIFIERS  # and what reads their weights


def test_variant_that_is_no_longer_named_is_left_out(workspace: Workspace) -> None:
    workspace.change("classifier", variants={"nominal": {"objective": "nominal"}})
    assert workspace.reproduce("detect") == {"check", "embed", "detect"}
    detection = json.loads((workspace.folder / "metrics/detection.json").read_text())
    assert "hybrid" not in detection
    assert "nominal" in detection


def test_setting_of_one_variant_trains_that_one_alone(workspace: Workspace) -> None:
    run = ("dvc", "exp", "run", "-S", "classifier.variants.hybrid.reconstruction_weight=0.1")
    trained = re.findall(r"Running stage '(classify@\w+)'", workspace.check(*run, "classify"))
    assert trained == ["classify@hybrid"]


def test_variant_is_added_by_name_and_a_second_seed_makes_an_ensemble(workspace: Workspace) -> None:
    added = "+classifier.variants.second={objective: nominal, seed: 1}"
    done = workspace.check("dvc", "exp", "run", "-S", added, "detect")
    assert re.findall(r"Running stage '(classify@\w+)'", done) == ["classify@second"]
    detection = json.loads((workspace.folder / "metrics/detection.json").read_text())
    assert {"mutual_information", "ensemble_max_logit", "forest"} <= (
        detection["nominal_ensemble"].keys()
    )


def test_plot_style_reruns_plots(workspace: Workspace) -> None:
    workspace.change("plots", colormap="viridis")
    assert workspace.reproduce("--dry") == {"check", "plots", "localization_plots"}


def test_normal_classes_rerun_all_but_fetch(workspace: Workspace) -> None:
    workspace.change("split", normal_classes=[0, 1])
    rerun = workspace.reproduce("maps", "plant", "embed")
    assert rerun == {"check", "split", "train", "maps", "plant", "embed"} | CLASSIFIERS
    assert rerun | workspace.reproduce("--dry") == {"check"} | DOWNSTREAM_OF_SPLIT


def test_code_of_the_figures_reruns_plots(workspace: Workspace) -> None:
    file = workspace.folder / "stages/lib/figures.py"
    file.write_text(file.read_text() + "\n# changed\n")
    drawn = {"plots", "detection_plots", "localization_plots"}
    assert workspace.reproduce("--dry") == drawn


def test_code_of_the_scores_recomputes_no_embedding(workspace: Workspace) -> None:
    file = workspace.folder / "stages/lib/scores.py"
    file.write_text(file.read_text() + "\n# changed\n")
    assert workspace.reproduce() == {"detect"}


def test_impossible_parameter_stops_before_anything_is_deleted(workspace: Workspace) -> None:
    outputs = [
        file
        for top in ("data", "metrics", "plots")
        for file in sorted((workspace.folder / top).rglob("*"))
        if file.is_file() and file.name != "params_checked.txt"
    ]
    before = {file: file.read_bytes() for file in outputs}
    workspace.change("metrics", k=65)
    workspace.change("split", normal_classes=[3])
    result = workspace.command("dvc", "repro")
    assert result.returncode != 0
    assert "metrics.k is 65" in result.stderr
    assert {file: file.read_bytes() for file in outputs} == before
    workspace.check("git", "checkout", "params.yaml")
    assert workspace.reproduce() == set()


def test_diffs_compare_like_with_like_across_k_and_classes(workspace: Workspace) -> None:
    settings = ["-S", "metrics.k=5", "-S", "split.normal_classes=[0,1]"]
    workspace.check("dvc", "exp", "run", "--name", "two", *settings, "plots")
    diff = json.loads(workspace.check("dvc", "metrics", "diff", "--json"))
    agreement = diff["metrics/agreement.json"]
    assert {"old", "new", "diff"} <= agreement["normal.agreement.estimate"].keys()
    assert agreement["k"]["old"] == 3
    assert agreement["k"]["new"] == 5
    assert all("old" in entry and "new" in entry for entry in agreement.values())
    params = json.loads(workspace.check("dvc", "params", "diff", "--json"))["params.yaml"]
    assert params["metrics.k"] == {"old": 3, "new": 5, "diff": 2}
    workspace.check(sys.executable, "-m", "stages.compare", "two", "--output", "compared")
    summary = pd.read_csv(workspace.folder / "compared/summary.csv", index_col="metric")
    found = workspace.metrics()["novel"]["agreement"]["estimate"]
    assert summary.loc["novel_agreement", "estimate"] == found
    plots = json.loads(workspace.check("dvc", "plots", "diff", "--json"))
    assert not plots.get("errors")
    assert plots["data"].keys() >= DEFINED_PLOTS


def test_fresh_clone_restores_what_an_experiment_shares_with_an_earlier_one(
    finished: Workspace, tmp_path: Path
) -> None:
    """A clone has no cache: nothing that the last commit made is there, only its dvc.lock."""
    clone = Workspace(tmp_path / "clone", tmp_path / "cache")
    clone.environment["GIT_CONFIG_GLOBAL"] = finished.environment["GIT_CONFIG_GLOBAL"]
    finished.check("git", "clone", "-q", str(finished.folder), str(clone.folder))
    run = ("dvc", "exp", "run", "--temp", "metrics", "-S", "train.seed=1")
    clone.check(*run, "--name", "first", "-S", "metrics.k=4")
    second = clone.check(*run, "--name", "second", "-S", "metrics.k=5")
    assert set(re.findall(r"Running stage '([\w@]+)'", second)) == {"check", "metrics"}
    assert "Stage 'train' is cached" in second


def test_plots_are_shown(workspace: Workspace) -> None:
    shown = json.loads(workspace.check("dvc", "plots", "show", "--json"))
    assert not shown.get("errors")
    for name in DEFINED_PLOTS | {"plots/maps.png", "metrics/training.csv"}:
        assert shown["data"][name], name
