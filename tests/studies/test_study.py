"""Studies as they are defined: their runs, and what a definition may not say."""

import os
import shutil
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides
from oracles.parameters import write_params

from novelty_maps.params.whole import load_params, validated
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.paths import PARAMS
from novelty_maps.pipeline.section import read_yaml
from stages.check import require_possible
from stages.check_network import fitting
from studies import paths
from studies.study import load_studies, parse_settings

ROOT = Path(__file__).resolve().parents[2]
PARAMS = ROOT / PARAMS
SECTIONS = read_yaml(PARAMS)
STUDIES = load_studies(ROOT / paths.DEFINITIONS, ROOT / paths.BASE)
RUNS = {run.name: run for study in STUDIES.values() for run in study.runs()}
OPEN = "open_60_20_20"
# Studies whose tables were made with batch norm's moving averages.
FINISHED = {
    "learning-rates": ("agreement", 5),
    "seeds": ("agreement", 10),
    "trajectories": ("agreement", 3),
    "classes": ("agreement", 13),
    "representations-mnist": ("representation", 5),
    "representations-cifar10-jpeg": ("representation", 5),
    "networks-mnist": ("representation", 1),
    "few-labels-mnist": ("representation", 1),
    "both-papers": ("representation", 1),
}
# Studies of the authors' setting, whose networks have batch norm's statistics computed anew.
AUTHORS = {
    "authors-weights": ("agreement", 9),
    "authors-setting": ("agreement", 3),
    "batch-norm": ("agreement", 6),
    "localization-published": ("localization", 9),
    "localization-training": ("localization", 16),
    "localization-all-maps": ("localization", 5),
    "localization-networks": ("localization", 13),
    "natural-defects": ("localization", 19),
}
# Studies of classifiers that have converged, with batch norm's statistics computed anew.
CONVERGED = {
    "representations-cifar10": ("representation", 5),
    "reconstruction-weight-cifar10": ("representation", 1),
    "representations-cifar100": ("representation", 1),
    "networks-cifar10": ("representation", 1),
    "small-versions": ("representation", 1),
    "resnet20-cifar10": ("representation", 1),
}
KNOWN = FINISHED | AUTHORS | CONVERGED


@pytest.mark.parametrize("name", RUNS)
def test_run_passes_every_check_of_its_parameters(name):
    params = RUNS[name].params(SECTIONS)
    if params.data.name == "folder":
        folder = Path(os.environ.get("DATASETS_ROOT", "")) / str(params.data.path)
        if not folder.is_dir():
            pytest.skip(f"needs {params.data.path} in the folder in DATASETS_ROOT")
    require_possible(params)
    fitting(params.train, (1, params.data.image_size, params.data.image_size))


@pytest.mark.parametrize("name", RUNS)
def test_dvc_reads_a_runs_overrides_as_its_parameters(name, tmp_path):
    overrides = RUNS[name].overrides()
    named = {override.lstrip("+~").partition(".")[0] for override in overrides}
    file = write_params(tmp_path, {section: SECTIONS[section] for section in named})
    apply_overrides(file, overrides)
    read = validated(SECTIONS | read_yaml(file), source=name)
    assert read == RUNS[name].params(SECTIONS)


@pytest.mark.parametrize("name", KNOWN)
def test_study_keeps_its_question_and_its_number_of_runs(name):
    study = STUDIES[name]
    assert (study.definition.question, len(study.runs())) == KNOWN[name]


@pytest.mark.parametrize("name", FINISHED)
def test_finished_studies_have_batch_norms_moving_averages(name):
    for run in STUDIES[name].runs():
        params = run.params(SECTIONS)
        assert params.train.batch_norm == params.classifier.batch_norm == "running"


@pytest.mark.parametrize("name", AUTHORS)
def test_studies_of_the_authors_setting_have_statistics_computed_anew(name):
    kinds = {run.params(SECTIONS).train.batch_norm for run in STUDIES[name].runs()}
    assert kinds == {"both" if name == "batch-norm" else "precise"}


@pytest.mark.parametrize("name", CONVERGED)
def test_studies_of_converged_classifiers_have_the_slides_oracles(name):
    for run in STUDIES[name].runs():
        params = run.params(SECTIONS)
        assert params.classifier.batch_norm == "precise"
        assert (params.representation.trees, params.representation.draws) == (1000, 10)


def test_epochs_of_the_authors_are_kept_with_the_epochs_around_them():
    (trained,) = {
        (run.params(SECTIONS).train.epochs, tuple(run.params(SECTIONS).train.keep_epochs))
        for name in ("authors-setting", "localization-training")
        for run in STUDIES[name].runs()
    }
    last, kept = trained
    for run in STUDIES["authors-weights"].runs():
        epoch = int(run.params(SECTIONS).train.from_checkpoint[-6:-3])
        around = {epoch - 1, epoch, epoch + 1}
        assert {each for each in around if each <= last} <= set(kept), epoch


