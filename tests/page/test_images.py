"""What the page says and shows of test images is what the tables and maps have."""

import numpy as np
from oracles.small_page import CLASSES, COUNT, K, images, per_image

from novelty_maps.page.images import DRAWN, drawn_rows, point_rows, shown_images


def test_points_are_the_rows_of_the_table():
    table = per_image()
    points = point_rows(table, classes=CLASSES)
    assert points["row"].tolist() == table["row"].tolist()
    for shown, column in {
        "score": "reconstruction_loss",
        "agreement": "agreement",
        "distance": "max_distance_saliency_to_error",
        "indirect": "indirect_share",
    }.items():
        np.testing.assert_array_equal(points[shown], table[column])
    assert points["name"].tolist() == [CLASSES[label] for label in table["label"]]
    assert (points["kind"] == "novel").tolist() == (table["novel"] == 1).tolist()
    by_rank = points.sort_values("rank")
    assert by_rank["rank"].tolist() == list(range(1, COUNT + 1))
    assert by_rank["score"].is_monotonic_decreasing


def test_spread_points_stay_with_their_agreement():
    points = point_rows(per_image(200), classes=CLASSES)
    assert (points["spread"].round() == points["agreement"]).all()
    assert points["spread"].nunique() == 200


def test_all_of_few_images_are_drawn_and_of_many_so_many():
    assert drawn_rows(DRAWN, DRAWN, seed=0).tolist() == list(range(DRAWN))
    drawn = drawn_rows(10 * DRAWN, DRAWN, seed=0)
    assert len(set(drawn)) == DRAWN
    assert (np.diff(drawn) > 0).all()
    assert drawn.max() < 10 * DRAWN
    assert drawn.tolist() != drawn_rows(10 * DRAWN, DRAWN, seed=1).tolist()


def test_top_pixels_are_the_highest():
    pictures, reconstructions, maps = images()
    points = point_rows(per_image(), classes=CLASSES)
    shown = shown_images(
        points, pictures, reconstructions, maps, drawn=np.arange(COUNT), k=K, colormap="gray"
    )
    for name, values in maps.items():
        for top, map_ in zip(shown["top"][name], values.reshape(COUNT, -1), strict=True):
            assert sorted(top) == sorted(np.argsort(map_)[-K:].tolist())
    assert shown["rows"] == points.to_dict(orient="records")


def test_large_images_are_drawn_smaller():
    pictures, reconstructions, maps = images(count=30, channels=3, side=256)
    points = point_rows(per_image(30), classes=CLASSES)
    shown = shown_images(
        points, pictures, reconstructions, maps, drawn=np.arange(30), k=K, colormap="gray"
    )
    sides = {sheet["side"] for sheet in shown["sheets"].values()}
    assert sides == {133}  # 30 · 133² is what 1.6 million pixels of one channel leave for three
    assert shown["width"] == 256  # the top K stay where they are


class Watched:
    """An array that knows how many of its rows were asked for at a time."""

    def __init__(self, array):
        self.array, self.most, self.shape = array, 0, array.shape

    def __getitem__(self, rows):
        found = self.array[rows]
        self.most = max(self.most, len(found))
        return found


def test_few_images_are_read_at_a_time_and_only_those_that_are_drawn():
    drawn = np.arange(1, 200, 2)
    given = images(count=200, side=40)
    pictures, reconstructions, maps = given
    watched = [Watched(pictures), Watched(reconstructions)]
    watched_maps = {name: Watched(values) for name, values in maps.items()}
    points = point_rows(per_image(200), classes=CLASSES).iloc[drawn]
    settings = {"k": K, "colormap": "gray"}
    shown = shown_images(points, *watched, watched_maps, drawn=drawn, **settings)
    assert all(0 < each.most <= 64 for each in (*watched, *watched_maps.values()))
    few = {name: values[drawn] for name, values in maps.items()}
    assert shown == shown_images(
        points, pictures[drawn], reconstructions[drawn], few, drawn=np.arange(100), **settings
    )
