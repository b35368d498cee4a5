"""What is written is written whole, what is read is checked and never executed."""

import json
import math
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch

from stages.lib import artifacts
from stages.lib.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
matplotlib.use("Agg")


class RunsOnLoad:
    """Unpickling this makes a file: the mark that code was executed."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (os.mkdir, (str(self.marker),))


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


# Writing whole or not at all


def write_and_fail(path: Path, failure: BaseException) -> None:
    with artifacts.atomic_write(path) as file:
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
    with artifacts.atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == {"file.txt"}


def test_missing_folders_are_made_and_the_file_is_readable_by_others(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file.txt"
    artifacts.write_text(path, "größer\n")
    assert path.read_bytes() == "größer\n".encode()
    assert path.stat().st_mode & 0o777 == 0o644


def test_replaced_link_target_is_left_alone(tmp_path: Path) -> None:
    # DVC may link a workspace file to its cache: writing through the link would damage the cache.
    cached, path = tmp_path / "cached", tmp_path / "file.txt"
    cached.write_bytes(b"cached")
    path.hardlink_to(cached)
    artifacts.write_text(path, "new")
    assert cached.read_bytes() == b"cached"
    assert path.read_bytes() == b"new"


def test_folder_that_is_a_file_is_an_os_error_that_names_the_path(tmp_path: Path) -> None:
    (tmp_path / "folder").write_bytes(b"I am a file")
    path = tmp_path / "folder" / "file.txt"
    with pytest.raises(OSError) as caught:
        artifacts.write_text(path, "text")
    assert caught.value.filename == str(path)
    assert caught.value.filename2 is None
    assert (tmp_path / "folder").read_bytes() == b"I am a file"


def test_target_that_is_a_folder_is_an_os_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.mkdir()
    with pytest.raises(OSError) as caught:
        artifacts.write_text(path, "text")
    assert caught.value.filename == str(path)
    assert names(tmp_path) == {"file.txt"}


WRITERS = {
    "array": "artifacts.write_array(path, np.zeros(100_000))",
    "stream": """
with artifacts.stream_array(path, (100, 1000), np.float64) as stream:
    for _ in range(100):
        stream.append(np.zeros((1, 1000)))
""",
    "text": "artifacts.write_text(path, 'x' * 100_000)",
    "table": "artifacts.write_table(path, pd.DataFrame({'a': np.arange(100_000)}))",
    "torch": "artifacts.write_torch(path, {'a': torch.zeros(100_000)})",
    "figure": """
import matplotlib.figure
figure = matplotlib.figure.Figure()
figure.figimage(np.random.default_rng(0).random((480, 640)))
artifacts.write_figure(path, figure, dpi=100)
""",
}

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np, pandas as pd, torch
from stages.lib import artifacts
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
folder = Path(sys.argv[1])
for name in sys.argv[2:]:
    path = folder / name
    try:
        exec(WRITERS[name])
        print(name, "no error")
    except OSError as error:
        print(name, "OSError", error.filename == str(path), error.strerror, sep="|")
    except Exception as error:
        print(name, repr(error), sep="|")
"""


