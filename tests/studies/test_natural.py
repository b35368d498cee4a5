"""What the page of natural defects says, computed anew from the committed table."""

import pandas as pd
import pytest
from scipy.stats import spearmanr

from novelty_maps.planting.kinds import KINDS
from studies.natural import PhotoStudy, from_digits, prediction
from studies.paths import RESULTS
from studies.replacement import verdict_on
from studies.report import Results

FOLDER = RESULTS / "natural-defects"
STUDY = PhotoStudy(FOLDER)
NETWORKS = {
    "bottle, MSE": ("mvtec-bottle", "mse"),
    "bottle, SSIM": ("mvtec-bottle", "ssim"),
    "magnetic tile, MSE": ("magnetic-tile", "mse"),
    "magnetic tile, SSIM": ("magnetic-tile", "ssim"),
}
CONTROLS = {"uniform", "input_magnitude", "sobel", "distance_to_mean", "mask"}
DETECTORS = {"patchcore", "padim"}


def rows(network):
    """The committed rows of a network, but those of the mask."""
    table = pd.read_csv(FOLDER / "localization_summary.csv")
    data, loss = NETWORKS[network]
    chosen = table["data.path"].eq(f'"{data}"') & table["train.loss"].eq(f'"{loss}"')
    return table[chosen & table["method"].ne("mask")]


def precision(table, group):
    """Method to mean average precision over a group of images."""
    return table[table["group"] == group].set_index("method")["average_precision"]


def test_networks_are_those_of_both_data_sets_and_losses():
    assert STUDY.networks() == list(NETWORKS)


@pytest.mark.parametrize("network", NETWORKS)
def test_maps_come_in_the_order_of_their_average_precision_on_defects(network):
    own = precision(rows(network), "own")
    assert STUDY.maps(network) == own.sort_values(ascending=False).index.tolist()
    for control in (False, True):
        rivals = own[own.index.isin(CONTROLS) == control].drop(index=DETECTORS, errors="ignore")
        assert STUDY.best(network, control=control) == rivals.idxmax()


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("without", [set(), DETECTORS, DETECTORS | CONTROLS])
def test_prediction_is_the_rank_correlation_of_planted_and_own(network, without):
    planted, own = (precision(rows(network), group) for group in ("planted", "own"))
    planted = planted[~planted.index.isin(without)]
    found = prediction(STUDY, network, without=sorted(without))
    assert found.maps == len(planted)
    expected = spearmanr(planted, own[planted.index]).statistic
    assert found.correlation.estimate == pytest.approx(expected)


@pytest.mark.parametrize("network", NETWORKS)
def test_prediction_from_digits_is_over_the_maps_of_both(network):
    digits = pd.read_csv(RESULTS / "localization-networks/localization_summary.csv")
    digits = digits[digits["train.network"] == '"fully_convolutional"']
    planted, own = precision(digits, "all"), precision(rows(network), "own")
    both = [name for name in own.index if name in planted.index]
    study = Results(RESULTS).localization("localization-networks")
    found = from_digits(STUDY, network, study, "fully_convolutional")
    assert found.maps == len(both) >= 8
    expected = spearmanr(planted[both], own[both]).statistic
    assert found.correlation.estimate == pytest.approx(expected)


@pytest.mark.parametrize("network", NETWORKS)
def test_verdict_counts_the_kinds_of_defects_on_which_both_intervals_are_on_one_side(network):
    gain = "gain_over_absolute_error"
    table = rows(network)
    kinds = table[(table["grouping"] == "kind") & ~table["group"].isin(list(KINDS))]
    assert set(STUDY.kinds(network)) == set(kinds["group"])
    own = kinds[kinds["method"] == "saliency"].set_index("group")
    low, high = (
        own[[f"average_precision_{gain}_{end}", f"aupro_{gain}_{end}"]] for end in ("low", "high")
    )
    expected = int((low > 0).all(axis=1).sum()), int((high < 0).all(axis=1).sum())
    found = verdict_on(STUDY, network, "saliency")
    assert (len(found.above), len(found.below)) == expected
    assert found.kinds == len(own)
