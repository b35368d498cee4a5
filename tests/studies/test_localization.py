"""A study of localization: its networks, and the numbers that a page looks up."""

import pandas as pd
import pytest
from oracles.study_tables import PRECISION, localization_study, maps, runs_of_maps

from novelty_maps.pipeline.errors import InputError
from studies.localization import LocalizationStudy
from studies.over_runs import each_map


def test_networks_are_configurations_and_a_denoising_one_is_named_so(tmp_path):
    localization_study(tmp_path)
    runs = pd.concat([runs_of_maps([maps(PRECISION)]), runs_of_maps([maps(PRECISION)], noise=0.2)])
    each_map(runs).to_csv(tmp_path / "localization_summary.csv", index=False)
    study = LocalizationStudy(tmp_path)
    assert study.networks() == ["lsa", "lsa, denoising"]
    assert study.runs("lsa, denoising") == 1


def test_numbers_are_looked_up_by_group_and_metric(tmp_path):
    study = localization_study(tmp_path)
    disk = study.number("lsa", "saliency", "aupro", grouping="kind", group="disk")
    assert disk.estimate == pytest.approx(0.61)
    assert study.headline("lsa", "loss").high == 1.5
    with pytest.raises(InputError, match="0 rows are lsa, saliency, kind blob"):
        study.number("lsa", "saliency", "aupro", grouping="kind", group="blob")
    with pytest.raises(InputError, match="0 rows of numbers are lsa, gain"):
        study.headline("lsa", "gain")


def test_study_that_was_not_run_says_how_to(tmp_path):
    with pytest.raises(InputError, match=f"run `make {tmp_path.name}`"):
        LocalizationStudy(tmp_path)
