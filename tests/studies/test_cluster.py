"""A study on a cluster: what is asked of its machines, and what they have finished before."""

import io
import os
import signal
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest
from oracles.scratch_experiments import commit, experiment, git
from oracles.scratch_pipeline import dvc, shared_pipeline
from ruamel.yaml import YAML

from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.section import read_yaml
from studies import cluster, task
from studies.cluster import Places
from studies.definition import Changes, Definition
from studies.study import Study
from studies.task import Outcome

ROOT = Path(__file__).resolve().parents[2]
PLACES = Places("origin", "store")
SWEEP = {"set": {"metrics.k": 5}, "sweep": {"train.seed": [0, 1, 2]}}
STUDY = Study("seeds", Definition(question="agreement", says="Why?"), {"seeds": Changes(**SWEEP)})
RUNS = STUDY.runs()
# In the place of DVC's commands: it knows no experiments.
FAKE = "print()\n"


class LostError(Exception):
    """What Ray raises for a machine."""


class FakeRay:
    """Runs a task in this process when its result is asked for."""

    class exceptions:  # noqa: N801
        """As Ray's."""

        RayError = LostError

        class RayTaskError(LostError):
            """As Ray's."""

    class cloudpickle:  # noqa: N801
        """As Ray's."""

        @staticmethod
        def register_pickle_by_value(module):
            assert module is task

    def __init__(self, became):
        self.became, self.jobs = became, {}

    def remote(self, **asked):
        assert asked == {"num_cpus": 1, "num_gpus": 0.5, "max_retries": 3}
        return lambda function: self

    def options(self, *, name):
        ray = self

        class Named:
            def remote(self, job):
                assert job.name == name
                ray.jobs[name] = job
                return self

            def future(self):
                ended = Future()
                ended.set_result(None)
                ended.result = lambda: ray.became(ray.jobs[name])
                return ended

        return Named()


def finish(job):
    """The job's experiment is pushed, with its settings."""
    (settings,) = [run.settings for run in RUNS if run.name == job.name]
    params = read_yaml(ROOT / "params.yaml")
    for key, value in settings.items():
        section, _, name = key.partition(".")
        params[section][name] = value
    text = io.StringIO()
    YAML(typ="safe").dump(params, text)
    push(job.name, job.commit, {"params.yaml": text.getvalue()})
    return Outcome("machine 1", ["train"], 61.2, "", "much")


def push(name, start, files):
    experiment(name, start, files)
    ref = f"refs/exps/{start[:2]}/{start[2:]}/{name}"
    git("push", "-q", "--force", "origin", ref)
    git("update-ref", "-d", ref)


