"""Maps over an image's pixels: how much each pixel says that the image is novel.

Images come in as (N, C, H, W) uint8 with a trained autoencoder; maps go out as (N, H, W) float32,
in memory (`compute`) or, as they are computed, into files (`stream`), where the stages after
`maps` read them (`files`). Which maps there are stands in `methods`, what they are called in
`names`, and how each is computed in `loss_gradient`, `attributions` and `controls`.

In a map higher is more novel; only the two signed terms of the gradient have no such order. A pixel
is named by its flat index h·W + w, and of n = H·W equal values the lowest index goes first
(`ranking`). The network is evaluated in float32, its batch norms folded into the layers before
them (`folding`), and each image's maps depend on that image alone. Noise is a function of seed, row
of the image and name of the map, so that neither the batch size nor the choice of maps changes a
map.
"""
