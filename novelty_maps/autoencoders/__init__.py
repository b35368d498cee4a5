"""The autoencoders that `train.network` names, and how one is trained and read again.

Each is a class in a file of its own, h = g∘f: images (N, C, H, W) float32 in [0, 1] to codes
(N, code_length) to reconstructions of the images' shape, unbounded (`base`). Its loss L is the mean
squared error over all values of an image, eq. 2 of Feeney & Hughes. `registry` builds one by name,
`train` loads, finds or trains it by the section `train`, `trained` reads what the stage has left,
and `files` says where that lies.
"""
