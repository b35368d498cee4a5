"""The only import of torchvision, which needs help beside a CPU-only PyTorch.

torchvision's wheel is linked against CUDA. Next to a PyTorch without CUDA its extension library
cannot be loaded, torchvision carries on without it, and then fails with "operator
torchvision::nms does not exist" because it describes two operators that the library would have
declared. Declaring them first is enough: they belong to object detection, which nothing here
does. Where the library loads, nothing is declared.
"""

import importlib.util
from pathlib import Path
from types import ModuleType

import torch

_declarations = torch.library.Library("torchvision", "FRAGMENT")  # lives as long as the process


def load_torchvision() -> ModuleType:
    """The package torchvision."""
    if not _extension_loads():
        for operator in ("nms", "qnms"):
            if not hasattr(torch.ops.torchvision, operator):
                _declarations.define(
                    f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
                )
    import torchvision

    module: ModuleType = torchvision
    return module


def _extension_loads() -> bool:
    spec = importlib.util.find_spec("torchvision")
    assert spec is not None
    assert spec.origin is not None
    for library in sorted(Path(spec.origin).parent.glob("_C*.so")):
        try:
            torch.ops.load_library(library)
        except OSError:
            return False
    return True
