"""What is read is what was written, the same values are the same bytes, nothing is executed."""

import json
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch
from oracles.damaged_files import RunsOnLoad, bare_pickle, broken_zip, empty, missing, no_npy

from novelty_maps.pipeline import formats
from novelty_maps.pipeline.errors import InputError

matplotlib.use("Agg")


def test_json_holds_null_for_what_is_not_finite_and_plain_numbers_for_numpys(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    formats.write_json(
        path,
        {
            "nan": math.nan,
            "inf": -math.inf,
            "float32": np.float32("nan"),
            "deep": {"nan": np.float64("nan"), "one": np.float64(1)},
            "pair": (math.inf, [np.float32(0.5)]),
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
        "pair": [None, [0.5]],
        "int": 3,
        "bool": True,
        "text": "x",
    }


def test_json_has_sorted_keys_whatever_their_order(tmp_path: Path) -> None:
    formats.write_json(tmp_path / "a.json", {"b": {"d": 1, "c": 2}, "a": 3})
    formats.write_json(tmp_path / "b.json", {"a": 3, "b": {"c": 2, "d": 1}})
    text = (tmp_path / "a.json").read_text()
    assert text == (tmp_path / "b.json").read_text()
    assert [word for word in text if word in "abcd"] == ["a", "b", "c", "d"]
    assert text.endswith("}\n")


def test_json_has_nine_significant_digits(tmp_path: Path) -> None:
    formats.write_json(tmp_path / "a.json", {"third": 1 / 3, "large": 123456789012.0, "n": 2**60})
    values = formats.read_json(tmp_path / "a.json", keys=[], made_by="metrics")
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
        formats.read_json(path, keys=[], made_by="metrics")
    assert str(caught.value).startswith(f"{path} {said}")
    assert str(caught.value).endswith("make it again with `python -m stages.metrics`")


def test_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "part": ["train", "None", "nan, or not"],
            "row": [0, 1, 2],
            "loss": [0.25, math.nan, 1e-30],
        }
    )
    formats.write_table(tmp_path / "a.csv", table)
    read = formats.read_table(tmp_path / "a.csv", columns=["part", "row", "loss"], made_by="split")
    pd.testing.assert_frame_equal(read, table, check_dtype=False)
    assert read["row"].dtype == np.int64
    assert read["loss"].dtype == np.float64


def test_column_of_texts_is_read_as_it_was_written(tmp_path: Path) -> None:
    names = ["001", "1e3", "NA", "true", ""]
    formats.write_table(tmp_path / "a.csv", pd.DataFrame({"name": names, "row": range(5)}))
    read = formats.read_table(
        tmp_path / "a.csv", columns=["name"], integers=["row"], texts=["name"], made_by="split"
    )
    assert read["name"].tolist() == names
    assert read["row"].tolist() == list(range(5))


def test_table_has_nine_significant_digits_and_empty_fields_for_nan(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1 / 3, math.nan, 2.0]})
    formats.write_table(tmp_path / "a.csv", table.assign(b=1))
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
        formats.read_table(path, columns=["part", "row"], made_by="split")
    assert str(caught.value).startswith(f"{path} {said}")
    assert str(caught.value).endswith("make it again with `python -m stages.split`")


def weights() -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    return {"w": torch.randn(3, 4, generator=generator), "epoch": 3, "loss": [0.5, None]}


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    formats.write_torch(tmp_path / "a.pt", weights())
    read = formats.read_torch(tmp_path / "a.pt", remedy="train")
    assert read.keys() == weights().keys()
    assert torch.equal(read["w"], weights()["w"])
    assert read["epoch"] == 3
    assert read["loss"] == [0.5, None]


def test_same_weights_are_the_same_bytes_under_any_name(tmp_path: Path) -> None:
    formats.write_torch(tmp_path / "a.pt", weights())
    formats.write_torch(tmp_path / "other" / "name.pt", weights())
    changed = {**weights(), "epoch": 4}
    formats.write_torch(tmp_path / "c.pt", changed)
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


