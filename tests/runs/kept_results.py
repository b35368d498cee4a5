"""What libraries compute again and again from the same input is computed once for all forks.

DVC parses params.yaml for each stage, and dvc.lock after each, with a parser written in Python:
most of its time in a small repository; to write it is as slow. Vega's JavaScript is bundled anew
for each page. Perceptrons are fitted anew to representations that did not change. All are functions
of their arguments alone, so that their results can be kept in a folder. A fault or a warning is not
kept, so that it is told each time.
"""

import contextlib
import hashlib
import io
import json
import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import vl_convert
from ruamel.yaml import YAML
from sklearn.neural_network import MLPClassifier


def _keep(path: Path, result: Any) -> None:
    own = path.with_suffix(f".{os.getpid()}")
    own.write_bytes(pickle.dumps(result))
    own.rename(path)


def _kept(path: Path) -> Any:
    return pickle.loads(path.read_bytes())  # noqa: S301  # written here


def _plain(data: Any) -> Any:
    """What a parser that keeps no comments would have read; TypeError where that is not known."""
    for kind in (bool, int, float, str):
        if isinstance(data, kind):
            return kind(data)
    if isinstance(data, dict):
        return {_plain(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_plain(value) for value in data]
    if data is None:
        return None
    raise TypeError


def keep_texts_of_yaml(folder: Path) -> None:
    """Let no YAML be parsed that a process with this folder has parsed or dumped before."""
    load, dump = YAML.load, YAML.dump

    def place(kind: list[str], text: str) -> Path:
        return folder / hashlib.sha256(f"{kind}{text}".encode()).hexdigest()

    def text_of(self: YAML, data: Any) -> str:
        if list(data) == ["schema", "stages"]:  # dvc.lock, of which each run changes one stage
            lines = [of_stage(self, name, stage) for name, stage in data["stages"].items()]
            return "".join([text_of(self, {"schema": data["schema"]}), "stages:\n", *lines])
        text = io.StringIO()
        dump(self, data, text)
        return text.getvalue()

    def of_stage(self: YAML, name: str, stage: Any) -> str:
        path = place(["lines"], json.dumps([name, stage]))
        if not path.exists():
            _keep(path, text_of(self, {"stages": {name: stage}}).partition("\n")[2])
        lines: str = _kept(path)
        return lines

    def load_kept(self: YAML, stream: Any) -> Any:
        if not isinstance(stream, str):
            return load(self, stream)
        path = place(self.typ, stream)
        with contextlib.suppress(FileNotFoundError):
            return _kept(path)
        data = load(self, stream)
        _keep(path, data)
        return data

    def dump_kept(self: YAML, data: Any, stream: Any = None, **more: Any) -> None:
        if more or not isinstance(stream, io.TextIOBase):
            dump(self, data, stream, **more)
            return
        text = text_of(self, data)
        stream.write(text)
        _keep(place(self.typ, text), data)
        with contextlib.suppress(TypeError):
            _keep(place(["safe"], text), _plain(data))

    YAML.load, YAML.dump = load_kept, dump_kept


def keep_bundle_of_vega(folder: Path) -> None:
    """Let the JavaScript of Vega be bundled once by all processes with this folder."""
    bundle = vl_convert.javascript_bundle
    path = folder / "vega"

    def bundle_kept() -> str:
        if not path.exists():
            _keep(path, bundle())
        bundled: str = _kept(path)
        return bundled

    vl_convert.javascript_bundle = bundle_kept


def keep_perceptrons(folder: Path) -> None:
    """Let no perceptron be fitted twice to the same data by processes with this folder."""
    fit = MLPClassifier.fit

    def fit_kept(self: MLPClassifier, *data: Any, **more: Any) -> MLPClassifier:
        given = pickle.dumps([self.get_params(), data, more])
        path = folder / hashlib.sha256(given).hexdigest()
        with contextlib.suppress(FileNotFoundError):
            vars(self).update(_kept(path))
            return self
        with warnings.catch_warnings(record=True) as told:
            fit(self, *data, **more)
        for warning in told:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
        if not told:
            _keep(path, vars(self))
        return self

    MLPClassifier.fit = fit_kept
