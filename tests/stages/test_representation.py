"""The stages of representation, one after the other on a few small images."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
import typer
from oracles.classifier_params import classifier_params
from oracles.hasty_perceptron import hasty
from oracles.parameters import section
from ruamel.yaml import YAML
from typer.testing import CliRunner

from novelty_maps.autoencoders.files import AUTOENCODER
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.classifiers.files import CLASSIFIER_METRICS, read_classifier
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.params.plots import PlotsParams
from novelty_maps.params.representation import RepresentationParams
from novelty_maps.pipeline import formats
from novelty_maps.pipeline.arrays import write_array
from novelty_maps.pipeline.options import from_sections
from novelty_maps.pipeline.paths import RAW_IMAGES, RAW_PROVENANCE, SPLIT
from novelty_maps.representation import embedders, oracles
from novelty_maps.representation.files import (
    DETECTION_GLANCE,
    DETECTION_METRICS,
    EMBEDDINGS,
    REPRESENTATION_PLOTS,
    read_detection,
    read_detection_by_epoch,
    read_samples,
    read_scores,
)
from novelty_maps.training.checkpoints import Checkpoint
from stages.representation import classify, embed, metrics, plots, trajectory

VARIANTS = {
    "nominal": {"objective": "nominal"},
    "all_classes": {"objective": "all_classes"},
    "hybrid": {"objective": "hybrid", "reconstruction_weight": 0.001},
    "csi": {"objective": "small_csi"},
    "views": {"objective": "small_csi", "shifts": False},
    "jem": {"objective": "jem", "steps": 1, "learning_rate": 0.0001},
    "second": {"objective": "nominal", "seed": 1, "learning_rate": 0.01},
}
CLASSIFIER = classifier_params(VARIANTS, epochs=1, keep_epochs=[1, 2])
OTHERS = ["autoencoder", "untrained", "imagenet", "raw_pixels"]
COUNTS = {"train": 40, "validation": 30, "test": 50}


class Frozen(torch.nn.Module):
    """Stands for the network trained on ImageNet: the mean of each row of pixels."""

    def outputs(self, x):
        return {"z": x.mean(dim=(1, 3))}


def write_images():
    """Noise about a level of its own for each of five classes, of which 3 and 4 are novel."""
    rows = pd.DataFrame({"part": np.repeat(list(COUNTS), list(COUNTS.values()))})
    rows["label"] = np.arange(len(rows)) % 5
    rows["novel"] = (rows["label"] >= 3).astype(int)
    rows["row"] = rows["source_row"] = np.arange(len(rows))
    noise = np.random.default_rng(0).integers(0, 50, (len(rows), 1, 8, 8))
    levels = 40 * rows["label"].to_numpy()[:, None, None, None]
    write_array(RAW_IMAGES, (noise + levels).astype(np.uint8))
    formats.write_table(SPLIT, rows)
    formats.write_json(RAW_PROVENANCE, {"channels": 1, "classes": list("abcde"), "image_size": 8})
    network = seeded_autoencoder(0, network="lsa", image_shape=(1, 8, 8), code_length=4)
    formats.write_torch(AUTOENCODER, network.state_dict())


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("representation")
        patch.chdir(folder)
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        write_images()
        for name in VARIANTS:
            classify.main(name, CLASSIFIER)
        EMBEDDINGS.mkdir(parents=True)
        REPRESENTATION_PLOTS.mkdir(parents=True)
        for left_over in (EMBEDDINGS / "old.test.z.npy", REPRESENTATION_PLOTS / "old.png"):
            left_over.touch()
        few = {"trees": 5, "labelled_anomalies": [3, 12, 13], "draws": 1, "others": OTHERS}
        asked = section(RepresentationParams, "representation", **few)
        patch.setattr(embedders, "pooled_network", lambda detectors: Frozen())
        patch.setattr(oracles, "MLPClassifier", hasty)
        embed.main(CLASSIFIER, asked, section(DetectorsParams, "detectors"))
        metrics.main(asked, CLASSIFIER)
        trajectory.main(CLASSIFIER, asked)
        plots.main(section(PlotsParams, "plots", examples=1, dpi=30))
        yield folder


def test_training_tells_of_its_epochs(workspace):
    for name in VARIANTS:
        history = pd.read_csv(CLASSIFIER_METRICS / f"{name}.csv")
        assert list(history.columns) == ["epoch", "train_loss", "validation_error"]
        numbers = json.loads((CLASSIFIER_METRICS / f"{name}.json").read_text())
        (accuracy,) = numbers.keys() - {"epochs", "best_epoch"}
        assert numbers[accuracy] == pytest.approx(1 - history["validation_error"].min())
    assert not list((workspace / "cache").rglob("*.pt"))


def test_novel_classes_are_trained_on_by_the_oracle_alone(workspace):
    outputs = {name: len(read_classifier(name)["head.weight"]) for name in ("nominal", "hybrid")}
    assert outputs == {"nominal": 3, "hybrid": 3}
    assert len(read_classifier("all_classes")["head.weight"]) == 5


def test_embeddings_are_of_the_networks_there_are(workspace):
    found = {tuple(file.name.split(".")[:2]) for file in EMBEDDINGS.iterdir()}
    names = [*VARIANTS, "autoencoder", "untrained", "imagenet"]
    parts = {(name, part) for name in names for part in ("validation", "test")}
    parts |= {(name, "train") for name in names if name != "all_classes"}
    linear = [name for name in names if name not in ("csi", "views", "autoencoder", "imagenet")]
    heads = {(name, "head") for name in linear}
    assert found == parts | heads | {("jem", "samples")}
    normal = np.load(EMBEDDINGS / "csi.train.projection.npy")
    assert len(normal) == 24
    kept = read_classifier("jem")["replay"][:64]
    np.testing.assert_array_equal(read_samples()["jem"], kept)


def test_scores_and_table_are_of_every_representation(workspace):
    table, scores = read_detection(), read_scores()
    names = [*VARIANTS, "autoencoder", "untrained", "imagenet", "raw_pixels"]
    assert list(dict.fromkeys(table["representation"])) == names
    assert json.loads(DETECTION_METRICS.read_text()).keys() == set(names)
    assert list(scores["row"]) == list(range(70, 120))
    for name in names:
        assert f"{name}/forest" in scores
    assert "imagenet/nearest_neighbours" in scores
    assert not set(table["labels"]) - {"none", "all", "other classes", "3", "12"}


def test_glance_is_of_the_first_network(workspace):
    first = json.loads(DETECTION_METRICS.read_text())["nominal"]
    assert json.loads(DETECTION_GLANCE.read_text()) == {
        "score_auroc": first["max_logit"]["auroc"]["estimate"],
        "forest_auroc": first["forest"]["auroc"]["estimate"],
    }


def test_curve_of_a_classifier_grows_with_every_epoch_where_no_weights_are(workspace, monkeypatch):
    curve, lengths = CLASSIFIER_METRICS / "new.csv", []

    def save(checkpoint, state):
        lengths.append(len(pd.read_csv(curve)) if curve.exists() else 0)

    monkeypatch.setattr(Checkpoint, "save", save)
    variants = {"new": {"objective": "nominal"}}
    for epochs in (2, 1):
        classify.main("new", classifier_params(variants, epochs=epochs))
    assert lengths == [0, 1, 2]
    assert list(pd.read_csv(curve)) == ["epoch", "train_loss", "validation_error"]
    assert len(pd.read_csv(curve)) == 1


def test_folder_of_figures_has_those_of_this_run_alone(workspace):
    names = ["along_training", "held_out_classes", "labelled_anomalies", "reconstruction_weight"]
    names += ["representations", "roc", "samples"]
    assert sorted(file.name for file in REPRESENTATION_PLOTS.iterdir()) == [
        f"{name}.png" for name in names
    ]


def test_what_the_command_line_gives_is_stronger_than_the_variants_own(workspace):
    command = typer.Typer()
    command.command()(from_sections(classify.main))

    def weights(*options, **own):
        variants = VARIANTS | {"second": VARIANTS["second"] | own}
        section = classifier_params(variants, epochs=1).model_dump(exclude_none=True)
        YAML().dump({"classifier": section}, workspace / "params.yaml")
        done = CliRunner().invoke(command, ["second", *options])
        assert done.exit_code == 0, done.output
        return read_classifier("second")

    own = weights()
    for options, changes in (
        (["--seed", "3"], {"seed": 3}),
        (["--learning-rate", "0.02"], {"learning_rate": 0.02}),
    ):
        given, expected = weights(*options), weights(**changes)
        assert all(torch.equal(given[key], expected[key]) for key in own)
        assert any(not torch.equal(given[key], own[key]) for key in own)


def test_networks_after_their_only_epoch_are_the_finished_ones(workspace):
    """Epoch 2 was not reached. Scores that compare with training images are those of the end."""
    by_epoch = read_detection_by_epoch()
    assert set(by_epoch["epoch"]) == {1}
    assert list(dict.fromkeys(by_epoch["representation"])) == list(VARIANTS)
    keys = ["representation", "detector", "labels"]
    finished = read_detection()
    finished = finished[finished["novel_class"] == "all"]
    both = by_epoch.merge(finished, on=keys, suffixes=("", "_finished"))
    assert len(both) == len(by_epoch)
    assert {"forest", "linear", "mlp", "max_logit"} <= set(both["detector"])
    for name in ("auroc", "auroc_low", "equal_error_rate", "closed_set_accuracy", "oracle"):
        np.testing.assert_array_equal(both[name], both[f"{name}_finished"], err_msg=name)
    assert (REPRESENTATION_PLOTS / "along_training.png").exists()


def test_without_kept_epochs_the_table_is_empty(workspace, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_images()
    alone = classifier_params({"a": {"objective": "nominal"}}, epochs=1)
    classify.main("a", alone)
    trajectory.main(alone, section(RepresentationParams, "representation", trees=2))
    assert read_detection_by_epoch().empty
