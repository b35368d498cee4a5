"""Stage `representation_check`: stops at a split that classifiers or oracles cannot learn from.

It comes before DVC deletes anything of this question. It is not part of `check`, because the other
two questions can be asked without novel validation images. Its output never changes.
"""

from typing import Annotated

from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads


def main(classifier: Annotated[ClassifierParams, reads("processes")]) -> None:
    """Look whether the parts have what classifiers and oracles learn from."""
    from novelty_maps.images.survey import read_survey
    from novelty_maps.pipeline import formats
    from novelty_maps.representation.files import CHECKED
    from novelty_maps.representation.needs import require_both, require_training

    found = read_survey()
    require_training(found.normal["train"], classifier.processes)
    require_both(normal=found.normal["validation"], novel=found.novel["validation"])
    formats.write_text(CHECKED, "The split has what oracles need.\n")


if __name__ == "__main__":
    run(from_sections(main))
