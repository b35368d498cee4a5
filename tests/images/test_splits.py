"""The index table: who is in which part."""

import numpy as np
import pandas as pd
import pytest

from novelty_maps.images.splits import (
    PARTS,
    class_labels,
    one_class_split,
    open_split,
    require_classes,
    split_table,
)
from novelty_maps.params.class_names import CLASSES
from novelty_maps.pipeline.errors import InputError

# Classes of unequal size, in no order.
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(5), [40, 57, 63, 81, 59]))
NO_OFFICIAL = np.full(len(LABELS), "none")
OFFICIAL = np.where(np.arange(len(LABELS)) % 4 == 0, "test", "train")


def split(labels=LABELS, official=NO_OFFICIAL, **changes):
    settings = {
        "normal_classes": [0, 1, 2],
        "validation_fraction": 0.2,
        "test_fraction": 0.3,
        "seed": 0,
    }
    return one_class_split(labels, official, **{**settings, **changes})


def rows_of(table, part):
    return table.loc[table["part"] == part, "source_row"].tolist()


@pytest.mark.parametrize("official", [NO_OFFICIAL, OFFICIAL])
def test_parts_are_disjoint_and_cover_all_images(official):
    table = split(official=official)
    assert sorted(table["source_row"]) == list(range(len(LABELS)))
    assert set(table["part"]) == set(PARTS)


@pytest.mark.parametrize("official", [NO_OFFICIAL, OFFICIAL])
def test_rows_are_ordered_by_part_then_by_source_row(official):
    table = split(official=official)
    assert table["part"].tolist() == sorted(table["part"], key=PARTS.index)
    assert table.index.tolist() == list(range(len(LABELS)))
    for part in PARTS:
        assert rows_of(table, part) == sorted(rows_of(table, part))


def test_row_counts_within_its_part():
    for _, group in split().groupby("part"):
        assert group["row"].tolist() == list(range(len(group)))


def test_labels_are_those_of_the_source_rows():
    table = split()
    assert table["label"].tolist() == [LABELS[row] for row in table["source_row"]]


NUMBERED = sorted(map(str, range(11)))  # as text: 10 is the third


def test_classes_go_by_number_and_by_name():
    assert class_labels(["2", 0], NUMBERED) == [3, 0]
    assert class_labels(["10", 2], ["zero", "10", "2"]) == [1, 2]
    assert class_labels([12, -1], NUMBERED) == [12, -1]  # `require_classes` looks at these
    assert class_labels("neal_1", CLASSES["mnist"]) == [0, 3, 5, 7, 8, 9]


def test_name_with_an_accent_is_found_however_it_is_composed():
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    for given, there in ((composed, decomposed), (decomposed, composed)):
        assert class_labels([given], ["a", there]) == [1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["appel"], r"has 'appel', which is no class; did you mean apple\?"),
        (["x"], "has 'x', which is no class; known classes: apple, pear"),
        (["Apple"], r"has 'Apple', which is no class; did you mean apple\?"),
        ([0, "apple"], "has class 0 twice, last as 'apple'"),
        (["pear", "pear"], "has class 1 twice, last as 'pear'"),
    ],
)
def test_name_of_no_class_or_of_one_that_is_there_is_an_error(given, said):
    with pytest.raises(InputError, match=f"split.normal_classes {said}"):
        class_labels(given, ["apple", "pear"])


def test_novel_is_one_exactly_outside_the_normal_classes():
    table = split(normal_classes=[4, 1])
    assert table["novel"].tolist() == [int(label not in (1, 4)) for label in table["label"]]


def test_every_part_holds_normal_and_novel_images():
    counts = split().groupby(["part", "novel"]).size()
    assert len(counts) == 6


@pytest.mark.parametrize("official", [NO_OFFICIAL, OFFICIAL])
def test_draws_are_stratified_within_one_image_a_class(official):
    table = split(official=official)
    rest = table[table["part"] != "test"]
    for label in range(5):
        available = (rest["label"] == label).sum()
        drawn = ((rest["label"] == label) & (rest["part"] == "validation")).sum()
        assert abs(drawn - 0.2 * available) < 1
        if official is NO_OFFICIAL:
            everywhere = table["label"] == label
            tested = (everywhere & (table["part"] == "test")).sum()
            assert abs(tested - 0.3 * everywhere.sum()) < 1


def test_parts_have_the_asked_sizes():
    sizes = split().groupby("part").size()
    assert sizes.to_dict() == {"train": 168, "validation": 42, "test": 90}


