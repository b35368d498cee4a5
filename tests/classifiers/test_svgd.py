"""Stein variational gradient descent: its direction, what it samples, and the ensemble's loss."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy, softmax

from novelty_maps.classifiers import objectives
from novelty_maps.classifiers.plain import classification_loss, error_rate
from novelty_maps.classifiers.svgd import stein_direction, svgd_loss
from novelty_maps.networks.inputs import MEMORY_FORMAT, as_input
from novelty_maps.representation import scores
from novelty_maps.training.loop import train

CPU = torch.device("cpu")
COUNT = 30  # training images n


def slow_direction(particles, score):
    """φ of Liu & Wang, eq. 8, a pair at a time, ∇k by automatic differentiation."""
    rows = list(particles.double())
    count = len(rows)
    distances = sorted(float((rows[i] - rows[j]).norm()) for i in range(count) for j in range(i))
    middle = len(distances) // 2
    median = (distances[middle] + distances[~middle]) / 2
    h = median**2 / math.log(count + 1)
    direction = []
    for x_i in rows:
        total = torch.zeros_like(x_i)
        for x_j, score_j in zip(rows, score.double(), strict=True):
            x = x_j.clone().requires_grad_()
            k = torch.exp(-((x - x_i) ** 2).sum() / h)
            (gradient,) = torch.autograd.grad(k, x)
            total += k.detach() * score_j + gradient
        direction.append(total / count)
    return torch.stack(direction)


def drawn(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def images_of_three_classes(count=COUNT, seed=0):
    generator = torch.Generator().manual_seed(seed)
    targets = torch.arange(count) % 3
    images = torch.randint(0, 90, (count, 1, 8, 8), generator=generator)
    for image, target in zip(images, targets, strict=True):
        image[0, 2 * int(target) : 2 * int(target) + 2] += 100
    return images.to(torch.uint8), targets


def network(members=None, seed=0):
    """A plain classifier, or an ensemble of so many members."""
    objective, own = (
        ("nominal", {}) if members is None else ("svgd", {"members": members, "repulsion": 0.3})
    )
    return objectives.seeded_network(
        seed, "small_resnet", objective, own, image_shape=(1, 8, 8), classes=3
    ).to(memory_format=MEMORY_FORMAT)


def flat_gradient(net):
    return torch.cat([parameter.grad.flatten() for parameter in net.parameters()])


def flat(net):
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])


def backward(net, batch_loss, *, forward=None, bf16=False):
    """Gradients of the batch's loss in the network, as the training loop has them; the loss."""
    forward = net if forward is None else forward
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        loss = batch_loss(forward, torch.Generator(), images_of_three_classes())
    loss.backward()
    return loss.detach()


@pytest.mark.parametrize(("count", "length"), [(2, 3), (3, 1), (4, 5), (9, 2)])
def test_direction_is_that_of_the_formula(count, length):
    particles, score = drawn(count, length), drawn(count, length, seed=1)
    direction = stein_direction(particles, score)
    assert direction.dtype == torch.float64
    torch.testing.assert_close(direction, slow_direction(particles, score), rtol=1e-12, atol=1e-12)


def test_direction_in_float32_agrees_with_float64():
    particles, score = drawn(5, 2000), drawn(5, 2000, seed=1)
    direction = stein_direction(particles.float(), score.float())
    assert direction.dtype == torch.float32
    torch.testing.assert_close(
        direction.double(), stein_direction(particles, score), rtol=1e-5, atol=1e-5
    )


def test_one_particle_goes_where_the_score_points():
    score = drawn(1, 4, seed=1)
    assert torch.equal(stein_direction(drawn(1, 4), score), score)


def test_without_a_score_two_particles_part():
    particles = torch.tensor([[0.0, 1.0], [2.0, 1.0]])
    left, right = stein_direction(particles, torch.zeros(2, 2))
    assert left[0] < 0 < right[0]
    assert left[1] == right[1] == 0


def test_scaled_score_with_the_repulsion_scaled_alike_gives_the_scaled_direction():
    particles, score = drawn(4, 3), drawn(4, 3, seed=1)
    scaled = stein_direction(particles, score / 50, repulsion=1 / 50)
    torch.testing.assert_close(scaled, stein_direction(particles, score) / 50)


def test_direction_permutes_with_the_particles_and_moves_with_the_origin():
    particles, score, order = drawn(5, 3), drawn(5, 3, seed=1), torch.tensor([3, 0, 4, 1, 2])
    direction = stein_direction(particles, score)
    torch.testing.assert_close(stein_direction(particles[order], score[order]), direction[order])
    torch.testing.assert_close(stein_direction(particles + 7, score), direction)