def test_localization_while_training_is_asked_of_every_seed_and_epoch():
    asked = [run.params(SECTIONS) for run in STUDIES["localization-training"].runs()]
    found = sorted((p.train.noise_std, p.train.seed, p.localization.epoch) for p in asked)
    plain = [(0, seed, epoch) for seed in (0, 1) for epoch in (5, 20, 50, 100, 200, 500)]
    assert found == [*plain, *((0.025, 0, epoch) for epoch in (5, 50, 200, 500))]


@pytest.mark.parametrize(
    "name", ["localization-published", "localization-training", "localization-networks"]
)
def test_maps_that_the_rule_compares_are_asked_where_every_image_is_planted(name):
    needed = {"reconstruction_error", "absolute_error", "saliency", "squared_saliency"}
    for run in STUDIES[name].runs():
        params = run.params(SECTIONS)
        assert needed | {"sobel", "distance_to_mean"} <= set(params.localization.methods)
        assert {"reconstruction_error", "saliency"} <= set(params.faithfulness.methods)
        assert params.plant.test_images >= 5139  # normal test images of MNIST


# What runs were made with, by dotted key; only what differs from params.yaml.
FAST = {"train.precision": "bf16", "train.compile": True, "train.patience": 1000}
MNIST = {"data.name": "mnist", **FAST}
SHORT = {**MNIST, "train.epochs": 20, "train.keep_epochs": [1, 2, 5, 10, 20]}
REPRESENTATION = {
    **FAST,
    "classifier.precision": "bf16",
    "classifier.compile": True,
    "classifier.patience": 1000,
    "train.learning_rate": 0.003,
    "representation.trees": 200,
}
CIFAR10 = {
    **REPRESENTATION,
    "data.name": "cifar10",
    "data.image_size": 32,
    "split.protocol": OPEN,
    "train.epochs": 6,
    "train.keep_epochs": [6],
    "classifier.augmentation": "shift_and_flip",
}
ONE_CYCLE = {
    "split.protocol": OPEN,
    "train.network": "pca",
    "train.keep_epochs": [],
    "train.batch_norm": "precise",
    "classifier.batch_norm": "precise",
    "classifier.epochs": 20,
    "classifier.patience": 1000,
    "classifier.batch_size": 128,
    "classifier.schedule": "one_cycle",
    "classifier.learning_rate": 0.01,
    "classifier.weight_decay": 0.05,
    "classifier.augmentation": "shift_and_flip",
    "classifier.precision": "bf16",
    "classifier.compile": True,
    "representation.trees": 1000,
    "representation.draws": 10,
    "representation.others": [],
    "representation.labelled_anomalies": [],
    "representation.held_out_classes": False,
}
MADE_WITH = {
    "learning-rates-1": {**SHORT, "train.learning_rate": 0.0001},
    "learning-rates-5": {**SHORT, "train.learning_rate": 0.01},
    "seeds-1": {**SHORT, "train.learning_rate": 0.003, "metrics.k": 5},
    "seeds-10": {**SHORT, "train.learning_rate": 0.003, "train.seed": 4},
    "trajectories": {
        **MNIST,
        "train.learning_rate": 0.003,
        "train.epochs": 200,
        "train.keep_epochs": [1, 2, 5, 10, 20, 50, 100, 200],
    },
    "trajectories-denoising": {
        **MNIST,
        "train.learning_rate": 0.003,
        "train.epochs": 50,
        "train.keep_epochs": [1, 2, 5, 10, 20, 50],
        "train.noise_std": 0.2,
    },
    "classes-1": {
        **SHORT,
        "train.learning_rate": 0.003,
        "train.keep_epochs": [],
        "split.normal_classes": [5, 6, 7, 8, 9],
    },
    "classes-13": {
        **SHORT,
        "train.learning_rate": 0.003,
        "train.keep_epochs": [],
        "split.normal_classes": [9],
    },
    "representations-mnist-2": {
        **REPRESENTATION,
        "data.name": "mnist",
        "split.protocol": OPEN,
        "split.normal_classes": [0, 3, 5, 7, 8, 9],
        "train.epochs": 6,
        "train.keep_epochs": [6],
        "classifier.epochs": 6,
    },
    "representations-cifar10-jpeg-1": {
        **CIFAR10,
        "split.normal_classes": [0, 1, 2, 4, 5, 9],
    },
    "networks-cifar10": {
        **ONE_CYCLE,
        "data.name": "cifar10",
        "data.image_size": 32,
        "split.normal_classes": [0, 1, 2, 4, 5, 9],
    },
    "reconstruction-weight-cifar10": {
        **ONE_CYCLE,
        "data.name": "cifar10",
        "data.image_size": 32,
        "split.normal_classes": [0, 1, 2, 4, 5, 9],
        "classifier.epochs": 10,
    },
    "representations-cifar100": {
        **ONE_CYCLE,
        "data.name": "folder",
        "data.path": "cifar100",
        "data.image_size": 32,
        "split.normal_classes": "superclasses_0",
    },
    "small-versions": {
        **ONE_CYCLE,
        "data.name": "mnist",
        "data.image_size": 16,
        "split.normal_classes": [0, 1, 2, 4, 5, 9],
        "classifier.epochs": 12,
        "classifier.augmentation": "none",
    },
    "both-papers": {
        **REPRESENTATION,
        "data.name": "mnist",
        "train.epochs": 20,
        "train.keep_epochs": [20],
        "classifier.epochs": 6,
        "representation.labelled_anomalies": [],
    },
}


