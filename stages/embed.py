"""Stage `embed`: what each network represents of every validation and test image."""

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

    from stages.lib import artifacts, classifiers, networks
    from stages.lib.classification import embed
    from stages.lib.devices import select_device
    from stages.lib.images import load_part
    from stages.lib.params import load_params

    settings = load_params(params, classifier={"device": device}).classifier
    torch_device = select_device(settings.device)
    parts = {part: load_part(part) for part in ("validation", "test")}
    images, rows = parts["test"]
    channels = images.shape[1]
    classes = {"nominal": rows.loc[rows["novel"] == 0, "label"].nunique()}
    classes["all_classes"] = rows["label"].nunique()
    embedders: dict[str, nn.Module] = {}
    for variant in settings.variants:
        path = paths.classifier_path(variant)
        weights = artifacts.read_torch(
            path, remedy=f"train again with `python -m stages.classify --variant {variant}`"
        )
        embedders[variant] = classifiers.classifier_of(
            weights,
            settings.network,
            channels=channels,
            classes=classes[variant],
            source=str(path),
        )
    weights = artifacts.read_torch(
        paths.AUTOENCODER, remedy="train again with `python -m stages.train`"
    )
    autoencoder = networks.autoencoder_of(weights, source=str(paths.AUTOENCODER))
    networks.require_images(autoencoder, images.shape[1:], source=str(paths.AUTOENCODER))
    embedders["autoencoder"] = autoencoder
    embedders["untrained"] = classifiers.seeded_classifier(
        settings.seed, settings.network, channels=channels, classes=classes["nominal"]
    ).eval()
    arrays = {}
    total = len(embedders) * sum(len(images) for images, _ in parts.values())
    with tqdm(total=total, unit="img", mininterval=0.5) as bar:
        for representation, network in embedders.items():
            for part, (pixels, _) in parts.items():
                outputs = embed(
                    network, pixels, batch_size=256, device=torch_device, on_batch=bar.update
                )
                for name, values in outputs.items():
                    arrays[paths.embedding_path(representation, part, name)] = values
    with artifacts.written_together():
        for path, values in arrays.items():
            artifacts.write_array(path, values)
    artifacts.remove_others(paths.EMBEDDINGS, arrays)


if __name__ == "__main__":
    run(main)
