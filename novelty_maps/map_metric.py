"""A measure of maps, batch by batch, for those who compute their maps in a loop."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from novelty_maps.maps.ranking import require_masked
from novelty_maps.pipeline.errors import InputError

Result = TypeVar("Result")


class MapMetric(Generic[Result]):
    """A measure of maps and masks over many batches, with the methods of a torchmetrics metric.

    >>> from novelty_maps.localization.aupro import aupro
    >>> metric = MapMetric(aupro)
    >>> for value in (0.2, 0.9):
    ...     metric.update(np.array([[[0.5, value]]]), np.array([[[0, 1]]]))
    >>> metric.compute()
    0.5

    Batches are NumPy arrays or tensors of any device, (N, H, W) or (N, 1, H, W), as anomalib's
    `anomaly_map` and `gt_mask` are; masks are bool or whole numbers, 0 where normal. All are kept
    until `reset`, so that `compute` is exact.

    Args:
        function: Of maps and masks: `aupro`, `pooled_separation`, `pointing_game` and the like.
    """

    def __init__(
        self, function: Callable[[NDArray[np.floating], NDArray[np.bool_]], Result]
    ) -> None:
        self._function = function
        self.reset()

    def update(self, maps: ArrayLike, masks: ArrayLike) -> None:
        """Add a batch.

        Raises:
            InputError, TypeError: As `maps.ranking.require_masked`.
        """
        self._batches.append(_batch(maps, masks))

    def compute(self) -> Result:
        """The measure of all images since the last `reset`.

        Raises:
            InputError: There are none.
        """
        if not self._batches:
            raise InputError("no maps to compute a metric of: call update first")
        maps, masks = (np.concatenate(each) for each in zip(*self._batches, strict=True))
        return self._function(maps, masks)

    def reset(self) -> None:
        """Forget all images."""
        self._batches: list[tuple[NDArray[np.floating], NDArray[np.bool_]]] = []

    def __call__(self, maps: ArrayLike, masks: ArrayLike) -> Result:
        """Add a batch; the measure of that batch alone."""
        self.update(maps, masks)
        return self._function(*self._batches[-1])


def _batch(maps: Any, masks: Any) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Maps and masks as arrays (N, H, W)."""
    values, novel = (
        np.asarray(each.detach().cpu() if hasattr(each, "detach") else each).copy()
        for each in (maps, masks)
    )
    values, novel = (
        each[:, 0] if each.ndim == 4 and each.shape[1] == 1 else each for each in (values, novel)
    )
    if np.issubdtype(novel.dtype, np.integer):
        novel = novel != 0
    require_masked(values, novel)
    return values, novel
