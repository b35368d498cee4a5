"""Representation: what do networks know about novelty that no score says?

`classify` and `embed` make representations, `metrics` examines them, `plots` draws what it found.
"""
