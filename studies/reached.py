"""Whether a network does what its own source shows of it, before it is compared with others.

What does not is listed apart: its numbers say nothing of the method. The checks are of one run of
each network, and compare means; they are no tests of a difference.
"""

from typing import NamedTuple

from studies.representation import RepresentationStudy

_OF_JEM = 0.97  # accuracy; in its source it is near the plain classifier's


class Check(NamedTuple):
    """A network, what its source shows of it, and whether it is so here.

    Attributes:
        network: Name of the representation.
        source: Where it is shown.
        asks: What is shown there, as it is asked here.
        found: The numbers that answer it.
        reached: Whether it is so.
    """

    network: str
    source: str
    asks: str
    found: str
    reached: bool


def on_cifar10(study: RepresentationStudy) -> list[Check]:
    """Of the networks of the study networks-cifar10."""
    baseline = study.auroc("nominal", "maximum_softmax_probability", "none").estimate
    odin = [
        _above(
            name,
            "Hsu et al. (2020)",
            "−max h is above maximum softmax probability of the plain classifier",
            study.auroc(name, "generalized_odin_h", "none").estimate,
            baseline,
        )
        for name in ("generalized_odin", "generalized_odin_decayed")
    ]
    tasks = [_told(study, name, of) for name, of in (("recolouring", 6), ("sobel", 2))]
    rotation = study.auroc("rotation", "maximum_softmax_probability", "none").estimate
    single = _accuracy(study, "nominal")
    return [
        *(
            _above(
                name,
                "Lakshminarayanan et al. (2017)",
                "it is more accurate than its first member",
                _accuracy(study, name),
                single,
            )
            for name in ("nominal_ensemble_of_3", "nominal_ensemble")
        ),
        *odin,
        _above(
            "rotation",
            "Hendrycks et al. (2019)",
            "maximum softmax probability is above that of the plain classifier",
            rotation,
            baseline,
        ),
        *tasks,
    ]


def on_small_mnist(study: RepresentationStudy) -> list[Check]:
    """Of the networks of the study small-versions."""
    ensemble, svgd = (
        study.mean(name, "forest", "all", "disagreement") for name in ("nominal_ensemble", "svgd")
    )
    csi = study.auroc("small_csi", "small_csi", "none").estimate
    simclr = study.auroc("simclr", "contrastive", "none").estimate
    found = _accuracy(study, "jem")
    finite = "energy" in study.scores("jem")
    return [
        _above(
            "svgd",
            "Wang et al. (2019)",
            "its members disagree more than those of a deep ensemble",
            svgd,
            ensemble,
        ),
        Check(
            "jem",
            "Grathwohl et al. (2020)",
            f"closed-set accuracy of {_OF_JEM} while energies stay finite",
            f"{found:.3f}, {'finite' if finite else 'not finite'}",
            found >= _OF_JEM and finite,
        ),
        _above(
            "small_csi",
            "Tack et al. (2020)",
            "its score is above that of the same network without shifts (SimCLR)",
            csi,
            simclr,
        ),
    ]


def _accuracy(study: RepresentationStudy, name: str) -> float:
    return study.mean(name, "forest", "all", "closed_set_accuracy")


def _above(network: str, source: str, asks: str, value: float, other: float) -> Check:
    return Check(network, source, asks, f"{value:.3f}, {other:.3f}", value > other)


def _told(study: RepresentationStudy, name: str, transformations: int) -> Check:
    """Whether a task is learnt: more than half of the way from chance to all."""
    chance = 1 / transformations
    found = study.mean(name, "forest", "all", "task_accuracy")
    asks = f"more than half-way from chance ({chance:.2f}) to 1 of the transformations are told"
    return Check(
        name,
        "Golan & El-Yaniv (2018), whose score needs it",
        asks,
        f"{found:.3f}",
        found > (1 + chance) / 2,
    )
