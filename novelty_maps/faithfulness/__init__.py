"""Whether a map is true to the network that it is made from, whatever it finds.

A network, images with a novelty and their maps come in, (N, C, H, W) uint8 and (N, H, W) float32;
three tables go out: areas under the curves of deletion and insertion, similarity to the trained
network's map while its layers are re-initialised, and what is lost when all of them are. Maps count
by their magnitude, and the network and the global random state are left as they were. What is
undefined for an image is NaN and left out of means and intervals. These are of resampled images
and, where there are several networks, of new weights.
"""
