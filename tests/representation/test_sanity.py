import numpy as np
import pytest

from novelty_maps.representation.sanity import disagreement, task_accuracy


def test_task_accuracy_counts_each_transformed_normal_image():
    logits = np.zeros((3, 4, 4))
    for image, told in enumerate([(0, 1, 2, 3), (0, 1, 3, 2), (3, 2, 1, 0)]):
        for kind, guess in enumerate(told):
            logits[image, kind, guess] = 1.0
    of = {"rotation_logits": logits}
    assert task_accuracy(of, np.array([True, True, False])) == 6 / 8
    assert task_accuracy(of, np.array([False, False, True])) == 0


@pytest.mark.parametrize(
    "outputs", [{}, {"logits": np.zeros((2, 3))}, {"shift_logits": np.zeros((2, 1, 1))}]
)
def test_without_a_task_its_accuracy_is_undefined(outputs):
    assert np.isnan(task_accuracy(outputs, np.array([True, True])))


def test_disagreement_is_the_mean_over_pairs_of_members():
    classes = np.array([[0, 0, 1], [2, 2, 2], [0, 1, 2], [0, 0, 0]])  # (N, E)
    of = {"member_logits": np.eye(3)[classes]}
    normal = np.array([True, True, True, False])
    by_hand = np.mean([1 / 3, 2 / 3, 2 / 3])  # members 0 and 1, 0 and 2, 1 and 2
    assert disagreement(of, normal) == pytest.approx(by_hand)


@pytest.mark.parametrize("outputs", [{}, {"member_logits": np.zeros((2, 1, 3))}])
def test_what_is_no_ensemble_has_no_disagreement(outputs):
    assert np.isnan(disagreement(outputs, np.array([True, True])))


def test_both_are_undefined_without_normal_images():
    none = np.array([False])
    assert np.isnan(task_accuracy({"sobel_logits": np.zeros((1, 2, 2))}, none))
    assert np.isnan(disagreement({"member_logits": np.zeros((1, 2, 3))}, none))
