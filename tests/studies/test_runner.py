"""The commands that a study gives to DVC, with another program in DVC's place."""

import json
from pathlib import Path

import pytest
from oracles.scratch_experiments import commit, experiment, git

from novelty_maps.pipeline.errors import InputError
from studies import runner
from studies.definition import Changes, Definition, Figures
from studies.study import Study

# Writes down what it was asked, and answers from files of the folder.
FAKE = """
import json, os, pathlib, sys
given = sys.argv[1:]
if given[:2] == ["exp", "remove"]:
    pathlib.Path("queue-status.txt").write_text("aaaaaaa  study-b  11:54 PM  Queued")
with open("asked.jsonl", "a") as file:
    file.write(json.dumps(given + [os.environ["OMP_NUM_THREADS"]]) + "\\n")
answer = pathlib.Path("-".join(given[:2]) + ".txt")
print(answer.read_text() if answer.exists() else "")
sys.exit(pathlib.Path("refused").exists() and given[:2] == ["exp", "run"])
"""
STATUS = """Task     Name    Created    Status
33c36bc  old-1   11:54 PM   {}
cdf9d2d  study-1 11:54 PM   {}
aaaaaaa  study-b Nov 25, 2026   {}

Worker status: 0 active, 0 idle
"""


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """What DVC was asked, each with the number of threads it had."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    commit({"dvc.py": FAKE})

    def commands():
        return [json.loads(line) for line in Path("asked.jsonl").read_text().splitlines()]

    return commands


def study(question="agreement", **parts):
    parts = parts or {"study": {"set": {"data.name": "mnist"}, "sweep": {"train.seed": [0, 1]}}}
    definition = Definition(question=question, says="Why?")
    changes = {name.replace("_", "-"): Changes(**part) for name, part in parts.items()}
    return Study("study", definition, changes)


def run(one, jobs=2):
    assert runner.run_study(one, one.runs(), jobs=jobs) == git("rev-parse", "HEAD")


def test_every_run_is_queued_by_its_name_and_all_are_run(asked):
    run(study(), jobs=3)
    queued = [command for command in asked() if "--queue" in command]
    assert queued == [
        [*["exp", "run", "--queue", "--name"], name, "-S", '++data.name="mnist"', "-S", seed, *rest]
        for name, seed, rest in (
            ("study-1", "++train.seed=0", ["plots", "1"]),
            ("study-2", "++train.seed=1", ["plots", "1"]),
        )
    ]
    assert [*["exp", "run", "--run-all", "--jobs", "3"], "1"] in asked()


@pytest.mark.parametrize(
    ("question", "last"),
    [
        ("agreement", "plots"),
        ("localization", "localization_plots"),
        ("representation", "representation_plots"),
    ],
)
def test_a_run_ends_with_the_figures_of_its_question(asked, question, last):
    run(study(question))
    assert [command[-2] for command in asked() if "--queue" in command] == [last, last]


def test_earlier_runs_of_its_parts_are_forgotten_before_and_no_others(asked):
    # As DVC does, the fake removes the task of a finished experiment with the experiment.
    Path("exp-list.txt").write_text("study\nstudy-12\nstudy-b-1\nstudy-c-1\nstudying-1\nold-study")
    Path("queue-status.txt").write_text(STATUS.format("Queued", "Success", "Queued"))
    run(study(study={}, study_b={"set": {"train.epochs": 2}}))
    removals = [command for command in asked() if "remove" in command]
    assert removals == [
        ["exp", "remove", "study", "study-12", "study-b-1", "1"],
        ["queue", "remove", "aaaaaaa", "1"],
    ]
    assert asked().index(removals[-1]) < next(
        i for i, command in enumerate(asked()) if "--queue" in command
    )


def test_run_that_failed_is_an_error_although_dvc_ends_well(asked):
    Path("queue-status.txt").write_text(STATUS.format("Success", "Failed", "Success"))
    with pytest.raises(InputError, match="study-1 failed: see `dvc queue logs study-1`"):
        run(study())


def test_failed_run_of_another_study_is_none_of_its_own(asked):
    Path("queue-status.txt").write_text(STATUS.format("Failed", "Success", "Failed"))
    run(study())


def test_run_that_dvc_refuses_stops_the_study(asked):
    Path("refused").touch()
    with pytest.raises(InputError, match=r"`dvc exp run --queue --name study-1 .*` failed"):
        run(study())
    assert sum("run" in command for command in asked()) == 1


def test_study_needs_a_commit_to_start_from_and_asks_dvc_nothing_without(asked):
    git("update-ref", "-d", "HEAD")
    with pytest.raises(InputError, match="'HEAD' names no commit"):
        run(study())
    assert not Path("asked.jsonl").exists()


def test_figures_are_copied_from_a_folder_in_another_repository(asked, monkeypatch):
    files = {"dvc.py": FAKE, "params.yaml": "train:\n  seed: 1\n"}
    start = commit({f"my project/{path}": text for path, text in files.items()})
    experiment("study-2", start, {})
    monkeypatch.chdir("my project")
    runner.fetch_figures(Figures(run="study-2", files=["plots/agreement/maps.png"]), start="HEAD")
    ((*asked_for, _),) = asked()
    assert asked_for[:3] == ["get", "../", "my project/plots/agreement/maps.png"]
    assert asked_for[-1] == "docs/figures/maps.png"


def test_figures_are_copied_to_docs_from_the_run_that_starts_here(asked):
    file, to = "plots/agreement/maps.png", "docs/figures/maps.png"
    for text in ("before", "now"):
        start = commit({"readme": text})
        experiment("study-2", start, {"params.yaml": "train:\n  seed: 1\n", "made": text})
    runner.fetch_figures(Figures(run="study-2", files=[file]), start="HEAD")
    made = git("rev-parse", f"refs/exps/{start[:2]}/{start[2:]}/study-2")
    assert asked() == [["get", ".", file, "--rev", made, "--force", "-o", to, "1"]]


def test_figures_that_are_not_here_are_taken_from_the_remote_of_a_cluster(asked):
    start = commit({"readme": "text"})
    experiment("study-2", start, {"params.yaml": "train:\n  seed: 1\n"})
    runner.fetch_figures(
        Figures(run="study-2", files=["plots/a.png"]), start="HEAD", remote="store"
    )
    ((*asked_for, _),) = asked()
    assert asked_for[asked_for.index("--remote") + 1] == "store"
