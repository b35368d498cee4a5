"""Stage `check`: an impossible parameter is found before anything runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from oracles.forked import run_module
from oracles.image_folders import class_folders
from oracles.parameters import PARAMS, write_params

from novelty_maps.images.survey import Survey
from novelty_maps.maps.methods import MAP_METHODS
from novelty_maps.maps.names import DETECTORS
from novelty_maps.params.whole import load_params
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.formats import write_json
from novelty_maps.pipeline.paths import PARAMS_CHECKED, SURVEY
from novelty_maps.planting.kinds import KINDS
from stages import check

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("train", "validation", "test")
FOUND = Survey("digits", 1, dict.fromkeys(PARTS, 100), dict.fromkeys(PARTS, 90), [])


@pytest.fixture
def workspace(workspace):
    """A workspace in which `survey` has run."""
    write_json(SURVEY, FOUND._asdict())
    return workspace


def test_parameters_of_the_repository_are_valid(workspace):
    check.main(write_params(workspace))
    assert PARAMS_CHECKED.read_text() == "The parameters are valid.\n"


def test_parameters_are_found_possible_without_writing(workspace):
    check.require_possible(load_params(PARAMS))
    check.require_possible(load_params(PARAMS), FOUND)
    assert [path for path in workspace.rglob("*") if path.is_file()] == [SURVEY.absolute()]


def test_parameters_of_the_repository_name_every_map_and_every_kind():
    params = load_params(PARAMS)
    # With one channel the direct term is the absolute error up to a factor.
    others = {"direct_term", "structural_dissimilarity", *DETECTORS}
    assert {*params.localization.methods} == MAP_METHODS.keys() - others
    assert sorted(params.plant.kinds) == sorted(KINDS)


COMPARED = ["reconstruction_error", "saliency", "direct_term", "indirect_term"]
LOCALIZED = [*COMPARED, "absolute_error"]


@pytest.mark.parametrize(
    ("section", "changed", "said"),
    [
        (
            "maps",
            {"methods": [*COMPARED, "salience"]},
            "maps.methods: there is no map 'salience'; did",
        ),
        ("maps", {"methods": [*COMPARED, "mask"]}, "maps.methods has mask, which test images have"),
        ("maps", {"methods": COMPARED[:3]}, "maps.methods lacks indirect_term, which the ranks"),
        ("localization", {"methods": [*LOCALIZED, "sobl"]}, "no map 'sobl'; did you mean sobel?"),
        ("localization", {"methods": COMPARED}, "localization.methods lacks absolute_error, which"),
        (
            "localization",
            {"methods": [*LOCALIZED, "?"]},
            "localization.methods: there is no map '?'; known: rec",
        ),
        (
            "faithfulness",
            {"methods": [*COMPARED, "smooth"]},
            "faithfulness.methods: there is no map 'smooth'; ",
        ),
        ("plant", {"kinds": ["disc"]}, "plant.kinds has 'disc', which is no kind: did you mean di"),
        ("plots", {"colormap": "greyish"}, "plots.colormap is 'greyish'"),
        ("plant", {"intensities": [1.0, 0.04]}, "plant.intensities has 0.04, at which no pixel"),
        ("plant", {"kinds": ["ground_truth"]}, "plant.kinds names nothing to plant"),
        ("split", {"normal_classes": [10]}, "10"),
        (
            "split",
            {"normal_classes": "neal_0"},
            "split.normal_classes is 'neal_0', but these classes have no known split",
        ),
        (
            "plant",
            {"kinds": ["disk", "ground_truth"]},
            "plant.kinds has ground_truth, but the data s",
        ),
        (
            "faithfulness",
            {"steps": 785},
            "faithfulness.steps is 785, but an image of data.image_si",
        ),
        ("faithfulness", {"methods": ["saliency"]}, "faithfulness.methods lacks reconstruction_er"),
        (
            "classifier",
            {"variants": {"a": {"objective": "recolouring", "recolouring_weight": 0.5}}},
            "classifier.variants.a recolours images, but these have 1 channel: leave it out",
        ),
    ],
)
def test_impossible_value_is_one_line_and_leaves_no_output(workspace, section, changed, said):
    path = write_params(workspace, **{section: changed})
    with pytest.raises(InputError) as caught:
        check.main(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not PARAMS_CHECKED.exists()


def test_maps_of_planted_images_may_have_the_mask(workspace):
    methods = [*LOCALIZED, "mask"]
    check.main(
        write_params(
            workspace, localization={"methods": methods}, faithfulness={"methods": methods}
        )
    )
    assert PARAMS_CHECKED.exists()


def test_command_refuses_with_one_line_and_status_1(workspace):
    write_params(workspace, localization={"methods": [*LOCALIZED, "sobl"]})
    told = "error: localization.methods: there is no map 'sobl'; did you mean sobel?\n"
    assert run_module("stages.check") == (1, "", told)


@pytest.fixture
def pets(tmp_path, workspace):
    """Own images beside the workspace, of which `survey` has been."""
    write_json(SURVEY, FOUND._replace(name="folder", channels=3)._asdict())
    return class_folders(tmp_path / "pets")


def test_classes_of_a_folder_are_counted(pets, workspace):
    folder = {"name": "folder", "path": str(pets)}
    path = write_params(workspace, data=folder, split={"normal_classes": [2]})
    with pytest.raises(InputError, match=r"split\.normal_classes has 2.*0\.\.1"):
        check.main(path)
    path = write_params(workspace, data=folder, split={"normal_classes": [0, 1]})
    with pytest.raises(InputError, match="names all 2 classes"):
        check.main(path)
    assert not PARAMS_CHECKED.exists()


def test_classes_of_a_folder_go_by_name(pets, workspace):
    folder = {"name": "folder", "path": str(pets)}
    check.main(write_params(workspace, data=folder, split={"normal_classes": ["dog"]}))
    path = write_params(workspace, data=folder, split={"normal_classes": ["dogs"]})
    with pytest.raises(InputError, match=r"'dogs', which is no class; did you mean dog\?"):
        check.main(path)
    path = write_params(workspace, data=folder, split={"normal_classes": ["cat", "dog"]})
    with pytest.raises(InputError, match="names all 2 classes"):
        check.main(path)


def test_folder_in_disorder_is_found_before_anything_runs(pets, workspace):
    (pets / "train/cat/notes.txt").write_text("stray")
    folder = {"name": "folder", "path": str(pets)}
    path = write_params(workspace, data=folder, split={"normal_classes": [0]})
    with pytest.raises(InputError, match=r"notes\.txt is no image"):
        check.main(path)


def test_check_imports_nothing_that_takes_long(workspace):
    write_params(workspace)
    program = "import sys; from stages import check; check.main()"
    heavy = ["matplotlib.pyplot", "scipy", "sklearn", "tifffile", "torch", "torchvision"]
    program += f"; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "[]\n", done.stderr


def refusal(found=FOUND, **changes):
    """The one line with which parameters are refused, given what the data set holds."""
    path = write_params(Path(), **changes)
    with pytest.raises(InputError) as caught:
        check.require_possible(load_params(path), found)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("part", ["validation", "test"])
def test_kinds_made_from_novel_images_need_some_in_each_part(part):
    bare = FOUND._replace(novel={**FOUND.novel, part: 0})
    assert f"made from novel images, but the {part} part has none" in refusal(bare)
    kinds = {"kinds": ["disk"]}
    check.require_possible(load_params(write_params(Path(), plant=kinds)), bare)


def test_survey_of_another_data_set_is_no_survey(workspace):
    with pytest.raises(InputError, match=r"survey\.json is of digits, but data\.name is mnist"):
        check.main(write_params(workspace, data={"name": "mnist"}))
