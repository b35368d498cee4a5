"""The section `plant`."""

from oracles.parameters import section

from novelty_maps.params.plant import PlantParams


def test_shares_reach_up_to_the_whole() -> None:
    plant = section(PlantParams, "plant", sizes=[1, 0.01], intensities=[1.0])
    assert (plant.sizes, plant.intensities) == ([1.0, 0.01], [1.0])
