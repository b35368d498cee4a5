"""Charts take their rows by name, and the rows are those of the tables."""

import numpy as np
import pytest
from oracles import detection_tables
from oracles.small_page import CLASSES, by_k, per_image, scores
from sklearn.metrics import roc_auc_score

from novelty_maps.page import charts
from novelty_maps.page.images import point_rows


def test_rows_over_k_are_shares_of_the_table():
    table = by_k()
    rows = charts.by_k_rows(table)
    assert len(rows) == 3 * len(table)
    novel = rows[rows["of"] == "novel"]
    np.testing.assert_allclose(novel["share"], table["novel_agreement"] / table["k"], atol=1e-5)
    np.testing.assert_allclose(novel["high"], table["novel_agreement_high"] / table["k"], atol=1e-5)
    chance = rows[rows["of"] == "chance"]
    np.testing.assert_allclose(chance["share"], table["chance_agreement"] / table["k"], atol=1e-5)
    assert chance["low"].isna().all()


@pytest.mark.parametrize("count", [12, 3000])
def test_area_under_a_drawn_curve_is_the_auroc(count):
    table = scores(count)
    rows = charts.roc_rows(table, {"nominal/max_logit": "one", "hybrid/max_logit": "two"})
    for name, column in (("one", "nominal/max_logit"), ("two", "hybrid/max_logit")):
        curve = rows[rows["detector"] == name]
        assert len(curve) <= 300
        assert curve[["false", "true"]].iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [1, 1]]
        area = np.trapezoid(curve["true"], curve["false"])
        assert area == pytest.approx(roc_auc_score(table["novel"], table[column]), abs=3e-3)


def test_no_detector_has_no_curve():
    rows = charts.roc_rows(scores(), {})
    assert rows.empty
    assert list(rows) == list(charts.roc_rows(scores(), {"nominal/max_logit": "one"}))


def test_own_score_and_forest_of_each_representation_are_drawn():
    drawn = charts.drawn_detectors(detection_tables.TABLE)
    assert drawn["nominal/max_logit"] == "nominal: max logit (0.700)"
    assert drawn["nominal/forest"] == "nominal: forest (0.800)"
    assert drawn["all_classes/forest"] == "all classes: forest (0.950)"
    assert "all_classes/max_logit" not in drawn


def test_colours_are_told_by_marks_too_and_charts_fill_their_place():
    points = point_rows(per_image(), classes=CLASSES)
    chart = charts.images_chart(points, k=5)
    assert chart["width"] == "container"
    assert chart["encoding"]["shape"]["scale"]["domain"] == ["normal", "novel"]
    assert chart["data"] == {"name": "images"}
    assert "12 test images" in chart["description"]


@pytest.mark.parametrize(("lowest", "scale"), [(0.001, "log"), (0.0, "linear")])
def test_score_of_zero_has_a_place(lowest, scale):
    points = point_rows(per_image(), classes=CLASSES).assign(score=lowest)
    assert charts.images_chart(points, k=5)["encoding"]["x"]["scale"]["type"] == scale


def test_charts_hold_no_configuration_of_their_own():
    for chart in (charts.by_k_chart(k=5, pixels=64), charts.roc_chart(["one"], legend="scores")):
        assert "config" not in chart
