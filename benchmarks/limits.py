"""What the machine would allow a training step: its arithmetic and its memory traffic at full rate.

    python -m benchmarks.limits --batch-size 256
    python -m benchmarks.limits --batch-size 256 --maps

A step of the autoencoder in bf16 with torch.compile, as `benchmarks.training` measures it, against
two times measured in the same turns:

- arithmetic: the step's multiplications and additions, counted by PyTorch, at the rate of a product
  of two large bf16 matrices;
- memory: the values that enter batch norm, as often as the passes over them must move them, at the
  rate of a copy that fits no cache.

Layers compute and move in turns, so that a step cannot be much faster than the sum of the two; what
stays in a cache moves faster. Below stands by operator where the step's time goes; `compiled` are
the fused kernels of batch norm, leaky ReLU and their gradients.

With --maps the same of the maps in float32, as `benchmarks.maps` measures them: the arithmetic of
one forward and one backward pass at the rate of a 1×1 convolution with 256 channels, a product of
two matrices by the library that computes the network's convolutions; PyTorch's product of two
float32 matrices may be by another one, of half its rate. Then what that would be against Captum.

All products of a convolution are counted, a tenth of them with the zeros of its padding, which a
library may skip: the limit is that much higher for one that does.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from statistics import median
from typing import Annotated

import torch
import typer
from torch import Tensor, nn
from torch.nn.functional import conv2d
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import maps as benchmark
from novelty_maps.autoencoders.losses import reconstruction_loss
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.machine import runtime
from novelty_maps.maps.folding import folded
from novelty_maps.maps.loss_gradient import loss_gradient
from novelty_maps.networks.inputs import MEMORY_FORMAT, as_input
from novelty_maps.networks.outputs import evaluated
from novelty_maps.training.optimisation import optimizer_of

SIDE = 2048  # of the matrices
COPIED = 2**25  # values, of 4 bytes
CHANNELS, PLACES = 256, 2**16  # of the 1×1 convolution
# How often the values of a batch norm's input pass by: forward they are written, read for the
# statistics, read to be normalised and written, and read by the next layer; backward the gradient
# is written, gradient and input are read for the sums and read again, the result is written, and
# it and the layer's input are read for the gradients of weights and of the input.
PASSES, BYTES = 14, 2


def step_of(network: nn.Module, batch_size: int, *, compile: bool) -> Callable[[], None]:
    """One training step on the same random images, as a function without arguments."""
    network.train().to(memory_format=MEMORY_FORMAT)  # type: ignore[call-overload]
    images = torch.randint(0, 256, (batch_size, 1, 28, 28), dtype=torch.uint8)
    optimizer = optimizer_of(network, learning_rate=1e-3, weight_decay=0.0)
    forward = torch.compile(network, dynamic=False) if compile else network
    loss_of = reconstruction_loss(0.0)
    generator = torch.Generator()

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_of(forward, generator, (images,))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def arithmetic(step: Callable[[], object]) -> int:
    """Floating-point operations of a step: two for each multiplication with its addition."""
    with FlopCounterMode(display=False) as counter:
        step()
    return int(counter.get_total_flops())


def traffic(batch_size: int) -> int:
    """Bytes that a step moves, as the docstring of the module counts them."""
    network, values = seeded_autoencoder(0), [0]

    def count(_module: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
        values[0] += inputs[0].numel()

    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.register_forward_hook(count)
    network(torch.rand(batch_size, 1, 28, 28))
    return values[0] * PASSES * BYTES


def seconds(function: Callable[[], object]) -> float:
    """Wall time of a call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def medians(sides: Mapping[str, Callable[[], object]], turns: int) -> dict[str, float]:
    """Median wall time of each side, in turns, after three calls that are not counted."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(3 + turns):
        for name, side in sides.items():
            passed = seconds(side)
            times[name] += [passed] if turn >= 3 else []
    return {name: median(values) for name, values in times.items()}


def operators(step: Callable[[], object], steps: int) -> dict[str, float]:
    """Share of a step's time by operator, the largest first."""
    with profile(activities=[ProfilerActivity.CPU]) as record:
        for _ in range(steps):
            step()
    times: dict[str, float] = defaultdict(float)
    for event in record.key_averages():
        name = "compiled" if "CompiledFxGraph" in event.key else event.key
        times[name] += event.self_cpu_time_total
    total = sum(times.values())
    return {name: own / total for name, own in sorted(times.items(), key=lambda x: -x[1])}


