"""Which colour maps there are."""

import pytest

from novelty_maps.figures.colormaps import require_colormap
from novelty_maps.pipeline.errors import InputError


def test_unknown_colour_map_is_an_error_that_names_some():
    require_colormap("viridis")
    with pytest.raises(InputError, match=r"is .greyish., .* use gray, viridis, magma"):
        require_colormap("greyish")