@pytest.fixture(scope="module")
def full_disk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder and what each writer said when the disk would not take its file."""
    folder = tmp_path_factory.mktemp("full")
    for name in WRITERS:
        (folder / name).write_bytes(b"old")
    result = subprocess.run(
        [sys.executable, "-c", f"WRITERS = {WRITERS!r}\n{FULL_DISK}", str(folder), *WRITERS],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return folder, dict(line.split("|", 1) for line in result.stdout.splitlines() if "|" in line)


@pytest.mark.parametrize(
    "writer",
    [
        "array",
        "stream",
        "text",
        "table",
        "torch",
        "figure",
    ],
)
def test_full_disk_is_an_os_error_that_names_path_and_reason(
    full_disk: tuple[Path, dict[str, str]], writer: str
) -> None:
    assert full_disk[1].get(writer) == "OSError|True|File too large"


@pytest.mark.parametrize("writer", WRITERS)
def test_full_disk_leaves_the_old_file(full_disk: tuple[Path, dict[str, str]], writer: str) -> None:
    assert (full_disk[0] / writer).read_bytes() == b"old"


def test_full_disk_leaves_no_temporary_file(full_disk: tuple[Path, dict[str, str]]) -> None:
    assert names(full_disk[0]) == set(WRITERS)


# Arrays


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64])
def test_array_is_read_as_it_was_written(tmp_path: Path, dtype: type[np.generic]) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    artifacts.write_array(tmp_path / "a.npy", array)
    read = artifacts.read_array(tmp_path / "a.npy", shape=(2, 3, 4), dtype=dtype, made_by="maps")
    np.testing.assert_array_equal(read, array)
    assert read.dtype == array.dtype


def test_read_array_is_on_disk_and_cannot_be_written(tmp_path: Path) -> None:
    artifacts.write_array(tmp_path / "a.npy", np.zeros((2, 3)))
    read = artifacts.read_array(
        tmp_path / "a.npy", shape=(None, 3), dtype=np.float64, made_by="maps"
    )
    assert isinstance(read, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        read[0, 0] = 1


@pytest.mark.parametrize("sizes", [[5], [2, 3], [1, 1, 1, 1, 1], [5, 0], [0, 5]])
def test_streamed_array_has_the_bytes_of_a_saved_one(tmp_path: Path, sizes: list[int]) -> None:
    array = np.random.default_rng(0).random((5, 3, 2), np.float32)
    with artifacts.stream_array(tmp_path / "a.npy", array.shape, np.float32) as stream:
        for batch in np.split(array, np.cumsum(sizes)[:-1]):
            stream.append(batch)
    np.save(tmp_path / "b.npy", array)
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()


def test_streamed_batch_may_lie_anyhow_in_memory(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.float32).reshape(4, 3, 2)
    with artifacts.stream_array(tmp_path / "a.npy", array.shape, np.float32) as stream:
        stream.append(np.asfortranarray(array[:2]))
        stream.append(array[::-1][:2][::-1])
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), array)


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        (np.zeros((2, 3), np.float32), r"2 rows were written, 3 announced"),
        (np.zeros((4, 3), np.float32), r"4 rows were written, 3 announced"),
        (np.zeros((3, 4), np.float32), r"\(4,\) does not fit an array of float32 \(3,\)"),
        (np.zeros((3, 3, 1), np.float32), r"does not fit an array of float32 \(3,\)"),
        (np.zeros((3, 3), np.float64), r"float64 \(3,\) does not fit an array of float32"),
    ],
)
def test_streamed_batch_that_does_not_fit_is_an_error_and_nothing_is_written(
    tmp_path: Path, batch: Any, said: str
) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(b"old")
    with (
        pytest.raises(ValueError, match=said),
        artifacts.stream_array(path, (3, 3), np.float32) as stream,
    ):
        stream.append(batch)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {"a.npy"}


def missing(path: Path) -> None:
    assert not path.exists()


def truncated(path: Path) -> None:
    np.save(path, np.zeros((10, 10), np.float32))
    path.write_bytes(path.read_bytes()[:-1])


def truncated_in_the_header(path: Path) -> None:
    np.save(path, np.zeros((10, 10), np.float32))
    path.write_bytes(path.read_bytes()[:40])


def no_npy(path: Path) -> None:
    path.write_bytes(b"these are not the bytes of an array")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zip_of_arrays(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=np.zeros((10, 10), np.float32))


def broken_zip(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 and then nothing")


def too_many_axes(path: Path) -> None:
    np.save(path, np.zeros((10, 10, 1), np.float32))


def double_precision(path: Path) -> None:
    np.save(path, np.zeros((10, 10), np.float64))


def other_byte_order(path: Path) -> None:
    np.save(path, np.zeros((10, 10), ">f4"))


def pickled_objects(path: Path) -> None:
    content = np.array([[RunsOnLoad(path.parent / "marker")]], dtype=object)
    np.save(path, content, allow_pickle=True)


def bare_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(RunsOnLoad(path.parent / "marker"), protocol=2))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (missing, "does not exist"),
        (truncated, "is truncated or not a .npy file"),
        (truncated_in_the_header, "is truncated or not a .npy file"),
        (no_npy, "is truncated or not a .npy file"),
        (empty, "is truncated or not a .npy file"),
        (zip_of_arrays, "is an archive, not a .npy file"),
        (broken_zip, "is truncated or not a .npy file"),
        (too_many_axes, "holds float32 10×10×1, not float32 any×10"),
        (double_precision, "holds float64 10×10, not float32 any×10"),
        (other_byte_order, "holds >f4 10×10, not float32 any×10"),
        (pickled_objects, "is truncated or not a .npy file"),
        (bare_pickle, "is truncated or not a .npy file"),
    ],
)
def test_unusable_array_is_an_error_that_names_file_and_stage(
    tmp_path: Path, damage: Callable[[Path], None], said: str
) -> None:
    path = tmp_path / "a.npy"
    damage(path)
    with pytest.raises(InputError) as caught:
        artifacts.read_array(path, shape=(None, 10), dtype=np.float32, made_by="maps")
    assert str(caught.value).startswith(f"{path} {said}")
    assert str(caught.value).endswith("make it again with `python -m stages.maps`")
    assert not (tmp_path / "marker").exists()


def test_marker_shows_that_code_was_executed(tmp_path: Path) -> None:
    # Without this the tests that look for the marker could not fail.
    pickled_objects(tmp_path / "a.npy")
    np.load(tmp_path / "a.npy", allow_pickle=True)
    assert (tmp_path / "marker").exists()


@pytest.mark.parametrize("rows", [0, 4, 6])
def test_wrong_number_of_rows_is_an_error_that_names_both_shapes(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "a.npy"
    artifacts.write_array(path, np.zeros((rows, 2)))
    with pytest.raises(InputError) as caught:
        artifacts.read_array(path, shape=(5, 2), dtype=np.float64, made_by="maps")
    assert str(caught.value).startswith(f"{path} holds float64 {rows}×2, not float64 5×2")


# JSON


def test_json_holds_null_for_what_is_not_finite_and_plain_numbers_for_numpys(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    artifacts.write_json(
        path,
        {
            "nan": math.nan,
            "inf": -math.inf,
            "float32": np.float32("nan"),
            "deep": {"nan": np.float64("nan"), "one": np.float64(1)},
            "int": np.int64(3),
            "bool": np.bool_(True),
            "text": "x",
        },
    )
    assert json.loads(path.read_text(), parse_constant=pytest.fail) == {
        "nan": None,
        "inf": None,
        "float32": None,
        "deep": {"nan": None, "one": 1.0},
        "int": 3,
        "bool": True,
        "text": "x",
    }


def test_json_has_sorted_keys_whatever_their_order(tmp_path: Path) -> None:
    artifacts.write_json(tmp_path / "a.json", {"b": {"d": 1, "c": 2}, "a": 3})
    artifacts.write_json(tmp_path / "b.json", {"a": 3, "b": {"c": 2, "d": 1}})
    text = (tmp_path / "a.json").read_text()
    assert text == (tmp_path / "b.json").read_text()
    assert [word for word in text if word in "abcd"] == ["a", "b", "c", "d"]
    assert text.endswith("}\n")


def test_json_has_nine_significant_digits(tmp_path: Path) -> None:
    artifacts.write_json(tmp_path / "a.json", {"third": 1 / 3, "large": 123456789012.0, "n": 2**60})
    values = artifacts.read_json(tmp_path / "a.json", keys=[], made_by="metrics")
    assert values == {"third": 0.333333333, "large": 123456789000.0, "n": 2**60}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist"),
        (b"", "is not JSON"),
        (b'{"k": 1', "is not JSON"),
        (b"\xff\xfe\xfa", "is not JSON"),
        (b"[1, 2]", "holds no JSON object"),
        (b"null", "holds no JSON object"),
    ],
)
def test_unusable_json_is_an_error_that_names_file_and_stage(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        artifacts.read_json(path, keys=[], made_by="metrics")
    assert str(caught.value).startswith(f"{path} {said}")
    assert str(caught.value).endswith("make it again with `python -m stages.metrics`")


# Tables


def test_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "part": ["train", "None", "nan, or not"],
            "row": [0, 1, 2],
            "loss": [0.25, math.nan, 1e-30],
        }
    )
    artifacts.write_table(tmp_path / "a.csv", table)
    read = artifacts.read_table(
        tmp_path / "a.csv", columns=["part", "row", "loss"], made_by="split"
    )
    pd.testing.assert_frame_equal(read, table, check_dtype=False)
    assert read["row"].dtype == np.int64
    assert read["loss"].dtype == np.float64


def test_table_has_nine_significant_digits_and_empty_fields_for_nan(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1 / 3, math.nan, 2.0]})
    artifacts.write_table(tmp_path / "a.csv", table.assign(b=1))
    assert (tmp_path / "a.csv").read_bytes() == b"a,b\n0.333333333,1\n,1\n2,1\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist"),
        (b"", "is not a table"),
        (b"part\ntrain\n", "lacks the column row"),
        (b"\xff\xfe\xfa\x00\x81", "is not a table"),
        (b'part,row\n"train,0\n', "is not a table"),
        (b"part,row\na,1\nb,2,3,4\n", "is not a table"),
    ],
)
def test_unusable_table_is_an_error_that_names_file_and_stage(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "a.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        artifacts.read_table(path, columns=["part", "row"], made_by="split")
    assert str(caught.value).startswith(f"{path} {said}")
    assert str(caught.value).endswith("make it again with `python -m stages.split`")


# Weights


def weights() -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    return {"w": torch.randn(3, 4, generator=generator), "epoch": 3, "loss": [0.5, None]}


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    artifacts.write_torch(tmp_path / "a.pt", weights())
    read = artifacts.read_torch(tmp_path / "a.pt", remedy="train")
    assert read.keys() == weights().keys()
    assert torch.equal(read["w"], weights()["w"])
    assert read["epoch"] == 3
    assert read["loss"] == [0.5, None]


def test_same_weights_are_the_same_bytes_under_any_name(tmp_path: Path) -> None:
    artifacts.write_torch(tmp_path / "a.pt", weights())
    artifacts.write_torch(tmp_path / "other" / "name.pt", weights())
    changed = {**weights(), "epoch": 4}
    artifacts.write_torch(tmp_path / "c.pt", changed)
    content = (tmp_path / "a.pt").read_bytes()
    assert (tmp_path / "other" / "name.pt").read_bytes() == content
    assert (tmp_path / "c.pt").read_bytes() != content


def truncated_weights(path: Path) -> None:
    torch.save({"w": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:-500])


def zip_without_weights(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=np.zeros(3))


def pickle_with_code(path: Path) -> None:
    torch.save({"w": torch.zeros(3), "x": RunsOnLoad(path.parent / "marker")}, path)


def list_of_tensors(path: Path) -> None:
    torch.save([torch.zeros(3)], path)


def single_tensor(path: Path) -> None:
    torch.save(torch.zeros(3), path)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (missing, "does not exist"),
        (empty, "is damaged or holds no weights"),
        (no_npy, "is damaged or holds no weights"),
        (broken_zip, "is damaged or holds no weights"),
        pytest.param(
            truncated_weights,
            "is damaged or holds no weights",
        ),
        (zip_without_weights, "is damaged or holds no weights"),
        (bare_pickle, "is damaged or holds no weights"),
        (pickle_with_code, "is damaged or holds no weights"),
        (list_of_tensors, "holds a list, not a state dict"),
        (single_tensor, "holds a Tensor, not a state dict"),
    ],
)
def test_unusable_weights_are_an_error_that_names_file_and_remedy(
    tmp_path: Path, damage: Callable[[Path], None], said: str
) -> None:
    path = tmp_path / "a.pt"
    damage(path)
    with pytest.raises(InputError) as caught:
        artifacts.read_torch(path, remedy="train again")
    assert str(caught.value).startswith(f"{path} {said}")
    assert str(caught.value).endswith(": train again")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "marker").exists()


def test_weights_cut_anywhere_are_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    artifacts.write_torch(path, {"w": torch.zeros(10)})
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 37):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="is damaged"):
            artifacts.read_torch(path, remedy="train again")


# Figures and folders


def test_same_figure_is_the_same_bytes(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    for name in ("a.png", "b.png"):
        figure = Figure()
        figure.subplots().plot([1, 3, 2])
        artifacts.write_figure(tmp_path / name, figure, dpi=40)
    content = (tmp_path / "a.png").read_bytes()
    assert content == (tmp_path / "b.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert b"Software" not in content
    assert b"matplotlib" not in content


def test_resolution_of_a_figure_is_the_one_asked_for(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    artifacts.write_figure(tmp_path / "a.png", Figure(figsize=(2, 1)), dpi=40)
    header = (tmp_path / "a.png").read_bytes()
    assert int.from_bytes(header[16:20]) == 80
    assert int.from_bytes(header[20:24]) == 40


def test_remove_others_deletes_files_that_are_not_kept_and_no_folder(tmp_path: Path) -> None:
    for name in ("a.npy", "b.npy", "c.npy"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.npy").write_bytes(b"x")
    artifacts.remove_others(tmp_path, [tmp_path / "a.npy", tmp_path / "absent.npy"])
    assert names(tmp_path) == {"a.npy", "folder"}
    assert names(tmp_path / "folder") == {"b.npy"}


def test_digest_is_that_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert artifacts.file_digest(path, "md5") == "900150983cd24fb0d6963f7d28e17f72"
    assert artifacts.file_digest(path).startswith("ba7816bf8f01cfea414140de5dae2223")


def test_cache_folder_follows_xdg_cache_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    expected = tmp_path / "cache" / "novelty-maps" / "downloads"
    assert artifacts.cache_folder("downloads") == expected
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    expected = tmp_path / "home" / ".cache" / "novelty-maps" / "downloads"
    assert artifacts.cache_folder("downloads") == expected
