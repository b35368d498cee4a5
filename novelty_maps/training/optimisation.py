"""The optimiser, and how its learning rate changes over the steps of a training."""

from collections.abc import Callable

from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

WARM_UP = 0.2  # share of the steps of one cycle in which the rate rises


def optimizer_of(network: nn.Module, *, learning_rate: float, weight_decay: float) -> Optimizer:
    """AdamW (Loshchilov & Hutter 2019), which without weight decay is Adam.

    Weights of more than one dimension decay; biases and the scales of normalisation do not, and
    nor does what the network names in `undecayed` ("head.class_weights", say).

    Args:
        network: On the device where it is trained.
        learning_rate: With PyTorch's other defaults.
        weight_decay: Share of a weight that a step takes off, at a learning rate of 1.
    """
    exempt = getattr(network, "undecayed", ())
    named = list(network.named_parameters())
    decayed = [value for name, value in named if value.ndim > 1 and name not in exempt]
    others = [value for name, value in named if value.ndim <= 1 or name in exempt]
    groups = [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=learning_rate, fused=True)


def _constant(
    optimizer: Optimizer, learning_rate: float, per_epoch: int, epochs: int, done: int
) -> LRScheduler:
    return LambdaLR(optimizer, lambda step: 1.0)


def _one_cycle(
    optimizer: Optimizer, learning_rate: float, per_epoch: int, epochs: int, done: int
) -> LRScheduler:
    """Up from a twenty-fifth of the rate and down to nearly 0, both along a cosine (Smith 2018)."""
    return OneCycleLR(
        optimizer,
        learning_rate,
        total_steps=epochs * per_epoch + 1,  # the scheduler is asked once more after the last step
        pct_start=WARM_UP,
        cycle_momentum=False,
        last_epoch=done * per_epoch - 1,
    )


# (optimiser, learning rate, steps of an epoch, epochs, those that are done) to what is stepped
# after each step of the optimiser, whose state has what the schedule needs to go on.
SCHEDULES: dict[str, Callable[..., LRScheduler]] = {
    "constant": _constant,
    "one_cycle": _one_cycle,
}
