"""Stage `check`: validate params.yaml as a whole before anything runs.

DVC deletes a stage's outputs before it runs the stage. A parameter that makes a late stage fail
would therefore cost the results that were there. This stage comes first, so that an impossible
value stops the pipeline while everything is still in place. Its output never changes, so that no
other stage reruns because of it.
"""

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, ParamsFile, run


def main(params: ParamsFile = DEFAULT_PARAMS) -> None:
    """Check params.yaml: unknown and missing keys, types, impossible values, normal classes.

    That the network goes with the image size and code length is tried by building it. A folder of
    own images is looked through as well, without opening its files.
    """
    from stages.lib import artifacts, maps
    from stages.lib.agreement import COMPARED_MAPS
    from stages.lib.autoencoders import seeded_autoencoder
    from stages.lib.image_folders import list_images
    from stages.lib.params import CLASSES, load_params
    from stages.lib.planting import require_kinds, require_masks
    from stages.lib.splits import require_classes

    checked = load_params(params)
    data = checked.data
    own = None if data.path is None else list_images(data.path)
    classes = CLASSES[data.name] if own is None else len(own.classes)
    require_classes(checked.split.normal_classes, classes)
    maps.require_planned(checked.maps.methods, needed=COMPARED_MAPS)
    maps.require_methods(checked.localize.methods, key="localize.methods")
    maps.require_methods(checked.faithfulness.methods, key="faithfulness.methods")
    seeded_autoencoder(
        checked.train.seed,
        network=checked.train.network,
        image_shape=(1, data.image_size, data.image_size),
        code_length=checked.train.code_length,
    )
    require_kinds(checked.plant.kinds)
    require_masks(checked.plant.kinds, own is not None and any(file.mask for file in own.files))
    artifacts.write_text(paths.PARAMS_CHECKED, "The parameters are valid.\n")


if __name__ == "__main__":
    run(main)
