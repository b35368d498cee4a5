"""Where the page lies."""

from novelty_maps.pipeline.paths import PLOTS

REPORT = PLOTS / "report.html"
