"""Which device a stage computes on."""

import os
import sys

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


# How tensors lie in memory. Convolutions are faster with the channels last, but without AVX-512 the
# backward pass of a strided 1×1 convolution then crashes in oneDNN 3.12, that of PyTorch 2.13.
MEMORY_FORMAT = (
    torch.channels_last
    if torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    else torch.contiguous_format
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
