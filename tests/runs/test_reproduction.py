"""Real `dvc repro` runs on tiny images: what reruns when something changes."""

import json
import re
import sys
from pathlib import Path

import pandas as pd
import pytest
from runs.workspace import Repository

CLASSIFIERS = {"representation_classify@nominal", "representation_classify@hybrid"}
REPRESENTATION = {"representation_metrics", "representation_trajectory", "representation_plots"}
LOCALIZATION = {"maps", "measures", "metrics", "faithfulness", "plots"}
LOCALIZATION = {f"localization_{name}" for name in LOCALIZATION}
DOWNSTREAM_OF_SPLIT = (
    {"split", "train", "maps", "ranks", "metrics", "trajectory_ranks", "trajectory", "plots"}
    | {"report", "localization_plant", "representation_check", "representation_embed"}
    | CLASSIFIERS
    | REPRESENTATION
    | LOCALIZATION
)
DRAWN = {
    f"metrics/{name}.csv"
    for name in ("training", "agreement_histogram", "agreement_by_k", "trajectory", "localization")
}
GUARDS = {"survey", "check", "check_network"}
SMALLER = {
    "metrics": {"k": 3},
    "localization": {
        "methods": ["reconstruction_error", "absolute_error", "saliency", "uniform"],
        "blurs": [0],
    },
    "plant": {"kinds": ["foreign_patch", "disk"]},
    "faithfulness": {"methods": ["reconstruction_error", "saliency"], "images": 2},
    "classifier": {
        "variants": {
            "nominal": {"objective": "nominal"},
            "hybrid": {"objective": "hybrid", "reconstruction_weight": 0.001},
        }
    },
    "representation": {"others": ["autoencoder"]},
    "plots": {"examples": 1, "dpi": 30},
}


