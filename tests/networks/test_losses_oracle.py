"""Structural dissimilarity against scikit-image, and against a loop over the pixels."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from novelty_maps.networks.losses import structural_dissimilarity

GENERATOR = np.random.default_rng(0)
X = GENERATOR.random((2, 3, 24, 20))
V = X + 0.2 * GENERATOR.normal(size=X.shape)


def test_within_the_border_it_is_that_of_scikit_image():
    found = structural_dissimilarity(torch.from_numpy(X), torch.from_numpy(V)).numpy()
    for image, x, v in zip(found, X, V, strict=True):
        _, full = structural_similarity(
            x,
            v,
            data_range=1,
            channel_axis=0,
            gaussian_weights=True,
            use_sample_covariance=False,
            full=True,
        )
        np.testing.assert_allclose(
            image[:, 5:-5, 5:-5], 1 - full[:, 5:-5, 5:-5], rtol=1e-12, atol=1e-13
        )


def slow_dissimilarity(x, v):
    """Of planes (H, W): the window cut at the border, its weights adding up to 1."""
    height, width = x.shape
    found = np.empty_like(x)
    for row in range(height):
        for column in range(width):
            rows = slice(max(0, row - 5), row + 6)
            columns = slice(max(0, column - 5), column + 6)
            a, b = x[rows, columns], v[rows, columns]
            down, right = np.ogrid[rows, columns][0] - row, np.ogrid[rows, columns][1] - column
            down, right = down[: a.shape[0]], right[:, : a.shape[1]]
            w = np.exp(-(down**2 + right**2) / (2 * 1.5**2))
            w /= w.sum()
            mean_a, mean_b = (w * a).sum(), (w * b).sum()
            var_a, var_b = (w * (a - mean_a) ** 2).sum(), (w * (b - mean_b) ** 2).sum()
            cov = (w * (a - mean_a) * (b - mean_b)).sum()
            luminance = (2 * mean_a * mean_b + 0.01**2) / (mean_a**2 + mean_b**2 + 0.01**2)
            found[row, column] = 1 - luminance * (2 * cov + 0.03**2) / (var_a + var_b + 0.03**2)
    return found


@pytest.mark.parametrize("sides", [(24, 20), (8, 4)])
def test_at_the_border_too_it_is_that_of_the_part_of_the_window_within(sides):
    x, v = X[:1, :1, : sides[0], : sides[1]], V[:1, :1, : sides[0], : sides[1]]
    found = structural_dissimilarity(torch.from_numpy(x), torch.from_numpy(v)).numpy()
    np.testing.assert_allclose(found[0, 0], slow_dissimilarity(x[0, 0], v[0, 0]), rtol=1e-10)


def test_float32_is_close_to_float64():
    exact = structural_dissimilarity(torch.from_numpy(X), torch.from_numpy(V))
    found = structural_dissimilarity(torch.from_numpy(X).float(), torch.from_numpy(V).float())
    np.testing.assert_allclose(found, exact, atol=1e-4)
