"""Splits into normal and novel classes that go by a name.

`neal_0` to `neal_4` are the unknown sets of L. Neal et al., Open Set Learning with Counterfactual
Images, ECCV 2018, in the order of their public code (lwneal/counterfactual-open-set): four classes
of MNIST or CIFAR-10 are novel.

Of CIFAR-100, 20 of the 100 classes are novel, by its 20 superclasses of five classes each
(Krizhevsky 2009); over the five splits of a kind each class is novel once. In `superclasses_I` the
superclasses 4I to 4I + 3 are novel, none of whose classes is normal: far novelties. In
`within_superclasses_I` it is the class I of each superclass, whose other four are normal: near
ones. Both count from 0 in alphabetical order.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from novelty_maps.params.class_names import CLASSES, SUPERCLASSES
from novelty_maps.params.data import DatasetName
from novelty_maps.pipeline.errors import InputError


class KnownSplit(NamedTuple):
    """A split that has a name.

    Attributes:
        datasets: The data sets that it is known for.
        novel: Labels of the novel classes; all others are normal.
    """

    datasets: Sequence[DatasetName]
    novel: Collection[int]


_NEAL = ([3, 6, 7, 8], [1, 2, 4, 6], [2, 3, 4, 9], [0, 1, 2, 6], [4, 5, 6, 9])
_GROUPS = list(SUPERCLASSES.values())


def _of_cifar100(novel: Iterable[str]) -> KnownSplit:
    return KnownSplit(["cifar100"], [CLASSES["cifar100"].index(name) for name in novel])


KNOWN_SPLITS = (
    {f"neal_{i}": KnownSplit(["mnist", "cifar10"], novel) for i, novel in enumerate(_NEAL)}
    | {
        f"superclasses_{i}": _of_cifar100(chain.from_iterable(_GROUPS[4 * i : 4 * i + 4]))
        for i in range(5)
    }
    | {f"within_superclasses_{i}": _of_cifar100(group[i] for group in _GROUPS) for i in range(5)}
)


def normal_labels(name: str, classes: Sequence[str]) -> list[int]:
    """Labels of the normal classes of a known split, ascending.

    Args:
        name: A key of `KNOWN_SPLITS`.
        classes: Name of every class, in label order; a folder whose classes are called as those of
            a published data set has its splits.

    Raises:
        InputError: There is no split of this name of these classes.
    """
    known = {
        key: split
        for key, split in KNOWN_SPLITS.items()
        if any(list(classes) == CLASSES[dataset] for dataset in split.datasets)
    }
    if name not in known:
        reason = (
            f"but the known splits of these classes are {', '.join(known)}: take one of them"
            if known
            else "but these classes have no known split (those of mnist, cifar10 and cifar100 have"
            f" {', '.join(KNOWN_SPLITS)}): take another data set"
        )
        raise InputError(
            f"split.normal_classes is {name!r}, {reason}, or list the normal classes in brackets"
        )
    return [label for label in range(len(classes)) if label not in known[name].novel]
