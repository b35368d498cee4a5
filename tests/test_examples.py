"""The examples in docs/examples run, and what they print is what slow definitions say."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from oracles import slow_localization, slow_metrics

EXAMPLES = Path(__file__).resolve().parents[1] / "docs/examples"


@pytest.fixture(scope="module")
def attributions():
    return runpy.run_path(str(EXAMPLES / "attributions.py"))


@pytest.fixture(scope="module")
def table(attributions):
    return attributions["table"]()


def test_squares_are_where_the_masks_say(attributions):
    images = torch.rand(20, 1, 6, 7, generator=torch.Generator().manual_seed(0))
    novel, masks = attributions["plant_squares"](images)
    np.testing.assert_array_equal((novel != images)[:, 0].numpy(), masks)
    assert masks.sum(axis=(1, 2)).tolist() == [4] * 20
    assert masks.any(axis=0).sum() > 20  # not always in one place


def test_network_reconstructs_what_lies_in_its_components(attributions):
    generator = torch.Generator().manual_seed(0)
    codes, axes = (torch.rand(size, generator=generator) for size in ((30, 3), (3, 20)))
    images = (codes @ axes).view(30, 1, 4, 5)
    network = attributions["principal_components"](images, 3)
    torch.testing.assert_close(network(images), images, rtol=1e-4, atol=1e-5)
    few = attributions["principal_components"](images, 1)
    assert (few(images) - images).abs().max() > 0.01


def test_error_map_has_the_numbers_of_the_definitions(attributions, table):
    digits = attributions["load_digits"]()
    zeros = torch.tensor(digits.images[digits.target == 0] / 16, dtype=torch.float32)[:, None]
    network = attributions["principal_components"](zeros[:100], 8)
    novel, masks = attributions["plant_squares"](zeros[100:])
    error = (novel - network(novel)).square()[:, 0].detach().numpy()
    found = table.loc["reconstruction error"]
    expected = slow_localization.average_precision(error.ravel(), masks.ravel())
    assert found["pixel AP"] == pytest.approx(expected, rel=1e-6)
    assert found["AUPRO"] == pytest.approx(float(slow_localization.aupro(error, masks)), rel=1e-4)
    assert found["agreement in the top 4"] == 4
    # The gradient of |x − h(x)|² / n by hand: 2 (I − Jᵀ)(x − h(x)) / n of a linear network.
    jacobian = torch.func.jacrev(network)(novel[:1]).detach().view(64, 64)
    e = (novel - network(novel)).detach().flatten(1)
    gradient = (2 * (e - e @ jacobian) / 64).abs().view(-1, 8, 8).numpy()
    agreement = [slow_metrics.agreement(*pair, 4) for pair in zip(gradient, error, strict=True)]
    assert table.loc["Saliency", "agreement in the top 4"] == pytest.approx(np.mean(agreement))


def test_every_attribution_finds_more_of_the_squares_than_chance(table):
    assert table.index.tolist()[1:] == [
        "Saliency",
        "Input X Gradient",
        "Integrated Gradients",
        "Occlusion",
    ]
    assert (table["pixel AP"] > 4 / 64).all()
    assert (table["AUPRO"] > 0.15).all()  # half of the limit: a constant map
