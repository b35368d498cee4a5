"""Which device a stage computes on."""

import os
import sys

import torch

from novelty_maps.pipeline.errors import InputError


def select_device(name: str) -> torch.device:
    """Device of the given name, with PyTorch set to deterministic algorithms.

    These by default also fill every new tensor with NaN, so that one that is read before it is
    written shows. The networks' operations write theirs whole, and the filling takes time.

    Args:
        name: "cpu", "cuda", or "auto" for CUDA where there is one.

    Raises:
        InputError: CUDA is asked for and not available.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
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