def dotted(params):
    """Every setting but the lists of maps and networks, which have tests of their own."""
    return {
        f"{section}.{key}": value
        for section, keys in params.model_dump().items()
        for key, value in keys.items()
        if (section, key) not in {("classifier", "variants"), ("localization", "methods")}
    }


@pytest.mark.parametrize("name", MADE_WITH)
def test_run_has_what_the_finished_one_had_and_the_defaults(name):
    running = {"train.batch_norm": "running", "classifier.batch_norm": "running"}
    expected = dotted(load_params(PARAMS)) | running | MADE_WITH[name]
    assert dotted(RUNS[name].params(SECTIONS)) == expected


PLAIN = {"nominal", "all_classes"}
VARIANTS = {
    "representations-mnist-1": PLAIN | {"hybrid", "generalized_odin", "rotation"},
    "representations-cifar10-1": PLAIN,
    "networks-mnist": PLAIN
    | {"hybrid", "generalized_odin", "rotation", "nominal_1", "nominal_2", "hybrid_sum"},
    "networks-cifar10": {"nominal", *(f"nominal_{i}" for i in range(1, 5))}
    | {"generalized_odin", "generalized_odin_decayed", "rotation", "recolouring", "sobel"},
    "reconstruction-weight-cifar10": {"nominal", *(f"hybrid_{i}" for i in range(6))},
    "representations-cifar100": PLAIN,
    "few-labels-mnist": PLAIN,
    "small-versions": PLAIN | {"nominal_1", "nominal_2", "svgd", "jem", "small_csi", "simclr"},
    "both-papers": PLAIN | {"hybrid"},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_run_has_these_networks(name):
    assert set(RUNS[name].params(SECTIONS).classifier.variants) == VARIANTS[name]


def test_one_study_alone_has_the_slow_maps():
    slow = {"occlusion", "integrated_gradients_black", "integrated_gradients_mean"}
    for name, run in RUNS.items():
        if name.startswith("localization"):
            has = slow <= set(run.params(SECTIONS).localization.methods)
            assert has == name.startswith("localization-all-maps"), name


DEFINITION = "question: agreement\nsays: Why?\n"
BASE = "small: {set: {train.epochs: 2, train.seed: 7}}\nseeds: {sweep: {train.seed: [0, 1]}}\n"


@pytest.fixture
def load(tmp_path):
    """Studies of the given definitions, by name, over two bases."""

    def loaded(**definitions):
        (tmp_path / "base.yaml").write_text(BASE)
        folder = tmp_path / "definitions"
        folder.mkdir()
        for name, text in definitions.items():
            (folder / f"{name.replace('_', '-')}.yaml").write_text(text)
        return load_studies(folder, tmp_path / "base.yaml")

    return loaded


def test_sweep_is_every_combination_the_last_key_fastest(load):
    sweep = "sweep: {metrics.k: [5, 10], train.seed: [0, 1]}\n"
    runs = load(a=DEFINITION + sweep)["a"].runs()
    assert [run.name for run in runs] == ["a-1", "a-2", "a-3", "a-4"]
    values = [(run.settings["metrics.k"], run.settings["train.seed"]) for run in runs]
    assert values == [(5, 0), (5, 1), (10, 0), (10, 1)]


def test_what_comes_later_is_stronger(load):
    part = "base: [small]\nset: {train.epochs: 3}\nparts: {a: {set: {train.epochs: 4}}, a-b: {}}\n"
    runs = load(a=DEFINITION + part)["a"].runs()
    assert [(run.name, run.settings["train.epochs"]) for run in runs] == [("a", 4), ("a-b", 3)]


def test_sweep_and_value_of_one_key_exclude_each_other_the_later_stays(load):
    studies = load(a=DEFINITION + "base: [small, seeds]\n", b=DEFINITION + "base: [seeds, small]\n")
    assert [run.settings["train.seed"] for run in studies["a"].runs()] == [0, 1]
    assert [run.settings["train.seed"] for run in studies["b"].runs()] == [7]


def test_given_value_is_strongest_and_ends_a_sweep_over_its_key(load):
    study = load(a=DEFINITION + "base: [seeds]\nset: {train.epochs: 3}\n")["a"]
    (run,) = study.runs({"train.seed": 5, "train.epochs": 9})
    assert run.settings == {"train.seed": 5, "train.epochs": 9}
    assert run.name == "a"


def test_network_is_added_and_dropped(load, tmp_path):
    more = (
        "set: {classifier.variants.jem: {objective: jem, steps: 2}}\n"
        "drop: [classifier.variants.hybrid]\n"
    )
    (run,) = load(a=DEFINITION + more)["a"].runs()
    assert run.overrides() == [
        "~classifier.variants.hybrid",
        '++classifier.variants.jem.objective="jem"',
        "++classifier.variants.jem.steps=2",
    ]
    variants = run.params(SECTIONS).classifier.variants
    assert "hybrid" not in variants
    assert variants["jem"].steps == 2
    assert "jem" not in SECTIONS["classifier"]["variants"]


@pytest.mark.parametrize("value", ["/a folder/ü", "it's, [so]", "1", "null", "a=b"])
def test_text_reaches_dvc_as_it_is(load, tmp_path, value):
    (run,) = load(a=DEFINITION)["a"].runs({"data.path": value, "data.name": "folder"})
    copied = shutil.copy(PARAMS, tmp_path / "params.yaml")
    apply_overrides(copied, run.overrides())
    assert read_yaml(copied)["data"]["path"] == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sett: {train.epochs: 2}\n", r"a\.yaml: unknown key sett; did you mean set\?"),
        ("parts: {a-b: {sweeps: {}}}\n", r"unknown key parts\.a-b\.sweeps; did you mean sweep\?"),
        ("figures: {runs: a, files: []}\n", r"unknown key figures\.runs; did you mean run\?"),
        ("base: [smal]\n", r"a\.yaml: unknown base smal; did you mean small\?"),
        ("sweep: {train.seed: []}\n", r"sweep\.train\.seed is \[\]"),
        ("parts: {b: {}}\n", r"part b must be named a or a-\.\.\."),
        ("figures: {run: a-3, files: []}\n", r"figures\.run a-3 is no run of it"),
        ("set: {train.seed: 1}\nset: {}\n", "duplicate key"),
    ],
)
def test_impossible_definition_is_one_line(load, text, message):
    with pytest.raises(InputError, match=message) as raised:
        load(a=DEFINITION + text)
    assert "\n" not in str(raised.value)


