"""What is kept for all forks is what the libraries would have computed."""

import io
from pathlib import Path

from ruamel.yaml import YAML
from runs.kept_results import keep_texts_of_yaml

LOCK = Path(__file__).resolve().parents[2] / "dvc.lock"


def dumped(data):
    text = io.StringIO()
    YAML().dump(data, text)
    return text.getvalue()


def test_lock_file_is_written_and_read_as_by_the_parser(tmp_path, monkeypatch):
    monkeypatch.setattr(YAML, "load", YAML.load)  # both are put back after the test
    monkeypatch.setattr(YAML, "dump", YAML.dump)
    data = YAML().load(LOCK.read_text())
    expected = dumped(data)
    keep_texts_of_yaml(tmp_path)
    for _ in range(2):  # computed, then kept
        assert dumped(data) == expected
    for typ in ("rt", "safe"):
        assert YAML(typ=typ).load(expected) == data
