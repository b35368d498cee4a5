"""JEM (Grathwohl et al. 2020): a classifier that is trained as a model of its images as well.

The energy E(x) = −log Σ exp f(x) of the logits f makes p(x) ∝ exp(−E(x)) a density. Training lowers
the cross-entropy, and beside it E on the training images against E on samples of p(x). The samples
come from stochastic gradient Langevin dynamics that goes on from a replay buffer (Algorithm 1).

The score is `scores.energy` of the logits. A plain classifier has that score too (Liu et al. 2020),
but its energy isn't JEM's: nothing trained it to be low on the images and high elsewhere.

This version is small: a buffer of 1,000 images instead of 10,000, and fewer steps if one likes.
The paper's images are in [−1, 1]: u = 2x − 1. A step of 1 along ∂E/∂u = ½ ∂E/∂x moves x by half of
that, and noise on x is half of that on u. Samples and noisy training images are kept in [0, 1],
which theirs are not, so that a value outside the range never tells the ones from the others.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy

from novelty_maps.classifiers.base import Classifier
from novelty_maps.networks.inputs import MEMORY_FORMAT, BatchLoss, Forward, as_input
from novelty_maps.pipeline.errors import InputError

STEP_SIZE = 1 / 4  # theirs is 1
STEP_NOISE = 0.01 / 2  # standard deviation
IMAGE_NOISE = 0.03 / 2  # standard deviation of the noise on the training images
REPLAYED = 1000  # images in the buffer
FRESH = 0.05  # chance that a sample begins anew from uniform noise
EXPLODED = 1000  # nats between energies that lie a few nats apart while training is sound


class JointEnergyModel(Classifier):
    """Classifier without batch norm, and the samples that its training goes on from.

    Batch norm would make an image's energy depend on the rest of the batch, and samples, whose
    statistics are others than the images', would blur those that evaluation uses. Like the paper's
    network this one has no normalisation. With group norm, which looks at one image at a time, the
    samples stayed noise in a trial, and the energies drifted apart.

    Attributes:
        replay: (1000, C, H, W) float32 in [0, 1]. It is saved with the weights, so that a training
            that was interrupted goes on from the same samples.
    """

    replay: Tensor

    def __init__(self, backbone: str, *, image_shape: tuple[int, ...], classes: int) -> None:
        super().__init__(backbone, image_shape=image_shape, classes=classes)
        _remove_batch_norm(self.backbone)
        self.register_buffer("replay", torch.rand(REPLAYED, *image_shape))

    def energy(self, x: Tensor) -> Tensor:
        """E(x) = −log Σ exp f(x) in nats; −log p(x) but for a constant. (N,)."""
        return -self.logits(x).logsumexp(dim=1)


def _remove_batch_norm(module: nn.Module) -> None:
    """Take batch norm out, in place, and give the convolutions the bias that it had given them.

    PyTorch's own initial weights are small enough for residual blocks without normalisation;
    torchvision's for its ResNets are not.
    """
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.Identity())
        elif isinstance(child, nn.Conv2d):
            child.bias = nn.Parameter(torch.empty(child.out_channels))
            child.reset_parameters()
        else:
            _remove_batch_norm(child)


def jem_loss(
    network: nn.Module, *, steps: int, energy_weight: float, energy_penalty: float
) -> BatchLoss:
    """Cross-entropy + weight · (mean E(images) − mean E(samples) + penalty · the means of E²).

    The gradient of the difference is that of the mean −log p(x). Its value is no likelihood: near
    0 when samples look like the images to the network, negative when they don't. All is computed in
    float32, whatever the precision of the training.

    Args:
        network: The `JointEnergyModel` that is trained; the samples are drawn from it uncompiled,
            and one for each image of the batch.
        steps: Langevin steps from the replay buffer to a sample; the paper's are 20.
        energy_weight: Weight of the difference, `p_x_weight` in the authors' code; 1 in the paper.
            In a short training 1 keeps the classes from being learnt.
        energy_penalty: Of the magnitude of energies, α of Du & Mordatch (2019), who have it so that
            they do not drift off; 0 in the paper.
    """
    assert isinstance(network, JointEnergyModel)

    def loss(forward: Forward, generator: Generator, batch: tuple[Tensor, ...]) -> Tensor:
        images, targets = batch
        x = as_input(images)
        x = (x + IMAGE_NOISE * _normal_like(x, generator)).clamp(0, 1)
        # Energies of tens of nats differ by tenths, which bfloat16 does not resolve.
        with torch.autocast(x.device.type, enabled=False):
            samples = draw_samples(network, count=len(x), steps=steps, generator=generator)
            logits = forward(torch.cat([x, samples]))
        energy = -logits.logsumexp(dim=1)
        difference = energy[: len(x)].mean() - energy[len(x) :].mean()
        require_stable(float(difference.detach()), steps=steps)
        # There are as many images as samples: the mean over both is half the sum of the means.
        of_energy = difference + energy_penalty * 2 * energy.square().mean()
        loss: Tensor = cross_entropy(logits[: len(x)], targets) + energy_weight * of_energy
        return loss

    return loss


def draw_samples(
    network: JointEnergyModel, *, count: int, steps: int, generator: Generator
) -> Tensor:
    """Samples of p(x), which take their beginnings' places in the replay buffer.

    Args:
        network: Its buffer is changed; its parameters and their gradients are not.
        count: Number of samples N, at most all of the buffer.
        steps: Langevin steps from the buffer, or from fresh noise, to a sample.
        generator: CPU generator of beginnings and noise.

    Returns:
        (N, C, H, W) float32 in [0, 1].
    """
    device = network.replay.device
    places = torch.randperm(len(network.replay), generator=generator)[:count].to(device)
    x = network.replay[places]
    fresh = torch.rand(len(x), 1, 1, 1, generator=generator) < FRESH
    noise = torch.rand(x.shape, generator=generator)
    x = torch.where(fresh.to(device), noise.to(device), x)
    x = x.contiguous(memory_format=MEMORY_FORMAT)
    samples = langevin(network.energy, x, steps=steps, generator=generator)
    network.replay[places] = samples
    return samples


def langevin(
    energy: Callable[[Tensor], Tensor], x: Tensor, *, steps: int, generator: Generator
) -> Tensor:
    """Images after so many steps x ← x − step size · ∂E/∂x + noise, each clamped to [0, 1].

    As in the paper, the step is much longer than a Langevin sampler's would be for this noise.

    Args:
        energy: Images (N, C, H, W) to the energy of each, (N,).
        x: Where to begin, (N, C, H, W) float32.
        steps: Number of steps.
        generator: CPU generator of the noise.
    """
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(energy(x).sum(), x)
        moved = x.detach() - STEP_SIZE * gradient + STEP_NOISE * _normal_like(x, generator)
        x = moved.clamp(0, 1)
    return x


def require_stable(difference: float, *, steps: int) -> None:
    """Raise InputError if the energies of images and samples are this far apart, or not finite."""
    if not abs(difference) <= EXPLODED:
        raise InputError(
            f"training of jem diverged: the energies of images and samples are {difference:.4g}"
            f" nats apart (sound is below {EXPLODED}). Lower the learning rate, or give the"
            f" variant more steps (now {steps}) or an energy_penalty"
        )


def _normal_like(x: Tensor, generator: Generator) -> Tensor:
    return torch.randn(x.shape, generator=generator).to(x.device)
