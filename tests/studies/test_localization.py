"""A study of localization: its networks, and the numbers that a page looks up."""

import math

import pandas as pd
import pytest
from oracles.study_tables import (
    PRECISION,
    localization_study,
    maps,
    of_run,
    reinitialised,
    runs_of_maps,
)

from novelty_maps.pipeline.errors import InputError
from novelty_maps.statistics.over_runs import interval_over_runs
from studies.localization import EachRun, LocalizationStudy, last_networks
from studies.over_runs import each_map


def test_networks_are_configurations_and_a_denoising_one_is_named_so(tmp_path):
    localization_study(tmp_path)
    runs = pd.concat([runs_of_maps([maps(PRECISION)]), runs_of_maps([maps(PRECISION)], noise=0.2)])
    each_map(runs).to_csv(tmp_path / "localization_summary.csv", index=False)
    study = LocalizationStudy(tmp_path)
    assert study.networks() == ["lsa", "lsa, denoising"]
    assert study.runs("lsa, denoising") == 1


def write(folder, runs, *, lost=0.1):
    """Tables of runs in a folder: a run is its settings, each with numbers of its own.

    Saliency's average precision is 0.01 less from run to run, and what it loses 0.1 more.
    """
    tables = [maps(PRECISION | {"saliency": 0.6 - i / 100}) for i in range(len(runs))]
    losses = [reinitialised(lost + i / 10) for i in range(len(runs))]
    numbers = [
        pd.DataFrame({"metric": ["loss"], "estimate": i + 1.0, "low": i + 0.5, "high": i + 2.5})
        for i in range(len(runs))
    ]
    for name, parts in (
        ("localization", tables),
        ("reinitialised", losses),
        ("run_numbers", numbers),
    ):
        rows = [of_run(part, **settings) for part, settings in zip(parts, runs, strict=True)]
        pd.concat(rows, ignore_index=True).to_csv(folder / f"{name}.csv", index=False)


def published(*names):
    return [{"train__from_checkpoint": f"authors-weights/{name}.pt"} for name in names]


TRAINED = [
    {"train__seed": seed, "localization__epoch": epoch} for seed in (0, 1) for epoch in (5, 200)
]
OURS = [
    "ours, plain seed 0, 5",
    "ours, plain seed 0, 200",
    "ours, plain seed 1, 5",
    "ours, plain seed 1, 200",
]
PUBLISHED = ("plain-a-050", "plain-b-500", "noisy-050")
AUTHORS = ["authors, plain a, 50", "authors, plain b, 500", "authors, denoising, 50"]


@pytest.mark.parametrize(
    ("runs", "names"), [(published(*PUBLISHED), AUTHORS), (TRAINED, OURS)], ids=["authors", "ours"]
)
def test_each_run_is_a_network_with_its_own_numbers_and_intervals(tmp_path, runs, names):
    """The intervals in the tables are 0.02 wide about every number, those of the loss are not."""
    write(tmp_path, runs)
    study = EachRun(tmp_path)
    assert study.networks() == names
    assert [study.runs(name) for name in names] == [1] * len(names)
    for i, name in enumerate(names):
        for found, expected in (
            (study.number(name, "saliency", "average_precision"), 0.6 - i / 100),
            (study.number(name, "saliency", "aupro_gain"), 0.2 - i / 100),
            (study.drop(name, "saliency"), 0.1 + i / 10),
        ):
            assert found[:3] == pytest.approx((expected, expected - 0.01, expected + 0.01))
            assert found.runs == 1
        loss = study.headline(name, "loss")
        assert (loss[:3], loss.runs) == ((i + 1.0, i + 0.5, i + 2.5), 1)
        assert math.isnan(loss.sd)


def test_network_of_one_run_has_the_table_that_it_would_have_alone(tmp_path):
    alone, together = tmp_path / "alone", tmp_path / "together"
    for folder in (alone, together):
        folder.mkdir()
    write(together, published(*PUBLISHED))
    write(alone, published(*PUBLISHED[:1]))
    tables = [EachRun(folder).table(AUTHORS[0]) for folder in (alone, together)]
    pd.testing.assert_frame_equal(*tables)


def test_tables_that_pool_the_runs_are_not_asked_for_single_runs(tmp_path):
    write(tmp_path, TRAINED)
    for name in ("localization_summary", "numbers"):
        (tmp_path / f"{name}.csv").write_text("network\nother\n")
    study = EachRun(tmp_path)
    assert study.networks() == OURS
    assert study.headline(OURS[3], "loss").estimate == 4


