"""Localization: does a map find a novelty whose place is known?

`plant` makes such novelties, `maps` computes the maps of them, `metrics` measures what each map
finds, `faithfulness` asks whether a map is true to the network, `plots` draws both.
"""
