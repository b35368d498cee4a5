"""What DVC shows of the committed results: a few numbers, every table once, without a network."""

import html.parser
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dvc.repo import Repo
from runs.workspace import ROOT, Repository, dvc_stages, outputs_of

from novelty_maps.autoencoders.files import AUTOENCODER

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
PICTURE = ROOT / "docs/figures/training.png"
COLUMNS = 200  # of a terminal
SERIES = {  # columns that are drawn as a line each; of all other tables, a row is a mark
    "metrics/training.csv": ["train_loss", "validation_loss"],
    "metrics/agreement_histogram.csv": ["normal", "novel", "chance"],
    "metrics/distance_histogram.csv": ["normal", "novel"],
    "metrics/agreement_by_k.csv": ["normal_agreement", "novel_agreement", "chance_agreement"],
    "metrics/trajectory.csv": ["normal_agreement", "novel_agreement", "chance_agreement"],
}
COLOURS = {"normal": "#0072B2", "novel": "#D55E00", "chance": "#7F7F7F"}


@pytest.fixture(scope="module")
def repository(warm_python: None, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The committed results with a figure for each question, and no data."""
    repository = Repository.tiny(tmp_path_factory.mktemp("views") / "project")
    shutil.copy(ROOT / "params.yaml", repository / "params.yaml")
    shutil.copytree(ROOT / "metrics", repository / "metrics", dirs_exist_ok=True)
    for question in ("agreement", "localization", "representation"):
        (repository / f"plots/{question}").mkdir()
        shutil.copy(PICTURE, repository / f"plots/{question}/figure.png")
    repository.check("git", "add", ".")
    repository.check("git", "commit", "-qm", "results")
    repository.check("git", "commit", "-qm", "the same again", "--allow-empty")
    return repository


def tables() -> dict[str, dict[str, Any]]:
    """Every table with rows that dvc.yaml draws, to how; those of all classifiers."""
    found = {}
    for stage in dvc_stages().values():
        for plot in stage.get("plots", []):
            ((path, properties),) = plot.items()
            found |= {
                each: properties
                for each in (
                    [path.replace("${key}", file.stem) for file in CLASSIFIERS]
                    if "${key}" in path
                    else [path]
                )
                if each.endswith(".csv") and not pd.read_csv(ROOT / each).empty
            }
    return found


CLASSIFIERS = sorted((ROOT / "metrics/classifiers").glob("*.csv"))


@pytest.fixture(scope="module")
def specifications(repository: Repository) -> dict[str, dict[str, Any]]:
    """Table to what Vega-Lite draws of it."""
    shown = json.loads(repository.check("dvc", "plots", "show", "--json"))
    assert not shown.get("errors")
    assert not any(drawn for name, drawn in shown["data"].items() if name.endswith(".json"))
    return {
        name: drawn["content"]
        for name, found in shown["data"].items()
        if name.endswith(".csv")
        for drawn in found
    }


@pytest.fixture(scope="module")
def page(repository: Repository) -> Path:
    """The page of `dvc plots show`."""
    repository.check("dvc", "plots", "show")
    return repository / "dvc_plots/index.html"


def test_metrics_are_about_a_dozen_and_fit_a_terminal(repository: Repository) -> None:
    lines = repository.check("dvc", "metrics", "show").splitlines()
    names = lines[0].split()[1:]
    assert {"k", "normal_agreement", "novel_agreement", "validation_loss"} < set(names)
    assert len(names) <= 12
    assert max(map(len, lines)) <= COLUMNS


def test_only_a_glance_is_a_metric_and_no_result_is_a_plain_output() -> None:
    metrics = {path for stage in dvc_stages().values() for path in outputs_of(stage, "metrics")}
    assert metrics == {"metrics/training.json"} | {
        f"metrics/glance/{question}.json"
        for question in ("agreement", "localization", "representation")
    }


def test_artifact_is_the_model(repository: Repository) -> None:
    ((name, artifact),) = Repo(repository.folder).artifacts.read()["dvc.yaml"].items()
    assert (name, artifact.type) == ("autoencoder", "model")
    assert Path(artifact.path) == AUTOENCODER
    assert artifact.path in outputs_of(dvc_stages()["train"], "outs")


def test_page_of_plots_and_templates_are_for_git_as_they_should(repository: Repository) -> None:
    ignored = repository.command("git", "check-ignore", "dvc_plots/index.html", ".dvc/plots/a.json")
    assert ignored.stdout.split() == ["dvc_plots/index.html"]


def test_every_table_is_drawn_once_with_a_title_and_labels_of_its_own(
    specifications: dict[str, dict[str, Any]],
) -> None:
    assert specifications.keys() == tables().keys()
    titles = [drawn["title"]["text"] for drawn in specifications.values()]
    assert len(set(titles)) == len(titles)
    for name, drawn in specifications.items():
        assert "<DVC_METRIC" not in json.dumps(drawn), name
        for axis in ("x", "y"):
            assert drawn["encoding"][axis]["title"] == tables()[name][f"{axis}_label"]


def test_names_stand_on_a_nominal_axis(specifications: dict[str, dict[str, Any]]) -> None:
    for name, drawn in specifications.items():
        column = drawn["encoding"]["y"]["field"]
        if column == "y":  # calculated
            assert drawn["encoding"]["y"]["type"] == "quantitative"
        else:
            assert column in {"method", "detector", "label"}, name
            assert drawn["encoding"]["y"]["type"] == "nominal"


def test_normal_novel_and_chance_have_the_colours_of_the_figures(
    specifications: dict[str, dict[str, Any]],
) -> None:
    for name, columns in SERIES.items():
        drawn = specifications[name]
        if name == "metrics/training.csv":
            continue
        assert "'normal', 'novel', 'chance'" in drawn["transform"][0]["calculate"]
        assert drawn["encoding"]["color"]["scale"]["range"] == list(COLOURS.values()), columns


def test_page_loads_nothing(page: Path) -> None:
    text = page.read_text()
    assert not re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=.?(?:https?:)?//", text)
    assert "default-src 'self' file: data: blob:" in text
    assert len(re.findall(r"vegaEmbed\('#", text)) >= len(tables())


class Drawn(html.parser.HTMLParser):
    """What a browser has drawn in each division of the page: the number of its marks."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.marks: dict[str, int] = {}
        self._division = ""
        self.feed(page.split("<body>", 1)[1])

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag == "div" and found.get("id"):
            self._division = str(found["id"])
            self.marks[self._division] = 0
        if tag == "img" or found.get("aria-roledescription") == "point":
            self.marks[self._division] += 1


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_browser_without_a_network_draws_as_many_marks_as_rows(
    repository: Repository, tmp_path: Path
) -> None:
    repository.check("dvc", "plots", "diff", "HEAD~1", "HEAD", "--out", str(tmp_path))
    sandbox = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/chrome"]
    offline = ["--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=20000"]
    done = subprocess.run(
        [str(BROWSER), *sandbox, *offline, "--dump-dom", f"file://{tmp_path}/index.html"],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    drawn = Drawn(done.stdout).marks
    for name, properties in tables().items():
        table = pd.read_csv(ROOT / name)
        columns = SERIES.get(name, [properties["x"]])
        defined = int(table[columns].notna().to_numpy().sum())
        assert drawn[re.sub(r"[/.]", "_", name)] == 2 * defined, name
    pictures = {name: marks for name, marks in drawn.items() if name.endswith("_png")}
    assert list(pictures.values()) == [2, 2, 2]
