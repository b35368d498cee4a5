"""Command `report`: docs/reproduction.md, its figures and the README's results, from docs/results.

It is no stage of dvc.yaml: it looks at several studies, each several runs of the pipeline.
"""

from pathlib import Path

from stages.lib import paths
from stages.lib.cli import run


def main() -> None:
    """Write the pages and figures in docs and the results in the README."""
    from stages.lib import artifacts, report, study_figures

    results = report.Results(paths.RESULTS)
    page = report.render(paths.TEMPLATES / "reproduction.md.jinja", results)
    part = report.render(paths.TEMPLATES / "readme.md.jinja", results)
    readme = report.splice(paths.README.read_text(encoding="utf-8"), part)
    with artifacts.written_together():
        artifacts.write_text(Path("docs/reproduction.md"), page)
        artifacts.write_text(paths.README, readme)
        for name, figure in study_figures.reproduction_figures(results).items():
            artifacts.write_figure(paths.DOC_FIGURES / f"{name}.png", figure, dpi=150)


if __name__ == "__main__":
    run(main)
