"""A section `classifier` for tests: small, quick, with the variants that are asked for."""

from oracles.parameters import section

from novelty_maps.params.classifier import ClassifierParams


def classifier_params(variants, **changes):
    """Name to variant, and the settings that all share."""
    small = {"batch_size": 20, "epochs": 2, "patience": 2, "device": "cpu", "variants": variants}
    return section(ClassifierParams, "classifier", **small | changes)
