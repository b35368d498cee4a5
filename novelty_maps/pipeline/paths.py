"""Where the files lie that every branch shares; those of one branch are named in its package."""

from pathlib import Path

PARAMS = Path("params.yaml")
INPUT_DATA = Path("data/inputs/data.json")
INPUT_CHECKPOINT = Path("data/inputs/checkpoint.json")
INPUT_DEVICES = Path("data/inputs/devices.json")
INPUT_DETECTORS = Path("data/inputs/detectors.json")
SURVEY = Path("data/survey.json")
PARAMS_CHECKED = Path("data/params_checked.txt")
NETWORK_CHECKED = Path("data/network_checked.txt")
RAW_IMAGES = Path("data/raw/images.npy")
RAW_LABELS = Path("data/raw/labels.csv")
RAW_MASKS = Path("data/raw/masks.npy")
RAW_PROVENANCE = Path("data/raw/provenance.json")
SPLIT = Path("data/split.csv")
PLOTS = Path("plots")
GLANCE = Path("metrics/glance")  # the numbers of `dvc metrics show` and `dvc exp show`
