"""The effect of being novel, apart from the digit."""

import numpy as np
import pandas as pd
import pytest

from studies.role_effect import role_effect


def means_by_digit(role, digit, run_noise, seed=0):
    """Mean of each digit in twelve runs with two to five normal digits, without other noise."""
    generator = np.random.default_rng(seed)
    rows = []
    for run in range(12):
        normal = generator.choice(10, generator.integers(2, 6), replace=False)
        level = generator.normal() * run_noise
        for label in range(10):
            novel = int(label not in normal)
            agreement = 4 + level + digit[label] + role * novel
            rows.append({"run": f"r{run}", "label": label, "novel": novel, "agreement": agreement})
    return pd.DataFrame(rows)


DIGITS = np.array([0.5, -2, 1, 0.3, 0, 0.2, -0.4, 0.9, 0.1, -0.6])


def test_role_effect_is_recovered_beside_strong_digits_and_runs():
    found = role_effect(means_by_digit(-0.7, DIGITS, run_noise=3))
    assert found.effect == pytest.approx(-0.7)
    assert found.low == pytest.approx(-0.7)
    assert found.digit_sd == pytest.approx(DIGITS.std(ddof=1))
    assert found.runs == 12


def test_digits_alone_make_a_raw_difference_and_no_role_effect():
    # Digits 0-4 are normal more often, and agree more: nothing is due to their being normal.
    table = means_by_digit(0, np.linspace(2, -2, 10), run_noise=1)
    rows = [
        {"run": f"fixed{i}", "label": label, "novel": int(label > 4), "agreement": 2 - label / 2.25}
        for i in range(8)
        for label in range(10)
    ]
    found = role_effect(pd.concat([table, pd.DataFrame(rows)]))
    assert found.raw < -0.5
    assert found.effect == pytest.approx(0, abs=1e-9)


def test_interval_of_the_role_effect_covers_it_under_noise():
    covered = 0
    for seed in range(200):
        table = means_by_digit(-0.7, DIGITS, run_noise=1, seed=seed)
        table["agreement"] += np.random.default_rng(seed).normal(size=len(table))
        found = role_effect(table)
        covered += found.low <= -0.7 <= found.high
    assert 0.90 <= covered / 200 <= 0.99
