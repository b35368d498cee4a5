"""The table of localization: what is measured over which images, resampled and tested how."""

import numpy as np
import pandas as pd
import pytest
from oracles.once import once
from scipy import ndimage, stats
from sklearn.metrics import average_precision_score, roc_auc_score

from novelty_maps.localization.aupro import aupro
from novelty_maps.localization.found import best_blur, find
from novelty_maps.localization.measures import (
    blur,
    image_separation,
    pointing_game,
    pooled_separation,
    relevance_rank_accuracy,
)
from novelty_maps.localization.tables import localization_table, measure_map, per_image

SIDE = 9
KINDS = ["disk", "square"] * 6 + ["crack"] * 3  # the last as the data set's own masks
TABLE = pd.DataFrame(
    {
        "kind": KINDS,
        "size": [0.5] * 6 + [0.2] * 6 + [np.nan] * 3,
        "intensity": [1, 1, 0.3] * 4 + [np.nan] * 3,
        "paired": [1] * 12 + [0] * 3,
        "base_row": [*range(12), 20, 20, 3],  # images beside defects repeat
    }
)
MEASURES = ("average_precision", "aupro")
SAMPLES = 150


def planted(seed=0):
    """Masks of a square somewhere, and maps before and after that are brighter within."""
    generator = np.random.default_rng(seed)
    masks = np.zeros((len(KINDS), SIDE, SIDE), bool)
    for mask in masks:
        top, left = generator.integers(0, SIDE - 3, 2)
        mask[top : top + 4, left : left + 3] = True
    scale = generator.uniform(0.5, 3, (2, len(KINDS), 1, 1))  # images are of unequal brightness
    before, after = (scale * generator.random((2, *masks.shape))).astype(np.float32)
    return before, after + masks * generator.random(masks.shape, np.float32), masks


BEFORE, AFTER, MASKS = planted()


def noisy(seed):
    noise = np.random.default_rng(seed).random((2, *MASKS.shape), np.float32)
    return find(BEFORE + noise[0], AFTER + noise[1], MASKS, sigma=seed % 2)


def found_maps():
    perfect = MASKS.astype(np.float32)
    return {
        "reconstruction_error": find(BEFORE, AFTER, MASKS, sigma=0),
        "absolute_error": noisy(4),
        "saliency": noisy(1),
        "same": find(BEFORE, AFTER, MASKS, sigma=0),
        "sobel": noisy(2),
        "occlusion": noisy(3),
        "mask": find(0 * perfect, perfect, MASKS, sigma=0),
    }


FOUND = found_maps()
CONTROLS = ("mask", "sobel")
TESTED = ["absolute_error", "saliency", "same", "occlusion"]
REFERENCES = {"gain": "reconstruction_error", "gain_over_absolute_error": "absolute_error"}


def table_of(found=FOUND, table=TABLE, *, masks=MASKS, seed=0):
    return localization_table(
        {name: measure_map(each, masks, table) for name, each in found.items()},
        table,
        controls=CONTROLS,
        samples=SAMPLES,
        generator=np.random.default_rng(seed),
    )


plain_table = once(table_of)


@pytest.fixture
def measured():
    return plain_table().copy()


def row_of(table, method, grouping="all", group="all"):
    chosen = (table[["method", "grouping", "group"]] == [method, grouping, group]).all(axis=1)
    (row,) = table[chosen].to_dict("records")
    return row


def precision_of(method):
    return FOUND[method].images["average_precision"].to_numpy()


def slow_holm(p_values):
    """Each p-value by the step-down rule, from its definition."""
    p = list(p_values)
    steps = [sum(other >= one for other in p) * one for one in p]
    return [min(1, max(s for s, other in zip(steps, p, strict=True) if other <= one)) for one in p]


# --- blur


def test_best_blur_has_the_highest_mean_average_precision():
    blurs = [2, 0.7, 0, 1.3]
    chosen = set()
    for seed in range(6):
        noise = seed / 2 * np.random.default_rng(seed).random(MASKS.shape)
        maps = (AFTER + noise).astype(np.float32)
        precision = [
            np.mean(
                [
                    average_precision_score(
                        mask.ravel(), ndimage.gaussian_filter(map_, sigma, mode="nearest").ravel()
                    )
                    for map_, mask in zip(maps, MASKS, strict=True)
                ]
            )
            for sigma in blurs
        ]
        chosen.add(best_blur(maps, MASKS, blurs))
        assert best_blur(maps, MASKS, blurs) == blurs[np.argmax(precision)]
    assert len(chosen) > 1


