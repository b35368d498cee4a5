"""Results of agreement as files: what is missing or damaged is an error that names its maker."""

import pandas as pd
import pytest

from novelty_maps.agreement import files
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.formats import write_table

READERS = [
    (files.read_headline_k, files.AGREEMENT_METRICS, "metrics", '{"normal": 1}\n', "key k"),
    (files.read_by_k, files.AGREEMENT_BY_K, "metrics", "k\n1\n", "column chance_agreement"),
    (files.read_per_image, files.PER_IMAGE, "metrics", "novel\n1\n", "column indirect_share"),
    (
        files.read_agreement_histogram,
        files.AGREEMENT_HISTOGRAM,
        "metrics",
        "agreement,normal,novel\n0,1,1\n",
        "column chance",
    ),
    (
        files.read_distance_histogram,
        files.DISTANCE_HISTOGRAM,
        "metrics",
        "distance,normal\n0,1\n",
        "column novel",
    ),
    (
        files.read_trajectory,
        files.TRAJECTORY,
        "trajectory",
        "epoch,running\n1,0\n",
        "column normal_agree",
    ),
]


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics").mkdir()


@pytest.mark.parametrize(("read", "path", "maker", "text", "lacking"), READERS)
def test_reader_names_the_file_and_the_stage_that_makes_it(read, path, maker, text, lacking):
    remedy = f"make it again with `python -m stages.{maker}`$"
    with pytest.raises(InputError, match=f"^{path} does not exist: {remedy}"):
        read()
    path.write_text(text)
    with pytest.raises(InputError, match=f"^{path} lacks the {lacking}.*: {remedy}"):
        read()


def test_headline_k_is_read():
    files.AGREEMENT_METRICS.write_text('{"k": 12}')
    assert files.read_headline_k() == 12


TABLES = [  # columns that must be there, and those that must hold integers
    (files.read_by_k, files.AGREEMENT_BY_K, ["chance_agreement"], ["k"]),
    (
        files.read_per_image,
        files.PER_IMAGE,
        ["indirect_share", "gradient_error_cosine"],
        ["novel", "agreement"],
    ),
    (
        files.read_agreement_histogram,
        files.AGREEMENT_HISTOGRAM,
        ["normal", "novel", "chance"],
        ["agreement"],
    ),
    (files.read_distance_histogram, files.DISTANCE_HISTOGRAM, ["normal", "novel"], ["distance"]),
    (files.read_trajectory, files.TRAJECTORY, ["normal_agreement"], ["epoch", "running"]),
]


@pytest.mark.parametrize(("read", "path", "numbers", "integers"), TABLES)
def test_every_column_that_is_read_must_be_there(read, path, numbers, integers):
    whole = pd.DataFrame({name: [1] for name in [*numbers, *integers]})
    write_table(path, whole)
    pd.testing.assert_frame_equal(read(), whole)
    for name in whole:
        write_table(path, whole.drop(columns=name).assign(other=1))
        with pytest.raises(InputError, match=f"lacks the column {name}: "):
            read()


@pytest.mark.parametrize(("read", "path", "numbers", "integers"), TABLES)
def test_what_counts_must_be_whole(read, path, numbers, integers):
    for name in integers:
        write_table(path, pd.DataFrame({**dict.fromkeys([*numbers, *integers], 1), name: [0.5]}))
        with pytest.raises(InputError, match=f"other values than integers in {name}: "):
            read()
