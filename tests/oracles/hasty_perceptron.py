"""A perceptron for tests of what is made of its scores, not of how good they are."""

from functools import partial

from sklearn.neural_network import MLPClassifier

hasty = partial(MLPClassifier, tol=1.0, n_iter_no_change=1)  # it ends at the first small gain
