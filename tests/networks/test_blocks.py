"""Layers that several networks are made of: what they compute, and their shapes."""

import pytest
import torch
from torch import nn

from novelty_maps.networks.blocks import (
    Decoder,
    LeakyReLU,
    Shortcut,
    downsampling_block,
    require_divisible,
    upsampling_block,
)
from novelty_maps.pipeline.errors import InputError


def test_leaky_relu_is_a_relu_of_slope_one_hundredth():
    x = torch.linspace(-2, 2, 9, requires_grad=True)
    y = LeakyReLU()(x)
    assert torch.equal(y, torch.where(x > 0, x, 0.01 * x))
    assert isinstance(LeakyReLU(), nn.ReLU)


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
