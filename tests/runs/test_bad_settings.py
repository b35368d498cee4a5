"""A setting that cannot be: one line with the value and the remedy, and nothing lost."""

import pytest
import torch

BAD_PARAMS = {
    "unknown key": ("plots", {"dpj": 40}, "plots.dpj; did you mean dpi?"),
    "wrong type": ("train", {"learning_rate": "fast"}, "train.learning_rate is 'fast'"),
    "K of 0": ("metrics", {"k": 0}, "metrics.k is 0"),
    "K above pixels": ("metrics", {"k": 65}, "64 pixels"),
    "class out of range": ("split", {"normal_classes": [0, 12]}, "split.normal_classes has 12"),
    "all classes": ("split", {"normal_classes": list(range(10))}, "nothing is novel"),
    "unknown kind of novelty": ("plant", {"kinds": ["disc", "square"]}, "did you mean disk?"),
}


@pytest.mark.parametrize(("section", "changed", "named"), BAD_PARAMS.values(), ids=BAD_PARAMS)
def test_bad_parameter_stops_the_check_with_one_line(workspace, section, changed, named):
    workspace.change(section, **changed)
    assert named in workspace.refuses("check")


def test_key_that_stands_twice_stops_the_check(workspace):
    text = (workspace / "params.yaml").read_text()
    (workspace / "params.yaml").write_text(text.replace("\n  k: 5", "\n  k: 5\n  k: 6", 1))
    assert "duplicate key" in workspace.refuses("check")


def test_misspelt_key_stops_the_stage_that_reads_its_section(workspace):
    workspace.change("plots", dpj=40)
    assert "plots.dpj" in workspace.refuses("plots")


def test_misspelt_key_is_told_by_its_misspelling(workspace):
    text = (workspace / "params.yaml").read_text()
    (workspace / "params.yaml").write_text(text.replace("  dpi: 40", "  dpj: 40"))
    assert "plots.dpj; did you mean dpi?" in workspace.refuses("check")


def test_missing_parameter_file_is_named_with_the_remedy(workspace):
    (workspace / "params.yaml").unlink()
    found = workspace.refuses("check")
    assert "params.yaml does not exist" in found
    assert "--params" in found


BAD_OPTIONS = {
    "K of 0": ("metrics", ["--k", "0"], "metrics.k is 0"),
    "K above pixels": ("metrics", ["--k", "65"], "64 pixels"),
    "class out of range": ("split", ["--normal-classes", "0,12"], "has 12"),
    "all classes": ("split", ["--normal-classes", "0,1,2,3,4,5,6,7,8,9"], "nothing is novel"),
    "classes in words": ("split", ["--normal-classes", "zero"], "'zero', which is no class; known"),
    "no room for test": (
        "split",
        ["--test-fraction", "0.001"],
        "split.test_fraction takes a share of 0.001",
    ),
    "unknown kind of novelty": (
        "localization.plant",
        ["--kinds", "square,disc"],
        "plant.kinds has 'disc', which is no kind: did you mean disk?",
    ),
    "change too small": (
        "localization.plant",
        ["--intensities", "0.01"],
        "changes fewer than 4 pixels",
    ),
    "unknown colormap": ("plots", ["--colormap", "greyish"], "'greyish'"),
    "other parameter file": ("metrics", ["--params", "other.yaml"], "other.yaml does not exist"),
}


@pytest.mark.parametrize(("name", "options", "named"), BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_bad_option_is_one_line_naming_the_value(workspace, name, options, named):
    assert named in workspace.refuses(name, *options)


def test_diverging_training_is_one_line_naming_the_learning_rate(workspace):
    assert "1e+30" in workspace.refuses("train", "--learning-rate", "1e30", bar=True)


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is available here")
def test_cuda_where_there_is_none_is_refused(workspace):
    assert "cuda" in workspace.refuses("maps", "--device", "cuda")


def test_data_folder_that_does_not_exist_is_named(workspace):
    folder = str(workspace / "nowhere")
    found = workspace.refuses("fetch", "--name", "mnist", DATASETS_ROOT=folder)
    assert "DATASETS_ROOT" in found
    assert folder in found