@pytest.fixture
def start(tmp_path, monkeypatch):
    """The commit of a repository whose git remote is shared."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q", "-b", "main")
    for key, value in (("user.name", "Test"), ("user.email", "test@example.org")):
        git("config", key, value)
    git("init", "-q", "--bare", "shared.git")
    git("remote", "add", "origin", "shared.git")
    commit({".gitignore": "shared.git\n/.dvc\n"})
    files = {"params.yaml": (ROOT / "params.yaml").read_text(), "dvc.py": FAKE, "dvc.yaml": "{}"}
    made = commit(files)
    git("push", "-q", "origin", "main")
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text("['remote \"store\"']\nurl = /store\n")
    for name in ("DATASETS_ROOT", "CHECKPOINTS_ROOT"):
        monkeypatch.delenv(name, raising=False)
    return made


@pytest.fixture
def run(start, monkeypatch):
    """Runs the study with something in the place of machines; the jobs that they got."""

    def ran(became=finish, places=PLACES):
        ray = FakeRay(became)

        @contextmanager
        def connected(address, *, gpus):
            assert (address, gpus) == ("auto", 0.5)
            yield ray

        monkeypatch.setattr(cluster, "_connected", connected)
        try:
            assert git("rev-parse", "HEAD") == cluster.run_on_cluster(
                STUDY, RUNS, places, address="auto", gpus=0.5
            )
        finally:
            ran.jobs = ray.jobs
        return ran.jobs

    return ran


def test_machine_gets_the_exact_commit_and_what_is_shared(run, start, tmp_path, monkeypatch):
    monkeypatch.setenv("CHECKPOINTS_ROOT", "/shared/checkpoints")
    assert run()["seeds-2"] == task.Job(
        name="seeds-2",
        commit=start,
        overrides=["++metrics.k=5", "++train.seed=1"],
        target="plots",
        git=str(tmp_path / "shared.git"),
        folder="",
        remote="store",
        store="/store",
        author=("Test", "test@example.org"),
        environment={"CHECKPOINTS_ROOT": "/shared/checkpoints"},
    )


def test_every_run_has_a_line_as_it_ends(run, capfd):
    run()
    lines = [line for line in capfd.readouterr().out.splitlines() if line]
    assert [line.split(" ")[:2] for line in lines] == [
        [f"[{i}/3]", f"seeds-{name}"] for i, name in ((1, 1), (2, 2), (3, 3))
    ]
    assert lines[0] == "[1/3] seeds-1 finished on machine 1, 61 s, stages run: 1"


def test_only_what_has_not_finished_with_these_settings_runs(run, start, capfd):
    assert list(run()) == ["seeds-1", "seeds-2", "seeds-3"]
    assert run() == {}
    assert "3 of 3 finished before" in capfd.readouterr().out
    params = (ROOT / "params.yaml").read_text()
    push("seeds-2", start, {"params.yaml": params})  # of other settings
    assert list(run()) == ["seeds-2"]
    assert run() == {}


def test_what_finished_is_here_although_others_failed_or_were_interrupted(run, start):
    def interrupted(job):
        if job.name == "seeds-2":
            raise SystemExit(130)
        return finish(job)

    with pytest.raises(SystemExit):
        run(interrupted)
    assert [line.rpartition("/")[2] for line in git("for-each-ref", "refs/exps").splitlines()] == [
        "seeds-1"
    ]
    assert list(run()) == ["seeds-2", "seeds-3"]


def test_run_that_failed_is_named_with_its_reason_and_the_others_go_on(run, capfd):
    def became(job):
        if job.name == "seeds-3":
            return Outcome("machine 2", [], 1.0, "k is 0: give 1", "all it wrote")
        if job.name == "seeds-2":
            raise LostError("a machine")
        return finish(job)

    with pytest.raises(InputError, match="seeds-2, seeds-3 failed: see above, and run the study"):
        run(became)
    said = capfd.readouterr().out
    log = Path(".dvc/tmp/studies/seeds-3.log")
    assert f"seeds-3 failed on machine 2: k is 0: give 1 (all it wrote: {log})" in said
    assert log.read_text() == "all it wrote"
    assert "seeds-2 failed: its machine or process was lost 4 times" in said
    assert "seeds-1 finished" in said


def refused(run):
    with pytest.raises(InputError) as raised:
        run()
    assert run.jobs == {}
    return str(raised.value)


def test_changes_and_commits_that_machines_do_not_see_are_refused(run):
    Path("params.yaml").write_text((ROOT / "params.yaml").read_text() + "# changed\n")
    assert "params.yaml is not as in git" in refused(run)
    commit({})
    assert "`git push origin` first" in refused(run)
    git("push", "-q", "origin", "main")
    assert len(run()) == 3


def test_place_that_is_not_there_is_refused(run):
    with pytest.raises(InputError, match="no git remote is named other: give --git one of origin"):
        run(places=Places("other", "store"))
    with pytest.raises(InputError, match="no DVC remote is named other: add it"):
        run(places=Places("origin", "other"))


@pytest.mark.parametrize("url", [f"s3://bucket/{'long' * 25}", "/shared folder/a store", "../s"])
def test_place_of_the_dvc_remote_is_that_of_its_configuration(url, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    shared_pipeline(tmp_path)
    git("config", "user.name", "Test")
    git("config", "user.email", "test@example.org")
    dvc("remote", "add", "--local", "store", url)
    job = cluster._job("", PLACES, target="measure")
    assert job.store == (str(tmp_path / "s") if url == "../s" else url)


def test_configuration_that_dvc_cannot_read_is_refused(run):
    Path(".dvc/config").write_text("['remote \"store\"'\n")
    assert "DVC's configuration is not valid" in refused(run)


def test_relative_folder_that_machines_would_look_for_elsewhere_is_refused(run, monkeypatch):
    monkeypatch.setenv("CHECKPOINTS_ROOT", "checkpoints")
    assert "CHECKPOINTS_ROOT is checkpoints: give an absolute path" in refused(run)


class FakeModule:
    """Ray's, connected to machines with these numbers of GPUs; None is of one that was lost."""

    def __init__(self, *gpus):
        self.gpus, self.connected = gpus, False

    def init(self, address, **others):
        if address == "nowhere":
            raise ConnectionError("nobody answers\nmore")
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # as Ray's
        self.connected = True

    def nodes(self):
        has = [{"CPU": 8.0} | ({"GPU": float(number)} if number else {}) for number in self.gpus]
        here = [{"Alive": True, "Resources": resources} for resources in has]
        return [{"Alive": False, "Resources": {}}, *here]

    def shutdown(self):
        self.connected = False


@pytest.mark.parametrize(("there", "most"), [([], 0), ([0], 0), ([1, 0, 2, 1], 2)])
def test_gpus_of_a_run_are_those_of_one_machine(there, most, monkeypatch):
    module = FakeModule(*there)
    monkeypatch.setitem(sys.modules, "ray", module)
    with cluster._connected("auto", gpus=most) as found:
        assert found is module
        assert module.connected
    more = f"--gpus is {most + 1}, but no machine of the cluster has over {most}"
    with pytest.raises(InputError, match=more), cluster._connected("auto", gpus=most + 1):
        pytest.fail("connected")
    assert not module.connected


def test_cluster_that_is_not_there_is_an_error_of_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", FakeModule())
    message = r"^no cluster at nowhere \(nobody answers\): start one by .*$"
    with pytest.raises(InputError, match=message), cluster._connected("nowhere", gpus=0):
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
    with cluster._connected("auto", gpus=0):
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
    found = dict(cluster._outcomes(ray, jobs, 0))
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
        list(cluster._outcomes(ray, [job], 0))
    assert raised.value.code == 130
