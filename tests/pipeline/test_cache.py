"""What outlives a run, and where."""

from pathlib import Path

import pytest

from novelty_maps.pipeline.cache import cache_folder, file_digest


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
