"""What a person sees of a training, and that what they see changes nothing."""

from copy import deepcopy

import pandas as pd
import pytest
import torch
from torch import nn

from novelty_maps.training import progress
from novelty_maps.training.checkpoints import Checkpoint
from novelty_maps.training.loop import train
from novelty_maps.training.progress import growing_curve, train_with_progress

CPU = torch.device("cpu")

DATA = torch.linspace(-1, 1, 22).view(11, 2)


def network():
    torch.manual_seed(0)
    return nn.Linear(2, 2)


def settings(**changes):
    def batch_loss(forward, generator, batch):
        return (forward(batch[0]) - batch[0]).square().mean()

    @torch.no_grad()
    def validation_loss(trained):
        return float((trained(DATA) - DATA).square().mean())

    return {
        "batch_loss": batch_loss,
        "validation_loss": validation_loss,
        "learning_rate": 0.01,
        "batch_size": 4,
        "epochs": 3,
        "patience": 9,
        "seed": 0,
        "device": torch.device("cpu"),
        **changes,
    }


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Checkpoint({}, [], device=CPU, threads=1)


class Bar:
    """Stands for tqdm, and keeps what it is told."""

    last: "Bar"

    def __init__(self, *, total, initial, **_):
        self.total, self.count, self.descriptions, self.losses = total, initial, [], []
        Bar.last = self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def update(self, count):
        self.count += count
        return self.count % 8 == 0  # as tqdm says whether it has drawn

    def set_postfix(self, *, loss, refresh):
        self.losses.append(loss)

    def set_description(self, description, *, refresh):
        self.descriptions.append(description)


def test_training_is_that_of_the_loop_and_says_nothing_of_going_on(checkpoint, capsys):
    shown, plain = network(), network()
    state = train_with_progress(shown, (DATA,), checkpoint, **settings())
    assert state.history == train(plain, (DATA,), **settings()).history
    assert torch.equal(shown.weight, plain.weight)
    err = capsys.readouterr().err
    assert "going on" not in err
    assert f"epoch 3/3 validation {state.history[-1]['validation_loss']:.5f}: 100%" in err


def test_state_is_saved_after_every_epoch(checkpoint, monkeypatch):
    saved = []
    monkeypatch.setattr(checkpoint, "save", lambda state: saved.append(state.epoch))
    train_with_progress(network(), (DATA,), checkpoint, **settings())
    assert saved == [1, 2, 3]


def test_resumed_training_says_after_which_epoch_and_ends_the_same(checkpoint, capsys):
    whole, resumed = network(), nn.Linear(2, 2)
    expected = train(whole, (DATA,), **settings())
    train_with_progress(deepcopy(network()), (DATA,), checkpoint, **settings(epochs=2))
    capsys.readouterr()
    state = train_with_progress(resumed, (DATA,), checkpoint, **settings())
    assert capsys.readouterr().err.startswith(f"going on after epoch 2 ({checkpoint.path})\n")
    assert torch.equal(resumed.weight, whole.weight)
    assert state.history == expected.history


def test_bar_counts_the_images_of_full_batches(checkpoint, monkeypatch):
    monkeypatch.setattr(progress, "tqdm", Bar)
    state = train_with_progress(network(), (DATA,), checkpoint, **settings(epochs=2))
    assert (Bar.last.total, Bar.last.count) == (16, 16)  # two epochs of two batches of four
    assert len(Bar.last.losses) == 2  # read only when the bar is drawn
    losses = [row["validation_loss"] for row in state.history]
    assert Bar.last.descriptions == [
        f"epoch {epoch}/2 validation {loss:.5f}" for epoch, loss in enumerate(losses, 1)
    ]
    train_with_progress(network(), (DATA,), checkpoint, **settings(epochs=5))
    assert (Bar.last.total, Bar.last.count) == (40, 40)  # the bar begins where it had ended
    train_with_progress(
        network(),
        (DATA,),
        Checkpoint({"b": 1}, [], device=CPU, threads=1),
        **settings(batch_size=99),
    )
    assert (Bar.last.total, Bar.last.count) == (33, 33)
    train_with_progress(
        network(),
        (DATA,),
        Checkpoint({"c": 1}, [], device=CPU, threads=1),
        **settings(epoch_steps=5),
    )
    # Three epochs of three visits of two batches of four.
    assert (Bar.last.total, Bar.last.count) == (72, 72)


def test_curve_grows_with_every_epoch_and_is_whole_after_an_interruption(checkpoint, tmp_path):
    curve = tmp_path / "metrics/curve.csv"
    write, lengths = growing_curve(curve, tmp_path / "weights.pt"), []

    def watch(state):
        write(state)
        lengths.append(len(pd.read_csv(curve)))
        if len(lengths) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_with_progress(network(), (DATA,), checkpoint, watch=watch, **settings())
    curve.unlink()  # as DVC does before it runs the stage again
    state = train_with_progress(network(), (DATA,), checkpoint, watch=watch, **settings())
    assert lengths == [1, 2, 3]
    pd.testing.assert_frame_equal(pd.read_csv(curve), pd.DataFrame(state.history), atol=1e-8)


def test_curve_of_weights_that_are_there_stays(checkpoint, tmp_path):
    weights, curve = tmp_path / "weights.pt", tmp_path / "curve.csv"
    weights.touch()
    curve.write_text("of the weights")
    watch = growing_curve(curve, weights)
    train_with_progress(network(), (DATA,), checkpoint, watch=watch, **settings())
    assert curve.read_text() == "of the weights"
