"""Localization: does a map find a novelty whose place is known?

`plant` makes such novelties, `maps` computes the maps of them, `measures` measures what each map
finds, `metrics` adds what their disagreement at K tells, `faithfulness` asks whether a map is true
to the network, `plots` draws both.
"""
