"""Which device a stage computes on."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from novelty_maps.pipeline.errors import InputError

_FEW_VALUES = 2**16  # of a batch; 83 images of 28×28


def select_device(name: str) -> torch.device:
    """Device of the given name, with PyTorch set to deterministic algorithms.

    These by default also fill every new tensor with NaN, so that one that is read before it is
    written shows. The networks' operations write theirs whole, and the filling takes time. (The
    other way to set them, `torch.use_deterministic_algorithms`, imports PyTorch's compilers as
    well, a second in every process.)

    Args:
        name: "cpu", "cuda", or "auto" for CUDA where there is one.

    Raises:
        InputError: CUDA is asked for and not available.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_deterministic_debug_mode("error")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    require_device(name)
    return torch.device(name)


def require_device(name: str, *, key: str = "device") -> None:
    """Raise InputError if a device is asked for that is not there.

    Args:
        name: As of `select_device`.
        key: What asks for it, for the error.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError(f"{key} is cuda, but PyTorch finds no CUDA device: set it to auto or cpu")


def compiled(network: nn.Module) -> nn.Module:
    """The network through torch.compile, whose compiler is deterministic as `select_device` is."""
    torch.use_deterministic_algorithms(torch.are_deterministic_algorithms_enabled())
    return torch.compile(network, dynamic=False)  # type: ignore[return-value]


def threads_for(values: int) -> int:
    """Threads to train with on the CPU: one on batches of few values, else those that are set.

    With 64 images of 28×28, a second thread mostly waits for the first: it takes 1.8 times the
    processor for a fourteenth of the time. The sums of a gradient depend on the number of threads,
    so that in one thread they are the same with any number of cores.

    Args:
        values: Values of all images of a batch.
    """
    return 1 if values <= _FEW_VALUES else torch.get_num_threads()


@contextmanager
def on_threads(threads: int) -> Iterator[None]:
    """So many threads on the CPU for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def require_devices(processes: int, name: str, *, key: str = "processes") -> None:
    """Raise InputError if processes on CUDA, of which each takes a device, are more than those.

    Args:
        processes: How many.
        name: As of `select_device`.
        key: What asks for them, for the error.
    """
    there = torch.cuda.device_count()
    if processes > 1 and name != "cpu" and 0 < there < processes:
        raise InputError(
            f"{key} is {processes}, but each takes a CUDA device of its own, and PyTorch finds"
            f" {there}: set it to {there}, or the device to cpu"
        )


def warn_of_slow_precision(precision: str, device: torch.device) -> None:
    """Say so on stderr if bf16 is asked of a CPU that has no instructions for it."""
    if precision != "bf16" or device.type != "cpu":
        return
    # PyTorch without oneDNN has no such operation.
    built = torch.backends.mkldnn.is_available()
    if not (built and torch.ops.mkldnn._is_mkldnn_bf16_supported()):
        print(
            "note: this processor has no bfloat16 instructions, so that precision bf16 is many"
            " times slower than fp32 here",
            file=sys.stderr,
        )


def processor(device: torch.device) -> str:
    """What computes there: the name of a GPU, or the instructions that PyTorch uses of a CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} {torch.backends.cpu.get_cpu_capability()}"
