"""What the stages before `maps` leave, made by hand for images of 8×8 pixels."""

import json

import numpy as np
import pandas as pd
import torch

from novelty_maps.autoencoders.files import AUTOENCODER, epoch_path
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.params.maps import MapsParams
from novelty_maps.params.metrics import MetricsParams
from novelty_maps.params.plots import PlotsParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.paths import RAW_IMAGES, SPLIT
from novelty_maps.training.files import TRAINING_CURVE, TRAINING_METRICS

COUNT = 30  # test images; as many train images follow, the odd ones novel in the test part
BEST = 2
METRICS = MetricsParams(k=5, bootstrap_samples=100)
MAPS = MapsParams(
    methods=["reconstruction_error", "saliency", "direct_term", "indirect_term"],
    batch_size=16,
    device="cpu",
)
TRAIN = TrainParams.model_construct(keep_epochs=[1, 2, 5])
PLOTS = PlotsParams(examples=1, colormap="gray", dpi=30, seed=0)


def write_small_run() -> None:
    """Images, split, the networks after epochs 1 and 2, and the record of their training."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (2 * COUNT, 1, 8, 8), dtype=np.uint8)
    for path in (RAW_IMAGES, SPLIT, epoch_path(1), TRAINING_CURVE):
        path.parent.mkdir(parents=True, exist_ok=True)
    np.save(RAW_IMAGES, images)
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
