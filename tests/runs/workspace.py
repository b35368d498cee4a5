"""A tiny project of its own for a test: stages and DVC as a person runs them, in real processes."""

import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oracles.parameters import write_params
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
WARM_PYTHON = Path(__file__).with_name("warm_python.py")
OUTPUTS = ("data", "metrics", "plots")
VARIANTS = ("nominal", "all_classes", "hybrid")
TERMS = ["direct_term", "indirect_term"]
# Without the maps of Captum, which takes seconds to import.
LOCALIZED = ["reconstruction_error", "absolute_error", "saliency", "squared_saliency", *TERMS]
LOCALIZED += ["uniform", "sobel", "mask"]
TINY: dict[str, dict[str, Any]] = {
    "data": {"image_size": 8},
    "train": {"epochs": 2, "code_length": 4},
    "metrics": {"k": 5, "bootstrap_samples": 100},
    "plant": {
        "kinds": ["foreign_patch", "disk", "square"],
        "sizes": [0.6],
        "intensities": [1.0],
        "validation_images": 6,
        "test_images": 9,
    },
    "localization": {"methods": LOCALIZED},
    "faithfulness": {
        "methods": ["reconstruction_error", "saliency", "squared_saliency", *TERMS, "sobel"],
        "images": 4,
        "steps": 2,
        "draws": 2,
    },
    "classifier": {
        "epochs": 2,
        "variants": {
            "nominal": {"objective": "nominal"},
            "all_classes": {"objective": "all_classes"},
            "hybrid": {"objective": "hybrid", "reconstruction_weight": 0.001},
        },
    },
    "representation": {"trees": 5, "labelled_anomalies": [3]},
    "plots": {"examples": 1, "dpi": 40},
}


@functools.cache
def dvc_stages() -> dict[str, dict[str, Any]]:
    """The stages of dvc.yaml by name; one for each of several variants is what it has under do."""
    stages = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
    return {name: stage.get("do", stage) for name, stage in stages.items()}


def module_of(stage: str) -> str:
    """Name below `stages` of the module that a stage of dvc.yaml runs."""
    return dvc_stages()[stage]["cmd"].removeprefix("python -m stages.").removesuffix(" ${key}")


def outputs_of(stage: dict[str, Any], *kinds: str) -> list[str]:
    """Paths of the outputs that a stage of dvc.yaml declares, of whatever kind or of some."""
    each = kinds or ("outs", "metrics", "plots")
    declared = [out for kind in each for out in stage.get(kind, [])]
    return [out if isinstance(out, str) else next(iter(out)) for out in declared]