def numpy_values(path: Path) -> None:
    torch.save({"w": np.zeros(3)}, path)


def whole_network(path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), path)


def whole_network_of_an_early_pytorch(path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), path, _use_new_zipfile_serialization=False)


def script(path: Path) -> None:
    with warnings.catch_warnings(action="ignore"):
        torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))


def safetensors(path: Path) -> None:
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))


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
        (pickle_with_code, "holds Python objects, such as a whole network"),
        (numpy_values, "holds Python objects, such as a whole network or NumPy values"),
        (whole_network, "holds Python objects, such as a whole network"),
        (whole_network_of_an_early_pytorch, "holds Python objects, such as a whole network"),
        (script, "holds Python objects, such as a whole network"),
        (safetensors, "is a safetensors file: convert it"),
        (list_of_tensors, "holds a list, not a state dict"),
        (single_tensor, "holds a Tensor, not a state dict"),
    ],
)
def test_unusable_weights_are_an_error_that_names_file_and_remedy(
    tmp_path: Path, damage: Callable[[Path], None], said: str
) -> None:
    path = tmp_path / "a.pt"
    damage(path)
    with pytest.raises(InputError) as caught, warnings.catch_warnings(action="error"):
        formats.read_torch(path, remedy="train again")
    assert str(caught.value).startswith(f"{path} {said}")
    assert str(caught.value).endswith(": train again")
    assert "\n" not in str(caught.value)
    assert "weights_only" not in str(caught.value)  # which would execute what is in the file
    assert not (tmp_path / "marker").exists()


def test_weights_cut_anywhere_are_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    formats.write_torch(path, {"w": torch.zeros(10)})
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 37):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="is damaged"):
            formats.read_torch(path, remedy="train again")


def test_same_figure_is_the_same_bytes(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    for name in ("a.png", "b.png"):
        figure = Figure()
        figure.subplots().plot([1, 3, 2])
        formats.write_figure(tmp_path / name, figure, dpi=40)
    content = (tmp_path / "a.png").read_bytes()
    assert content == (tmp_path / "b.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert b"Software" not in content
    assert b"matplotlib" not in content


def test_resolution_of_a_figure_is_the_one_asked_for(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    formats.write_figure(tmp_path / "a.png", Figure(figsize=(2, 1)), dpi=40)
    header = (tmp_path / "a.png").read_bytes()
    assert int.from_bytes(header[16:20]) == 80
    assert int.from_bytes(header[20:24]) == 40


def test_nested_numbers_are_one_row_in_their_order_with_estimates_under_the_bare_key() -> None:
    numbers = {
        "k": 10,
        "normal": {"agreement": {"estimate": 3.5, "low": 3.0, "high": 4.0}, "images": 7},
        "protocol": "one_class",
        "auroc": {"estimate": None},
    }
    assert list(formats.flatten(numbers).items()) == [
        ("k", 10),
        ("normal_agreement", 3.5),
        ("normal_agreement_low", 3.0),
        ("normal_agreement_high", 4.0),
        ("normal_images", 7),
        ("auroc", None),
    ]


@pytest.mark.parametrize("text", ["1.5", "x", ""])
def test_other_values_where_integers_belong_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(f"row,part\n1,a\n{text},b\n")
    with pytest.raises(InputError, match="other values than integers in row: make it again"):
        formats.read_table(tmp_path / "a.csv", columns=[], integers=["row"], made_by="split")


def test_missing_key_of_a_json_is_named(tmp_path: Path) -> None:
    formats.write_json(tmp_path / "a.json", {"k": 1})
    with pytest.raises(InputError, match=r"a\.json lacks the key best: make it again with"):
        formats.read_json(tmp_path / "a.json", keys=["k", "best"], made_by="metrics")


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)])
def test_image_is_read_as_it_was_written(tmp_path: Path, shape: tuple[int, ...]) -> None:
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    formats.write_image(tmp_path / "a.png", pixels)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), pixels)