@pytest.mark.parametrize("table", ["localization", "run_numbers"])
def test_table_of_single_runs_that_is_missing_is_asked_for(tmp_path, table):
    write(tmp_path, TRAINED)
    (tmp_path / f"{table}.csv").unlink()
    study = EachRun(tmp_path)
    with pytest.raises(InputError, match=rf"{table}\.csv does not exist: run `make"):
        study.headline(study.networks()[0], "loss")


def test_tables_of_single_runs_are_read_once(tmp_path):
    write(tmp_path, TRAINED)
    study = EachRun(tmp_path)
    first = study.drop(OURS[0], "saliency"), study.headline(OURS[0], "loss"), study.networks()
    for file in tmp_path.glob("*.csv"):
        file.unlink()
    assert study.drop(OURS[0], "saliency") == first[0]
    assert study.headline(OURS[0], "loss")[:3] == first[1][:3]
    assert study.networks() == first[2]


def test_fall_in_other_studies_is_one_number_over_the_seeds(tmp_path):
    write(tmp_path, [{"train__seed": seed} for seed in (0, 1)], lost=0.2)
    found = LocalizationStudy(tmp_path).drop("lsa", "saliency")
    variance = (0.01 / 1.959964) ** 2
    assert found[:4] == pytest.approx(interval_over_runs([0.2, 0.3], variance)[:4])
    assert found.runs == 2


def test_last_network_of_each_run_is_that_of_its_largest_epoch(tmp_path):
    """Its number and not its name, and in the order of the studies."""
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    for folder in (theirs, ours):
        folder.mkdir()
    names = ("plain-a-050", "plain-b-500", "plain-a-300", "noisy-500", "noisy-050")
    write(theirs, published(*names))
    write(ours, TRAINED[::-1])
    studies = [EachRun(theirs), EachRun(ours)]
    found = last_networks(studies)
    assert [each.name for each in found] == [
        "authors, plain a, 300",
        "authors, plain b, 500",
        "authors, denoising, 500",
        "ours, plain seed 1, 200",
        "ours, plain seed 0, 200",
    ]
    assert [each.study for each in found] == [studies[0]] * 3 + [studies[1]] * 2
    assert [each.name for each in last_networks(studies[::-1])] == [
        *(each.name for each in found[3:]),
        *(each.name for each in found[:3]),
    ]


def test_numbers_are_looked_up_by_group_and_metric(tmp_path):
    study = localization_study(tmp_path)
    disk = study.number("lsa", "saliency", "aupro", grouping="kind", group="disk")
    assert disk.estimate == pytest.approx(0.61)
    assert study.headline("lsa", "loss").high == 1.5
    assert study.area("lsa", "saliency", "deletion", "black") == 0.5
    assert study.randomization("lsa")["step"].tolist() == [0, 1, 2]
    with pytest.raises(InputError, match="0 rows are lsa, saliency, kind blob"):
        study.number("lsa", "saliency", "aupro", grouping="kind", group="blob")
    with pytest.raises(InputError, match="0 rows of numbers are lsa, gain"):
        study.headline("lsa", "gain")


def test_fall_is_that_of_the_map_when_all_layers_are_fresh(tmp_path):
    study = localization_study(tmp_path, drop=0.3)
    fall = study.drop("lsa", "saliency")
    assert fall[:3] == pytest.approx((0.3, 0.29, 0.31))
    assert fall.runs == 3
    assert study.drop("lsa", "sobel").estimate == 0  # a control never sees the network


def test_network_without_layers_has_no_fall(tmp_path):
    assert localization_study(tmp_path, layers=False).drop("lsa", "saliency").runs == 0


def test_tables_are_read_when_first_used_and_once(tmp_path):
    localization_study(tmp_path)
    for file in tmp_path.glob("*.csv"):
        if file.stem != "localization_summary":
            file.unlink()
    study = LocalizationStudy(tmp_path)
    assert study.networks() == ["lsa"]
    with pytest.raises(InputError, match=r"reinitialised\.csv does not exist: run `make"):
        study.drop("lsa", "saliency")
    (tmp_path / "localization_summary.csv").unlink()
    assert study.runs("lsa") == 3


def test_study_that_was_not_run_says_how_to(tmp_path):
    with pytest.raises(InputError, match=f"run `make {tmp_path.name}`"):
        LocalizationStudy(tmp_path).networks()
