"""params.yaml as a whole: every section, and what must hold between them."""

from pathlib import Path
from typing import Any, Self

from pydantic import model_validator

from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.params.data import DataParams
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.params.faithfulness import FaithfulnessParams
from novelty_maps.params.localization import LocalizationParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.params.metrics import MetricsParams
from novelty_maps.params.plant import PlantParams
from novelty_maps.params.plots import PlotsParams
from novelty_maps.params.representation import RepresentationParams
from novelty_maps.params.split import SplitParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline import section
from novelty_maps.pipeline.section import Section, read_yaml


class Params(Section):
    """All of params.yaml."""

    data: DataParams
    split: SplitParams
    train: TrainParams
    maps: MapsParams
    detectors: DetectorsParams
    metrics: MetricsParams
    plant: PlantParams
    localization: LocalizationParams
    faithfulness: FaithfulnessParams
    classifier: ClassifierParams
    representation: RepresentationParams
    plots: PlotsParams

    @classmethod
    def keys_at(cls, location: tuple[int | str, ...]) -> list[str]:
        """As of `Section`; the first part of a place names the section."""
        if not location:
            return super().keys_at(location)
        section = cls.model_fields[str(location[0])].annotation
        assert isinstance(section, type)
        assert issubclass(section, Section)
        return section.keys_at(location[1:])

    @model_validator(mode="after")
    def _epoch_is_kept(self) -> Self:
        epoch, train = self.localization.epoch, self.train
        kept = [kept for kept in train.keep_epochs if kept <= train.epochs]
        trained = train.network != "pca" and train.from_checkpoint is None
        if epoch is not None and epoch not in (kept if trained else []):
            raise ValueError(
                f"localization.epoch is {epoch}, but "
                + (
                    f"train.keep_epochs keeps {', '.join(map(str, kept)) or 'none'} of"
                    f" {train.epochs} epochs: add it there"
                    if trained
                    else "this network is not trained: set localization.epoch to null"
                )
            )
        return self

    @model_validator(mode="after")
    def _numbers_of_pixels_fit_the_image(self) -> Self:
        side = self.data.image_size
        for key, count in (
            ("metrics.k", self.metrics.k),
            ("faithfulness.steps", self.faithfulness.steps),
        ):
            if count > side**2:
                raise ValueError(
                    f"{key} is {count}, but an image of data.image_size {side} has {side**2}"
                    f" pixels: lower {key}"
                )
        return self


def load_params(path: Path) -> Params:
    """Read and validate a parameter file.

    Raises:
        InputError: As of `section.load_section`, for any section; or what must hold between
            sections does not.
    """
    return validated(read_yaml(path), source=str(path))


def validated(sections: dict[str, Any], *, source: str) -> Params:
    """The parameters in sections that are not yet validated, as of `load_params`."""
    return section.validated(Params, sections, source=source)
