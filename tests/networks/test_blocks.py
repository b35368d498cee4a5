"""Layers that several networks are made of: what they compute, and their shapes."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from novelty_maps.networks.blocks import (
    Decoder,
    LeakyReLU,
    ResidualBlock,
    Shortcut,
    downsampling_block,
    require_divisible,
    upsampling_block,
)
from novelty_maps.pipeline.errors import InputError


def test_leaky_relu_is_a_relu_of_slope_one_hundredth():
    x = torch.linspace(-2, 2, 9, requires_grad=True)
    y = LeakyReLU()(x.clone())
    assert torch.equal(y, torch.where(x > 0, x, 0.01 * x))
    assert isinstance(LeakyReLU(), nn.ReLU)


class OutOfPlace(ResidualBlock):
    """The block as one writes it, with a tensor for every step."""

    def forward(self, x):
        slope = self.activation1.slope
        main = nn.functional.leaky_relu(self.bn1a(self.conv1a(x)), slope)
        main = self.bn1b(self.conv1b(main)) + self.bn2a(self.conv2a(x))
        return nn.functional.leaky_relu(main, slope)


@pytest.mark.parametrize("block", [downsampling_block, upsampling_block])
def test_block_in_place_gives_the_bytes_of_one_out_of_place(block):
    ours = block(3, 5)
    plain = deepcopy(ours)
    plain.__class__ = OutOfPlace
    results = []
    for module in (ours, plain):
        x = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
        y = module(x)
        y.square().sum().backward()
        results.append([y, x.grad, *(p.grad for p in module.parameters()), *module.buffers()])
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_block_keeps_an_activation_less_for_the_backward_pass():
    ours = downsampling_block(3, 8)
    plain = deepcopy(ours)
    plain.__class__ = OutOfPlace
    kept = []
    for module in (ours, plain):
        storages = {}
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t, storages=storages: storages.setdefault(t.untyped_storage().data_ptr(), t),
            lambda t: t,
        ):
            y = module(torch.rand(4, 3, 8, 8))
        activation = y.untyped_storage().nbytes()
        kept.append(sum(t.untyped_storage().nbytes() == activation for t in storages.values()))
    assert kept[0] == kept[1] - 1


@torch.no_grad()
def test_blocks_halve_and_double_the_side():
    images = torch.rand(2, 3, 12, 12)
    assert downsampling_block(3, 5)(images).shape == (2, 5, 6, 6)
    assert upsampling_block(3, 5)(images).shape == (2, 5, 24, 24)


@torch.no_grad()
def test_block_is_the_sum_of_its_two_paths():
    block = downsampling_block(1, 2).eval()
    images = torch.randn(2, 1, 4, 4)
    convolved = nn.functional.conv2d(images, block.conv1a.weight, stride=2, padding=1)
    main = nn.functional.conv2d(
        nn.functional.leaky_relu(block.bn1a(convolved)), block.conv1b.weight, padding=1
    )
    shortcut = nn.functional.conv2d(images, block.conv2a.weight, stride=2)
    expected = nn.functional.leaky_relu(block.bn1b(main) + block.bn2a(shortcut))
    torch.testing.assert_close(block(images), expected)


@torch.no_grad()
@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 28)])
def test_decoder_makes_images_of_codes(channels, side):
    decoder = Decoder(channels=channels, image_size=side, code_length=5).eval()
    assert decoder(torch.rand(2, 5)).shape == (2, channels, side, side)


@pytest.mark.parametrize("side", [-4, 0, 2, 9, 30])
def test_side_that_cannot_be_halved_twice_is_an_input_error(side):
    with pytest.raises(InputError, match=f"image size is {side}: it must be divisible by 4"):
        require_divisible(side)
    require_divisible(4)


@pytest.mark.parametrize("side", [28, 66, 67])
@pytest.mark.parametrize("channels", [1, 3])
def test_shortcut_of_any_size_is_the_strided_convolution(side, channels):
    shortcut = Shortcut(channels, 4).double()
    plain = nn.Conv2d(channels, 4, 1, stride=2, bias=False).double()
    plain.load_state_dict(shortcut.state_dict())
    x = torch.rand(2, channels, side, side, dtype=torch.float64)
    outputs = shortcut(x), plain(x)
    torch.testing.assert_close(*outputs)
    for y in outputs:
        y.square().sum().backward()
    torch.testing.assert_close(shortcut.weight.grad, plain.weight.grad)
