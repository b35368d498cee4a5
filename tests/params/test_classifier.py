"""The section `classifier`: its variants, and what is a variant's own."""

from pathlib import Path
from typing import Any

import pytest
from oracles.parameters import section, write_params

from novelty_maps.params.classifier import ClassifierParams, require_colours
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.section import load_section


@pytest.fixture
def valid(tmp_path: Path) -> Path:
    """A copy of the repository's file."""
    return write_params(tmp_path)


@pytest.mark.parametrize(
    ("variants", "said"),
    [
        ({}, "classifier.variants is {}"),
        ({"a": {}}, "classifier.variants.a needs an objective, one of nominal, all_classes, hyb"),
        ({"a": {"objective": "hybird"}}, "classifier.variants.a needs an objective, one of"),
        (
            {"a": {"objective": "nominal", "sed": 1}},
            "unknown key classifier.variants.a.sed; did you mean seed?",
        ),
        (
            {"a": {"objective": "hybrid"}},
            "key classifier.variants.a.reconstruction_weight is missing",
        ),
        (
            {"a": {"objective": "hybrid", "reduction": "mean", "reconstruction_weight": 1.0}},
            "unknown key classifier.variants.a.reduction",
        ),
        (
            {"a": {"objective": "small_csi", "shifts": "no"}},
            "classifier.variants.a.shifts is 'no'",
        ),
        ({"autoencoder": {"objective": "nominal"}}, "names another representation: rename it"),
        (
            {
                "a": {"objective": "nominal"},
                "b": {"objective": "nominal", "seed": 9},
                "a_ensemble": {"objective": "all_classes"},
            },
            "classifier.variants has a_ensemble, which names another representation",
        ),
        ({"a.b": {"objective": "nominal"}}, "classifier.variants.a.b"),
    ],
)
def test_impossible_variant_is_named(valid: Path, variants: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        load_section(valid, "classifier", ClassifierParams, {"variants": variants})
    assert said in str(caught.value)


def test_variants_that_differ_in_seed_alone_form_an_ensemble() -> None:
    hybrid = {"objective": "hybrid", "reconstruction_weight": 1.0}
    variants = {
        "first": {"objective": "nominal"},
        "light": hybrid,
        "second": {"objective": "nominal", "seed": 1},
        "same": {"objective": "nominal", "seed": 0},
        "heavy": {**hybrid, "reconstruction_weight": 2.0},
    }
    classifier = section(ClassifierParams, "classifier", variants=variants, seed=0)
    assert classifier.ensembles() == {"first_ensemble": ["first", "second"]}
    assert [classifier.seed_of(name) for name in variants] == [0, 0, 1, 0, 0]
    del variants["second"]
    classifier = section(ClassifierParams, "classifier", variants=variants, seed=0)
    assert classifier.ensembles() == {}  # two of the same network are no ensemble


def test_first_three_of_more_seeds_are_an_ensemble_too() -> None:
    variants = {f"n{seed}": {"objective": "nominal", "seed": seed} for seed in range(5)}
    names = list(variants)
    for count, expected in (
        (3, {"n0_ensemble": names[:3]}),
        (5, {"n0_ensemble": names, "n0_ensemble_of_3": names[:3]}),
    ):
        chosen = {name: variants[name] for name in names[:count]}
        classifier = section(ClassifierParams, "classifier", variants=chosen, seed=0)
        assert classifier.ensembles() == expected


def test_settings_are_told_where_they_are_not_the_default() -> None:
    variants = {
        "a": {"objective": "generalized_odin", "decay_h": False},
        "b": {"objective": "generalized_odin", "decay_h": True, "seed": 3},
        "c": {"objective": "rotation", "rotation_weight": 0.5},
    }
    classifier = section(ClassifierParams, "classifier", variants=variants)
    assert [classifier.variant(name).told() for name in variants] == [
        {},
        {"decay_h": True},
        {"rotation_weight": 0.5},
    ]
    assert classifier.variant("a").own() == {"decay_h": False}


def test_grey_images_are_not_recoloured() -> None:
    variants = {
        "a": {"objective": "sobel", "sobel_weight": 0.5},
        "b": {"objective": "recolouring", "recolouring_weight": 0.5},
    }
    classifier = section(ClassifierParams, "classifier", variants=variants)
    require_colours(classifier.variants, 3)
    with pytest.raises(
        InputError, match=r"variants\.b recolours images, but these have 1 channel:"
    ):
        require_colours(classifier.variants, 1)


def test_ensembles_and_names_of_other_representations_are_taken() -> None:
    variants = {"first": {"objective": "nominal"}, "second": {"objective": "nominal", "seed": 1}}
    found = section(ClassifierParams, "classifier", variants=variants, seed=0)
    assert found.variant("second").own() == {}
    assert not found.variant("first").sees_novel
    with pytest.raises(InputError, match=r"has no third \(there: first, second\): add it"):
        found.variant("third")


def test_what_is_a_variants_own_is_stronger_than_the_section_and_weaker_than_an_option(
    tmp_path: Path,
) -> None:
    variants = {
        "own": {"objective": "all_classes", "seed": 7, "learning_rate": 0.1},
        "other": {"objective": "nominal"},
    }
    path = write_params(
        tmp_path, classifier={"variants": variants, "seed": 1, "learning_rate": 0.01}
    )
    found = load_section(path, "classifier", ClassifierParams)
    assert [found.seed_of(name) for name in variants] == [7, 1]
    assert [found.learning_rate_of(name) for name in variants] == [0.1, 0.01]
    assert found.variant("own").sees_novel
    given: dict[str, Any] = {"seed": 3, "learning_rate": 0.5, "epochs": None}
    found = load_section(path, "classifier", ClassifierParams, given)
    assert [found.seed_of(name) for name in variants] == [3, 3]
    assert [found.learning_rate_of(name) for name in variants] == [0.5, 0.5]
