"""The indirect term's size and direction, and whether they explain agreement."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from novelty_maps.agreement import terms
from novelty_maps.agreement.null import NULLS
from novelty_maps.agreement.terms import EXCESSES, MEASURES, explain_agreement, term_measures
from novelty_maps.maps.compute import compute_maps
from novelty_maps.statistics.correlation import spearman
from novelty_maps.statistics.intervals import bootstrap_interval

METHODS = ("saliency", "direct_term", "indirect_term")


def image(*values):
    return np.array(values, np.float32).reshape(1, 2, 2)


def measures(direct, indirect):
    return term_measures(direct, indirect).iloc[0]


def test_share_and_cosine_of_a_hand_computed_image():
    row = measures(image(3, 4, 0, 0), image(0, 0, 5, 0))
    assert row["indirect_share"] == pytest.approx(0.5)
    assert row["gradient_error_cosine"] == pytest.approx(25 / (5 * np.sqrt(50)))


def test_without_an_indirect_term_the_gradient_is_the_error():
    row = measures(image(1, -2, 3, 0), image(0, 0, 0, 0))
    assert row["indirect_share"] == 0
    assert row["gradient_error_cosine"] == pytest.approx(1)


def test_indirect_term_against_the_error_turns_the_gradient_round():
    row = measures(image(1, -2, 3, 0), -2 * image(1, -2, 3, 0))
    assert row["indirect_share"] == pytest.approx(2 / 3)
    assert row["gradient_error_cosine"] == pytest.approx(-1)


def test_perfect_reconstruction_has_no_share_and_no_cosine():
    assert measures(image(0, 0, 0, 0), image(0, 0, 0, 0)).isna().all()


def test_gradient_that_cancels_has_a_share_and_no_cosine():
    row = measures(image(1, 2, 0, 0), -image(1, 2, 0, 0))
    assert row["indirect_share"] == pytest.approx(0.5)
    assert np.isnan(row["gradient_error_cosine"])


def test_measures_do_not_depend_on_the_units_of_the_gradient():
    generator = np.random.default_rng(0)
    direct, indirect = generator.normal(size=(2, 20, 4, 4)).astype(np.float32)
    a = term_measures(direct, indirect)
    b = term_measures(np.float32(8) * direct, np.float32(8) * indirect)
    pd.testing.assert_frame_equal(a, b)


def test_each_image_has_the_measures_that_it_has_alone():
    direct, indirect = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype(np.float32)
    table = term_measures(direct, indirect)
    alone = [measures(direct[[i]], indirect[[i]]).tolist() for i in range(5)]
    assert table.to_numpy().tolist() == alone
    assert table.nunique().tolist() == [5, 5]


def test_measures_do_not_depend_on_the_chunk(monkeypatch):
    direct, indirect = np.random.default_rng(0).normal(size=(2, 8, 4, 3)).astype(np.float32)
    whole = term_measures(direct, indirect)
    monkeypatch.setattr(terms, "_CHUNK", 3)
    pd.testing.assert_frame_equal(term_measures(direct, indirect), whole)


class Mixer(nn.Module):
    """A nonlinear network that mixes pixels and channels."""

    def __init__(self, channels):
        super().__init__()
        torch.manual_seed(channels)
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 5, 3, padding=1), nn.Tanh(), nn.Conv2d(5, channels, 3, padding=1)
        )

    def forward(self, x):
        return self.layers(x)


@pytest.mark.parametrize("channels", [1, 3])
def test_magnitude_of_the_two_signed_maps_together_is_the_saliency_map(channels):
    images = np.random.default_rng(1).integers(0, 256, (6, channels, 8, 8), dtype=np.uint8)
    (maps,) = compute_maps(
        Mixer(channels), images, methods=METHODS, batch_size=6, device=torch.device("cpu")
    )
    together = np.abs(maps["direct_term"] + maps["indirect_term"])
    np.testing.assert_array_equal(together, maps["saliency"])
    # Both terms count: neither alone has that magnitude.
    for name in ("direct_term", "indirect_term"):
        assert (np.abs(maps[name]) != maps["saliency"]).any()


def table_of(count=400, *, slope=0.0, by_class=0.0, seed=0):
    """Images whose agreement follows the share by `slope`, and both follow the class."""
    generator = np.random.default_rng(seed)
    label = np.arange(count) % 4
    share = generator.normal(size=count) + by_class * label
    noise, shuffled, other = generator.normal(size=(3, count))
    return pd.DataFrame(
        {
            "label": label,
            "novel": label // 2,
            "agreement": slope * share + noise + 3 * by_class * label,
            "indirect_share": share,
            "gradient_error_cosine": -share,
            "shuffled_agreement": shuffled,
            "other_image_agreement": other,
        }
    )


def explained(table):
    return explain_agreement(table, samples=100, generator=np.random.default_rng(0))


def correlation(explanation, group, measure="indirect_share"):
    return explanation[group]["rank_correlation_with_agreement"][measure]


def test_share_that_drives_agreement_explains_it_within_and_across_classes():
    explanation = explained(table_of(slope=-2))
    for group in ("normal", "novel", "all", "all_given_class"):
        assert correlation(explanation, group)["high"] < -0.7
        assert correlation(explanation, group, "gradient_error_cosine")["low"] > 0.7


def test_share_that_only_follows_the_class_explains_nothing_given_the_class():
    explanation = explained(table_of(by_class=2, seed=1))
    assert correlation(explanation, "all")["low"] > 0.5
    given_class = correlation(explanation, "all_given_class")
    assert given_class["low"] < 0 < given_class["high"]


def test_normal_and_novel_images_are_told_apart():
    table = table_of(slope=-2)
    novel = table["novel"] == 1
    table.loc[novel, "indirect_share"] *= -1  # now agreement follows it, in novel images alone
    table.loc[novel, "indirect_share"] += 100
    explanation = explained(table)
    assert correlation(explanation, "normal")["high"] < -0.7
    assert correlation(explanation, "novel")["low"] > 0.7
    for kind, rows in (("normal", table[~novel]), ("novel", table[novel])):
        expected = spearman(rows["indirect_share"], rows["agreement"])
        assert correlation(explanation, kind) == expected._asdict()
        share = explanation[kind]["indirect_share"]
        assert share["estimate"] == pytest.approx(rows["indirect_share"].mean())
        half = 1.96 * rows["indirect_share"].sem()
        assert share["low"] == pytest.approx(share["estimate"] - half, abs=0.3 * half)
        assert share["high"] == pytest.approx(share["estimate"] + half, abs=0.3 * half)


def test_each_measure_has_its_own_numbers():
    table = table_of(slope=-2)
    table["gradient_error_cosine"] = np.random.default_rng(9).normal(size=len(table)) + 50
    explanation = explained(table)
    for measure in MEASURES:
        for kind, rows in (("normal", table[table["novel"] == 0]), ("all", table)):
            expected = spearman(rows[measure], rows["agreement"])
            assert correlation(explanation, kind, measure) == expected._asdict()
        mean = table.loc[table["novel"] == 1, measure].mean()
        assert explanation["novel"][measure]["estimate"] == pytest.approx(mean)
        assert explanation["novel"][measure]["low"] < mean < explanation["novel"][measure]["high"]


def test_image_without_one_of_the_measures_is_counted():
    table = table_of()
    table.loc[[0, 4, 5], "gradient_error_cosine"] = np.nan  # a gradient that cancels
    explanation = explained(table)
    assert explanation["normal"]["undefined_images"] == 3
    assert explanation["novel"]["undefined_images"] == 0


def test_undefined_images_are_counted_and_left_out():
    table = table_of(slope=-2)
    table.loc[table.index[:8], MEASURES] = np.nan
    explanation = explained(table)
    assert explanation["normal"]["undefined_images"] == 4
    assert explanation["novel"]["undefined_images"] == 4
    rest = table.iloc[8:]
    expected = spearman(rest["indirect_share"], rest["agreement"])
    assert correlation(explanation, "all") == expected._asdict()
    assert explanation["normal"]["indirect_share"]["estimate"] == pytest.approx(
        rest.loc[rest["novel"] == 0, "indirect_share"].mean()
    )


def of_share(explanation, group, measure):
    return explanation[group]["rank_correlation_with_indirect_share"][measure]


def test_agreement_that_is_the_null_has_no_excess():
    table = table_of(slope=-2)
    table = table.assign(**dict.fromkeys(NULLS, table["agreement"]))
    explanation = explained(table)
    for kind in ("normal", "novel"):
        for excess in EXCESSES:
            assert explanation[kind][excess] == {"estimate": 0, "low": 0, "high": 0}
    for group in ("normal", "novel", "all", "all_given_class"):
        expected = correlation(explanation, group)
        for name in NULLS:
            assert of_share(explanation, group, name) == pytest.approx(expected)
        for excess in EXCESSES:
            assert np.isnan(list(of_share(explanation, group, excess).values())).all()


def test_excess_is_agreement_less_its_own_null():
    table = table_of(slope=-2)
    table["shuffled_agreement"] += 5
    table["other_image_agreement"] -= 3
    explanation = explained(table)
    for novel, kind in enumerate(("normal", "novel")):
        rows = table[table["novel"] == novel]
        for excess, name in (
            ("excess_over_shuffled", "shuffled_agreement"),
            ("excess_over_other_image", "other_image_agreement"),
        ):
            null, over = rows[name], rows["agreement"] - rows[name]
            for measure, values in ((name, null), (excess, over)):
                found = explanation[kind][measure]
                assert found["estimate"] == pytest.approx(values.mean())
                assert found["low"] < found["estimate"] < found["high"]
                expected = spearman(values, rows["indirect_share"])
                assert of_share(explanation, kind, measure) == expected._asdict()
            # Images are paired: the interval is that of the differences.
            half = 1.96 * over.sem()
            low = explanation[kind][excess]["low"]
            assert low == pytest.approx(over.mean() - half, abs=0.3 * half)


def test_null_that_only_follows_the_class_has_no_correlation_given_the_class():
    table = table_of(by_class=2, seed=1)
    table["shuffled_agreement"] += 3 * table["label"]
    explanation = explained(table)
    assert of_share(explanation, "all", "shuffled_agreement")["low"] > 0.5
    given_class = of_share(explanation, "all_given_class", "shuffled_agreement")
    assert given_class["low"] < 0 < given_class["high"]


def test_undefined_null_is_left_out_and_is_no_undefined_image():
    table = table_of()
    table.loc[table["novel"] == 1, "other_image_agreement"] = np.nan
    explanation = explained(table)
    assert explanation["novel"]["undefined_images"] == 0
    normal = table[table["novel"] == 0]
    excess = normal["agreement"] - normal["other_image_agreement"]
    for measure, values in (
        ("other_image_agreement", normal["other_image_agreement"]),
        ("excess_over_other_image", excess),
    ):
        assert np.isnan(list(explanation["novel"][measure].values())).all()
        expected = spearman(values, normal["indirect_share"])
        assert of_share(explanation, "all", measure) == expected._asdict()


def test_intervals_are_of_one_resampling_of_normal_images_then_of_novel_ones():
    table = table_of()
    generator = np.random.default_rng(0)
    explanation = explained(table)
    for novel, kind in enumerate(("normal", "novel")):
        values = table.loc[table["novel"] == novel, MEASURES].to_numpy()
        ends = bootstrap_interval(values, samples=100, generator=generator)
        for measure, (low, high) in zip(MEASURES, ends.T, strict=True):
            assert explanation[kind][measure]["low"] == pytest.approx(low, rel=1e-12)
            assert explanation[kind][measure]["high"] == pytest.approx(high, rel=1e-12)


def test_images_twice_in_groups_have_the_numbers_of_images_once():
    table = table_of(count=60, slope=1.0)
    twice = table.loc[table.index.repeat(2)]
    once, grouped = explained(table), explained(twice.assign(group=twice.index))
    for group in ("normal", "novel"):
        for measure in MEASURES:
            assert grouped[group][measure] == pytest.approx(once[group][measure])
    for group in ("normal", "novel", "all", "all_given_class"):
        found, naive, single = (
            correlation(each, group) for each in (grouped, explained(twice), once)
        )
        assert found["estimate"] == naive["estimate"] == pytest.approx(single["estimate"], abs=0.01)
        widths = [each["high"] - each["low"] for each in (found, naive, single)]
        assert widths[0] > 1.2 * widths[1]  # about those of single images, which are wider
        assert widths[0] == pytest.approx(widths[2], rel=0.4)
