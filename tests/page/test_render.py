"""The page as a file, and in a browser where there is one: Chromium by way of Playwright."""

import base64
import html
import importlib.util
import json
import re
import shutil

import numpy as np
import pytest
from oracles.localization_tables import localization
from oracles.small_compared import SETTINGS as RUN_SETTINGS
from oracles.small_compared import (
    compared_page,
    numbers,
    photos,
    pictures,
    scores,
    small_scored,
)
from oracles.small_page import (
    COUNT,
    SETTINGS,
    SIDE,
    found,
    images,
    per_image,
    planted,
    planted_maps,
    small_page,
    small_parts,
)

from novelty_maps.page import novelties
from novelty_maps.page.parts import localization_part, whole_page
from novelty_maps.page.render import page_html
from novelty_maps.page.sprites import quantile_steps

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
MISSING = [
    name
    for name, there in (
        ("Chromium", BROWSER),
        ("playwright", importlib.util.find_spec("playwright")),
    )
    if not there
]
in_browser = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


@pytest.fixture(scope="module")
def text():
    return page_html(small_page())


def held(text):
    """What the page's scripts read."""
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL).group(1))


def test_page_loads_nothing(text):
    assert "default-src 'none'" in text
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]*\b(?:src|href)=.?(?:https?:)?//", text)
    assert "@import" not in text
    assert not re.findall(r"url\((?!data:)[^)]*//", text)


def test_page_without_images_is_small(text):
    assert len(text) < 2_200_000  # so that 2.8 MB are left for the images of the default


def test_page_holds_the_rows_of_the_tables(text):
    data = held(text)
    table = per_image()
    rows = data["images"]["rows"]
    assert [row["row"] for row in rows] == table["row"].tolist()
    np.testing.assert_allclose(
        [row["score"] for row in rows], table["reconstruction_loss"], rtol=1e-8
    )
    assert [row["agreement"] for row in rows] == table["agreement"].tolist()
    assert len(data["novelties"]["rows"]) == 6
    assert "images with a novelty are drawn" not in text
    assert data["novelties"]["rows"][0]["found"]["reconstruction_error"] is None
    assert data["novelties"]["rows"][5]["size"] is None


def test_names_from_data_cannot_close_a_script(text):
    assert held(text)["images"]["rows"][1]["name"] == "bee </script>"
    assert "bee </script>" not in text


def test_settings_and_versions_stand_at_the_foot(text):
    foot = html.unescape(text[text.index("<footer>") :])
    for section, values in SETTINGS.items():
        assert f"<h3>{section}</h3>" in foot
        for key, value in values.items():
            assert f"<dt>{key}</dt><dd>{value}</dd>" in foot
    assert re.search(r"torch \d", foot)


def test_page_is_the_same_each_time(text):
    assert page_html(small_page()) == text


@pytest.mark.parametrize("absent", ["agreement", "localization", "representation"])
def test_page_says_what_is_absent(absent):
    page = whole_page(small_parts() | {absent: None}, facts={"data set": "small"}, settings={})
    assert f"There are no results of {absent} for this split." in page_html(page)


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def open_page(chromium, tmp_path_factory):
    """Opens a page's text in a browser; what it asks for and complains of is kept."""

    def opened(text, **context):
        file = tmp_path_factory.mktemp("page") / "report.html"
        file.write_text(text)
        page = chromium.new_context(viewport={"width": 1200, "height": 900}, **context).new_page()
        page.set_default_timeout(120_000)
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto(file.as_uri())
        page.wait_for_selector("body[data-ready]")
        return page

    return opened


@pytest.fixture(scope="module")
def page(open_page, text):
    return open_page(text)


POINTS = "[data-chart=images] path[aria-roledescription=point]"


def tiles(page):
    return [int(tile.get_attribute("data-row")) for tile in page.locator("#gallery .tile").all()]


RED = """
canvas => {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let red = '';
  for (let at = 0; at < data.length; at += 4) red += String.fromCharCode(data[at]);
  return [canvas.width, btoa(red)];
}
"""


def pixels(page, selector):
    """Grey values of a canvas, (H, W), as it is drawn."""
    side, values = page.locator(selector).evaluate(RED)
    return np.frombuffer(base64.b64decode(values), np.uint8).reshape(side, side).astype(int)


@in_browser
def test_nothing_is_asked_for_and_nothing_complained_of(page):
    assert not [url for url in page.asked if not url.startswith(("file:", "data:", "blob:"))]
    assert len([url for url in page.asked if url.startswith("file:")]) == 1
    assert page.said == []


