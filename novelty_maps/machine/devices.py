"""Which device a stage computes on."""

import os
import sys

import torch

from novelty_maps.pipeline.errors import InputError


def select_device(name: str) -> torch.device:
    """Device of the given name, with PyTorch set to deterministic algorithms.

    Args:
        name: "cpu", "cuda", or "auto" for CUDA where there is one.

    Raises:
        InputError: CUDA is asked for and not available.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("device is cuda, but PyTorch finds no CUDA device: set it to auto or cpu")
    return torch.device(name)


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
