"""Files that the pipeline does not make itself."""

import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from novelty_maps.pipeline import outside
from novelty_maps.pipeline.outside import file_digests, outside_path, weights_digest, write_found

HOUR = 3600 * 10**9


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache; what is remembered lies in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/novelty-maps/digests"


@pytest.fixture
def later(monkeypatch):
    """An hour later, so that no file has just been changed."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + HOUR)


@pytest.fixture
def read(monkeypatch):
    """The files that are read."""
    names = []
    plain = outside.file_digest

    def noted(path):
        names.append(path.name)
        return plain(path)

    monkeypatch.setattr(outside, "file_digest", noted)
    return names


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "own"
    (place / "in").mkdir(parents=True)
    (place / "a").write_bytes(b"first")
    (place / "in/b").write_bytes(b"second")
    return place


def digests(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.name: digest for file, digest in file_digests(folder, files).items()}


def of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.usefixtures("cache", "later")
def test_file_that_looks_the_same_is_not_read_again(folder, read):
    assert digests(folder) == {"a": of(b"first"), "b": of(b"second")}
    assert read == ["a", "b"]
    assert digests(folder) == {"a": of(b"first"), "b": of(b"second")}
    assert read == ["a", "b"]
    (folder / "in/b").write_bytes(b"longer than before")
    assert digests(folder) == {"a": of(b"first"), "b": of(b"longer than before")}
    assert read == ["a", "b", "b"]


@pytest.mark.usefixtures("cache", "later")
def test_change_that_keeps_size_and_time_is_noticed(folder):
    path = folder / "a"
    status = path.stat()
    digests(folder)
    path.write_bytes(b"FIRST")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert digests(folder)["a"] == of(b"FIRST")
    (folder / "other").write_bytes(b"fIrSt")
    os.utime(folder / "other", ns=(status.st_atime_ns, status.st_mtime_ns))
    (folder / "other").replace(path)
    assert digests(folder)["a"] == of(b"fIrSt")


@pytest.mark.usefixtures("cache")
def test_file_that_has_just_been_changed_is_read_again(folder, read):
    digests(folder)
    digests(folder)
    assert read == ["a", "b"] * 2


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("content", [b"{", b"[]", b""])
def test_damaged_memory_is_forgotten(folder, cache, read, content):
    digests(folder)
    (memory,) = cache.iterdir()
    memory.write_bytes(content)
    assert digests(folder) == {"a": of(b"first"), "b": of(b"second")}
    assert json.loads(memory.read_bytes()).keys() == {"a", "in/b"}
    assert read == ["a", "b"] * 2


@pytest.mark.usefixtures("later")
def test_without_a_place_to_remember_files_are_read_each_time(folder, tmp_path, monkeypatch, read):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    for _ in range(2):
        assert digests(folder)["a"] == of(b"first")
    monkeypatch.setattr(outside, "cache_folder", lambda _: None)
    assert digests(folder)["a"] == of(b"first")
    assert read == ["a", "b"] * 3


@pytest.mark.usefixtures("cache", "later")
def test_names_that_are_no_text_are_remembered(tmp_path, read):
    folder = tmp_path / "own"
    folder.mkdir()
    path = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9"))
    path.write_bytes(b"first")
    for _ in range(2):
        assert list(file_digests(folder, [path]).values()) == [of(b"first")]
    assert len(read) == 1


@pytest.mark.usefixtures("cache")
def test_weights_are_known_by_their_content(tmp_path):
    first, second = tmp_path / "a.pt", tmp_path / "b.pt"
    for path in (first, second):
        path.write_bytes(b"weights")
    assert weights_digest(str(first)) == weights_digest(str(second)) == of(b"weights")
    second.write_bytes(b"another")
    assert weights_digest(str(second)) == of(b"another")
    assert weights_digest(None) is None
    assert weights_digest(str(tmp_path / "missing.pt")) is None
    assert weights_digest(str(tmp_path)) is None
    assert weights_digest("~nobody-of-this-name/a.pt") is None


def test_what_is_found_is_written_as_json(tmp_path):
    for digest in ("ab", None):
        write_found(tmp_path / "in/data.json", sha256=digest)
        assert json.loads((tmp_path / "in/data.json").read_text()) == {"sha256": digest}


@pytest.mark.usefixtures("cache", "later")
def test_files_beside_those_asked_for_are_remembered_until_they_are_gone(folder, cache, read):
    a, b = folder / "a", folder / "in/b"
    for asked in ([a], [b], [a], [b]):
        file_digests(folder, asked)
    assert read == ["a", "b"]
    b.unlink()
    file_digests(folder, [a])
    (memory,) = cache.iterdir()
    assert json.loads(memory.read_bytes()).keys() == {"a"}


@pytest.mark.usefixtures("cache")
def test_weights_in_a_folder_that_may_not_be_entered_cannot_be_read(tmp_path, monkeypatch):
    def forbidden(self, **_):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setenv("DATASETS_ROOT", str(tmp_path))
    monkeypatch.setattr(Path, "stat", forbidden)
    assert weights_digest("locked/a.pt") is None


def test_file_of_weights_is_found_from_home_and_below_the_root_of_data(tmp_path, monkeypatch):
    here, root = tmp_path / "here", tmp_path / "root"
    for folder in (here, root / "published"):
        folder.mkdir(parents=True)
    (root / "published/a.pt").touch()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.setenv("DATASETS_ROOT", str(root))
    assert outside_path("~/published/a.pt") == root / "published/a.pt"
    assert outside_path("published/a.pt") == root / "published/a.pt"
    assert outside_path("published/b.pt") == Path("published/b.pt")  # is named as it was given
    (here / "published").mkdir()
    (here / "published/a.pt").touch()
    assert outside_path("published/a.pt") == Path("published/a.pt")
    monkeypatch.delenv("DATASETS_ROOT")
    assert outside_path("published/c.pt") == Path("published/c.pt")
