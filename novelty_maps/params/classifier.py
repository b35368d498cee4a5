"""The section `classifier`: the networks whose representations are examined, by name."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from novelty_maps.params.training import TrainingSection
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.section import Positive, Section, Seed

_SHARED = {"objective", "seed", "learning_rate"}  # what every variant has


class Variant(Section):
    """One network: its objective, and the settings that this objective alone has.

    Seed and learning rate are those of the section unless it has its own. Variants that differ in
    the seed alone form a deep ensemble.
    """

    objective: str
    seed: Seed | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None

    @property
    def sees_novel(self) -> bool:
        """Whether it is trained on the novel classes too, as an oracle."""
        return self.objective == "all_classes"

    def own(self) -> dict[str, Any]:
        """The settings that the objective alone has."""
        return self.model_dump(exclude=_SHARED)

    def told(self) -> dict[str, Any]:
        """Those of `own` that have no default, or another value."""
        return self.model_dump(exclude=_SHARED, exclude_defaults=True)


class PlainVariant(Variant):
    """A classifier of the normal classes, or of all classes (the oracle representation)."""

    objective: Literal["nominal", "all_classes"]


class HybridVariant(Variant):
    """A classifier that reconstructs the image as well."""

    objective: Literal["hybrid"]
    reconstruction_weight: Annotated[float, Field(ge=0)]


class GeneralizedOdinVariant(Variant):
    """A classifier with logits divided by a confidence."""

    objective: Literal["generalized_odin"]
    decay_h: bool = False


class RotationVariant(Variant):
    """A classifier that tells rotations apart as well."""

    objective: Literal["rotation"]
    rotation_weight: Annotated[float, Field(gt=0)]


class RecolouringVariant(Variant):
    """A classifier that tells orders of the colour channels apart as well."""

    objective: Literal["recolouring"]
    recolouring_weight: Annotated[float, Field(gt=0)]


class SobelVariant(Variant):
    """A classifier that tells images from their Sobel edges as well."""

    objective: Literal["sobel"]
    sobel_weight: Annotated[float, Field(gt=0)]


class JemVariant(Variant):
    """A classifier that is trained as an energy-based model of the images as well."""

    objective: Literal["jem"]
    steps: Positive
    energy_weight: Annotated[float, Field(gt=0)] = 1.0
    energy_penalty: Annotated[float, Field(ge=0)] = 0.0


class SmallCsiVariant(Variant):
    """A contrastive network that never sees the classes, a small version of CSI."""

    objective: Literal["small_csi"]
    shifts: bool = True


class SvgdVariant(Variant):
    """An ensemble of classifiers by Stein variational gradient descent."""

    objective: Literal["svgd"]
    members: Positive
    repulsion: Annotated[float, Field(ge=0)] = 0.1


AnyVariant = Annotated[
    PlainVariant
    | HybridVariant
    | GeneralizedOdinVariant
    | RotationVariant
    | RecolouringVariant
    | SobelVariant
    | JemVariant
    | SmallCsiVariant
    | SvgdVariant,
    Field(discriminator="objective"),
]

VariantName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
_TAKEN = ("autoencoder", "untrained", "imagenet", "raw_pixels")


class ClassifierParams(TrainingSection):
    """The classifiers whose representations are examined, and how they are trained."""

    variants: Annotated[dict[VariantName, AnyVariant], Field(min_length=1)]
    backbone: Annotated[
        Literal["small_resnet", "resnet20", "resnet34"],
        Field(description="small_resnet, resnet20 or resnet34."),
    ]
    augmentation: Annotated[
        Literal["none", "shift", "shift_and_flip"],
        Field(description="none, shift or shift_and_flip of training images."),
    ]
    schedule: Annotated[
        Literal["constant", "one_cycle"],
        Field(
            description="Learning rate: constant, or one_cycle (rises to learning_rate and falls to"
            " 0 over all epochs)."
        ),
    ]
    weight_decay: Annotated[
        Annotated[float, Field(ge=0)], Field(description="Weight decay of AdamW, 0 for none.")
    ]
    keep_epochs: Annotated[
        list[Positive],
        Field(description="Epochs at which the classifiers are examined as well."),
    ]
    batch_norm: Annotated[
        Literal["precise", "running"],
        Field(
            description="precise (statistics anew after each epoch) or running (moving average)."
        ),
    ]

    @model_validator(mode="after")
    def _names_are_free(self) -> Self:
        for name in (*_TAKEN, *self.ensembles()):
            if name in self.variants:
                raise ValueError(
                    f"classifier.variants has {name}, which names another representation: rename it"
                )
        return self

    @classmethod
    def overridden(cls, values: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """As of `Section`; what is given is stronger than a variant's own setting."""
        own = {key: given[key] for key in ("seed", "learning_rate") if key in given}
        variants = values.get("variants")
        if own and isinstance(variants, dict):
            variants = {
                name: variant | own if isinstance(variant, dict) else variant
                for name, variant in variants.items()
            }
            values = values | {"variants": variants}
        return super().overridden(values, given)

    @classmethod
    def keys_at(cls, location: tuple[int | str, ...]) -> list[str]:
        """Those of a variant by the objective that pydantic names, and all objectives without."""
        if location[:1] != ("variants",):
            return super().keys_at(location)
        kinds = {name: kind for kind in Variant.__subclasses__() for name in objectives_of(kind)}
        _variants, _name, *objective = location
        return list(kinds[str(objective[0])].model_fields) if objective else list(kinds)

    def variant(self, name: str) -> Variant:
        """One of the variants.

        Raises:
            InputError: There is no variant of this name.
        """
        if name not in self.variants:
            raise InputError(
                f"classifier.variants has no {name} (there: {', '.join(self.variants)}): add it"
            )
        return self.variants[name]

    def ensembles(self) -> dict[str, list[str]]:
        """Variants that differ in the seed alone, by the name of the first and "_ensemble".

        The first three of more are an ensemble as well, with "_ensemble_of_3".
        """
        members: dict[str, list[str]] = {}
        for name, variant in self.variants.items():
            kind = variant.model_copy(update={"seed": None}).model_dump_json()
            if self.seed_of(name) not in map(self.seed_of, members.setdefault(kind, [])):
                members[kind].append(name)
        found = {f"{names[0]}_ensemble": names for names in members.values() if len(names) > 1}
        fewer = {f"{name}_of_3": names[:3] for name, names in found.items() if len(names) > 3}
        return found | fewer

    def seed_of(self, name: str) -> int:
        """The variant's own seed, or that of the section."""
        own = self.variant(name).seed
        return self.seed if own is None else own

    def learning_rate_of(self, name: str) -> float:
        """The variant's own learning rate, or that of the section."""
        own = self.variant(name).learning_rate
        return self.learning_rate if own is None else own


def require_colours(variants: Mapping[str, Variant], channels: int) -> None:
    """Raise InputError if a variant is to recolour images of one channel."""
    for name, variant in variants.items():
        if isinstance(variant, RecolouringVariant) and channels != 3:
            raise InputError(
                f"classifier.variants.{name} recolours images, but these have {channels} channel:"
                " leave it out, or take images in colour"
            )


def objectives_of(kind: type[Variant]) -> tuple[str, ...]:
    """The objectives whose settings a class of variants holds."""
    return get_args(kind.model_fields["objective"].annotation)
