"""The autoencoder that the stage `train` has left is read as it is, or refused."""

from pathlib import Path

import pytest
import torch

from novelty_maps.autoencoders.files import AUTOENCODER, epoch_path
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.autoencoders.trained import load_autoencoder, load_epoch
from novelty_maps.pipeline import formats
from novelty_maps.pipeline.errors import InputError

SHAPE = (1, 8, 8)


@pytest.fixture(autouse=True)
def network(tmp_path, monkeypatch):
    """A network of the default file, and another one of an epoch."""
    monkeypatch.chdir(tmp_path)
    first, second = (seeded_autoencoder(seed, image_shape=SHAPE, code_length=4) for seed in (0, 1))
    formats.write_torch(AUTOENCODER, first.state_dict())
    formats.write_torch(epoch_path(7), second.state_dict())
    return first


def test_network_is_that_of_the_file_in_evaluation_mode(network):
    found = load_autoencoder(SHAPE)
    assert not found.training
    x = torch.rand(2, *SHAPE)
    with torch.no_grad():
        assert torch.equal(found(x), network.eval()(x))
        assert not torch.equal(load_autoencoder(SHAPE, epoch_path(7))(x), found(x))


def test_epochs_have_files_in_their_order():
    paths = [epoch_path(epoch) for epoch in (1, 20, 100)]
    assert paths == sorted(paths)
    assert paths[0] == Path("data/model/epochs/epoch_0001.pt")


def test_images_of_another_shape_are_refused_unless_any_will_do():
    assert load_autoencoder(None).image_shape == SHAPE
    with pytest.raises(InputError, match=r"autoencoder\.pt takes images of shape \(1, 8, 8\), but"):
        load_autoencoder((3, 8, 8))


def test_missing_or_damaged_file_is_an_error_that_says_to_train_again():
    with pytest.raises(InputError, match=r"x\.pt does not exist: train again with `dvc repro tr"):
        load_autoencoder(SHAPE, Path("x.pt"))
    AUTOENCODER.write_bytes(AUTOENCODER.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"autoencoder\.pt is damaged .*: train again with `dvc"):
        load_autoencoder(SHAPE)


def test_network_of_a_kept_epoch_is_that_of_its_file(network):
    x = torch.rand(2, *SHAPE)
    with torch.no_grad():
        assert torch.equal(load_epoch(SHAPE, None)(x), load_autoencoder(SHAPE)(x))
        assert torch.equal(load_epoch(SHAPE, 7)(x), load_autoencoder(SHAPE, epoch_path(7))(x))
    with pytest.raises(InputError, match=r"epoch_0008\.pt does not exist: train again"):
        load_epoch(SHAPE, 8)
