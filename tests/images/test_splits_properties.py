"""What must hold for the split of any images that can be split."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from novelty_maps.images.splits import PARTS, split_table

COLUMNS = ["part", "row", "source_row", "label"]


@st.composite
def cases(draw):
    """Labels of two to five classes in any order, and settings with which they can be split."""
    counts = draw(st.lists(st.integers(20, 60), min_size=2, max_size=5))
    labels = np.repeat(np.arange(len(counts)), counts)
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    labels = generator.permutation(labels)
    official = np.full(len(labels), "none")
    if draw(st.booleans()):
        for label in range(len(counts)):
            (rows,) = np.nonzero(labels == label)
            official[rows[: len(rows) // 2]] = "test"
            official[rows[len(rows) // 2 :]] = "train"
    chosen = {
        "protocol": draw(st.sampled_from(["one_class", "open_60_20_20"])),
        "normal_classes": draw(
            st.lists(
                st.integers(0, len(counts) - 1), min_size=1, max_size=len(counts) - 1, unique=True
            )
        ),
        "validation_fraction": draw(st.sampled_from([0.2, 0.3, 0.5])),
        "test_fraction": draw(st.sampled_from([0.2, 0.4])),
        "seed": draw(st.integers(0, 2**32 - 1)),
    }
    return labels, official, chosen


@settings(max_examples=30)
@given(cases())
def test_parts_are_disjoint_ordered_and_cover_all_images(case):
    labels, official, chosen = case
    table = split_table(labels, official, **chosen)
    assert sorted(table["source_row"]) == list(range(len(labels)))
    assert table["part"].tolist() == sorted(table["part"], key=PARTS.index)
    for _, group in table.groupby("part"):
        assert group["row"].tolist() == list(range(len(group)))
        assert group["source_row"].is_monotonic_increasing


@settings(max_examples=30)
@given(cases())
def test_labels_and_novelty_are_those_of_the_images(case):
    labels, official, chosen = case
    table = split_table(labels, official, **chosen)
    np.testing.assert_array_equal(table["label"], labels[table["source_row"]])
    np.testing.assert_array_equal(
        table["novel"], ~np.isin(table["label"], chosen["normal_classes"])
    )


@settings(max_examples=30)
@given(cases())
def test_split_is_a_function_of_the_seed_and_not_of_the_normal_classes(case):
    labels, official, chosen = case
    table = split_table(labels, official, **chosen)
    assert split_table(labels, official, **chosen).equals(table)
    others = sorted(set(labels.tolist()) - set(chosen["normal_classes"]))
    opposite = split_table(labels, official, **{**chosen, "normal_classes": others})
    assert opposite[COLUMNS].equals(table[COLUMNS])
    np.testing.assert_array_equal(opposite["novel"], 1 - table["novel"])


@settings(max_examples=30)
@given(cases())
def test_inputs_stay_as_they_were(case):
    labels, official, chosen = case
    before = labels.copy(), official.copy()
    split_table(labels, official, **chosen)
    np.testing.assert_array_equal(labels, before[0])
    np.testing.assert_array_equal(official, before[1])
