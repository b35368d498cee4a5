"""Detectors without an autoencoder, as a reference: patches of a frozen ImageNet network.

Each is fitted on normal training images and then maps images (N, C, H, W) float32 in [0, 1] to maps
(N, H, W) float32, higher = more novel, not negative. Memory does not grow with the number of
images, and what is drawn is the same every time.
"""
