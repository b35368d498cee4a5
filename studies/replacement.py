"""The rule by which a map replaces the error map.

Its conditions were fixed before any result, for saliency against r. That a map is held against the
error map of its own order in the error e, for a blur does not commute with a square, was decided
after results against r and before any against |e|: `RIVALS` has saliency, which is linear in e,
against |e|, its square against r = e², and integrated gradients from the reconstruction, which are
quadratic, against both. A map replaces the error map if

1. on most kinds of novelty the 95% intervals of its gains in average precision and in AUPRO over
   each rival lie above 0, each map at the blur that is best for it on validation images;
2. over all images it beats every control that sees the image alone: its intervals of average
   precision and of AUPRO lie above theirs;
3. it passes the randomization of layers: its average precision falls when all layers are
   re-initialised, the 95% interval of the fall above 0.
"""

from typing import NamedTuple

from novelty_maps.maps.names import ABSOLUTE_REFERENCE, GAINS, PERFECT, REFERENCE
from novelty_maps.statistics.over_runs import RunsInterval
from studies.localization import LocalizationStudy

RIVALS = {
    "saliency": [ABSOLUTE_REFERENCE],
    "squared_saliency": [REFERENCE],
    "integrated_gradients_reconstruction": [REFERENCE, ABSOLUTE_REFERENCE],
}
# Maps are not blurred when layers are re-initialised: one and its square have the same ranks.
_RANKED_AS = {"squared_saliency": "saliency"}
_GAINS = {rival: name for name, rival in GAINS.items()}


class Verdict(NamedTuple):
    """What the rule says of a map on a network.

    Attributes:
        kinds: Number of kinds of novelty.
        above: Kinds on which all gains lie above 0.
        below: Kinds on which all lie below 0.
        beats_controls: Second condition.
        drop: Fall of average precision under randomization; NaN where there are no layers, or
            where the study did not ask it of this map.
        replaces: Whether the map replaces the error map.
    """

    kinds: int
    above: list[str]
    below: list[str]
    beats_controls: bool
    drop: RunsInterval
    replaces: bool


def gain_name(measure: str, rival: str) -> str:
    """Column of the gain over a rival."""
    return f"{measure}_{_GAINS[rival]}"


def verdict_on(study: LocalizationStudy, network: str, method: str) -> Verdict:
    """What the rule says of a map of `RIVALS` on a network."""
    kinds = study.kinds(network)
    gains = {
        kind: [
            study.number(network, method, gain_name(measure, rival), grouping="kind", group=kind)
            for measure in ("average_precision", "aupro")
            for rival in RIVALS[method]
        ]
        for kind in kinds
    }
    above = [kind for kind, every in gains.items() if all(gain.low > 0 for gain in every)]
    below = [kind for kind, every in gains.items() if all(gain.high < 0 for gain in every)]
    controls = [name for name in study.methods(network, control=True) if name != PERFECT]
    beats = bool(controls) and all(
        study.number(network, method, measure, **study.whole).low
        > study.number(network, name, measure, **study.whole).high
        for measure in ("average_precision", "aupro")
        for name in controls
    )
    drop = study.drop(network, _RANKED_AS.get(method, method))
    replaces = len(above) > len(kinds) / 2 and beats and drop.low > 0
    return Verdict(len(kinds), above, below, beats, drop, replaces)
