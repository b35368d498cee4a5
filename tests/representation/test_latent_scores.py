"""Label-free scores of z: textbook loops, pytorch-ood, closed forms and what they ignore."""

import numpy as np
import pytest
import torch
from oracles.slow_neighbours import slow_choice

from novelty_maps.machine.torchvision_import import load_torchvision
from novelty_maps.params.score_names import LATENT_SCORES
from novelty_maps.representation import latent_scores as latent

GENERATOR = np.random.default_rng(0)
CLASSES = GENERATOR.integers(0, 3, 120)
MEANS = GENERATOR.normal(size=(3, 8)) * 3
SPREAD = GENERATOR.normal(size=(8, 8))
TRAINING = (MEANS[CLASSES] + GENERATOR.normal(size=(120, 8)) @ SPREAD).astype(np.float32)
Z = (GENERATOR.normal(size=(30, 8)) * 4).astype(np.float32)
WEIGHT, BIAS = GENERATOR.normal(size=(3, 8)) + MEANS, GENERATOR.normal(size=3)
ORIGIN = -np.linalg.pinv(WEIGHT) @ BIAS
LOGITS, TRAINING_LOGITS = (z.astype(float) @ WEIGHT.T + BIAS for z in (Z, TRAINING))


def gaussian_distance(row, training, classes):
    """The smallest squared distance to a class mean, by the inverse of the covariance within."""
    training = training.astype(float)
    means = {c: training[classes == c].mean(axis=0) for c in set(classes.tolist())}
    within = sum(
        np.outer(z - means[c], z - means[c])
        for z, c in zip(training, classes.tolist(), strict=True)
    )
    inverse = np.linalg.inv(within / len(training))
    return min((row - mean) @ inverse @ (row - mean) for mean in means.values())


def test_mahalanobis_distances_are_those_of_the_inverse_covariance():
    one = np.zeros_like(CLASSES)
    expected = np.array([gaussian_distance(row, TRAINING, CLASSES) for row in Z])
    np.testing.assert_allclose(latent.mahalanobis(Z, TRAINING, CLASSES), expected, rtol=1e-9)
    expected -= [gaussian_distance(row, TRAINING, one) for row in Z]
    found = latent.relative_mahalanobis(Z, TRAINING, CLASSES)
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    assert (latent.relative_mahalanobis(Z, TRAINING, one) == 0).all()


def test_mahalanobis_distances_do_not_change_with_the_axes_of_z():
    other = np.random.default_rng(1).normal(size=(8, 8))
    turned = latent.mahalanobis(Z @ other + 5, TRAINING @ other + 5, CLASSES)
    np.testing.assert_allclose(turned, latent.mahalanobis(Z, TRAINING, CLASSES), rtol=1e-6)


def test_directions_in_which_classes_do_not_vary_do_not_count():
    dead = [np.concatenate([z, np.full((len(z), 2), 0.3)], axis=1) for z in (Z, TRAINING)]
    dead[0][:, -1] += 9  # where no training image is
    expected = latent.mahalanobis(Z, TRAINING, CLASSES)
    np.testing.assert_allclose(latent.mahalanobis(*dead, CLASSES), expected, rtol=1e-9)


def test_classes_of_one_image_each_have_no_covariance():
    assert np.isnan(latent.mahalanobis(Z, TRAINING[:3], np.arange(3))).all()


def test_neighbours_are_those_of_the_directions():
    units = TRAINING / np.linalg.norm(TRAINING, axis=1, keepdims=True)
    for count in (1, 4, 120):
        expected = [
            sorted(np.linalg.norm(row / np.linalg.norm(row) - units, axis=1))[count - 1]
            for row in Z
        ]
        found = latent.nearest_neighbours(Z, TRAINING, count)
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        np.testing.assert_allclose(latent.nearest_neighbours(7 * Z, TRAINING, count), found)


def test_image_without_a_direction_is_at_distance_one():
    found = latent.nearest_neighbours(np.zeros((1, 8)), TRAINING, 1)
    np.testing.assert_allclose(found, 1)


