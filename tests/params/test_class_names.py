"""Names of classes: all are there, and those of CIFAR-100 have their superclasses."""

from typing import get_args

from novelty_maps.params.class_names import CLASSES, SUPERCLASSES
from novelty_maps.params.data import DatasetName

# The label of the superclass of each class, in label order, as the files of CIFAR-100 have them.
COARSE_LABELS = [
    *(4, 1, 14, 8, 0, 6, 7, 7, 18, 3, 3, 14, 9, 18, 7, 11, 3, 9, 7, 11, 6, 11, 5, 10, 7),
    *(6, 13, 15, 3, 15, 0, 11, 1, 10, 12, 14, 16, 9, 11, 5, 5, 19, 8, 8, 15, 13, 14, 17, 18, 10),
    *(16, 4, 17, 4, 2, 0, 17, 4, 18, 17, 10, 3, 2, 12, 12, 16, 12, 1, 9, 19, 2, 10, 0, 1, 16),
    *(12, 9, 13, 15, 13, 16, 19, 2, 4, 6, 19, 5, 5, 8, 19, 18, 1, 2, 15, 6, 0, 17, 8, 14, 13),
]


def test_classes_of_every_data_set_but_a_folder_are_known() -> None:
    assert set(CLASSES) == set(get_args(DatasetName)) - {"folder"}
    assert all(len(set(names)) == len(names) for names in CLASSES.values())


def test_superclasses_of_cifar100_are_those_of_its_files() -> None:
    names = list(SUPERCLASSES)
    assert names == sorted(names)
    place = {name: i for i, group in enumerate(SUPERCLASSES.values()) for name in group}
    assert [place[name] for name in CLASSES["cifar100"]] == COARSE_LABELS


def test_five_classes_of_a_superclass_come_in_alphabetical_order() -> None:
    for group in SUPERCLASSES.values():
        assert len(group) == 5
        assert group == sorted(group)
