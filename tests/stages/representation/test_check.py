"""Stage `representation_check`: what classifiers and oracles need."""

import pytest
from oracles.parameters import section

from novelty_maps.images.survey import Survey
from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.formats import write_json
from novelty_maps.pipeline.paths import SURVEY
from novelty_maps.representation.files import CHECKED
from stages.representation import check


def survey(*, normal: int, novel: int) -> Survey:
    parts = ("train", "validation", "test")
    counts = [dict.fromkeys(parts, 9) | {"validation": count} for count in (normal, novel)]
    return Survey("folder", 3, *counts, ["broken"])


def checked(**changes) -> None:
    check.main(section(ClassifierParams, "classifier", **changes))


def test_split_with_both_kinds_passes(workspace):
    write_json(SURVEY, survey(normal=4, novel=1)._asdict())
    checked()
    assert CHECKED.read_text() == "The split has what oracles need.\n"


def test_split_without_novel_validation_images_is_refused_with_both_remedies(workspace):
    write_json(SURVEY, survey(normal=4, novel=0)._asdict())
    with pytest.raises(InputError, match="all 4 labelled validation images are normal") as caught:
        checked()
    assert "split.protocol open_60_20_20" in str(caught.value)
    assert "dvc repro plots localization_plots" in str(caught.value)
    assert not CHECKED.exists()


def test_processes_of_a_classifier_need_their_share_of_images(workspace):
    found = survey(normal=4, novel=1)  # and nine training images of each kind
    write_json(SURVEY, found._asdict())
    checked(processes=4, batch_size=64)
    with pytest.raises(InputError) as caught:
        checked(processes=5, batch_size=100)
    assert str(caught.value).startswith(
        "there are 9 normal training images: classifiers need at least 2 in each of 5 processes,"
    )
    assert "set fewer classifier.processes" in str(caught.value)
