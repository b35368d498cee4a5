"""Photos among normal ones: what is fitted on which, and which maps can be asked for."""

import numpy as np
import pytest
from oracles.frozen_network import CPU, pooled_network
from oracles.image_folders import pixels_of, save
from oracles.parameters import section
from oracles.small_autoencoder import network as small_autoencoder
from torch import nn

from novelty_maps.detectors import fit
from novelty_maps.detectors.fit import fit_detectors
from novelty_maps.images.new import read_images
from novelty_maps.localization.photos import photo_methods, score_photos
from novelty_maps.localization.scoring import score_images
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.pipeline.errors import InputError

DETECTORS = section(DetectorsParams, "detectors", image_size=32)


def grey(folder, levels, shape=(8, 8)):
    """Photos of one grey level each."""
    for level in levels:
        save(folder / f"{level:03}.png", np.full(shape, level, np.uint8))
    return sorted(folder.iterdir())


def scored(photos, normal, **settings):
    settings = {"false_positive_rate": 0.05, "device": CPU} | settings
    return score_photos(photos, normal, DETECTORS, **settings)


@pytest.fixture
def fitted(monkeypatch):
    """Grey levels of the photos that a detector was fitted on; its map is an image's level."""
    levels = []

    def fit_known(methods, images, params, *, device, boxes=None):
        levels.extend(images[:, 0].max(axis=(1, 2)).tolist())
        return dict.fromkeys(methods, lambda x, boxes: 255 * x[:, 0])

    monkeypatch.setattr(fit, "fit_detectors", fit_known)
    return levels


def test_a_fifth_of_the_normal_photos_is_kept_and_the_rest_is_fitted_on(tmp_path, fitted):
    levels = list(range(100, 150))
    normal = grey(tmp_path / "normal", levels)
    found = scored(grey(tmp_path / "new", range(99, 151)), normal)
    kept = sorted(set(levels) - set(fitted))
    assert (len(fitted), len(kept), found.kept) == (40, 10, 10)
    p = [(1 + sum(other >= level for other in kept)) / 11 for level in range(99, 151)]
    assert found.table["p_value"].tolist() == pytest.approx(p)
    assert found.marked["patchcore"].highest == pytest.approx(max(kept))
    assert kept[0] < 120 < 130 < kept[-1]  # from all of the folder
    first = fitted.copy()
    scored(normal[:1], normal)
    assert fitted[40:] == first  # the same are drawn every time


def test_scores_are_those_of_a_detector_fitted_by_hand(tmp_path, monkeypatch):
    monkeypatch.setattr(fit, "imagenet_network", lambda params: pooled_network())
    for number in range(6):
        save(tmp_path / f"{number}.png", pixels_of(number, 40, 20, 3))
    files = sorted(tmp_path.iterdir())
    new, normal = files[:3], files[3:5]  # of two, one is fitted on
    found = scored(new, normal, methods=["padim", "distance_to_mean"], fit="pad")
    images, boxes = read_images(new, (3, 32, 32), "pad")
    others, other_boxes = read_images(normal, (3, 32, 32), "pad")
    np.testing.assert_array_equal(found.images, images)
    same = 0
    for one in range(2):
        own = slice(one, one + 1)
        rest = slice(1 - one, 2 - one)
        table, _ = score_images(
            nn.Sigmoid(),  # no map looks at it
            images,
            others[own],
            names=list(map(str, new)),
            methods=["padim", "distance_to_mean"],
            false_positive_rate=0.05,
            boxes=(boxes, other_boxes[own]),
            batch_size=2,
            device=CPU,
            mean_image=(others[rest][0] / 255).astype(np.float32),
            detectors=fit_detectors(
                ["padim"], others[rest], DETECTORS, device=CPU, boxes=other_boxes[rest]
            ),
        )
        same += np.allclose(table.iloc[:, 1:], found.table.iloc[:, 1:], rtol=1e-5)
        assert found.table["file"].tolist() == table["file"].tolist()
    assert same == 1


def test_maps_of_an_autoencoder_keep_all_normal_photos_and_take_its_shape(tmp_path):
    normal = grey(tmp_path / "normal", range(10, 200, 10), shape=(12, 9))
    found = scored(normal[:4], normal, network=small_autoencoder())
    assert found.kept == len(normal)
    assert list(found.marked) == ["reconstruction_error", "saliency"]
    images, _ = read_images(normal, (1, 8, 8), "stretch")
    table, marked = score_images(
        small_autoencoder(),
        images[:4],
        images,
        names=list(map(str, normal[:4])),
        methods=["reconstruction_error", "saliency"],
        false_positive_rate=0.05,
        batch_size=16,
        device=CPU,
    )
    np.testing.assert_allclose(table.iloc[:, 1:], found.table.iloc[:, 1:], rtol=1e-5)
    np.testing.assert_array_equal(found.marked["saliency"].masks, marked["saliency"].masks)


def test_maps_that_need_no_autoencoder_are_asked_for_without_one():
    assert photo_methods(None, []) == ["patchcore"]
    assert photo_methods(None, ["sobel", "padim"]) == ["sobel", "padim"]
    with pytest.raises(InputError, match=r"saliency is a map of an autoencoder: .* --model"):
        photo_methods(None, ["patchcore", "saliency"])
    with pytest.raises(InputError, match="no map 'salience'; did you mean saliency"):
        photo_methods(None, ["salience"])
    network = small_autoencoder()
    assert photo_methods(network, []) == ["reconstruction_error", "saliency"]
    assert photo_methods(network, ["patchcore", "saliency"]) == ["patchcore", "saliency"]


def test_too_few_normal_photos_are_an_error_before_anything_is_read(tmp_path, fitted):
    missing = [tmp_path / "missing.png"]
    with pytest.raises(InputError, match="number of normal photos is 1: give 2 at least"):
        scored(missing, missing)
    with pytest.raises(InputError, match="'mask' is no map to score with"):
        scored(missing, missing * 2, methods=["mask"])
    (normal,) = grey(tmp_path / "normal", [100])
    assert scored([normal], [normal], methods=["sobel"]).kept == 1