@pytest.mark.parametrize(("blurs", "least"), [([2, 0, 1], 0), ([3, 1.5], 1.5), ([4], 4)])
def test_best_blur_is_the_least_of_equal_ones(blurs, least):
    assert best_blur(np.ones(MASKS.shape, np.float32), MASKS, blurs) == least


def test_found_maps_are_blurred_and_inputs_left_as_they_were():
    before, after, masks = planted()
    found = find(before, -after, masks, sigma=1)  # they count by their magnitude
    assert found.blur == 1
    np.testing.assert_array_equal(found.before, blur(BEFORE, 1))
    np.testing.assert_array_equal(found.after, blur(AFTER, 1))
    for array, original in ((before, BEFORE), (after, AFTER), (masks, MASKS)):
        np.testing.assert_array_equal(array, original)


def test_found_maps_have_the_measures_of_each_image():
    found = find(BEFORE, AFTER, MASKS, sigma=1)
    blurred = blur(AFTER, 1)
    separation = image_separation(blurred, MASKS)
    expected = {
        "average_precision": separation.average_precision,
        "auroc": separation.auroc,
        "pointing_game": pointing_game(blurred, MASKS),
        "relevance_rank_accuracy": relevance_rank_accuracy(blurred, MASKS),
    }
    pd.testing.assert_frame_equal(found.images, pd.DataFrame(expected), check_exact=True)


def test_table_of_images_has_a_row_per_map_and_image():
    planted = TABLE.assign(row=np.arange(len(KINDS)) + 70, top=3)
    table = per_image(FOUND, planted)
    measured = [*FOUND["mask"].images]
    assert table.columns.tolist() == ["row", "kind", "size", "intensity", "method", *measured]
    assert table["method"].tolist() == list(np.repeat(list(FOUND), len(KINDS)))
    for method, result in FOUND.items():
        rows = table[table["method"] == method]
        named = planted[["row", "kind", "size", "intensity"]]
        pd.testing.assert_frame_equal(rows[named.columns], named)
        pd.testing.assert_frame_equal(rows[measured], result.images)


# --- groups and measures


def test_groups_hold_their_images_and_those_without_size_are_in_all_and_kind_only(measured):
    groups = measured[measured["method"] == "saliency"]
    found = list(groups[["grouping", "group", "images"]].itertuples(index=False, name=None))
    assert found == [
        ("all", "all", 15),
        ("origin", "planted", 12),
        ("origin", "own", 3),
        ("kind", "disk", 6),
        ("kind", "square", 6),
        ("kind", "crack", 3),
        ("size", "0.2", 6),
        ("size", "0.5", 6),
        ("intensity", "0.3", 4),
        ("intensity", "1.0", 8),
    ]
    assert len(measured) == len(found) * len(FOUND)
    own = measured[measured["group"] == "own"].drop(columns=["grouping", "group", "p_holm"])
    crack = measured[measured["group"] == "crack"]
    same = [name for name in own if not name.endswith(("_low", "_high"))]
    for name in same[:-2]:  # but for the tests, which are not made of origins
        np.testing.assert_array_equal(own[name].to_numpy(), crack[name].to_numpy(), name)


def test_columns_say_what_is_measured_over_what(measured):
    names = ["average_precision", "auroc", "pointing_game", "relevance_rank_accuracy"]
    names += ["pooled_average_precision", "pooled_auroc", "aupro", "aupro_at_05", "image_auroc"]
    ends = [f"{measure}{end}" for measure in MEASURES for end in ("_low", "_high")]
    gains = [
        f"{measure}_{gain}{end}"
        for gain in REFERENCES
        for measure in MEASURES
        for end in ("", "_low", "_high")
    ]
    assert measured.columns.tolist() == [
        *("grouping", "group", "images", "method", "control", "blur"),
        *(*names, *ends, *gains),
        *("p_value", "effect_size", "p_holm"),
    ]


