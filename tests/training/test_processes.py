"""Processes that begin, fail and end together."""

import os
import time

import psutil
import pytest
import torch
from oracles import ranks

from novelty_maps.pipeline.errors import InputError
from novelty_maps.training.processes import launch, rank, world_size


def test_one_process_is_this_one():
    called = []
    launch(lambda *given: called.append((os.getpid(), given)), 1, 2, processes=1, device="cpu")
    assert called == [(os.getpid(), (1, 2))]
    assert (rank(), world_size()) == (0, 1)


def test_killed_process_ends_the_others_with_one_line(capfd):
    begun = time.monotonic()
    with pytest.raises(InputError) as caught:
        launch(ranks.killed, processes=2, device="cpu")
    assert str(caught.value).startswith("process 2 of 2 was ended by SIGKILL, so that the others")
    assert "\n" not in str(caught.value)
    assert time.monotonic() - begun < 60  # and not a time-out of half an hour
    assert not [child for child in psutil.Process().children() if "spawn_main" in cmdline(child)]
    assert capfd.readouterr() == ("", "")


def cmdline(process):
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def test_error_of_any_process_is_raised_here_and_only_the_first_is_heard(capfd):
    with pytest.raises(InputError) as caught:
        launch(ranks.talking, processes=2, device="cpu")
    assert str(caught.value) == "the second has an error: mend it" + ranks.LONG
    assert capfd.readouterr() == ("out of 0\nout of C\n", "err of 0\nerr of C\n")


def test_more_processes_than_cuda_devices_are_an_error_that_names_both(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for device in ("cuda", "auto"):
        with pytest.raises(InputError, match=r"processes is 3, but each .* finds 2: set it to 2"):
            launch(ranks.killed, processes=3, device=device)
