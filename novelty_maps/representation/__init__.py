"""What representations know about novelty, and how much of it their own scores extract.

In: outputs of networks of the validation and test images, as `embedders` has them made, float32
with a row an image. `catalogue` makes `Representation`s of them, and of raw pixels: the features z
(N, D) and the `scores` made without a label of novelty. `oracles` are detectors that were told
which validation images are novel. `examine` measures all on the test images by `measures`. Out:
tables, whose paths and readers are in `files`.

A score is (N,) float64, higher = more novel; `novel` is (N,) bool, and novel is the positive class.
Whatever saw the label of a novel image, in training or as an oracle, is marked `oracle`.
"""
