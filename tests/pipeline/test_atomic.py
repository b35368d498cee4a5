"""What is written is written whole, all of it together, or not at all."""

import contextlib
import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from oracles.forked import in_fork

from novelty_maps.pipeline import arrays, atomic, formats


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def write_and_fail(path: Path, failure: BaseException) -> None:
    with atomic.atomic_write(path) as file:
        file.write(b"new")
        raise failure


@pytest.mark.parametrize("failure", [ZeroDivisionError(), SystemExit(143), KeyboardInterrupt()])
def test_failing_block_leaves_the_old_file_and_no_temporary_one(
    tmp_path: Path, failure: BaseException
) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(b"old")
    with pytest.raises(type(failure)):
        write_and_fail(path, failure)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {"file.txt"}


def test_old_file_is_there_until_the_block_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(b"old")
    with atomic.atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == {"file.txt"}


def test_missing_folders_are_made_and_the_file_is_readable_by_others(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file.txt"
    formats.write_text(path, "größer\n")
    assert path.read_bytes() == "größer\n".encode()
    assert path.stat().st_mode & 0o777 == 0o644


def test_replaced_link_target_is_left_alone(tmp_path: Path) -> None:
    # DVC may link a workspace file to its cache: writing through the link would damage the cache.
    cached, path = tmp_path / "cached", tmp_path / "file.txt"
    cached.write_bytes(b"cached")
    path.hardlink_to(cached)
    formats.write_text(path, "new")
    assert cached.read_bytes() == b"cached"
    assert path.read_bytes() == b"new"


def test_folder_that_is_a_file_is_an_os_error_that_names_the_path(tmp_path: Path) -> None:
    (tmp_path / "folder").write_bytes(b"I am a file")
    path = tmp_path / "folder" / "file.txt"
    with pytest.raises(OSError) as caught:
        formats.write_text(path, "text")
    assert caught.value.filename == str(path)
    assert caught.value.filename2 is None
    assert (tmp_path / "folder").read_bytes() == b"I am a file"


def test_target_that_is_a_folder_is_an_os_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.mkdir()
    with pytest.raises(OSError) as caught:
        formats.write_text(path, "text")
    assert caught.value.filename == str(path)
    assert names(tmp_path) == {"file.txt"}


def test_files_of_a_block_replace_their_targets_together(tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_bytes(b"old")
    with atomic.written_together():
        formats.write_text(first, "new")
        formats.write_text(second, "new")
        assert first.read_bytes() == b"old"
        assert not second.exists()
    assert first.read_bytes() == second.read_bytes() == b"new"
    assert names(tmp_path) == {"a.txt", "b.txt"}


def write_both_and_fail(first: Path, second: Path, failure: BaseException) -> None:
    with atomic.written_together():
        formats.write_text(first, "new")
        write_and_fail(second, failure)


@pytest.mark.parametrize("failure", [ZeroDivisionError(), SystemExit(143), KeyboardInterrupt()])
def test_failure_in_a_block_leaves_all_the_old_files(
    tmp_path: Path, failure: BaseException
) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_bytes(b"old")
    with pytest.raises(type(failure)):
        write_both_and_fail(first, second, failure)
    assert first.read_bytes() == b"old"
    assert names(tmp_path) == {"a.txt"}
    formats.write_text(second, "alone")  # nothing is held back any more
    assert second.read_bytes() == b"alone"


WRITERS = {
    "array": "arrays.write_array(path, np.zeros(100_000))",
    "stream": """
with arrays.stream_array(path, (100, 1000), np.float64) as stream:
    for _ in range(100):
        stream.append(np.zeros((1, 1000)))
""",
    "text": "formats.write_text(path, 'x' * 100_000)",
    "table": "formats.write_table(path, pd.DataFrame({'a': np.arange(100_000)}))",
    "torch": "formats.write_torch(path, {'a': torch.zeros(100_000)})",
    "image": """
pixels = np.random.default_rng(0).integers(0, 256, (200, 200), np.uint8)
formats.write_image(path, pixels)
""",
    "figure": """
import matplotlib.figure
figure = matplotlib.figure.Figure()
figure.figimage(np.random.default_rng(0).random((480, 640)))
formats.write_figure(path, figure, dpi=100)
""",
}


def write_on_a_full_disk(folder: Path) -> None:
    """Print what each writer says when no file may grow beyond 20,000 bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    known = {"np": np, "pd": pd, "torch": torch, "arrays": arrays, "formats": formats}
    for name, writer in WRITERS.items():
        path = folder / name
        try:
            exec(writer, {**known, "path": path})  # noqa: S102
            print(name, "no error")
        except OSError as error:
            print(name, "OSError", error.filename == str(path), error.strerror, sep="|")
        except Exception as error:
            print(name, repr(error), sep="|")


@pytest.fixture(scope="module")
def full_disk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder and what each writer said when the disk would not take its file."""
    folder = tmp_path_factory.mktemp("full")
    for name in WRITERS:
        (folder / name).write_bytes(b"old")
    done = in_fork(lambda: write_on_a_full_disk(folder))
    assert done.status == 0, done.err
    return folder, dict(line.split("|", 1) for line in done.out.splitlines() if "|" in line)


@pytest.mark.parametrize("writer", WRITERS)
def test_full_disk_is_an_os_error_that_names_path_and_reason(
    full_disk: tuple[Path, dict[str, str]], writer: str
) -> None:
    assert full_disk[1].get(writer) == "OSError|True|File too large"


@pytest.mark.parametrize("writer", WRITERS)
def test_full_disk_leaves_the_old_file(full_disk: tuple[Path, dict[str, str]], writer: str) -> None:
    assert (full_disk[0] / writer).read_bytes() == b"old"


def test_full_disk_leaves_no_temporary_file(full_disk: tuple[Path, dict[str, str]]) -> None:
    assert names(full_disk[0]) == set(WRITERS)


def test_remove_others_deletes_files_that_are_not_kept_and_no_folder(tmp_path: Path) -> None:
    for name in ("a.npy", "b.npy", "c.npy"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.npy").write_bytes(b"x")
    atomic.remove_others(tmp_path, [tmp_path / "a.npy", tmp_path / "absent.npy"])
    assert names(tmp_path) == {"a.npy", "folder"}
    assert names(tmp_path / "folder") == {"b.npy"}


def test_remove_others_makes_a_folder_that_is_not_there(tmp_path: Path) -> None:
    atomic.remove_others(tmp_path / "a" / "b", [])
    assert (tmp_path / "a" / "b").is_dir()


def write(state: str) -> AbstractContextManager[object]:
    """A write of a.txt that is left in a state."""
    if state == "writing":
        block = atomic.atomic_write(Path("a.txt"))
        block.__enter__().write(b"half")
        return block
    together = atomic.written_together()
    together.__enter__()
    formats.write_text(Path("a.txt"), "all")
    return together


@contextlib.contextmanager
def writer(folder: Path, state: str) -> Iterator[Path]:
    """The temporary file of another process that is "writing" a.txt, or has it "waiting"."""
    earlier = set(folder.glob(".a.txt.*"))
    told, tell = os.pipe()
    process = os.fork()
    if not process:
        os.chdir(folder)
        with contextlib.suppress(BaseException):
            block = write(state)
            os.write(tell, b"there")
            time.sleep(60)
            del block
        os._exit(1)
    os.close(tell)
    try:
        assert os.read(told, 5) == b"there"
        (temporary,) = set(folder.glob(".a.txt.*")) - earlier
        yield temporary
    finally:
        os.close(told)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


@pytest.mark.parametrize("state", ["writing", "waiting"])
@pytest.mark.parametrize("together", [False, True])
def test_what_a_killed_process_left_goes_with_the_next_write(
    tmp_path: Path, state: str, together: bool
) -> None:
    with writer(tmp_path, state):
        pass
    assert len(names(tmp_path)) == 1
    formats.write_text(tmp_path / "other.txt", "of another stage")
    assert len(names(tmp_path)) == 2
    with atomic.written_together() if together else contextlib.nullcontext():
        formats.write_text(tmp_path / "a.txt", "new")
        assert len(names(tmp_path)) == 2  # before the new file: the disk may be full of it
    assert names(tmp_path) == {"a.txt", "other.txt"}


@pytest.mark.parametrize("state", ["writing", "waiting"])
def test_what_a_living_process_writes_stays(tmp_path: Path, state: str) -> None:
    (tmp_path / "old.txt").touch()
    with writer(tmp_path, state) as temporary:
        formats.write_text(tmp_path / "a.txt", "new")
        assert names(tmp_path) == {"a.txt", "old.txt", temporary.name}
        atomic.remove_others(tmp_path, [tmp_path / "a.txt"])
        assert names(tmp_path) == {"a.txt", temporary.name}
    atomic.remove_others(tmp_path, [tmp_path / "a.txt"])
    assert names(tmp_path) == {"a.txt"}


def test_process_that_began_beside_another_one_keeps_its_file_when_that_is_killed(
    tmp_path: Path,
) -> None:
    with contextlib.ExitStack() as second:
        with writer(tmp_path, "writing"):
            temporary = second.enter_context(writer(tmp_path, "writing"))
        formats.write_text(tmp_path / "a.txt", "new")
        assert temporary.exists()
    formats.write_text(tmp_path / "a.txt", "new")
    assert names(tmp_path) == {"a.txt"}


def test_hidden_file_that_no_write_has_left_stays(tmp_path: Path) -> None:
    for name in (".a.txt.swp", "a.txt.k3j4h5x6.part", ".a.txt.more.k3j4h5x6.part"):
        (tmp_path / name).touch()
    before = names(tmp_path)
    formats.write_text(tmp_path / "a.txt", "new")
    assert names(tmp_path) == before | {"a.txt"}


def test_failure_that_is_caught_in_a_block_leaves_its_target(tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_bytes(b"old")
    with atomic.written_together():
        with contextlib.suppress(ZeroDivisionError):
            write_and_fail(first, ZeroDivisionError())
        formats.write_text(second, "new")
    assert first.read_bytes() == b"old"
    assert names(tmp_path) == {"a.txt", "b.txt"}


def test_target_in_a_block_that_cannot_be_replaced_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.mkdir()
    with pytest.raises(OSError) as caught, atomic.written_together():
        formats.write_text(path, "text")
    assert caught.value.filename == str(path)
    assert names(tmp_path) == {"file.txt"}
