"""The training loop: what it minimises, when it stops, and that it can be interrupted."""

import math
from copy import deepcopy

import pytest
import torch
from oracles.once import once

from novelty_maps.autoencoders.losses import mean_reconstruction_loss, reconstruction_loss
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.machine.devices import on_threads
from novelty_maps.networks.inputs import seeded_generator
from novelty_maps.pipeline.errors import InputError
from novelty_maps.training import parallel, processes
from novelty_maps.training.loop import epoch_generator, threads_of, train
from novelty_maps.training.state import TrainingState

CPU = torch.device("cpu")
# Strokes at varying places, so that there is something to learn.
IMAGES = torch.zeros(48, 1, 8, 8, dtype=torch.uint8)
for row, image in enumerate(IMAGES):
    image[0, :, row % 7 : row % 7 + 2] = 120 + row


def network(seed=0):
    return seeded_autoencoder(seed, image_shape=(1, 8, 8), code_length=4)


def run(net=None, *, images=IMAGES, noise_std=0.0, validation_losses=None, **changes):
    """Train a small network; returns it and the final state."""
    net = network() if net is None else net
    stub = iter(validation_losses or ())
    settings = {
        "batch_loss": reconstruction_loss(noise_std),
        "validation_loss": (
            (lambda _: next(stub))
            if validation_losses
            else mean_reconstruction_loss(images[:16], batch_size=16, device=CPU)
        ),
        "learning_rate": 1e-3,
        "batch_size": 16,
        "epochs": 3,
        "patience": 100,
        "seed": 0,
        "device": CPU,
    }
    return net, train(net, (images,), **{**settings, **changes})


def same(a, b):
    """Whether two state dicts hold the same bits and describe the same network."""
    return a.keys() == b.keys() and all(
        torch.equal(a[name], b[name]) if isinstance(a[name], torch.Tensor) else a[name] == b[name]
        for name in a
    )


def test_threads_are_those_that_a_processes_share_of_a_batch_needs(monkeypatch):
    images = torch.zeros(100, 1, 32, 32, dtype=torch.uint8)
    with on_threads(2):
        assert [threads_of(images, size) for size in (64, 65, 999)] == [1, 2, 2]
        assert threads_of(images[:64], 999) == threads_of(images[:0], 999) == 1
        with monkeypatch.context() as patch:
            for module in (parallel, processes):
                patch.setattr(module, "world_size", lambda: 2)
            assert [threads_of(images, size) for size in (128, 130)] == [1, 1]  # of 100: 50 each
            assert [threads_of(images.repeat(2, 1, 1, 1), size) for size in (128, 130)] == [1, 2]


def test_loss_decreases():
    _, state = run(epochs=15)
    history = state.history
    assert [row["epoch"] for row in history] == list(range(1, 16))
    assert history[-1]["train_loss"] < history[0]["train_loss"] / 2
    assert state.best_loss < history[0]["validation_loss"]


@pytest.mark.parametrize("noise_std", [0.0, 0.2])
def test_same_seed_gives_identical_weights(noise_std):
    (first, first_state), (again, again_state) = (run(noise_std=noise_std) for _ in range(2))
    assert same(first.state_dict(), again.state_dict())
    assert first_state.history == again_state.history


def test_another_seed_gives_other_weights():
    assert not same(run(seed=0)[0].state_dict(), run(seed=1)[0].state_dict())


def test_training_does_not_depend_on_the_global_random_state():
    torch.manual_seed(1)
    first, _ = run(noise_std=0.2)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    again, _ = run(noise_std=0.2)
    assert torch.equal(torch.get_rng_state(), before)
    assert same(first.state_dict(), again.state_dict())


@once
def uninterrupted(**settings):
    """States after each epoch, network and final state."""
    states: dict[int, TrainingState] = {}
    return states, *run(
        on_epoch=lambda state: states.update({state.epoch: deepcopy(state)}), **settings
    )


