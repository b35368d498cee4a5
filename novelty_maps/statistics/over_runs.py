"""The mean over training runs, for new seeds and new test images alike."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special  # its quantiles; scipy.stats takes a second to load


class RunsInterval(NamedTuple):
    """Mean of a quantity over runs that differ in the seed alone, and its 95% interval.

    Attributes:
        estimate: Mean over the runs.
        low: Lower end.
        high: Upper end.
        sd: Standard deviation over the runs (n − 1); NaN for one run.
        runs: Number of runs.
    """

    estimate: float
    low: float
    high: float
    sd: float
    runs: int


def interval_over_runs(estimates: ArrayLike, image_variance: float = 0.0) -> RunsInterval:
    """Interval of the mean over training runs, for new seeds and new test images alike.

    The error of the mean has two independent parts: that of the seeds, with the variance s²/R, and
    that of the test images, which all runs share and which more runs therefore do not average away.
    s² is of R runs alone, so that its half-width is Student's with R − 1 degrees of freedom; the
    image variance is of many images, so that its half-width is normal. The half-width of the sum
    is the root of the sum of their squares (Zou & Donner 2008, Statistics in Medicine 27, 1693).
    Student's t for both parts would be many times too wide with few runs, Satterthwaite's degrees
    of freedom up to 8 points short of 95%, and so is a bootstrap over few runs.

    Args:
        estimates: (R,) the quantity of each run; a run where it is NaN is left out.
        image_variance: Variance of the mean over runs when the test images are drawn anew, the
            same for every run, as a bootstrap of the images gives it.

    Returns:
        Mean, interval and spread; for a single run the interval is that of the images alone.
    """
    values = np.asarray(estimates, np.float64)
    values = values[~np.isnan(values)]
    runs = values.size
    if not runs:
        return RunsInterval(np.nan, np.nan, np.nan, np.nan, 0)
    mean = float(values.mean())
    sd = float(values.std(ddof=1)) if runs > 1 else np.nan
    of_seeds = special.stdtrit(runs - 1, 0.975) * sd / np.sqrt(runs) if runs > 1 else 0.0
    of_images = special.ndtri(0.975) * np.sqrt(image_variance)
    half_width = float(np.hypot(of_seeds, of_images))
    return RunsInterval(mean, mean - half_width, mean + half_width, sd, runs)
