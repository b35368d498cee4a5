"""The maps of the test images as files."""

import numpy as np
import pytest

from novelty_maps.maps.files import RECONSTRUCTION, load_maps, load_reconstructions, map_path
from novelty_maps.pipeline.errors import InputError

MAKE_AGAIN = "make it again with `python -m stages.maps`"


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Two maps of three images of two channels, and their reconstructions."""
    monkeypatch.chdir(tmp_path)
    maps = np.random.default_rng(0).random((2, 3, 4, 5), dtype=np.float32)
    reconstructions = np.random.default_rng(1).random((3, 2, 4, 5), dtype=np.float32)
    files = {"saliency": maps[0], "sobel": maps[1], RECONSTRUCTION: reconstructions}
    for name, values in files.items():
        map_path(name).parent.mkdir(parents=True, exist_ok=True)
        np.save(map_path(name), values)
    return files


def test_maps_are_read_by_name_whatever_their_size(written):
    for shape in ((3, 4, 5), (3, None, None)):
        maps = load_maps(["sobel", "saliency"], shape)
        assert list(maps) == ["sobel", "saliency"]
        for name, values in maps.items():
            np.testing.assert_array_equal(values, written[name])
    np.testing.assert_array_equal(load_reconstructions((3, 2, 4, 5)), written[RECONSTRUCTION])


@pytest.mark.parametrize("shape", [(4, None, None), (3, 5, 4)])
def test_maps_of_other_images_are_refused(written, shape):
    with pytest.raises(InputError, match=f"saliency.npy holds float32 3×4×5, .*: {MAKE_AGAIN}"):
        load_maps(["saliency"], shape)


def test_maps_of_one_size_are_asked_for_even_if_none_is_given(written):
    np.save(map_path("sobel"), written["sobel"][:, :3])
    with pytest.raises(
        InputError, match=f"sobel.npy holds float32 3×3×5, not float32 3×4×5: {MAKE_AGAIN}"
    ):
        load_maps(["saliency", "sobel"], (3, None, None))


def test_reconstructions_of_other_images_are_refused(written):
    with pytest.raises(InputError, match=f"reconstruction.npy holds .*: {MAKE_AGAIN}"):
        load_reconstructions((3, 1, 4, 5))


def test_map_that_is_not_there_is_an_error_that_names_its_maker(written):
    with pytest.raises(InputError, match=f"data/maps/uniform.npy does not exist: {MAKE_AGAIN}"):
        load_maps(["saliency", "uniform"], (3, None, None))
