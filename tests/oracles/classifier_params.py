"""A section `classifier` for tests: small, quick, with the variants that are asked for."""

from novelty_maps.params.classifier import ClassifierParams


def classifier_params(variants, **changes):
    """Name to variant, and the settings that all share."""
    settings = {
        "backbone": "small_resnet",
        "augmentation": "none",
        "learning_rate": 0.003,
        "batch_size": 20,
        "epochs": 2,
        "patience": 2,
        "batch_norm": "precise",
        "seed": 0,
        "device": "cpu",
        "precision": "fp32",
        "compile": False,
    }
    return ClassifierParams(variants=variants, **{**settings, **changes})