@pytest.fixture(scope="module")
def committed(warm_python: None, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository in which the pipeline has run once and been committed."""
    repository = Repository.tiny(tmp_path_factory.mktemp("committed") / "project")
    for section, values in SMALLER.items():
        repository.change(section, **values)
    assert repository.reproduce() == GUARDS | {"fetch"} | DOWNSTREAM_OF_SPLIT
    repository.check("git", "add", ".")
    repository.check("git", "commit", "-qm", "first run")
    return repository


@pytest.fixture
def repository(committed: Repository, tmp_path: Path) -> Repository:
    """The committed repository for one test alone."""
    copy: Repository = committed.copied_to(tmp_path / "project")  # type: ignore[assignment]
    return copy


def test_nothing_changed_runs_nothing(repository: Repository) -> None:
    assert repository.reproduce() == set()


def test_page_of_the_first_run_answers_all_questions(committed: Repository) -> None:
    page = (committed / "plots/report.html").read_text("utf-8")
    assert "There are no results of" not in page
    assert page.count('<article class="answer">') == 3


def test_k_reruns_metrics_and_plots_and_its_revert_runs_nothing(repository: Repository) -> None:
    before = repository.json("metrics/agreement.json")
    repository.change("metrics", k=5)
    assert repository.reproduce() == {
        "check",
        "metrics",
        "trajectory",
        "plots",
        "localization_metrics",
        "report",
    }
    assert repository.json("metrics/agreement.json")["k"] == 5
    changed = json.loads(repository.check("dvc", "metrics", "diff", "--json"))
    assert set(changed.pop("metrics/glance/agreement.json")) >= {"k", "normal_agreement"}
    assert not changed
    repository.change("metrics", k=3)
    assert repository.reproduce() == set()  # restored from the run cache
    assert repository.json("metrics/agreement.json") == before


def test_blurs_rerun_localization_from_the_kept_maps(repository: Repository) -> None:
    repository.change("localization", blurs=[1])
    assert repository.reproduce("localization_measures") == {"check", "localization_measures"}
    assert repository.reproduce("--dry") == {
        "localization_metrics",
        "localization_plots",
        "report",
    }
    blur = pd.read_csv(repository / "metrics/localization.csv")["blur"]
    assert (blur == 1).all()


def test_planted_novelties_rerun_what_is_measured_on_them_and_train_nothing(
    repository: Repository,
) -> None:
    repository.change("plant", kinds=["disk", "square"])
    assert repository.reproduce("localization_plant") == {"check", "localization_plant"}
    assert repository.reproduce("--dry") == LOCALIZATION | {"report"}


def test_number_of_trees_reruns_detection_and_retrains_nothing(repository: Repository) -> None:
    repository.change("representation", trees=7)
    assert repository.reproduce("representation_metrics") == {"check", "representation_metrics"}
    assert repository.reproduce("--dry") == REPRESENTATION - {"representation_metrics"} | {"report"}


def test_setting_of_the_classifiers_leaves_the_maps_alone(repository: Repository) -> None:
    repository.change("classifier", learning_rate=0.01)
    dry = repository.reproduce("--dry")  # without what reads the weights, which are the old ones
    assert dry == {"check", "report"} | CLASSIFIERS


def test_variant_that_is_no_longer_named_is_left_out(repository: Repository) -> None:
    repository.change("classifier", variants={"nominal": {"objective": "nominal"}})
    assert repository.reproduce("representation_metrics") == {
        "check",
        "representation_embed",
        "representation_metrics",
    }
    detection = repository.json("metrics/detection.json")
    assert "hybrid" not in detection
    assert "nominal" in detection


def test_setting_of_one_variant_trains_that_one_alone(repository: Repository) -> None:
    run = ("dvc", "exp", "run", "-S", "classifier.variants.hybrid.reconstruction_weight=0.1")
    trained = re.findall(
        r"Running stage '(representation_classify@\w+)'",
        repository.check(*run, "representation_classify"),
    )
    assert trained == ["representation_classify@hybrid"]


def test_variant_is_added_by_name_and_a_second_seed_makes_an_ensemble(
    repository: Repository,
) -> None:
    added = "+classifier.variants.second={objective: nominal, seed: 1}"
    done = repository.check("dvc", "exp", "run", "-S", added, "representation_metrics")
    assert re.findall(r"Running stage '(representation_classify@\w+)'", done) == [
        "representation_classify@second"
    ]
    detection = repository.json("metrics/detection.json")
    assert {"mutual_information", "ensemble_max_logit", "forest"} <= (
        detection["nominal_ensemble"].keys()
    )


def test_plot_style_reruns_plots(repository: Repository) -> None:
    repository.change("plots", colormap="viridis")
    assert repository.reproduce("--dry") == {"check", "plots", "localization_plots", "report"}


def test_normal_classes_rerun_all_but_fetch(repository: Repository) -> None:
    repository.change("split", normal_classes=[0, 1])
    rerun = repository.reproduce("maps", "localization_plant", "representation_embed")
    before = {*GUARDS, "split", "representation_check"}
    assert (
        rerun
        == before | {"train", "maps", "localization_plant", "representation_embed"} | CLASSIFIERS
    )
    assert rerun | repository.reproduce("--dry") == GUARDS | DOWNSTREAM_OF_SPLIT


def test_code_of_the_figures_reruns_plots(repository: Repository) -> None:
    file = repository / "novelty_maps/figures/style.py"
    file.write_text(file.read_text() + "\n# changed\n")
    drawn = {"plots", "representation_plots", "localization_plots", "report"}
    assert repository.reproduce("--dry") == drawn


def test_code_of_the_scores_recomputes_no_embedding(repository: Repository) -> None:
    file = repository / "novelty_maps/representation/scores.py"
    file.write_text(file.read_text() + "\n# changed\n")
    assert repository.reproduce() == {"representation_metrics", "representation_trajectory"}


def test_impossible_parameter_stops_before_anything_is_deleted(repository: Repository) -> None:
    outputs = [
        file
        for top in ("data", "metrics", "plots")
        for file in sorted((repository / top).rglob("*"))
        if file.is_file()
        and file.name not in ("params_checked.txt", "network_checked.txt", "survey.json")
    ]
    before = {file: file.read_bytes() for file in outputs}
    repository.change("metrics", k=65)
    repository.change("split", normal_classes=[3])
    result = repository.command("dvc", "repro")
    assert result.returncode != 0
    assert "metrics.k is 65" in result.stderr
    assert {file: file.read_bytes() for file in outputs} == before
    repository.check("git", "checkout", "params.yaml")
    assert repository.reproduce() == set()


@pytest.mark.parametrize(
    ("kept", "remedy"), [("    cm", "git checkout dvc.lock"), ("", "rm dvc.lock")]
)
def test_lock_file_that_a_kill_cut_off_is_mended_and_nothing_finished_runs_twice(
    repository: Repository, kept: str, remedy: str
) -> None:
    repository.change("metrics", k=5)
    assert "metrics" in repository.reproduce("metrics")
    after = repository.snapshot()
    text = (repository / "dvc.lock").read_text()
    (repository / "dvc.lock").write_text(text[: text.index(kept) + len(kept)])
    stopped = repository.command("dvc", "repro", "metrics")
    assert stopped.returncode != 0
    assert "dvc.lock" in stopped.stderr
    assert repository.snapshot() == after
    repository.check(*remedy.split())
    assert repository.reproduce("metrics") == set()
    assert repository.snapshot() == after


def test_lock_of_a_killed_dvc_is_removed_and_nothing_runs_twice(repository: Repository) -> None:
    (repository / ".dvc/tmp/rwlock").write_text('{"data/split.csv": {"wri')
    stopped = repository.command("dvc", "repro")
    assert stopped.returncode != 0
    assert ".dvc/tmp/rwlock" in stopped.stderr
    repository.check("rm", ".dvc/tmp/rwlock")
    assert repository.reproduce() == set()


def test_diffs_compare_like_with_like_across_k_and_classes(repository: Repository) -> None:
    settings = ["-S", "metrics.k=5", "-S", "split.normal_classes=[0,1]"]
    repository.check("dvc", "exp", "run", "--name", "two", *settings, "plots")
    diff = json.loads(repository.check("dvc", "metrics", "diff", "--json"))
    agreement = diff["metrics/glance/agreement.json"]
    assert {"old", "new", "diff"} <= agreement["normal_agreement"].keys()
    assert agreement["k"]["old"] == 3
    assert agreement["k"]["new"] == 5
    assert all("old" in entry and "new" in entry for entry in agreement.values())
    shown = ("dvc", "exp", "show", "--only-changed", "--no-pager")
    header = repository.check("env", "COLUMNS=200", *shown).splitlines()[1].split()
    assert {"novel_agreement", "metrics.k", "split.normal_classes"} <= set(header)  # not cut off
    params = json.loads(repository.check("dvc", "params", "diff", "--json"))["params.yaml"]
    assert params["metrics.k"] == {"old": 3, "new": 5, "diff": 2}
    repository.check(sys.executable, "-m", "studies", "compare", "two", "--output", "compared")
    summary = pd.read_csv(repository / "compared/summary.csv", index_col="metric")
    found = repository.json("metrics/agreement.json")["novel"]["agreement"]["estimate"]
    assert summary.loc["novel_agreement", "estimate"] == found
    plots = json.loads(repository.check("dvc", "plots", "diff", "--json"))
    assert not plots.get("errors")
    assert plots["data"].keys() >= DRAWN


def test_fresh_clone_restores_what_an_experiment_shares_with_an_earlier_one(
    committed: Repository, tmp_path: Path
) -> None:
    """A clone has no cache: nothing that the last commit made is there, only its dvc.lock."""
    clone = Repository(tmp_path / "clone")
    committed.check("git", "clone", "-q", str(committed.folder), str(clone.folder))
    run = ("dvc", "exp", "run", "--temp", "metrics", "-S", "train.seed=1")
    clone.check(*run, "--name", "first", "-S", "metrics.k=4")
    second = clone.check(*run, "--name", "second", "-S", "metrics.k=5")
    assert set(Repository.executed(second)) == {"check", "metrics"}
    assert "Stage 'train' is cached" in second


def test_plots_are_shown(repository: Repository) -> None:
    shown = json.loads(repository.check("dvc", "plots", "show", "--json"))
    assert not shown.get("errors")
    for name in DRAWN:
        assert shown["data"][name], name


def test_training_that_keeps_no_epoch_leaves_no_empty_folder_to_warn_of(
    repository: Repository,
) -> None:
    repository.change("train", keep_epochs=[])
    done = repository.command("dvc", "repro", "train")
    assert done.returncode == 0, done.stderr
    assert "is empty" not in done.stdout + done.stderr
