"""Representation: what do networks know about novelty that no score says?

`classify` and `embed` make representations, `metrics` examines them, `trajectory` classifiers after
single epochs, `plots` draws what they found.
"""
