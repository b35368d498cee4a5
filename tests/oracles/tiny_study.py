"""A study of representation run in this process on a few small images, without DVC."""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.neural_network import MLPClassifier

from novelty_maps.autoencoders.files import AUTOENCODER
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.params.class_names import CLASSES
from novelty_maps.pipeline import formats
from novelty_maps.pipeline.arrays import write_array
from novelty_maps.pipeline.paths import RAW_IMAGES, RAW_LABELS, RAW_PROVENANCE
from novelty_maps.representation import examine, oracles
from novelty_maps.representation.files import DETECTION, DETECTION_BY_EPOCH
from stages import split
from stages.representation import classify, embed, metrics, trajectory
from studies import tables
from studies.experiments import Experiment

SIDE = 8
TINY = {
    "data.image_size": SIDE,
    "classifier.epochs": 1,
    "classifier.batch_size": 64,
    "classifier.precision": "fp32",
    "classifier.compile": False,
    "classifier.device": "cpu",
    "representation.trees": 2,
    "representation.draws": 1,
}


def tiny_tables(study, sections, patch):
    """The tables that `python -m studies compare` makes of the study's runs, in the working folder.

    Training is one epoch on images that this makes; the autoencoder has its initial weights. Runs
    that differ in the normal classes alone are computed once, for the first of them.
    """
    patch.setattr(oracles, "MLPClassifier", _hardly_fitted)
    # They are slow, and it is only asked that there are columns of them.
    for measure in ("average_precision", "equal_error_rate"):
        patch.setattr(examine, measure, lambda novel, score: 0.5)
    made, found, computed = {}, [], {}
    for run in study.runs(TINY):
        params = run.params(sections)
        others = params.model_dump_json(exclude={"split": {"normal_classes"}})
        if others not in computed:
            _run(params)
            computed[others] = {each: pd.read_csv(each) for each in (DETECTION, DETECTION_BY_EPOCH)}
        made[run.name] = computed[others]
        settings = {
            f"{section}.{key}": value
            for section, keys in params.model_dump(exclude_none=True).items()
            for key, value in keys.items()
        }
        found.append(Experiment(run.name, "", settings))
    patch.setattr(tables, "read_table", lambda experiment, path: made[experiment.name][path])
    return tables.representation_tables(found)[0]


def _hardly_fitted(*given, **settings):
    """The perceptron after one step: its rows are there, and only they are asked for."""
    return MLPClassifier(*given, **settings | {"max_iter": 1})


def _run(params):
    """The stages from `split` on."""
    _write_images(params, of_a_class=125 if params.representation.labelled_anomalies else 20)
    split.main(params.split)
    for name in params.classifier.variants:
        classify.main(name, params.classifier)
    embed.main(params.classifier, params.representation, params.detectors)
    metrics.main(params.representation, params.classifier)
    trajectory.main(params.classifier, params.representation)


def _write_images(params, *, of_a_class):
    """Noise about a level of its own for each class, officially a fifth for tests."""
    hundred = params.split.normal_classes == "superclasses_0"
    classes = CLASSES["cifar100"] if hundred else list("abcdefghij")
    channels = 3 if hundred or params.data.name == "cifar10" else 1
    label = np.arange(len(classes) * of_a_class) % len(classes)
    noise = np.random.default_rng(0).integers(0, 60, (len(label), channels, SIDE, SIDE))
    write_array(RAW_IMAGES, (noise + 20 * (label % 10)[:, None, None, None]).astype(np.uint8))
    official = np.where(np.arange(len(label)) < 0.8 * len(label), "train", "test")
    formats.write_table(RAW_LABELS, pd.DataFrame({"label": label, "official_part": official}))
    formats.write_json(RAW_PROVENANCE, {"classes": classes})
    Path(AUTOENCODER).parent.mkdir(parents=True, exist_ok=True)
    network = seeded_autoencoder(
        0, network="lsa", image_shape=(channels, SIDE, SIDE), code_length=4
    )
    formats.write_torch(AUTOENCODER, network.state_dict())
