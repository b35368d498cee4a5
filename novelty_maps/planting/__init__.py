"""Novelties of known place in normal images, so that a map can be held against what it should show.

Normal images and, for kinds made from them, novel ones come in, (N, C, H, W) uint8 with their rows
of the index table; a `Planted` goes out, and through the files of `planted` to later stages. Masks
are (N, H, W) bool, True where the image after is novel. While a novelty is made, pixels are float64
in [0, 255]. All is drawn from the generator that is given, and each image has one of its own, so
that the tries for one do not change the others.
"""
