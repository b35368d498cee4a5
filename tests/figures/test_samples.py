"""Sheets of samples: which image stands where."""

import numpy as np
import pytest

from novelty_maps.figures.samples import samples_figure, sheet


@pytest.mark.parametrize("channels", [1, 3])
def test_image_stands_in_its_place_of_a_row_of_eight(channels):
    images = np.random.default_rng(0).random((19, channels, 4, 5)).astype(np.float32)
    found = sheet(images)
    assert found.shape[:2] == (3 * 5, 8 * 6)
    for place, image in enumerate(images):
        top, left = place // 8 * 5, place % 8 * 6
        tile = found[top : top + 5, left : left + 6].reshape(5, 6, channels)
        np.testing.assert_array_equal(tile[:4, :5], image.transpose(1, 2, 0))
        assert (tile[4] == 1).all()
        assert (tile[:, 5] == 1).all()
    assert (found[10:, 18:] == 1).all()


def test_each_network_has_its_sheet():
    samples = {"jem": np.zeros((64, 1, 4, 4)), "other_jem": np.ones((64, 1, 4, 4))}
    figure = samples_figure(samples)
    assert [axis.get_title() for axis in figure.axes] == ["jem", "other jem"]
    drawn = [axis.images[0].get_array() for axis in figure.axes]
    for found, images in zip(drawn, samples.values(), strict=True):
        np.testing.assert_array_equal(found, sheet(images))
    assert figure.axes[0].images[0].get_clim() == (0, 1)
