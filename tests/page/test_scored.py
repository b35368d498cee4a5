"""The page of scored photos is that of their table."""

import numpy as np
import pandas as pd
import pytest
from oracles.small_compared import photos, scores, small_scored

from novelty_maps.page import scored
from novelty_maps.page.render import page_html


def test_rows_are_those_of_the_table():
    page = small_scored()
    table = scores()
    rows = pd.DataFrame(page.images["rows"])
    assert rows["score"].tolist() == table["novelty_score"].tolist()
    assert rows["name"].tolist() == [f"{'ab'[i % 2]}/{i}.png" for i in range(6)]
    assert rows["rank"].tolist() == [4, 1, 6, 3, 2, 5]
    assert (rows["kind"] == "novel").tolist() == [False, True, False, True, True, False]
    assert rows["patchcore_marked"].tolist() == pytest.approx([0, 50, 0, 10, 20, 0])
    assert page.facts["p ≤ 0.05"] == "3 of 6"
    assert [row[0].text for row in page.table.rows][:2] == ["photos/b/1.png", "photos/a/4.png"]
    assert [row[1].order for row in page.table.rows] == sorted(table["novelty_score"])[::-1]


def test_of_many_photos_the_most_novel_are_shown_and_all_are_in_the_table(monkeypatch):
    monkeypatch.setattr(scored, "SHOWN", 2)
    page = small_scored()
    assert [row["row"] for row in page.images["rows"]] == [1, 4]
    assert len(page.table.rows) == 6
    assert "2 of 6 photos are shown, those with the highest scores" in page_html(page)


def test_photos_of_one_folder_have_short_names():
    plain, over = photos()
    table = scores().assign(file=[f"{place}.png" for place in range(6)])
    rows = scored.scored_page(table, plain, {"patchcore": over}).images["rows"]
    assert [row["name"] for row in rows] == table["file"].tolist()


def test_photos_given_by_relative_and_by_absolute_paths_have_short_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain, over = photos()
    names = ["a/0.png", *(f"b/{place}.png" for place in range(1, 6))]
    table = scores().assign(file=[names[0], *(str(tmp_path / name) for name in names[1:])])
    rows = scored.scored_page(table, plain, {"patchcore": over}).images["rows"]
    assert [row["name"] for row in rows] == [
        "a/0.png",
        *(f"b/{place}.png" for place in range(1, 6)),
    ]


def test_grey_photos_and_colour_maps_go_together():
    plain, over = photos()
    page = scored.scored_page(scores(), plain[..., 0], {"patchcore": over})
    assert set(page.images["sheets"]) == {"input", "patchcore"}
    assert np.isfinite(page.images["rows"][0]["score"])