def training(batch_size: int, turns: int) -> Callable[[], object]:
    """Print a training step's time and the times that the machine would allow; the step."""
    step = step_of(seeded_autoencoder(0), batch_size, compile=True)
    a, b = torch.randn(2, SIDE, SIDE).bfloat16()
    source = torch.randn(COPIED)
    target = torch.empty_like(source)
    sides = {"step": step, "matrices": lambda: a @ b, "copy": lambda: target.copy_(source)}
    middle = medians(sides, turns)
    flops = arithmetic(step_of(seeded_autoencoder(0), batch_size, compile=False))
    moved = traffic(batch_size)
    rate, copy_rate = 2 * SIDE**3 / middle["matrices"], 8 * COPIED / middle["copy"]
    computing, moving = flops / rate, moved / copy_rate
    print(f"step: {1e3 * middle['step']:.1f} ms, {batch_size / middle['step']:,.0f} images/s")
    print(f"arithmetic: {flops / 1e9:.1f} GFLOP at {rate / 1e9:.0f}/s: {1e3 * computing:.1f} ms")
    print(f"memory: {moved / 1e9:.2f} GB at {copy_rate / 1e9:.1f}/s: {1e3 * moving:.1f} ms")
    print(f"both, one after the other: {(computing + moving) / middle['step']:.0%} of the step")
    return step


def two_passes(batch_size: int, turns: int) -> Callable[[], object]:
    """Print what the maps of a batch take and what the machine would allow; the two passes."""
    plain = seeded_autoencoder(0).eval()
    whole = folded(evaluated(plain, torch.device("cpu")))
    pixels = torch.randint(0, 256, (batch_size, 1, 28, 28), dtype=torch.uint8)
    x = as_input(pixels)
    places = torch.randn(PLACES // 256, CHANNELS, 16, 16).to(memory_format=MEMORY_FORMAT)
    weight = torch.randn(CHANNELS, CHANNELS, 1, 1).to(memory_format=MEMORY_FORMAT)
    sides: dict[str, Callable[[], object]] = {
        "maps": lambda: loss_gradient(whole, x),
        "captum": lambda: benchmark.with_captum(plain, pixels),
        "matrices": lambda: conv2d(places, weight),
    }
    middle = medians(sides, turns)
    flops = arithmetic(lambda: whole(x.clone().requires_grad_()).sum().backward())
    rate = 2 * PLACES * CHANNELS**2 / middle["matrices"]
    most, captum = batch_size * rate / flops, batch_size / middle["captum"]
    print(f"maps: {1e3 * middle['maps']:.1f} ms, {batch_size / middle['maps']:,.0f} images/s")
    print(f"arithmetic: {flops / batch_size / 1e6:.1f} MFLOP an image at {rate / 1e9:.0f} GFLOP/s:")
    print(f"at most {most:,.0f} images/s, {most / captum:.1f} times Captum's {captum:,.0f};")
    print(f"the maps are at {batch_size / middle['maps'] / most:.0%} of that")
    return sides["maps"]


def main(
    batch_size: Annotated[int, typer.Option(help="Images in a batch.")] = 256,
    turns: Annotated[int, typer.Option(help="Turns of all that is measured.")] = 20,
    maps: Annotated[bool, typer.Option("--maps", help="The maps, not a training step.")] = False,
) -> None:
    """Print a step's time, the times that the machine would allow, and the step by operator."""
    runtime.prepare()
    print(f"{torch.get_num_threads()} threads, batches of {batch_size}")
    step = (two_passes if maps else training)(batch_size, turns)
    for name, share in list(operators(step, turns).items())[:12]:
        print(f"  {share:6.1%} {name}")


if __name__ == "__main__":
    typer.run(main)
