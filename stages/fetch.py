"""Stage `fetch`: a data set as uint8 arrays with labels and a record of where they come from."""

from novelty_maps.params.data import DataParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections


def main(data: DataParams) -> None:
    """Fetch a data set.

    The files are taken from the folder in the environment variable DATASETS_ROOT (torchvision's
    layout, MNIST/raw/... and so on) if it is set, and downloaded otherwise; digits need neither.

    A folder of own images holds train/<class>/* and, if it has an official test part,
    test/<class>/*; labels count the class names in sorted order. The layout of MVTec AD
    (train/good, test/<kind>, ground_truth) is understood too; there good is 0, and the masks are
    kept, and so is that of VisA (Images/Normal, Images/Anomaly, Masks/Anomaly). Images that are not
    square are brought to a square as data.fit says. A name other than folder, given here,
    leaves the parameter file's data.path aside.
    """
    from novelty_maps.machine import runtime

    runtime.prepare()

    import numpy as np

    from novelty_maps.images.base import label_table, provenance
    from novelty_maps.images.datasets import load
    from novelty_maps.images.resize import resized
    from novelty_maps.pipeline import arrays, atomic, formats
    from novelty_maps.pipeline.paths import RAW_IMAGES, RAW_LABELS, RAW_MASKS, RAW_PROVENANCE

    name, size = data.name, data.image_size
    dataset = load(data)
    shape = (*dataset.images.shape[:2], size, size)
    with atomic.written_together():
        with arrays.stream_array(RAW_IMAGES, shape, np.uint8) as stream:
            for images in resized(dataset.images, (size, size)):
                stream.append(images)
        formats.write_table(RAW_LABELS, label_table(dataset))
        arrays.write_array(RAW_MASKS, dataset.masks.reshape(-1, size, size))
        formats.write_json(RAW_PROVENANCE, provenance(dataset, name=name, image_size=size))
    print(f"{name}: {shape[0]} images of {dataset.native_size}, stored as {shape[1:]}")
    print("classes:", ", ".join(f"{label} = {of}" for label, of in enumerate(dataset.classes)))


if __name__ == "__main__":
    run(from_sections(main))
