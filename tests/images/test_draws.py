"""Draws of whole groups: none is divided, and labels keep their shares."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novelty_maps.images.draws import draw, require_apart
from novelty_maps.images.splits import PARTS, split_table
from novelty_maps.pipeline.errors import InputError

KEY = "split.test_fraction"


@st.composite
def grouped(draw_value):
    """Labels of images in groups, most of which have one label."""
    generator = np.random.default_rng(draw_value(st.integers(0, 999)))
    groups = generator.integers(0, draw_value(st.integers(20, 60)), 150)
    labels = (groups + (generator.random(150) < 0.1)) % draw_value(st.integers(2, 4))
    return labels, groups


@settings(max_examples=40)
@given(grouped(), st.sampled_from([0.1, 0.25, 0.5]), st.integers(0, 99))
def test_no_group_is_divided_and_no_image_lost(case, fraction, seed):
    labels, groups = case
    rows = np.flatnonzero(np.arange(150) % 7)
    kept, drawn = draw(rows, labels, groups, fraction, seed, KEY)
    np.testing.assert_array_equal(np.sort(np.concatenate([kept, drawn])), rows)
    assert not set(groups[kept].tolist()) & set(groups[drawn].tolist())


@settings(max_examples=40)
@given(grouped(), st.sampled_from([0.2, 0.3, 0.5]), st.integers(0, 99))
def test_each_label_has_about_its_share(case, fraction, seed):
    labels, groups = case
    _, drawn = draw(np.arange(150), labels, groups, fraction, seed, KEY)
    for label in np.unique(labels):
        share = (labels[drawn] == label).sum() / (labels == label).sum()
        assert abs(share - fraction) < 0.2, label  # groups have up to a dozen images


@settings(max_examples=20)
@given(grouped(), st.integers(0, 99))
def test_draw_depends_on_the_seed_and_not_on_the_names_of_groups(case, seed):
    labels, groups = case
    first, renamed = (
        draw(np.arange(150), labels, names, 0.3, seed, KEY) for names in (groups, 1000 - groups)
    )
    np.testing.assert_array_equal(first[1], renamed[1])


def test_every_group_is_as_likely_whatever_its_place_or_size():
    groups = np.concatenate([np.arange(40), np.arange(40, 50).repeat(2)])
    labels = np.zeros(60, int)
    times = np.zeros(50)
    for seed in range(400):
        _, drawn = draw(np.arange(60), labels, groups, 0.3, seed, KEY)
        times[np.unique(groups[drawn])] += 1
    assert abs(times[:20].mean() - times[20:40].mean()) < 10
    np.testing.assert_allclose(times / 400, 0.3, atol=0.1)


def test_groups_of_one_keep_the_share_exactly():
    labels = np.arange(100) % 2
    kept, drawn = draw(np.arange(100), labels, np.arange(100), 0.3, 0, KEY)
    assert (len(kept), len(drawn)) == (70, 30)
    assert labels[drawn].sum() == 15


@pytest.mark.parametrize("protocol", ["one_class", "open_60_20_20"])
@pytest.mark.parametrize("official", [False, True])
def test_no_group_crosses_parts_of_either_protocol(protocol, official):
    generator = np.random.default_rng(0)
    groups = generator.integers(0, 60, 200)
    labels = groups % 3
    part = np.where(groups < 15, "test", "train") if official else np.full(200, "none")
    table = split_table(
        labels,
        part,
        protocol=protocol,
        normal_classes=[0],
        validation_fraction=0.2,
        test_fraction=0.25,
        seed=3,
        groups=groups,
    )
    assert table.groupby("group")["part"].nunique().eq(1).all()
    np.testing.assert_array_equal(table["group"], groups[table["source_row"]])
    assert set(table["part"]) == set(PARTS)


def test_group_in_both_official_parts_is_named_with_the_remedy():
    groups, part = np.array([0, 1, 2, 1]), np.array(["train", "train", "test", "test"])
    expected = "group 'tile 7' has images in train and in test"
    with pytest.raises(InputError, match=expected) as error:
        require_apart(groups, part, ["a", "tile 7", "b"])
    assert "split.protocol open_60_20_20" in str(error.value)
    with pytest.raises(InputError, match=re.escape("group 1 has")):
        require_apart(groups, part, ())
    require_apart(groups, np.array(["train", "test", "test", "test"]), ())


def test_merged_parts_may_share_a_group():
    labels = np.arange(40) % 2
    settings_of = {"normal_classes": [0], "validation_fraction": 0.2, "test_fraction": 0.2}
    part = np.where(np.arange(40) < 20, "train", "test")
    groups = np.arange(40) % 20
    case = {**settings_of, "seed": 0, "groups": groups}
    split_table(labels, part, protocol="open_60_20_20", **case)
    with pytest.raises(InputError, match="group 0 has images in train and in test"):
        split_table(labels, part, protocol="one_class", **case)
