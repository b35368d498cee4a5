"""Where a stage computes, and what it says about it."""

import pytest
import torch

from novelty_maps.machine.devices import processor, select_device, warn_of_slow_precision
from novelty_maps.pipeline.errors import InputError

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def settings(monkeypatch):
    """PyTorch's settings, put back after each test."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    deterministic = torch.are_deterministic_algorithms_enabled()
    monkeypatch.setattr(torch.utils.deterministic, "fill_uninitialized_memory", True)
    yield
    torch.use_deterministic_algorithms(deterministic)


@pytest.mark.parametrize(("there", "auto"), [(True, "cuda"), (False, "cpu")])
def test_device_is_cuda_where_there_is_one(monkeypatch, there, auto):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    torch.use_deterministic_algorithms(False)
    assert select_device("auto") == torch.device(auto)
    assert select_device("cpu") == CPU
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.utils.deterministic.fill_uninitialized_memory


def test_cuda_that_is_not_there_is_an_input_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="device is cuda, but PyTorch finds no CUDA device: set"):
        select_device("cuda")


@pytest.mark.parametrize(
    ("precision", "device", "onednn", "instructions", "noted"),
    [
        ("bf16", "cpu", True, False, True),
        ("bf16", "cpu", False, True, True),  # a build without oneDNN
        ("bf16", "cpu", True, True, False),
        ("bf16", "cuda", True, False, False),
        ("fp32", "cpu", True, False, False),
    ],
)
def test_only_emulated_bf16_on_a_cpu_is_noted(
    monkeypatch, capsys, precision, device, onednn, instructions, noted
):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: onednn)
    monkeypatch.setattr(
        torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: instructions, raising=False
    )
    warn_of_slow_precision(precision, torch.device(device))
    written = capsys.readouterr()
    assert written.out == ""
    assert len(written.err.splitlines()) == noted
    assert written.err.startswith("note: this processor has no bfloat16" if noted else "")


def test_processor_of_the_cpu_is_named_by_its_instructions():
    assert processor(torch.device("cpu")) == f"cpu {torch.backends.cpu.get_cpu_capability()}"
