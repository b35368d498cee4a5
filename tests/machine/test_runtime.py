"""How a process prepares for PyTorch."""

import os

import pytest

from novelty_maps.machine import runtime


def test_threads_yield_while_they_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    runtime.prepare()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


def test_setting_of_the_user_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    runtime.prepare()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"


@pytest.mark.parametrize("failure", [OSError("no libc.so.6"), AttributeError("no mallopt")])
def test_another_c_library_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def load(name: str) -> None:
        raise failure

    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    monkeypatch.setattr(runtime.ctypes, "CDLL", load)
    runtime.prepare()