def test_every_row_says_which_map_it_is(measured):
    for method, result in FOUND.items():
        rows = measured[measured["method"] == method]
        assert set(rows["control"]) == {int(method in CONTROLS)}
        assert set(rows["blur"]) == {result.blur}


@pytest.mark.parametrize("method", ["reconstruction_error", "saliency", "sobel"])
@pytest.mark.parametrize(
    ("grouping", "group"), [("all", "all"), ("kind", "crack"), ("size", "0.2")]
)
def test_measures_are_those_of_the_images_of_the_group(measured, method, grouping, group):
    column = TABLE.assign(all="all")[grouping].astype(str)
    members = np.flatnonzero(column == group)
    before, after = FOUND[method].before[members], FOUND[method].after[members]
    masks = MASKS[members]
    image = image_separation(after, masks)
    maps, both = np.concatenate([before, after]), np.concatenate([np.zeros_like(masks), masks])
    pooled = pooled_separation(maps, both)
    expected = {
        "average_precision": image.average_precision.mean(),
        "auroc": image.auroc.mean(),
        "pointing_game": pointing_game(after, masks).mean(),
        "relevance_rank_accuracy": relevance_rank_accuracy(after, masks).mean(),
        "pooled_average_precision": pooled.average_precision,
        "pooled_auroc": pooled.auroc,
        "aupro": aupro(maps, both),
        "aupro_at_05": aupro(maps, both, 0.05),
        "image_auroc": roc_auc_score(
            np.repeat([1, 0], len(after)), np.concatenate([after, before]).max(axis=(1, 2))
        ),
    }
    row = row_of(measured, method, grouping, group)
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-12)


def test_map_that_is_the_mask_is_perfect_whatever_is_resampled(measured):
    rows = measured[measured["method"] == "mask"]
    for measure in ("average_precision", "aupro"):
        for end in ("", "_low", "_high"):
            np.testing.assert_allclose(rows[measure + end], 1, rtol=1e-12)
    for measure in ("auroc", "pooled_auroc", "pooled_average_precision", "pointing_game"):
        assert (rows[measure] == 1).all()


# --- intervals


def test_map_equal_to_the_reference_gains_exactly_nothing(measured):
    rows = measured[measured["method"] == "same"]
    for measure in MEASURES:
        for end in ("", "_low", "_high"):
            assert (rows[f"{measure}_gain{end}"] == 0).all()
    tested = rows[rows["grouping"].isin(["all", "kind"])]
    assert (tested["p_value"] == 1).all()
    assert (tested["effect_size"] == 0).all()


@pytest.mark.parametrize(("gain", "reference"), REFERENCES.items())
def test_reference_has_no_gain_over_itself(measured, gain, reference):
    columns = [f"{m}_{gain}{end}" for m in MEASURES for end in ("", "_low", "_high")]
    assert measured.loc[measured["method"] == reference, columns].isna().all(axis=None)
    assert measured.loc[measured["method"] != reference, columns].notna().all(axis=None)


def test_gains_over_both_references_differ_by_what_one_reference_gains_over_the_other(measured):
    for _, rows in measured.groupby(["grouping", "group"]):
        rows = rows.set_index("method").drop("reconstruction_error")
        for measure in MEASURES:
            difference = rows[f"{measure}_gain"] - rows[f"{measure}_gain_over_absolute_error"]
            expected = rows.loc["absolute_error", f"{measure}_gain"]
            np.testing.assert_allclose(difference.drop("absolute_error"), expected, atol=1e-12)


def test_gain_of_one_reference_over_the_other_is_the_negative_of_the_other_way_round(measured):
    for group, rows in measured.groupby(["grouping", "group"]):
        rows = rows.set_index("method")
        for measure in MEASURES:
            over_r = rows.loc["absolute_error"].filter(regex=f"^{measure}_gain(_low|_high|$)")
            name = f"^{measure}_gain_over_absolute_error"
            over_e = rows.loc["reconstruction_error"].filter(regex=name)
            estimate, low, high = over_e.astype(float)
            np.testing.assert_allclose(over_r.astype(float), [-estimate, -high, -low], atol=1e-12)
            assert low < high, group


