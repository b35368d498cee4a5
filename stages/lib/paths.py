"""Where each artifact lies: the single list that the stages (and dvc.yaml) agree on."""

from pathlib import Path

PARAMS = Path("params.yaml")

PARAMS_CHECKED = Path("data/params_checked.txt")
RAW_IMAGES = Path("data/raw/images.npy")
RAW_LABELS = Path("data/raw/labels.csv")
RAW_PROVENANCE = Path("data/raw/provenance.json")
SPLIT = Path("data/split.csv")
MODEL = Path("data/model")
AUTOENCODER = MODEL / "autoencoder.pt"
MAPS = Path("data/maps")

TRAINING_CURVE = Path("metrics/training.csv")
TRAINING_METRICS = Path("metrics/training.json")
AGREEMENT_METRICS = Path("metrics/agreement.json")
AGREEMENT_BY_K = Path("metrics/agreement_by_k.csv")
PER_IMAGE = Path("metrics/per_image.csv")
EXPLANATION = Path("metrics/explanation.json")
BY_CLASS = Path("metrics/by_class.csv")
TRAJECTORY = Path("metrics/trajectory.csv")

PLOTS = Path("plots")
AGREEMENT_HISTOGRAM = PLOTS / "agreement_histogram.csv"

RESULTS = Path("docs/results")
TEMPLATES = Path("docs/templates")
DOC_FIGURES = Path("docs/figures")
README = Path("README.md")


def epoch_path(epoch: int) -> Path:
    """Weights of the autoencoder after an epoch of `train.keep_epochs`."""
    return MODEL / f"epoch_{epoch:04d}.pt"


def map_path(method: str) -> Path:
    """File of one map, row i of it is row i of the test part: (N, H, W) float32.

    The reconstruction lies beside the maps; it has the shape of the images, (N, C, H, W).
    """
    return MAPS / f"{method}.npy"
