"""Strategies of hypothesis for maps."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 6))
# Few different values, so that maps are full of ties; and any value of moderate size.
TIED = st.sampled_from([-2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0])
MODERATE = st.floats(-1e6, 1e6, width=32)


@st.composite
def map_sets(draw, number=1, elements=None):
    """So many arrays of maps (N, H, W), float32, of one shape."""
    shape = draw(SHAPES)
    elements = draw(st.sampled_from([TIED, MODERATE])) if elements is None else elements
    return [draw(hnp.arrays(np.float32, shape, elements=elements)) for _ in range(number)]
