"""The choice of k for nearest neighbours, image by image and distance by distance."""

import math

import numpy as np


def slow_choice(z, classes, training_z, training_classes, counts=(1, 5, 10, 20, 50, 100, 200)):
    """The lowest k, up to the size of the smallest class, whose majority is right most often."""
    smallest = min(training_classes.tolist().count(each) for each in set(training_classes.tolist()))
    right = {k: 0 for k in counts if k <= smallest}
    for one, own in zip(np.asarray(z, float), classes.tolist(), strict=True):
        order = sorted(
            range(len(training_z)), key=lambda i: _apart(one, training_z[i].astype(float))
        )
        for k in right:
            votes = training_classes[order[:k]].tolist()
            winner = min(votes, key=lambda each: (-votes.count(each), each))
            right[k] += winner == own
    return max(right, key=lambda k: (right[k], -k))


def _apart(one, other):
    """How far two vectors' directions are apart."""
    return math.dist(one / math.hypot(*one), other / math.hypot(*other))
