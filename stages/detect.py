"""Stage `detect`: what each representation knows about novelty, beside what its scores extract."""

import json
from typing import Annotated, Any

import typer

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, ParamsFile, integers, run


def main(
    trees: Annotated[int | None, typer.Option(help="Trees of the forest oracle.")] = None,
    control_trees: Annotated[
        int | None,
        typer.Option(help="Trees of the forests that miss the class they are tested on."),
    ] = None,
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
    from stages.lib.errors import InputError
    from stages.lib.images import load_part
    from stages.lib.params import load_params
    from stages.lib.scores import SHOWN

    given = {
        "trees": trees,
        "control_trees": control_trees,
        "labelled_anomalies": integers(labelled_anomalies),
        "seed": seed,
    }
    settings = load_params(params, detect=given)
    images, rows = {}, {}
    for part in ("train", "validation", "test"):
        images[part], rows[part] = load_part(part, novel=part != "train")
    available = int(rows["validation"]["novel"].sum())
    counts = [count for count in settings.detect.labelled_anomalies if count <= available]
    if counts != settings.detect.labelled_anomalies:
        print(f"the validation part has {available} anomalies: oracles see {counts} and all")

    def outputs(name: str) -> dict[str, dict[str, NDArray[Any]]]:
        found = {
            part: {
                output: artifacts.read_array(
                    paths.embedding_path(name, part, output),
                    shape=(len(rows[part]),),
                    dtype=np.float32,
                    made_by="embed",
                    further_axes=True,
                )
                for output in paths.embedded_outputs(name, part)
            }
            for part in rows
        }
        for part in ("validation", "test"):
            if "z" not in found[part]:
                raise InputError(
                    f"{paths.embedding_path(name, part, 'z')} does not exist:"
                    " make it with `python -m stages.embed`"
                )
        return found

    classifier = settings.classifier
    examined = [
        representations.of_network(
            name,
            outputs(name),
            rows["test"],
            sees_novel=variant.sees_novel,
            shown=SHOWN.get(variant.objective),
        )
        for name, variant in classifier.variants.items()
    ]
    for name, members in classifier.ensembles().items():
        each = [outputs(member) for member in members]
        if "logits" in each[0]["test"]:
            joined = representations.joined(each)
            saw = classifier.variant(members[0]).sees_novel
            examined.append(representations.of_network(name, joined, rows["test"], sees_novel=saw))
    examined += [
        representations.of_network(name, outputs(name), rows["test"])
        for name in ("autoencoder", "untrained")
    ]
    examined.append(representations.of_pixels(images))
    for representation in examined:
        for name in representation.undefined:
            print(f"{representation.name} has no score {name}: it is not finite, train it longer")
    tables, scores = [], rows["test"][["row", "label", "novel"]].copy()
    for representation in tqdm(examined, unit="representation"):
        result = representations.examine(
            representation,
            rows["validation"],
            rows["test"],
            trees=settings.detect.trees,
            control_trees=settings.detect.control_trees,
            labelled_anomalies=counts,
            seed=settings.detect.seed,
        )
        tables.append(result.table)
        for detector, score in result.scores.items():
            scores[f"{representation.name}/{detector}"] = score
    table = pd.concat(tables)
    kinds: dict[str, tuple[str, str]] = {
        name: (v.objective, json.dumps(v.own())) for name, v in classifier.variants.items()
    }
    for name, members in classifier.ensembles().items():
        kinds[name] = ("ensemble", kinds[members[0]][1])
    kind = [kinds.get(name, ("", "{}")) for name in table["representation"]]
    table.insert(1, "objective", [objective for objective, _ in kind])
    table.insert(2, "settings", [settings_ for _, settings_ in kind])
    with artifacts.written_together():
        artifacts.write_table(paths.SCORES, scores)
        artifacts.write_table(paths.DETECTION, table)
        artifacts.write_json(paths.DETECTION_METRICS, representations.headline(table))


if __name__ == "__main__":
    run(main)
