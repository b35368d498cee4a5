"""A study on a cluster: what is asked of its machines, and what they have finished before."""

import io
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

    def __init__(self, became, gpus):
        self.became, self.gpus, self.jobs = became, gpus, {}

    def nodes(self):
        return []

    def remote(self, **asked):
        assert asked == {"num_cpus": 1, "num_gpus": self.gpus, "max_retries": 3}
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

    def ran(became=finish, places=PLACES, gpus=0.5):
        ray = FakeRay(became, gpus)

        @contextmanager
        def connected(address, **others):
            assert (address, others) == ("auto", {"gpus": gpus})
            yield ray

        monkeypatch.setattr(cluster, "connected", connected)
        try:
            assert git("rev-parse", "HEAD") == cluster.run_on_cluster(
                STUDY, RUNS, places, address="auto", gpus=gpus
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


def test_run_that_asks_for_no_gpu_sees_none(run):
    assert run(gpus=0)["seeds-1"].environment == {"CUDA_VISIBLE_DEVICES": ""}


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
