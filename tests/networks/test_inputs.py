"""What goes into a network: pixels in [0, 1], and noise that seeds alone decide."""

import runpy

import numpy as np
import pytest
import torch

from novelty_maps.networks import inputs
from novelty_maps.networks.inputs import as_input, batch_of, seeded_generator


def test_images_come_as_float32_in_zero_to_one():
    x = as_input(torch.tensor([[[[0, 51, 255]]]], dtype=torch.uint8))
    assert x.dtype == torch.float32
    assert x.flatten().tolist() == [0, float(torch.tensor(0.2)), 1]


def test_images_stay_as_they_were_and_lie_in_memory_as_networks_want_them():
    images = torch.randint(0, 256, (2, 3, 4, 4), dtype=torch.uint8)
    before = images.clone()
    assert as_input(images).is_contiguous(memory_format=inputs.MEMORY_FORMAT)
    assert torch.equal(images, before)


@pytest.mark.parametrize(
    ("capability", "expected"),
    [
        ("AVX512", torch.channels_last),
        ("AVX512_VNNI", torch.channels_last),
        ("AVX2", torch.contiguous_format),
        ("DEFAULT", torch.contiguous_format),
    ],
)
def test_channels_are_last_in_memory_only_with_avx512(monkeypatch, capability, expected):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert runpy.run_path(inputs.__file__)["MEMORY_FORMAT"] == expected


@pytest.mark.parametrize(
    ("size", "shape", "expected"),
    [
        (256, (1, 28, 28), 256),
        (1024, (3, 32, 32), 1024),
        (256, (3, 64, 64), 256),
        (1024, (3, 224, 224), 27),
        (8, (3, 224, 224), 8),
        (1024, (3, 2048, 2048), 1),
    ],
)
def test_batch_of_photos_has_no_more_values_than_one_of_small_images(size, shape, expected):
    assert batch_of(size, shape, torch.device("cpu")) == expected
    assert batch_of(size, shape, torch.device("cuda")) == size
    with_gradients = batch_of(size, shape, torch.device("cpu"), gradient=True)
    assert with_gradients == max(1, min(size, 2**21 // int(np.prod(shape))))


def test_generator_is_a_function_of_its_words_alone():
    def draws(*words):
        return torch.rand(4, generator=seeded_generator(*words)).tolist()

    torch.manual_seed(1)
    first = draws(3, 2)
    torch.manual_seed(2)
    assert draws(3, 2) == first
    others = [draws(*words) for words in ((2, 3), (3,), (3, 2, 1), (3, 3), (32,))]
    assert len({tuple(values) for values in [first, *others]}) == 6


@pytest.mark.parametrize("words", [(0,), (7, 0), (2**40, 3)])
def test_seed_of_the_generator_is_the_first_63_bits_of_numpys_sequence(words):
    (word,) = np.random.SeedSequence(words).generate_state(1, np.uint64).tolist()
    assert seeded_generator(*words).initial_seed() == word >> 1
