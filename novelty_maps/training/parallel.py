"""One training in several processes: each takes its share of every batch, and all take one step.

The gradients of the shares are averaged (DistributedDataParallel, Li et al. 2020), which is the
gradient of the whole batch where its loss is a mean over the examples. Batch norm, and a loss that
compares examples, see the share alone. What is not trained, as batch norm's running statistics, is
each process's own while an epoch goes on, and after it that of the first one.

In a single process everything here leaves all as it is.
"""

import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from novelty_maps.machine.devices import compiled
from novelty_maps.networks.inputs import Forward, ValidationLoss, seeded_generator
from novelty_maps.training.processes import rank, world_size

_T = TypeVar("_T")


def data_parallel(network: nn.Module, *, compile: bool) -> Forward:
    """The network as the training passes call it: gradients are then means over all processes.

    Args:
        network: On the device; its parameters are those that are trained.
        compile: Pass it through torch.compile.
    """
    forward = compiled(network) if compile else network
    if world_size() == 1:
        return forward
    # A network may have parameters without a gradient. Looking for them also keeps the order in
    # which gradients are summed: it would change after the first step of a run, and of a resumed
    # one, which would then differ from an uninterrupted one in the last digits.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # another name of broadcast_buffers
        return DistributedDataParallel(
            _WithUnused(forward), broadcast_buffers=False, find_unused_parameters=True
        )


class _WithUnused(nn.Module):
    """A network and a parameter that no loss reaches: looking in vain, PyTorch warns each time."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.unused = nn.Parameter(torch.zeros(1, device=next(network.parameters()).device))

    def forward(self, *given: Any, **named: Any) -> Any:
        return self.network(*given, **named)


def whole_batch(batch_size: int, examples: int) -> int:
    """Examples that all processes together take in a step: no more than there are, equal shares."""
    return min(batch_size, examples) // world_size() * world_size()


def shard(batches: Tensor) -> Tensor:
    """This process's share (S, B / P) of S batches of B."""
    return batches.view(len(batches), world_size(), -1)[:, rank()]


def own_noise(generator: torch.Generator) -> torch.Generator:
    """What this process draws noise from; the first goes on as a single process does."""
    return seeded_generator(generator.initial_seed(), rank()) if rank() else generator


def mean_of_all(value: Tensor) -> float:
    """Mean of the processes' scalars, the same in all."""
    if world_size() == 1:
        return float(value)
    total = value.clone()
    distributed.all_reduce(total)
    return float(total / world_size())


def found_by_first(find: Callable[[], _T]) -> _T:
    """What the first process finds, in all; the others do not look. It is pickled."""
    if world_size() == 1:
        return find()
    found = [find() if rank() == 0 else None]
    distributed.broadcast_object_list(found, 0)
    return cast(_T, found[0])


def changed_by_first(network: nn.Module, change: Callable[[nn.Module], None]) -> None:
    """Have the first process change what is not trained, and give that to all."""
    if rank() == 0:
        change(network)
    for buffer in network.buffers() if world_size() > 1 else ():
        whole = buffer.contiguous()
        distributed.broadcast(whole, 0)
        buffer.copy_(whole)


def measured_by_first(network: nn.Module, measure: ValidationLoss) -> float:
    """What the first process measures, in all: they decide by it, and must decide the same."""
    if world_size() == 1:
        return measure(network)
    device = next(network.parameters()).device
    value = torch.zeros((), dtype=torch.float64, device=device)
    if rank() == 0:
        value.fill_(measure(network))
    distributed.broadcast(value, 0)
    return float(value)
