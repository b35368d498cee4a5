"""Stage `embed`: what each network says of every validation and test image."""

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, Device, ParamsFile, run


def main(
    device: Device = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Embed the images with the classifiers, the autoencoder and an untrained classifier."""
    from stages.lib import runtime

    runtime.prepare()

    from torch import nn
    from tqdm import tqdm

    from stages.lib import artifacts, objectives
    from stages.lib.classification import embed
    from stages.lib.devices import select_device
    from stages.lib.images import load_part, load_rows
    from stages.lib.params import load_params
    from stages.lib.trained import load_autoencoder

    settings = load_params(params, classifier={"device": device}).classifier
    torch_device = select_device(settings.device)
    images = {part: load_part(part)[0] for part in ("validation", "test")}
    rows = load_rows("train")
    image_shape = tuple(images["test"].shape[1:])
    classes = {novel: rows.loc[rows["novel"] <= novel, "label"].nunique() for novel in (0, 1)}
    embedders: dict[str, nn.Module] = {}
    for name in settings.variants:
        variant = settings.variant(name)
        path = paths.classifier_path(name)
        weights = artifacts.read_torch(
            path, remedy=f"train again with `python -m stages.classify {name}`"
        )
        embedders[name] = objectives.network_of(
            weights,
            settings.backbone,
            variant.objective,
            variant.own(),
            image_shape=image_shape,
            classes=classes[variant.sees_novel],
            source=str(path),
        )
    embedders["autoencoder"] = load_autoencoder(image_shape)
    embedders["untrained"] = objectives.seeded_network(
        settings.seed,
        settings.backbone,
        "nominal",
        {},
        image_shape=image_shape,
        classes=classes[False],
    ).eval()
    tasks = [(name, part) for name in embedders for part in images]
    with_training = [
        (name, "train")
        for name, variant in settings.variants.items()
        if objectives.OBJECTIVES[variant.objective].embeds_training
    ]
    if with_training:
        images["train"] = load_part("train", novel=False)[0]
    tasks += with_training
    arrays = {}
    with tqdm(
        total=sum(len(images[part]) for _, part in tasks), unit="img", mininterval=0.5
    ) as bar:
        for name, part in tasks:
            outputs = embed(
                embedders[name],
                images[part],
                batch_size=256,
                device=torch_device,
                on_batch=bar.update,
            )
            for output, values in outputs.items():
                arrays[paths.embedding_path(name, part, output)] = values
    with artifacts.written_together():
        for path, values in arrays.items():
            artifacts.write_array(path, values)
    artifacts.remove_others(paths.EMBEDDINGS, arrays)


if __name__ == "__main__":
    run(main)
