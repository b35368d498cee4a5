"""Whether networks do what their sources show, on tables in which the answer is known."""

import numpy as np
import pandas as pd
import pytest

from studies.over_runs import each_detector
from studies.reached import on_cifar10, on_small_mnist
from studies.representation import RepresentationStudy


def folder_of(tmp_path, networks):
    """A study of one run: network to its (score, AUROC), and its measures."""
    rows = []
    for name, (score, auroc, measures) in networks.items():
        for detector, labels, value in ((score, "none", auroc), ("forest", "all", 0.9)):
            row = {"representation": name, "objective": name, "settings": "{}"}
            row |= {"detector": detector, "labels": labels, "novel_class": "all", "auroc": value}
            row |= {"auroc_low": value - 0.01, "auroc_high": value + 0.01}
            row |= dict.fromkeys(("average_precision", "fpr_at_95_tpr", "oscr"), 0.5)
            row |= {"oracle": int(labels == "all"), "validation_auroc": value}
            undefined = dict.fromkeys(
                ("closed_set_accuracy", "task_accuracy", "disagreement"), np.nan
            )
            rows.append(row | undefined | measures)
    table = pd.DataFrame(rows).assign(run="one")
    table.to_csv(tmp_path / "detection.csv", index=False)
    each_detector(table).to_csv(tmp_path / "detection_summary.csv", index=False)
    return RepresentationStudy(tmp_path)


def cifar10(tmp_path, **changed):
    networks = {
        "nominal": ("maximum_softmax_probability", 0.75, {"closed_set_accuracy": 0.87}),
        "nominal_ensemble_of_3": ("ensemble_entropy", 0.8, {"closed_set_accuracy": 0.88}),
        "nominal_ensemble": ("ensemble_entropy", 0.8, {"closed_set_accuracy": 0.89}),
        "generalized_odin": ("generalized_odin_h", 0.76, {}),
        "generalized_odin_decayed": ("generalized_odin_h", 0.76, {}),
        "rotation": ("maximum_softmax_probability", 0.76, {}),
        "recolouring": ("recolouring", 0.6, {"task_accuracy": 0.6}),
        "sobel": ("sobel", 0.6, {"task_accuracy": 0.8}),
    }
    return on_cifar10(folder_of(tmp_path, networks | changed))


def small(tmp_path, **changed):
    networks = {
        "nominal_ensemble": ("ensemble_entropy", 0.9, {"disagreement": 0.02}),
        "svgd": ("ensemble_entropy", 0.9, {"disagreement": 0.03}),
        "jem": ("energy", 0.9, {"closed_set_accuracy": 0.971}),
        "small_csi": ("small_csi", 0.9, {}),
        "simclr": ("contrastive", 0.8, {}),
    }
    return on_small_mnist(folder_of(tmp_path, networks | changed))


def test_networks_that_do_what_is_shown_of_them_are_reached(tmp_path):
    found = cifar10(tmp_path)
    assert [check.network for check in found if check.reached] == [
        "nominal_ensemble_of_3",
        "nominal_ensemble",
        "generalized_odin",
        "generalized_odin_decayed",
        "rotation",
        "recolouring",
        "sobel",
    ]
    assert [check.network for check in small(tmp_path) if check.reached] == [
        "svgd",
        "jem",
        "small_csi",
    ]


@pytest.mark.parametrize(
    ("network", "instead"),
    [
        ("nominal_ensemble", ("ensemble_entropy", 0.8, {"closed_set_accuracy": 0.86})),
        ("generalized_odin_decayed", ("generalized_odin_h", 0.74, {})),
        ("rotation", ("maximum_softmax_probability", 0.74, {})),
        ("recolouring", ("recolouring", 0.9, {"task_accuracy": 0.58})),  # half-way is 7 / 12
        ("sobel", ("sobel", 0.9, {"task_accuracy": 0.74})),
    ],
)
def test_one_that_does_not_is_the_only_one_missed(tmp_path, network, instead):
    found = cifar10(tmp_path, **{network: instead})
    assert [check.network for check in found if not check.reached] == [network]


@pytest.mark.parametrize(
    ("network", "instead"),
    [
        ("svgd", ("ensemble_entropy", 0.9, {"disagreement": 0.02})),
        ("jem", ("energy", 0.99, {"closed_set_accuracy": 0.969})),
        ("jem", ("max_logit", 0.99, {"closed_set_accuracy": 0.98})),  # its energy is undefined
        ("small_csi", ("small_csi", 0.79, {})),
    ],
)
def test_one_small_version_that_does_not_is_the_only_one_missed(tmp_path, network, instead):
    found = small(tmp_path, **{network: instead})
    assert [check.network for check in found if not check.reached] == [network]