MEANS = torch.tensor([[-2.0, 0.0], [2.0, 0.0]], dtype=torch.float64)
WEIGHTS = torch.tensor([1 / 3, 2 / 3], dtype=torch.float64)


def mixture_score(x):
    """∇log p of a mixture of two Gaussians of unit variance, closed form."""
    log_p = -((x[:, None] - MEANS) ** 2).sum(2) / 2 + WEIGHTS.log()
    return softmax(log_p, dim=1) @ MEANS - x


def moved(*, repulsion, steps=700):
    """Particles that start close to the origin, after many steps of Adam along φ."""
    x = (0.1 * drawn(60, 2)).requires_grad_()
    optimizer = torch.optim.Adam([x], lr=0.03)
    for _ in range(steps):
        x.grad = -stein_direction(x.detach(), mixture_score(x.detach()), repulsion=repulsion)
        optimizer.step()
    return x.detach()


def test_particles_become_a_sample_of_a_mixture_with_two_modes():
    x = moved(repulsion=1.0)
    mean = WEIGHTS @ MEANS
    variance = 1 + WEIGHTS @ MEANS**2 - mean**2
    torch.testing.assert_close(x.mean(0), mean, rtol=0, atol=0.1)
    torch.testing.assert_close(x.var(0), variance, rtol=0.1, atol=0)
    beyond = 0.9772  # of a standard normal above −2
    assert float((x[:, 0] > 0).double().mean()) == pytest.approx(
        float(WEIGHTS[1] * beyond + WEIGHTS[0] * (1 - beyond)), abs=0.03
    )


def test_without_repulsion_particles_end_on_the_modes():
    x = moved(repulsion=0.0, steps=800)
    nearest = (x[:, None] - MEANS).norm(dim=2).min(dim=1).values
    assert float(nearest.median()) < 0.01
    assert float(x.var(0)[1]) < 0.01  # 1 in the mixture


def test_first_member_starts_as_the_lone_classifier_and_the_others_do_not():
    lone = network().state_dict()
    first, second = network(members=2).members
    for name, values in first.state_dict().items():
        assert torch.equal(values, lone[name])
    assert not torch.equal(second.head.weight, first.head.weight)


def test_one_member_has_the_loss_and_gradient_of_plain_training():
    plain, single = network(), network(members=1)
    loss = backward(plain, classification_loss())
    assert backward(single, svgd_loss(repulsion=0.3)) == loss
    assert torch.equal(flat_gradient(single), flat_gradient(plain))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_training_one_member_ends_with_the_weights_of_plain_training(precision):
    ends = []
    for members in (None, 1):
        net = network(members)
        batch_loss = objectives.OBJECTIVES["svgd" if members else "nominal"].loss(
            net, COUNT, {"members": members, "repulsion": 0.3}
        )
        state = train(
            net,
            images_of_three_classes(),
            batch_loss=batch_loss,
            validation_loss=error_rate(*images_of_three_classes(seed=1), batch_size=16, device=CPU),
            learning_rate=0.01,
            batch_size=8,
            epochs=2,
            patience=2,
            seed=0,
            device=CPU,
            precision=precision,
        )
        ends.append((net.state_dict(), state.history))
    (plain, plain_history), (single, single_history) = ends
    assert plain_history == single_history
    for name, values in plain.items():
        assert torch.equal(single[f"members.0.{name}"], values)


@pytest.mark.parametrize("bf16", [False, True])
def test_each_member_follows_the_direction_of_its_logits_less_their_mean(bf16):
    net, (images, targets) = network(members=3), images_of_three_classes()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        each = [member(as_input(images)).float() for member in net.members]
    losses = [cross_entropy(logits, targets) for logits in each]
    score = [-torch.autograd.grad(cross_entropy(e, targets), e, retain_graph=True)[0] for e in each]
    particles = [(e - e.mean(dim=1, keepdim=True)).detach().flatten() for e in each]
    # φ of ∇log p / r, times r: the direction with repulsion r.
    direction = 0.3 * slow_direction(torch.stack(particles), torch.stack(score).flatten(1) / 0.3)
    for logits, along in zip(each, direction, strict=True):
        logits.backward(-along.view_as(logits).float())
    expected = flat_gradient(net).double()
    again = network(members=3)
    loss = backward(again, svgd_loss(repulsion=0.3), bf16=bf16)
    torch.testing.assert_close(loss, torch.stack(losses).mean().detach())
    apart = flat_gradient(again).double() - expected
    assert float(apart.norm() / expected.norm()) < (0.05 if bf16 else 1e-4)