def ring(angles):
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_number_of_neighbours_is_the_one_that_classifies_best_and_the_lowest_of_several():
    # Every image lies beside a wrong one, and has four of its class next to that.
    angles = np.array([0, 0.01, 0.02, 0.03, 0.04, 0.05, 2, 2.01, 2.02, 2.03, 2.04, 2.05])
    classes = np.array([1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    asked, right = ring(np.array([-0.01, 1.99])), np.array([0, 1])
    training = ring(angles)
    assert latent.chosen_neighbours(asked, right, training, classes) == 5
    assert latent.chosen_neighbours(asked, 1 - right, training, classes) == 1
    assert latent.chosen_neighbours(asked, right + 7, training, classes) == 1  # all are wrong


def test_no_more_neighbours_are_counted_than_the_smallest_class_has():
    angles = np.array([0, 0.01, 0.02, 0.03, 0.04, 0.05, 2, 2.01, 2.02, 2.03, 2.04])
    classes = np.array([1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1])
    asked, right = ring(np.array([-0.01])), np.array([0])
    assert latent.chosen_neighbours(asked, right, ring(angles), classes) == 5
    smaller = latent.chosen_neighbours(asked, right, ring(angles[:-1]), classes[:-1])  # four of 1
    assert smaller == 1
    assert latent.chosen_neighbours(asked, right, ring(angles[1:4]), classes[1:4]) == 3  # one class


def test_number_of_neighbours_is_fixed_without_classes_to_tell_apart():
    one = np.zeros(120, np.int64)
    assert latent.chosen_neighbours(Z, np.zeros(30, np.int64), TRAINING, one) == 50
    smallest = np.bincount(CLASSES).min()
    assert latent.chosen_neighbours(Z[:0], one[:0], TRAINING, CLASSES) == min(50, smallest)


def test_vim_is_the_scaled_residual_less_the_energy():
    found = latent.vim(Z, LOGITS, TRAINING, TRAINING_LOGITS, ORIGIN)
    _, _, axes = np.linalg.svd(TRAINING - ORIGIN, full_matrices=False)
    residuals = [np.sqrt((((z - ORIGIN) @ axes[4:].T) ** 2).sum(axis=1)) for z in (Z, TRAINING)]
    alpha = TRAINING_LOGITS.max(axis=1).mean() / residuals[1].mean()
    energy = np.log(np.exp(LOGITS).sum(axis=1))
    np.testing.assert_allclose(found, alpha * residuals[0] - energy, rtol=1e-9)


@pytest.mark.parametrize(("width", "principal"), [(7, 3), (512, 256), (600, 512), (2048, 1000)])
def test_principal_space_of_vim_has_the_authors_dimensions(width, principal, monkeypatch):
    # Axis i of z has variance width − i, so that the first ones span the principal space.
    def axes_of(centred):
        return np.arange(1.0, width + 1), np.eye(width)[:, ::-1]

    monkeypatch.setattr(latent, "_principal_axes", axes_of)
    training, logits = np.ones((2, width)), np.ones((2, 2))
    within = np.concatenate([np.full(principal, 9.0), np.zeros(width - principal)])[None]
    beyond = np.eye(width)[[principal]]
    found = latent.vim(
        np.concatenate([within, beyond]), np.zeros((2, 2)), training, logits, np.zeros(width)
    )
    np.testing.assert_allclose(found + np.log(2), [0, (width - principal) ** -0.5], atol=1e-12)


def test_vim_is_undefined_without_a_residual_or_with_negative_logits():
    flat = TRAINING.copy()
    flat[:, 4:] = 0
    assert np.isnan(latent.vim(Z, LOGITS, flat, TRAINING_LOGITS, np.zeros(8))).all()
    assert np.isnan(latent.vim(Z, LOGITS, TRAINING, TRAINING_LOGITS - 1e4, ORIGIN)).all()


def test_kl_matching_is_the_divergence_from_the_nearest_mean_probability():
    p, training = (torch.from_numpy(f / 9).softmax(1) for f in (LOGITS, TRAINING_LOGITS))
    typical = [training[training.argmax(1) == c].mean(0) for c in training.argmax(1).unique()]
    divergences = [(p * (p / d).log()).sum(1) for d in typical]
    found = latent.kl_matching(LOGITS / 9, TRAINING_LOGITS / 9)
    np.testing.assert_allclose(found, torch.stack(divergences).min(0).values, rtol=1e-9, atol=1e-12)


def test_kl_matching_is_finite_where_probabilities_underflow():
    logits = np.array([[2000.0, 0, 0], [0, 2000, 0], [0, 0, 2000]])
    np.testing.assert_allclose(latent.kl_matching(logits, logits[:2]), [0, 0, 2000], atol=1e-9)


def test_scores_are_those_of_pytorch_ood():
    load_torchvision()  # which pytorch-ood imports
    from pytorch_ood import detector

    training, z, classes = (torch.from_numpy(each) for each in (TRAINING, Z, CLASSES))
    theirs = {  # of scatter instead of covariance, and halved
        "mahalanobis": 240 * fitted(detector.Mahalanobis(None), training, classes, z),
        "relative": 120 * fitted(detector.RMD(None), training, classes, z),
        "neighbours": fitted(detector.KNN(None, k=5), training, classes, z),
    }
    head = torch.from_numpy(WEIGHT), torch.from_numpy(BIAS)
    theirs["vim"] = fitted(detector.ViM(None, 4, *head), training, classes, z)
    matching = detector.KLMatching(None).fit_logits(torch.from_numpy(TRAINING_LOGITS))
    theirs["kl_matching"] = matching.predict_logits(torch.from_numpy(LOGITS)).numpy()
    ours = {
        "mahalanobis": latent.mahalanobis(Z, TRAINING, CLASSES),
        "relative": latent.relative_mahalanobis(Z, TRAINING, CLASSES),
        "neighbours": latent.nearest_neighbours(Z, TRAINING, 5),
        "vim": latent.vim(Z, LOGITS, TRAINING, TRAINING_LOGITS, ORIGIN),
        "kl_matching": latent.kl_matching(LOGITS, TRAINING_LOGITS),
    }
    for name, expected in theirs.items():
        np.testing.assert_allclose(ours[name], expected, rtol=1e-3, atol=1e-3, err_msg=name)


def fitted(detector, training, classes, z):
    return detector.fit_features(training, classes).predict_features(z).numpy()


def outputs(**changes):
    z = {"train": TRAINING, "validation": Z[:10], "test": Z[10:]}
    every = {part: {"z": each} for part, each in z.items()}
    logits = {"train": TRAINING_LOGITS, "validation": LOGITS[:10], "test": LOGITS[10:]}
    for part in every:
        every[part]["logits"] = logits[part]
    return every | {"head": {"origin": ORIGIN}} | changes


LABELS = {"train": CLASSES, "validation": np.array([0, 1, 2, 0, 1, 2, -1, -1, -1, -1])}


def test_every_score_is_of_validation_and_test_images():
    found = latent.latent_scores(outputs(), LABELS).scores
    assert list(found) == ["validation", "test"]
    assert all(tuple(scores) == LATENT_SCORES for scores in found.values())
    for part, z in (("validation", Z[:10]), ("test", Z[10:])):
        expected = latent.mahalanobis(z, TRAINING, CLASSES)
        np.testing.assert_allclose(found[part]["mahalanobis"], expected)


def test_neighbours_are_counted_on_normal_validation_images_alone(monkeypatch):
    asked = []

    def chosen(z, classes, *training):
        asked.append((z, classes))
        return 3

    monkeypatch.setattr(latent, "chosen_neighbours", chosen)
    found = latent.latent_scores(outputs(), LABELS).scores
    ((z, classes),) = asked
    np.testing.assert_array_equal(z, Z[:6])
    np.testing.assert_array_equal(classes, [0, 1, 2, 0, 1, 2])
    expected = latent.nearest_neighbours(Z[10:], TRAINING, 3)
    np.testing.assert_allclose(found["test"]["nearest_neighbours"], expected)


@pytest.mark.parametrize("spread", [0.5, 2.0, 5.0])
def test_number_of_neighbours_is_that_of_a_search_by_hand(spread):
    generator = np.random.default_rng(int(spread))
    centres = generator.normal(size=(4, 3))

    def drawn(count):
        classes = generator.integers(0, 4, count)
        return centres[classes] + spread * generator.normal(size=(count, 3)), classes

    (z, classes), (training, known) = drawn(60), drawn(300)
    expected = slow_choice(z, classes, training, known)
    assert latent.chosen_neighbours(z, classes, training, known) == expected
    kept = {"train": {"z": training}, "validation": {"z": z}, "test": {"z": z[:5]}}
    found = latent.latent_scores(kept, {"train": known, "validation": classes})
    assert found.neighbours == expected
    score = latent.nearest_neighbours(z[:5], training, expected)
    np.testing.assert_allclose(found.scores["test"]["nearest_neighbours"], score)


def test_networks_have_the_scores_that_their_outputs_and_classes_allow():
    found = latent.latent_scores(outputs()).scores["test"]
    assert "relative_mahalanobis" not in found
    one = np.zeros_like(CLASSES)
    np.testing.assert_allclose(found["mahalanobis"], latent.mahalanobis(Z[10:], TRAINING, one))
    expected = latent.nearest_neighbours(Z[10:], TRAINING, 50)
    np.testing.assert_allclose(found["nearest_neighbours"], expected)
    not_linear = {part: each for part, each in outputs().items() if part != "head"}
    assert "vim" not in latent.latent_scores(not_linear, LABELS).scores["test"]
    for each in not_linear.values():
        del each["logits"]
    assert tuple(latent.latent_scores(not_linear, LABELS).scores["test"]) == LATENT_SCORES[:3]
