"""Runs as tasks of Ray: machines and processes that are lost, and what a person sees of it."""

import os
import signal
import sys
import threading
import time
from pathlib import Path
from queue import SimpleQueue

import pytest
from oracles.scratch_pipeline import shared_pipeline

from novelty_maps.pipeline.errors import InputError
from studies import ray_tasks, task


def node(name, resources):
    """A machine as Ray lists it; one without resources was lost."""
    alive = resources is not None
    return {
        "NodeManagerHostname": name,
        "NodeID": f"{name} of Ray",
        "Alive": alive,
        "Resources": resources or {},
    }


class FakeModule:
    """Ray's, connected to machines with these numbers of GPUs, and one that was lost."""

    def __init__(self, *gpus):
        self.gpus, self.connected = gpus, False

    def init(self, address, **others):
        if address == "nowhere":
            raise ConnectionError("nobody answers\nmore")
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # as Ray's
        self.connected = True

    def nodes(self):
        has = [{"CPU": 8.0} | ({"GPU": float(number)} if number else {}) for number in self.gpus]
        return [node("lost", None), *(node(f"m{i}", each) for i, each in enumerate(has))]

    def shutdown(self):
        self.connected = False


@pytest.mark.parametrize(("there", "most"), [([], 0), ([0], 0), ([1, 0, 2, 1], 2)])
def test_gpus_of_a_run_are_those_of_one_machine(there, most, monkeypatch):
    module = FakeModule(*there)
    monkeypatch.setitem(sys.modules, "ray", module)
    with ray_tasks.connected("auto", gpus=most) as found:
        assert found is module
        assert module.connected
    more = f"--gpus is {most + 1}, but no machine of the cluster has over {most}"
    with pytest.raises(InputError, match=more), ray_tasks.connected("auto", gpus=most + 1):
        pytest.fail("connected")
    assert not module.connected


def test_cluster_that_is_not_there_is_an_error_of_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", FakeModule())
    message = r"^no cluster at nowhere \(nobody answers\): start one by .*$"
    with pytest.raises(InputError, match=message), ray_tasks.connected("nowhere", gpus=0):
        pytest.fail("connected")


def exits(number, _frame):
    raise SystemExit(128 + number)


@pytest.fixture
def handled():
    """Signals have handlers that exit, as in a command."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, exits) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_handler_of_a_termination_stays(handled, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", FakeModule(0))
    with ray_tasks.connected("auto", gpus=0):
        assert signal.getsignal(signal.SIGTERM) is exits


@pytest.fixture(scope="module")
def ray():
    """A cluster of this machine alone, with one process for runs."""
    ray = pytest.importorskip("ray", reason="needs Ray: pip install -e '.[cluster]'")
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield ray
    ray.shutdown()


def dies_once(job, shell):
    """In place of the clone: kills the process of the run where none has before."""
    marker = Path(job.environment["MARKER"])
    if not marker.exists():
        marker.write_text(str(shell.clone.parent))
        os.kill(os.getpid(), signal.SIGKILL)


def test_lost_process_is_tried_again_and_a_failure_is_not(ray, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    job = shared_pipeline(tmp_path)
    monkeypatch.setattr(task, "_clone", dies_once)
    monkeypatch.setattr(
        task, "_reproduce", lambda job, shell: shell("git", job.name, where=Path("/"))
    )
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    environment = {"MARKER": str(tmp_path / "marker")}
    jobs = [job._replace(name=name, environment=environment) for name in ("version", "bad")]
    found = dict(ray_tasks.outcomes(ray, jobs, 0))
    assert found["version"].failure == ""
    assert found["version"].machine == task.machine()
    assert found["bad"].failure.startswith("`git bad` failed")
    assert not Path((tmp_path / "marker").read_text()).exists()


def test_interrupted_wait_ends_with_the_status_of_its_handler(ray, handled, monkeypatch):
    monkeypatch.setattr(task, "run", lambda job: time.sleep(60))
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    job = task.Job("x", "", [], "", "", "", "", "", ("", ""), {})
    threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(SystemExit) as raised:
        list(ray_tasks.outcomes(ray, [job], 0))
    assert raised.value.code == 130


class Cluster:
    """In place of Ray: what it lists, one list after the other."""

    def __init__(self, *lists):
        self.lists = iter(lists)

    def nodes(self):
        return next(self.lists)


def test_machine_that_is_lost_is_told_once():
    both = [node("a", {"CPU": 1}), node("b", {"CPU": 1, "GPU": 1}), node("head", {"memory": 1})]
    without_b = [both[0], node("b", None), both[2]]
    alone = [node("a", None), node("b", None), both[2]]
    lost = ray_tasks._lost_machines(Cluster(both, both, without_b, without_b, alone, both))
    assert [next(lost) for _ in range(5)] == [
        "",
        "b was lost: its runs begin again elsewhere",
        "",
        "a was lost, the last that runs could use: they wait until one joins",
        "",
    ]


def test_wait_tells_of_lost_machines_until_a_run_ends(monkeypatch, capsys):
    monkeypatch.setattr(ray_tasks, "_SECONDS", 0.01)
    ended = SimpleQueue()

    def lost():
        yield "a was lost"
        yield ""
        ended.put("run")
        yield ""

    assert ray_tasks._next(ended, lost()) == "run"
    assert capsys.readouterr().out == "a was lost\n"


def test_first_machine_that_does_not_answer_ends_the_wait(monkeypatch):
    monkeypatch.setattr(ray_tasks, "_PATIENCE", 0.05)
    assert ray_tasks._answer(lambda: 1) == 1
    with pytest.raises(InputError, match="the first machine of the cluster does not answer"):
        ray_tasks._answer(threading.Event().wait)


def test_error_of_the_first_machine_is_told_at_once(capfd):
    def ask():
        raise ConnectionError("lost\nand more")

    begun = time.monotonic()
    with pytest.raises(InputError, match=r"does not answer \(ConnectionError.*lost.*\): what has"):
        ray_tasks._answer(ask)
    assert time.monotonic() - begun < ray_tasks._PATIENCE / 2
    assert capfd.readouterr().err == ""
