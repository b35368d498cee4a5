"""What the file of a study holds."""

from typing import Annotated, Any, Literal

from pydantic import Field

from novelty_maps.pipeline.section import Section

Question = Literal["agreement", "localization", "representation"]


class Changes(Section):
    """In which settings runs differ from params.yaml; a setting is named by its dotted key.

    Attributes:
        set: Values. A key that params.yaml lacks is added, as a further classifier variant is.
        drop: Keys that are taken out, as a classifier variant is.
        sweep: Values of which each run has another.
    """

    set: dict[str, Any] = Field(default_factory=dict)
    drop: list[str] = Field(default_factory=list)
    sweep: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(default_factory=dict)

    def then(self, later: "Changes") -> "Changes":
        """These changes and stronger ones."""
        swept = {key: values for key, values in self.sweep.items() if key not in later.set}
        return Changes(
            set=self.set | later.set, drop=self.drop + later.drop, sweep=swept | later.sweep
        )


class Part(Changes):
    """One kind of run: the names of shared changes, and its own."""

    base: list[str] = Field(default_factory=list)


class Figures(Section):
    """Figures of one run that are shown on the question's page: the run, and its files."""

    run: str
    files: list[str]


class Definition(Part):
    """A study's file: what all its runs have, and the parts in which they differ.

    Attributes:
        question: Which stage ends a run, and which tables are gathered.
        says: What is asked, in a line or two.
        parts: Name of experiments to what they have beside; the study itself is the only one
            without.
        figures: Which are copied to docs.
    """

    question: Question
    says: str
    parts: dict[str, Part] = Field(default_factory=dict)
    figures: Figures | None = None

    @classmethod
    def keys_at(cls, location: tuple[int | str, ...]) -> list[str]:
        """As of `Section`; a part has keys of its own, and so have the figures."""
        kinds: dict[Any, type[Section]] = {"parts": Part, "figures": Figures}
        return list(kinds.get(location[0], cls).model_fields) if location else super().keys_at(())