def test_same_seed_gives_the_same_table():
    assert split(seed=3).equals(split(seed=3))


def test_another_seed_gives_another_table():
    assert rows_of(split(seed=3), "test") != rows_of(split(seed=4), "test")
    official = [rows_of(split(official=OFFICIAL, seed=seed), "validation") for seed in (3, 4)]
    assert official[0] != official[1]


def test_split_does_not_depend_on_the_global_random_state():
    np.random.seed(1)
    first = split()
    np.random.seed(2)
    assert split().equals(first)


@pytest.mark.parametrize("official", [NO_OFFICIAL, OFFICIAL])
def test_parts_do_not_depend_on_which_classes_are_normal(official):
    columns = ["part", "row", "source_row", "label"]
    first, second = (split(official=official, normal_classes=c) for c in ([0, 1, 2], [3]))
    assert first[columns].equals(second[columns])
    assert not first["novel"].equals(second["novel"])


def test_official_test_part_is_kept_whole():
    table = split(official=OFFICIAL)
    assert rows_of(table, "test") == np.flatnonzero(OFFICIAL == "test").tolist()


def test_official_test_part_does_not_depend_on_the_test_fraction():
    first, second = (split(official=OFFICIAL, test_fraction=f) for f in (0.1, 0.6))
    assert first.equals(second)


@pytest.mark.parametrize("label", [5, 99, -1])
def test_class_that_does_not_exist_is_an_input_error(label):
    with pytest.raises(InputError, match=rf"split\.normal_classes has {label}.*0\.\.4"):
        split(normal_classes=[0, label])


def test_nothing_novel_is_an_input_error():
    with pytest.raises(InputError, match="names all 5 classes, so nothing is novel"):
        split(normal_classes=[0, 1, 2, 3, 4])


def test_nothing_normal_is_an_input_error():
    with pytest.raises(InputError, match="names no class, so nothing is normal"):
        split(normal_classes=[])


def test_a_class_named_twice_is_not_all_classes():
    require_classes([0, 0, 1], 3)
    with pytest.raises(InputError, match="all 2 classes"):
        require_classes([0, 1, 1], 2)


@pytest.mark.parametrize("fraction", [0.001, 0.999])
@pytest.mark.parametrize("key", ["validation_fraction", "test_fraction"])
def test_fraction_that_leaves_a_part_without_a_class_is_an_input_error(key, fraction):
    with pytest.raises(InputError, match=rf"split\.{key} takes a share of {fraction}"):
        split(**{key: fraction})


def test_class_of_one_image_is_an_input_error():
    labels = np.append(LABELS, 5)
    with pytest.raises(InputError, match=r"split\.test_fraction"):
        split(labels, np.full(len(labels), "none"))


def test_rare_class_that_misses_a_part_is_an_input_error():
    labels = np.repeat([0, 1, 2], [100, 100, 2])
    remedy = "change the fractions or take more images$"
    with pytest.raises(
        InputError, match=rf"class 2 would have no images in the test part: {remedy}"
    ):
        split(labels, np.full(202, "none"), normal_classes=[0], test_fraction=0.1)
    # An official test part that has it does not make up for the part that misses it.
    tested = np.append(labels, [0, 1, 2]), np.repeat(["train", "test"], [202, 3])
    with pytest.raises(InputError, match=rf"class 2 .* in the validation part: {remedy}"):
        split(*tested, normal_classes=[0], validation_fraction=0.1)


@pytest.mark.parametrize(
    ("part", "train", "tested"),
    [("train", [0, 50], [9, 9]), ("validation", [2, 50], [9, 9]), ("test", [50, 50], [0, 9])],
)
def test_part_without_normal_images_is_an_input_error_that_names_it(part, train, tested):
    labels = np.repeat([0, 1, 0, 1], [*train, *tested])
    official = np.repeat(["train", "test"], [sum(train), sum(tested)])
    with pytest.raises(InputError, match=f"^class 0 would have no images in the {part} part: "):
        split(labels, official, normal_classes=[0])


def test_official_test_part_without_novel_images_is_an_input_error():
    official = np.where((LABELS == 0) & (np.arange(len(LABELS)) % 2 == 0), "test", "train")
    with pytest.raises(InputError, match="class 1 would have no images in the test part: add some"):
        split(official=official)


# Class 0 in training and test, 1 and 2 in test only, as in MVTec AD.
ANOMALIES = np.repeat([0, 0, 1, 2], [50, 10, 7, 8])
TESTED_ONLY = np.repeat(["train", "test"], [50, 25])


