"""What the question of representation needs of a split."""

import pytest

from novelty_maps.pipeline.errors import InputError
from novelty_maps.representation.needs import require_both, require_training


def test_classifiers_need_two_training_images():
    require_training(2)
    for count in (0, 1):
        with pytest.raises(InputError, match=f"there are {count} normal training images"):
            require_training(count)


def test_oracles_need_both_kinds_of_validation_images():
    require_both(normal=1, novel=1)
    with pytest.raises(InputError, match="all 4 labelled validation images are normal"):
        require_both(normal=4, novel=0)
    with pytest.raises(InputError, match="all 3 labelled validation images are novel"):
        require_both(normal=0, novel=3)
