"""How well maps find the pixels that are known to be novel, and what to make of a new image's.

Maps of the images before and after a novelty and its masks come in; a table of every map's measures
by kind, size and intensity goes out, a row per image, and the headline numbers.

Maps are (N, H, W) float with higher = more novel, masks (N, H, W) bool with True = novel. What is
undefined, as a measure where a mask is empty, is NaN. Ties have no order: equal values count as
AUROC's half pairs, as one step of the precision-recall curve, or by their share. Intervals are of
resampled images, a pair before and after together.
"""
