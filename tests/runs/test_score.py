"""New images are scored with what the pipeline has trained."""

import resource

import numpy as np
import pandas as pd
import pytest
from PIL import Image


def digit_files(workspace, count=3):
    """Test images as PNG files, and their place in the test part."""
    images = np.load(workspace / "data/raw/images.npy")
    split = pd.read_csv(workspace / "data/split.csv").query("part == 'test'")
    folder = workspace / "new"
    folder.mkdir()
    for _, row in split.head(count).iterrows():
        Image.fromarray(images[row["source_row"], 0]).save(folder / f"{row['row']}.png")
    return folder


def test_new_images_have_the_scores_and_maps_that_the_pipeline_gives_them(workspace):
    folder = digit_files(workspace)
    done = workspace.stage("score", "new", "--false-positive-rate", "0.05")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(workspace / "scores/scores.csv", index_col="file")
    maps = {
        name: np.load(workspace / f"data/maps/{name}.npy")
        for name in ("reconstruction_error", "saliency")
    }
    for row, file in enumerate(sorted(folder.iterdir())):
        found = table.loc[f"new/{file.name}"]
        for name, values in maps.items():
            kept = np.load(workspace / f"scores/{file.stem}.{name}.npy")
            np.testing.assert_allclose(kept, values[row], rtol=1e-4, atol=1e-7)
            assert (workspace / f"scores/{file.stem}.{name}.png").stat().st_size > 0
            assert (workspace / f"scores/{file.stem}.{name}.mask.png").stat().st_size > 0
        expected = maps["reconstruction_error"][row].mean()
        assert found["novelty_score"] == pytest.approx(expected, rel=1e-4)
        assert 0 < found["p_value"] <= 1


def test_full_disk_leaves_earlier_scores_and_maps_as_they_were(workspace):
    digit_files(workspace, count=60)
    assert workspace.stage("score", "new").returncode == 0
    before = workspace.snapshot("scores")
    table = workspace / "scores/scores.csv"
    room = table.stat().st_size - 1  # for every map, and not for the table, which is written last
    others = [path for path in (workspace / "scores").iterdir() if path != table]
    assert max(path.stat().st_size for path in others) < room

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    done = workspace.stage("score", "new", "--false-positive-rate", "0.2", preexec=limit)
    assert done.returncode == 1
    assert "scores/scores.csv" in done.stderr
    assert workspace.snapshot("scores") == before


def test_score_refuses_what_is_no_image_and_writes_nothing(workspace):
    folder = digit_files(workspace)
    (folder / "broken.png").write_bytes(b"no image")
    message = workspace.refuses("score", "new")
    assert "new/broken.png cannot be read as an image" in message
    assert not (workspace / "scores").exists()
    assert "use reconstruction_error or saliency" in workspace.refuses(
        "score", "new", "--method", "direct_term"
    )
    assert "give a share between 0 and 1" in workspace.refuses(
        "score", "new", "--false-positive-rate", "1"
    )
    (workspace / "data/model/autoencoder.pt").unlink()
    (folder / "broken.png").unlink()
    assert "train again with" in workspace.refuses("score", "new")
