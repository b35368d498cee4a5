"""Which device a stage computes on."""

import os

import torch

from stages.lib.errors import InputError


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