def test_a_shift_of_all_logits_of_a_member_changes_no_direction():
    """Neither its probabilities nor its distance to the others depend on it."""
    net, shifted = network(members=3), network(members=3)
    with torch.no_grad():
        shifted.members[0].head.bias += 5
    for each in (net, shifted):
        backward(each, svgd_loss(repulsion=0.3))
    torch.testing.assert_close(flat_gradient(shifted), flat_gradient(net), rtol=1e-3, atol=1e-5)


def test_gradient_is_the_same_through_a_compiled_forward():
    plain, compiled = network(members=2), network(members=2)
    backward(plain, svgd_loss(repulsion=0.3))
    forward = torch.compile(compiled, backend="aot_eager", dynamic=False)
    backward(compiled, svgd_loss(repulsion=0.3), forward=forward)
    torch.testing.assert_close(flat_gradient(compiled), flat_gradient(plain), rtol=1e-4, atol=1e-6)


def deep_ensemble_loss(forward, generator, batch):
    images, targets = batch
    losses = [cross_entropy(logits, targets) for logits in forward(as_input(images))]
    return torch.stack(losses).sum()


def ensemble_trained_by(batch_loss):
    """Three members with the same initial weights and batches, whatever the loss."""
    net, data = network(members=3), images_of_three_classes()
    state = train(
        net,
        data,
        batch_loss=batch_loss,
        validation_loss=error_rate(*data, batch_size=16, device=CPU),
        learning_rate=0.01,
        batch_size=10,
        epochs=8,
        patience=8,
        keep_epochs=(8,),  # not to stop at no error
        seed=0,
        device=CPU,
    )
    net.load_state_dict(state.network)
    return net.eval(), state


def disagreement(net, images):
    """Mean mutual information of member and class, in nats."""
    with torch.no_grad():
        member_logits = net.outputs(as_input(images))["member_logits"].numpy()
    return float(scores.mutual_information(member_logits).mean())


def test_members_learn_and_disagree_more_on_noise_than_those_of_a_deep_ensemble():
    deep, _ = ensemble_trained_by(deep_ensemble_loss)
    apart, state = ensemble_trained_by(svgd_loss(repulsion=0.3))
    assert state.history[-1]["train_loss"] < state.history[0]["train_loss"] / 2
    assert state.best_loss == 0
    noise = torch.randint(0, 256, (200, 1, 8, 8), generator=torch.Generator().manual_seed(1)).byte()
    assert disagreement(apart, noise) > 1.3 * disagreement(deep, noise)


@torch.no_grad()
def test_outputs_have_a_row_per_image():
    net = network(members=4).eval()
    x = torch.rand(5, 1, 8, 8)
    outputs = net.outputs(x)
    assert outputs["z"].shape == (5, 4 * 64)
    assert outputs["member_logits"].shape == (5, 4, 3)
    for number, member in enumerate(net.members):
        torch.testing.assert_close(outputs["z"][:, number * 64 :][:, :64], member.represent(x))
        torch.testing.assert_close(outputs["member_logits"][:, number], member(x))
    assert net(x).shape == (4, 5, 3)
    torch.testing.assert_close(net(x), outputs["member_logits"].transpose(0, 1))


@torch.no_grad()
def test_logits_are_those_of_the_mean_probability():
    net = network(members=3).eval()
    x = as_input(images_of_three_classes()[0])
    mean = softmax(net(x).double(), dim=2).mean(dim=0)
    torch.testing.assert_close(net.logits(x).double().exp(), mean, rtol=1e-5, atol=0)
    assert torch.equal(net.logits(x).argmax(dim=1), mean.argmax(dim=1))


@torch.no_grad()
def test_class_is_that_of_the_mean_probability_and_not_of_the_mean_logit():
    net = network(members=3).eval()
    for member, bias in zip(net.members, [[0, 3, 0], [0, 3, 0], [9, 0, 0]], strict=True):
        member.head.weight.zero_()
        member.head.bias.copy_(torch.tensor(bias))
    x = torch.rand(2, 1, 8, 8)
    assert net(x).mean(dim=0).argmax(dim=1).tolist() == [0, 0]
    assert net.logits(x).argmax(dim=1).tolist() == [1, 1]


@torch.no_grad()
def test_certain_members_have_finite_logits():
    net = network(members=2).eval()
    for member in net.members:
        member.head.bias.copy_(torch.tensor([1e4, 0, 0]))
    assert net.logits(torch.rand(2, 1, 8, 8)).isfinite().all()