def test_novel_classes_that_the_official_training_part_lacks_are_in_test_only():
    table = split(ANOMALIES, TESTED_ONLY, normal_classes=[0])
    counts = table.groupby(["part", "label"]).size().to_dict()
    assert counts == {
        ("train", 0): 40,
        ("validation", 0): 10,
        ("test", 0): 10,
        ("test", 1): 7,
        ("test", 2): 8,
    }
    assert table["novel"].tolist() == (table["label"] > 0).astype(int).tolist()


def test_normal_class_that_the_official_training_part_lacks_is_an_input_error():
    with pytest.raises(InputError, match=r"class 2 would have no images in the train part: add"):
        split(ANOMALIES, TESTED_ONLY, normal_classes=[0, 2])


def test_novel_class_that_the_official_test_part_lacks_is_an_input_error():
    official = np.where(ANOMALIES == 1, "train", TESTED_ONLY)
    with pytest.raises(InputError, match=r"class 'b' would have no images in the test part: add"):
        split(ANOMALIES, official, normal_classes=[0], names=["a", "b", "c"])


def test_open_split_has_the_anomalies_of_the_test_part_in_every_part():
    counts = pd.crosstab(
        *(open_split_of(ANOMALIES, normal_classes=[0])[c] for c in ("label", "part"))
    )
    assert (counts > 0).all(axis=None)


def open_split_of(labels=LABELS, **changes):
    return open_split(labels, **{"normal_classes": [0, 1, 2], "seed": 0, **changes})


def test_open_split_is_60_20_20_of_every_class():
    table = open_split_of()
    assert sorted(table["source_row"]) == list(range(len(LABELS)))
    counts = pd.crosstab(table["label"], table["part"], normalize="index")
    for part, share in (("train", 0.6), ("validation", 0.2), ("test", 0.2)):
        np.testing.assert_allclose(counts[part], share, atol=1 / 40)  # one image of the smallest


def test_open_split_is_seeded_and_does_not_depend_on_the_normal_classes():
    rows = [rows_of(open_split_of(**c), "test") for c in ({}, {"normal_classes": [4]}, {"seed": 1})]
    assert rows[0] == rows[1]
    assert rows[0] != rows[2]


def test_open_split_too_small_to_divide_is_an_error():
    with pytest.raises(InputError, match=r"open_60_20_20 takes a share of 0\.2,"):
        open_split_of(labels=np.array([0, 1, 2, 3]))
    # The test part takes one image of class 1, which leaves one for two parts.
    with pytest.raises(InputError, match=r"open_60_20_20 takes a share of 0\.25, .*one_class"):
        open_split_of(labels=np.array([0, 0, 0, 0, 1, 1]), normal_classes=[0])


FRACTIONS = {"validation_fraction": 0.3, "test_fraction": 0.4}


@pytest.mark.parametrize("official", [NO_OFFICIAL, OFFICIAL])
def test_protocol_one_class_keeps_the_official_parts_and_takes_the_fractions(official):
    settings = {"normal_classes": [0, 3], "seed": 2}
    table = split_table(LABELS, official, protocol="one_class", **FRACTIONS, **settings)
    assert table.equals(one_class_split(LABELS, official, **FRACTIONS, **settings))
    assert not table.equals(split(official=official, **settings))


@pytest.mark.parametrize("official", [NO_OFFICIAL, OFFICIAL])
def test_protocol_open_merges_the_parts_and_knows_no_fractions(official):
    settings = {"normal_classes": [0, 3], "seed": 2}
    table = split_table(LABELS, official, protocol="open_60_20_20", **FRACTIONS, **settings)
    assert table.equals(open_split(LABELS, **settings))


@pytest.mark.parametrize("protocol", ["one_class", "open_60_20_20"])
def test_table_has_the_columns_that_later_stages_read_and_no_other(protocol):
    settings = {"normal_classes": [0], "seed": 0, **FRACTIONS}
    table = split_table(LABELS, NO_OFFICIAL, protocol=protocol, **settings)
    assert table.columns.tolist() == ["part", "row", "source_row", "label", "novel"]
    assert (table.dtypes[1:] == np.int64).all()


@pytest.mark.parametrize("label", [5, -1])
def test_open_split_of_a_class_that_does_not_exist_is_an_input_error(label):
    with pytest.raises(InputError, match=rf"split\.normal_classes has {label}.*0\.\.4"):
        open_split_of(normal_classes=[0, label])