@in_browser
def test_every_row_is_a_point_and_a_tile(page):
    assert page.locator(POINTS).count() == COUNT
    assert sorted(tiles(page)) == list(range(COUNT))
    assert page.locator("#novelty-list .tile").count() == 6


@in_browser
def test_curves_have_their_chance_level_and_the_marked_k(page):
    assert page.locator("[data-chart=by_k] .mark-rule.role-mark line").count() == 1
    lines = ".mark-line.role-mark path"
    assert page.locator(f"[data-chart=by_k] {lines}").count() == 3
    assert page.locator(f"[data-chart=roc_scores] {lines}").count() == 3 + 1
    assert page.locator(f"[data-chart=roc_forests] {lines}").count() == 2 + 1


@in_browser
@pytest.mark.parametrize("row", [0, 4, 11])
def test_hovering_shows_the_image_of_the_point(page, row):
    page.locator(POINTS).nth(row).hover()
    page.wait_for_selector(f"#card[data-row='{row}']:not([hidden])")
    pictures, reconstructions, _ = images()
    shown = pixels(page, "#card [data-picture=input]")
    np.testing.assert_array_equal(shown[::2, ::2], pictures[row, 0])
    shown = pixels(page, "#card [data-picture=reconstruction]")
    np.testing.assert_array_equal(shown[::2, ::2], np.round(255 * reconstructions[row, 0]))
    page.mouse.move(2, 2)
    page.wait_for_selector("#card", state="hidden")


@in_browser
def test_dragging_lists_what_lies_inside(page):
    boxes = [point.bounding_box() for point in page.locator(POINTS).all()]
    centers = np.array([(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2) for b in boxes])
    middle = np.sort(centers[:, 0])[5:7].mean()
    top, bottom = centers[:, 1].min() - 5, centers[:, 1].max() + 5
    page.mouse.move(middle, top)
    page.mouse.down()
    page.mouse.move(centers[:, 0].max() + 4, bottom, steps=5)
    page.mouse.up()
    inside = np.flatnonzero(centers[:, 0] > middle).tolist()
    page.wait_for_function("document.getElementById('selected').textContent.startsWith('Sel')")
    assert sorted(tiles(page)) == inside
    page.locator("#clear").click()
    assert len(tiles(page)) == COUNT


@in_browser
def test_ends_that_are_typed_list_what_lies_between_them(page):
    table = per_image()
    low = table["reconstruction_loss"].median()
    least, most = (page.locator("#ranges [data-column=score] input").nth(end) for end in (0, 1))
    least.fill(str(low))
    expected = table["row"][table["reconstruction_loss"] >= low].tolist()
    assert sorted(tiles(page)) == expected
    page.locator("#ranges [data-column=agreement] input").nth(1).fill("2")
    few = table["row"][(table["reconstruction_loss"] >= low) & (table["agreement"] <= 2)].tolist()
    assert sorted(tiles(page)) == few != expected
    assert page.locator("#selected").text_content().startswith(f"Selected: {len(few)} images")
    most.fill("0")
    assert tiles(page) == []
    page.locator("#clear").click()
    assert len(tiles(page)) == COUNT
    assert least.input_value() == ""