class Workspace:
    """A folder with a params.yaml and what the stages make there.

    Attributes:
        folder: Where it lies.
        cache: What outlives a run, such as the checkpoints of trainings.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"

    @classmethod
    def tiny(cls, folder: Path) -> "Workspace":
        """A new one with the project's parameters, made small."""
        folder.mkdir(exist_ok=True)
        write_params(folder, **TINY)
        return cls(folder)

    def copied_to(self, folder: Path) -> "Workspace":
        """The same in another folder, for a test that may spoil it."""
        return type(self)(Path(shutil.copytree(self.folder, folder, symlinks=True)))

    def __truediv__(self, path: str) -> Path:
        return self.folder / path

    def environment(self, **more: str) -> dict[str, str]:
        """What processes see: a cache of their own, the project's code, one thread."""
        kept = {key: value for key, value in os.environ.items() if key != "DATASETS_ROOT"}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "XDG_CACHE_HOME": str(self.cache),
            "OMP_NUM_THREADS": "1",
            **more,
        }

    def change(self, section: str, **values: Any) -> None:
        """Set some keys of a section of params.yaml."""
        yaml = YAML()
        params = yaml.load(self / "params.yaml")
        params[section].update(values)
        yaml.dump(params, self / "params.yaml")

    def stage(
        self, name: str, *options: str, preexec: Callable[[], None] | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the command of a module below `stages`."""
        return subprocess.run(
            [sys.executable, "-S", str(WARM_PYTHON), "-m", f"stages.{name}", *options],
            cwd=self.folder,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            preexec_fn=preexec,
        )

    def run(self, *commands: str) -> subprocess.CompletedProcess[str]:
        """Run stages with options, one after another; all must end well. Returns the last."""
        for command in commands:
            done = self.stage(*command.split())
            assert done.returncode == 0, done.stderr
        return done

    def run_all(self, *, start: str = "inputs", stop: str | None = None) -> None:
        """Run the stages of dvc.yaml in its order, from one on and up to another, exclusive."""
        names = list(dvc_stages())
        for name in names[names.index(start) : stop and names.index(stop)]:
            module = module_of(name)
            each = VARIANTS if name == "representation_classify" else ("",)
            self.run(*(f"{module} {variant}" for variant in each))

    def snapshot(self, *folders: str) -> dict[str, str]:
        """Checksum of every file below the folders, all outputs by default."""
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for folder in folders or OUTPUTS
            for path in sorted((self / folder).rglob("*"))
            if path.is_file()
        }

    def refuses(self, name: str, *options: str, bar: bool = False, **more: Any) -> str:
        """The one line with which a stage refuses its input, leaving every output as it was.

        Args:
            name: The module.
            *options: Command line.
            bar: Whether a progress bar may precede the line.
            **more: As of `stage`.
        """
        before = self.snapshot()
        done = self.stage(name, *options, **more)
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr
        lines = done.stderr.splitlines()
        if bar:
            lines = [line for line in lines if line and "img/s" not in line]
        assert len(lines) == 1, done.stderr
        assert lines[0].startswith("error: ")
        assert self.snapshot() == before
        return lines[0]

    def json(self, path: str) -> dict[str, Any]:
        """A file of numbers."""
        values: dict[str, Any] = json.loads((self / path).read_text())
        return values


class Repository(Workspace):
    """A workspace that is a git repository with the pipeline in it, and has DVC."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.cache = folder.with_name(f"{folder.name}-cache")
        self.cache.mkdir(parents=True, exist_ok=True)
        (self.cache / "gitconfig").write_text("[user]\nname = Test\nemail = test@example.org\n")
        for name, arguments in (("python", ""), ("dvc", "-m dvc")):
            command = self.cache / name
            command.write_text(
                f'#!/bin/sh\nexec {sys.executable} -S {WARM_PYTHON} {arguments} "$@"\n'
            )
            command.chmod(0o755)

    @classmethod
    def tiny(cls, folder: Path) -> "Repository":
        """As of `Workspace`, with the pipeline's code; nothing is committed yet."""
        for name in ("stages", "studies", "novelty_maps"):
            ignored = shutil.ignore_patterns("*.pyc", "results")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        super().tiny(folder)
        shutil.copytree(ROOT / ".dvc/plots", folder / ".dvc/plots")
        for name in ("dvc.yaml", ".dvcignore", ".gitignore", ".dvc/config", ".dvc/.gitignore"):
            shutil.copy(ROOT / name, folder / name)
        for name in OUTPUTS:
            (folder / name).mkdir()
        repository = cls(folder)
        repository.check("git", "init", "-q")
        return repository

    def environment(self, **more: str) -> dict[str, str]:
        """As of `Workspace`, but the code is that of the folder."""
        programs = os.pathsep.join([str(self.cache), str(Path(sys.executable).parent)])
        own = {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": str(self.cache / "gitconfig"),
            "PYTHONPATH": "",
            "PYTHONDONTWRITEBYTECODE": "",
        }
        return super().environment(**own, **more)

    def command(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the folder."""
        environment = self.environment()
        found = shutil.which(program, path=environment["PATH"]) or program
        return subprocess.run(
            [found, *arguments], cwd=self.folder, env=environment, capture_output=True, text=True
        )

    def check(self, program: str, *arguments: str) -> str:
        """What a program prints that must end well."""
        result = self.command(program, *arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def reproduce(self, *options: str) -> set[str]:
        """Run `dvc repro`; the stages whose command was executed."""
        return set(self.executed(self.check("dvc", "repro", *options)))

    @staticmethod
    def executed(said: str) -> list[str]:
        """The stages that ran, by what DVC said, but the one that always does."""
        found = re.findall(r"Running stage '([\w@]+)'", said)
        return [stage for stage in found if stage != "inputs"]
