"""What the stages before `maps` leave, made by hand for images of 8×8 pixels."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from oracles.parameters import section
from oracles.without_torch import runs_without_torch

from novelty_maps.autoencoders.files import AUTOENCODER, epoch_path
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.params.metrics import MetricsParams
from novelty_maps.params.plots import PlotsParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.paths import RAW_IMAGES, RAW_LABELS, RAW_PROVENANCE, SPLIT
from novelty_maps.pipeline.section import Section
from novelty_maps.training.files import TRAINING_CURVE, TRAINING_METRICS

ROOT = Path(__file__).resolve().parents[2]
COUNT = 30  # test images; as many train images follow, the odd ones novel in the test part
BEST = 2
METRICS = section(MetricsParams, "metrics", k=5, bootstrap_samples=100)
MAPS = section(MapsParams, "maps", batch_size=16, device="cpu")
DETECTORS = section(DetectorsParams, "detectors")
TRAIN = section(TrainParams, "train", keep_epochs=[1, 2, 5])
PLOTS = section(PlotsParams, "plots", examples=1, dpi=30)


def write_small_run() -> None:
    """Images, split, the networks after epochs 1 and 2, and the record of their training."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (2 * COUNT, 1, 8, 8), dtype=np.uint8)
    for path in (RAW_IMAGES, SPLIT, epoch_path(1), TRAINING_CURVE):
        path.parent.mkdir(parents=True, exist_ok=True)
    np.save(RAW_IMAGES, images)
    labels = {"label": np.arange(2 * COUNT) % 4, "official_part": "none", "mask": -1}
    pd.DataFrame(labels).to_csv(RAW_LABELS, index=False)
    RAW_PROVENANCE.write_text(json.dumps({"classes": ["bee", "cat", "dog", "elk"]}))
    row = np.arange(2 * COUNT)
    test = row < COUNT
    novel = test & (row % 2 == 1)
    pd.DataFrame(
        {
            "part": np.where(test, "test", "train"),
            "row": row,
            "source_row": row,
            "label": row % 4,
            "novel": novel.astype(int),
        }
    ).to_csv(SPLIT, index=False)
    for path, seed in ((epoch_path(1), 1), (AUTOENCODER, 2), (epoch_path(BEST), 2)):
        network = seeded_autoencoder(seed, image_shape=(1, 8, 8), code_length=4)
        with torch.no_grad():
            for _ in range(20):  # so that batch norm's statistics are those of the images
                network(torch.from_numpy(images) / 255)
        torch.save(network.state_dict(), path)
    history = {"epoch": [1, 2], "train_loss": [0.2, 0.1], "validation_loss": [0.3, 0.15]}
    pd.DataFrame(history).to_csv(TRAINING_CURVE, index=False)
    record = {"epochs": 2, "best_epoch": BEST, "validation_loss": 0.15}
    TRAINING_METRICS.write_text(json.dumps(record))


def assert_needs_no_torch(stage: str, params: Section) -> None:
    """Run a stage of one section in the working folder, in a process without PyTorch."""
    kind = type(params).__name__
    code = f"from stages.{stage} import main, {kind}; main({params!r})"
    assert runs_without_torch(code) == ""
