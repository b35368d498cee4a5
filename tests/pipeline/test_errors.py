"""The remedies that an error names."""

from novelty_maps.pipeline.errors import did_you_mean, make_again


def test_misspelt_name_is_answered_with_the_one_that_it_is_near() -> None:
    assert did_you_mean("salience", ["uniform", "saliency"]) == "did you mean saliency?"


def test_name_like_no_other_is_answered_with_all_of_them() -> None:
    known = ["uniform", "saliency"]
    assert did_you_mean("?", known) == "known: uniform, saliency"
    assert did_you_mean("?", iter(known), what="maps") == "known maps: uniform, saliency"


def test_remedy_is_the_command_of_the_stage() -> None:
    assert make_again("localization.plant").endswith("`python -m stages.localization.plant`")
