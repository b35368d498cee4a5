"""The pages against the project: every number is explained, every link and command is right."""

import doctest
import importlib.util
import inspect
import itertools
import json
import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from doctest import DocTestParser
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch

import stages.__main__ as program
from novelty_maps.agreement.ranks import rank_maps
from novelty_maps.agreement.tables import image_table
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.images.base import Dataset, label_table, provenance
from novelty_maps.images.splits import split_table
from novelty_maps.localization.found import find
from novelty_maps.localization.scoring import score_images
from novelty_maps.localization.tables import per_image
from novelty_maps.maps.methods import MAP_METHODS
from novelty_maps.maps.names import COMPARED_MAPS
from novelty_maps.params.score_names import LATENT_SCORES
from novelty_maps.pipeline.options import from_sections
from novelty_maps.pipeline.section import read_yaml
from novelty_maps.planting.ground_truth import with_ground_truth
from novelty_maps.planting.plant import plant_novelties
from novelty_maps.representation.examine import Examined, score_table
from novelty_maps.representation.oracles import all_oracles
from novelty_maps.representation.scores import SCORES
from stages.score import write_scores

ROOT = Path(__file__).resolve().parents[1]
README, USAGE, METRICS = ROOT / "README.md", ROOT / "docs/usage.md", ROOT / "docs/metrics.md"
ABOUT = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
PAGES = [README, *ABOUT, *sorted((ROOT / "docs").glob("*.md"))]
HEADINGS = [
    "novelty-maps",
    "Three questions",
    "Two commands",
    "What is where",
    "Change something",
    "Your own images",
    "Limits",
    "Reference",
]


def parts(page: Path) -> dict[str, list[str]]:
    """Heading to the lines below it, up to the next heading of any level."""
    found: dict[str, list[str]] = {"": []}
    fenced = False
    for line in page.read_text().splitlines():
        fenced ^= line.startswith("```")
        heading = None if fenced else re.match(r"#+ (.*)", line)
        if heading:
            found[heading[1]] = []
        else:
            list(found.values())[-1].append(line)
    return found


def rows(lines: list[str]) -> list[list[str]]:
    """Cells of the tables among some lines, without their heads."""
    cells = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in lines
        if line.startswith("|")
    ]
    rules = [i for i, row in enumerate(cells) if set("".join(row)) <= set("-:")]
    heads = {*rules, *(rule - 1 for rule in rules)}
    return [row for i, row in enumerate(cells) if i not in heads]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# What docs/metrics.md says.


class Section(NamedTuple):
    """What is documented of a file: names with placeholders, and other files whose names it has."""

    names: list[str]
    columns_of: list[str]
    numbers_of: list[str]


@cache
def documented() -> dict[str, Section]:
    sections = {}
    for heading, lines in parts(METRICS).items():
        if not heading.startswith("`"):
            continue
        section = Section([], [], [])
        for first, *_ in rows(lines):
            if first.startswith("every column of"):
                section.columns_of.extend(code(first))
            elif first.startswith("every number of"):
                section.numbers_of.extend(code(first))
            else:
                section.names.extend(code(first))
        sections[heading.strip("`")] = section
    return sections


@cache
def placeholders() -> dict[str, list[str]]:
    """Placeholder to what it stands for; nothing where that is open."""
    return {
        name: code(values)
        for names, values in rows(parts(METRICS)["Placeholders"])
        for name in code(names)
    }


def spelled_out(name: str) -> list[str]:
    """A documented name for each combination of values of its placeholders, open ones left."""
    found = [p for p in dict.fromkeys(re.findall(r"<\w+>", name)) if placeholders()[p]]
    spelled = []
    for values in itertools.product(*(placeholders()[p] for p in found)):
        text = name
        for placeholder, value in zip(found, values, strict=True):
            text = text.replace(placeholder, value)
        spelled.append(text)
    return spelled


def matches(documented_name: str, name: str) -> bool:
    pattern = ".+".join(map(re.escape, re.split(r"<\w+>", documented_name)))
    return re.fullmatch(pattern, name) is not None


def names_of(file: str) -> Iterator[str]:
    """All names that are documented of a file, spelled out."""
    section = documented()[file]
    for name in section.names:
        yield from spelled_out(name)
    for other in section.columns_of:
        yield from names_of(other)
    for other in section.numbers_of:
        for name in names_of(other):
            yield name.removesuffix(".estimate").replace(".", "_")


