"""`python -m studies`, its commands called in process."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from oracles.scratch_experiments import commit, experiment, git, of_agreement

import studies.__main__ as commands
from novelty_maps.pipeline.errors import InputError
from studies import cluster, paths, runner

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def start(tmp_path, monkeypatch):
    """A repository with the project's studies; the commit that experiments start from."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    copied = ["params.yaml", str(paths.BASE)]
    copied += [str(paths.DEFINITIONS / file.name) for file in (ROOT / paths.DEFINITIONS).iterdir()]
    return commit({path: (ROOT / path).read_text() for path in copied})


def run_of_agreement(name, start, **numbers):
    files = of_agreement(**numbers)
    files["metrics/trajectory.csv"] = "epoch,best\n1,1\n"
    files["metrics/agreement_histogram.csv"] = "agreement,normal\n0,1\n"
    experiment(name, start, files)


def test_comparison_of_a_study_has_all_its_parts(start, capsys):
    for name in ("trajectories", "trajectories-high-rate", "trajectories-denoising"):
        run_of_agreement(name, start, rate=len(name) / 100)
    commands.compare(["trajectories"])
    runs = pd.read_csv(paths.RESULTS / "trajectories/runs.csv")
    assert runs["run"].tolist() == [
        "trajectories",
        "trajectories-high-rate",
        "trajectories-denoising",
    ]
    assert "normal_agreement" in capsys.readouterr().out


def test_experiments_of_no_study_compare_too(start):
    run_of_agreement("mine-1", start, seed=0)
    run_of_agreement("mine-2", start, seed=1)
    commands.compare(["mine"], output=Path("compared"))
    assert len(pd.read_csv("compared/runs.csv")) == 2
    commands.compare(["mine-2"])
    assert len(pd.read_csv(paths.RESULTS / "mine-2/runs.csv")) == 1


def test_question_of_a_study_is_its_own_and_another_can_be_asked(start):
    run_of_agreement("localization-networks-dense-1", start)
    none = "no experiment localization-networks-convolutional starts from HEAD"
    with pytest.raises(InputError, match=none):
        commands.compare(["localization-networks"])
    with pytest.raises(InputError, match=r"has no metrics/localization\.(csv|json)"):
        commands.compare(["localization-networks-dense"], question="localization")
    commands.compare(["localization-networks-dense"], question="agreement")


def test_page_of_experiments_is_a_file_and_says_where(start, capsys):
    run_of_agreement("mine-1", start, seed=0)
    run_of_agreement("mine-2", start, seed=1)
    commands.page(["mine"])
    said = capsys.readouterr().out
    assert "No images are shown: " in said
    assert said.endswith("build/mine.html\n")
    assert ">mine-2</td>" in Path("build/mine.html").read_text()
    commands.page(["mine-2"], output=Path("one.html"))
    assert ">mine-1</td>" not in Path("one.html").read_text()


def test_page_of_a_study_without_experiments_is_that_of_its_tables(start):
    with pytest.raises(InputError, match="no experiment seeds starts from HEAD"):
        commands.page(["seeds"])
    shutil.copytree(ROOT / paths.RESULTS / "seeds", paths.RESULTS / "seeds")
    commands.page(["seeds"])
    text = Path("build/seeds.html").read_text()
    assert ">seeds-10</td>" in text
    assert "Does it hold over seeds?" in text


def test_page_of_a_commit_that_there_is_not_is_an_error_though_there_are_tables(start):
    shutil.copytree(ROOT / paths.RESULTS / "seeds", paths.RESULTS / "seeds")
    with pytest.raises(InputError, match="'nowhere' names no commit"):
        commands.page(["seeds"], start="nowhere")
    assert not Path("build").exists()


def test_images_of_a_page_come_from_the_remote_that_is_named(start, capsys):
    run_of_agreement("mine-1", start)
    commands.page(["mine"], remote="shared")
    assert "nor the DVC remote shared has data/split.csv of mine-1" in capsys.readouterr().out


def test_unknown_study_cannot_be_run(start):
    with pytest.raises(InputError, match="no study is named seed; did you mean seeds"):
        commands.run("seed")


def test_impossible_setting_stops_a_study_before_anything_is_queued(start, monkeypatch):
    monkeypatch.setattr(runner, "run_study", lambda *_, **__: pytest.fail("queued"))
    with pytest.raises(InputError, match=r"normal_classes"):
        commands.run("seeds", changed=["split.normal_classes=[11]"])


def test_study_that_ran_is_compared_and_its_figures_are_fetched(start, monkeypatch):
    fetched = []
    with (paths.DEFINITIONS / "seeds.yaml").open("a") as definition:
        definition.write("figures: {run: seeds-6, files: [plots/agreement/maps.png]}\n")

    def ran(study, runs, *, jobs):
        assert jobs == 1
        for run in runs:
            assert run.settings["train.epochs"] == 2
            run_of_agreement(run.name, start, seed=run.settings["train.seed"])
        return start

    monkeypatch.setattr(runner, "run_study", ran)

    def fetch(figures, **others):
        assert others == {"start": start, "remote": None}
        fetched.append(figures.run)

    monkeypatch.setattr(runner, "fetch_figures", fetch)
    commands.run("seeds", jobs=1, changed=["train.epochs=2", "train.keep_epochs=[]"])
    assert len(pd.read_csv(paths.RESULTS / "seeds/runs.csv")) == 10
    assert fetched == ["seeds-6"]


def test_study_runs_on_a_cluster_instead_where_one_is_named(start, monkeypatch):
    asked = []

    def ran(study, runs, places, **others):
        asked.append((study.name, len(runs), tuple(places), others))
        for run in runs:
            run_of_agreement(run.name, start, seed=run.settings["train.seed"])
        commit({"page.md": "Meanwhile\n"})
        return start

    monkeypatch.setattr(cluster, "run_on_cluster", ran)
    monkeypatch.setattr(runner, "run_study", lambda *_, **__: pytest.fail("ran here"))
    commands.run("seeds", address="auto", remote="s3", gpus=0.5)
    assert asked == [("seeds", 10, ("origin", "s3"), {"address": "auto", "gpus": 0.5})]
    assert len(pd.read_csv(paths.RESULTS / "seeds/runs.csv")) == 10


def test_number_of_runs_at_a_time_is_not_that_of_a_cluster(start, monkeypatch):
    monkeypatch.setattr(cluster, "run_on_cluster", lambda *_, **__: pytest.fail("ran"))
    with pytest.raises(InputError, match="--jobs is of this machine alone: leave it out with --a"):
        commands.run("seeds", address="auto", jobs=2)


@pytest.mark.parametrize(
    ("option", "given"),
    [("--git", {"git": "origin"}), ("--remote", {"remote": "store"}), ("--gpus", {"gpus": 0.0})],
)
def test_option_of_a_cluster_is_refused_where_none_is_named(option, given, start, monkeypatch):
    monkeypatch.setattr(runner, "run_study", lambda *_, **__: pytest.fail("ran"))
    with pytest.raises(InputError, match=f"^{option} is of a cluster alone: leave it out, or give"):
        commands.run("seeds", **given)


def test_list_says_what_every_study_asks(start, capsys):
    commands.list_studies()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(list((ROOT / paths.DEFINITIONS).iterdir()))
    assert any(line.split()[:3] == ["seeds", "10", "runs"] for line in lines)
