"""Stage `detect`: what each representation knows about novelty, beside what its scores extract."""

from typing import Annotated, Any

import typer

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, ParamsFile, integers, run


def main(
    trees: Annotated[int | None, typer.Option(help="Trees of the forest oracle.")] = None,
    labelled_anomalies: Annotated[
        str | None,
        typer.Option(help="Labelled anomalies of further oracles, separated by commas."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the oracles.")] = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Score the test images with every detector on every representation, and measure it."""
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from tqdm import tqdm

    from stages.lib import artifacts, representations
    from stages.lib.images import load_part
    from stages.lib.params import load_params

    given = {
        "trees": trees,
        "labelled_anomalies": integers(labelled_anomalies),
        "seed": seed,
    }
    settings = load_params(params, detect=given)
    images, rows = {}, {}
    for part in ("validation", "test"):
        images[part], rows[part] = load_part(part)
    novel = {part: rows[part]["novel"].to_numpy() == 1 for part in rows}
    available = int(novel["validation"].sum())
    counts = [count for count in settings.detect.labelled_anomalies if count <= available]
    if counts != settings.detect.labelled_anomalies:
        print(f"the validation part has {available} anomalies: oracles see {counts} and all")

    def read(name: str, output: str, part: str) -> NDArray[np.float32]:
        columns = () if output == "reconstruction_error" else (None,)
        return artifacts.read_array(
            paths.embedding_path(name, part, output),
            shape=(len(rows[part]), *columns),
            dtype=np.float32,
            made_by="embed",
        )

    def represent(name: str) -> representations.Representation:
        features: dict[str, NDArray[Any]]
        if name == "raw_pixels":
            features = {part: images[part].reshape(len(rows[part]), -1) for part in rows}
        else:
            features = {part: read(name, "z", part) for part in rows}
        scores, correct = {}, None
        if name == "nominal":
            logits = read(name, "logits", "test")
            scores = representations.classifier_scores(logits)
            correct = representations.predicted_correctly(logits, rows["test"])
        if name == "autoencoder":
            error = read(name, "reconstruction_error", "test")
            scores = {"reconstruction_error": error.astype(np.float64)}
        return representations.Representation(
            name, **features, scores=scores, correct=correct, is_oracle=name == "all_classes"
        )

    examined = [
        represent(name)
        for name in (*settings.classifier.variants, "autoencoder", "untrained", "raw_pixels")
    ]
    table = pd.concat(
        representations.detection_table(
            representation,
            rows["validation"],
            rows["test"],
            trees=settings.detect.trees,
            labelled_anomalies=counts,
            seed=settings.detect.seed,
        )
        for representation in tqdm(examined, unit="representation")
    )
    numbers = representations.headline(table, examined, novel["test"])
    with artifacts.written_together():
        artifacts.write_table(paths.DETECTION, table)
        artifacts.write_json(paths.DETECTION_METRICS, numbers)


if __name__ == "__main__":
    run(main)
