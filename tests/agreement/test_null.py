"""The nulls of the indirect term: what is drawn, from whom, and what is undefined."""

import numpy as np
import pytest
from oracles.nulls import all_null_steps

from novelty_maps.agreement.null import (
    NULLS,
    null_agreements,
    null_steps,
    other_image_term,
    others_of_kind,
    shuffled_term,
)
from novelty_maps.maps.ranking import top_pixels

K = 4


def terms_of(count=12, seed=0):
    """Direct and indirect terms of images of 4×3 pixels, (2, N, 4, 3)."""
    return np.random.default_rng(seed).normal(size=(2, count, 4, 3)).astype(np.float32)


def kinds(count=12):
    return np.arange(count) % 3 == 1


def nulls(direct, indirect, novel, *, k=K, seed=0):
    """The table where r has the ranking of |d|, as for one channel."""
    generator = np.random.default_rng(seed)
    steps = all_null_steps(top_pixels(np.abs(direct)), direct, indirect, novel, generator=generator)
    return null_agreements(steps, novel, k=k)


def test_table_has_both_nulls_of_each_image():
    table = nulls(*terms_of(), kinds())
    assert list(table) == NULLS
    assert len(table) == 12
    assert (table.dtypes == np.float64).all()


def test_result_counts_pixels():
    found = nulls(*terms_of(), kinds()).to_numpy()
    np.testing.assert_array_equal(found, found.round())
    assert found.min() >= 0
    assert found.max() <= K


def test_another_generator_draws_others():
    a, b = (nulls(*terms_of(), kinds(), seed=seed) for seed in (0, 1))
    assert (a != b).any().all()


def test_images_given_a_few_at_a_time_have_the_same_nulls():
    direct, indirect = terms_of()
    top, generator = top_pixels(np.abs(direct)), np.random.default_rng(0)
    whole = all_null_steps(top, direct, indirect, kinds(), generator=generator)
    generator = np.random.default_rng(0)
    other = indirect[others_of_kind(kinds(), generator)]
    for few in (slice(0, 5), slice(5, 10), slice(10, None)):
        maps = direct[few], indirect[few], other[few]
        steps = null_steps(top[few], *maps, generator=generator)
        for name in NULLS:
            np.testing.assert_array_equal(steps[name], whole[name][few])


def test_map_that_is_compared_is_the_one_that_is_given():
    direct, indirect = terms_of()
    indirect[:] = 0
    generator, top = np.random.default_rng(0), top_pixels(-np.abs(direct))
    steps = all_null_steps(top, direct, indirect, kinds(), generator=generator)
    table = null_agreements(steps, kinds(), k=K)
    assert not table.to_numpy().any()  # the lowest and the highest 4 of 12 pixels


def test_huge_term_leaves_the_agreement_of_chance():
    direct, indirect = terms_of(4000)
    table = nulls(direct, np.float32(1e6) * indirect, kinds(4000))
    # The standard error is that of 4,000 hypergeometric draws, below 0.9 each.
    np.testing.assert_allclose(table.mean(), K**2 / 12, atol=4 * 0.9 / np.sqrt(4000))


def test_place_of_the_term_is_what_the_nulls_take_away():
    direct, _ = terms_of(60)
    against = np.float32(-0.9) * direct  # agrees fully: the gradient is a tenth of d
    table = nulls(direct, against, kinds(60))
    assert (table.mean() < 0.8 * K).all()


def test_other_image_is_of_the_same_kind():
    direct, indirect = terms_of()
    indirect[~kinds()] = 0
    table = nulls(direct, indirect, kinds())
    assert (table.loc[~kinds(), "other_image_agreement"] == K).all()
    assert (table.loc[kinds(), "other_image_agreement"] < K).all()


def test_only_image_of_its_kind_has_no_other():
    novel = np.arange(12) == 7
    table = nulls(*terms_of(), novel)
    assert table["other_image_agreement"].isna().tolist() == novel.tolist()
    assert table["shuffled_agreement"].notna().all()


def test_images_of_one_kind_are_enough():
    assert nulls(*terms_of(), np.zeros(12, bool)).notna().all(axis=None)


@pytest.mark.parametrize("own", [True, False])
def test_term_without_a_norm_leaves_the_direct_term_alone(own):
    direct, indirect = terms_of(2)
    indirect[0 if own else 1] = 0  # the other of the second is the first, and the other way round
    table = nulls(direct, indirect, np.zeros(2, bool))
    assert (table["other_image_agreement"] == K).all()
    assert (table["shuffled_agreement"] == K).tolist() == [own, not own]


def test_shuffling_moves_the_pixels_of_each_image_in_its_own_way():
    terms = np.tile(np.arange(12, dtype=np.float32).reshape(1, 4, 3), (50, 1, 1))
    before = terms.copy()
    shuffled = shuffled_term(terms, np.random.default_rng(0))
    assert shuffled.dtype == np.float32
    np.testing.assert_array_equal(np.sort(shuffled.reshape(50, -1)), before.reshape(50, -1))
    assert len({row.tobytes() for row in shuffled}) == 50
    np.testing.assert_array_equal(terms, before)


def test_other_term_is_scaled_to_the_own_norm():
    own = np.array([[[3, 4]], [[0, 0]], [[1, 0]]], np.float32)
    other = np.array([[[0, -2]], [[1, 1]], [[0, 0]]], np.float32)
    expected = [[[0, -5]], [[0, 0]], [[0, 0]]]
    scaled = other_image_term(own, other)
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, expected)


def test_every_other_image_of_the_kind_is_as_likely():
    novel = np.array([False, True, False, False, True, False, True])
    generator = np.random.default_rng(0)
    counts = np.zeros((7, 7))
    for _ in range(3000):
        counts[np.arange(7), others_of_kind(novel, generator)] += 1
    same = (novel[:, None] == novel) & ~np.eye(7, dtype=bool)
    expected = same / same.sum(axis=1, keepdims=True)
    # Four standard errors of a share of 3,000 draws.
    tolerance = 4 * np.sqrt(expected * (1 - expected) / 3000)
    assert (np.abs(counts / 3000 - expected) <= tolerance).all()


def test_images_do_not_share_their_draw_of_another():
    novel = np.zeros(6, bool)
    steps = {
        tuple((others_of_kind(novel, np.random.default_rng(seed)) - np.arange(6)) % 6)
        for seed in range(20)
    }
    assert all(len(set(each)) > 1 for each in steps)


def test_only_image_of_a_kind_has_its_own_place():
    others = others_of_kind(np.array([False, True, False]), np.random.default_rng(0))
    assert others.tolist() == [2, 1, 0]
