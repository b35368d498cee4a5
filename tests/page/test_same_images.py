"""Pictures and numbers of the same images under several runs."""

import numpy as np
import pytest
from oracles.small_compared import COUNT, K, compared_images, numbers, picture, pictures

from novelty_maps.page.same_images import MOST, shown_size


def test_every_run_has_its_own_pictures_of_the_same_images():
    compared = compared_images()
    np.testing.assert_array_equal(picture(compared["sheets"]["input"], 4), pictures(0)[0][4, 0])
    for seed, run in enumerate(compared["runs"]):
        _, reconstructions, maps = pictures(seed)
        shown = picture(run["sheets"]["reconstruction"], 4)
        np.testing.assert_array_equal(shown, np.round(255 * reconstructions[4, 0]))
        for name, values in maps.items():
            highest = np.argsort(values[4].ravel())[-K:]
            assert sorted(run["top"][name][4]) == sorted(highest.tolist())
        assert run["numbers"] == numbers(seed).to_dict(orient="records")


def test_images_know_by_how_much_runs_differ():
    compared = compared_images()
    for column in ("score", "agreement"):
        values = np.stack([numbers(seed)[column] for seed in range(3)])
        differs = [row[f"differs_{column}"] for row in compared["rows"]]
        assert differs == pytest.approx(np.ptp(values, axis=0))
    assert [value for value, _ in compared["orders"]] == [
        "differs_score",
        "differs_agreement",
        "row",
    ]


def test_mask_is_that_of_each_image():
    masks = np.zeros((COUNT, 8, 8), np.bool_)
    masks[np.arange(COUNT), np.arange(COUNT), 2:4] = True
    sheet = compared_images(masks=masks)["sheets"]["mask"]
    for place in range(COUNT):
        np.testing.assert_array_equal(picture(sheet, place) > 127, masks[place])
    assert "mask" not in compared_images()["sheets"]


@pytest.mark.parametrize(
    ("count", "sheets", "shown"), [(50, 10, 50), (5000, 10, MOST), (5000, 60, 48), (5000, 900, 12)]
)
def test_so_many_images_are_shown_as_there_is_room_for(count, sheets, shown):
    rows = shown_size(count, sheets=sheets).rows
    assert len(set(rows)) == shown
    assert rows.max() < count
    assert rows.tolist() == sorted(rows)
