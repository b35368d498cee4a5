"""Stage `check`: validate params.yaml as a whole before anything runs.

DVC deletes a stage's outputs before it runs the stage. A parameter that makes a late stage fail
would therefore cost the results that were there. This stage comes before, so that an impossible
value stops the pipeline while everything is still in place; `check_network` looks at the network
and the machine. What `survey` has found in the data set says the rest. Its output never changes, so
that no other stage reruns because of it.
"""

from typing import TYPE_CHECKING

from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import ParamsFile
from novelty_maps.pipeline.paths import PARAMS, PARAMS_CHECKED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from novelty_maps.images.survey import Survey
    from novelty_maps.params.whole import Params


def main(params: ParamsFile = PARAMS) -> None:
    """Check params.yaml: unknown and missing keys, types, impossible values, normal classes.

    No image is opened: `survey` has done that. PyTorch is left out, since a changed K or plot style
    comes here too.
    """
    from novelty_maps.images.survey import read_survey
    from novelty_maps.params.whole import load_params
    from novelty_maps.pipeline import formats

    loaded = load_params(params)
    require_possible(loaded, read_survey(loaded.data.name))
    formats.write_text(PARAMS_CHECKED, "The parameters are valid.\n")


def require_possible(params: "Params", found: "Survey | None" = None) -> None:
    """Raise InputError unless every stage can run with these parameters, as far as can be told.

    Args:
        params: The parameters.
        found: What the data set holds; without it the settings are looked at alone.
    """
    from novelty_maps.figures.colormaps import require_colormap
    from novelty_maps.images.listing import list_images
    from novelty_maps.images.splits import class_labels, require_classes
    from novelty_maps.maps.names import (
        COMPARED_MAPS,
        require_methods,
        require_of_network,
        require_planned,
    )
    from novelty_maps.params.class_names import CLASSES
    from novelty_maps.params.classifier import require_colours
    from novelty_maps.planting.ground_truth import require_masks
    from novelty_maps.planting.plant import require_kinds, require_strengths

    data = params.data
    own = None if data.path is None else list_images(data.path)
    classes = CLASSES[data.name] if own is None else own.classes
    require_classes(class_labels(params.split.normal_classes, classes), len(classes))
    require_planned(params.maps.methods, needed=COMPARED_MAPS)
    require_methods(params.localization.methods, key="localization.methods")
    require_of_network(params.faithfulness.methods, key="faithfulness.methods")
    require_colormap(params.plots.colormap)
    require_kinds(params.plant.kinds)
    require_strengths(params.plant.intensities)
    require_masks(params.plant.kinds, own is not None and any(file.mask for file in own.files))
    if found is not None:
        _require_novelties(params.plant.kinds, found)
        require_colours(params.classifier.variants, found.channels)


def _require_novelties(kinds: "Sequence[str]", found: "Survey") -> None:
    """Raise InputError unless the parts have the images that kinds of novelty are made from."""
    from novelty_maps.planting.ground_truth import GROUND_TRUTH, require_shown
    from novelty_maps.planting.plant import require_foreign

    planted = [kind for kind in kinds if kind != GROUND_TRUTH]
    for part in ("validation", "test"):
        require_foreign(planted, found.novel[part], part=part)
    if GROUND_TRUTH in kinds:
        require_shown(found.masked, planted)


if __name__ == "__main__":
    run(main)