@pytest.mark.parametrize("noise_std", [0.0, 0.2])
@pytest.mark.parametrize("epoch", [1, 3])
@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
def test_resumed_training_ends_bit_identical_to_an_uninterrupted_one(epoch, noise_std, schedule):
    settings = {"schedule": schedule, "weight_decay": 0.1 * noise_std}
    settings |= {"noise_std": noise_std, "epochs": 5, "keep_epochs": (1, 5), "keep_running": (1, 4)}
    states, whole, whole_state = uninterrupted(**settings)
    resumed, resumed_state = run(network(seed=9), state=deepcopy(states[epoch]), **settings)
    assert same(whole.state_dict(), resumed.state_dict())
    assert whole_state.history == resumed_state.history
    assert same(whole_state.network, resumed_state.network)
    assert whole_state.best_epoch == resumed_state.best_epoch
    assert whole_state.kept.keys() == resumed_state.kept.keys() == {1, 5}
    assert same(whole_state.kept[1], resumed_state.kept[1])
    assert whole_state.kept_running.keys() == resumed_state.kept_running.keys() == {1, 4}
    assert all(same(whole_state.kept_running[e], resumed_state.kept_running[e]) for e in (1, 4))


def test_finished_training_can_be_given_more_epochs():
    whole, whole_state = run(epochs=4)
    _, first_half = run(epochs=2)
    resumed, resumed_state = run(network(seed=9), state=first_half, epochs=4)
    assert same(whole.state_dict(), resumed.state_dict())
    assert whole_state.history == resumed_state.history


def test_state_after_an_epoch_stays_that_of_the_epoch():
    states = []
    _, whole = run(epochs=4, on_epoch=states.append)
    _, resumed = run(epochs=4, state=states[1])
    assert whole.history == resumed.history


def test_state_goes_through_a_plain_dict():
    _, state = run(epochs=1)
    values = state.as_dict()
    assert isinstance(values, dict)
    assert TrainingState(**values) == state


def test_training_stops_after_patience_epochs_without_a_lower_loss():
    losses = [3.0, 2.0, 2.5, 2.0, 2.1, 1.0]
    _, state = run(validation_losses=losses, epochs=6, patience=3)
    assert state.epoch == 5  # 2.0 again is no improvement
    assert (state.best_epoch, state.best_loss) == (2, 2.0)
    assert [row["validation_loss"] for row in state.history] == losses[:5]


def test_a_lower_loss_restarts_the_patience():
    _, state = run(validation_losses=[3.0, 3.5, 2.0, 2.5, 2.5], epochs=9, patience=2)
    assert (state.epoch, state.best_epoch) == (5, 3)


@pytest.mark.parametrize(
    ("keep", "stops"),
    [
        ({}, 3),
        ({"keep_epochs": (1, 3)}, 3),
        ({"keep_epochs": (4,)}, 4),
        ({"keep_running": (5,)}, 5),
        ({"keep_epochs": (6,)}, 6),
        ({"keep_epochs": (7,)}, 3),
    ],
)
def test_training_stops_at_a_loss_of_0_but_for_epochs_to_keep(keep, stops):
    losses = [2.0, 1.0, 0.0, 1.0, 0.0, 1.0]
    net, state = run(validation_losses=losses, epochs=6, **keep)
    assert (state.epoch, state.best_epoch, state.best_loss) == (stops, 3, 0.0)
    three, _ = run(validation_losses=[2.0, 1.0, 0.5], epochs=3)
    assert same(net.state_dict(), three.state_dict())


def test_patience_ends_a_training_that_goes_on_for_epochs_to_keep():
    _, state = run(validation_losses=[0.0, 1.0, 1.0, 1.0], epochs=9, patience=2, keep_epochs=(9,))
    assert state.epoch == 3


def test_network_ends_with_the_weights_of_the_best_epoch():
    net, state = run(validation_losses=[3.0, 1.0, 2.0, 2.0], epochs=4, keep_epochs=range(1, 5))
    assert same(net.state_dict(), state.kept[2])
    assert same(net.state_dict(), state.best_network)
    assert same(state.network, state.kept[4])
    assert not same(state.kept[2], state.kept[4])


def test_weights_of_the_asked_epochs_are_kept():
    _, state = run(epochs=4, keep_epochs=(2, 3, 99))
    two, _ = run(epochs=2, validation_losses=[2.0, 1.0])
    assert state.kept.keys() == {2, 3}
    assert same(state.kept[2], two.state_dict())


def test_network_ends_in_evaluation_mode():
    assert not run()[0].training


def test_validation_sees_the_network_in_evaluation_mode_and_training_in_training_mode():
    net, modes = network(), []

    def batch_loss(forward, generator, batch):
        modes.append(("batch", net.training))
        return reconstruction_loss(0)(forward, generator, batch)

    def validation_loss(evaluated):
        modes.append(("validation", evaluated.training))
        return 1.0

    run(net, epochs=2, batch_size=24, batch_loss=batch_loss, validation_loss=validation_loss)
    assert modes == 2 * [("batch", True), ("batch", True), ("validation", False)]


