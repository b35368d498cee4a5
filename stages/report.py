"""Command `report`: the pages in docs, their figures and the README's results, from docs/results.

It is no stage of dvc.yaml: it looks at several studies, each several runs of the pipeline.
"""

from pathlib import Path

from stages.lib import paths
from stages.lib.cli import run


def main() -> None:
    """Write the pages and figures in docs and the results in the README."""
    from stages.lib import (
        artifacts,
        localization_study_figures,
        report,
        representation_figures,
        study_figures,
    )

    results = report.Results(paths.RESULTS)
    pages = {
        name: report.render(paths.TEMPLATES / f"{name}.md.jinja", results) for name in report.PAGES
    }
    readme = paths.README.read_text(encoding="utf-8")
    for name in report.README_PARTS:
        readme = report.splice(readme, name, report.render(paths.readme_template(name), results))
    figures = study_figures.reproduction_figures(results)
    figures |= representation_figures.representation_figures(results)
    figures |= localization_study_figures.localization_study_figures(results)
    with artifacts.written_together():
        for name, page in pages.items():
            artifacts.write_text(Path(f"docs/{name}.md"), page)
        artifacts.write_text(paths.README, readme)
        for name, figure in figures.items():
            artifacts.write_figure(paths.DOC_FIGURES / f"{name}.png", figure, dpi=150)


if __name__ == "__main__":
    run(main)
