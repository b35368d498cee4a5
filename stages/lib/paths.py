"""Where each artifact lies: the single list that the stages (and dvc.yaml) agree on."""

from pathlib import Path

PARAMS = Path("params.yaml")

PARAMS_CHECKED = Path("data/params_checked.txt")
RAW_IMAGES = Path("data/raw/images.npy")
RAW_LABELS = Path("data/raw/labels.csv")
RAW_MASKS = Path("data/raw/masks.npy")
RAW_PROVENANCE = Path("data/raw/provenance.json")
SPLIT = Path("data/split.csv")
AUTOENCODER = Path("data/model/autoencoder.pt")
KEPT_EPOCHS = Path("data/model/epochs")
MAPS = Path("data/maps")

PLANTED = Path("data/planted")
PLANTED_MAPS = Path("data/planted_maps")

CLASSIFIERS = Path("data/classifiers")
EMBEDDINGS = Path("data/embeddings")
SCORES = Path("data/scores.csv")

TRAINING_CURVE = Path("metrics/training.csv")
TRAINING_METRICS = Path("metrics/training.json")
AGREEMENT_METRICS = Path("metrics/agreement.json")
AGREEMENT_BY_K = Path("metrics/agreement_by_k.csv")
PER_IMAGE = Path("metrics/per_image.csv")
EXPLANATION = Path("metrics/explanation.json")
BY_CLASS = Path("metrics/by_class.csv")
TRAJECTORY = Path("metrics/trajectory.csv")

DETECTION = Path("metrics/detection.csv")
DETECTION_METRICS = Path("metrics/detection.json")
CLASSIFIER_METRICS = Path("metrics/classifiers")

LOCALIZED_IMAGES = Path("data/localized_images.csv")
LOCALIZATION = Path("metrics/localization.csv")
LOCALIZATION_METRICS = Path("metrics/localization.json")
FAITHFULNESS = Path("metrics/faithfulness.csv")
RANDOMIZATION = Path("metrics/randomization.csv")
FAITHFULNESS_METRICS = Path("metrics/faithfulness.json")

PLOTS = Path("plots")
AGREEMENT_HISTOGRAM = PLOTS / "agreement_histogram.csv"

RESULTS = Path("docs/results")
TEMPLATES = Path("docs/templates")
DOC_FIGURES = Path("docs/figures")
README = Path("README.md")


def epoch_path(epoch: int) -> Path:
    """Weights of the autoencoder after an epoch of `train.keep_epochs`."""
    return KEPT_EPOCHS / f"epoch_{epoch:04d}.pt"


def classifier_path(variant: str) -> Path:
    """Weights of one classifier."""
    return CLASSIFIERS / f"{variant}.pt"


def embedding_path(representation: str, part: str, output: str) -> Path:
    """One output of a network for the images of a part; row i is row i of the part."""
    return EMBEDDINGS / f"{representation}.{part}.{output}.npy"


def embedded_outputs(representation: str, part: str) -> list[str]:
    """The outputs of a network that are kept for the images of a part."""
    files = EMBEDDINGS.glob(f"{representation}.{part}.*.npy")
    return sorted(file.name.split(".")[2] for file in files)


def map_path(method: str) -> Path:
    """File of one map, row i of it is row i of the test part: (N, H, W) float32.

    The reconstruction lies beside the maps; it has the shape of the images, (N, C, H, W).
    """
    return MAPS / f"{method}.npy"


def planted_path(part: str, name: str) -> Path:
    """One file on the planted images of a part: before.npy, after.npy, mask.npy or csv."""
    return PLANTED / f"{part}.{name}"


def planted_map_path(part: str, moment: str, method: str) -> Path:
    """One map of the images of a part "before" or "after" the novelty: (N, H, W) float32."""
    return PLANTED_MAPS / f"{part}.{moment}.{method}.npy"


def readme_template(part: str) -> Path:
    """Template of one part of the README."""
    return TEMPLATES / f"readme_{part.replace(' ', '_')}.md.jinja"
