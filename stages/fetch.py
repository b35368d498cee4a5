"""Stage `fetch`: a data set as uint8 arrays with labels and a record of where they come from."""

import os
from pathlib import Path
from typing import Annotated

import typer

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, ParamsFile, run


def main(
    name: Annotated[
        str | None,
        typer.Option(
            help="Data set: digits (bundled), mnist, fashion_mnist, kmnist, emnist_digits, cifar10,"
            " or folder for own images."
        ),
    ] = None,
    path: Annotated[
        str | None, typer.Option(help="Folder of own images, for --name folder; an absolute path.")
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(help="Side length in pixels that images are resized to.")
    ] = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Fetch a data set.

    The files are taken from the folder in the environment variable DATASETS_ROOT (torchvision's
    layout, MNIST/raw/... and so on) if it is set, and downloaded otherwise; digits need neither.

    A folder of own images holds train/<class>/* and, if it has an official test part,
    test/<class>/*; labels count the class names in sorted order. The layout of MVTec AD
    (train/good, test/<kind>, ground_truth) is understood too; there good is 0, and the masks are
    kept. Images that are not square lose their proportions. DVC does not look into the folder:
    after a change in it, run `dvc repro --force fetch` and then `dvc repro`. A name other than
    folder, given here, leaves the parameter file's data.path aside.
    """
    import numpy as np
    import pandas as pd

    from stages.lib import artifacts, datasets
    from stages.lib.image_folders import load_folder
    from stages.lib.params import NULL, load_params

    if path is None and name not in (None, "folder"):
        path = NULL  # that of the file is of another data set
    given = {"name": name, "path": path, "image_size": image_size}
    data = load_params(params, data=given).data
    root = os.environ.get("DATASETS_ROOT")
    if data.path is not None:
        dataset = load_folder(data.path, data.image_size)
    else:
        dataset = datasets.load_dataset(
            data.name,
            folder=Path(root) if root else None,
            download_folder=artifacts.cache_folder("downloads"),
        )
    images = datasets.resize(dataset.images, data.image_size)
    parts, counts = np.unique(dataset.official_part, return_counts=True)
    provenance = {
        "name": data.name,
        "source": dataset.source,
        "files": dataset.files,
        "classes": dataset.classes,
        "native_size": dataset.native_size,
        "image_size": data.image_size,
        "channels": images.shape[1],
        "counts": dict(zip(parts.tolist(), counts.tolist(), strict=True)),
    }
    masks = dataset.masks.reshape(-1, data.image_size, data.image_size)
    labels = pd.DataFrame(
        {
            "label": dataset.labels,
            "official_part": dataset.official_part,
            "mask": dataset.mask_rows if len(masks) else -1,
        }
    )
    with artifacts.written_together():
        artifacts.write_array(paths.RAW_IMAGES, images)
        artifacts.write_table(paths.RAW_LABELS, labels)
        artifacts.write_array(paths.RAW_MASKS, masks)
        artifacts.write_json(paths.RAW_PROVENANCE, provenance)
    print(
        f"{data.name}: {len(images)} images of {dataset.native_size}, stored as {images.shape[1:]}"
    )


if __name__ == "__main__":
    run(main)
