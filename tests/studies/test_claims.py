"""What pages say in words, against plain Python."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novelty_maps.statistics.over_runs import RunsInterval
from studies.authors import RUN
from studies.claims import (
    Compared,
    Counted,
    below_null,
    compared,
    counted,
    covered,
    fallen,
    falls,
    mechanical,
    settled,
    share,
)

NAN = float("nan")
PLAIN, OTHER = ("ours", "plain", "seed 0"), ("ours", "plain", "seed 1")
DENOISING = ("ours", "denoising", "seed 0")
A, B, NOISY = ("authors", "plain", "a"), ("authors", "plain", "b"), ("authors", "denoising", "")


def intervals(*ends):
    """A table with a row an interval, beside a measure that lies elsewhere."""
    table = pd.DataFrame(ends, columns=["gain_low", "gain_high"], dtype=float)
    return table.assign(other_low=5.0, other_high=6.0)


@pytest.mark.parametrize(
    ("ends", "above", "below"),
    [
        ((0.1, 0.2), 1, 0),
        ((-0.2, -0.1), 0, 1),
        ((-0.1, 0.2), 0, 0),
        ((0.0, 0.2), 0, 0),
        ((-0.2, 0.0), 0, 0),
        ((NAN, NAN), 0, 0),
    ],
)
def test_interval_is_on_a_side_only_if_no_end_reaches_the_value(ends, above, below):
    assert counted(intervals(ends), "gain") == Counted(above, below, rows=1)
    moved = intervals(tuple(end + 8 for end in ends))  # by a power of two: ties stay ties
    assert counted(moved, "gain", 8.0) == Counted(above, below, rows=1)


ENDS = st.tuples(st.integers(-3, 3), st.integers(-3, 3)).map(sorted)


@given(st.lists(ENDS, min_size=1), st.integers(-3, 3))
def test_sides_are_counted_one_by_one_and_change_places_with_the_sign(ends, value):
    found = counted(intervals(*ends), "gain", value)
    assert found == (
        len([low for low, _ in ends if low > value]),
        len([high for _, high in ends if high < value]),
        len(ends),
    )
    mirrored = counted(intervals(*((-high, -low) for low, high in ends)), "gain", -value)
    assert (mirrored.above, mirrored.below) == (found.below, found.above)


def trained(curves, measure):
    """Networks of runs, in the order given, of run to {epoch: value}."""
    rows = [(*run, epoch, value) for run, curve in curves.items() for epoch, value in curve.items()]
    return pd.DataFrame(rows, columns=[*RUN, "epoch", measure])


def settled_of(curves):
    """The first epoch of runs whose intervals have the given lower ends."""
    networks = trained(curves, "gain_low")
    found = settled(networks.assign(gain_high=100.0, other_low=-1.0), "gain")
    assert found is None or type(found) is int
    return found


def test_measure_that_is_always_above_is_so_from_the_first_epoch_on():
    assert settled_of({A: {50: 0.1, 100: 0.2}, PLAIN: {20: 0.1, 500: 0.3}}) == 20


def test_measure_that_turns_is_above_from_the_next_epoch_of_any_run_on():
    below_in_one = {A: {50: 0.1, 500: 0.1}, PLAIN: {20: -0.1, 100: -0.1, 200: 0.1, 500: 0.1}}
    assert settled_of(below_in_one) == 200
    turns_twice = {PLAIN: {20: 0.1, 50: -0.1, 100: 0.1, 200: 0.0, 300: 0.1, 500: 0.1}}
    assert settled_of(turns_twice) == 300


def test_next_epoch_may_be_one_of_another_run():
    assert settled_of({A: {100: -0.1, 500: 0.1}, PLAIN: {150: 0.1, 200: 0.1, 500: 0.1}}) == 150


@pytest.mark.parametrize("last", [-0.1, 0.0, NAN])
def test_measure_that_turns_back_at_the_end_of_one_run_is_not_settled(last):
    assert settled_of({A: {50: 0.1, 500: 0.1}, PLAIN: {50: 0.1, 500: last}}) is None
    assert settled_of({A: {50: 0.1, 500: 0.1}, PLAIN: {50: 0.1, 200: last}}) is None
    assert settled_of({PLAIN: {50: last}}) is None


def test_epoch_after_the_last_of_the_shortest_run_does_not_count():
    short = {PLAIN: {50: 0.1, 200: 0.1}}
    assert settled_of({A: {50: 0.1, 200: -0.1, 300: 0.1, 500: 0.1}, **short}) is None
    assert settled_of({A: {50: 0.1, 150: -0.1, 200: 0.1, 500: 0.1}, **short}) == 200


def settled_slowly(curves):
    """Every epoch is asked of every network after it."""
    for epoch in sorted({epoch for curve in curves.values() for epoch in curve}):
        reached = all(max(curve) >= epoch for curve in curves.values())
        later = [low for curve in curves.values() for e, low in curve.items() if e >= epoch]
        if reached and all(low > 0 for low in later):
            return epoch
    return None


# Mostly above 0, so that some settle and some do not.
LOWS = st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0, -1.0, NAN])
TURNS = st.dictionaries(st.integers(1, 9), LOWS, min_size=1, max_size=6)


@given(st.dictionaries(st.sampled_from([A, B, NOISY, PLAIN, DENOISING]), TURNS, min_size=1))
def test_settled_is_the_first_epoch_that_holds_when_all_are_asked(curves):
    assert settled_of(curves) == settled_slowly(curves)


def compared_of(curves, epoch, training="plain"):
    """Runs beside one another, with the epochs of each in falling order."""
    networks = trained(curves, "gain").sort_values("epoch", ascending=False, kind="stable")
    networks = networks.assign(other=-1.0).sort_values(RUN, kind="stable")
    return compared(networks, "gain", epoch, training)


def test_ours_are_averaged_with_their_neighbours_and_the_authors_have_none():
    curves = {A: {50: 3.0, 100: 9.0}, B: {50: 4.0}, PLAIN: {48: 90.0, 49: 1.0, 50: 2.0, 51: 6.0}}
    found = compared_of(curves, 50)
    assert found == ([3.0, 4.0], [3.0], 0.5, 1.0)


def test_only_runs_of_this_training_that_were_evaluated_there_are_compared():
    curves = {A: {50: 3.0}, B: {250: 9.0}, NOISY: {50: 7.0}, PLAIN: {50: 2.0}, OTHER: {49: 9.0}}
    curves |= {DENOISING: {50: 5.0, 51: 6.0}}
    assert compared_of(curves, 50)[:3] == ([3.0], [2.0], 1.0)
    assert compared_of(curves, 50, "denoising")[:3] == ([7.0], [5.5], 1.5)


@pytest.mark.parametrize(("ours", "spread"), [((0.0, 0.25), 0.5), ((0.0, 0.75), 0.75)])
def test_spread_is_the_larger_of_the_two_and_never_between_the_sources(ours, spread):
    curves = {A: {50: 5.0}, B: {50: 5.5}, PLAIN: {50: ours[0]}, OTHER: {50: ours[1]}}
    assert compared_of(curves, 50).spread == spread


def test_spread_of_two_runs_is_there_though_the_other_source_has_one():
    assert compared_of({A: {50: 5.0}, B: {50: 4.0}, PLAIN: {50: 9.0}}, 50).spread == 1.0
    assert compared_of({A: {50: 5.0}, PLAIN: {50: 9.0}, OTHER: {50: 7.0}}, 50).spread == 2.0
    assert math.isnan(compared_of({A: {50: 5.0}, PLAIN: {50: 9.0}}, 50).spread)


@pytest.mark.parametrize(
    ("epoch", "authors", "ours", "spread"),
    [(100, [], [2.0, 4.0], 2.0), (250, [3.0], [], NAN), (300, [], [], NAN)],
)
def test_source_without_a_run_there_is_not_apart_by_any_number(epoch, authors, ours, spread):
    found = compared_of({B: {250: 3.0}, PLAIN: {100: 2.0}, OTHER: {100: 4.0}}, epoch)
    assert (found.authors, found.ours) == (authors, ours)
    assert math.isnan(found.apart)
    assert found.spread == pytest.approx(spread, nan_ok=True)


SAVED = (12, 15, 18)  # epochs of the authors: none is another's neighbour
VALUES = st.floats(-9, 9)
THEIRS = st.dictionaries(st.sampled_from(SAVED), VALUES)
OURS = st.dictionaries(st.integers(11, 19), VALUES)


@given(
    st.fixed_dictionaries({A: THEIRS, B: THEIRS, NOISY: THEIRS}),
    st.fixed_dictionaries({PLAIN: OURS, OTHER: OURS, DENOISING: OURS}),
    st.sampled_from(SAVED),
    st.sampled_from(["plain", "denoising"]),
)
def test_compared_is_what_plain_sums_say(theirs, ours, epoch, training):
    authors = [c[epoch] for run, c in theirs.items() if run[1] == training and epoch in c]
    means = []
    for run, curve in ours.items():
        if run[1] == training and epoch in curve:
            near = [curve[e] for e in (epoch - 1, epoch, epoch + 1) if e in curve]
            means.append(sum(near) / len(near))
    pairs = [*itertools.combinations(authors, 2), *itertools.combinations(means, 2)]
    apart = abs(np.mean(authors) - np.mean(means)) if authors and means else NAN
    expected = authors, means, apart, max((abs(x - y) for x, y in pairs), default=NAN)
    found = compared(trained(theirs | ours, "gain"), "gain", epoch, training)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("gains", "expected"),
    [
        ([("a", 50, 0.3), ("a", 100, 0.2), ("b", 50, 0.9), ("b", 500, 0.8)], True),
        ([("a", 100, 0.2), ("a", 50, 0.3)], True),  # whatever the order of the rows
        ([("a", 50, 0.3), ("a", 100, 0.2), ("b", 50, 0.8), ("b", 500, 0.8)], False),
        ([("a", 50, 0.3), ("a", 100, 0.1), ("a", 500, 0.2)], False),
        ([("a", 50, 0.3), ("b", 100, 0.2)], False),  # no run has two networks
    ],
)
def test_measure_falls_where_it_is_lower_after_each_epoch_of_every_run(gains, expected):
    rows = [("authors", "plain", *gain) for gain in gains]
    table = pd.DataFrame(rows, columns=["source", "training", "run", "epoch", "gain"])
    assert falls(table, "gain") is expected


@pytest.mark.parametrize(
    ("apart", "spread", "within"),
    [(0.5, 1.0, True), (1.0, 1.0, True), (1.5, 1.0, False), (0.0, NAN, False), (NAN, 1.0, False)],
)
def test_sources_are_within_if_they_differ_by_no_more_than_runs_of_one_do(apart, spread, within):
    """What cannot be said is not said."""
    assert Compared([], [], apart, spread).within is within


def test_authors_and_ours_are_within_one_another_by_their_values():
    near_by = {A: {50: 3.0}, B: {50: 5.0}, PLAIN: {50: 4.5}, OTHER: {50: 5.0}}
    assert compared_of(near_by, 50).within
    assert not compared_of(near_by | {PLAIN: {50: 7.5}, OTHER: {50: 7.0}}, 50).within


def nulls(*ends):
    """Networks of ends of what agreement exceeds the null by: of normal, then of novel images."""
    columns = [
        f"{kind}_excess_over_other_image_{end}"
        for kind in ("normal", "novel")
        for end in ("low", "high")
    ]
    return pd.DataFrame(ends, columns=columns, dtype=float)


BELOW, ABOVE = (-0.3, -0.1), (0.1, 0.3)


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        ([BELOW + BELOW, BELOW + BELOW], True),
        ([BELOW + BELOW, (*BELOW, -0.3, 0.1)], False),
        ([(-0.3, 0.0, *BELOW), BELOW + BELOW], False),
        ([BELOW + ABOVE], False),
        ([ABOVE + BELOW], False),
        ([(*BELOW, NAN, NAN)], False),
        ([ABOVE + ABOVE], False),
    ],
)
def test_agreement_is_below_the_null_only_if_every_interval_of_both_kinds_is(networks, expected):
    assert below_null(nulls(*networks)) is expected


@pytest.mark.parametrize(
    ("true", "null", "expected"),
    [
        ([-0.5, -0.8], [-0.5, -0.75], True),
        ([-0.5, -0.8], [-0.5, -0.5], False),
        ([-0.8, -0.5], [-0.5, -0.5], False),
        ([0.5], [0.6], True),
        ([-0.5], [0.6], True),  # how close is asked, not in which direction
        ([-0.5], [0.4], False),
        ([1.0], [0.9], True),  # nine tenths are enough
        ([1.0], [0.89], False),
        ([1.0], [NAN], False),
        ([NAN], [1.0], False),
    ],
)
def test_correlation_is_mechanical_if_the_null_has_nine_tenths_of_it_in_every_network(
    true, null, expected
):
    table = pd.DataFrame({"true": true, "null": null, "other": 0.0})
    assert mechanical(table, "true", "null") is expected


@pytest.mark.parametrize(
    ("normal", "novel", "expected"),
    [
        (1.5, 5.0, True),
        (1.0, 4.0, True),  # an end of the range lies in it
        (3.0, 6.0, True),
        (0.9, 5.0, False),
        (3.1, 5.0, False),
        (2.0, 3.9, False),
        (2.0, 6.1, False),
        (5.0, 2.0, False),
    ],
)
def test_published_numbers_are_covered_if_both_lie_in_the_range_of_the_networks(
    normal, novel, expected
):
    table = pd.DataFrame({"normal_gain": [2.0, 1.0, 3.0], "novel_gain": [6.0, 5.0, 4.0]})
    assert covered(table.assign(gain=9.0), "gain", {"normal": normal, "novel": novel}) == expected


@given(
    st.lists(st.tuples(VALUES, VALUES), min_size=1),
    st.tuples(VALUES, VALUES),
)
def test_covered_is_neither_below_nor_above_all_of_either_kind(rows, paper):
    table = pd.DataFrame(rows, columns=["normal_gain", "novel_gain"])
    outside = [
        all(value < row[i] for row in rows) or all(value > row[i] for row in rows)
        for i, value in enumerate(paper)
    ]
    found = covered(table, "gain", dict(zip(("normal", "novel"), paper, strict=True)))
    assert found == (not any(outside))


@pytest.mark.parametrize(
    ("part", "whole", "low", "expected"),
    [
        (0.05, 0.2, 0.1, 0.25),
        (0.2, 0.2, 0.1, 1.0),
        (0.3, 0.2, 0.1, None),
        (-0.1, 0.2, 0.1, None),
        (0.1, 0.2, 0, None),
    ],
)
def test_part_has_a_share_of_what_is_surely_there_and_larger(part, whole, low, expected):
    def number(estimate, low):
        return RunsInterval(estimate, low, 1.0, 0.1, 3)

    found = share(number(part, -1.0), number(whole, low))
    assert found == (expected if expected is None else pytest.approx(expected))


def by_epoch(*forest):
    rows = [(epoch, "forest", value) for epoch, value in enumerate(forest, start=1)]
    rows += [(epoch, "linear", 1.0 - epoch / 10) for epoch, _ in enumerate(forest, start=1)]
    table = pd.DataFrame(rows, columns=["epoch", "detector", "auroc"]).iloc[::-1]
    return table.assign(auroc_low=table["auroc"] - 0.01, auroc_high=table["auroc"] + 0.01)


def test_detector_has_fallen_if_its_best_epoch_is_surely_above_the_last():
    assert fallen(by_epoch(0.7, 0.8, 0.9), "forest") is None
    assert fallen(by_epoch(0.7, 0.9, 0.885), "forest") is None
    assert fallen(by_epoch(0.7, 0.9, 0.87), "forest") == 2
    assert fallen(by_epoch(0.7, 0.8, 0.9), "linear") == 1
