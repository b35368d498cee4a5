"""What a run is of; results of other images are known as such."""

import numpy as np
import pandas as pd
import pytest
from oracles.parameters import repository_values
from oracles.small_page import images, per_image, planted

from novelty_maps.page.facts import belongs, planted_into, run_facts
from novelty_maps.params.whole import validated
from novelty_maps.pipeline.rows import Rows


def test_facts_name_classes_and_count_images():
    params = validated(repository_values(), source="params.yaml")
    rows = pd.DataFrame({"label": [1, 0, 2, 2], "novel": [0, 0, 1, 1]})
    facts = run_facts(params, rows, classes=["ape", "bee", "cat"])
    assert (facts["normal"], facts["novel"]) == ("ape, bee", "cat")
    assert facts["test images"] == "2 normal, 2 novel"
    assert facts["data set"] == "digits, 28×28 pixels"
    many = pd.DataFrame({"label": range(20), "novel": [0] * 20})
    facts = run_facts(params, many, classes=[str(i) for i in range(20)])
    assert (facts["normal"], facts["novel"]) == ("20 classes", "")


@pytest.mark.parametrize("column", ["row", "label", "novel"])
def test_table_of_another_split_does_not_belong(column):
    rows = per_image()
    assert belongs(rows, rows)
    assert not belongs(rows.iloc[1:], rows)
    other = rows.copy()
    other.loc[3, column] = 1 + other[column].max()
    assert not belongs(other, rows)


def test_novelties_belong_to_the_images_that_they_were_planted_into():
    novel = planted()
    assert planted_into(novel, novel.before)
    assert not planted_into(novel, novel.before[:4])
    assert not planted_into(novel, novel.before[::-1])
    assert not planted_into(novel, images(side=16)[0])


def test_images_are_found_where_they_lie_in_another_order():
    novel = planted()
    order = np.array([3, 1, 5, 0, 2, 4])
    assert planted_into(novel, Rows(novel.before[order], np.argsort(order)))
    assert not planted_into(novel, Rows(novel.before[order], np.arange(6)))
