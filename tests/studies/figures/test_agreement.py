"""What the figures of agreement show, read from the figures themselves."""

import pandas as pd
import pytest
from scipy import stats

from studies.figures import agreement


def test_digits_are_drawn_after_the_mean_of_their_run_is_taken_out():
    table = pd.DataFrame(
        {
            "run": ["a", "a", "b", "b"],
            "label": [0, 1, 0, 1],
            "novel": [0, 1, 0, 1],
            "agreement": [5.0, 3.0, 9.0, 5.0],
        }
    )
    (axis,) = agreement.role_figure(table).axes
    drawn = {c.get_label(): c for c in axis.containers}
    for group, place, mean in (("normal", -0.12, 1.5), ("novel", 1.12, -1.5)):
        line, _, (bars,) = drawn[group].lines
        assert line.get_xydata().tolist() == [pytest.approx([place, mean])]
        low, high = bars.get_segments()[0][:, 1]
        half = stats.t.ppf(0.975, 1) * 0.5
        assert [low, high] == pytest.approx([mean - half, mean + half])