def test_an_epoch_visits_each_row_at_most_once_in_full_batches():
    seen, counts = [], []

    def batch_loss(forward, generator, batch):
        seen.append(batch[1].tolist())
        return reconstruction_loss(0)(forward, generator, batch)

    train(
        network(),
        (IMAGES, torch.arange(48)),
        batch_loss=batch_loss,
        validation_loss=lambda _: 1.0,
        learning_rate=1e-3,
        batch_size=20,
        epochs=2,
        patience=9,
        seed=0,
        device=CPU,
        on_batch=lambda count, loss: counts.append(count),
    )
    assert counts == [20, 20, 20, 20]
    first, second = seen[0] + seen[1], seen[2] + seen[3]
    assert len(set(first)) == len(set(second)) == 40
    assert first != second


def test_batch_larger_than_the_data_means_all_images():
    (whole, _), (larger, _) = run(batch_size=48), run(batch_size=1000)
    assert same(whole.state_dict(), larger.state_dict())


def test_train_loss_is_the_mean_over_batches():
    losses = []
    _, state = run(epochs=1, on_batch=lambda count, loss: losses.append(float(loss)))
    # Three additions in float32.
    assert state.history[0]["train_loss"] == pytest.approx(sum(losses) / 3, rel=3 * 2**-23)


def test_huge_learning_rate_is_an_input_error_naming_the_rate():
    with pytest.raises(InputError, match=r"diverged in epoch \d+.*now 1e\+30"):
        run(learning_rate=1e30)


@pytest.mark.parametrize("losses", [[math.nan], [1.0, math.inf]])
def test_validation_loss_that_is_not_finite_is_an_input_error_naming_the_rate(losses):
    states = []
    with pytest.raises(InputError, match=rf"epoch {len(losses)}.*Lower .*now 0\.001"):
        run(validation_losses=losses, epochs=3, on_epoch=states.append)
    assert len(states) == len(losses) - 1  # the diverged state is handed to nobody


def test_training_loss_of_nan_is_an_input_error():
    def batch_loss(forward, generator, batch):
        return math.nan * reconstruction_loss(0)(forward, generator, batch)

    with pytest.raises(InputError, match=r"epoch 1.*now 0\.001"):
        run(batch_loss=batch_loss, validation_losses=[1.0])


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_images_are_an_input_error(count):
    with pytest.raises(InputError, match=f"there are {count} training images"):
        run(images=IMAGES[:count], validation_losses=[1.0])


def test_two_images_are_enough():
    assert run(images=IMAGES[:2], validation_losses=[1.0], epochs=1)[1].epoch == 1


@pytest.mark.parametrize(("precision", "enabled"), [("fp32", False), ("bf16", True)])
def test_only_the_training_passes_are_in_mixed_precision_if_asked_for(precision, enabled):
    seen = []

    def batch_loss(forward, generator, batch):
        seen.append(torch.is_autocast_enabled("cpu"))
        assert not enabled or torch.get_autocast_dtype("cpu") == torch.bfloat16
        return reconstruction_loss(0)(forward, generator, batch)

    def validation_loss(_):
        assert not torch.is_autocast_enabled("cpu")
        return 1.0

    run(epochs=1, batch_loss=batch_loss, validation_loss=validation_loss, precision=precision)
    assert seen == [enabled] * 3


@pytest.mark.parametrize("compile", [True, False])
def test_only_the_training_passes_are_compiled_if_asked_for(monkeypatch, compile):
    net, compiled = network(), []

    def stub(given, **_):
        def forward(x):
            compiled.append(given)
            return given(x)

        return forward

    def validation_loss(evaluated):
        assert evaluated is net
        return 1.0

    monkeypatch.setattr(torch, "compile", stub)
    run(net, epochs=1, validation_loss=validation_loss, compile=compile)
    assert compiled == [net] * (3 if compile else 0)


def test_epoch_generator_is_a_function_of_seed_and_epoch_alone():
    def draws(seed, epoch):
        return torch.rand(4, generator=epoch_generator(seed, epoch)).tolist()

    torch.manual_seed(1)
    first = draws(3, 2)
    torch.manual_seed(2)
    draws(3, 1)
    assert draws(3, 2) == first
    others = [draws(seed, epoch) for seed in range(4) for epoch in range(1, 5)]
    assert len({tuple(values) for values in others}) == 16


def test_epoch_generator_takes_the_seed_before_the_epoch():
    assert epoch_generator(3, 2).initial_seed() == seeded_generator(3, 2).initial_seed()
