"""Normal and novel images told apart."""

import pandas as pd

from novelty_maps.agreement.kinds import KINDS, normal_and_novel


def test_rows_are_those_of_their_kind_in_order():
    table = pd.DataFrame({"novel": [1, 0, 0, 1], "row": [5, 6, 7, 8]})
    groups = normal_and_novel(table)
    assert tuple(groups) == KINDS
    assert groups["normal"]["row"].tolist() == [6, 7]
    assert groups["novel"]["row"].tolist() == [5, 8]


def test_a_kind_without_images_is_empty():
    groups = normal_and_novel(pd.DataFrame({"novel": [0, 0]}))
    assert (len(groups["normal"]), len(groups["novel"])) == (2, 0)
