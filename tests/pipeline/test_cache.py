"""What outlives a run, and where."""

from pathlib import Path

import pytest

from novelty_maps.pipeline.cache import cache_folder, file_digest, refusal


def test_digest_is_that_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert file_digest(path, "md5") == "900150983cd24fb0d6963f7d28e17f72"
    assert file_digest(path).startswith("ba7816bf8f01cfea414140de5dae2223")


def test_cache_folder_follows_xdg_cache_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    expected = tmp_path / "cache" / "novelty-maps" / "downloads"
    assert cache_folder("downloads") == expected
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    expected = tmp_path / "home" / ".cache" / "novelty-maps" / "downloads"
    assert cache_folder("downloads") == expected
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder("downloads") == expected


def test_user_without_a_home_has_no_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert cache_folder("downloads") is None


def test_folder_that_can_be_written_to_is_made_and_left_empty(tmp_path: Path) -> None:
    folder = tmp_path / "a/b"
    assert refusal(folder) is None
    assert list(folder.iterdir()) == []


def test_folder_that_cannot_be_written_to_has_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "file/folder") == "Not a directory"
