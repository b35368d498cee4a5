"""Known splits: the sets of their sources, and only for the classes that they are of."""

import pytest

from novelty_maps.params.class_names import CLASSES, SUPERCLASSES
from novelty_maps.params.known_splits import KNOWN_SPLITS, normal_labels
from novelty_maps.pipeline.errors import InputError


def novel_names(name: str) -> set[str]:
    """Names of the novel classes of a split of CIFAR-100."""
    classes = CLASSES["cifar100"]
    normal = normal_labels(name, classes)
    assert normal == sorted(set(normal))
    assert len(normal) == 80
    return set(classes) - {classes[label] for label in normal}


@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("neal_0", [0, 1, 2, 4, 5, 9]),
        ("neal_1", [0, 3, 5, 7, 8, 9]),
        ("neal_2", [0, 1, 5, 6, 7, 8]),
        ("neal_3", [3, 4, 5, 7, 8, 9]),
        ("neal_4", [0, 1, 2, 3, 7, 8]),
    ],
)
def test_normal_classes_are_those_outside_the_unknown_set(
    dataset: str, name: str, normal: list[int]
) -> None:
    assert normal_labels(name, CLASSES[dataset]) == normal  # type: ignore[index]


def test_far_novelties_are_whole_superclasses_in_their_order() -> None:
    groups = list(SUPERCLASSES.values())
    for i in range(5):
        assert novel_names(f"superclasses_{i}") == {
            name for group in groups[4 * i : 4 * (i + 1)] for name in group
        }
    vehicles = {"bicycle", "bus", "motorcycle", "pickup_truck", "train"}
    assert vehicles < novel_names("superclasses_4")


def test_near_novelties_are_one_class_of_each_superclass() -> None:
    for i in range(5):
        novel = novel_names(f"within_superclasses_{i}")
        assert novel == {sorted(group)[i] for group in SUPERCLASSES.values()}
    assert {"beaver", "aquarium_fish", "orchid"} < novel_names("within_superclasses_0")


@pytest.mark.parametrize("kind", ["superclasses", "within_superclasses"])
def test_each_class_of_cifar100_is_novel_once(kind: str) -> None:
    novel = [name for i in range(5) for name in novel_names(f"{kind}_{i}")]
    assert sorted(novel) == CLASSES["cifar100"]


def test_split_is_known_for_classes_of_these_names_wherever_they_come_from() -> None:
    assert normal_labels("neal_0", tuple(CLASSES["cifar10"])) == [0, 1, 2, 4, 5, 9]
    with pytest.raises(InputError, match="'neal_0', but these classes"):
        normal_labels("neal_0", sorted(CLASSES["cifar10"], reverse=True))


@pytest.mark.parametrize("name", ["neal_5", "superclasses_0", "cat", ""])
def test_name_that_is_no_split_of_these_classes_is_one_line_with_those_there_are(name: str) -> None:
    with pytest.raises(InputError) as caught:
        normal_labels(name, CLASSES["cifar10"])
    assert str(caught.value) == (
        f"split.normal_classes is {name!r}, but the known splits of these classes are neal_0,"
        " neal_1, neal_2, neal_3, neal_4: take one of them, or list the normal classes in brackets"
    )


@pytest.mark.parametrize("dataset", ["digits", "fashion_mnist", "kmnist", "emnist_digits"])
def test_data_set_without_a_known_split_says_so(dataset: str) -> None:
    with pytest.raises(InputError, match="these classes have no known split") as caught:
        normal_labels("neal_0", CLASSES[dataset])  # type: ignore[index]
    assert all(name in str(caught.value) for name in KNOWN_SPLITS)
    assert "\n" not in str(caught.value)
