"""What is examined of a network, an ensemble and raw pixels."""

import numpy as np
from oracles.toy_representations import TEST, TRAIN, VALIDATION, features, outputs, representation

from novelty_maps.representation import scores
from novelty_maps.representation.latent_scores import latent_scores
from novelty_maps.representation.representations import joined, of_network, of_pixels

NOVEL = TEST["novel"].to_numpy() == 1


def test_novel_images_are_never_classified_correctly():
    assert not representation().correct[NOVEL].any()
    assert representation().correct[~NOVEL].mean() > 0.7


def test_network_that_saw_novel_classes_has_no_score_of_its_own():
    found = of_network("all_classes", outputs(), TEST, sees_novel=True)
    assert found.is_oracle
    assert found.correct is None
    assert not found.scores["test"]


def test_network_has_every_score_that_its_outputs_allow():
    assert set(representation().scores["test"]) == set(scores.LOGIT_SCORES)
    code = {part: {"z": values["z"]} for part, values in outputs().items()}
    assert not of_network("autoencoder", code, TEST).scores["test"]


def test_scores_of_z_follow_those_of_the_network_where_training_images_are_kept():
    z = features(TRAIN, 4)
    kept = outputs() | {"train": {"z": z, "logits": z[:, :3]}}
    classes = {"train": TRAIN["label"].to_numpy(), "validation": VALIDATION["label"].to_numpy()}
    found = of_network("nominal", kept, TEST, classes=classes).scores
    on_z = latent_scores(kept, classes).scores
    assert list(found["test"]) == [*scores.LOGIT_SCORES, *on_z["test"]]
    for part in ("validation", "test"):
        for name, score in on_z[part].items():
            np.testing.assert_array_equal(found[part][name], score)
    assert not of_network("all_classes", kept, TEST, sees_novel=True).scores["test"]


def test_ensemble_joins_the_representations_and_averages_the_probabilities():
    members = [outputs(), outputs(logits=np.zeros((len(TEST), 3)))]
    members[1]["validation"]["logits"] = np.zeros((len(VALIDATION), 3))
    both = joined(members)
    assert list(both) == ["validation", "test"]  # as the members'
    assert both["test"]["z"].shape == (len(TEST), 10)
    np.testing.assert_array_equal(both["test"]["member_logits"][:, 0], members[0]["test"]["logits"])
    ensemble = of_network("ensemble", both, TEST)
    # A member that is always undecided changes no decision.
    np.testing.assert_array_equal(ensemble.correct, representation().correct)
    assert "mutual_information" in ensemble.scores["test"]


def test_pixels_are_scored_by_their_distance_to_the_mean_training_image():
    generator = np.random.default_rng(0)
    images = {
        part: generator.integers(0, 256, (count, 1, 2, 2)).astype(np.uint8)
        for part, count in (("train", 50), ("validation", len(VALIDATION)), ("test", len(TEST)))
    }
    found = of_pixels(images)
    unit = {part: array.reshape(-1, 4) / 255 for part, array in images.items()}
    for part in ("validation", "test"):
        expected = [((row - unit["train"].mean(axis=0)) ** 2).mean() for row in unit[part]]
        np.testing.assert_allclose(found.scores[part]["distance_to_mean"], expected)
        np.testing.assert_array_equal(found.features[part], images[part].reshape(-1, 4))


def test_shown_score_comes_first():
    found = of_network("jem", outputs(), TEST, shown="energy")
    assert next(iter(found.scores["test"])) == "energy"
    assert set(found.scores["test"]) == set(scores.LOGIT_SCORES)


def test_score_that_is_not_finite_is_left_out_and_named(monkeypatch):
    def undefined(z):
        return np.full(len(z), np.nan)

    monkeypatch.setitem(scores.SCORES, "undefined", scores.Score(undefined, ("z",)))
    found = of_network("nominal", outputs(), TEST)
    assert found.undefined == ("undefined",)
    assert set(found.scores["validation"]) == set(scores.LOGIT_SCORES)
