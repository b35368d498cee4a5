"""Stage `representation_check`: what classifiers and oracles need."""

import pytest

from novelty_maps.images.survey import Survey
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.formats import write_json
from novelty_maps.pipeline.paths import SURVEY
from novelty_maps.representation.files import CHECKED
from stages.representation import check


def survey(*, normal: int, novel: int) -> Survey:
    parts = ("train", "validation", "test")
    counts = [dict.fromkeys(parts, 9) | {"validation": count} for count in (normal, novel)]
    return Survey("folder", 3, *counts, ["broken"])


def test_split_with_both_kinds_passes(workspace):
    write_json(SURVEY, survey(normal=4, novel=1)._asdict())
    check.main()
    assert CHECKED.read_text() == "The split has what oracles need.\n"


def test_split_without_novel_validation_images_is_refused_with_both_remedies(workspace):
    write_json(SURVEY, survey(normal=4, novel=0)._asdict())
    with pytest.raises(InputError, match="all 4 labelled validation images are normal") as caught:
        check.main()
    assert "split.protocol open_60_20_20" in str(caught.value)
    assert "dvc repro plots localization_plots" in str(caught.value)
    assert not CHECKED.exists()