def test_intervals_are_of_resampled_units_the_same_for_all_maps(measured):
    """Each resampling made by hand: pairs as one, defects and images beside them apart."""
    random = np.random.default_rng(0)
    defects = random.multinomial(3, np.full(3, 1 / 3), size=SAMPLES)
    photos = random.multinomial(13, np.full(13, 1 / 13), size=SAMPLES)
    count = len(KINDS)
    replicates = {method: [] for method in ("reconstruction_error", "absolute_error", "saliency")}
    for of_defects, of_photos in zip(defects, photos, strict=True):
        after = np.repeat(np.arange(count), [*of_photos[:12], *of_defects])
        before = np.repeat(np.arange(count), [*of_photos, of_photos[12], of_photos[3]])
        masks = np.concatenate([np.zeros_like(MASKS[before]), MASKS[after]])
        for method, rows in replicates.items():
            maps = np.concatenate([FOUND[method].before[before], FOUND[method].after[after]])
            rows.append((precision_of(method)[after].mean(), aupro(maps, masks)))
    replicates = {method: np.array(rows) for method, rows in replicates.items()}
    # Straight lines through 400 points of the PRO curve differ from the curve a little.
    tolerance = dict(zip(MEASURES, (1e-12, 1e-3), strict=True))
    saliency = replicates["saliency"]
    for method, suffix, values in (
        ("reconstruction_error", "", replicates["reconstruction_error"]),
        ("saliency", "", saliency),
        *(("saliency", f"_{gain}", saliency - replicates[r]) for gain, r in REFERENCES.items()),
    ):
        row = row_of(measured, method)
        for measure, column in zip(MEASURES, values.T, strict=True):
            ends = [row[f"{measure}{suffix}_{end}"] for end in ("low", "high")]
            expected = np.quantile(column, [0.025, 0.975])
            np.testing.assert_allclose(ends, expected, atol=tolerance[measure])


def test_estimates_lie_in_their_intervals(measured):
    gains = [f"{measure}_{gain}" for measure in MEASURES for gain in REFERENCES]
    for measure in (*MEASURES, *gains):
        rows = measured[measured["grouping"] == "all"].dropna(subset=[measure])
        slack = 1e-3
        assert (rows[f"{measure}_low"] <= rows[measure] + slack).all()
        assert (rows[f"{measure}_high"] >= rows[measure] - slack).all()


@pytest.mark.parametrize("defined", [1, 2])
def test_single_image_has_measures_and_no_interval(defined):
    table = TABLE.assign(kind=["alone"] + ["disk"] * (len(KINDS) - 1))
    masks = MASKS.copy()
    masks[defined + 1 :] = True  # as of "disk", in all but so many images
    found = {
        name: find(BEFORE, AFTER, masks, sigma=sigma)
        for sigma, name in enumerate(["reconstruction_error", "saliency", "absolute_error"])
    }
    rows = table_of(found, table, masks=masks)
    alone = row_of(rows, "saliency", "kind", "alone")
    several = row_of(rows, "saliency", "kind", "disk")
    for measure in MEASURES:
        for end in ("low", "high"):
            assert np.isnan(alone[f"{measure}_{end}"])
            assert np.isnan(alone[f"{measure}_gain_{end}"])
        assert not np.isnan(alone[f"{measure}_gain"])
    assert np.isnan(several["average_precision_low"]) == (defined == 1)
    assert not np.isnan(several["aupro_low"])


def test_image_that_is_novel_all_over_is_left_out_of_mean_and_interval():
    """It has no normal pixel, so no average precision."""
    masks = MASKS.copy()
    masks[-1] = True
    found = {
        method: find(result.before, result.after, masks, sigma=0)
        for method, result in FOUND.items()
        if method in ("reconstruction_error", "absolute_error", "saliency")
    }
    table = table_of(found, masks=masks)
    row = row_of(table, "saliency", "kind", "crack")
    expected = precision_of("saliency")[-3:-1]
    assert row["average_precision"] == pytest.approx(expected.mean(), rel=1e-12)
    assert row["average_precision_low"] == pytest.approx(expected.min(), rel=1e-12)
    assert row["average_precision_high"] == pytest.approx(expected.max(), rel=1e-12)
    ends = [f"{measure}{end}" for measure in MEASURES for end in ("_low", "_high")]
    assert table[ends].notna().all(axis=None)
    alone = table_of(
        {name: find(r.before[-1:], r.after[-1:], masks[-1:], sigma=0) for name, r in found.items()},
        TABLE[-1:],
        masks=masks[-1:],
    )
    assert alone.filter(regex="^average_precision").isna().all(axis=None)


