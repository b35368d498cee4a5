"""Where a stage computes, and what it says about it."""

import pytest
import torch

from novelty_maps.machine.devices import (
    compiled,
    on_threads,
    processor,
    require_devices,
    select_device,
    threads_for,
    warn_of_slow_precision,
)
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


def test_compiler_is_as_deterministic_as_the_device():
    from torch._inductor import config

    torch.use_deterministic_algorithms(False)
    select_device("cpu")
    assert not config.deterministic
    compiled(torch.nn.Linear(2, 2))
    assert config.deterministic


def test_batches_of_few_values_have_one_thread_and_others_those_that_are_set():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert threads_for(64 * 28 * 28) == 1
        assert threads_for(256 * 28 * 28) == 2
        with on_threads(1):
            assert torch.get_num_threads() == 1
        with pytest.raises(KeyError), on_threads(1):
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_cuda_that_is_not_there_is_an_input_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="device is cuda, but PyTorch finds no CUDA device: set"):
        select_device("cuda")


def test_more_processes_than_cuda_devices_are_an_input_error_that_names_both(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    said = "train.processes is 3, but each takes .* PyTorch finds 2: set it to 2, or the device to"
    for device in ("cuda", "auto"):
        require_devices(2, device)
        with pytest.raises(InputError, match=said):
            require_devices(3, device, key="train.processes")
    require_devices(3, "cpu")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    require_devices(3, "auto")  # all of them on the processor


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
