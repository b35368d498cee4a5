"""New images among normal ones, by a network whose reconstructions are known."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from novelty_maps.localization.scoring import default_methods, require_scorable, score_images
from novelty_maps.maps.compute import gather_maps
from novelty_maps.maps.names import LOSS_MAPS
from novelty_maps.networks.losses import image_losses
from novelty_maps.pipeline.errors import InputError

CPU = torch.device("cpu")
# In fifths of white; reconstructed as black they have their squares as the error map.
NORMAL = [[1, 0, 0, 0], [2, 0, 0, 0], [3, 1, 0, 0], [4, 2, 1, 0]]
NEW = [[2, 2, 0, 0], [5, 3, 0, 2], [0, 0, 0, 0], [0, 0, 2, 0]]
NAMES = ["two grey", "bright", "black", "as a normal one"]


class Black(nn.Module):
    """Reconstructs every image as black."""

    loss = "mse"

    def forward(self, x):
        return 0 * x


def grey(fifths):
    return (51 * np.array(fifths)).astype(np.uint8).reshape(-1, 1, 2, 2)


def noise(count, seed, size=6):
    return np.random.default_rng(seed).integers(0, 256, (count, 1, size, size)).astype(np.uint8)


def scored(
    images, normal, *, names=None, methods=("reconstruction_error",), rate=0.125, **settings
):
    return score_images(
        Black(),
        images,
        normal,
        names=range(len(images)) if names is None else names,
        methods=methods,
        false_positive_rate=rate,
        **{"batch_size": 3, "device": CPU, **settings},
    )


def maps_of(images, *methods, **settings):
    return gather_maps(Black(), images, methods=methods, batch_size=3, device=CPU, **settings)


@pytest.mark.parametrize(("loss", "map_"), LOSS_MAPS.items())
def test_default_score_is_the_loss_that_the_network_is_trained_by(monkeypatch, loss, map_):
    monkeypatch.setattr(Black, "loss", loss, raising=False)
    assert default_methods(Black()) == [map_, "saliency"]
    images = noise(5, seed=1)
    table, _ = scored(images, noise(9, seed=2), methods=[map_])
    x = torch.from_numpy(images).double() / 255
    expected = image_losses(Black(), x, 0 * x)
    np.testing.assert_allclose(table["novelty_score"], expected, rtol=1e-5)


def test_scores_p_values_and_marked_shares_by_hand():
    table, marked = scored(grey(NEW), grey(NORMAL), names=NAMES)
    assert table.columns.tolist() == [
        "file",
        "novelty_score",
        "p_value",
        "reconstruction_error_marked",
    ]
    assert table["file"].tolist() == NAMES
    assert table["novelty_score"].tolist() == pytest.approx([0.08, 0.38, 0, 0.04], rel=1e-6)
    # Normal images score 0.01, 0.04, 0.1 and 0.21.
    assert table["p_value"].tolist() == [3 / 5, 1 / 5, 5 / 5, 4 / 5]
    # Two of the 16 normal pixels may be marked, those of 4 and 3 fifths; 2 fifths are not above.
    assert table["reconstruction_error_marked"].tolist() == [0, 2 / 4, 0, 0]
    (found,) = marked.values()
    assert found.masks.reshape(4, 4).tolist() == (np.array(NEW) > 2).tolist()
    np.testing.assert_allclose(found.maps.reshape(4, 4), (np.array(NEW) / 5) ** 2, rtol=1e-6)
    assert found.highest == pytest.approx(0.64, rel=1e-6)


def test_scores_are_means_in_float64():
    images, normal = noise(5, 0), noise(7, 1)
    table, _ = scored(images, normal)
    errors = maps_of(images, "reconstruction_error")["reconstruction_error"].astype(np.float64)
    assert table["novelty_score"].dtype == np.float64
    np.testing.assert_allclose(table["novelty_score"], errors.mean(axis=(1, 2)), rtol=1e-14)


def test_each_map_has_its_own_threshold_and_the_first_one_gives_the_score():
    images, normal = noise(5, 0), noise(7, 1)
    methods = ("sobel", "saliency")
    table, marked = scored(images, normal, methods=methods)
    assert list(marked) == list(methods)
    assert table.columns.tolist()[3:] == ["sobel_marked", "saliency_marked"]
    of_new, of_normal = maps_of(images, *methods), maps_of(normal, *methods)
    for name, found in marked.items():
        np.testing.assert_array_equal(found.maps, of_new[name])
        marks = np.sort(of_normal[name], axis=None)[::-1][: int(0.125 * of_normal[name].size) + 1]
        np.testing.assert_array_equal(found.masks, of_new[name] > marks[-1])
        assert found.masks.any()
        assert found.highest == marks[0]
        np.testing.assert_array_equal(table[f"{name}_marked"], found.masks.mean(axis=(1, 2)))
    np.testing.assert_allclose(table["novelty_score"], of_new["sobel"].mean(axis=(1, 2)), rtol=1e-6)
    alone, _ = scored(images, normal, methods=["sobel"])
    for column in ("novelty_score", "p_value"):
        np.testing.assert_array_equal(table[column], alone[column])


def test_score_of_a_detector_is_the_maximum_of_its_map():
    detectors = {"patchcore": lambda x, boxes: x[:, 0]}
    table, _ = scored(
        grey(NEW), grey(NORMAL), methods=["patchcore", "saliency"], detectors=detectors
    )
    assert table["novelty_score"].tolist() == pytest.approx([0.4, 1, 0, 0.4], rel=1e-6)
    # The maxima of normal images are 1, 2, 3 and 4 fifths.
    assert table["p_value"].tolist() == [4 / 5, 1 / 5, 5 / 5, 4 / 5]


@pytest.mark.parametrize("rate", [0.01, 0.3])
def test_normal_images_are_marked_at_the_rate_up_to_a_pixel(rate):
    normal = noise(7, 1)
    _, marked = scored(normal, normal, rate=rate)
    (found,) = marked.values()
    assert rate - 1 / found.masks.size < found.masks.mean() <= rate


def test_images_done_are_told_batch_by_batch():
    told = []
    scored(noise(5, 0), noise(7, 1), on_batch=told.append)
    assert told == [3, 3, 1, 3, 2]


def test_map_that_needs_the_mean_image_gets_it():
    mean = np.full((1, 2, 2), 0.4, np.float32)
    _, marked = scored(grey(NEW), grey(NORMAL), methods=["distance_to_mean"], mean_image=mean)
    expected = maps_of(grey(NEW), "distance_to_mean", mean_image=mean)["distance_to_mean"]
    np.testing.assert_array_equal(marked["distance_to_mean"].maps, expected)
    with pytest.raises(InputError, match="distance_to_mean needs the mean training image"):
        scored(grey(NEW), grey(NORMAL), methods=["distance_to_mean"])


@pytest.mark.parametrize(
    ("methods", "rate", "said"),
    [
        (["saliency"], 0.0, "--false-positive-rate is 0: give a share between 0 and 1"),
        (["saliency"], 1.0, "--false-positive-rate is 1: give a share between 0 and 1"),
        (["saliency"], -0.5, "--false-positive-rate is -0.5: give a share between 0 and 1"),
        (["saliency"], np.nan, "--false-positive-rate is nan: give a share between 0 and 1"),
        (["saliency", "direct_term"], 0.1, "'direct_term' is no map to score with: use"),
        (["mask"], 0.1, "'mask' is no map to score with"),
        (["salience"], 0.1, "there is no map 'salience'; did you mean saliency"),
    ],
)
def test_map_that_is_no_magnitude_or_an_impossible_rate_is_an_input_error(methods, rate, said):
    with pytest.raises(InputError) as caught:
        require_scorable(methods, rate)
    assert said in str(caught.value)
    with pytest.raises(InputError) as caught:
        scored(grey(NEW), grey(NORMAL), methods=methods, rate=rate)
    assert said in str(caught.value)


def test_any_share_and_every_other_map_can_be_scored_with():
    for rate in (1e-6, 0.5, 0.999):
        require_scorable(["reconstruction_error", "saliency", "sobel"], rate)


def test_padding_is_no_part_of_a_score_a_threshold_or_a_share():
    box = np.array([1, 0, 6, 4])
    images, normal = noise(5, 0), noise(40, 1)
    boxes = np.tile(box, (5, 1)), np.tile(box, (40, 1))
    cut = (slice(None), slice(None), slice(1, 6), slice(0, 4))
    padded, marked = scored(images, normal, boxes=boxes)
    expected, own = scored(images[cut], normal[cut])
    pd.testing.assert_frame_equal(padded, expected)
    found, alone = marked["reconstruction_error"], own["reconstruction_error"]
    np.testing.assert_array_equal(found.masks[cut[0], 1:6, 0:4], alone.masks)
    assert found.masks.sum() == alone.masks.sum() > 0
    assert found.highest == alone.highest


def test_only_the_new_images_may_be_padded():
    images, normal = noise(5, 0), noise(40, 1)
    whole, _ = scored(images, normal)
    boxes = np.tile([0, 0, 6, 6], (5, 1))
    padded, _ = scored(images, normal, boxes=(boxes, None))
    pd.testing.assert_frame_equal(padded, whole)
