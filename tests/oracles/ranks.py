"""What the processes of a test do; a process that is started anew can import it."""

import os
import signal
import sys

import torch
from torch import distributed, nn

from novelty_maps.autoencoders.losses import mean_reconstruction_loss, reconstruction_loss
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.networks.inputs import as_input
from novelty_maps.pipeline.errors import InputError
from novelty_maps.training.batch_norm import calibration
from novelty_maps.training.checkpoints import Checkpoint
from novelty_maps.training.loop import train
from novelty_maps.training.processes import rank, world_size

CPU = torch.device("cpu")
# Strokes at varying places, so that there is something to learn.
IMAGES = torch.zeros(48, 1, 8, 8, dtype=torch.uint8)
for row, image in enumerate(IMAGES):
    image[0, :, row % 7 : row % 7 + 2] = 120 + row
LONG = "!" * 2**20
SETTINGS = {"learning_rate": 1e-3, "batch_size": 15, "epochs": 4, "patience": 99}
SETTINGS |= {"seed": 3, "device": CPU}


class Plain(nn.Module):
    """A network without batch norm, and with a layer that no loss reaches."""

    def __init__(self):
        super().__init__()
        self.used = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.Tanh(), nn.Conv2d(3, 1, 1))
        self.unused = nn.Linear(2, 2)

    def forward(self, x):
        return self.used(x)


def plain_network():
    torch.manual_seed(5)
    return Plain()


def one_step():
    """Gradients of one step on all images, and the weights before and after it, by name."""
    network = plain_network()
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    changed = {"batch_size": 48, "epochs": 1, "validation_loss": lambda _: 1.0}
    train(network, (IMAGES,), batch_loss=reconstruction_loss(0), **{**SETTINGS, **changed})
    gradients = {name: value.grad for name, value in network.named_parameters()}
    return {"gradients": gradients, "before": before, "after": dict(network.state_dict())}


def normalised(state=None, *, on_epoch=lambda state: None):
    """A training with batch norm, its statistics computed anew, and noise: weights and history."""
    network = seeded_autoencoder(0, image_shape=(1, 8, 8), code_length=4)
    validation = mean_reconstruction_loss(IMAGES[:16], batch_size=16, device=CPU)
    state = train(
        network,
        (IMAGES,),
        batch_loss=reconstruction_loss(0.2),
        validation_loss=validation,
        after_steps=calibration("precise", IMAGES, device=CPU),
        state=state,
        on_epoch=on_epoch,
        **SETTINGS,
    )
    weights = {name: v for name, v in network.state_dict().items() if torch.is_tensor(v)}
    return {"weights": weights, "history": state.history, "last": state.network}


def visits():
    """Which rows each step saw, its first draw, and who measured, of a training that stops early.

    What is measured would let the first process stop after three epochs and any other one go on.
    """
    rows, draws, called = [], [], []

    def batch_loss(forward, generator, batch):
        rows.append(batch[1].tolist())
        draws.append(float(torch.rand((), generator=generator)))
        return (forward(as_input(batch[0])) - as_input(batch[0])).square().mean()

    def validation_loss(network):
        called.append("validation")
        return float(len(called)) * (-1 if rank() else 1)

    network = plain_network()
    network.register_buffer("counted", torch.zeros(2, dtype=torch.float64))
    changed = {"batch_size": 21, "epochs": 9, "patience": 2, "validation_loss": validation_loss}
    state = train(
        network,
        (IMAGES, torch.arange(48)),
        batch_loss=batch_loss,
        after_steps=lambda network: network.counted.add_(rank() + 1),
        **{**SETTINGS, **changed},
    )
    counted = state.network["counted"].tolist()
    found = {"rows": rows, "draws": draws, "called": called, "counted": counted}
    return {**found, "epochs": state.epoch, "history": state.history}


def trainings(folder):
    """Every one of them, into a file of this process; then all raise what nobody foresaw."""
    states = {}
    whole = normalised(on_epoch=lambda state: states.update({state.epoch: state}))
    found = {"one_step": one_step(), "visits": visits(), "whole": whole, "again": normalised()}
    found["resumed"] = normalised(states[2])
    # The first has a checkpoint, and the others would look for it under another name.
    os.environ["CHECKPOINTS_ROOT"] = str(folder / "checkpoints")
    checkpoint = Checkpoint({"rank": rank()}, [], device=CPU, threads=1)
    if rank() == 0:
        checkpoint.save(states[2])
    state = checkpoint.load()
    found["loaded"] = (state and state.epoch, checkpoint.path)
    found["place"] = (rank(), world_size(), torch.get_num_threads())
    torch.save(found, folder / f"{rank()}.pt")
    distributed.barrier()
    raise ZeroDivisionError("nobody foresaw it")


def talking():
    """Both write to the terminal, as Python and as a library in C does; then the second one fails.

    The first one waits for it. The error is longer than what a pipe takes.
    """
    print(f"out of {rank()}", flush=True)
    print(f"err of {rank()}", file=sys.stderr, flush=True)
    os.write(1, b"out of C\n")
    os.write(2, b"err of C\n")
    if rank() == 1:
        raise InputError("the second has an error: mend it" + LONG)
    distributed.barrier()


def killed():
    """The second is killed while the first waits for it."""
    if rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    distributed.barrier()
