"""Agreement: whether the reconstruction-error map r and the saliency map s choose the same pixels.

The maps of many images come in as (N, H, W) float32; tables and nested numbers go out. `curves`
compares the two maps of each image, at every K at once; `terms` measures the two terms of the
gradient that s is made of, `null` what any terms of that size would do; `ranks` is what of all that
is kept, so that any K follows from it. `tables` has a row per image, class or K, `summary` the
headline, `histograms` what figures draw of it, `trajectory` the same numbers for a network in
training, and `kept` says which networks these are. Where the results lie, and who makes them,
stands in `files`.

n = H·W is the number of pixels, K of them are a top K (metrics 1 and 2 of Feeney & Hughes), and
column K − 1 of a curve belongs to K. Distances are in pixels, from the top K of s to that of r
unless a name says otherwise. Normal and novel images are summarised apart, and a difference is
normal minus novel. What is undefined for an image is NaN there and left out of means. An interval
is 95%, a bootstrap over images, drawn from the generator that the caller gives.
"""
