"""Results of agreement as files: what is missing or damaged is an error that names its maker."""

import numpy as np
import pandas as pd
import pytest
from oracles.comparable_maps import COUNT, maps_of, ranks_of

from novelty_maps.agreement import files
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.formats import write_table

READERS = [
    (
        files.read_networks,
        files.NETWORKS,
        "trajectory_ranks",
        "epoch\n1\n",
        "column validation_loss",
    ),
    (files.read_headline_k, files.AGREEMENT_METRICS, "metrics", '{"normal": 1}\n', "key k"),
    (files.read_by_k, files.AGREEMENT_BY_K, "ranks", "k\n1\n", "column chance_agreement"),
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
    files.TRAJECTORY_RANKS.mkdir(parents=True)


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
    (
        files.read_networks,
        files.NETWORKS,
        ["validation_loss", "gradient_residual"],
        ["epoch", "best", "running"],
    ),
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


PATHS = [
    (files.rank_paths(), "data/ranks", "ranks"),
    (files.rank_paths(3), "data/trajectory_ranks/epoch_0003.", "trajectory_ranks"),
    (
        files.rank_paths(3, running=True),
        "data/trajectory_ranks/epoch_0003.running.",
        "trajectory_ranks",
    ),
]


def test_every_network_has_ranks_of_its_own():
    assert len({path for paths, *_ in PATHS for path in paths}) == 2 * len(PATHS)


@pytest.mark.parametrize(("paths", "start", "maker"), PATHS)
def test_ranks_are_read_to_the_last_bit_as_they_were_written(paths, start, maker):
    ranks = ranks_of(maps_of(1), maps_of(2))
    files.write_ranks(ranks, paths)
    assert all(str(path).startswith(start) and path.exists() for path in paths)
    found = files.load_ranks(paths, COUNT, 30)
    assert isinstance(found.places, np.memmap)
    assert found.places.dtype == ranks.places.dtype
    np.testing.assert_array_equal(found.places, ranks.places)
    pd.testing.assert_frame_equal(found.images, ranks.images, check_exact=True)


@pytest.mark.parametrize(("paths", "start", "maker"), PATHS)
def test_ranks_of_other_images_are_an_error_that_names_their_stage(paths, start, maker):
    remedy = f"make it again with `python -m stages.{maker}`$"
    with pytest.raises(InputError, match=f"^{paths[0]} does not exist: {remedy}"):
        files.load_ranks(paths, COUNT, 30)
    files.write_ranks(ranks_of(maps_of(1), maps_of(2)), paths)
    for count, pixels in ((COUNT - 1, 30), (COUNT, 31), (COUNT, 300)):
        with pytest.raises(InputError, match=f"^{paths[0]} holds .*{COUNT}×30.*: {remedy}"):
            files.load_ranks(paths, count, pixels)
    paths[1].unlink()
    with pytest.raises(InputError, match=f"^{paths[1]} does not exist: {remedy}"):
        files.load_ranks(paths, COUNT, 30)
