"""Stage `check`: validate params.yaml as a whole before anything runs.

DVC deletes a stage's outputs before it runs the stage. A parameter that makes a late stage fail
would therefore cost the results that were there. This stage comes first, so that an impossible
value stops the pipeline while everything is still in place. Its output never changes, so that no
other stage reruns because of it.
"""

from typing import TYPE_CHECKING

from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import ParamsFile
from novelty_maps.pipeline.paths import PARAMS, PARAMS_CHECKED

if TYPE_CHECKING:
    from novelty_maps.params.whole import Params


def main(params: ParamsFile = PARAMS) -> None:
    """Check params.yaml: unknown and missing keys, types, impossible values, normal classes.

    That the network goes with the image size and code length is tried by building it. A folder of
    own images is looked through as well, without opening its files.
    """
    from novelty_maps.params.whole import load_params
    from novelty_maps.pipeline import formats

    require_possible(load_params(params))
    formats.write_text(PARAMS_CHECKED, "The parameters are valid.\n")


def require_possible(params: "Params") -> None:
    """Raise InputError unless every stage can run with these parameters, as far as can be told."""
    from novelty_maps.autoencoders.registry import seeded_autoencoder
    from novelty_maps.images.listing import list_images
    from novelty_maps.images.splits import require_classes
    from novelty_maps.maps.methods import require_methods, require_planned
    from novelty_maps.maps.names import COMPARED_MAPS
    from novelty_maps.params.data import CLASSES
    from novelty_maps.planting.ground_truth import require_masks
    from novelty_maps.planting.plant import require_kinds

    data = params.data
    own = None if data.path is None else list_images(data.path)
    classes = CLASSES[data.name] if own is None else len(own.classes)
    require_classes(params.split.normal_classes, classes)
    require_planned(params.maps.methods, needed=COMPARED_MAPS)
    require_methods(params.localization.methods, key="localization.methods")
    require_methods(params.faithfulness.methods, key="faithfulness.methods")
    seeded_autoencoder(
        params.train.seed,
        network=params.train.network,
        image_shape=(1, data.image_size, data.image_size),
        code_length=params.train.code_length,
    )
    require_kinds(params.plant.kinds)
    require_masks(params.plant.kinds, own is not None and any(file.mask for file in own.files))


if __name__ == "__main__":
    run(main)
