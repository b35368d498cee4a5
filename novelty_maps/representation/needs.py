"""What the question of representation needs of a split."""

from novelty_maps.pipeline.errors import InputError


def require_training(images: int, processes: int = 1) -> None:
    """Raise InputError unless there are enough normal training images for classifiers.

    Args:
        images: Number of normal training images.
        processes: Each needs so many as one alone does.
    """
    if images < 2 * processes:
        asked = f"at least 2 in each of {processes} processes" if processes > 1 else "at least 2"
        fewer = " or set fewer classifier.processes," if processes > 1 else ""
        raise InputError(
            f"there are {images} normal training images: classifiers need {asked}, so add images,"
            f"{fewer} or ask the other questions alone with `dvc repro plots localization_plots`"
        )


def require_both(*, normal: int, novel: int) -> None:
    """Raise InputError unless an oracle has both kinds of labelled validation images.

    Args:
        normal: Number of normal validation images.
        novel: Number of novel ones.
    """
    if not normal or not novel:
        kind = "normal" if normal else "novel"
        raise InputError(
            f"all {normal + novel} labelled validation images are {kind}, so that an oracle has"
            " nothing to tell apart: use split.protocol open_60_20_20, change split.normal_classes,"
            " or ask the other questions alone with `dvc repro plots localization_plots`"
        )
