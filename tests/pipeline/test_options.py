"""Sections as options of a command: their help, their values, and which of them is stronger."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from oracles.parameters import repository_values, section, write_params
from typer.testing import CliRunner

from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.params.localization import LocalizationParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.params.metrics import MetricsParams
from novelty_maps.params.plant import PlantParams
from novelty_maps.params.split import SplitParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.options import Read, from_sections, reads, sections_of


@pytest.fixture(autouse=True)
def valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository's parameter file, in the working folder."""
    monkeypatch.chdir(tmp_path)
    return write_params(tmp_path)


def invoke(main: Callable[..., None], *arguments: str) -> str:
    """Output of a command; what it raises is raised."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(from_sections(main))
    found = CliRunner().invoke(app, arguments, catch_exceptions=False, env={"COLUMNS": "400"})
    assert found.exit_code == 0, found.output
    return found.output


class Recorded(dict[str, Any]):
    """The last arguments of a command."""


@pytest.fixture
def seen() -> Recorded:
    return Recorded()


def test_every_key_of_a_section_is_an_option_with_its_description(seen: Recorded) -> None:
    def main(train: TrainParams) -> None:
        """Train."""

    printed = " ".join(invoke(main, "--help").split())
    for key, field in TrainParams.model_fields.items():
        assert f"--{key.replace('_', '-')} " in printed
        assert field.description
        assert field.description in printed
    assert "--params <path> Parameter file; options given here override it." in printed
    assert "Train." in printed


def test_list_is_separated_by_commas_and_its_help_says_so(seen: Recorded) -> None:
    def main(plant: PlantParams, split: SplitParams, train: TrainParams) -> None:
        seen.update(plant=plant, split=split, train=train)

    assert "Kinds of novelty. Separated by commas." in invoke(main, "--help")
    invoke(main, "--kinds", "disk,square", "--sizes", "0.5,1", "--normal-classes", "7,1")
    assert seen["plant"] == section(PlantParams, "plant", kinds=["disk", "square"], sizes=[0.5, 1])
    assert seen["split"] == section(SplitParams, "split", normal_classes=[7, 1])
    assert seen["train"] == section(TrainParams, "train")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("cat", ["cat"]),
        ("2,cat, hot dog", [2, "cat", "hot dog"]),
        ("'2',\"3\",4", ["2", "3", 4]),
        ("neal_3", "neal_3"),
    ],
)
def test_list_of_numbers_and_names_has_both(
    seen: Recorded, value: str, expected: list[int | str] | str
) -> None:
    def main(split: SplitParams) -> None:
        seen.update(split=split)

    invoke(main, "--normal-classes", value)
    assert seen["split"] == section(SplitParams, "split", normal_classes=expected)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--keep-epochs", "1,b", "'1,b' is no list of integers: write it like 0,1,2"),
        ("--keep-epochs", "", "'' is no list of integers"),
        ("--sizes", "0.2;0.5", "'0.2;0.5' is no list of numbers: write it like 0.2,0.5"),
    ],
)
def test_list_that_is_none_is_an_error_that_shows_one(option: str, value: str, said: str) -> None:
    def main(train: TrainParams, plant: PlantParams) -> None:
        raise AssertionError

    with pytest.raises(InputError) as caught:
        invoke(main, option, value)
    assert str(caught.value).startswith(said)


def test_without_options_sections_are_those_of_the_file(seen: Recorded) -> None:
    def main(metrics: MetricsParams, maps: MapsParams) -> None:
        seen.update(metrics=metrics, maps=maps)

    assert invoke(main) == ""
    assert seen == {
        "metrics": section(MetricsParams, "metrics"),
        "maps": section(MapsParams, "maps"),
    }


def test_option_is_stronger_than_the_file_and_the_file_is_the_one_given(
    seen: Recorded, tmp_path: Path
) -> None:
    def main(metrics: MetricsParams) -> None:
        seen.update(metrics=metrics)

    other = write_params(tmp_path, metrics={"k": 3, "bootstrap_samples": 500}).rename("other.yaml")
    invoke(main, "--params", str(other), "--k", "7")
    assert seen["metrics"] == MetricsParams(k=7, bootstrap_samples=500)


def test_switch_may_be_turned_off_and_zero_given(seen: Recorded, tmp_path: Path) -> None:
    def main(train: TrainParams) -> None:
        seen.update(train=train)

    write_params(tmp_path, train={"compile": True, "seed": 4})
    invoke(main, "--no-compile", "--seed", "0")
    assert (seen["train"].compile, seen["train"].seed) == (False, 0)
    invoke(main)
    assert (seen["train"].compile, seen["train"].seed) == (True, 4)


def test_only_the_keys_that_are_read_are_options(seen: Recorded) -> None:
    def main(maps: Annotated[MapsParams, reads("device")]) -> None:
        seen.update(maps=maps)

    printed = invoke(main, "--help")
    assert "--device" in printed
    assert "--methods" not in printed
    assert "--batch-size" not in printed
    invoke(main, "--device", "cpu")
    assert seen["maps"] == section(MapsParams, "maps", device="cpu")
    assert sections_of(main) == {"maps": Read("maps", MapsParams, ("device",), ("device",))}


def test_keys_of_how_an_earlier_stage_worked_are_read_and_no_options(seen: Recorded) -> None:
    def main(maps: Annotated[MapsParams, reads("device", as_made=("batch_size",))]) -> None:
        seen.update(maps=maps)

    assert "--batch-size" not in invoke(main, "--help")
    (read,) = sections_of(main).values()
    assert read.keys == ("device", "batch_size")
    assert read.options == ("device",)


def test_section_without_a_note_is_read_as_a_whole() -> None:
    def main(count: int, metrics: MetricsParams, note: Annotated[str, "text"] = "") -> None: ...

    assert sections_of(main) == {
        "metrics": Read("metrics", MetricsParams, *2 * (("k", "bootstrap_samples"),))
    }


def test_first_section_has_the_option_of_a_key_that_two_have(seen: Recorded) -> None:
    def main(localization: LocalizationParams, maps: MapsParams) -> None:
        seen.update(localization=localization, maps=maps)

    invoke(main, "--methods", "saliency,reconstruction_error,absolute_error")
    chosen = ["saliency", "reconstruction_error", "absolute_error"]
    assert seen["localization"].methods == chosen
    assert seen["maps"].methods == repository_values()["maps"]["methods"]


def test_impossible_value_of_an_option_is_an_error_that_names_the_key(valid: Path) -> None:
    def main(split: SplitParams, metrics: MetricsParams) -> None:
        raise AssertionError

    with pytest.raises(InputError) as caught:
        invoke(main, "--k", "0")
    assert str(caught.value).startswith("params.yaml: metrics.k is 0: input should be")
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"split\.protocol is 'open': input should be 'one_class'"):
        invoke(main, "--protocol", "open")


def test_other_sections_may_be_missing_or_wrong(seen: Recorded, tmp_path: Path) -> None:
    def main(metrics: MetricsParams) -> None:
        seen.update(metrics=metrics)

    write_params(tmp_path, {"metrics": {"k": 3, "bootstrap_samples": 100}, "maps": 5})
    invoke(main)
    assert seen["metrics"].k == 3


def test_parameters_of_its_own_stay_as_they_are(seen: Recorded) -> None:
    def main(
        variant: Annotated[str, typer.Argument(help="Name of a variant.")],
        classifier: ClassifierParams,
        *,
        output: Annotated[Path, typer.Option(help="Folder.")] = Path("scores"),
    ) -> None:
        seen.update(variant=variant, classifier=classifier, output=output)

    assert "Name of a variant." in invoke(main, "--help")
    invoke(main, "nominal", "--output", "x", "--epochs", "3")
    assert (seen["variant"], seen["output"]) == ("nominal", Path("x"))
    assert seen["classifier"] == section(ClassifierParams, "classifier", epochs=3)


def test_mapping_has_no_option() -> None:
    def main(classifier: ClassifierParams) -> None: ...

    assert "--variants" not in invoke(main, "--help")
    assert "variants" in sections_of(main)["classifier"].keys


def test_stage_is_called_with_sections_as_a_function() -> None:
    def main(metrics: MetricsParams) -> None:
        assert metrics.k == 3

    main(section(MetricsParams, "metrics", k=3))
    assert from_sections(main).__name__ == "main"
