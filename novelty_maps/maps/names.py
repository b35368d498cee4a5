"""The maps by name, without computing any: which are compared, which are controls, their labels.

Nothing here needs PyTorch, so that tables, figures and the check of parameters go without it.
"""

from collections.abc import Sequence

from novelty_maps.pipeline.errors import InputError, did_you_mean

# The maps that are compared, and those that explain the comparison.
COMPARED_MAPS = ("reconstruction_error", "saliency", "direct_term", "indirect_term")
REFERENCE = "reconstruction_error"  # gains are over this map
ABSOLUTE_REFERENCE = "absolute_error"  # and over this one, linear in the error as saliency is
CHALLENGER = "saliency"
LOSS_MAPS = {"mse": REFERENCE, "ssim": "structural_dissimilarity"}  # whose mean is the loss
HEADLINE_MAPS = (REFERENCE, ABSOLUTE_REFERENCE, CHALLENGER)  # in metrics/localization.json
# What a gain is called, after the name of its measure, and the map that it is over.
GAINS = {"gain": REFERENCE, f"gain_over_{ABSOLUTE_REFERENCE}": ABSOLUTE_REFERENCE}
PERFECT = "mask"  # the novelty itself: a check of the metrics, not a rival

# Maps that never look at the network; a map worth having beats all but the last.
CONTROLS = ("uniform", "input_magnitude", "sobel", "distance_to_mean", PERFECT)

# Maps of detectors that have a frozen network of their own: a reference, no rival of the network.
DETECTORS = ("patchcore", "padim")

SHORT_NAMES = {
    REFERENCE: "recon. error",
    CHALLENGER: "saliency",
    ABSOLUTE_REFERENCE: "|error|",
    "structural_dissimilarity": "1 − SSIM",
    "squared_saliency": "saliency²",
    "direct_term": "direct term",
    "indirect_term": "indirect term",
    "smoothgrad": "SmoothGrad",
    "integrated_gradients_black": "IG (black)",
    "integrated_gradients_mean": "IG (mean)",
    "integrated_gradients_reconstruction": "IG (recon.)",
    "input_x_gradient": "input × gradient",
    "guided_backpropagation": "guided backprop",
    "occlusion": "occlusion",
    "uniform": "uniform",
    "input_magnitude": "|x|",
    "sobel": "Sobel",
    "distance_to_mean": "|x − mean|",
    PERFECT: "mask",
    "patchcore": "PatchCore",
    "padim": "PaDiM",
}


def short_name(method: str) -> str:
    """What readers call a map; its own name, without underscores, if it has no other."""
    return SHORT_NAMES.get(method, method.replace("_", " "))


def require_methods(methods: Sequence[str], *, key: str | None = None) -> None:
    """Raise InputError unless all are names of maps; it names the parameter `key`."""
    for method in methods:
        if method not in SHORT_NAMES:
            where = f"{key}: " if key else ""
            raise InputError(
                f"{where}there is no map {method!r}; {did_you_mean(method, SHORT_NAMES)}"
            )


def require_planned(methods: Sequence[str], *, needed: Sequence[str]) -> None:
    """Raise InputError unless `maps.methods` are known, need no masks, and have what is needed."""
    require_methods(methods, key="maps.methods")
    if PERFECT in methods:
        raise InputError(
            f"maps.methods has {PERFECT}, which test images have no masks for: leave it to"
            " localization.methods"
        )
    absent = [method for method in needed if method not in methods]
    if absent:
        raise InputError(f"maps.methods lacks {absent[0]}, which the ranks stage reads: add it")


def require_of_network(methods: Sequence[str], *, key: str) -> None:
    """Raise InputError unless all are maps, none of a detector that has a network of its own."""
    require_methods(methods, key=key)
    for method in methods:
        if method in DETECTORS:
            raise InputError(
                f"{key} has {method}, which never looks at the autoencoder: leave it to"
                " localization.methods"
            )