# What is there.


def keys(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from keys(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def names_in(path: Path) -> list[str]:
    if path.suffix == ".json":
        return list(keys(json.loads(path.read_text())))
    return list(map(str, pd.read_csv(path, nrows=0)))


def committed() -> dict[str, list[str]]:
    """File, as it is documented, to the names in all files that git keeps of it."""
    found: dict[str, list[str]] = {}
    for top, pattern, title in (
        ("metrics", "*.*", "metrics/{}"),
        ("metrics/classifiers", "*.*", "metrics/classifiers/<variant>{}"),
        ("metrics/glance", "*.json", "metrics/glance/<question>.json"),
        ("studies/results", "*/*.csv", "studies/results/<study>/{}"),
    ):
        for path in sorted((ROOT / top).glob(pattern)):
            if path.suffix in (".csv", ".json") and path.name != "per_image.csv":
                name = path.suffix if top == "metrics/classifiers" else path.name
                found.setdefault(title.format(name), []).extend(names_in(path))
    return found


def computed() -> dict[str, list[str]]:
    """The same of files that git does not keep, from what writes them."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (8, 1, 8, 8), dtype=np.uint8)
    maps = generator.random((8, 8, 8), dtype=np.float32)
    masks = np.zeros((8, 8, 8), bool)
    masks[:, :2, :2] = True
    labels = np.arange(60) % 3
    dataset = Dataset(images, labels[:8], np.full(8, "none"), {"a.b": "md5:"}, "", ["0"], "8×8")
    dataset = dataset._replace(groups=np.arange(8) // 2, group_names=["a", "b", "c", "d"])
    split = split_table(
        labels,
        np.full(60, "none"),
        protocol="one_class",
        normal_classes=[0],
        validation_fraction=0.2,
        test_fraction=0.2,
        seed=0,
        groups=np.arange(60) // 2,
    )
    test = split[split["part"] == "test"].reset_index(drop=True)[:8]
    novel = test["novel"].to_numpy() == 1
    ranks = rank_maps(dict.fromkeys(COMPARED_MAPS, maps), novel, generator=generator)
    images_table = image_table(ranks, test, k=3, width=8)
    planted = plant_novelties(
        np.zeros_like(images),
        test,
        images,
        kinds=["disk"],
        sizes=[0.5],
        intensities=[1.0],
        count=2,
        generator=generator,
    )
    planted = with_ground_truth(
        planted,
        (images, test),
        (images[:1], np.array(["crack"])),
        masks,
        np.array([0]),
        generator=generator,
        groups=test["group"][:1],
    )
    localized = per_image({"saliency": find(maps, maps, masks, sigma=0)}, planted.table)
    scores = score_table(test, {"nominal": Examined(test, {"max_logit": np.zeros(8)})})
    network = seeded_autoencoder(0, network="dense", image_shape=(1, 8, 8), code_length=2)
    scored, marked = score_images(
        network.eval(),
        images,
        images,
        names=["image.png"] * 8,
        methods=["saliency"],
        false_positive_rate=0.1,
        batch_size=8,
        device=torch.device("cpu"),
    )
    with tempfile.TemporaryDirectory() as folder:
        names = [str(number) for number in range(8)]
        write_scores(Path(folder), names, images, scored, marked, fit="pad")
        scored = pd.read_csv(Path(folder, "scores.csv"))
    tables = {
        "data/raw/labels.csv": label_table(dataset),
        "data/split.csv": split,
        "metrics/per_image.csv": images_table,
        "data/planted/<part>.csv": planted.table,
        "data/localized_images.csv": localized,
        "data/scores.csv": scores,
        "scores/scores.csv": scored,
    }
    record = keys(provenance(dataset, name="folder", image_size=8))
    return {file: list(map(str, table)) for file, table in tables.items()} | {
        "data/raw/provenance.json": list(record)
    }


@cache
def there() -> dict[str, list[str]]:
    return committed() | computed()


def test_every_file_is_documented() -> None:
    assert documented().keys() == there().keys()


@pytest.mark.parametrize("file", documented())
def test_every_key_and_column_is_documented(file: str) -> None:
    known = list(names_of(file))
    missing = {name for name in there()[file] if not any(matches(each, name) for each in known)}
    assert not missing


@pytest.mark.parametrize("file", documented())
def test_every_documented_key_and_column_exists(file: str) -> None:
    stated = [each for name in documented()[file].names for each in spelled_out(name)]
    assert len(stated) == len(set(stated))
    vanished = {each for each in stated if not any(matches(each, n) for n in there()[file])}
    assert not vanished


def test_every_map_and_detector_is_documented() -> None:
    names = {
        title: [name for first, *_ in rows(parts(METRICS)[title]) for name in code(first)]
        for title in ("Maps", "Detectors")
    }
    assert names["Maps"] == list(MAP_METHODS)
    assert set(names["Detectors"]) == {
        *SCORES,
        *LATENT_SCORES,
        *all_oracles(trees=1),
        "distance_to_mean",
    }


# Links and commands.


def anchor(heading: str) -> str:
    """What GitHub makes of a heading."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        file, _, place = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), target
        if place:
            assert place in map(anchor, parts(found)), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_to_run_exists(page: Path) -> None:
    for name in re.findall(r"python -m ([a-z_]+(?:\.[a-z_]+)*)", page.read_text()):
        assert importlib.util.find_spec(name), name


def blocks(page: Path) -> Iterator[str]:
    """Lines of the page's blocks of code that name no language, continued ones joined."""
    inside, plain = False, False
    for line in page.read_text().replace("\\\n", " ").splitlines():
        if line.startswith("```"):
            inside, plain = not inside, line == "```"
        elif inside and plain:
            yield line.removeprefix("$ ")


def fences(page: Path) -> Iterator[tuple[str, str]]:
    """Language and text of each block of code; a directive of the site has its braces."""
    yield from re.findall(r"^```(.*?)\n(.*?)^```$", page.read_text(), re.M | re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_of_code_can_be_parsed(page: Path) -> None:
    """Shell where the first word is a program that the pages call, and Python."""
    for language, text in fences(page):
        if language == "python":
            shown = DocTestParser().get_examples(text)
            compile("".join(each.source for each in shown) or text, str(page), "exec")
        elif language == "" and re.match(r"(\w+=\S+ )?(make|dvc|python|source|git|pip) ", text):
            done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
            assert done.returncode == 0, text + done.stderr
        else:
            assert language in ("", "text", "mermaid") or re.fullmatch(r"\{[\w-]+\}.*", language)


def commands(page: Path) -> list[list[str]]:
    """Words of each command in the page's blocks of code, without comments and environment."""
    found = [
        shlex.split(command, comments=True)
        for line in blocks(page)
        if re.match(r"(OMP_NUM_THREADS=1 )?(make|dvc|python|novelty-maps) ", line)
        for command in line.split(" && ")
    ]
    return [words[1:] if "=" in words[0] else words for words in found]


@cache
def stages() -> dict[str, dict[str, Any]]:
    """Name of each stage to its declaration; those of a foreach as one."""
    declared = read_yaml(ROOT / "dvc.yaml")["stages"]
    return {name: stage.get("do", stage) for name, stage in declared.items()}


def require_setting(text: str) -> None:
    """Fail unless `-S` and `--set` can take it: params.yaml has the key, or with + its place."""
    *way, last = text.partition("=")[0].lstrip("+~").split(".")
    inside: Any = read_yaml(ROOT / "params.yaml")
    for key in way:
        assert key in inside, text
        inside = inside[key]
    assert text.startswith("+") or last in inside, text


def require_module(words: list[str]) -> None:
    """Fail unless `python -m` finds the module, and the stage has the options."""
    name = words[0]
    module = importlib.import_module(f"{name}.__main__" if name == "studies" else name)
    options = [re.sub("-", "_", word[2:]) for word in words if word.startswith("--")]
    if name.startswith("stages.") and options != ["help"]:
        assert set(options) <= set(inspect.signature(from_sections(module.main)).parameters), words


def require_program(words: list[str]) -> None:
    """Fail unless the program `novelty-maps` has the command, and the command the options."""
    options = [re.sub("-", "_", word[2:]) for word in words if word.startswith("--")]
    assert set(options) <= set(inspect.signature(getattr(program, words[0])).parameters), words


def require_dvc(words: list[str]) -> None:
    """Fail unless what `dvc repro` or `dvc exp run` stops at is a stage."""
    targets = []
    if words[0] == "repro":
        targets = [word for word in words[1:] if not word.startswith("-")]
    elif words[:2] == ["exp", "run"]:
        values = {i + 1 for i, word in enumerate(words) if word in ("-S", "--name", "--jobs")}
        rest = [word for i, word in enumerate(words) if i not in values]
        targets = [word for word in rest[2:] if not word.startswith("-")]
    assert {target.partition("@")[0] for target in targets} <= stages().keys()


@pytest.mark.parametrize("page", [README, USAGE], ids=lambda page: page.name)
def test_commands_name_what_exists(page: Path) -> None:
    found = commands(page)
    assert len(found) > 5
    for name, *words in found:
        for flag, text in itertools.pairwise(words):
            if flag in ("-S", "--set"):
                require_setting(text)
        if name == "make":
            subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, check=True)
        elif name == "python":
            assert words[0] == "-m"
            require_module(words[1:])
        elif name == "novelty-maps":
            require_program(words)
        else:
            require_dvc(words)


def test_examples_in_python_are_what_python_prints() -> None:
    failed, tried = doctest.testfile(str(USAGE), module_relative=False)
    assert tried > 5
    assert not failed


def test_every_stage_is_among_the_commands() -> None:
    named = {name for _, cell in rows(parts(USAGE)["A stage alone"]) for name in code(cell)}
    declared = {stage["cmd"].split()[2] for stage in stages().values()}
    assert named == declared | {"stages.score"}


# What runs again.


def reading(key: str) -> set[str]:
    """The stages that declare a parameter, or part of it, but those that only check it."""
    dotted = f"{key}."
    return {
        name
        for name, stage in stages().items()
        if name not in ("check", "check_network", "representation_check")
        and any(
            f"{param}.".startswith(dotted) or dotted.startswith(f"{param}.")
            for param in stage.get("params", [])
        )
    }


def outputs(stage: Mapping[str, Any]) -> list[str]:
    found = [out for kind in ("outs", "metrics", "plots") for out in stage.get(kind, [])]
    return [out if isinstance(out, str) else next(iter(out)) for out in found]


def below(names: set[str]) -> set[str]:
    """These stages, and all that read what they write, directly or not."""
    written = [f"{out}/" for name in names for out in outputs(stages()[name])]
    more = {
        name
        for name, stage in stages().items()
        if any(out.startswith(f"{dep}/") for dep in stage.get("deps", []) for out in written)
    }
    return names if more <= names else below(names | more)


RERUNS = [(keys, cell) for keys, cell in rows(parts(USAGE)["What runs again"]) if code(keys)]


@pytest.mark.parametrize(("changed", "cell"), RERUNS, ids=lambda text: text[:40])
def test_table_of_reruns_is_that_of_the_declared_dependencies(changed: str, cell: str) -> None:
    listed = {name for name in stages() if re.search(rf"\b{name}\b", cell)}
    if cell.startswith("all"):
        listed = stages().keys() - listed - {"check", "check_network", "inputs"}
    for key in code(changed):
        read = reading(key.removesuffix(".NAME"))
        assert read
        assert read <= listed <= below(read)


def test_every_section_is_in_the_table_of_reruns() -> None:
    named = {key.partition(".")[0] for changed, _ in RERUNS for key in code(changed)}
    assert named == read_yaml(ROOT / "params.yaml").keys()


# The README.


def test_readme_is_short() -> None:
    text = re.sub(r"<!--.*?-->", "", README.read_text(), flags=re.DOTALL)
    assert len(text.split()) <= 900


def test_readme_has_its_parts_in_order() -> None:
    assert [heading for heading in parts(README) if heading] == HEADINGS
    text = README.read_text()
    begin, end = text.index("<!-- answers -->"), text.index("<!-- end of answers -->")
    assert begin < text.index("![") < text.index("## Three questions") < end
    assert end < text.index("## Two commands")


def test_tree_of_the_readme_names_what_exists() -> None:
    tree = [line.split()[0] for line in parts(README)["What is where"] if re.match(r"\w", line)]
    assert len(tree) == 12
    for name in tree:
        assert (ROOT / name).exists(), name
