"""An ensemble of classifiers by Stein variational gradient descent (Liu & Wang 2016).

What each member says of the images is a particle, a function, and the particles are to be a sample
of the posterior: each climbs the log posterior of itself and of its neighbours, and neighbours push
each other apart. Particles of weights do not: at 10⁵ of them nearly all distances are alike and
their repulsion vanishes beside the gradient of the loss, and weights that differ may well be the
same function (Wang et al. 2019).
"""

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax

from novelty_maps.classifiers.base import Classifier
from novelty_maps.networks.inputs import BatchLoss, Forward, as_input


class SvgdEnsemble(nn.Module):
    """Images (N, C, H, W) to the logits of E classifiers, (E, N, K).

    Every member has its own initial weights, drawn one member after another, so that the first has
    those of a lone classifier. Each member has a batch norm of its own.

    Args:
        backbone: One of `base.BACKBONES`, the same for all members.
        members: Number of classifiers E.
        image_shape: (C, H, W) of the images.
        classes: Number of classes K.
    """

    def __init__(
        self, backbone: str, *, members: int, image_shape: tuple[int, ...], classes: int
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(
            Classifier(backbone, image_shape=image_shape, classes=classes) for _ in range(members)
        )

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """`z` (N, E·D), the members' side by side, and `member_logits` (N, E, K)."""
        each = [member.outputs(x) for member in self.members]  # type: ignore[operator]
        z = torch.cat([outputs["z"] for outputs in each], dim=1)
        return {"z": z, "member_logits": torch.stack([o["logits"] for o in each], dim=1)}

    def logits(self, x: Tensor) -> Tensor:
        """Log of the mean of the members' class probabilities, (N, K)."""
        log_p = log_softmax(self(x), dim=2)
        return log_p.logsumexp(dim=0) - math.log(len(self.members))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of each member, (E, N, K)."""
        return torch.stack([member(x) for member in self.members])


def stein_direction(particles: Tensor, score: Tensor, *, repulsion: float = 1.0) -> Tensor:
    """Direction φ in which particles come nearer to being a sample of p (eq. 8 of Liu & Wang).

    φ(x_i) = 1/E Σ_j [k(x_j, x_i) ∇log p(x_j) + ∇_{x_j} k(x_j, x_i)], k(x, y) = exp(−‖x − y‖² / h),
    h = med² / log(E + 1) with med the median distance of two particles, so that particles at that
    distance have k = 1 / (E + 1). The paper has log E, and its authors' code E + 1 as here; their
    median counts each particle's distance from itself too, which would matter for a small E.
    h is held constant in ∇k.

    Args:
        particles: (E, P), float32 or float64.
        score: ∇log p at each particle, (E, P).
        repulsion: Factor of ∇k. A score in other units needs another one than 1: from
            ∇log p / n and a repulsion of 1/n comes φ / n.

    Returns:
        (E, P); the score itself if there is one particle; NaN if more than half of the
        pairs coincide, which leaves the kernel without a width.
    """
    count = len(particles)
    if count == 1:
        return score
    # Not cdist: in float32 on a CPU it is 2 % off at the 21 million weights of a ResNet34.
    squared = torch.stack([(particles - one).square().sum(dim=1) for one in particles])
    first, second = torch.triu_indices(count, count, offset=1, device=particles.device)
    median = squared[first, second].sqrt().quantile(0.5)
    width = median.square() / math.log(count + 1)
    kernel = torch.exp(-squared / width)
    kernel_gradient = (kernel.sum(dim=1, keepdim=True) * particles - kernel @ particles) * 2 / width
    return (kernel @ score + repulsion * kernel_gradient) / count


def svgd_loss(*, repulsion: float) -> BatchLoss:
    """Loss whose gradient is the Stein direction in function space, for a loop that descends.

    Function-space particle optimisation (Wang et al. 2019, f-SVGD): particle i is what member i
    says of the batch, its logits (B, K) less their mean over the classes, which no probability
    depends on. The direction φ_i is found there, and the weights move along φ_i through the
    Jacobian of member i.

    The scale: with L_j the mean cross-entropy of member j in nats over n training images and a flat
    prior, ∇log p is −∇L_j where p is the posterior at the temperature n. A repulsion of 1 samples
    that, 1/n the posterior itself, at which members hardly feel each other. The kernel has the
    median bandwidth of `stein_direction`, distances are over all B·K values.

    The direction is the gradient of no function, so that what is returned is the mean of L_j in
    value and has that gradient by construction; with one member it is that of plain training.
    Forward may be the compiled network, in mixed precision; kernel and direction are in float32.

    Args:
        repulsion: Factor of ∇k beside −∇L.
    """

    def loss(forward: Forward, generator: Generator, batch: tuple[Tensor, ...]) -> Tensor:
        images, targets = batch
        each = forward(as_input(images)).float()
        fixed = each.detach().requires_grad_()
        losses = torch.stack([cross_entropy(logits, targets) for logits in fixed])
        # A member's loss depends on its own logits alone: the sum gives each its gradient.
        (gradients,) = torch.autograd.grad(losses.sum(), fixed)
        fixed = fixed.detach()
        particles = (fixed - fixed.mean(dim=2, keepdim=True)).flatten(1)
        with torch.autocast(images.device.type, enabled=False):
            direction = stein_direction(particles, -gradients.flatten(1), repulsion=repulsion)
        along: Tensor = ((each - fixed) * direction.view_as(each)).sum()
        return losses.detach().mean() - along

    return loss
