"""Names in the figure of natural defects stand where they can be read."""

import itertools

import numpy as np
from matplotlib.figure import Figure

from studies.figures.natural import _label


def test_names_lie_over_no_other_name_and_no_point():
    generator = np.random.default_rng(0)
    figure = Figure(figsize=(4, 3.6), layout="constrained")
    axis = figure.subplots()
    places = [(x, y, f"map {i}") for i, (x, y) in enumerate(generator.random((12, 2)) / 3 + 0.3)]
    for x, y, _ in places:
        axis.plot(x, y, "o", ms=4)
    axis.set(xlim=(0, 1.2), ylim=(0, 1))
    _label(axis, places)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent().get_points() for text in axis.texts]
    assert sorted(text.get_text() for text in axis.texts) == sorted(name for _, _, name in places)
    for one, other in itertools.combinations(boxes, 2):
        assert not ((one[0] < other[1]).all() and (other[0] < one[1]).all())
    for x, y, _ in places:
        point = axis.transData.transform((x, y))
        assert not any((box[0] < point).all() and (point < box[1]).all() for box in boxes)
