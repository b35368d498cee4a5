"""Stage `check_network`: a network, checkpoint or device that does not work is found first."""

import pytest
import torch
from oracles.parameters import section

from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.detectors.imagenet import ResidualTrunk
from novelty_maps.images.survey import Survey
from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.params.data import DataParams
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.params.localization import LocalizationParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.params.representation import RepresentationParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.formats import write_json
from novelty_maps.pipeline.paths import NETWORK_CHECKED, SURVEY
from stages import check_network

KINDS = {"data": DataParams, "train": TrainParams, "maps": MapsParams}
KINDS |= {"classifier": ClassifierParams, "detectors": DetectorsParams}
KINDS |= {"localization": LocalizationParams, "representation": RepresentationParams}
PARTS = ("train", "validation", "test")
FOUND = Survey("digits", 1, dict.fromkeys(PARTS, 100), dict.fromkeys(PARTS, 90), [])

pytestmark = pytest.mark.usefixtures("workspace")


def checked(found=FOUND, **changes):
    write_json(SURVEY, found._asdict())
    NETWORK_CHECKED.unlink(missing_ok=True)
    check_network.main(
        **{name: section(kind, name, **changes.get(name, {})) for name, kind in KINDS.items()}
    )
    return NETWORK_CHECKED.read_text()


def refusal(found=FOUND, **changes):
    """The one line with which settings are refused, given what the data set holds."""
    with pytest.raises(InputError) as caught:
        checked(found, **changes)
    assert "\n" not in str(caught.value)
    assert not NETWORK_CHECKED.exists()
    return str(caught.value)


def test_settings_of_the_repository_pass_and_say_the_same_each_time():
    assert checked() == checked(FOUND._replace(channels=3), train={"network": "vae"})


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is available here")
@pytest.mark.parametrize("asking", ["train", "maps", "classifier"])
def test_device_that_is_not_there_is_named_with_its_key(asking):
    assert refusal(**{asking: {"device": "cuda"}}) == (
        f"{asking}.device is cuda, but PyTorch finds no CUDA device: set it to auto or cpu"
    )


@pytest.mark.parametrize("asking", ["train", "classifier"])
def test_processes_need_a_cuda_device_each(monkeypatch, asking):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    found = refusal(**{asking: {"processes": 2, "device": "cuda"}})
    assert f"{asking}.processes is 2, but each takes a CUDA device of its own" in found


def test_network_must_go_with_the_code_length():
    settings = {"network": "fully_convolutional", "code_length": 63}
    assert "code_length is 63" in refusal(train=settings)


@pytest.fixture
def weights(workspace):
    """A checkpoint of the network of params.yaml for grey images, to be overwritten."""
    path = workspace / "weights.pt"
    torch.save(seeded_autoencoder(0).state_dict(), path)
    return path


def test_checkpoint_must_be_there_be_readable_and_fit_the_network_and_the_images(weights):
    settings = {"from_checkpoint": str(weights)}
    checked(train=settings)
    in_colour = FOUND._replace(channels=3)
    assert "holds the weights of another network" in refusal(in_colour, train=settings)
    assert "of another network" in refusal(train={**settings, "network": "vae"})
    assert "of another network" in refusal(train={**settings, "code_length": 32})
    weights.write_bytes(b"no weights")
    assert f"{weights} is damaged or holds no weights" in refusal(train=settings)
    weights.unlink()
    assert f"{weights} does not exist" in refusal(train=settings)


def test_network_needs_enough_normal_images():
    few = FOUND._replace(normal={**FOUND.normal, "train": 20})
    assert "code_length is 64, but 20 images" in refusal(few, train={"network": "pca"})
    one = FOUND._replace(normal={**FOUND.normal, "train": 1})
    assert "there are 1 training images" in refusal(one)
    three = FOUND._replace(normal={**FOUND.normal, "train": 3})
    checked(three)
    found = refusal(three, train={"processes": 2})
    assert (
        "there are 3 training images: batch norm needs at least 2 in each of 2 processes" in found
    )


def test_frozen_network_of_detectors_must_have_its_weights():
    detectors = {"network": "resnet18", "weights": "nowhere.pt"}
    checked(detectors=detectors)  # no map asks for it
    methods = [*section(LocalizationParams, "localization").methods, "padim"]
    found = refusal(detectors=detectors, localization={"methods": methods})
    assert "nowhere.pt does not exist" in found


def test_frozen_network_of_representation_must_have_all_its_weights(workspace):
    trunk = ResidualTrunk("resnet18").state_dict()
    torch.save(trunk, workspace / "trunk.pt")
    detectors = {"network": "resnet18", "weights": str(workspace / "trunk.pt")}
    checked(detectors=detectors, maps={"methods": ["patchcore"]})
    found = refusal(detectors=detectors, representation={"others": ["imagenet"]})
    assert "layer4" in found


def test_survey_of_another_data_set_is_no_survey():
    found = refusal(data={"name": "mnist"})
    assert "survey.json is of digits, but data.name is mnist" in found