# --- tests


def test_only_maps_that_may_know_the_network_are_tested_over_all_and_by_kind(measured):
    tested = measured[measured["grouping"].isin(["all", "kind"]) & measured["method"].isin(TESTED)]
    columns = ["p_value", "effect_size", "p_holm"]
    assert tested[columns].notna().all(axis=None)
    assert measured.drop(tested.index)[columns].isna().all(axis=None)


@pytest.mark.parametrize(("group", "members"), [("all", slice(None)), ("crack", slice(-3, None))])
def test_tests_are_signed_rank_tests_of_average_precision(measured, group, members):
    difference = (precision_of("saliency") - precision_of("reconstruction_error"))[members]
    row = row_of(measured, "saliency", "all" if group == "all" else "kind", group)
    assert row["p_value"] == pytest.approx(
        stats.wilcoxon(difference, method="asymptotic").pvalue, rel=1e-12
    )
    ranks = stats.rankdata(np.abs(difference))
    assert row["effect_size"] == pytest.approx(ranks @ np.sign(difference) / ranks.sum())


def test_holm_corrects_over_maps_and_over_maps_and_kinds(measured):
    for grouping, count in (("all", len(TESTED)), ("kind", 3 * len(TESTED))):
        family = measured[measured["grouping"] == grouping].dropna(subset=["p_value"])
        assert len(family) == count
        np.testing.assert_allclose(family["p_holm"], slow_holm(family["p_value"]), rtol=1e-12)


# --- repeatability


def test_table_is_a_function_of_the_generator(measured):
    pd.testing.assert_frame_equal(table_of(), measured, check_exact=True)
    other = table_of(seed=1)
    assert (other["aupro"] == measured["aupro"]).all()
    assert (other["average_precision_low"] != measured["average_precision_low"]).any()


def test_images_twice_in_groups_have_the_intervals_and_tests_of_images_once(measured):
    twice = np.arange(len(KINDS)).repeat(2)
    doubled = {
        name: each._replace(
            maps=np.concatenate([each.after[twice], each.before[twice]]),
            images=each.images.iloc[twice].reset_index(drop=True),
            profile=type(each.profile)(
                *(part[np.concatenate([twice, len(KINDS) + twice])] for part in each.profile)
            ),
        )
        for name, each in FOUND.items()
    }
    table = TABLE.iloc[twice].reset_index(drop=True)
    shared = table.assign(group=100 - twice, base_group=table["base_row"])
    grouped = table_of(doubled, shared, masks=MASKS[twice])
    np.testing.assert_array_equal(grouped["images"], 2 * measured["images"])
    pd.testing.assert_frame_equal(
        grouped.drop(columns="images"), measured.drop(columns="images"), rtol=1e-9
    )
    naive = table_of(doubled, table.assign(base_row=range(len(twice))), masks=MASKS[twice])
    overall = [row_of(each, "saliency") for each in (naive, measured)]
    for measure in MEASURES:
        widths = [row[f"{measure}_high"] - row[f"{measure}_low"] for row in overall]
        assert widths[0] < 0.9 * widths[1]
    assert overall[0]["p_value"] < overall[1]["p_value"]


def test_images_of_a_group_each_are_images_without_groups(measured):
    numbers = np.random.default_rng(1).permutation(len(KINDS))
    pd.testing.assert_frame_equal(
        table_of(table=TABLE.assign(group=numbers, base_group=TABLE["base_row"] + 50)),
        measured,
        check_exact=True,
    )


def test_one_group_has_no_interval(measured):
    found = table_of(table=TABLE.assign(group=5, base_group=5))
    ends = [name for name in found if name.endswith(("_low", "_high"))]
    assert found[ends].isna().all(axis=None)
    measures = ["average_precision", "aupro", "pooled_auroc"]
    pd.testing.assert_frame_equal(found[measures], measured[measures])


def test_images_have_their_groups_in_the_table_of_images():
    table = TABLE.assign(row=np.arange(len(KINDS)), group=np.arange(len(KINDS)) // 3)
    found = per_image({"saliency": FOUND["saliency"]}, table)
    np.testing.assert_array_equal(found["group"], table["group"])
