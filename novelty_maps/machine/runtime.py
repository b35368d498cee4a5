"""How a process that computes with PyTorch gets on with the machine."""

import ctypes
import os
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # from <malloc.h>


def prepare() -> None:
    """Make PyTorch's CPU threads yield and its memory stay; call it before PyTorch is imported.

    OpenMP's threads by default spin while they wait for each other. As soon as another program
    wants one of the cores, a spinning thread keeps it from the very thread that it waits for,
    and training becomes up to ten times slower; threads that sleep instead share a busy machine
    fairly (`benchmarks/contention.py`). A setting of the user's is respected.

    glibc by default hands freed blocks of megabytes back to the kernel, which clears every page
    when the next step asks for them again. Kept, they save about a sixth of the training time.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if sys.platform == "linux":
        try:
            libc = ctypes.CDLL("libc.so.6")
            libc.mallopt(_M_MMAP_THRESHOLD, 1 << 30)
            libc.mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
        except (OSError, AttributeError):
            return  # another C library: nothing to tune
