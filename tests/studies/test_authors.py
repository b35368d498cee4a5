"""The authors' networks and ours: which network a row is of, and neighbouring epochs as one."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies import paths
from studies.authors import MAIN, RUN, Network, last_rows, near, network_of, with_networks
from studies.lookup import read_table
from studies.study import load_studies

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = {
    "plain-a-050.pt": ("authors", "plain", "a", 50),
    "authors-weights/plain-b-500.pt": ("authors", "plain", "b", 500),
    "/home/me/a-b.c/noisy-050.pt": ("authors", "denoising", "", 50),
}


def row_of(epoch=None, **settings):
    """A row of a study's table; `.` of a setting's name is `__`."""
    cells = {name.replace("__", "."): json.dumps(value) for name, value in settings.items()}
    return pd.Series(cells if epoch is None else {"run": "study-1", **cells, "epoch": epoch})


@pytest.mark.parametrize("path", PUBLISHED)
def test_published_network_is_named_by_its_file(path):
    assert network_of(row_of(train__from_checkpoint=path, epoch=0)) == PUBLISHED[path]
    assert network_of(row_of(train__from_checkpoint=path)) == PUBLISHED[path]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (row_of(epoch=20), ("ours", "plain", "seed 0", 20)),
        (row_of(epoch=20, train__seed=3), ("ours", "plain", "seed 3", 20)),
        (row_of(epoch=20, train__noise_std=0.0), ("ours", "plain", "seed 0", 20)),
        (row_of(epoch=20, train__noise_std=0.025), ("ours", "denoising", "seed 0", 20)),
        (row_of(localization__epoch=50), ("ours", "plain", "seed 0", 50)),
        (row_of(epoch=20, localization__epoch=50), ("ours", "plain", "seed 0", 50)),
        (row_of(epoch=20, localization__epoch=None), ("ours", "plain", "seed 0", 20)),
        (row_of(epoch=20, train__from_checkpoint=None), ("ours", "plain", "seed 0", 20)),
    ],
)
def test_network_of_ours_is_named_by_its_settings_and_epoch(row, expected):
    assert network_of(row) == expected


def test_setting_that_some_rows_lack_is_the_default_there(tmp_path):
    """In a file such a cell is empty, and integers beside it are read as floats."""
    rows = [
        row_of(epoch=20, train__seed=1),
        row_of(epoch=0, train__from_checkpoint="plain-a-050.pt"),
        row_of(epoch=30, train__noise_std=0.025),
        row_of(epoch=40, localization__epoch=50),
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "table.csv", index=False)
    expected = [
        ("ours", "plain", "seed 1", 20),
        ("authors", "plain", "a", 50),
        ("ours", "denoising", "seed 0", 30),
        ("ours", "plain", "seed 0", 50),
    ]
    for table in (pd.DataFrame(rows), read_table(tmp_path, "table")):
        found = [network_of(row) for _, row in table.iterrows()]
        assert found == expected
        assert [type(network.epoch) for network in found] == [int] * 4


@pytest.mark.parametrize(
    ("network", "name"),
    [
        (Network("authors", "plain", "a", 50), "authors, plain a, 50"),
        (Network("authors", "plain", "b", 50), "authors, plain b, 50"),
        (Network("authors", "denoising", "", 500), "authors, denoising, 500"),
        (Network("ours", "plain", "seed 0", 50), "ours, plain seed 0, 50"),
        (Network("ours", "plain", "seed 1", 50), "ours, plain seed 1, 50"),
        (Network("ours", "denoising", "seed 0", 500), "ours, denoising seed 0, 500"),
    ],
)
def test_name_tells_runs_and_epochs_apart_the_epoch_last(network, name):
    assert network.name == name


def runs_of(study):
    return load_studies(ROOT / paths.DEFINITIONS, ROOT / paths.BASE)[study].runs()


def test_every_network_of_ours_in_a_study_has_a_name_of_its_own():
    keys = ("train.seed", "train.noise_std", "localization.epoch")
    networks = [
        network_of(row_of(**{key: run.settings[key] for key in keys if key in run.settings}))
        for run in runs_of("localization-training")
    ]
    assert {network.source for network in networks} == {"ours"}
    assert [network.training for network in networks] == ["plain"] * 12 + ["denoising"] * 4
    assert len({network.name for network in networks}) == len(networks)


def test_main_network_is_one_that_the_authors_published():
    files = [run.settings["train.from_checkpoint"] for run in runs_of("localization-published")]
    names = [network_of(row_of(train__from_checkpoint=file)).name for file in files]
    assert names.count(MAIN) == 1


@pytest.mark.parametrize("study", ["authors-weights", "localization-published"])
def test_every_published_network_of_a_study_has_a_name_of_its_own(study):
    files = [run.settings["train.from_checkpoint"] for run in runs_of(study)]
    networks = [network_of(row_of(train__from_checkpoint=file)) for file in files]
    assert len({network.name for network in networks}) == len(files) == 9
    assert all(
        f"{network.epoch:03}.pt" == file[-6:] for network, file in zip(networks, files, strict=True)
    )
    assert {network[:3] for network in networks} == {
        ("authors", "plain", "a"),
        ("authors", "plain", "b"),
        ("authors", "denoising", ""),
    }


def test_networks_stand_before_the_numbers_and_settings_are_gone():
    rows = [
        row_of(epoch=20, train__seed=1, train__noise_std=0.0),
        row_of(epoch=0, train__from_checkpoint="noisy-050.pt"),
    ]
    table = pd.DataFrame(rows).assign(best=[0, 1], agreement=[5.0, 4.0])
    found = with_networks(table[::-1])  # as after a choice of rows: another index
    assert list(found) == ["source", "training", "run", "epoch", "best", "agreement"]
    assert found.to_numpy().tolist() == [
        ["authors", "denoising", "", 50, 1, 4.0],
        ["ours", "plain", "seed 1", 20, 0, 5.0],
    ]


def trajectory(*runs):
    """Networks as `with_networks` returns them, of ((source, training, run), {epoch: value})."""
    rows = [(*run, epoch, value) for run, values in runs for epoch, value in values.items()]
    return pd.DataFrame(rows, columns=["source", "training", "run", "epoch", "agreement"])


PLAIN, OTHER = ("ours", "plain", "seed 0"), ("ours", "plain", "seed 1")
DENOISING = ("ours", "denoising", "seed 0")
AUTHORS, NOISY = ("authors", "plain", "a"), ("authors", "denoising", "")


def means(table, epoch):
    """Run to its mean agreement near an epoch."""
    found = near(table, epoch)
    assert (found["epoch"] == epoch).all()
    return {tuple(row[:3]): row[3] for row in found.drop(columns="epoch").to_numpy().tolist()}


def test_epochs_next_to_one_are_averaged_with_it_and_no_others():
    table = trajectory((PLAIN, {18: 100.0, 19: 1.0, 20: 2.0, 21: 6.0, 22: 100.0}))
    assert means(table, 20) == {PLAIN: 3.0}


def test_first_epochs_stand_for_themselves():
    table = trajectory((PLAIN, {1: 5.0, 2: 3.0, 9: 1.0, 10: 2.0, 11: 9.0}))
    assert [means(table, epoch)[PLAIN] for epoch in (1, 2, 9, 10)] == [5.0, 3.0, 1.0, 4.0]


def test_last_epoch_has_one_neighbour():
    table = trajectory((PLAIN, {498: 100.0, 499: 1.0, 500: 2.0}))
    assert means(table, 500) == {PLAIN: 1.5}


def test_run_that_was_not_evaluated_at_an_epoch_is_left_out():
    table = trajectory((PLAIN, {19: 1.0, 21: 3.0}), (OTHER, {20: 2.0}))
    assert means(table, 20) == {OTHER: 2.0}
    assert means(table, 30) == {}


def test_single_epochs_of_the_authors_stay_as_they_are():
    table = trajectory((AUTHORS, {50: 3.0, 100: 5.0}), (NOISY, {50: 1.0}))
    assert means(table, 50) == {AUTHORS: 3.0, NOISY: 1.0}
    assert means(table, 100) == {AUTHORS: 5.0}


def test_runs_are_not_averaged_with_one_another():
    alike = (PLAIN, OTHER, DENOISING, ("authors", "plain", "seed 0"))
    runs = [(run, {49: 10.0 * i, 50: 10.0 * i + 2}) for i, run in enumerate(alike)]
    assert means(trajectory(*runs), 50) == {run: 10.0 * i + 1 for i, run in enumerate(alike)}


CURVES = st.dictionaries(st.integers(11, 16), st.floats(-9, 9), max_size=6)


@given(st.fixed_dictionaries(dict.fromkeys((PLAIN, OTHER, DENOISING, NOISY), CURVES)))
def test_near_is_the_mean_over_the_epochs_that_are_there(curves):
    expected = {
        run: np.mean([curve[epoch] for epoch in (13, 14, 15) if epoch in curve])
        for run, curve in curves.items()
        if 14 in curve
    }
    assert means(trajectory(*curves.items()), 14) == pytest.approx(expected)


def test_every_row_of_the_last_epoch_of_a_run_is_kept_and_runs_end_each_at_its_own():
    """As in a table of maps, with rows a network; in the order of the table, counted anew."""
    table = pd.concat(
        [
            trajectory((AUTHORS, {500: 1.0, 50: 2.0}), (PLAIN, {20: 3.0, 5: 4.0})),
            trajectory((PLAIN, {20: 5.0}), (OTHER, {5: 6.0}), (AUTHORS, {500: 7.0})),
        ]
    )
    found = last_rows(table)
    assert list(found) == list(table)
    assert found.to_numpy().tolist() == [
        [*AUTHORS, 500, 1.0],
        [*PLAIN, 20, 3.0],
        [*PLAIN, 20, 5.0],
        [*OTHER, 5, 6.0],
        [*AUTHORS, 500, 7.0],
    ]
    assert found.index.tolist() == list(range(5))


@given(st.fixed_dictionaries(dict.fromkeys((PLAIN, OTHER, DENOISING, AUTHORS, NOISY), CURVES)))
def test_last_rows_are_those_of_the_largest_key_of_each_run(curves):
    expected = {run: (max(curve), curve[max(curve)]) for run, curve in curves.items() if curve}
    found = last_rows(trajectory(*curves.items()))
    assert {tuple(row[:3]): tuple(row[3:]) for row in found.to_numpy().tolist()} == expected
    assert len(found) == len(expected) == found.groupby(RUN).ngroups
