"""Memory of every stage on generated images: `python -m benchmarks.memory 10000 28`.

A folder of images in five classes is made, grey or with --colour in colour, and the pipeline's
stages run on it one after the other, each in a process of its own, with one short training of each
kind. What a process holds for itself (RssAnon in /proc) is looked at a hundred times a second; the
pages of mapped files, which the system takes back when it needs them, are not in it.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
CLASSES = 5
SHORT: dict[str, dict[str, Any]] = {
    "split": {"normal_classes": [0, 1, 2]},
    "train": {"epochs": 1, "keep_epochs": []},
    "plant": {"sizes": [0.3], "intensities": [1.0]},
    "localization": {
        "methods": ["reconstruction_error", "absolute_error", "saliency", "sobel", "mask"],
        "blurs": [0, 1],
    },
    "faithfulness": {"methods": ["reconstruction_error", "saliency"], "steps": 2, "draws": 2},
    "classifier": {"epochs": 1, "variants": {"nominal": {"objective": "nominal"}}},
    "representation": {"trees": 10, "labelled_anomalies": [25]},
}


def make_images(folder: Path, count: int, size: int, *, colour: bool) -> None:
    """Write images of a few blobs each, the classes differing in their number."""
    generator = np.random.default_rng(0)
    rows, columns = np.indices((size, size)) / size
    for number in range(count):
        label = number % CLASSES
        image = np.zeros((size, size, 3 if colour else 1))
        for _ in range(label + 1):
            place, shade = generator.random(2), generator.random(image.shape[2])
            squared = (rows - place[0]) ** 2 + (columns - place[1]) ** 2
            image += (squared < 0.02)[..., None] * shade
        path = folder / "train" / str(label) / f"{number:06}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = (image.clip(0, 1) * 255).astype(np.uint8)
        Image.fromarray(pixels if colour else pixels[..., 0]).save(path, compress_level=1)


def peak_of(command: list[str], folder: Path) -> tuple[float, float]:
    """Run a command; its own memory at most, in MiB, and the seconds of processors it took."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache")}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        status, peak = Path(f"/proc/{process.pid}/status"), 0
        while True:
            done, code, used = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            for line in status.read_text().splitlines():
                if line.startswith("RssAnon:"):
                    peak = max(peak, int(line.split()[1]))
            time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode:
        raise SystemExit((folder / "log").read_text()[-2000:])
    return peak / 1024, used.ru_utime + used.ru_stime


def stages() -> list[list[str]]:
    """The command of each stage of dvc.yaml, in its order."""
    entries = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"].values()
    commands = [entry.get("do", entry)["cmd"].replace("${key}", "nominal") for entry in entries]
    return [command.split() for command in commands]


def main(
    images: int,
    size: int,
    colour: Annotated[bool, typer.Option(help="Three channels.")] = False,
    batch_size: Annotated[int, typer.Option(help="Images of a training batch.")] = 64,
    pixels: Annotated[bool, typer.Option(help="Examine the raw pixels as well.")] = True,
    only: Annotated[str, typer.Option(help="Stages to run, separated by commas.")] = "",
    folder: Annotated[Path | None, typer.Option(help="Kept, and taken as it is.")] = None,
) -> None:
    """Print the peak of each stage."""
    with tempfile.TemporaryDirectory(dir=".") as temporary:
        place = (folder or Path(temporary)).resolve()
        if not (place / "params.yaml").exists():
            make_images(place / "images", images, size, colour=colour)
        yaml = YAML()
        params = yaml.load(ROOT / "params.yaml")
        params["data"] |= {"name": "folder", "path": str(place / "images"), "image_size": size}
        for section, values in SHORT.items():
            params[section] |= values
        for section in ("train", "classifier"):
            params[section]["batch_size"] = batch_size
        others = ["autoencoder", "untrained"]
        params["representation"]["others"] = others + ["raw_pixels"] * pixels
        yaml.dump(params, place / "params.yaml")
        for command in stages():
            name = command[2].removeprefix("stages.")
            if only and name not in only.split(","):
                continue
            peak, seconds = peak_of([sys.executable, *command[1:]], place)
            print(f"{name:28}{peak:8.0f} MiB{seconds:8.1f} s", flush=True)


if __name__ == "__main__":
    typer.run(main)
