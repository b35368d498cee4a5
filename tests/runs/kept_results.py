"""What libraries compute again and again from the same input is computed once for all forks.

DVC parses params.yaml for each stage, and dvc.lock after each, with a parser written in Python:
half of its time in a small repository. Vega's JavaScript is bundled anew for each page. Both are
functions of their arguments alone, so that their results can be kept in a folder. A fault is not
kept, so that it is told each time.
"""

import contextlib
import hashlib
import io
import os
import pickle
from pathlib import Path
from typing import Any

import vl_convert
from ruamel.yaml import YAML


def _keep(path: Path, result: Any) -> None:
    own = path.with_suffix(f".{os.getpid()}")
    own.write_bytes(pickle.dumps(result))
    own.rename(path)


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

    def load_kept(self: YAML, stream: Any) -> Any:
        if not isinstance(stream, str):
            return load(self, stream)
        path = place(self.typ, stream)
        with contextlib.suppress(FileNotFoundError):
            return pickle.loads(path.read_bytes())  # noqa: S301  # written here
        data = load(self, stream)
        _keep(path, data)
        return data

    def dump_kept(self: YAML, data: Any, stream: Any = None, **more: Any) -> None:
        if more or not isinstance(stream, io.TextIOBase):
            dump(self, data, stream, **more)
            return
        text = io.StringIO()
        dump(self, data, text)
        stream.write(text.getvalue())
        _keep(place(self.typ, text.getvalue()), data)
        with contextlib.suppress(TypeError):
            _keep(place(["safe"], text.getvalue()), _plain(data))

    YAML.load, YAML.dump = load_kept, dump_kept


def keep_bundle_of_vega(folder: Path) -> None:
    """Let the JavaScript of Vega be bundled once by all processes with this folder."""
    bundle = vl_convert.javascript_bundle
    path = folder / "vega"

    def bundle_kept() -> str:
        if not path.exists():
            _keep(path, bundle())
        kept: str = pickle.loads(path.read_bytes())  # noqa: S301  # written here
        return kept

    vl_convert.javascript_bundle = bundle_kept
