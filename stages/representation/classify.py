"""Stage `representation_classify`: a classifier whose representation is examined."""

from typing import TYPE_CHECKING, Annotated

import typer

from novelty_maps.params.classifier import ClassifierParams, Variant, require_colours
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections

if TYPE_CHECKING:
    from torch import Tensor, nn

    from novelty_maps.training.state import TrainingState


def main(
    variant: Annotated[str, typer.Argument(help="Name of one of classifier.variants.")],
    classifier: ClassifierParams,
) -> None:
    """Train a classifier on the training images and keep the weights of the best epoch.

    The best epoch is that of the highest accuracy on validation images of the same classes. The
    novel classes are in neither part unless the objective is `all_classes`. Interrupted, the same
    command goes on.
    """
    from novelty_maps.machine import runtime

    runtime.prepare()

    from novelty_maps.training.processes import launch

    count, device = classifier.processes, classifier.device
    launch(_train, variant, classifier, processes=count, device=device)


def _train(variant: str, classifier: ClassifierParams) -> None:
    """What each process does; the first writes what comes out."""
    from novelty_maps.classifiers.files import CLASSIFIER_METRICS, classifier_path
    from novelty_maps.classifiers.train import history_table, settings_of, train_classifier
    from novelty_maps.machine.devices import select_device, warn_of_slow_precision
    from novelty_maps.pipeline.paths import RAW_IMAGES, SPLIT
    from novelty_maps.training import processes
    from novelty_maps.training.checkpoints import Checkpoint, source_files
    from novelty_maps.training.loop import threads_of
    from novelty_maps.training.progress import growing_curve

    chosen, settings = classifier.variant(variant), settings_of(variant, classifier)
    device = select_device(settings.device)
    warn_of_slow_precision(settings.precision, device)
    images, targets, classes = _examples(sees_novel=chosen.sees_novel)
    require_colours({variant: chosen}, images["train"].shape[1])
    checkpoint = Checkpoint(
        {**chosen.model_dump(), **settings.model_dump(exclude={"variants"})},
        [RAW_IMAGES, SPLIT, *source_files("classifiers")],
        device=device,
        threads=threads_of(images["train"], settings.batch_size),
    )
    curve = CLASSIFIER_METRICS / f"{variant}.csv"
    network, state = train_classifier(
        chosen,
        settings,
        images,
        targets,
        checkpoint,
        classes=classes,
        device=device,
        watch=growing_curve(curve, classifier_path(variant), history_table),
    )
    if processes.rank() == 0:
        _write(variant, chosen, network, state)
        checkpoint.remove()


def _write(variant: str, chosen: Variant, network: "nn.Module", state: "TrainingState") -> None:
    """Replace all outputs together."""
    from novelty_maps.classifiers.files import CLASSIFIER_METRICS, classifier_path, kept_path
    from novelty_maps.classifiers.train import history_table, numbers
    from novelty_maps.pipeline import atomic, formats

    with atomic.written_together():
        formats.write_torch(classifier_path(variant), network.to("cpu").state_dict())
        formats.write_torch(kept_path(variant), {str(n): w for n, w in state.kept.items()})
        formats.write_table(CLASSIFIER_METRICS / f"{variant}.csv", history_table(state))
        formats.write_json(CLASSIFIER_METRICS / f"{variant}.json", numbers(state, chosen))


def _examples(*, sees_novel: bool) -> "tuple[dict[str, Tensor], dict[str, Tensor], int]":
    """Images and targets of training and validation, and the number of classes."""
    import torch

    from novelty_maps.classifiers.plain import class_targets
    from novelty_maps.pipeline.parts import load_part

    images, targets = {}, {}
    for part in ("train", "validation"):
        pixels, rows = load_part(part, novel=sees_novel)
        images[part] = torch.from_numpy(pixels.in_order())
        classes, targets[part] = class_targets(rows["label"])
    return images, targets, len(classes)


if __name__ == "__main__":
    run(from_sections(main))
