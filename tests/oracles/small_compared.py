"""A small page of three runs made by hand, and one of six photos."""

import base64
import io

import numpy as np
import pandas as pd
from PIL import Image

from novelty_maps.page.compared import ComparedPage, labels, settings_table
from novelty_maps.page.run_numbers import compared_agreement
from novelty_maps.page.same_images import Measure, same_images, shown_run, shown_size
from novelty_maps.page.scored import scored_page

COUNT, SIDE, K = 6, 8, 5
SETTINGS = pd.DataFrame(
    {"run": ["a-1", "a-2", "a-3"], "train.noise_std": [0.0, 0.0, 0.4], "train.seed": [0, 1, 0]}
)
RUNS = SETTINGS.assign(
    novel_agreement=[1.0, 2.0, 4.0],
    novel_agreement_low=[0.5, 1.5, 3.5],
    novel_agreement_high=[1.5, 2.5, 4.5],
    validation_loss=[0.1, 0.2, 0.4],
)
SUMMARY = pd.DataFrame(
    [
        (0.0, "novel_agreement", 1.5, -1.25, 4.25, 0.7, 2),
        (0.4, "novel_agreement", 4.0, 3.5, 4.5, np.nan, 1),
        (0.0, "validation_loss", 0.15, -0.5, 0.8, 0.07, 2),
        (0.4, "validation_loss", 0.4, 0.4, 0.4, np.nan, 1),
    ],
    columns=["train.noise_std", "metric", "estimate", "low", "high", "sd", "runs"],
)


def pictures(seed, *, channels=1):
    """Images, reconstructions and maps of a run."""
    generator = np.random.default_rng(seed)
    shape = (COUNT, channels, SIDE, SIDE)
    maps = {
        name: generator.random((COUNT, SIDE, SIDE), np.float32) + 0.1
        for name in ("reconstruction_error", "saliency")
    }
    return generator.integers(0, 256, shape, np.uint8), generator.random(shape, np.float32), maps


def numbers(seed):
    """A score and an agreement of every image in a run."""
    generator = np.random.default_rng(100 + seed)
    score = generator.random(COUNT)
    return pd.DataFrame({"score": score, "agreement": generator.integers(0, K, COUNT)})


def picture(sheet, place):
    """One picture of a sheet, as pixels."""
    content = base64.b64decode(sheet["uri"].partition(",")[2])
    pixels = np.asarray(Image.open(io.BytesIO(content)))
    side, columns = sheet["side"], sheet["columns"]
    top, left = place // columns * side, place % columns * side
    return pixels[top : top + side, left : left + side]


def compared_images(*, masks=None):
    """Three runs, each of its own reconstructions and maps."""
    size = shown_size(COUNT, sheets=10)
    runs = [
        shown_run(
            name,
            says,
            size=size,
            drawn=size.rows,
            numbers=numbers(seed),
            maps=pictures(seed)[2],
            reconstructions=pictures(seed)[1],
            k=K,
        )
        for seed, (name, says) in enumerate(zip(SETTINGS["run"], labels(SETTINGS), strict=True))
    ]
    kinds = np.where(np.arange(COUNT) % 2, "novel", "normal")
    return same_images(
        pd.DataFrame({"row": 10 * size.rows, "name": "class </script>", "kind": kinds}),
        pictures(0)[0],
        runs,
        [
            Measure("score", "score", "where the score differs most"),
            Measure("agreement", "agreement", "where the agreement differs most"),
        ],
        size=size,
        drawn=size.rows,
        total=COUNT,
        pictures={
            "reconstruction": "reconstruction",
            "reconstruction_error": "error",
            "saliency": "saliency",
            "top": "top K",
        },
        masks=masks,
    )


def compared_page(*, left_out=(), **changed):
    """The page of them."""
    said = compared_agreement(RUNS, SUMMARY)
    return ComparedPage(
        title="Does noise help?",
        facts={"runs": "3 runs"},
        settings=settings_table(SETTINGS),
        answers=said.answers,
        left_out=list(left_out),
        images=None if left_out else compared_images(**changed),
        tables=said.tables,
        shared={"data": {"name": "digits"}},
    )


def photos():
    """Six photos and a picture of a map over each, (16, 16, 3): smooth, as JPEG keeps them."""
    levels = np.arange(6, dtype=np.uint8) * 40 + 10
    plain = np.ones((6, 16, 16, 3), np.uint8) * levels[:, None, None, None]
    return plain, 255 - plain


def scores():
    """As scores.csv."""
    return pd.DataFrame(
        {
            "file": [f"photos/{'ab'[place % 2]}/{place}.png" for place in range(6)],
            "novelty_score": [0.3, 0.9, 0.1, 0.5, 0.7, 0.2],
            "p_value": [0.5, 0.01, 0.9, 0.05, 0.02, 0.6],
            "patchcore_marked": [0.0, 0.5, 0.0, 0.1, 0.2, 0.0],
        }
    )


def small_scored():
    """The page of them."""
    plain, over = photos()
    return scored_page(scores(), plain, {"patchcore": over})