def test_question_must_be_one_of_the_three(load):
    with pytest.raises(InputError, match=r"a\.yaml: question is 'pixels': input should be 'agree"):
        load(a="question: pixels\nsays: Why?\n")


def test_misspelt_key_of_a_base_is_an_error(tmp_path):
    (tmp_path / "base.yaml").write_text("small: {sets: {}}\n")
    with pytest.raises(InputError, match=r"base\.yaml: small: unknown key sets; did you mean set"):
        load_studies(tmp_path, tmp_path / "base.yaml")


def test_two_runs_of_one_name_are_an_error(load):
    with pytest.raises(InputError, match="2 runs are named a-b: rename"):
        load(a=DEFINITION + "parts: {a-b: {}}\n", a_b=DEFINITION)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"train.epoch": 2}, "unknown key train.epoch; did you mean epochs"),
        ({"train.epochs": 0}, "train.epochs is 0"),
        ({"trian.epochs": 2}, "changes trian.epochs, which names no place; did you mean train"),
        ({"train.epochs.x": 2}, "changes train.epochs.x, which names no place"),
        ({"epochs": 2}, "unknown key epochs"),
    ],
)
def test_setting_that_no_stage_knows_is_one_line(load, given, message):
    (run,) = load(a=DEFINITION)["a"].runs(given)
    with pytest.raises(InputError, match=message):
        run.params(SECTIONS)


def test_dropping_what_is_not_there_is_an_error(load):
    (run,) = load(a=DEFINITION + "drop: [classifier.variants.x]\n")["a"].runs()
    with pytest.raises(InputError, match=r"a drops classifier\.variants\.x, which is not there"):
        run.params(SECTIONS)


def test_given_settings_are_yaml():
    given = parse_settings(["train.learning_rate=1e-5", "split.normal_classes=[0, 1]", "a.b=x=y"])
    assert given == {
        "train.learning_rate": 1e-5,
        "split.normal_classes": [0, 1],
        "a.b": "x=y",
    }


@pytest.mark.parametrize("text", ["train.epochs", "=3", "a.b=[1"])
def test_setting_without_a_value_is_an_error(text):
    with pytest.raises(InputError, match=r"write it like train\.epochs=20"):
        parse_settings([text])