@in_browser
def test_dragging_takes_the_place_of_ends_that_are_typed_and_they_of_it(page):
    ends = page.locator("#ranges [data-column=agreement] input")
    ends.nth(0).fill("4")
    box = page.locator("[data-chart=images] svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 90, box["y"] + 300, steps=5)
    page.mouse.up()
    page.wait_for_function("[...document.querySelectorAll('#ranges input')].every((i) => !i.value)")
    dragged = tiles(page)
    ends.nth(0).fill("4")
    table = per_image()
    assert sorted(tiles(page)) == table["row"][table["agreement"] >= 4].tolist() != dragged
    assert ends.nth(0).input_value() == "4"
    page.locator("#clear").click()


@in_browser
def test_images_are_sorted_by_what_is_asked_for(page):
    table = per_image()
    for value, column, rising in (
        ("score", "reconstruction_loss", False),
        ("score-up", "reconstruction_loss", True),
        ("distance", "max_distance_saliency_to_error", False),
    ):
        page.locator("#sort").select_option(value)
        order = table.sort_values(column, ascending=rising, kind="stable")["row"].tolist()
        assert tiles(page) == order
    page.locator("#sort").select_option("agreement")
    assert table["agreement"].iloc[tiles(page)].is_monotonic_increasing
    page.locator("#kind").select_option("novel")
    assert sorted(tiles(page)) == table[table["novel"] == 1]["row"].tolist()
    page.locator("#kind").select_option("")


@in_browser
def test_keyboard_opens_and_closes_the_card(page):
    tile = page.locator("#gallery .tile").first
    tile.focus()
    page.wait_for_selector(f"#card[data-row='{tile.get_attribute('data-row')}']:not([hidden])")
    page.keyboard.press("Escape")
    page.wait_for_selector("#card", state="hidden")


@in_browser
@pytest.mark.parametrize("step", [0, 20, 55, 63])
def test_slider_moves_what_a_map_marks(page, step):
    page.locator("#novelty-list [data-row='2']").click()
    page.locator("#left-map").select_option(label="saliency")
    page.locator("#threshold").fill(str(step))
    steps = quantile_steps(planted_maps()["saliency"])[0][2]
    marked = steps >= step
    assert page.locator("#novelty-left").get_attribute("data-marked") == str(marked.sum())
    found = round(100 * (marked & planted().mask[2]).sum() / 4)
    assert f"finds {found}% of the novelty" in page.locator("#left-says").text_content()


@in_browser
def test_two_maps_are_those_that_are_chosen(page):
    page.locator("#novelty-list [data-row='1']").click()
    page.locator("#threshold").fill("63")
    for label, name in (("recon. error", "reconstruction_error"), ("saliency", "saliency")):
        page.locator("#right-map").select_option(label=label)
        marked = quantile_steps(planted_maps()[name])[0][1] >= 63
        assert page.locator("#novelty-right").get_attribute("data-marked") == str(marked.sum())
    shown = pixels(page, "#novelty-image")
    scale = len(shown) // SIDE
    middle = shown[scale // 2 :: scale, scale // 2 :: scale]
    np.testing.assert_array_equal(middle, planted().after[1, 0])


@in_browser
def test_novelties_that_are_drawn_are_those_that_are_shown(open_page, monkeypatch):
    monkeypatch.setattr(novelties, "NOVELTIES", 4)
    small = small_page()
    rows = [row["row"] for row in small.novelties["rows"]]
    assert rows != list(range(4))  # so that the number of an image is not its place
    text = page_html(small)
    assert "4 of 6 images with a novelty are drawn" in text
    page = open_page(text)
    assert page.locator("#novelty-list .tile").count() == 4
    page.locator("#left-map").select_option(label="saliency")
    page.locator("#threshold").fill("40")
    steps = quantile_steps(planted_maps()["saliency"][rows])[0]
    for place, row in enumerate(rows):
        page.locator(f"#novelty-list [data-row='{row}']").click()
        assert page.locator("#novelty-name").text_content().startswith(f"Image {row}:")
        shown = pixels(page, "#novelty-image")
        scale = len(shown) // SIDE
        middle = shown[scale // 2 :: scale, scale // 2 :: scale]
        np.testing.assert_array_equal(middle, planted().after[row, 0])
        marked = str((steps[place] >= 40).sum())
        assert page.locator("#novelty-left").get_attribute("data-marked") == marked


@in_browser
def test_what_a_map_misses_comes_first(page):
    page.locator("#left-map").select_option(label="saliency")
    page.locator("#novelty-sort").select_option("left")
    shown = [tile.get_attribute("data-row") for tile in page.locator("#novelty-list .tile").all()]
    rows = small_page().novelties["rows"]
    precision = [rows[int(row)]["found"]["saliency"] for row in shown]
    assert precision == sorted(precision)
    said = page.locator("#novelty-list .tile span").all_text_contents()
    assert [float(words.removeprefix("AP ")) for words in said] == pytest.approx(
        precision, abs=5e-3
    )
    page.locator("#novelty-sort").select_option("row")


def sorted_by_head(page, table, head, column):
    """Texts of a column after its head is clicked once, and once more."""
    cells = f"#{table} tbody td:nth-child({column})"
    orders = []
    for direction in ("asc", "desc"):
        page.locator(f"#{table} thead th", has_text=head).first.click()
        page.wait_for_selector(f"#{table} thead th:nth-child({column}).dt-ordering-{direction}")
        page.wait_for_selector(f"{cells}.sorting_1")
        orders.append([text.split()[0] for text in page.locator(cells).all_text_contents()])
    return orders


@in_browser
def test_table_is_sorted_by_its_head(page):
    rising, falling = (
        [float(text) for text in order] for order in sorted_by_head(page, "detectors", "AUROC", 4)
    )
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    assert rising != falling


@in_browser
def test_undefined_numbers_are_sorted_last_in_both_directions(open_page):
    table = localization({"reconstruction_error": 0.4, "saliency": 0.35, "uniform": 0.1})
    table.loc[table["method"] == "saliency", "average_precision"] = np.nan
    part = localization_part(table, found(), planted(), planted_maps(), colormap="gray", seed=0)
    page = open_page(
        page_html(whole_page({"localization": part}, facts={"data set": "s"}, settings={}))
    )
    orders = sorted_by_head(page, "maps", "average precision", 3)
    assert orders == [["0.100", "0.400", "–"], ["0.400", "0.100", "–"]]


@in_browser
def test_narrow_page_in_the_dark_is_no_wider_than_its_window(open_page, text):
    page = open_page(text, color_scheme="dark")
    assert "dark" in page.locator("html").get_attribute("class")
    page.set_viewport_size({"width": 360, "height": 700})
    page.wait_for_function("document.documentElement.scrollWidth <= 360")  # once it is laid out
    assert page.said == []


@in_browser
@pytest.mark.parametrize("absent", ["agreement", "localization", "representation"])
def test_page_of_two_questions_works(open_page, absent):
    parts = small_parts(channels=3) | {absent: None}
    page = open_page(page_html(whole_page(parts, facts={"data set": "s"}, settings={})))
    assert page.said == []
    assert page.locator(POINTS).count() == (0 if absent == "agreement" else COUNT)


@pytest.fixture(scope="module")
def compared(open_page):
    return open_page(page_html(compared_page()))


@in_browser
def test_chosen_image_is_shown_under_each_run(compared):
    compared.locator("#compared-list [data-row='40']").click()
    assert "Image 40" in compared.locator("#compared-name").text_content()
    shown = pixels(compared, "#compared-input")
    scale = len(shown) // SIDE
    np.testing.assert_array_equal(shown[::scale, ::scale], pictures(0)[0][4, 0])
    runs = compared.locator("#compared-runs .run")
    assert [run.get_attribute("data-run") for run in runs.all()] == RUN_SETTINGS["run"].tolist()
    for seed, name in enumerate(RUN_SETTINGS["run"]):
        shown = pixels(compared, f"[data-run='{name}'] [data-picture=reconstruction]")
        expected = np.round(255 * pictures(seed)[1][4, 0])
        np.testing.assert_array_equal(shown[::scale, ::scale], expected)
        said = runs.nth(seed).locator("p").text_content()
        assert f"agreement {numbers(seed)['agreement'][4]}" in said


@in_browser
def test_images_that_runs_differ_in_come_first(compared):
    compared.locator("#compared-sort").select_option("differs_score")
    differs = np.ptp([numbers(seed)["score"] for seed in range(3)], axis=0)
    shown = compared.locator("#compared-list .tile").all()
    order = [int(tile.get_attribute("data-row")) // 10 for tile in shown]
    assert order == np.argsort(-differs).tolist()
    assert shown[0].get_attribute("aria-pressed") == "true"
    compared.locator("#compared-sort").select_option("row")


@in_browser
def test_compared_page_asks_for_nothing_and_fits_a_narrow_window(compared):
    assert not [url for url in compared.asked if not url.startswith(("file:", "data:", "blob:"))]
    assert compared.said == []
    compared.set_viewport_size({"width": 360, "height": 700})
    compared.wait_for_function("document.documentElement.scrollWidth <= 360")
    compared.set_viewport_size({"width": 1200, "height": 900})


@in_browser
def test_novelty_is_outlined_under_each_run(open_page):
    masks = np.zeros((6, SIDE, SIDE), np.bool_)
    masks[:, 2:6, 2:6] = True
    page = open_page(page_html(compared_page(masks=masks)))
    assert page.said == []
    page.locator("#compared-list [data-row='0']").click()
    for selector in ("#compared-input", "[data-run='a-2'] [data-picture=saliency]"):
        shown = pixels(page, selector)
        scale = len(shown) // SIDE
        assert (shown[2 * scale, 3 * scale : 5 * scale] > 250).all()


@in_browser
def test_scored_photos_are_points_and_tiles_with_their_maps(open_page):
    page = open_page(page_html(small_scored()))
    assert page.said == []
    assert page.locator(POINTS).count() == 6
    order = scores()["novelty_score"].sort_values(ascending=False).index.tolist()
    assert tiles(page) == order
    page.locator("#gallery [data-row='2']").focus()
    page.wait_for_selector("#card[data-row='2']:not([hidden])")
    plain, over = photos()
    for name, pixel in (("input", plain[2, 0, 0, 0]), ("patchcore", over[2, 0, 0, 0])):
        assert abs(pixels(page, f"#card [data-picture={name}]") - pixel).max() <= 3  # JPEG
    assert "p 0.9" in page.locator("#card").text_content()
    page.locator("#ranges [data-column=p] input").nth(1).fill("0.02")
    assert tiles(page) == [1, 4]
