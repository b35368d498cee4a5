"""The rule by which a map replaces the reconstruction-error map.

The rule was fixed before any result. A map replaces the reconstruction-error map if

1. on most kinds of novelty the 95% intervals of its gains in average precision and in AUPRO both
   lie above 0, each of the two maps at the blur that is best for it on validation images;
2. over all images it beats every control that sees the image alone: its intervals of average
   precision and of AUPRO lie above theirs;
3. it passes the randomization of layers: its average precision falls when all layers are
   re-initialised, the 95% interval of the fall above 0.
"""

from typing import NamedTuple

from novelty_maps.maps.names import PERFECT
from novelty_maps.statistics import RunsInterval
from studies.localization import LocalizationStudy


class Verdict(NamedTuple):
    """What the rule says of a map on a network.

    Attributes:
        kinds: Number of kinds of novelty.
        above: Kinds on which both gains lie above 0.
        below: Kinds on which both lie below 0.
        beats_controls: Second condition.
        drop: Fall of average precision under randomization; NaN where there are no layers.
        replaces: Whether the map replaces the reconstruction-error map.
    """

    kinds: int
    above: list[str]
    below: list[str]
    beats_controls: bool
    drop: RunsInterval
    replaces: bool


def verdict_on(study: LocalizationStudy, network: str, method: str) -> Verdict:
    """What the rule says of a map on a network."""
    kinds = study.groups("kind")
    gains = {
        kind: [
            study.number(network, method, f"{measure}_gain", grouping="kind", group=kind)
            for measure in ("average_precision", "aupro")
        ]
        for kind in kinds
    }
    above = [kind for kind, pair in gains.items() if all(gain.low > 0 for gain in pair)]
    below = [kind for kind, pair in gains.items() if all(gain.high < 0 for gain in pair)]
    controls = [name for name in study.methods(network, control=True) if name != PERFECT]
    beats = bool(controls) and all(
        study.number(network, method, measure).low > study.number(network, name, measure).high
        for measure in ("average_precision", "aupro")
        for name in controls
    )
    drop = study.drop(network, method)
    replaces = len(above) > len(kinds) / 2 and beats and drop.low > 0
    return Verdict(len(kinds), above, below, beats, drop, replaces)
